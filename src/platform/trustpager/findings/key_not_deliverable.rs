//! A key without a place for its value. SEMANTICS section 6.

use super::finding;
use crate::plan::{Finding, Rule, Severity};
use crate::platform::trustpager::prospect::KeyProspect;
use crate::platform::trustpager::state::Snapshot;

/// The rule.
pub(super) const RULE: Rule = Rule {
    code: "key-not-deliverable",
    title: "an API key would have to be created and nothing says where its value goes",
    severity: Severity::Blocker,
    explain: "\
The value of an API key is shown once, when it is created. A key that the files declare and that does not exist is created
only when the files say where the value goes: a file, written with mode 0600, and nowhere else.

    api_keys:
      nightly export:
        resources: {contacts: read}
        deliver: {file: /run/secrets/nightly-export}

**What to do.** Add `deliver`, or create the key in the portal.
",
};

pub(super) fn check(prospect: &KeyProspect<'_>, _: &Snapshot) -> Vec<Finding> {
    if !prospect.undeliverable {
        return Vec::new();
    }
    let message = format!(
        "there is no API key `{}`, and nothing says where its value would go",
        prospect.target.name
    );
    vec![finding(
        &RULE,
        prospect.target.address.clone(),
        message,
        "add `deliver: {file: PATH}`, or create the key in the portal",
    )]
}
