//! One stable printable path per thing that can change.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::id::byte_order;

/// A path such as `sharepoint/actions/create_page` or `oauth_clients/claude/resources/email`. The planner and the renderers speak
/// in addresses; where a thing stands in the YAML is looked up from its address at the very end.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Address(Arc<str>);

impl Ord for Address {
    fn cmp(&self, other: &Self) -> Ordering {
        byte_order(&self.0, &other.0)
    }
}

impl PartialOrd for Address {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Address {
    /// Returns the address of the workspace itself.
    #[must_use]
    pub fn workspace() -> Self {
        Self("workspace".into())
    }

    /// Joins path segments with `/`.
    #[must_use]
    pub fn of<S: AsRef<str>>(segments: &[S]) -> Self {
        let parts: Vec<&str> = segments.iter().map(AsRef::as_ref).collect();
        Self(parts.join("/").into())
    }

    /// Returns the address one level below.
    #[must_use]
    pub fn child(&self, segment: &str) -> Self {
        Self([&*self.0, "/", segment].concat().into())
    }

    /// Returns the address of an integration's OAuth client.
    #[must_use]
    pub fn oauth(&self) -> Self {
        self.child("oauth")
    }

    /// Returns the address of the list of an integration's requested scopes, below which each scope has its own.
    #[must_use]
    pub fn scope_list(&self) -> Self {
        self.oauth().child("scopes")
    }

    /// Returns the path as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the last segment, which names the thing itself.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// Returns the address one level above; there is none above a unit whose name is one segment.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        self.0.rsplit_once('/').map(|(above, _)| Self(above.into()))
    }

    /// Returns whether `self` is `other` or lies below it.
    #[must_use]
    pub fn is_within(&self, other: &Self) -> bool {
        self.0
            .strip_prefix(other.as_str())
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, out)
    }
}
