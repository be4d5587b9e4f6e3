//! A key with full access. facts.md 3.1.

use super::finding;
use crate::plan::{Finding, Rule, Severity};
use crate::platform::trustpager::prospect::KeyProspect;
use crate::platform::trustpager::resolve::KeyWish;
use crate::platform::trustpager::state::KeyGrants;
use crate::platform::trustpager::state::Snapshot;

/// The rule.
pub(super) const RULE: Rule = Rule {
    code: "full-access-key",
    title: "an API key may do everything, approving included",
    severity: Severity::Warning,
    explain: "\
A full-access key may do everything in the workspace, also approve and reject queued calls. The key alone decides: no role
narrows it.

**What to do.** List `resources` instead, unless the key really is for administration.
",
};

pub(super) fn check(prospect: &KeyProspect<'_>, _: &Snapshot) -> Vec<Finding> {
    if prospect.target.wanted != KeyWish::May(KeyGrants::FullAccess) {
        return Vec::new();
    }
    let message =
        "the key may do everything, approving and rejecting queued calls included".to_owned();
    vec![finding(&RULE, prospect.target.address.clone(), message, "list `resources` instead")]
}
