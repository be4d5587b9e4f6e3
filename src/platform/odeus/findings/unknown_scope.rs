//! A scope nobody knows. Case 15.

use super::{Scene, finding};
use crate::plan::{Finding, Rule, Severity};
use crate::platform::odeus::prospect::Prospect;
use crate::platform::odeus::scope_facts::{is_listed_form, known, same_but_case};

/// The rule.
pub(super) const RULE: Rule = Rule {
    code: "unknown-scope",
    title: "a scope of the fixed list is in no list that we know",
    severity: Severity::Warning,
    explain: "\
A scope of the list is neither declared by any action of the integration nor among the provider's published scopes. That is
allowed, but one unknown scope can make the provider refuse the **whole** authorisation, so that nobody can connect.

**What to do.** Check the spelling against the provider's documentation.
",
};

pub(super) fn check(_: &Scene<'_>, prospect: &Prospect<'_>) -> Vec<Finding> {
    if !crate::platform::odeus::planner::declares_fixed(prospect) {
        return Vec::new();
    }
    let provider = &prospect.facts().provider;
    let catalogue = prospect.facts().recommended_scopes();
    let unknown = prospect.after.requested.iter().filter(|scope| {
        !catalogue.contains(scope)
            && !catalogue.iter().any(|declared| declared.becomes(scope))
            && is_listed_form(provider, scope)
            && known(provider, scope).is_none()
            && same_but_case(provider, scope, &catalogue).is_none()
    });
    let found = unknown.map(|scope| {
        finding(
            &RULE,
            prospect.address.child("oauth").child("scopes").child(scope.as_str()),
            format!("`{scope}` is no scope that {provider} publishes; one unknown scope can fail every connection"),
            "check the spelling",
        )
    });
    found.collect()
}
