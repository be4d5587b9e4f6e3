//! Queued calls that a narrower tier stops. Case 62.

use super::finding;
use crate::model::Address;
use crate::plan::{Finding, Rule, Severity};
use crate::platform::trustpager::prospect::{ClientProspect, KeyProspect};
use crate::platform::trustpager::state::Snapshot;

/// The rule.
pub(super) const RULE: Rule = Rule {
    code: "queued-calls-affected",
    title: "calls that wait for approval can no longer be executed",
    severity: Severity::Warning,
    explain: "\
Calls that wait for approval are checked again when somebody approves them, against what their token may do *then*. After
this plan some of them would be refused.

**What to do.** Approve or reject them before applying, or tell the people who wait.
",
};

pub(super) fn check(prospect: &ClientProspect<'_>, snapshot: &Snapshot) -> Vec<Finding> {
    affected(&prospect.target.address, prospect.queued_affected(snapshot), "client")
}

/// The same for an API key.
pub(super) fn check_key(prospect: &KeyProspect<'_>, snapshot: &Snapshot) -> Vec<Finding> {
    affected(&prospect.target.address, prospect.queued_affected(snapshot), "key")
}

/// Says that calls which wait stay where they are for good.
pub(super) fn affected(unit: &Address, n: usize, whose: &str) -> Vec<Finding> {
    if n == 0 {
        return Vec::new();
    }
    let calls = crate::plan::count(n, "queued call", "queued calls");
    let message = format!("{calls} of this {whose} can no longer be executed when approved");
    vec![finding(&RULE, unit.clone(), message, "approve or reject them before applying")]
}
