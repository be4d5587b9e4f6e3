//! One write to the platform. Source: seed *When you save*, *Revoking a token*; SEMANTICS section 6.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::name::{ClientName, KeyName, TokenId};
use super::state::{AccessList, KeyGrants};
use crate::model::Address;

/// A write that a plan may contain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// Invalidates one token at once.
    RevokeToken {
        /// Its client.
        client: ClientName,
        /// Which token.
        token: TokenId,
        /// Why.
        why: RevokeReason,
    },
    /// Saves the ceiling of a client; every active token is re-resolved at once.
    SetClientAccess {
        /// Which client.
        client: ClientName,
        /// The whole list.
        access: AccessList,
    },
    /// Creates an API key; its value is delivered once.
    CreateKey {
        /// Its name.
        key: KeyName,
        /// What it may do.
        grants: KeyGrants,
        /// The file that receives the value (mode 0600).
        deliver: String,
    },
    /// Changes what an API key may do.
    SetKeyAccess {
        /// Which key.
        key: KeyName,
        /// What it may do.
        grants: KeyGrants,
    },
    /// Invalidates an API key at once.
    RevokeKey {
        /// Which key.
        key: KeyName,
        /// The reason given in the files.
        reason: String,
    },
}

/// Why a token is revoked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RevokeReason {
    /// Its owner is no holder.
    NotAHolder,
    /// It was not used for more than so many days. A token used since is left alone.
    Idle {
        /// The most days that a token may be idle.
        max_days: i64,
    },
    /// The files name it.
    Named {
        /// The reason given.
        reason: String,
    },
}

impl fmt::Display for RevokeReason {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAHolder => out.write_str("its owner is no holder"),
            Self::Idle { max_days } => write!(out, "idle for more than {max_days} days"),
            Self::Named { reason } => out.write_str(reason),
        }
    }
}

impl Operation {
    /// Returns the thing that operations are grouped and serialised by.
    #[must_use]
    pub fn unit(&self) -> Address {
        match self {
            Self::RevokeToken { client, .. } | Self::SetClientAccess { client, .. } => {
                Address::of(&["oauth_clients", client.as_str()])
            }
            Self::CreateKey { key, .. }
            | Self::SetKeyAccess { key, .. }
            | Self::RevokeKey { key, .. } => Address::of(&["api_keys", key.as_str()]),
        }
    }

    /// Returns the address of the field that is written.
    #[must_use]
    pub fn address(&self) -> Address {
        match self {
            Self::RevokeToken { token, .. } => self.unit().child("tokens").child(token.as_str()),
            Self::SetClientAccess { .. } => self.unit().child("resources"),
            // A key is written whole: full access is no list of resources.
            Self::CreateKey { .. } | Self::SetKeyAccess { .. } | Self::RevokeKey { .. } => {
                self.unit()
            }
        }
    }

    /// Returns whether it moves what stands at an address, besides the field at its own: one save holds every tier and every
    /// list of verbs of a client.
    #[must_use]
    pub fn moves_besides(&self, address: &Address) -> bool {
        match self {
            Self::SetClientAccess { .. } => ["resources", "verbs"]
                .into_iter()
                .any(|field| address.is_within(&self.unit().child(field))),
            Self::RevokeToken { .. }
            | Self::CreateKey { .. }
            | Self::SetKeyAccess { .. }
            | Self::RevokeKey { .. } => false,
        }
    }
}

/// What the write does, as a sentence without a subject.
impl fmt::Display for Operation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RevokeToken { token, why, .. } => write!(out, "revoke token {token}: {why}"),
            Self::SetClientAccess { .. } => {
                out.write_str("save the scopes; every active token is re-resolved at once")
            }
            Self::CreateKey { deliver, .. } => {
                write!(out, "create the API key, delivered to {deliver}")
            }
            Self::SetKeyAccess { .. } => out.write_str("change what the API key may do, at once"),
            Self::RevokeKey { reason, .. } => write!(out, "revoke the API key at once: {reason}"),
        }
    }
}
