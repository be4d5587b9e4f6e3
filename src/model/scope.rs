//! OAuth scopes: RFC 6749 section 3.3 tokens and ordered sets of them.
//!
//! Scopes are compared byte by byte. A broader scope never stands in for a narrower one (domain case 16) and case is
//! never folded (case 13): that is how the platform compares, so it is how a plan must compare. Only a scope that the
//! vendor declares with a placeholder is compared after substitution (case 18).

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::id::byte_order;

/// One scope-token. Source: RFC 6749 section 3.3, `1*( %x21 / %x23-5B / %x5D-7E )`.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Scope(Arc<str>);

impl Ord for Scope {
    fn cmp(&self, other: &Self) -> Ordering {
        byte_order(&self.0, &other.0)
    }
}

impl PartialOrd for Scope {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// A text that is not one scope-token.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{text}` is not one OAuth scope: {why}")]
pub struct InvalidScope {
    text: String,
    why: &'static str,
}

impl InvalidScope {
    /// Returns the rule that the text broke, without the text.
    #[must_use]
    pub fn why(&self) -> &'static str {
        self.why
    }
}

impl Scope {
    /// Returns the token as it goes over the wire.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the placeholder of a templated scope that nobody has filled in, such as `{organization-url}`
    /// (domain case 18). Such a token is legal by grammar and useless in fact.
    #[must_use]
    pub fn placeholder(&self) -> Option<&str> {
        let open = self.0.find('{')?;
        let rest = self.0.get(open..)?;
        let close = rest.find('}')?;
        rest.get(..=close)
    }

    /// Returns whether `filled` is this declared scope with its placeholder filled in, as
    /// `https://acme.crm4.dynamics.com/user_impersonation` is of `{organization-url}/user_impersonation` (domain case
    /// 18). A placeholder for an address takes `https://` and a host, any other one segment.
    #[must_use]
    pub fn becomes(&self, filled: &Self) -> bool {
        let Some((before, placeholder, after)) = self.placeholder().and_then(|placeholder| {
            let (before, after) = self.0.split_once(placeholder)?;
            Some((before, placeholder, after))
        }) else {
            return false;
        };
        let inserted = filled.0.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
        let segment = match inserted {
            Some(address) if placeholder.ends_with("url}") => address.strip_prefix("https://"),
            other => other,
        };
        segment.is_some_and(|text| !text.is_empty() && !text.contains(['/', '{', '}']))
    }
}

impl TryFrom<&str> for Scope {
    type Error = InvalidScope;
    fn try_from(text: &str) -> Result<Self, InvalidScope> {
        let fail = |why| Err(InvalidScope { text: text.to_owned(), why });
        if text.is_empty() {
            return fail("it is empty");
        }
        if text.contains(char::is_whitespace) {
            return fail("a scope holds no white space; write each scope as its own list item");
        }
        if text.contains(',') {
            return fail("a comma is not a separator here; write each scope as its own list item");
        }
        if !text.bytes().all(|b| matches!(b, 0x21 | 0x23..=0x5B | 0x5D..=0x7E)) {
            return fail(
                "only printable ASCII without `\"` and `\\` is allowed (RFC 6749 section 3.3)",
            );
        }
        if text.len() > 500 {
            return fail("it is longer than 500 bytes");
        }
        Ok(Self(text.into()))
    }
}

impl TryFrom<String> for Scope {
    type Error = InvalidScope;
    fn try_from(text: String) -> Result<Self, InvalidScope> {
        Self::try_from(text.as_str())
    }
}

impl From<Scope> for String {
    fn from(scope: Scope) -> Self {
        scope.0.as_ref().to_owned()
    }
}

impl Borrow<str> for Scope {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, out)
    }
}

impl JsonSchema for Scope {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Scope".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "One OAuth scope-token (RFC 6749 section 3.3). Case matters.",
            "pattern": "^[\\x21\\x23-\\x2B\\x2D-\\x5B\\x5D-\\x7E]{1,500}$",
        })
    }
}

/// An ordered set of scopes. Order and repetition on input carry no meaning (RFC 6749 section 3.3; domain cases 11, 12).
#[derive(
    Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct ScopeSet(BTreeSet<Scope>);

