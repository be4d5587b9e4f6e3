//! Order, over generated workspaces and wishes: every prefix of every plan, judged by the second opinion.
//!
//! The proof (`tests/it/proof`) visits every pair of small worlds; here are few pairs of large ones: part of the real catalogue,
//! drawn roles, resources under their other names, a key beside the client.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use scopeform::model::Address;
use scopeform::plan::order::as_given;
use scopeform::platform;
use scopeform::platform::trustpager::desired::{DesiredKey, Unlisted};
use scopeform::platform::trustpager::machine::{Context, Machine};
use scopeform::platform::trustpager::operation::Operation;
use scopeform::platform::trustpager::state::{
    AccessList, KeyGrants, Snapshot, Token, days_between,
};

use super::fixture::{Bench, CLIENT, TODAY, apply};
use super::oracle::{self, Deeds};
use super::translate;
use super::worlds::wishes;

/// What a client and the declared key allow, as sets: by token, key and resource, each verb with `approval` at least, and
/// with `automatic`.
type Allowed = BTreeSet<(String, String, String, bool)>;

fn allowed(who: &str, resource: &str, deeds: &Deeds, all: &mut Allowed) {
    for (verb, how) in deeds {
        let one = |automatic| (who.to_owned(), resource.to_owned(), verb.clone(), automatic);
        all.insert(one(false));
        if how == "automatic" {
            all.insert(one(true));
        }
    }
}

/// One state on the way, by the second opinion.
#[derive(Clone)]
struct State {
    client: oracle::Client,
    /// `None` where there is no such key; a key that may do everything has no list.
    key: Option<Option<oracle::List>>,
}

/// The world in the second opinion's words.
struct Eye {
    facts: oracle::Facts,
    roles: BTreeMap<String, String>,
}

impl Eye {
    fn of(bench: &Bench) -> Self {
        let facts = translate::facts(&bench.snapshot.catalog);
        Self { facts, roles: translate::roles(&bench.snapshot.users) }
    }

    fn state(snapshot: &Snapshot) -> State {
        let key = snapshot.keys.get("declared").map(|key| list_of(&key.grants));
        State { client: translate::client(&snapshot.clients[CLIENT].state), key }
    }

    fn next(&self, now: &State, write: &platform::Operation) -> State {
        let platform::Operation::Trustpager(write) = write else { panic!("another platform") };
        let mut next = now.clone();
        match write {
            Operation::RevokeToken { token, .. } => {
                next.client = oracle::revoke(&now.client, token.as_str()).unwrap();
            }
            Operation::SetClientAccess { access, .. } => {
                let list = translate::list(access);
                next.client = oracle::save(&self.facts, &now.client, &list).unwrap();
            }
            Operation::CreateKey { grants, .. } | Operation::SetKeyAccess { grants, .. } => {
                next.key = Some(list_of(grants));
            }
            Operation::RevokeKey { .. } => next.key = None,
        }
        next
    }

    /// What works for whoever has a token or the key, and what the client's list requests.
    fn view(&self, state: &State) -> [Allowed; 2] {
        let (mut works, mut requested) = (Allowed::new(), Allowed::new());
        for resource in self.facts.resources.keys() {
            for token in state.client.tokens.keys() {
                let deeds = oracle::now(&self.facts, &state.client, &self.roles, token, resource);
                allowed(token, resource, &deeds, &mut works);
            }
            let deeds = oracle::key(&self.facts, &state.client.list, resource);
            allowed("", resource, &deeds, &mut requested);
            if let Some(Some(list)) = &state.key {
                let deeds = oracle::key(&self.facts, list, resource);
                allowed("the key", resource, &deeds, &mut works);
            }
        }
        if state.key == Some(None) {
            works.insert(("the key".to_owned(), String::new(), "everything".to_owned(), true));
        }
        [works, requested]
    }

