//! An action is on, or is turned on, without scopes of the fixed list. Seed, *Confirm actions with missing scopes*; cases 35, 36.

use std::collections::BTreeSet;

use super::{Scene, blocking, finding_with_list, names};
use crate::model::{ActionKey, Address, ScopeSet};
use crate::plan::{Finding, Rule, Severity};
use crate::platform::odeus::machine::observe;
use crate::platform::odeus::prospect::Prospect;
use crate::platform::odeus::state::Mode;

/// The rule.
pub(super) const RULE: Rule = Rule {
    code: "action-missing-scope",
    title: "an action is on and lacks scopes of the fixed list",
    severity: Severity::Warning,
    explain: "\
With fixed scopes the platform turns an action on even when the list lacks scopes that the action declares. The action
then shows *Missing scope* and fails when people run it.

Turning such an action **on** is a blocker until somebody says why it is fine; an action that already is on stays on
and fails, which is a warning (the platform does the same).

    integrations:
      onedrive:
        oauth: {mode: fixed, client: {id: 91aa07d2}, scopes: [openid, offline_access, User.Read]}
        actions:
          create_folder: enabled          # needs Files.ReadWrite.All

**What to do.** Add the missing scopes to `oauth.scopes`; or list a narrower scope that is enough under
`oauth.substitutes`; or write the reason on the action: `create_folder: {access: everyone, accept_missing_scopes: \"...\"}`.
",
};

pub(super) fn check(_: &Scene<'_>, prospect: &Prospect<'_>) -> Vec<Finding> {
    let help = |missing: &ScopeSet| {
        let open = missing.iter().any(|scope| scope.placeholder().is_some());
        let filled = if open { ", with your own address in place of the braces" } else { "" };
        format!(
            "add the scopes to `oauth.scopes`{filled}, or declare `substitutes`, or `accept_missing_scopes: \"reason\"` on the action"
        )
    };
    let mut found = Vec::new();
    let unacknowledged = prospect.proposal.unacknowledged.iter();
    for (missing, keys) in alike(unacknowledged.map(|(key, missing)| (key, missing))) {
        let (it, verb) = if keys.len() == 1 { ("it", "needs") } else { ("they", "need") };
        found.push(blocking(finding_with_list(
            &RULE,
            line_of(prospect, &keys),
            format!(
                "{} would be turned on without scopes that {it} {verb}: {missing}",
                together(&keys)
            ),
            help(missing),
            missing.clone(),
        )));
    }
    if prospect.after.client.mode() != Some(Mode::Fixed) {
        return found;
    }
    let seen = observe(prospect.facts(), &prospect.after);
    let failing = seen.actions.iter().filter(|(key, view)| {
        let native = prospect.facts().actions.get(*key).is_some_and(|action| action.native);
        let declared = prospect.target.actions.contains_key(*key);
        let blocked = prospect.proposal.unacknowledged.iter().any(|(other, _)| other == *key);
        // An undeclared action that was failing before is not this plan's business.
        let new = prospect.before().requested != prospect.after.requested;
        view.live && !native && !blocked && !view.blocking.is_empty() && (declared || new)
    });
    for (missing, keys) in alike(failing.map(|(key, view)| (key, &view.blocking))) {
        let stays = if keys.len() == 1 { "stays" } else { "stay" };
        found.push(finding_with_list(
            &RULE,
            line_of(prospect, &keys),
            format!("{} {stays} on and will not run: the list lacks {missing}", together(&keys)),
            help(missing),
            missing.clone(),
        ));
    }
    found
}

/// Returns the actions by what they lack: one line of the list mends all that lack the same.
fn alike<'a>(
    actions: impl Iterator<Item = (&'a ActionKey, &'a ScopeSet)>,
) -> Vec<(&'a ScopeSet, Vec<&'a ActionKey>)> {
    let mut found: Vec<(&ScopeSet, Vec<&ActionKey>)> = Vec::new();
    for (key, missing) in actions {
        match found.iter_mut().find(|(known, _)| *known == missing) {
            Some((_, keys)) => keys.push(key),
            None => found.push((missing, vec![key])),
        }
    }
    found
}

/// Returns the line that asks for all of these actions, or where their lines stand.
fn line_of(prospect: &Prospect<'_>, keys: &[&ActionKey]) -> Address {
    let lines: BTreeSet<Address> = keys.iter().map(|key| prospect.declared_at(key)).collect();
    match lines.first() {
        Some(one) if lines.len() == 1 => one.clone(),
        _ => prospect.address.child("actions"),
    }
}

/// Returns `` `a`, `b` and `c` ``, or the first few and how many more.
fn together(keys: &[&ActionKey]) -> String {
    let keys = keys.iter().map(|key| key.as_str());
    let all = names(keys);
    match all.rsplit_once(", ") {
        Some((first, last)) if !all.contains(" more") => format!("{first} and {last}"),
        _ => all,
    }
}
