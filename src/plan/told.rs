//! What rules in Rego are told beside what a plan does: who is in groups, who must reconnect, whose tokens change and how, what is
//! known of scopes.
//!
//! It moves by itself, or is known to the program, and no digest of an approval covers it. So whoever edits a plan file could
//! have a rule asked about other people than there are. Apply works it out anew where rules are in force, and refuses a plan
//! that keeps any of it back: planning again gives the same digest, and approvals stay.

use std::collections::{BTreeMap, BTreeSet};

use super::consequence::Unsaid;
use super::people::{PeopleEffect, TokenChange, TokenEffect, TokenUnchanged};
use super::types::Observed;
use crate::model::{Address, Scope, ScopeAccess};

/// What a plan has to tell, worked out on what is live.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Told {
    /// Who is in each group that the plan newly shares something with.
    pub groups: BTreeMap<String, BTreeSet<String>>,
    /// Who must reconnect each integration and had not to before.
    pub people: BTreeMap<Address, BTreeSet<String>>,
    /// What each save of a client does to the tokens that stay.
    pub tokens: Vec<TokenEffect>,
    /// What each scope of a list kept by hand that the plan changes allows, by unit, as far as a source says.
    pub scope_access: BTreeMap<Address, BTreeMap<Scope, ScopeAccess>>,
}

impl Told {
    /// Returns what a plan does not tell of this, in the order of addresses. It may tell of more people, since people leave, but
    /// not know more about a scope.
    #[must_use]
    pub fn untold(&self, plan: &Observed) -> Vec<Unsaid> {
        let mut untold = BTreeSet::new();
        for (group, members) in &self.groups {
            let told = plan.groups.get(group);
            for user in members.iter().filter(|user| !told.is_some_and(|all| all.contains(*user))) {
                let address = Address::of(&["directory", "groups", group]);
                untold.insert(Unsaid { address, what: format!("{user} is in the group") });
            }
        }
        for (unit, users) in &self.people {
            let own = plan.people.iter().filter(|effect| effect.unit == *unit);
            let told: BTreeSet<&str> = own.flat_map(PeopleEffect::newly).collect();
            for user in users.iter().filter(|user| !told.contains(user.as_str())) {
                let what = format!("{user} must reconnect");
                untold.insert(Unsaid { address: unit.clone(), what });
            }
        }
        for effect in &self.tokens {
            let told = plan.tokens.iter().find(|told| told.unit == effect.unit);
            let lines = kept_back(effect, told);
            untold.extend(lines.map(|what| Unsaid { address: effect.unit.clone(), what }));
        }
        let none = BTreeMap::new();
        for unit in self.scope_access.keys().chain(plan.scope_access.keys()) {
            let known = self.scope_access.get(unit).unwrap_or(&none);
            let told = plan.scope_access.get(unit).unwrap_or(&none);
            for scope in known.keys().chain(told.keys()) {
                if known.get(scope) == told.get(scope) {
                    continue;
                }
                let what = match known.get(scope) {
                    Some(ScopeAccess::Read) => format!("{scope} only reads"),
                    Some(ScopeAccess::Write) => format!("{scope} can write"),
                    None => format!("no source says what {scope} allows"),
                };
                untold.insert(Unsaid { address: unit.clone(), what });
            }
        }
        untold.into_iter().collect()
    }
}

/// Returns what a plan does not tell of a save, as the plan would. Told is only what is told in every word.
fn kept_back<'e>(
    effect: &'e TokenEffect,
    told: Option<&'e TokenEffect>,
) -> impl Iterator<Item = String> + 'e {
    let names = move |user: &String, token: &String| {
        told.is_some_and(|told| {
            told.changed.iter().any(|one| (&one.user, &one.token) == (user, token))
                || told.unchanged.iter().any(|one| (&one.user, &one.token) == (user, token))
        })
    };
    let changed =
        effect.changed.iter().filter(move |one| !told.is_some_and(|t| t.changed.contains(one)));
    let changed = changed.map(move |one| {
        let TokenChange { user, role, token, what, .. } = one;
        match names(user, token) {
            true => format!("changes for {user} ({role}), token {token}: {}", what.join("; ")),
            false => format!("{user} holds a token"),
        }
    });
    let unchanged =
        effect.unchanged.iter().filter(move |one| !told.is_some_and(|t| t.unchanged.contains(one)));
    let unchanged = unchanged.map(move |one| {
        let TokenUnchanged { user, token, why } = one;
        match names(user, token) {
            true => format!("nothing changes for {user}, token {token}: {why}"),
            false => format!("{user} holds a token"),
        }
    });
    let waiting = effect.queued_affected;
    let queued = (waiting > told.map_or(0, |told| told.queued_affected))
        .then(|| format!("{waiting} queued calls could no longer be executed"));
    changed.chain(unchanged).chain(queued)
}
