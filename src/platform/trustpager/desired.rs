//! What the files ask for, on TrustPager. Absent means no opinion; nothing undeclared is touched (case 63).

use std::collections::{BTreeMap, BTreeSet};

use super::name::{ClientName, KeyName, ResourceKey, Tier, Verb};
use crate::model::{GroupKey, UserId, WorkspaceId};

/// What the files ask for in one workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Desired {
    /// Whose workspace it is.
    pub workspace: WorkspaceId,
    /// The declared OAuth clients.
    pub clients: BTreeMap<ClientName, DesiredClient>,
    /// The declared API keys.
    pub keys: BTreeMap<KeyName, DesiredKey>,
}

/// One OAuth client as declared.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DesiredClient {
    /// Tiers by resource.
    pub resources: BTreeMap<ResourceKey, Tier>,
    /// Verbs outside the ladders, by resource: exactly these for a resource that is named.
    pub verbs: BTreeMap<ResourceKey, BTreeSet<Verb>>,
    /// What happens to resources that no line names.
    pub unlisted: Unlisted,
    /// Who may hold tokens.
    pub tokens: DesiredTokens,
}

/// What happens to resources that no line names.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Unlisted {
    /// No opinion.
    #[default]
    Keep,
    /// The tier of a newly registered client.
    PlatformDefault,
    /// None.
    NoAccess,
}

/// Who may hold tokens of a client.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DesiredTokens {
    /// Anybody else's token is revoked. Absent: everybody keeps theirs; empty: all are revoked.
    pub holders: Option<Holders>,
    /// A token that was not used for more than so many days is revoked.
    pub max_idle_days: Option<i64>,
    /// Tokens to revoke by name: id, or the prefix and suffix that the platform shows, and the reason.
    pub revoke: Vec<DesiredRevocation>,
}

/// Users and groups who may hold tokens.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Holders {
    /// Users.
    pub users: BTreeSet<UserId>,
    /// Groups.
    pub groups: BTreeSet<GroupKey>,
}

/// One token to revoke.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DesiredRevocation {
    /// The token's id, or the prefix and suffix that the platform shows of it.
    pub token: String,
    /// Why.
    pub reason: String,
}

/// One API key as declared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DesiredKey {
    /// Full access: everything, approving and rejecting included.
    FullAccess {
        /// Where the value goes if the key has to be created.
        deliver: Option<String>,
    },
    /// What the lists say.
    Custom {
        /// Tiers by resource; a resource that is not named has no access.
        resources: BTreeMap<ResourceKey, Tier>,
        /// Verbs outside the ladders.
        verbs: BTreeMap<ResourceKey, BTreeSet<Verb>>,
        /// Where the value goes if the key has to be created.
        deliver: Option<String>,
    },
    /// Revoked, for a reason.
    Revoked {
        /// Why.
        reason: String,
    },
}
