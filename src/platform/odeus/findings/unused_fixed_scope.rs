//! A scope of the list that nothing uses.

use super::{Scene, finding};
use crate::model::ScopeSet;
use crate::plan::{Finding, Rule, Severity};
use crate::platform::odeus::desired::DesiredOauth;
use crate::platform::odeus::machine::needed;
use crate::platform::odeus::prospect::Prospect;
use crate::platform::odeus::scope_facts::{doubt, is_default};

/// The rule.
pub(super) const RULE: Rule = Rule {
    code: "unused-fixed-scope",
    title: "the fixed list holds a scope that nothing uses",
    severity: Severity::Note,
    explain: "\
A scope of the list is needed by no action that is on, by no native action, by no substitute, and is no base scope. People
are asked for it, and nothing uses it.

**What to do.** Take it off the list, unless an action that needs it is about to be turned on.
",
};

pub(super) fn check(_: &Scene<'_>, prospect: &Prospect<'_>) -> Vec<Finding> {
    let Some(DesiredOauth::Fixed { substitutes, .. }) = &prospect.target.desired.oauth else {
        return Vec::new();
    };
    let excused: ScopeSet = substitutes.iter().map(|substitute| substitute.scope.clone()).collect();
    let used = needed(prospect.facts(), &prospect.after).union(&excused);
    let unused = prospect.after.requested.minus(&used);
    let unused = unused.iter().filter(|scope| !used.iter().any(|declared| declared.becomes(scope)));
    // What is told to be misspelt or unknown, or to stand for everything, is not told to be taken off the list as well.
    let provider = &prospect.facts().provider;
    let catalogue = prospect.facts().recommended_scopes();
    let unused = unused.filter(|scope| {
        !is_default(provider, scope) && doubt(provider, scope, &catalogue).is_none()
    });
    let found = unused.map(|scope| {
        let at = prospect.address.scope_list().child(scope.as_str());
        finding(&RULE, at, format!("nothing that is on needs `{scope}`"), "take it off the list")
    });
    found.collect()
}
