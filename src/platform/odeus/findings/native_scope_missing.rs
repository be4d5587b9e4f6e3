//! Native scopes are missing from a fixed list. Seed, *Native actions*; case 10.

use super::{Scene, finding_with_list};
use crate::model::ScopeSet;
use crate::plan::{Finding, Rule, Severity};
use crate::platform::odeus::prospect::Prospect;
use crate::platform::odeus::state::Mode;

/// The rule.
pub(super) const RULE: Rule = Rule {
    code: "native-scope-missing",
    title: "platform features break because native scopes are not requested",
    severity: Severity::Warning,
    explain: "\
Native actions power platform features: file attachments in chat and agents, folder syncing, company knowledge, access
checks for synchronized attachments, resolving ids to names. In managed and sync mode their scopes are always requested.
With fixed scopes the list decides, and a list without them breaks these features, also for people who never use the
integration directly.

**What to do.** Add the scopes to `oauth.scopes` unless the features named are not wanted.
",
};

pub(super) fn check(_: &Scene<'_>, prospect: &Prospect<'_>) -> Vec<Finding> {
    if prospect.after.client.mode() != Some(Mode::Fixed) {
        return Vec::new();
    }
    let mut missing = ScopeSet::new();
    let mut features = std::collections::BTreeSet::new();
    let mut actions = Vec::new();
    for action in prospect.facts().actions.values().filter(|action| action.native) {
        let absent = action.required_scopes.not_covered_by(&prospect.after.requested);
        if !absent.is_empty() {
            missing.extend_from(&absent);
            features.extend(action.features.iter().map(|feature| feature.title()));
            actions.push(format!("`{}`", action.key));
        }
    }
    if missing.is_empty() {
        return Vec::new();
    }
    let features: Vec<&str> = features.into_iter().collect();
    vec![finding_with_list(
        &RULE,
        prospect.address.scope_list(),
        format!(
            "the list lacks {missing}, which native actions need ({}); features that break: {}",
            actions.join(", "),
            features.join(", ")
        ),
        "add the scopes unless these features are not wanted",
        missing,
    )]
}
