//! An exception has run out. SEMANTICS sections 2 and 4.

use std::collections::BTreeSet;

use super::{Scene, finding};
use crate::model::ActionKey;
use crate::plan::{Finding, Rule, Severity};
use crate::platform::odeus::desired::DesiredOauth;
use crate::platform::odeus::prospect::Prospect;

/// The rule.
pub(super) const RULE: Rule = Rule {
    code: "substitute-expired",
    title: "a reviewed exception has expired",
    severity: Severity::Blocker,
    explain: "\
A `substitutes` entry says that a narrower scope is enough, until a date. That date has passed, and an action still relies on
it. Exceptions that nobody renews are how temporary access becomes permanent.

**What to do.** Review it again: set a new `until`, add the scopes that the actions declare, or turn the actions off.
",
};

pub(super) fn check(_: &Scene<'_>, prospect: &Prospect<'_>) -> Vec<Finding> {
    let Some(DesiredOauth::Fixed { substitutes, .. }) = &prospect.target.desired.oauth else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for (n, substitute) in substitutes.iter().enumerate() {
        let Some(until) = substitute.until.filter(|_| !substitute.holds_on(prospect.today)) else {
            continue;
        };
        let facts = prospect.facts();
        let named = substitute.actions.iter().filter_map(|key| facts.find(key));
        let named: BTreeSet<&ActionKey> = named.map(|action| &action.key).collect();
        let relying = named.into_iter().filter(|key| {
            let wanted = prospect.target.actions.get(*key);
            let on =
                wanted.map_or_else(|| prospect.after.is_on(key), |wanted| wanted.access.is_on());
            let excused = prospect.proposal.acknowledged.iter().any(|(other, _)| other == *key);
            let lacks = prospect.facts().actions.get(*key).is_some_and(|action| {
                let missing = action.required_scopes.not_covered_by(&prospect.after.requested);
                !missing.intersection(&substitute.stands_for).is_empty()
            });
            on && lacks && !excused
        });
        let relying: Vec<&str> = relying.map(AsRef::as_ref).collect();
        if relying.is_empty() {
            continue;
        }
        let at = prospect.address.oauth().child("substitutes").child(&n.to_string());
        let message = format!(
            "`{}` in place of {} was accepted until {until} for {}",
            substitute.scope,
            substitute.stands_for,
            super::names(relying.into_iter())
        );
        found.push(finding(
            &RULE,
            at,
            message,
            "review it and set a new `until`, or add the scopes",
        ));
    }
    found
}
