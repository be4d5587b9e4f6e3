//! Fixed scopes together with the new-actions switch. facts.md 1.5.

use super::{Scene, finding};
use crate::plan::{Finding, Rule, Severity};
use crate::platform::odeus::prospect::Prospect;

/// The rule.
pub(super) const RULE: Rule = Rule {
    code: "fixed-with-new-actions-default",
    title: "fixed scopes are paired with new actions enabled by default",
    severity: Severity::Warning,
    explain: "\
The integration uses fixed scopes while *New actions enabled by default* is on. The platform's documentation says both that
a covered new action is then enabled and that it stays disabled, and recommends to pair fixed scopes with the switch off.

**What to do.** Write `new_actions_enabled_by_default: false` at the top of the file.
",
};

pub(super) fn check(scene: &Scene<'_>, prospect: &Prospect<'_>) -> Vec<Finding> {
    let on = scene
        .desired
        .new_actions_enabled_by_default
        .unwrap_or(scene.snapshot.settings.new_actions_enabled_by_default);
    if !on || !prospect.declares_fixed() {
        return Vec::new();
    }
    vec![finding(
        &RULE,
        prospect.address.oauth().child("mode"),
        "fixed scopes, while new actions are enabled by default".to_owned(),
        "write `new_actions_enabled_by_default: false`",
    )]
}