impl ScopeSet {
    /// Returns the empty set.
    #[must_use]
    pub const fn new() -> Self {
        Self(BTreeSet::new())
    }

    /// Returns whether the set holds `scope`, byte by byte.
    #[must_use]
    pub fn contains(&self, scope: &Scope) -> bool {
        self.0.contains(scope)
    }

    /// Returns whether the set is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns how many scopes the set holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Iterates in byte order.
    pub fn iter(&self) -> std::collections::btree_set::Iter<'_, Scope> {
        self.0.iter()
    }

    /// Adds one scope and returns whether it was new.
    pub fn insert(&mut self, scope: Scope) -> bool {
        self.0.insert(scope)
    }

    /// Removes one scope and returns whether it was there.
    pub fn remove(&mut self, scope: &Scope) -> bool {
        self.0.remove(scope)
    }

    /// Returns whether every scope of `self` is in `other`.
    #[must_use]
    pub fn is_subset(&self, other: &Self) -> bool {
        self.0.is_subset(&other.0)
    }

    /// Returns whether the set holds `declared`, or what it becomes when its placeholder is filled in (domain case 18).
    #[must_use]
    pub fn covers(&self, declared: &Scope) -> bool {
        self.contains(declared)
            || (declared.placeholder().is_some() && self.iter().any(|own| declared.becomes(own)))
    }

    /// Returns the scopes of `self`, as actions declare them, that `requested` does not [cover](Self::covers).
    #[must_use]
    pub fn not_covered_by(&self, requested: &Self) -> Self {
        self.iter().filter(|declared| !requested.covers(declared)).cloned().collect()
    }

    /// Returns whether `requested` [covers](Self::covers) every scope of `self`.
    #[must_use]
    pub fn is_covered_by(&self, requested: &Self) -> bool {
        self.iter().all(|declared| requested.covers(declared))
    }

    /// Returns the scopes of `self` that are not in `other`.
    #[must_use]
    pub fn minus(&self, other: &Self) -> Self {
        if self.is_far_smaller_than(other) {
            return self.iter().filter(|scope| !other.contains(scope)).cloned().collect();
        }
        self.0.difference(&other.0).cloned().collect()
    }

    /// An action declares a few scopes and a client requests dozens: looking the few up beats walking through both sets.
    fn is_far_smaller_than(&self, other: &Self) -> bool {
        self.len().saturating_mul(4) < other.len()
    }

    /// Returns the scopes in either set.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        self.0.union(&other.0).cloned().collect()
    }

    /// Returns the scopes in both sets.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        if self.is_far_smaller_than(other) {
            return self.iter().filter(|scope| other.contains(scope)).cloned().collect();
        }
        self.0.intersection(&other.0).cloned().collect()
    }

    /// Adds every scope of `other`.
    pub fn extend_from(&mut self, other: &Self) {
        for scope in other {
            if !self.contains(scope) {
                self.insert(scope.clone());
            }
        }
    }
}

impl FromIterator<Scope> for ScopeSet {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().collect())
    }
}

impl<'a> IntoIterator for &'a ScopeSet {
    type Item = &'a Scope;
    type IntoIter = std::collections::btree_set::Iter<'a, Scope>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl IntoIterator for ScopeSet {
    type Item = Scope;
    type IntoIter = std::collections::btree_set::IntoIter<Scope>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

/// Space separated, the form that providers take and people paste.
impl fmt::Display for ScopeSet {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, scope) in self.0.iter().enumerate() {
            if n > 0 {
                out.write_str(" ")?;
            }
            out.write_str(scope.as_str())?;
        }
        Ok(())
    }
}

/// What a write adds to and removes from the requested scopes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ScopeDelta {
    /// Scopes requested after and not before.
    pub add: ScopeSet,
    /// Scopes requested before and not after.
    pub remove: ScopeSet,
}

impl ScopeDelta {
    /// Returns the delta from `before` to `after`.
    #[must_use]
    pub fn between(before: &ScopeSet, after: &ScopeSet) -> Self {
        Self { add: after.minus(before), remove: before.minus(after) }
    }

    /// Returns whether nothing changes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.add.is_empty() && self.remove.is_empty()
    }
}
