//! A removed scope lives on in grants. SEMANTICS section 2; case 47.

use super::{Scene, finding};
use crate::plan::{Finding, Rule, Severity};
use crate::platform::odeus::prospect::Prospect;

/// The rule.
pub(super) const RULE: Rule = Rule {
    code: "grant-outlives-removal",
    title: "a removed scope is still held by people who connected before",
    severity: Severity::Note,
    explain: "\
Removing a scope changes what is *requested*. What people *granted* earlier stays with their connection until they reconnect
it or their access token expires. So a removal is not over when it is applied.

**What to do.** If the scope must be gone now, revoke the grants at the provider, or have the people listed reconnect.
`scopeform status` shows who still holds what.
",
};

pub(super) fn check(_: &Scene<'_>, prospect: &Prospect<'_>) -> Vec<Finding> {
    let found = prospect.people.still_hold.iter().map(|(scope, users)| {
        let people =
            crate::plan::count(users.len(), "connection still holds", "connections still hold");
        finding(
            &RULE,
            prospect.address.oauth(),
            format!("{people} {scope} until they reconnect or the token expires"),
            "revoke the grant at the provider if it must be gone now",
        )
    });
    found.collect()
}
