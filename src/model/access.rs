//! Who may use a thing: everyone, a non-empty set of users and groups, or nobody.
//!
//! One enum instead of a flag and a list, because the platform has one toggle plus one list and *disabled and shared*
//! cannot exist there (facts.md 1.6, case 2).

use std::collections::BTreeSet;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{GroupKey, UserId};

/// A user or a group that something is shared with.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Principal {
    /// All members of a group, also those who join later.
    Group(GroupKey),
    /// One person.
    User(UserId),
}

impl fmt::Display for Principal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Group(group) => write!(out, "group {group}"),
            Self::User(user) => write!(out, "{user}"),
        }
    }
}

/// A share list. Never empty: an empty list is [`Access::Nobody`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "BTreeSet<Principal>", into = "BTreeSet<Principal>")]
pub struct Principals(BTreeSet<Principal>);

/// A share list without anybody in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a share list needs at least one user or group")]
pub struct EmptyPrincipals;

impl Principals {
    /// Iterates groups first, then users, each in byte order.
    pub fn iter(&self) -> impl Iterator<Item = &Principal> {
        self.0.iter()
    }

    /// Returns whether the list names `principal` itself.
    #[must_use]
    pub fn contains(&self, principal: &Principal) -> bool {
        self.0.contains(principal)
    }
}

impl TryFrom<BTreeSet<Principal>> for Principals {
    type Error = EmptyPrincipals;
    fn try_from(set: BTreeSet<Principal>) -> Result<Self, EmptyPrincipals> {
        if set.is_empty() { Err(EmptyPrincipals) } else { Ok(Self(set)) }
    }
}

impl From<Principals> for BTreeSet<Principal> {
    fn from(principals: Principals) -> Self {
        principals.0
    }
}

/// Who may use an integration or an action. Workspace admins pass in every case (facts.md 1.6).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Access {
    /// Available to all users.
    Everyone,
    /// Shared with specific users and groups.
    Only(Principals),
    /// Off: nobody but workspace admins.
    Nobody,
}

impl Access {
    /// Returns the access that a list of principals stands for: nobody when it is empty.
    #[must_use]
    pub fn only(principals: impl IntoIterator<Item = Principal>) -> Self {
        let set: BTreeSet<Principal> = principals.into_iter().collect();
        Principals::try_from(set).map_or(Self::Nobody, Self::Only)
    }

    /// Returns whether the action counts as enabled or shared, and so needs its scopes (seed, *Use the Odeus Client*).
    #[must_use]
    pub fn is_on(&self) -> bool {
        !matches!(self, Self::Nobody)
    }

    /// Returns whether everybody whom this access names is named by `other` too, group by group and user by user, whoever
    /// is in the groups today.
    #[must_use]
    pub fn is_within(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Nobody, _) | (_, Self::Everyone) => true,
            (Self::Only(mine), Self::Only(theirs)) => mine.0.is_subset(&theirs.0),
            (Self::Everyone, Self::Only(_) | Self::Nobody) | (Self::Only(_), Self::Nobody) => false,
        }
    }

    /// Returns this access without one principal, and whether that emptied the list (domain case 42).
    #[must_use]
    pub fn without(&self, gone: &Principal) -> Self {
        match self {
            Self::Only(list) => Self::only(list.iter().filter(|p| *p != gone).cloned()),
            Self::Everyone => Self::Everyone,
            Self::Nobody => Self::Nobody,
        }
    }
}

impl fmt::Display for Access {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everyone => out.write_str("everyone"),
            Self::Nobody => out.write_str("nobody"),
            Self::Only(list) => {
                for (n, principal) in list.iter().enumerate() {
                    if n > 0 {
                        out.write_str(", ")?;
                    }
                    write!(out, "{principal}")?;
                }
                Ok(())
            }
        }
    }
}
