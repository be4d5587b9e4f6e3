//! A scope that the vendor added waits for somebody to confirm it. Cases 22, 23; SEMANTICS section 2.

use super::{Scene, finding_with_list};
use crate::model::ScopeSet;
use crate::plan::{Finding, Rule, Severity};
use crate::platform::odeus::machine::pending;
use crate::platform::odeus::prospect::Prospect;

/// The rule.
pub(super) const RULE: Rule = Rule {
    code: "catalog-scope-pending",
    title: "the vendor added a scope that nobody has confirmed",
    severity: Severity::Warning,
    explain: "\
The vendor added a scope to an action that is on, added a native action, or added a base scope. A new scope never widens
silently what is requested: it is *pending*, and until somebody confirms it the action shows *Missing scope*.

Nobody wrote a line for this scope, so `apply --auto-approve` does not cover it (exit code 5).

**What to do.** Review it, then one of: answer `yes` at the prompt; apply a saved and reviewed plan file; or write
`accept_scopes: [SCOPE]` for the integration. To refuse it, turn the actions off that need it.
",
};

pub(super) fn check(_: &Scene<'_>, prospect: &Prospect<'_>) -> Vec<Finding> {
    let still = pending(prospect.facts(), &prospect.after);
    let touched: ScopeSet = pending(prospect.facts(), prospect.before()).union(&still);
    let mut found = Vec::new();
    for scope in &touched {
        let needing: Vec<_> = prospect
            .facts()
            .actions
            .values()
            .filter(|action| action.required_scopes.contains(scope))
            .filter(|action| action.native || prospect.after.is_on(&action.key))
            .collect();
        if needing.is_empty() && !prospect.facts().base_scopes.contains(scope) {
            continue;
        }
        let keys: Vec<String> = needing.iter().map(|action| format!("`{}`", action.key)).collect();
        let mut features: Vec<&str> =
            needing.iter().flat_map(|action| action.features.iter().map(|f| f.title())).collect();
        features.sort_unstable();
        features.dedup();
        let degraded = if features.is_empty() {
            String::new()
        } else {
            format!("; degraded until it is requested: {}", features.join(", "))
        };
        let needed_by =
            if keys.is_empty() { "every connection".to_owned() } else { keys.join(", ") };
        let (what, help) = if still.contains(scope) {
            (
                "is not requested, and this plan leaves it so",
                "add `accept_scopes` to the integration to request it",
            )
        } else if prospect.target.desired.accept_scopes.contains(scope) {
            ("is requested by this plan, as `accept_scopes` says", "")
        } else {
            (
                "is requested by this plan although no line names it",
                "review it and write `accept_scopes`, answer the prompt, or apply a saved plan: `--auto-approve` does not cover it",
            )
        };
        let one = ScopeSet::from_iter([scope.clone()]);
        let message = format!(
            "scope {scope}, added by the vendor and needed by {needed_by}, {what}{degraded}"
        );
        found.push(finding_with_list(&RULE, prospect.address.oauth(), message, help, one));
    }
    found
}
