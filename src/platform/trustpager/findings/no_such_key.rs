//! A line that revokes an API key which is not there.

use super::finding;
use crate::model::nearest;
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
what the line is for, or the name is wrong and the key that is meant still works. Where a key with a similar name is live, this
is a warning.

**What to do.** `scopeform status` shows the API keys. Correct the name, or remove the line.
",
};

pub(super) fn check(prospect: &KeyProspect<'_>, snapshot: &Snapshot) -> Vec<Finding> {
    let target = &prospect.target;
    let (KeyWish::Gone(reason), None) = (&target.wanted, target.live) else { return Vec::new() };
    let nothing =
        format!("there is no API key `{}`, so nothing is revoked for `{reason}`", target.name);
    let at = target.address.clone();
    let found = match nearest(target.name.as_str(), snapshot.keys.keys().map(KeyName::as_str)) {
        Some(near) => {
            let message = format!("{nothing}, and `{near}` is live");
            let told = finding(&RULE, at, message, format!("did you mean `{near}`?"));
            Finding { severity: Severity::Warning, ..told }
        }
        None => finding(
            &RULE,
            at,
            format!("{nothing}: it has ended already, or the name is wrong"),
            "`scopeform status` shows the keys; once the key has ended, remove the line",
        ),
    };
    vec![found]
}
