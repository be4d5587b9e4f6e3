//! People must reconnect. Seed, *Confirm scope updates*; cases 34, 47.

use super::{Scene, finding};
use crate::plan::{Finding, Rule, Severity};
use crate::platform::odeus::prospect::Prospect;

/// The rule.
pub(super) const RULE: Rule = Rule {
    code: "reconnect-required",
    title: "people must reconnect before everything they may run does run",
    severity: Severity::Note,
    explain: "\
Existing connections keep the scopes granted when they were made. After a scope is added, each person must reconnect
before the new scope is granted; after the OAuth client changes, everybody must. Removing a scope asks nobody.

**What to do.** Tell the people listed. `scopeform status` shows who still has to.
",
};

pub(super) fn check(_: &Scene<'_>, prospect: &Prospect<'_>) -> Vec<Finding> {
    if prospect.operations.is_empty() {
        return Vec::new();
    }
    let (had_to, must) = (&prospect.people.had_to, &prospect.people.must);
    let new = must.difference(had_to).count();
    if new == 0 {
        return Vec::new();
    }
    let people = crate::plan::count(new, "person", "people");
    let why = if prospect.before().client.identity() == prospect.after.client.identity() {
        "for scopes that they have not granted yet"
    } else {
        "because the OAuth client changes"
    };
    vec![finding(
        &RULE,
        prospect.address.clone(),
        format!("{people} must reconnect {why}"),
        "tell them: until then the actions that need the new scopes fail for them",
    )]
}
