//! A scope nobody knows. Case 15.

use super::{Scene, finding};
use crate::plan::{Finding, Rule, Severity};
use crate::platform::odeus::prospect::Prospect;
use crate::platform::odeus::scope_facts::{Doubt, doubt};

/// The rule.
pub(super) const RULE: Rule = Rule {
    code: "unknown-scope",
    title: "a scope of the fixed list is in no list that we know",
    severity: Severity::Warning,
    explain: "\
A scope of the list is neither declared by any action of the integration nor among the provider's published scopes. That is
allowed, but one unknown scope can make the provider refuse the **whole** authorisation, so that nobody can connect. Nor is
it known what the scope allows and whether a tenant administrator must consent to it. So it is with every scope of another
resource of the provider, such as `https://management.azure.com/user_impersonation`.

**What to do.** Check the spelling against the provider's documentation, and what the scope allows.
",
};

pub(super) fn check(_: &Scene<'_>, prospect: &Prospect<'_>) -> Vec<Finding> {
    if !prospect.declares_fixed() {
        return Vec::new();
    }
    let provider = &prospect.facts().provider;
    let catalogue = prospect.facts().recommended_scopes();
    let found = prospect.after.requested.iter().filter_map(|scope| {
        let Some(Doubt::Unknown { listed, near }) = doubt(provider, scope, &catalogue) else {
            return None;
        };
        let message = if listed {
            format!("`{scope}` is no scope that {provider} publishes; one unknown scope can fail every connection")
        } else {
            format!("`{scope}` is of a resource whose scopes are in no list that we know; what it allows is not known, and one unknown scope can fail every connection")
        };
        let help = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => "check the spelling".to_owned(),
        };
        let at = prospect.address.scope_list().child(scope.as_str());
        Some(finding(&RULE, at, message, help))
    });
    found.collect()
}
