//! A closed integration still requests scopes. Case 40.

use super::{Scene, finding};
use crate::model::Access;
use crate::plan::{Finding, Rule, Severity};
use crate::platform::odeus::prospect::Prospect;

/// The rule.
pub(super) const RULE: Rule = Rule {
    code: "admins-only",
    title: "scopes are requested by an integration that nobody but admins can use",
    severity: Severity::Note,
    explain: "\
The integration is closed (`access: nobody`), so only workspace admins can connect it, while its enabled and shared actions
still make it request their scopes: the platform ties scopes to actions, not to the integration's own access.

**What to do.** Turn the actions off as well (`unlisted_actions: disabled`), unless admins need them.
",
};

pub(super) fn check(_: &Scene<'_>, prospect: &Prospect<'_>) -> Vec<Finding> {
    let extra = prospect.after.requested.minus(&prospect.facts().base_scopes);
    let closed =
        prospect.after.access == Access::Nobody && prospect.target.desired.access.is_some();
    if !closed || extra.is_empty() {
        return Vec::new();
    }
    vec![finding(
        &RULE,
        prospect.address.child("access"),
        format!("nobody but admins can use it, and it still requests {extra}"),
        "turn its actions off too if admins do not need them",
    )]
}
