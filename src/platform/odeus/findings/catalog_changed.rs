//! Actions that are on without a line. Case 19.

use super::{Scene, finding, names};
use crate::plan::{Finding, Rule, Severity};
use crate::platform::odeus::desired::Unlisted;
use crate::platform::odeus::prospect::Prospect;
use crate::platform::odeus::state::Mode;

/// The rule.
pub(super) const RULE: Rule = Rule {
    code: "catalog-changed",
    title: "the vendor added actions that no line names",
    severity: Severity::Note,
    explain: "\
The integration has enabled or disabled actions that no line of the files names, and the files say what to do with named
actions only. When *New actions enabled by default* is on, an action that the vendor adds is enabled for everyone as soon
as its scopes are covered: nobody reviewed it.

**What to do.** Name the actions, or write `unlisted_actions: disabled`, or turn `new_actions_enabled_by_default` off.
",
};

pub(super) fn check(scene: &Scene<'_>, prospect: &Prospect<'_>) -> Vec<Finding> {
    let default_on = scene
        .desired
        .new_actions_enabled_by_default
        .unwrap_or(scene.snapshot.settings.new_actions_enabled_by_default);
    let follows = prospect.after.client.mode().is_some_and(Mode::follows_actions);
    let declares_actions = !prospect.target.actions.is_empty();
    if !default_on
        || !follows
        || !declares_actions
        || prospect.target.desired.unlisted_actions == Unlisted::Disabled
    {
        return Vec::new();
    }
    let on = prospect.after.actions.iter().filter(|(key, own)| {
        let native = prospect.facts().actions.get(*key).is_some_and(|action| action.native);
        !native && own.access.is_on() && !prospect.target.actions.contains_key(*key)
    });
    let on: Vec<&str> = on.map(|(key, _)| key.as_str()).collect();
    if on.is_empty() {
        return Vec::new();
    }
    vec![finding(
        &RULE,
        prospect.address.child("actions"),
        format!(
            "on and named by no line, by platform default or by hand: {}",
            names(on.into_iter())
        ),
        "name them, or write `unlisted_actions: disabled`",
    )]
}
