//! The way back: what a run's inverse plan asks for, and what no plan can bring back.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::model::Address;

/// What it takes to undo a run, on one platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inverse<D> {
    /// The wishes that lead back: nothing that the run did not do, and nothing that has moved since.
    pub desired: D,
    /// What stays lost whatever is planned.
    pub unrestored: Vec<Unrestored>,
    /// What somebody has changed since, and is therefore left alone.
    pub moved: Vec<Moved>,
}

/// Something that a run changed and that undoing it does not bring back.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Unrestored {
    /// Where.
    pub address: Address,
    /// What, and what can be done about it.
    pub what: String,
}

/// A field that is no longer as a run left it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Moved {
    /// The field.
    pub address: Address,
    /// What the run left, in the words of plans.
    pub left: Value,
    /// What is live now.
    pub live: Value,
}
