//! One write to the platform. Source: SEMANTICS section 2.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::state::{Client, CustomClient, Mode, ScopePolicy, SecretLabel};
use crate::model::{Access, ActionKey, Address, ClientId, IntegrationKey, ScopeSet};

/// A write that a plan may contain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// Flips *New actions enabled by default*.
    SetNewActionsDefault {
        /// The new value.
        enabled: bool,
    },
    /// Changes one integration.
    Integration {
        /// Which one.
        integration: IntegrationKey,
        /// How.
        change: IntegrationOperation,
    },
}

/// A write to one integration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum IntegrationOperation {
    /// Who may connect and use the integration. Never moves a scope (case 40).
    SetIntegrationAccess {
        /// The new access.
        access: Access,
    },
    /// Who may run an action, and which of its missing scopes are accepted as missing.
    SetActionAccess {
        /// Which action.
        action: ActionKey,
        /// The new access.
        access: Access,
        /// The new set of accepted missing scopes.
        #[serde(default, skip_serializing_if = "ScopeSet::is_empty")]
        accept: ScopeSet,
    },
    /// Mode, client and list in one write.
    SetClient {
        /// The new client.
        client: ClientSpec,
    },
    /// The hand-written list, verbatim.
    SetFixedScopes {
        /// The new list.
        scopes: ScopeSet,
    },
    /// Requests scopes that the vendor added and nobody had confirmed.
    ConfirmPending {
        /// Which of the pending scopes.
        scopes: ScopeSet,
    },
}

/// A client as a write describes it: like [`Client`], with the list that fixed scopes need.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClientSpec {
    /// The vendor's client.
    Managed,
    /// The workspace's own client.
    Custom {
        /// The OAuth `client_id`.
        id: ClientId,
        /// The provider tenant.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tenant: Option<String>,
        /// Which secret to use.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        secret: Option<SecretLabel>,
        /// The list, or `None` to sync scopes with enabled actions.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        fixed: Option<ScopeSet>,
    },
}

impl ClientSpec {
    /// Returns the client as the platform stores it; the list goes to the requested scopes.
    #[must_use]
    pub fn client(&self) -> Client {
        match self {
            Self::Managed => Client::Managed,
            Self::Custom { id, tenant, secret, fixed } => Client::Custom(CustomClient {
                id: id.clone(),
                tenant: tenant.clone(),
                secret: secret.clone(),
                scopes: if fixed.is_some() { ScopePolicy::Fixed } else { ScopePolicy::Sync },
            }),
        }
    }

    /// Returns the mode that the write switches to.
    #[must_use]
    pub const fn mode(&self) -> Mode {
        match self {
            Self::Managed => Mode::Managed,
            Self::Custom { fixed: None, .. } => Mode::Sync,
            Self::Custom { fixed: Some(_), .. } => Mode::Fixed,
        }
    }
}

impl Operation {
    /// Returns the thing that operations are grouped and serialised by: one integration, or the workspace.
    #[must_use]
    pub fn unit(&self) -> Address {
        match self {
            Self::SetNewActionsDefault { .. } => Address::workspace(),
            Self::Integration { integration, .. } => Address::of(&[integration.as_str()]),
        }
    }

    /// Returns the address of the field that is written.
    #[must_use]
    pub fn address(&self) -> Address {
        match self {
            Self::SetNewActionsDefault { .. } => {
                Address::workspace().child("new_actions_enabled_by_default")
            }
            Self::Integration { change, .. } => change.address(&self.unit()),
        }
    }

    /// Returns whether it moves what stands at an address, besides the field at its own: a change of client clears which
    /// missing scopes are accepted, of every action.
    #[must_use]
    pub fn moves_besides(&self, address: &Address) -> bool {
        match self {
            Self::Integration { change: IntegrationOperation::SetClient { .. }, .. } => {
                address.is_within(&self.unit().child("actions"))
            }
            Self::Integration { .. } | Self::SetNewActionsDefault { .. } => false,
        }
    }
}

impl IntegrationOperation {
    /// Returns the address of the field that is written, below its integration's.
    #[must_use]
    pub fn address(&self, integration: &Address) -> Address {
        match self {
            Self::SetIntegrationAccess { .. } => integration.child("access"),
            Self::SetActionAccess { action, .. } => {
                integration.child("actions").child(action.as_str())
            }
            Self::SetClient { .. } => integration.oauth(),
            Self::SetFixedScopes { .. } => integration.scope_list(),
            Self::ConfirmPending { .. } => integration.oauth().child("pending_scopes"),
        }
    }
}

/// What the write does, as a sentence without a subject: `share \`create_list\` with group content-team`.
impl fmt::Display for Operation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SetNewActionsDefault { enabled: true } => {
                out.write_str("turn new actions enabled by default on")
            }
            Self::SetNewActionsDefault { enabled: false } => {
                out.write_str("turn new actions enabled by default off")
            }
            Self::Integration { change, .. } => change.fmt(out),
        }
    }
}

impl fmt::Display for IntegrationOperation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SetIntegrationAccess { access: Access::Everyone } => {
                out.write_str("open the integration to everyone")
            }
            Self::SetIntegrationAccess { access: Access::Nobody } => {
                out.write_str("close the integration for everyone but admins")
            }
            Self::SetIntegrationAccess { access: access @ Access::Only(_) } => {
                write!(out, "limit the integration to {access}")
            }
            Self::SetActionAccess { action, access, accept } => {
                match access {
                    Access::Everyone => write!(out, "enable `{action}` for everyone")?,
                    Access::Nobody => write!(out, "disable `{action}`")?,
                    Access::Only(_) => write!(out, "share `{action}` with {access}")?,
                }
                if accept.is_empty() { Ok(()) } else { write!(out, ", accepting without {accept}") }
            }
            Self::SetClient { client: ClientSpec::Managed } => {
                out.write_str("switch to the managed client")
            }
            Self::SetClient { client: ClientSpec::Custom { id, fixed, .. } } => match fixed {
                None => write!(out, "use client {id}, scopes synced with actions"),
                Some(list) => write!(out, "use client {id} with {}", fixed_scopes(list)),
            },
            Self::SetFixedScopes { scopes } => {
                write!(out, "set the list of {}", fixed_scopes(scopes))
            }
            Self::ConfirmPending { scopes } => {
                write!(out, "request what the vendor added: {scopes}")
            }
        }
    }
}

fn fixed_scopes(list: &ScopeSet) -> String {
    crate::plan::count(list.len(), "fixed scope", "fixed scopes")
}
