//! A genuine swap. SEMANTICS section 5.

use super::finding;
use crate::plan::consequence::ORDER_WINDOW;
use crate::plan::{Finding, Rule, Severity};
use crate::platform::trustpager::prospect::ClientProspect;
use crate::platform::trustpager::state::Snapshot;

/// The rule.
pub(super) const RULE: Rule = Rule {
    code: ORDER_WINDOW,
    title: "no order of the writes is safe at every moment",
    severity: Severity::Blocker,
    explain: "\
No order of the revokes and the save keeps every law at every moment. This does not happen on TrustPager, where a revoke
never gives anybody anything; if it does, it is a bug worth reporting.
",
};

pub(super) fn check(prospect: &ClientProspect<'_>, _: &Snapshot) -> Vec<Finding> {
    let window = prospect.window.iter();
    window
        .map(|violation| finding(&RULE, prospect.target.address.clone(), violation.to_string(), ""))
        .collect()
}
