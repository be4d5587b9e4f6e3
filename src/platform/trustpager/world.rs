//! A TrustPager world: what the embedded control plane is seeded with, and again when it changes, until something was written.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::Serialize;

use super::name::{ClientName, KeyName, RoleKey};
use super::state::{AccessList, KeyGrants};
use crate::model::{GroupKey, UserId, WorkspaceId};

/// Everything the platform knows on its first day.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct World {
    /// The tenants.
    pub workspaces: BTreeMap<WorkspaceId, WorldWorkspace>,
}

/// One tenant on its first day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WorldWorkspace {
    /// Users and their company role.
    pub users: BTreeMap<UserId, RoleKey>,
    /// Groups and their members.
    pub groups: BTreeMap<GroupKey, BTreeSet<UserId>>,
    /// Clients that integrations have registered.
    pub clients: BTreeMap<ClientName, WorldClient>,
    /// API keys that admins have created; their values are made up when the world is seeded.
    pub keys: BTreeMap<KeyName, KeyGrants>,
}

/// One OAuth client on its first day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WorldClient {
    /// Tiers that differ from the platform's default policy; verbs for the resources named.
    pub access: AccessList,
    /// Who has authorised it.
    pub tokens: Vec<WorldToken>,
}

/// One token on its first day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WorldToken {
    /// Whose it is.
    pub user: UserId,
    /// The role that the user had when authorising; the current one when absent.
    pub role: Option<RoleKey>,
    /// When it was issued.
    pub issued: Date,
    /// When it was last used.
    pub last_used: Option<Date>,
    /// How many calls it has made.
    pub requests: u64,
}
