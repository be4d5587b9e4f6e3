//! Version 1 of the status document.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::mode_name;
use crate::model::{Access, ActionKey, Principal, ScopeSet};
use crate::platform::odeus::state::{Client, Deployment, Snapshot};
use crate::platform::odeus::view::{
    self, ActionRow, Enabled, Remedy, Requested, ScopeRow, Scopes, View,
};

/// Returns the JSON Schema (2020-12) of the status document.
#[must_use]
pub fn schema() -> Value {
    let mut schema = schemars::schema_for!(Status);
    schema.insert("title".to_owned(), Value::from("scopeform status"));
    schema.to_value()
}

/// The live state of integrations.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Status {
    /// Version of this document: readers refuse another major version.
    #[schemars(regex(pattern = r"^1\.[0-9]+$"))]
    format_version: &'static str,
    tool_version: &'static str,
    platform: &'static str,
    workspace: String,
    deployment: &'static str,
    new_actions_enabled_by_default: bool,
    integrations: Vec<Integration>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Integration {
    integration: String,
    name: String,
    access: AccessV1,
    /// `managed`, `sync`, `fixed` or `unconfigured`.
    mode: &'static str,
    scope_management: ScopeManagement,
    client_id: Option<String>,
    requested: Vec<String>,
    /// Needed and not requested.
    missing: Vec<String>,
    /// Needed, added by the vendor, waiting for a confirmation (managed and sync).
    pending: Vec<String>,
    /// Requested, and declared by nothing (fixed).
    undeclared: Vec<String>,
    /// Base scopes and those of every action.
    recommended: Vec<String>,
    /// What the provider's app registration must carry and consent to: what is requested.
    provider_consent: Vec<String>,
    scopes: Vec<ScopeV1>,
    actions: Vec<ActionV1>,
    connected: usize,
    must_reconnect: Vec<String>,
}

#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum ScopeManagement {
    Available,
    NotYet,
    NoOauth,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum AccessV1 {
    Everyone,
    Nobody,
    Only {
        groups: Vec<String>,
        users: Vec<String>,
    },
    /// A native action: on, without a switch.
    Always,
}

#[derive(Debug, Serialize, JsonSchema)]
struct ScopeV1 {
    scope: String,
    requested: bool,
    /// Something that is on needs it.
    needed: bool,
    base: bool,
    native: bool,
    actions_on: Vec<String>,
    actions_off: Vec<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct ActionV1 {
    key: String,
    name: String,
    native: bool,
    enabled: bool,
    access: AccessV1,
    /// `Scope configured` or `Missing scope`.
    status: &'static str,
    required_scopes: Vec<String>,
    missing_scopes: Vec<Missing>,
    features: Vec<&'static str>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Missing {
    scope: String,
    /// Stable name of what to do.
    remedy: &'static str,
    help: &'static str,
}

pub(super) fn status(snapshot: &Snapshot, views: &[View]) -> Status {
    Status {
        format_version: "1.0",
        tool_version: env!("CARGO_PKG_VERSION"),
        platform: crate::platform::Kind::Odeus.name(),
        workspace: snapshot.workspace.to_string(),
        deployment: match snapshot.settings.deployment {
            Deployment::MultiTenant => "multi_tenant",
            Deployment::Dedicated => "dedicated",
        },
        new_actions_enabled_by_default: snapshot.settings.new_actions_enabled_by_default,
        integrations: views.iter().map(integration).collect(),
    }
}

fn texts(scopes: &ScopeSet) -> Vec<String> {
    scopes.iter().map(ToString::to_string).collect()
}

fn integration(view: &View) -> Integration {
    let View {
        integration,
        name,
        access: who,
        scopes_are,
        client,
        requested,
        recommended,
        missing,
        pending,
        undeclared,
        scopes,
        actions,
        connected,
        must_reconnect,
    } = view;
    Integration {
        integration: integration.to_string(),
        name: name.clone(),
        access: access(who),
        mode: mode_name(client.mode()),
        scope_management: match scopes_are {
            Scopes::Managed => ScopeManagement::Available,
            Scopes::NotYet => ScopeManagement::NotYet,
            Scopes::None => ScopeManagement::NoOauth,
        },
        client_id: match client {
            Client::Unconfigured | Client::Managed => None,
            Client::Custom(custom) => Some(custom.id.to_string()),
        },
        requested: texts(requested),
        missing: texts(missing),
        pending: texts(pending),
        undeclared: texts(undeclared),
        recommended: texts(recommended),
        provider_consent: texts(requested),
        scopes: scopes.iter().map(scope).collect(),
        actions: actions.iter().map(action).collect(),
        connected: connected.len(),
        must_reconnect: must_reconnect.iter().map(ToString::to_string).collect(),
    }
}

fn access(access: &Access) -> AccessV1 {
    match access {
        Access::Everyone => AccessV1::Everyone,
        Access::Nobody => AccessV1::Nobody,
        Access::Only(list) => {
            let (mut groups, mut users) = (Vec::new(), Vec::new());
            for principal in list.iter() {
                match principal {
                    Principal::Group(group) => groups.push(group.to_string()),
                    Principal::User(user) => users.push(user.to_string()),
                }
            }
            AccessV1::Only { groups, users }
        }
    }
}

fn scope(row: &ScopeRow) -> ScopeV1 {
    let ScopeRow { scope, requested, base, native, live, off } = row;
    ScopeV1 {
        scope: scope.to_string(),
        requested: *requested == Requested::Yes,
        needed: *requested == Requested::Missing || *base || !live.is_empty(),
        base: *base,
        native: *native,
        actions_on: live.iter().map(ActionKey::to_string).collect(),
        actions_off: off.iter().map(ActionKey::to_string).collect(),
    }
}

fn action(row: &ActionRow) -> ActionV1 {
    let ActionRow { key, name, enabled, badge, required, missing, features } = row;
    let (native, on, access) = match enabled {
        Enabled::Always => (true, true, AccessV1::Always),
        Enabled::For(who) => (false, who.is_on(), access(who)),
    };
    ActionV1 {
        key: key.to_string(),
        name: name.clone(),
        native,
        enabled: on,
        access,
        status: view::Badge::title(*badge),
        required_scopes: texts(required),
        missing_scopes: missing
            .iter()
            .map(|(scope, remedy)| Missing {
                scope: scope.to_string(),
                remedy: Remedy::name(*remedy),
                help: Remedy::words(*remedy),
            })
            .collect(),
        features: features.iter().map(|feature| feature.title()).collect(),
    }
}
