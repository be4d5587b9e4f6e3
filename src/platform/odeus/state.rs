//! What the platform stores, and what it told us: the values that the machine works on.
//!
//! Source: SEMANTICS section 1. The requested scopes are stored, not derived: a scope that the vendor adds to an action
//! is needed at once and requested only once somebody confirmed it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::catalog;
use crate::model::{
    Access, ActionKey, ClientId, GroupKey, IntegrationKey, ScopeSet, UserId, WorkspaceId,
};

/// One workspace as the platform described it. May be stale the moment it is taken: apply reads again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// Whose workspace it is.
    pub workspace: WorkspaceId,
    /// Workspace-wide switches.
    pub settings: Settings,
    /// The platform's version token of the settings.
    pub settings_revision: String,
    /// Users, roles, groups.
    pub directory: Directory,
    /// Every integration of the catalogue, with its facts and its state.
    pub integrations: BTreeMap<IntegrationKey, LiveIntegration>,
    /// Every user's grants, in (integration, user) order.
    pub connections: Vec<Connection>,
}

/// An integration's facts beside its state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveIntegration {
    /// The vendor's facts, as they hold for this workspace.
    pub facts: Arc<catalog::Integration>,
    /// What the workspace's admins chose.
    pub state: IntegrationState,
    /// The platform's version token of this integration. Used by apply as `If-Match`, never part of a plan.
    pub revision: String,
}

/// Workspace-wide switches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Settings {
    /// The seed's *New actions enabled by default*.
    pub new_actions_enabled_by_default: bool,
    /// Where the workspace runs.
    pub deployment: Deployment,
}

/// Where a workspace runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Deployment {
    /// The vendor's cloud, where managed clients exist.
    #[default]
    MultiTenant,
    /// A deployment of its own: custom clients only (seed, *Use a custom OAuth client*).
    Dedicated,
}

/// Who is in the workspace.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Directory {
    /// Users and their workspace role.
    pub users: BTreeMap<UserId, Role>,
    /// Groups and their members.
    pub groups: BTreeMap<GroupKey, BTreeSet<UserId>>,
}

/// A user's role in the workspace (facts.md 1.11).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// May change access, and keeps access to everything.
    Admin,
    /// May use what is shared; may not change access.
    Editor,
    /// May use what is shared.
    Member,
}

/// What the admins of one workspace chose for one integration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct IntegrationState {
    /// Who may connect and use the integration.
    pub access: Access,
    /// Whose OAuth client is used and who decides its scopes.
    pub client: Client,
    /// The scopes that a new connection asks for. With fixed scopes this *is* the hand-written list.
    pub requested: ScopeSet,
    /// One entry per action of the catalogue.
    pub actions: BTreeMap<ActionKey, ActionState>,
}

impl IntegrationState {
    /// Returns whether an action is stored as on. What is stored of a native action, which is always on, tells nothing.
    #[must_use]
    pub fn is_on(&self, key: &ActionKey) -> bool {
        self.actions.get(key).is_some_and(ActionState::is_on)
    }

    /// Iterates the actions of the catalogue in the order of their keys, each with what is stored of it: one walk through
    /// both instead of a search for each.
    pub fn beside<'f, 's>(
        &'s self,
        facts: &'f catalog::Integration,
    ) -> impl Iterator<Item = (&'f catalog::Action, Option<&'s ActionState>)> {
        let mut stored = self.actions.iter().peekable();
        facts.actions.iter().map(move |(key, action)| {
            while stored.next_if(|(own, _)| *own < key).is_some() {}
            (action, stored.next_if(|(own, _)| *own == key).map(|(_, state)| state))
        })
    }
}

/// What the admins of one workspace chose for one action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ActionState {
    /// Who may run it. Meaningless for native actions, which are always on.
    pub access: Access,
    /// Required scopes that an admin confirmed as not needed in this tenant (seed, *Work with custom scopes*).
    #[serde(default, skip_serializing_if = "ScopeSet::is_empty")]
    pub accepted_missing: ScopeSet,
}

