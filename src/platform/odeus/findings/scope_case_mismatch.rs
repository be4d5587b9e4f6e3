//! A scope in the wrong case. Case 13.

use super::{Scene, finding};
use crate::plan::{Finding, Rule, Severity};
use crate::platform::odeus::prospect::Prospect;
use crate::platform::odeus::scope_facts::{Doubt, doubt};

/// The rule.
pub(super) const RULE: Rule = Rule {
    code: "scope-case-mismatch",
    title: "a scope differs from a known one only in upper and lower case",
    severity: Severity::Blocker,
    explain: "\
Scopes are case-sensitive (RFC 6749 section 3.3): `files.read.all` is not `Files.Read.All`. The provider would refuse the
whole authorisation, and actions that need the real scope would show *Missing scope*. The scheme and the host of a scope
that is an address are written in lower case.

**What to do.** Write the scope as suggested.
",
};

pub(super) fn check(_: &Scene<'_>, prospect: &Prospect<'_>) -> Vec<Finding> {
    if !prospect.declares_fixed() {
        return Vec::new();
    }
    let catalogue = prospect.facts().recommended_scopes();
    let found = prospect.after.requested.iter().filter_map(|scope| {
        let doubt = doubt(&prospect.facts().provider, scope, &catalogue);
        let Some(Doubt::Case(right)) = doubt else { return None };
        let at = prospect.address.scope_list().child(scope.as_str());
        let message = format!("scope `{scope}` is not `{right}`: scopes are compared byte by byte");
        Some(finding(&RULE, at, message, format!("write `{right}`")))
    });
    found.collect()
}
