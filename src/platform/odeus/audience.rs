//! Who an action really runs for: both access gates, resolved to people.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use super::state::{Directory, Role};
use crate::model::{Access, Principal, Reach, UserId};

/// Who can run an action on a new connection.
///
/// Workspace admins pass both access gates but not the scope gate (cases 39, 41), so an action either runs for admins
/// and some others, or for nobody at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Audience {
    /// A required scope is neither requested nor accepted as missing, or there is no client.
    NotRunning,
    /// Runs for workspace admins and these others.
    Runs(Others),
}

/// What is said of an action that runs for nobody, not even for admins. `nobody` in a file leaves it to admins.
pub const NOT_RUNNING: &str = "does not run";

/// The people beside the admins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Others {
    /// Everybody, also those who join later.
    Everyone,
    /// These users, none of them an admin.
    Users(Arc<BTreeSet<UserId>>),
}

impl Others {
    fn within(&self, other: &Self) -> bool {
        match (self, other) {
            (_, Self::Everyone) => true,
            (Self::Everyone, Self::Users(_)) => false,
            (Self::Users(a), Self::Users(b)) => Arc::ptr_eq(a, b) || a.is_subset(b),
        }
    }

    fn meet(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::Everyone, x) | (x, Self::Everyone) => x.clone(),
            (Self::Users(a), Self::Users(b)) if Arc::ptr_eq(a, b) => Self::Users(a.clone()),
            (Self::Users(a), Self::Users(b)) => {
                Self::Users(Arc::new(a.intersection(b).cloned().collect()))
            }
        }
    }

    fn join(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::Everyone, _) | (_, Self::Everyone) => Self::Everyone,
            (Self::Users(a), Self::Users(b)) => {
                Self::Users(Arc::new(a.union(b).cloned().collect()))
            }
        }
    }
}

impl Audience {
    /// Returns whether `user` can run the action.
    #[must_use]
    pub fn includes(&self, user: &UserId, role: Role) -> bool {
        match self {
            Self::NotRunning => false,
            Self::Runs(_) if role == Role::Admin => true,
            Self::Runs(Others::Everyone) => true,
            Self::Runs(Others::Users(users)) => users.contains(user),
        }
    }
}

impl Reach for Audience {
    fn within(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::NotRunning, _) => true,
            (Self::Runs(_), Self::NotRunning) => false,
            (Self::Runs(a), Self::Runs(b)) => a.within(b),
        }
    }

    fn meet(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::Runs(a), Self::Runs(b)) => Self::Runs(a.meet(b)),
            (Self::NotRunning, _) | (_, Self::NotRunning) => Self::NotRunning,
        }
    }

    fn join(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::Runs(a), Self::Runs(b)) => Self::Runs(a.join(b)),
            (Self::NotRunning, x) | (x, Self::NotRunning) => x.clone(),
        }
    }
}

/// What the two access gates let through, in symbols: group names rather than people, so that a plan does not move when
/// somebody joins a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gates<'a> {
    /// The integration's access.
    pub integration: &'a Access,
    /// The action's access; `None` for native actions, which have no gate of their own.
    pub action: Option<&'a Access>,
}

impl fmt::Display for Gates<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let action = self.action.unwrap_or(&Access::Everyone);
        match (self.integration, action) {
            (Access::Nobody, _) | (_, Access::Nobody) => out.write_str("admins only"),
            (Access::Everyone, access) | (access, Access::Everyone) => access.fmt(out),
            (a, b) if a == b => a.fmt(out),
            (a, b) => write!(out, "{b}, of those also {a}"),
        }
    }
}

/// Resolves access lists to people, remembering each list it has seen.
#[derive(Debug, Clone)]
pub struct Resolver<'a> {
    directory: &'a Directory,
    known: BTreeMap<Access, Others>,
}

impl<'a> Resolver<'a> {
    /// Returns a resolver over the workspace's users and groups.
    #[must_use]
    pub const fn new(directory: &'a Directory) -> Self {
        Self { directory, known: BTreeMap::new() }
    }

    fn others(&mut self, access: &Access) -> Others {
        if let Some(others) = self.known.get(access) {
            return others.clone();
        }
        let others = match access {
            Access::Everyone => Others::Everyone,
            Access::Nobody => Others::Users(Arc::default()),
            Access::Only(list) => {
                let mut users = BTreeSet::new();
                for principal in list.iter() {
                    match principal {
                        Principal::User(user) => {
                            users.insert(user.clone());
                        }
                        Principal::Group(group) => {
                            users.extend(
                                self.directory.groups.get(group).into_iter().flatten().cloned(),
                            );
                        }
                    }
                }
                users.retain(|user| {
                    self.directory.users.get(user).is_some_and(|role| *role != Role::Admin)
                });
                Others::Users(Arc::new(users))
            }
        };
        self.known.insert(access.clone(), others.clone());
        others
    }

    /// Returns who passes both gates; both must let a person through (case 39).
    pub fn passes(&mut self, gates: &Gates<'_>) -> Others {
        let integration = self.others(gates.integration);
        match gates.action {
            None => integration,
            Some(access) => integration.meet(&self.others(access)),
        }
    }
}
