//! What an API key carries, as scope values: what a write to a key adds and removes.

use super::catalog::Catalog;
use super::state::KeyGrants;
use crate::model::{ScopeDelta, ScopeSet};

/// Returns the scope values that stand for what a key may do. Full access is a mode of its own and has none.
#[must_use]
pub fn scopes(catalog: &Catalog, grants: &KeyGrants) -> ScopeSet {
    match grants {
        KeyGrants::Custom(list) => list.scopes(catalog),
        KeyGrants::FullAccess => ScopeSet::new(),
    }
}

/// Returns what a write to a key adds and removes; `None` is a key that does not exist.
#[must_use]
pub fn delta(
    catalog: &Catalog,
    before: Option<&KeyGrants>,
    after: Option<&KeyGrants>,
) -> ScopeDelta {
    let of = |grants: Option<&KeyGrants>| {
        grants.map(|grants| scopes(catalog, grants)).unwrap_or_default()
    };
    ScopeDelta::between(&of(before), &of(after))
}