    /// The deeds that a wish asks for, resource by resource, in the most obvious way.
    fn wished(&self, bench: &Bench) -> BTreeMap<String, Deeds> {
        let wish = &bench.desired.clients[CLIENT];
        let live = translate::list(&bench.snapshot.clients[CLIENT].state.access);
        let of = |tiers, verbs| {
            let list = AccessList { tiers, verbs, ..AccessList::default() };
            translate::list(&list)
        };
        let wanted = of(wish.resources.clone(), wish.verbs.clone());
        let usual = translate::list(&AccessList::platform_default(&bench.snapshot.catalog));
        let mut all = BTreeMap::new();
        for (name, facts) in &self.facts.resources {
            // The present name counts first.
            let names: Vec<&String> = [name].into_iter().chain(&facts.other_names).collect();
            let tier = |list: &oracle::List| names.iter().find_map(|n| list.tiers.get(*n).cloned());
            let verbs =
                |list: &oracle::List| names.iter().find_map(|n| list.verbs.get(*n).cloned());
            let named = tier(&wanted).is_some() || verbs(&wanted).is_some();
            let rest = match wish.unlisted {
                Unlisted::PlatformDefault if !named => usual.clone(),
                Unlisted::NoAccess if !named => oracle::List::default(),
                _ => live.clone(),
            };
            let mut one = oracle::List::default();
            one.tiers.extend(tier(&wanted).or(tier(&rest)).map(|own| (name.clone(), own)));
            one.verbs.extend(verbs(&wanted).or(verbs(&rest)).map(|own| (name.clone(), own)));
            all.insert(name.clone(), oracle::key(&self.facts, &one, name));
        }
        all
    }
}

fn list_of(grants: &KeyGrants) -> Option<oracle::List> {
    match grants {
        KeyGrants::FullAccess => None,
        KeyGrants::Custom(list) => Some(translate::list(list)),
    }
}

/// The tokens that a wish leaves, in the most obvious way.
fn left(bench: &Bench) -> BTreeSet<String> {
    let wish = &bench.desired.clients[CLIENT].tokens;
    let stays = |token: &&Token| {
        let holds = wish.holders.as_ref().is_none_or(|holders| {
            let mut groups = holders.groups.iter().map(|group| &bench.snapshot.groups[group]);
            holders.users.contains(&token.user) || groups.any(|own| own.contains(&token.user))
        });
        let named = |own: &str| own == token.id.as_str() || own == token.display();
        let idle = days_between(token.last_used.unwrap(), TODAY);
        holds
            && !wish.revoke.iter().any(|revoked| named(&revoked.token))
            && wish.max_idle_days.is_none_or(|most| idle <= most)
    };
    let tokens = bench.snapshot.clients[CLIENT].state.tokens.values();
    tokens.filter(stays).map(|token| token.id.to_string()).collect()
}

fn config() -> ProptestConfig {
    ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    /// Every prefix of every plan keeps the laws, the plan from every prefix is the rest of it, and the end is as wished.
    ///
    /// Mutation `trustpager-outage-and-churn` makes it fail: the ceiling is cleared before it is saved.
    #[test]
    fn every_prefix_keeps_the_laws(bench in wishes()) {
        let plan = bench.plan();
        prop_assert_eq!(plan.blockers().count(), 0);
        let eye = Eye::of(&bench);
        let writes: Vec<&platform::Operation> =
            plan.bound.operations.iter().map(|planned| &planned.operation).collect();
        let mut states = vec![Eye::state(&bench.snapshot)];
        for (done, next) in writes.iter().enumerate() {
            states.push(eye.next(&states[done], next));
        }
        let views: Vec<[Allowed; 2]> = states.iter().map(|state| eye.view(state)).collect();
        for kind in 0..2 {
            let (first, last) = (&views[0][kind], &views[writes.len()][kind]);
            for (done, view) in views.iter().enumerate() {
                // Law 1 for what works, law 3 for what is requested.
                let missing = first.intersection(last).find(|one| !view[kind].contains(*one));
                prop_assert_eq!(missing, None, "not there after {} of {:#?}", done, writes);
                let mut found = view[kind].iter();
                let excess = found.find(|one| !first.contains(*one) && !last.contains(*one));
                prop_assert_eq!(excess, None, "too much after {} of {:#?}", done, writes);
            }
        }
        let mut now = bench.clone();
        for done in 0..=writes.len() {
            // Stopped here, what is left to do is the rest, exactly.
            let again = now.plan();
            let rest: Vec<&platform::Operation> =
                again.bound.operations.iter().map(|planned| &planned.operation).collect();
            prop_assert_eq!(again.blockers().count(), 0);
            prop_assert_eq!(&rest[..], &writes[done..], "stopped after {}", done);
            if let Some(next) = writes.get(done) {
                apply(&mut now.snapshot, next);
            }
        }
        let end = states.last().unwrap();
        // The machine's end is the second opinion's.
        let machine = eye.view(&Eye::state(&now.snapshot));
        prop_assert_eq!(&machine, &views[writes.len()]);
        for (resource, deeds) in eye.wished(&bench) {
            let has = oracle::key(&eye.facts, &end.client.list, &resource);
            prop_assert_eq!(has, deeds, "{}", resource);
        }
        prop_assert_eq!(end.client.tokens.keys().cloned().collect::<BTreeSet<_>>(), left(&bench));
        let key = match bench.desired.keys.get("declared") {
            None => states[0].key.clone(),
            Some(DesiredKey::FullAccess { .. }) => Some(None),
            Some(DesiredKey::Revoked { .. }) => None,
            Some(DesiredKey::Custom { resources, verbs, .. }) => {
                let (tiers, verbs) = (resources.clone(), verbs.clone());
                Some(Some(translate::list(&AccessList { tiers, verbs, ..AccessList::default() })))
            }
        };
        let wanted = State { client: end.client.clone(), key };
        prop_assert_eq!(&eye.view(&wanted), &views[writes.len()]);
    }
}

