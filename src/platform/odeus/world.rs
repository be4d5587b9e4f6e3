//! A world: what the embedded control plane is seeded with, and again when it changes, until something was written.
//!
//! Source: SEMANTICS sections 1 and 7. Inert; `config/world.rs` reads it from YAML, the server makes it live.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::operation::ClientSpec;
use super::state::{Deployment, Directory};
use crate::model::{Access, ActionKey, IntegrationKey, Scope, ScopeSet, UserId, WorkspaceId};

/// Everything the platform knows on its first day.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct World {
    /// The tenants.
    pub workspaces: BTreeMap<WorkspaceId, WorldWorkspace>,
}

/// One tenant on its first day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WorldWorkspace {
    /// Where it runs.
    pub deployment: Deployment,
    /// The workspace-wide switch.
    pub new_actions_enabled_by_default: bool,
    /// Integrations whose scopes can be managed here although the catalogue says not yet.
    pub rollout: BTreeSet<IntegrationKey>,
    /// Users, roles, groups.
    pub directory: Directory,
    /// Access of every action that `integrations` does not name.
    pub actions: Access,
    /// What differs from the vendor's defaults.
    pub integrations: BTreeMap<IntegrationKey, WorldIntegration>,
    /// Who has connected what.
    pub connections: Vec<WorldConnection>,
    /// Scopes that in this tenant in fact suffice for others at the provider.
    pub suffices: Vec<Suffices>,
}

/// One integration on its first day.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct WorldIntegration {
    /// Who may connect and use it; everyone when absent.
    pub access: Option<Access>,
    /// The client; the vendor's where there is one when absent.
    pub client: Option<ClientSpec>,
    /// Actions that differ from the workspace's default.
    pub actions: BTreeMap<ActionKey, Access>,
    /// Missing scopes accepted per action (fixed mode).
    pub accepted_missing: BTreeMap<ActionKey, ScopeSet>,
    /// Needed scopes that are not requested yet (managed and sync): pending from the first day.
    pub pending: ScopeSet,
}

/// A connection on its first day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WorldConnection {
    /// The integration.
    pub integration: IntegrationKey,
    /// Whose it is.
    pub user: UserId,
    /// What the provider granted; what is requested on the first day when absent.
    pub granted: Option<ScopeSet>,
}

/// A statement about the provider that no catalogue makes: `Sites.Selected` is enough where `Sites.Read.All` is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suffices {
    /// The scope that is granted.
    pub scope: Scope,
    /// The scopes it is enough for.
    pub stands_for: ScopeSet,
}
