//! A scope of the highest privilege level.

use super::{Scene, asked_for_at, finding};
use crate::model::ScopeSet;
use crate::plan::{Finding, Rule, Severity};
use crate::platform::odeus::prospect::Prospect;
use crate::platform::odeus::scope_facts::{is_default, known};

/// The rule.
pub(super) const RULE: Rule = Rule {
    code: "high-privilege-scope",
    title: "a very powerful scope is requested",
    severity: Severity::Warning,
    explain: "\
The plan requests a scope that the provider itself grades at its highest privilege level.

**What to do.** See whether a narrower scope does: the causes printed with the scope name the actions that need it.
",
};

/// The provider's grade from which a scope counts as very powerful.
pub(super) const HIGH: u8 = 4;

pub(super) fn check(_: &Scene<'_>, prospect: &Prospect<'_>) -> Vec<Finding> {
    let added = prospect.after.requested.minus(&prospect.before().requested);
    let provider = &prospect.facts().provider;
    let high = added.iter().filter_map(|scope| {
        let level = known(provider, scope)?.level?;
        (level.0 >= HIGH).then(|| {
            let level = level.0;
            let message = match is_default(provider, scope) {
                true => format!(
                    "{scope} may hold scopes of privilege level {level}, the provider's highest"
                ),
                false => format!("{scope} has privilege level {level}, the provider's highest"),
            };
            let at = asked_for_at(prospect, &ScopeSet::from_iter([scope.clone()]));
            finding(&RULE, at, message, "")
        })
    });
    high.collect()
}
