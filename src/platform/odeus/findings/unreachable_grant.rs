//! A share that the integration's own gate makes void. Case 39.

use super::{Scene, finding, names};
use crate::model::{Access, Principal};
use crate::plan::{Finding, Rule, Severity};
use crate::platform::odeus::audience::{Gates, Others, Resolver};
use crate::platform::odeus::prospect::Prospect;

/// The rule.
pub(super) const RULE: Rule = Rule {
    code: "unreachable-grant",
    title: "an action is shared with somebody who cannot use the integration",
    severity: Severity::Warning,
    explain: "\
Both gates must let a person through: the integration's access and the action's. The action is shared with a user or group
that the integration is not shared with, so the share has no effect; the action still counts as shared and still holds its
scopes.

**What to do.** Share the integration with them too, or take them off the action.
",
};

pub(super) fn check(scene: &Scene<'_>, prospect: &Prospect<'_>) -> Vec<Finding> {
    if prospect.after.access == Access::Everyone {
        return Vec::new();
    }
    let mut resolver = Resolver::new(&scene.snapshot.directory);
    let mut found = Vec::new();
    for (key, wanted) in &prospect.target.actions {
        let Access::Only(list) = wanted.access else { continue };
        let blocked: Vec<String> = list
            .iter()
            .filter(|principal| {
                let alone = Access::only([(*principal).clone()]);
                let alone_open = resolver
                    .passes(&Gates { integration: &Access::Everyone, action: Some(&alone) });
                let through = resolver
                    .passes(&Gates { integration: &prospect.after.access, action: Some(&alone) });
                let nobody =
                    |others: &Others| matches!(others, Others::Users(users) if users.is_empty());
                !nobody(&alone_open) && nobody(&through)
            })
            .map(Principal::to_string)
            .collect();
        if !blocked.is_empty() {
            found.push(finding(
                &RULE,
                prospect.declared_at(key),
                format!(
                    "`{key}` is shared with {}, who cannot use `{}`",
                    names(blocked.iter().map(String::as_str)),
                    prospect.target.key
                ),
                "share the integration with them too, or take them off the action",
            ));
        }
    }
    found
}
