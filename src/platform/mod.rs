//! Live systems. One folder per platform, all of the same shape; where else one plugs in is listed in ARCHITECTURE.md under
//! *How a platform plugs in*.
//!
//! Every platform is inert data (catalogue, state, operation, desired) and pure functions (the machine, the diff, the
//! findings). The engine (plan, seal, apply) speaks to it through the types in this file and in `provider.rs`, and a
//! platform to no other one. What shows a platform as its admins know it (the report, `status`, snapshots) names that
//! platform's own types.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::Address;
use crate::plan::PlannedOperation;

#[cfg(feature = "http")]
pub mod http;
pub mod odeus;
pub mod provider;
pub mod remarks;
pub mod trustpager;
mod twin;
pub mod wire;

/// When a change becomes true for people who are connected already. A property of the platform, which plans state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Latency {
    /// When each of them reconnects, or when their token expires.
    OnReconnect,
    /// The moment it is saved, for every active token.
    AtOnce,
}

/// The kinds of live system.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Integrations with actions and client modes.
    Odeus,
    /// OAuth clients with tiers, tokens and API keys.
    Trustpager,
}

impl Kind {
    /// Every platform, for messages and schemas.
    pub const ALL: &'static [Self] = &[Self::Odeus, Self::Trustpager];

    /// Returns when a change becomes true for people who are connected already (facts.md 1.8, 3.2).
    #[must_use]
    pub const fn takes_effect(self) -> Latency {
        match self {
            Self::Odeus => Latency::OnReconnect,
            Self::Trustpager => Latency::AtOnce,
        }
    }

    /// Returns the platform's word in the configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Odeus => "odeus",
            Self::Trustpager => "trustpager",
        }
    }

    /// Returns whether the effective configuration of one thing, as text before and after, shows what `own`, all operations
    /// on it, do.
    #[must_use]
    pub fn text_shows(self, before: &str, after: &str, own: &[&PlannedOperation]) -> bool {
        match self {
            Self::Odeus => odeus::effective::shows(before, after, own),
            Self::Trustpager => trustpager::effective::shows(before, after, own),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

/// One write to one platform.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// A write to Odeus.
    Odeus(odeus::operation::Operation),
    /// A write to TrustPager.
    Trustpager(trustpager::operation::Operation),
}

impl Operation {
    /// Returns which kind of live system it writes to.
    #[must_use]
    pub const fn platform(&self) -> Kind {
        match self {
            Self::Odeus(_) => Kind::Odeus,
            Self::Trustpager(_) => Kind::Trustpager,
        }
    }

    /// Returns the thing that operations are grouped and serialised by.
    #[must_use]
    pub fn unit(&self) -> Address {
        match self {
            Self::Odeus(operation) => operation.unit(),
            Self::Trustpager(operation) => operation.unit(),
        }
    }

    /// Returns its turn. The switch for new actions goes first when it is turned off and last when it is turned on, so that
    /// nothing that arrives meanwhile is enabled unreviewed (SEMANTICS section 3).
    #[must_use]
    pub const fn turn(&self) -> Turn {
        match self {
            Self::Odeus(odeus::operation::Operation::SetNewActionsDefault { enabled: false }) => {
                Turn::First
            }
            Self::Odeus(odeus::operation::Operation::SetNewActionsDefault { enabled: true }) => {
                Turn::Last
            }
            Self::Odeus(odeus::operation::Operation::Integration { .. }) | Self::Trustpager(_) => {
                Turn::Any
            }
        }
    }

    /// Returns the address of the field that is written.
    #[must_use]
    pub fn address(&self) -> Address {
        match self {
            Self::Odeus(operation) => operation.address(),
            Self::Trustpager(operation) => operation.address(),
        }
    }

    /// Returns whether it moves what stands at an address of its unit, besides the field at its own address.
    #[must_use]
    pub fn moves_besides(&self, address: &Address) -> bool {
        match self {
            Self::Odeus(operation) => operation.moves_besides(address),
            Self::Trustpager(operation) => operation.moves_besides(address),
        }
    }
}

/// When an operation is carried out, beside those of other units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Before everything else.
    First,
    /// In the order that was proven for its unit.
    Any,
    /// After everything else.
    Last,
}

/// What admins see of one changed thing, before and after a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Comparison {
    /// Of an integration: *Scope view* and *Action view*.
    Odeus(odeus::compare::Comparison),
    /// Of an OAuth client or an API key: tiers, and what its tokens may do.
    Trustpager(trustpager::compare::Comparison),
}

impl Comparison {
    /// Returns the thing that is compared.
    #[must_use]
    pub const fn unit(&self) -> &Address {
        match self {
            Self::Odeus(comparison) => &comparison.unit,
            Self::Trustpager(comparison) => &comparison.unit,
        }
    }

    /// Returns where something is refused that is allowed before, on platforms where that is so at once. Elsewhere it is
    /// breakage, which is no matter of two sides alone.
    #[must_use]
    pub fn refused(&self) -> Vec<Address> {
        match self {
            Self::Odeus(_) => Vec::new(),
            Self::Trustpager(comparison) => comparison.refused().collect(),
        }
    }

    /// Returns whether the two sides show what `own`, all operations on this thing, do.
    #[must_use]
    pub fn shows(&self, own: &[&PlannedOperation]) -> bool {
        match self {
            Self::Odeus(comparison) => comparison.shows(own),
            Self::Trustpager(comparison) => comparison.shows(own),
        }
    }
}

/// What a run found in a thing that it was about to write to: what undoing the run goes back to. No secret is in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Found {
    /// On Odeus.
    Odeus(odeus::inverse::Found),
    /// On TrustPager.
    Trustpager(trustpager::inverse::Found),
}

/// What the write does, as a sentence without a subject.
impl fmt::Display for Operation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Odeus(operation) => operation.fmt(out),
            Self::Trustpager(operation) => operation.fmt(out),
        }
    }
}
