//! The machine refuses the target.

use super::finding;
use crate::plan::{Finding, Rule, Severity};
use crate::platform::trustpager::prospect::ClientProspect;
use crate::platform::trustpager::state::Snapshot;

/// The rule.
pub(super) const RULE: Rule = Rule {
    code: "platform-refuses",
    title: "the platform would refuse a write of this plan",
    severity: Severity::Blocker,
    explain: "\
The platform's own rules forbid one of the writes that the files ask for. The message says which rule.
",
};

pub(super) fn check(prospect: &ClientProspect<'_>, _: &Snapshot) -> Vec<Finding> {
    let refused = prospect.rejected.iter();
    refused
        .map(|why| {
            finding(
                &RULE,
                prospect.target.address.clone(),
                why.to_string(),
                "change the declaration of the client",
            )
        })
        .collect()
}
