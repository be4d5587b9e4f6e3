//! The machine refuses the target.

use super::{Scene, finding};
use crate::plan::{Finding, Rule, Severity};
use crate::platform::odeus::prospect::Prospect;

/// The rule.
pub(super) const RULE: Rule = Rule {
    code: "platform-refuses",
    title: "the platform would refuse a write of this plan",
    severity: Severity::Blocker,
    explain: "\
The platform's own rules forbid one of the writes that the files ask for, in every order. The message says which rule.
",
};

pub(super) fn check(_: &Scene<'_>, prospect: &Prospect<'_>) -> Vec<Finding> {
    let refused = prospect.rejected.iter().map(|rejected| {
        finding(
            &RULE,
            prospect.address.clone(),
            rejected.to_string(),
            "change the declaration of the integration",
        )
    });
    refused.collect()
}
