//! Values of fields as plans, policies and the control plane show them: the configuration's words as JSON.

use serde_json::{Value, json};

use super::operation::{ClientSpec, IntegrationOperation};
use super::state::{ActionState, Client, IntegrationState, Mode};
use crate::model::{Access, Principal, ScopeSet};

/// The kind of a change of one action's switch and sharing.
pub const ACTION: &str = "odeus_action";

/// Returns `"everyone"`, `"nobody"` or `{"groups": [...], "users": [...]}`.
#[must_use]
pub fn access(access: &Access) -> Value {
    match access {
        Access::Everyone => json!("everyone"),
        Access::Nobody => json!("nobody"),
        Access::Only(list) => {
            let (mut groups, mut users) = (Vec::new(), Vec::new());
            for principal in list.iter() {
                match principal {
                    Principal::Group(group) => groups.push(Value::from(group.as_str())),
                    Principal::User(user) => users.push(Value::from(user.as_str())),
                }
            }
            let mut map = serde_json::Map::new();
            if !groups.is_empty() {
                map.insert("groups".to_owned(), Value::Array(groups));
            }
            if !users.is_empty() {
                map.insert("users".to_owned(), Value::Array(users));
            }
            Value::Object(map)
        }
    }
}

/// Returns the groups of what [`access`] returns, also where that stands beside scopes accepted as missing.
pub fn groups(value: &Value) -> impl Iterator<Item = &str> {
    let access = value.get("access").unwrap_or(value);
    let groups = access.get("groups").and_then(Value::as_array);
    groups.into_iter().flatten().filter_map(Value::as_str)
}

/// Returns the scopes of a list kept by hand: of a client, or of the list alone.
pub fn kept_by_hand(value: &Value) -> impl Iterator<Item = &str> {
    let client = (value.get("mode").and_then(Value::as_str) == Some("fixed")).then_some(value);
    let list = client.map_or(value, |client| client.get("scopes").unwrap_or(client));
    list.as_array().into_iter().flatten().filter_map(Value::as_str)
}

/// Returns the scopes as a list of strings, in byte order.
#[must_use]
pub fn scopes(scopes: &ScopeSet) -> Value {
    scopes.iter().map(|scope| Value::from(scope.as_str())).collect()
}

/// Returns an action's access, with what is accepted as missing where something is.
#[must_use]
pub fn action(action: &ActionState) -> Value {
    let who = access(&action.access);
    if action.accepted_missing.is_empty() {
        return who;
    }
    json!({ "access": who, "accepted_missing": scopes(&action.accepted_missing) })
}

/// Returns mode, client and, with fixed scopes, the list. The secret is its label.
#[must_use]
pub fn client(client: &Client, requested: &ScopeSet) -> Value {
    match client {
        Client::Unconfigured => Value::Null,
        Client::Managed => json!({ "mode": "managed" }),
        Client::Custom(custom) => {
            let mut own = serde_json::Map::new();
            own.insert("id".to_owned(), Value::from(custom.id.as_str()));
            if let Some(tenant) = &custom.tenant {
                own.insert("tenant".to_owned(), Value::from(tenant.as_str()));
            }
            if let Some(secret) = &custom.secret {
                own.insert("secret".to_owned(), Value::from(secret.0.as_str()));
            }
            let mode = client.mode().map_or("", Mode::name);
            let mut map = serde_json::Map::new();
            map.insert("client".to_owned(), Value::Object(own));
            map.insert("mode".to_owned(), Value::from(mode));
            if client.mode() == Some(Mode::Fixed) {
                map.insert("scopes".to_owned(), scopes(requested));
            }
            Value::Object(map)
        }
    }
}

/// Returns the client that a write describes, as [`client`] shows a live one.
#[must_use]
pub fn client_spec(spec: &ClientSpec) -> Value {
    let list = match spec {
        ClientSpec::Custom { fixed: Some(list), .. } => list.clone(),
        ClientSpec::Managed | ClientSpec::Custom { fixed: None, .. } => ScopeSet::new(),
    };
    client(&spec.client(), &list)
}

/// Returns the live value of the field that an operation writes.
#[must_use]
pub fn field(operation: &IntegrationOperation, state: &IntegrationState) -> Value {
    match operation {
        IntegrationOperation::SetIntegrationAccess { .. } => access(&state.access),
        IntegrationOperation::SetActionAccess { action: key, .. } => {
            state.actions.get(key).map_or(Value::Null, action)
        }
        IntegrationOperation::SetClient { .. } => client(&state.client, &state.requested),
        IntegrationOperation::SetFixedScopes { .. } => scopes(&state.requested),
        // What is pending is not a field of its own: the effect says which scopes are added.
        IntegrationOperation::ConfirmPending { .. } => Value::Null,
    }
}
