//! A ceiling above a role. Seed, *How scopes interact with user permissions*; case 53.

use std::collections::BTreeSet;

use super::finding;
use crate::model::Reach as _;
use crate::plan::{Finding, Rule, Severity};
use crate::platform::trustpager::machine::effective;
use crate::platform::trustpager::prospect::ClientProspect;
use crate::platform::trustpager::state::{AccessList, Snapshot};

/// The rule.
pub(super) const RULE: Rule = Rule {
    code: "role-decides",
    title: "a raised ceiling changes nothing for holders whose role is narrower",
    severity: Severity::Note,
    explain: "\
A client's tier is a ceiling: what a token may do is the narrower of the client's tier and the role of the user who
authorised it. Raising the ceiling above somebody's role changes nothing for them.

**What to do.** Change the user's role if the user is meant to have the access.
",
};

pub(super) fn check(prospect: &ClientProspect<'_>, snapshot: &Snapshot) -> Vec<Finding> {
    let catalog = &snapshot.catalog;
    let (before, after) = (&prospect.target.before, &prospect.after.access);
    let mut found = Vec::new();
    for resource in catalog.resources.values() {
        let first = resource.tiers.first().map(|own| &own.tier);
        let of = |list: &AccessList| list.tiers.get(&resource.key).or(first).cloned();
        let (Some(old), Some(new)) = (of(before), of(after)) else { continue };
        let (old, new) = (&old, &new);
        let widens = !catalog.grants(resource, new).within(catalog.grants(resource, old));
        if old == new || !widens {
            continue;
        }
        let held_back: BTreeSet<&str> = prospect
            .after
            .tokens
            .values()
            .filter(|token| {
                let role = snapshot.users.get(&token.user);
                effective(catalog, before, resource, role).tier
                    == effective(catalog, after, resource, role).tier
            })
            .map(|token| token.user.as_str())
            .collect();
        if !held_back.is_empty() {
            let message = format!(
                "raising `{}` to {new} changes nothing for {}: their role is the narrower side",
                resource.key,
                held_back.into_iter().collect::<Vec<_>>().join(", ")
            );
            let at = prospect.target.address.child("resources").child(resource.key.as_str());
            found.push(finding(&RULE, at, message, ""));
        }
    }
    found
}
