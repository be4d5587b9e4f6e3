//! Who an action really runs for: both access gates, resolved to people.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use super::state::{Directory, Role};
use crate::model::{Access, Principal, Principals, Reach, UserId};

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
    fn nothing() -> Self {
        Self::NotRunning
    }

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
            (a, b) if a.is_within(b) => a.fmt(out),
            (a, b) if b.is_within(a) => b.fmt(out),
            (Access::Only(a), Access::Only(b)) => match both(a, b) {
                Some(Access::Nobody) => out.write_str("admins only"),
                Some(both) => both.fmt(out),
                None => write!(out, "{action}, and only who is also in {}", self.integration),
            },
        }
    }
}

/// Returns who is on both lists, where neither holds a group: who is in a group is not a list's to say.
fn both(a: &Principals, b: &Principals) -> Option<Access> {
    let users = |list: &Principals| list.iter().all(|one| matches!(one, Principal::User(_)));
    let shared = || Access::only(a.iter().filter(|one| b.contains(one)).cloned());
    (users(a) && users(b)).then(shared)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn list(names: &[&str]) -> Access {
        Access::only(names.iter().map(|name| match name.strip_prefix("group ") {
            Some(group) => Principal::Group(group.try_into().unwrap()),
            None => Principal::User((*name).try_into().unwrap()),
        }))
    }

    #[test]
    fn case_39_only_who_passes_both_gates_is_said_to() {
        let (max, vera) = ("max@x.example", "vera@x.example");
        for (integration, action, says) in [
            (list(&[max]), list(&[vera]), "admins only"),
            (list(&[max, vera]), list(&[vera]), "vera@x.example"),
            (list(&[vera]), list(&[max, vera]), "vera@x.example"),
            (list(&[max, "ana@x.example"]), list(&[max, vera]), "max@x.example"),
            (list(&["group sales"]), list(&["group sales", vera]), "group sales"),
            (
                list(&["group sales"]),
                list(&[vera]),
                "vera@x.example, and only who is also in group sales",
            ),
            (
                list(&["group sales", vera]),
                list(&["group ops", vera]),
                "group ops, vera@x.example, and only who is also in group sales, vera@x.example",
            ),
            (Access::Everyone, list(&[max]), max),
            (list(&[max]), Access::Nobody, "admins only"),
        ] {
            let gates = Gates { integration: &integration, action: Some(&action) };
            assert_eq!(gates.to_string(), says, "{integration} / {action}");
        }
        let integration = list(&[max]);
        let native = Gates { integration: &integration, action: None };
        assert_eq!(native.to_string(), max);
    }
}