impl ActionState {
    /// Returns a state with this access and nothing accepted.
    #[must_use]
    pub const fn with_access(access: Access) -> Self {
        Self { access, accepted_missing: ScopeSet::new() }
    }

    /// Returns whether somebody may run it.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.access.is_on()
    }
}

/// The OAuth client of one integration in one workspace. Exactly the legal states (facts.md 1.2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Client {
    /// No client of either kind: nobody can connect.
    Unconfigured,
    /// The vendor's client; scopes follow the actions.
    Managed,
    /// The workspace's own client.
    Custom(CustomClient),
}

/// A workspace's own OAuth client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CustomClient {
    /// The OAuth `client_id`.
    pub id: ClientId,
    /// The provider tenant, where the provider wants one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// Which secret is in use, never the secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<SecretLabel>,
    /// Who decides the requested scopes.
    pub scopes: ScopePolicy,
}

/// Who decides the requested scopes of a custom client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ScopePolicy {
    /// *Sync scopes with enabled actions* is on.
    Sync,
    /// It is off: the list is the source of truth.
    Fixed,
}

/// A name for a secret, such as `env:EXCEL_CLIENT_SECRET` or `file:/run/secrets/onedrive@2026-10`. It says where the
/// value was taken from and which version, and is all that is ever stored, compared or sealed.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct SecretLabel(pub String);

impl fmt::Debug for SecretLabel {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, out)
    }
}

impl fmt::Display for SecretLabel {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// Who decides the requested scopes, over all clients. `None` while no client is configured.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// The platform's own client.
    Managed,
    /// Own client, scopes follow the actions.
    Sync,
    /// Own client, hand-written list.
    Fixed,
}

impl Mode {
    /// Returns whether the requested scopes follow the actions.
    #[must_use]
    pub const fn follows_actions(self) -> bool {
        matches!(self, Self::Managed | Self::Sync)
    }

    /// Returns the mode's word in the configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Managed => "managed",
            Self::Sync => "sync",
            Self::Fixed => "fixed",
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

impl Client {
    /// Returns the mode, or `None` while no client is configured.
    #[must_use]
    pub fn mode(&self) -> Option<Mode> {
        match self {
            Self::Unconfigured => None,
            Self::Managed => Some(Mode::Managed),
            Self::Custom(custom) => Some(match custom.scopes {
                ScopePolicy::Sync => Mode::Sync,
                ScopePolicy::Fixed => Mode::Fixed,
            }),
        }
    }

    /// Returns the identity that a connection is made with. When it changes, everybody must reconnect (case 34).
    #[must_use]
    pub fn identity(&self) -> ClientIdentity {
        match self {
            Self::Unconfigured => ClientIdentity::None,
            Self::Managed => ClientIdentity::Managed,
            Self::Custom(custom) => ClientIdentity::Custom(custom.id.clone()),
        }
    }

    /// Returns whether `self` gets what people agree to where `before` did not: it is the vendor's, or the workspace's own
    /// under another id or tenant. Who decides the scopes and which secret is in use do not tell.
    #[must_use]
    pub fn is_let_in_after(&self, before: &Self) -> bool {
        let own = |client: &Self| match client {
            Self::Custom(custom) => Some((custom.id.clone(), custom.tenant.clone())),
            Self::Unconfigured | Self::Managed => None,
        };
        match (before, self) {
            (_, Self::Unconfigured) | (Self::Managed, Self::Managed) => false,
            (Self::Unconfigured, _) => true,
            _ => own(before) != own(self),
        }
    }
}

/// Which OAuth client a connection was made with.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClientIdentity {
    /// None is configured.
    None,
    /// The vendor's.
    Managed,
    /// The workspace's own, by `client_id`.
    Custom(ClientId),
}

/// One user's stored grant for one integration (facts.md 1.1). Belongs to its user.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Connection {
    /// The integration connected to.
    pub integration: IntegrationKey,
    /// Whose grant it is.
    pub user: UserId,
    /// The client it was made with.
    pub client: ClientIdentity,
    /// What the provider granted.
    pub granted: ScopeSet,
}
