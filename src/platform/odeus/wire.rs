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
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use super::catalog;
use super::operation::ClientSpec;
use super::state::{Deployment, IntegrationState, Mode, Role};
use crate::model::{
    Access, ActionKey, GroupKey, IntegrationKey, ScopeDelta, ScopeSet, UserId, WorkspaceId,
};

mod error;
pub mod path;

pub use error::{Code, ErrorAnswer, ErrorDetail, ErrorKind, ErrorTag};

/// How many items a page holds when nobody says.
pub const DEFAULT_PAGE: u32 = 50;
/// How many items a page may hold.
pub const MAX_PAGE: u32 = 200;
/// How many entries a page of the audit log may hold (facts.md 1.12).
pub const MAX_AUDIT_PAGE: u32 = 50;
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

/// The answer to running an action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RunAnswer {
    /// The action that ran.
    pub action: ActionKey,
    /// For whom.
    pub user: UserId,
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

#[cfg(test)]
mod tests;
