//! A new scope needs a tenant administrator. facts.md 1.8.

use super::{Scene, finding_with_list};
use crate::plan::{Finding, Rule, Severity};
use crate::platform::odeus::prospect::Prospect;

/// The rule.
pub(super) const RULE: Rule = Rule {
    code: "admin-consent-required",
    title: "a tenant administrator must consent before anybody can connect",
    severity: Severity::Warning,
    explain: "\
The plan requests a scope that only a tenant administrator can grant. Until an administrator of the provider's tenant
has granted it for the OAuth client, people who connect see *Need admin approval*.

Granting tenant-wide consent again may revoke what was granted tenant-wide earlier for the same application. So the list
printed with this finding is the **whole** list of scopes to grant, never only the new ones.

**What to do.** Before applying, have a Cloud Application Administrator or Global Administrator grant the list under
Enterprise applications, Permissions, in the Entra admin centre. For a custom client the scopes must also be configured as
API permissions of the app registration.

A scope of which no source says whether an administrator must consent is not listed here; the plan marks it *consent unknown*.
An approval rule with `when: admin_consent` asks for it all the same.
",
};

pub(super) fn check(_: &Scene<'_>, prospect: &Prospect<'_>) -> Vec<Finding> {
    let added = prospect.after.requested.minus(&prospect.before().requested);
    let provider = &prospect.facts().provider;
    let consent: crate::model::ScopeSet = added
        .into_iter()
        .filter(|scope| {
            crate::platform::odeus::scope_facts::known(provider, scope)
                .is_some_and(|fact| fact.admin_consent == Some(true))
        })
        .collect();
    if consent.is_empty() {
        return Vec::new();
    }
    vec![finding_with_list(
        &RULE,
        prospect.address.oauth(),
        format!("{consent} must be granted by a tenant administrator before anybody can connect"),
        "grant the whole list below for the OAuth client: granting only the new scopes may revoke the others",
        prospect.after.requested.clone(),
    )]
}
