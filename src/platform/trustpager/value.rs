//! Values of fields as plans show them.

use serde_json::{Map, Value, json};

use super::state::{AccessList, KeyGrants, Token};

/// Returns `{"contacts": "read", ...}` and, where there are any, the verbs.
#[must_use]
pub fn access(list: &AccessList) -> Value {
    let mut map = Map::new();
    for (resource, tier) in &list.tiers {
        map.insert(resource.to_string(), json!(tier.as_str()));
    }
    let verbs: Map<String, Value> =
        list.verbs.iter().map(|(resource, verbs)| (resource.to_string(), json!(verbs))).collect();
    if verbs.is_empty() {
        json!({ "resources": map })
    } else {
        json!({ "resources": map, "verbs": verbs })
    }
}

/// Returns what a key may do.
#[must_use]
pub fn key(grants: &KeyGrants) -> Value {
    match grants {
        KeyGrants::FullAccess => json!("full_access"),
        KeyGrants::Custom(list) => access(list),
    }
}

/// Returns who holds a token. Nothing that moves by itself: not when it was last used.
#[must_use]
pub fn token(token: &Token) -> Value {
    json!({ "user": token.user.as_str(), "token": token.display() })
}
