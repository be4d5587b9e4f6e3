//! Scope management has not reached the integration. Case 51.

use super::{Scene, finding};
use crate::plan::{Finding, Rule, Severity};
use crate::platform::odeus::catalog::Auth;
use crate::platform::odeus::prospect::Prospect;

/// The rule.
pub(super) const RULE: Rule = Rule {
    code: "scopes-assumed",
    title: "the integration does not let scopes be managed yet, so what it requests is assumed",
    severity: Severity::Note,
    explain: "\
The platform does not support scope management for this integration yet. Access and sharing can be managed; toggling an action
moves no scope. What such an integration requests, once it has an OAuth client, is not documented: every scope that the
catalogue knows is assumed.
",
};

pub(super) fn check(_: &Scene<'_>, prospect: &Prospect<'_>) -> Vec<Finding> {
    let facts = prospect.facts();
    // Without a client nothing is requested, so there is nothing to assume.
    let assumed = facts.auth == Auth::Oauth
        && !facts.scope_management
        && prospect.before().client.mode().is_some();
    if !assumed {
        return Vec::new();
    }
    vec![finding(
        &RULE,
        prospect.address.clone(),
        "scopes cannot be managed here yet; every scope of the catalogue is assumed to be requested".to_owned(),
        "",
    )]
}
