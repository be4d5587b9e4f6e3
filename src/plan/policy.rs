//! The organisation's own rules about plans: what is protected, how much may go at once, who must agree.
//!
//! They stand outside the blocks that they are about, so that removing a block does not remove its protection. A plan
//! carries the rules that were in force when it was made, inside its digest: an approval is an approval under these rules.
//! Where the files before a change are known too, both sets are carried and both must be satisfied, which is never less
//! strict than either.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use super::approvals::{ApprovalRule, Approvals, Requirement, Signer, When, required};
use super::types::Plan;

/// One set of rules, as one revision of the files states them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Policy {
    /// Who must agree.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approvals: Option<Approvals>,
}

impl Policy {
    /// Returns whether it asks for nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Puts the rules in force into the plan, and a finding wherever the plan breaks one of them. Rules that two revisions
/// have in common are carried once, so that knowing the files before a change does not move the digest where they agree.
pub fn enforce(plan: &mut Plan, policies: Vec<Policy>) {
    plan.bound.policies.clear();
    for policy in policies {
        if !policy.is_empty() && !plan.bound.policies.contains(&policy) {
            plan.bound.policies.push(policy);
        }
    }
}
