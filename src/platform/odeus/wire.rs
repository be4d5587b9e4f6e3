//! The protocol of the Odeus control plane: every request, every answer and every path, shared by server and client.
//!
//! Base path `/odeus/v1`. Three surfaces: admins read and write a workspace, users connect and run actions, the vendor
//! publishes. Source: SEMANTICS section 3 (confirmation protocol), facts.md 1.12 (conventions of the vendor).
//!
//! A write names the ETag that it was decided on (`If-Match`) and confirms exactly what it does:
//!
//! ```text
//! PUT /odeus/v1/workspaces/acme/integrations/sharepoint/actions/create_list/access
//! If-Match: "5d1c-7"
//! {"access": "everyone", "confirm": {"add": ["Sites.Manage.All"]}}
//! ```
//!
//! Anything else in `confirm`, more or less, is answered with 409 and the exact delta, and nothing happens.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::catalog;
use super::operation::ClientSpec;
use super::state::{Deployment, IntegrationState, Mode, Role};
use crate::model::{Access, ActionKey, IntegrationKey, ScopeDelta, ScopeSet, UserId, WorkspaceId};

mod error;
pub mod path;

pub use crate::platform::wire::{
    ActorType, AuditEntry, GroupResource, MintToken, MintedToken, Page, SecretText,
};
pub use error::{Code, ErrorAnswer, ErrorDetail, ErrorKind, ErrorTag};

/// How many items a page holds when nobody says.
pub const DEFAULT_PAGE: u32 = 50;
/// How many items a page may hold.
pub const MAX_PAGE: u32 = 200;
/// How many entries a page of the audit log may hold (facts.md 1.12).
pub const MAX_AUDIT_PAGE: u32 = 50;
/// The workspace itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WorkspaceResource {
    /// Which one.
    pub workspace: WorkspaceId,
    /// The seed's *New actions enabled by default*.
    pub new_actions_enabled_by_default: bool,
    /// Where it runs.
    pub deployment: Deployment,
    /// What `If-Match` must say to change the settings; also the `ETag` header.
    pub etag: String,
}

/// One integration in one workspace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct IntegrationResource {
    /// The vendor's facts, as they hold for this workspace.
    pub facts: catalog::Integration,
    /// What the workspace's admins chose.
    pub state: IntegrationState,
    /// What can be changed here.
    pub capabilities: Capabilities,
    /// What people see.
    pub view: View,
    /// What `If-Match` must say to change the integration: one for the client, the scopes and all actions.
    pub etag: String,
}

/// What can be changed about one integration in one workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Capabilities {
    /// The vendor's own client may be used: there is one, and the workspace is not on a deployment of its own.
    pub managed_client: bool,
    /// Scopes may be managed: the vendor says so, or it has rolled this out to the workspace.
    pub scope_management: bool,
}

/// What people see of one integration (seed, *Scope view* and *Action view*).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct View {
    /// Who decides the requested scopes; `null` without a client.
    pub mode: Option<Mode>,
    /// Scopes that the vendor added and nobody has confirmed.
    pub pending: ScopeSet,
    /// The badge of every action.
    pub actions: BTreeMap<ActionKey, ActionStatus>,
}

/// What people see of one action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ActionStatus {
    /// Native, or not off.
    pub live: bool,
    /// The badge.
    pub status: Badge,
    /// Required scopes that are not requested.
    #[serde(default, skip_serializing_if = "ScopeSet::is_empty")]
    pub missing: ScopeSet,
}

/// The two badges of the seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Badge {
    /// *Scope configured*: every required scope is requested.
    ScopeConfigured,
    /// *Missing scope*: at least one is not.
    MissingScope,
}

/// One user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UserResource {
    /// E-mail address.
    pub user: UserId,
    /// Role in the workspace.
    pub role: Role,
}

/// What a write is confirmed to do: the seed's dialog. Compared as sets with what it does *now*.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Confirm {
    /// Scopes that will be requested.
    #[serde(default)]
    pub add: ScopeSet,
    /// Scopes that will no longer be requested.
    #[serde(default)]
    pub remove: ScopeSet,
    /// Missing scopes that will newly be accepted as missing.
    #[serde(default)]
    pub accept_missing: ScopeSet,
}

impl Confirm {
    /// Returns the confirmation of exactly this effect.
    #[must_use]
    pub fn of(scopes: &ScopeDelta, accepts: &ScopeSet) -> Self {
        Self {
            add: scopes.add.clone(),
            remove: scopes.remove.clone(),
            accept_missing: accepts.clone(),
        }
    }
}

/// `PUT settings/new-actions-default`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetNewActionsDefault {
    /// The new value.
    pub enabled: bool,
}

/// `PUT integrations/{i}/access`. Never moves a scope, so there is nothing to confirm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetIntegrationAccess {
    /// The new access.
    pub access: Access,
    /// The confirmation.
    #[serde(default)]
    pub confirm: Confirm,
}

/// `PUT integrations/{i}/actions/{a}/access`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetActionAccess {
    /// The new access.
    pub access: Access,
    /// The new set of required scopes that are accepted as missing. What is new in it must be confirmed too.
    #[serde(default)]
    pub accept: ScopeSet,
    /// The confirmation.
    #[serde(default)]
    pub confirm: Confirm,
}

/// `PUT integrations/{i}/client`: mode, client and list in one write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetClient {
    /// The new client.
    pub client: ClientSpec,
    /// The value that the client's secret label stands for. Checked, then forgotten: only the label is stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<SecretText>,
    /// The confirmation.
    #[serde(default)]
    pub confirm: Confirm,
}

/// `PUT integrations/{i}/client/scopes`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetFixedScopes {
    /// The new list, verbatim.
    pub scopes: ScopeSet,
    /// The confirmation.
    #[serde(default)]
    pub confirm: Confirm,
}

/// `POST integrations/{i}/pending/confirm`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfirmPending {
    /// Which of the pending scopes.
    pub scopes: ScopeSet,
    /// The confirmation.
    #[serde(default)]
    pub confirm: Confirm,
}

/// What a write did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WriteEffect {
    /// Scopes requested or dropped.
    pub scopes: ScopeDelta,
    /// Missing scopes newly accepted.
    pub accepts: ScopeSet,
}

/// The answer to a write to one integration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct IntegrationWritten {
    /// What the write did.
    pub effect: WriteEffect,
    /// The integration as it is now, with its new ETag.
    pub integration: IntegrationResource,
}

/// The answer to a write to the workspace's settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SettingsWritten {
    /// What the write did: never anything to scopes.
    pub effect: WriteEffect,
    /// The workspace as it is now, with its new ETag.
    pub settings: WorkspaceResource,
}

/// The answer to the removal of a user or a group, or to a publication.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EventAnswer {
    /// The integrations that this changed, by workspace.
    pub changed: BTreeMap<WorkspaceId, BTreeSet<IntegrationKey>>,
}

/// The answer to running an action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RunAnswer {
    /// The action that ran.
    pub action: ActionKey,
    /// For whom.
    pub user: UserId,
}

#[cfg(test)]
mod tests;
