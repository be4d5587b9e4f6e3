//! A scope nobody knows. facts.md 3.1.

use super::finding;
use crate::plan::{Finding, Rule, Severity};
use crate::platform::trustpager::prospect::ClientProspect;
use crate::platform::trustpager::state::Snapshot;

/// The rule.
pub(super) const RULE: Rule = Rule {
    code: "unknown-scope",
    title: "the platform reports a scope that the catalogue does not know",
    severity: Severity::Warning,
    explain: "\
The client holds a scope value that is in no published list. The platform's list and its endpoints are known to disagree, so it
is kept as it is: neither removed nor counted.
",
};

pub(super) fn check(prospect: &ClientProspect<'_>, _: &Snapshot) -> Vec<Finding> {
    let unknown = prospect.target.live.state.access.unknown.iter().map(|scope| {
        let message = format!(
            "the client holds `{scope}`, which no published list knows; it is kept as it is"
        );
        finding(&RULE, prospect.target.address.clone(), message, "look it up in the portal")
    });
    unknown.collect()
}
