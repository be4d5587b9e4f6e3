//! What the protocols of all platforms have in common: pages, tokens, groups, the audit log, secrets on their way, and how
//! names become part of a path.
//!
//! A platform's own `wire` has the rest, and says these again under its own name, so that a server and a client read one
//! place. Source: facts.md 1.12.

use std::collections::BTreeSet;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use crate::model::{GroupKey, ScopeDelta, UserId};

pub mod path;

/// How many bytes a request may hold.
pub const MAX_BODY: usize = 1024 * 1024;
/// How long a token lives when nobody says: 90 days.
pub const DEFAULT_TOKEN_SECONDS: u32 = 90 * 24 * 60 * 60;
/// How long a token may live: 366 days.
pub const MAX_TOKEN_SECONDS: u32 = 366 * 24 * 60 * 60;

/// One page of a collection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Page<T> {
    /// The items, in the order of their keys.
    pub items: Vec<T>,
    /// What to send as `cursor` for the next page.
    pub next_cursor: Option<String>,
    /// Whether there is a next page.
    pub has_more: bool,
}

/// One group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GroupResource {
    /// Key of the group.
    pub group: GroupKey,
    /// Who is in it.
    pub members: BTreeSet<UserId>,
}

/// One entry of the audit log (facts.md 1.12).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AuditEntry {
    /// Counts up by one in each workspace.
    pub id: u64,
    /// When, UTC.
    pub created_at: String,
    /// What sort of actor.
    pub actor_type: ActorType,
    /// Who.
    pub actor_id: String,
    /// What happened, such as `integration_action.updated`.
    pub action: String,
    /// To what sort of thing, such as `IntegrationAction`.
    pub entity_type: String,
    /// To which one, such as `sharepoint/actions/create_list`.
    pub entity_id: String,
    /// The request that did it, as in the answer's `x-request-id`.
    pub request_id: String,
    /// What it did to the requested scopes.
    #[serde(default, skip_serializing_if = "ScopeDelta::is_empty")]
    pub scopes: ScopeDelta,
    /// The changed field before; `null` when it did not exist.
    pub before: serde_json::Value,
    /// The changed field after; `null` when it no longer exists.
    pub after: serde_json::Value,
}

/// What sort of actor did something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ActorType {
    /// A person, by a token of their own.
    User,
    /// The process that runs the control plane.
    ApiKey,
    /// The platform, because something else happened.
    System,
}

/// `POST tokens`: a token for one user of the workspace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MintToken {
    /// Whose token it is. It may do what that user's role may do at the time of each request.
    pub user: UserId,
    /// May only read.
    #[serde(default)]
    pub read_only: bool,
    /// How long it lives; 90 days when absent, 366 days at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = 31_622_400))]
    pub expires_in_seconds: Option<u32>,
}

/// A new token. The only time that anybody sees it: the control plane keeps a hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MintedToken {
    /// The token.
    pub token: SecretText,
    /// Whose it is.
    pub user: UserId,
    /// May only read.
    pub read_only: bool,
    /// When it ends, UTC.
    pub expires_at: String,
}

/// A secret on its way through. Never printed.
#[derive(Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct SecretText(String);

impl SecretText {
    /// Wraps a secret.
    #[must_use]
    pub const fn new(text: String) -> Self {
        Self(text)
    }

    /// Returns the secret itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // SECURITY: serde's own message would quote a value of the wrong type.
        let text = String::deserialize(deserializer)
            .map_err(|_| serde::de::Error::custom("a secret must be text"))?;
        Ok(Self(text))
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("SecretText(..)")
    }
}
