//! A tier that grants more. Case 56.

use super::finding;
use crate::model::{Address, Reach as _};
use crate::plan::{Finding, Rule, Severity};
use crate::platform::trustpager::prospect::ClientProspect;
use crate::platform::trustpager::prospect::KeyProspect;
use crate::platform::trustpager::resolve::KeyWish;
use crate::platform::trustpager::state::Snapshot;
use crate::platform::trustpager::state::{AccessList, KeyGrants};

/// The rule.
pub(super) const RULE: Rule = Rule {
    code: "tier-widens",
    title: "an access tier, or what is allowed beside it, becomes wider",
    severity: Severity::Warning,
    explain: "\
A tier is ordered by what it grants, not by its name. *Delete with Approval* reads and writes automatically and queues
deletions, so moving from *Write with Approval* to it makes writes automatic: an escalation, whatever the name suggests.

A verb outside the ladders that is allowed anew is said too: the tier stays, and more is possible beside it. An API key that
is created had nothing before, so everything that it may do is said.

On this platform a save takes effect at once, on every active token.
",
};

pub(super) fn check(prospect: &ClientProspect<'_>, snapshot: &Snapshot) -> Vec<Finding> {
    let before = &prospect.target.before;
    widened(&prospect.target.address, before, &prospect.after.access, snapshot)
}

/// The same for an API key.
pub(super) fn check_key(prospect: &KeyProspect<'_>, snapshot: &Snapshot) -> Vec<Finding> {
    let target = &prospect.target;
    let nothing = AccessList::default();
    let (before, after) = match (&target.before, &target.wanted) {
        (Some(KeyGrants::Custom(before)), KeyWish::May(KeyGrants::Custom(after))) => {
            (before, after)
        }
        (None, KeyWish::May(KeyGrants::Custom(after))) => (&nothing, after),
        // Full access has no tiers and a finding of its own; what ends or loses full access widens nothing.
        (_, KeyWish::May(KeyGrants::FullAccess) | KeyWish::Gone(_))
        | (Some(KeyGrants::FullAccess), KeyWish::May(KeyGrants::Custom(_))) => return Vec::new(),
    };
    let mut found = widened(&target.address, before, after, snapshot);
    if target.before.is_none() && found.is_empty() {
        let message = "a key is created, which may do nothing so far".to_owned();
        found.push(finding(&RULE, target.address.clone(), message, ""));
    }
    found
}

fn widened(
    unit: &Address,
    before: &AccessList,
    after: &AccessList,
    snapshot: &Snapshot,
) -> Vec<Finding> {
    let catalog = &snapshot.catalog;
    let mut found = Vec::new();
    for resource in catalog.resources.values() {
        let (old, new) = (before.all(catalog, resource), after.all(catalog, resource));
        if new.within(&old) {
            continue;
        }
        let (widens, _) = old.words(&new);
        // The line to look at: of the tier, or of the verbs where the tier stays.
        let stays = before.tier_name(resource) == after.tier_name(resource);
        let field = if stays { "verbs" } else { "resources" };
        let (from, to) = (before.words(resource), after.words(resource));
        let (key, widens) = (&resource.key, widens.join("; "));
        let message = match stays {
            true => format!("`{key}`: the tier stays, and beside it {widens} ({from} -> {to})"),
            false => format!("`{key}` widens from {from} to {to}: {widens}"),
        };
        found.push(finding(&RULE, unit.child(field).child(resource.key.as_str()), message, ""));
    }
    found
}
