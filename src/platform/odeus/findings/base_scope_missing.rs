//! A fixed list without base scopes. Case 8.

use super::{Scene, finding_with_list};
use crate::plan::{Finding, Rule, Severity};
use crate::platform::odeus::prospect::Prospect;
use crate::platform::odeus::state::Mode;

/// The rule.
pub(super) const RULE: Rule = Rule {
    code: "base-scope-missing",
    title: "the fixed list lacks a scope that every connection needs",
    severity: Severity::Warning,
    explain: "\
Each integration has base scopes, which identify the user and keep the connection alive (`offline_access`, `User.Read`, ...).
They differ per integration. In managed and sync mode they are always requested. With fixed scopes the list is requested
verbatim: nothing is appended, so a list without them gives connections that may not refresh or that cannot tell whose
they are.

**What to do.** Add the scopes to `oauth.scopes`, or use `scopes: recommended`.
",
};

pub(super) fn check(_: &Scene<'_>, prospect: &Prospect<'_>) -> Vec<Finding> {
    if prospect.after.client.mode() != Some(Mode::Fixed) || !prospect.declares_fixed() {
        return Vec::new();
    }
    let missing = prospect.facts().base_scopes.minus(&prospect.after.requested);
    if missing.is_empty() {
        return Vec::new();
    }
    vec![finding_with_list(
        &RULE,
        prospect.address.scope_list(),
        format!("the list lacks base scopes: {missing}; connections may not refresh"),
        "add them to the list",
        missing,
    )]
}