/// Whether the second opinion sees something on the way that is there neither before nor after, or is missing although it is
/// there before and after.
fn is_lawless(eye: &Eye, first: State, writes: &[platform::Operation]) -> bool {
    let mut states = vec![first];
    for write in writes {
        states.push(eye.next(states.last().unwrap(), write));
    }
    let views: Vec<[Allowed; 2]> = states.iter().map(|state| eye.view(state)).collect();
    let (first, last) = (&views[0], &views[writes.len()]);
    let lawless = |view: &Allowed, first: &Allowed, last: &Allowed| {
        view.iter().any(|one| !first.contains(one) && !last.contains(one))
            || first.intersection(last).any(|one| !view.contains(one))
    };
    views.iter().any(|view| (0..2).any(|kind| lawless(&view[kind], &first[kind], &last[kind])))
}

/// With the save of a client's list at every place among the revokes, the check of prefixes says what the second opinion says.
///
/// Mutations (tests/mutations), each of which makes this fail:
/// - `excess`: an excess passes for lawful;
/// - `what-ends`: a token that ends is not looked at.
#[test]
fn the_check_of_prefixes_judges_every_place_of_the_save_as_the_second_opinion_does() {
    let lawless = Cell::new(0);
    let judged = TestRunner::new(config()).run(&wishes(), |bench| {
        let plan = bench.plan();
        let of_client = plan.bound.operations.iter().filter_map(|own| match &own.operation {
            platform::Operation::Trustpager(own) if own.unit().as_str().starts_with("oauth") => {
                Some(own.clone())
            }
            _ => None,
        });
        let mut writes: Vec<Operation> = of_client.collect();
        let is_save = |write: &Operation| matches!(write, Operation::SetClientAccess { .. });
        let Some(save) = writes.iter().position(is_save) else { return Ok(()) };
        let save = writes.remove(save);
        writes.push(save);
        let eye = Eye::of(&bench);
        let snapshot = &bench.snapshot;
        let context = Context { catalog: &snapshot.catalog, users: &snapshot.users };
        let unit = Address::of(&["oauth_clients", CLIENT]);
        let start = Machine::new(context, unit, snapshot.clients[CLIENT].state.clone());
        for place in (0..writes.len()).rev() {
            let window = as_given(&start, &writes).unwrap().window;
            let all: Vec<platform::Operation> =
                writes.iter().cloned().map(platform::Operation::Trustpager).collect();
            let second = is_lawless(&eye, Eye::state(snapshot), &all);
            prop_assert_eq!(!window.is_empty(), second, "{:#?} {:?}", writes, window);
            lawless.set(lawless.get() + usize::from(second));
            if place > 0 {
                writes.swap(place - 1, place);
            }
        }
        Ok(())
    });
    judged.unwrap();
    assert!(lawless.get() > 0, "no order broke a law");
}
