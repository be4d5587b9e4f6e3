//! What an operation does beyond its own field. Computed by the machine, never guessed; bound by the plan's digest.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Address, ScopeDelta, ScopeSet};

/// The bound effect of one operation: it must come true exactly, or apply stops and says so (SEMANTICS section 4).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Effect {
    /// Scopes requested or dropped by this write.
    #[serde(default, skip_serializing_if = "ScopeDelta::is_empty")]
    pub scopes: ScopeDelta,
    /// Missing scopes that this write newly accepts (fixed mode).
    #[serde(default, skip_serializing_if = "ScopeSet::is_empty")]
    pub accepts: ScopeSet,
    /// Things whose reach changes, such as actions that start or stop running, in address order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub uses: Vec<UseChange>,
    /// Platform features that worked and now lack a native action's scope.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub features_lost: BTreeSet<String>,
    /// Platform features that get all their scopes back.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub features_restored: BTreeSet<String>,
}

/// How far one thing reaches before and after a write, in words such as `everyone` or `nobody`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UseChange {
    /// What changes its reach, such as `sharepoint/actions/create_page`.
    pub address: Address,
    /// Who it runs for before the write.
    pub before: String,
    /// Who it runs for after the write.
    pub after: String,
}
