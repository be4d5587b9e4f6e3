//! Queued calls that a narrower tier stops. Case 62.

use super::finding;
use crate::plan::{Finding, Rule, Severity};
use crate::platform::trustpager::prospect::ClientProspect;
use crate::platform::trustpager::state::Caller;
use crate::platform::trustpager::state::Snapshot;

/// The rule.
pub(super) const RULE: Rule = Rule {
    code: "queued-calls-affected",
    title: "calls that wait for approval can no longer be executed",
    severity: Severity::Warning,
    explain: "\
Calls that wait for approval are checked again when somebody approves them, against what their token may do *then*. After
this plan some of them would be refused.

**What to do.** Approve or reject them before applying, or tell the people who wait.
",
};

pub(super) fn check(prospect: &ClientProspect<'_>, snapshot: &Snapshot) -> Vec<Finding> {
    if prospect.operations.is_empty() {
        return Vec::new();
    }
    let mine = snapshot.queue.iter().filter(|item| {
        matches!(&item.caller, Caller::Token { client, .. } if client == prospect.target.name)
    });
    let affected = mine.filter(|item| {
        let Caller::Token { token, .. } = &item.caller else { return false };
        let Some(token) = prospect.after.tokens.get(token) else { return true };
        let Some(resource) = snapshot.catalog.resource(&item.resource) else { return true };
        let role = snapshot.users.get(&token.user);
        crate::platform::trustpager::machine::token_may(
            &snapshot.catalog,
            &prospect.after.access,
            resource,
            role,
            &item.verb,
        )
        .is_none()
    });
    let n = affected.count();
    if n == 0 {
        return Vec::new();
    }
    let calls = crate::plan::count(n, "queued call", "queued calls");
    let message = format!("{calls} of this client can no longer be executed when approved");
    vec![finding(
        &RULE,
        prospect.target.address.clone(),
        message,
        "approve or reject them before applying",
    )]
}
