//! A scope that asks for whatever is registered for the client.

use super::{Scene, finding};
use crate::plan::{Finding, Rule, Severity};
use crate::platform::odeus::prospect::Prospect;
use crate::platform::odeus::scope_facts::is_default;

/// The rule.
pub(super) const RULE: Rule = Rule {
    code: "default-scope",
    title: "`.default` asks for everything that is registered for the client",
    severity: Severity::Warning,
    explain: "\
`RESOURCE/.default` is no scope of its own: it asks for every permission of the resource that is registered for the OAuth
client at the provider, those included that only a tenant administrator can grant. What is registered stands outside these
files and changes without them, so no plan can say what becomes possible. It counts as a scope of the highest privilege
level, and an approval rule with `when: admin_consent` asks for it.

**What to do.** List the scopes that are needed.
",
};

pub(super) fn check(_: &Scene<'_>, prospect: &Prospect<'_>) -> Vec<Finding> {
    let provider = &prospect.facts().provider;
    let before = &prospect.before().requested;
    let declared = prospect.declares_fixed();
    let asked = prospect.after.requested.iter().filter(|scope| is_default(provider, scope));
    let found = asked.filter(|scope| declared || !before.contains(scope)).map(|scope| {
        let at = prospect.address.scope_list().child(scope.as_str());
        let message = format!(
            "`{scope}` asks for everything that is registered for the client, and no plan can say what that is"
        );
        finding(&RULE, at, message, "list the scopes that are needed")
    });
    found.collect()
}
