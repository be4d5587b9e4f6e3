//! A line that revokes an API key which is not there.

use super::finding;
use crate::model::{nearest, some_of};
use crate::plan::{Finding, Rule, Severity};
use crate::platform::trustpager::name::KeyName;
use crate::platform::trustpager::prospect::KeyProspect;
use crate::platform::trustpager::resolve::KeyWish;
use crate::platform::trustpager::state::Snapshot;

/// The rule.
pub(super) const RULE: Rule = Rule {
    code: "no-such-key",
    title: "a line revokes an API key that is not there",
    severity: Severity::Note,
    explain: "\
A key below `api_keys:` that says `revoke:` is not there, so the line does nothing. Either the key has ended already, which is
what the line is for, or the name is wrong and the key that is meant still works. While there are other keys, this is a
warning.

**What to do.** Correct the name, or remove the line once the key has ended. `scopeform status` shows the API keys.
",
};

pub(super) fn check(prospect: &KeyProspect<'_>, snapshot: &Snapshot) -> Vec<Finding> {
    let target = &prospect.target;
    let (KeyWish::Gone(reason), None) = (&target.wanted, target.live) else { return Vec::new() };
    let message = format!(
        "there is no API key `{}`, so nothing is revoked for `{reason}`: it has ended already, or the name is wrong",
        target.name
    );
    // Whether a name is near decides only which is told first: in a snapshot names stand for others, and the same is found.
    let live = || snapshot.keys.keys().map(KeyName::as_str);
    let near = nearest(target.name.as_str(), live());
    let others = live().filter(|name| Some(*name) != near);
    let help = if snapshot.keys.is_empty() {
        "remove the line".to_owned()
    } else {
        let meant = some_of(near.into_iter().chain(others));
        format!("if it has ended, remove the line; else name the key that is meant, {meant}")
    };
    let found = finding(&RULE, target.address.clone(), message, help);
    let severity = if snapshot.keys.is_empty() { found.severity } else { Severity::Warning };
    vec![Finding { severity, ..found }]
}
