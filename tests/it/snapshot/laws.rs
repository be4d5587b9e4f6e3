//! What holds for every workspace: a snapshot loses nothing that a plan is made of, and keeps no name.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use scopeform::model::UserId;
use scopeform::plan::Plan;
use scopeform::platform::trustpager::state::Snapshot as Crm;
use scopeform::render::json;
use scopeform::snapshot::{
    Book, Content, Domain, Known, Names, Recipe, Strength, Taken, odeus, read, trustpager, write,
};
use serde_json::Value;

use crate::planner::harness::plan_for;
use crate::planner::wishes::wished;
use crate::trustpager::fixture::Bench;
use crate::trustpager::worlds::wishes;

/// As cheap as the hash can be: what guessing costs is not what is tested here.
const CHEAP: Strength = Strength { memory_kib: 8, passes: 1 };

fn recipe() -> Recipe {
    Recipe::new(*b"sixteen bytes!!!", CHEAP)
}

/// Writes a content to a file and reads it again.
fn through_a_file(content: Content) -> (Content, String) {
    let platform = match content {
        Content::Odeus(_) => scopeform::platform::Kind::Odeus,
        Content::Trustpager(_) => scopeform::platform::Kind::Trustpager,
    };
    let taken = Taken {
        platform,
        workspace: "acme".try_into().unwrap(),
        endpoint: "embedded".to_owned(),
        taken: "2026-11-22T09:30:00Z".parse().unwrap(),
        reads: 3,
        pseudonyms: recipe(),
        content,
    };
    let (text, _) = write(taken, "0.1.0");
    (read(text.as_bytes()).unwrap().0.content, text)
}

/// The privilege delta and the findings as `plan --json` prints them.
fn parts(plan: &Plan) -> String {
    let mut text = String::new();
    json::plan(&mut text, plan, "0000").unwrap();
    let document: Value = serde_json::from_str(&text).unwrap();
    serde_json::to_string(&[&document["privilege_delta"], &document["findings"]]).unwrap()
}

/// The words of a text in one order: where names stand for others, lists of them are in another order.
fn words(text: &str) -> Vec<&str> {
    let mut words: Vec<&str> = text.split([' ', ',', ';', ':', '"']).collect();
    words.sort_unstable();
    words
}

/// The live parts with every name that nobody writes replaced by what stands for it.
fn hidden(live: &Plan, names: &BTreeMap<String, String>) -> String {
    // In two steps: what stands for one name may end like another name.
    let numbered = names.keys().enumerate();
    let marked =
        numbered.fold(parts(live), |text, (n, name)| text.replace(name, &format!("<<{n}>>")));
    let shown = names.values().enumerate();
    shown.fold(marked, |text, (n, is)| text.replace(&format!("<<{n}>>"), is))
}

/// What stands for each person whom nobody writes: with the domain, where somebody of that domain is written.
fn pseudonyms(book: &Book, all: &Names, written: &Names) -> BTreeMap<String, String> {
    let domains: BTreeSet<Domain> = written.people.iter().filter_map(Domain::of).collect();
    let shown = |user: &UserId| {
        let is = book.person(user).unwrap().to_string();
        let domain = Domain::of(user).filter(|domain| domains.contains(domain));
        domain.map_or_else(
            || is.clone(),
            |domain| format!("{}@{domain}", is.split('@').next().unwrap()),
        )
    };
    let unnamed = all.people.iter().filter(|user| !written.people.contains(*user));
    unnamed.map(|user| (user.to_string(), shown(user))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    /// To a reader who knows every name, the plan is the live plan in every byte.
    #[test]
    fn an_odeus_snapshot_holds_all_that_a_plan_is_made_of((live, desired) in wished()) {
        let all = odeus::names(&live);
        let book = recipe().book(&all).unwrap();
        let (content, _) = through_a_file(Content::Odeus(odeus::redact(&live, &book).unwrap()));
        let Content::Odeus(content) = content else { unreachable!() };
        let restored = odeus::restore(&content, &live.workspace, &Known::from(book)).unwrap();
        let (from, of) = (plan_for(&desired, &restored), plan_for(&desired, &live));
        prop_assert_eq!(parts(&from), parts(&of));
        prop_assert_eq!(serde_json::to_string(&from).unwrap(), serde_json::to_string(&of).unwrap());
    }

    /// To a reader who knows the names that the files write, it is the live plan with pseudonyms for the others.
    #[test]
    fn an_odeus_plan_differs_by_names_that_nobody_writes_only((live, desired) in wished()) {
        let (all, written) = (odeus::names(&live), odeus::written(&desired));
        let book = recipe().book(&all).unwrap();
        let content = Content::Odeus(odeus::redact(&live, &book).unwrap());
        let (content, file) = through_a_file(content);
        for user in &all.people {
            prop_assert!(!file.contains(user.as_str()), "{user} is in the file");
            let domain = format!("@{}", Domain::of(user).unwrap());
            prop_assert!(!file.contains(&domain), "{domain} is in the file");
        }
        let Content::Odeus(content) = content else { unreachable!() };
        let known = Known::from(recipe().book(&written).unwrap());
        let restored = odeus::restore(&content, &live.workspace, &known).unwrap();
        let (from, of) = (plan_for(&desired, &restored), plan_for(&desired, &live));
        let names = pseudonyms(&book, &all, &written);
        let hidden = hidden(&of, &names);
        let from = parts(&from);
        prop_assert_eq!(words(&from), words(&hidden));
        if names.keys().all(|name| !parts(&of).contains(name)) {
            prop_assert_eq!(&from, &parts(&of));
        }
        for name in names.keys() {
            prop_assert!(!from.contains(name), "{name} is in the plan");
        }
    }

    #[test]
    fn a_trustpager_snapshot_holds_all_that_a_plan_is_made_of(bench in wishes()) {
        let book = recipe().book(&trustpager::names(&bench.snapshot)).unwrap();
        let restored = restored(&bench.snapshot, &book, &Known::from(book.clone())).0;
        let from = Bench { snapshot: restored, ..bench.clone() }.plan();
        let of = bench.plan();
        prop_assert_eq!(parts(&from), parts(&of));
        prop_assert_eq!(serde_json::to_string(&from).unwrap(), serde_json::to_string(&of).unwrap());
    }

    #[test]
    fn a_trustpager_plan_differs_by_names_that_nobody_writes_only(bench in wishes()) {
        let all = trustpager::names(&bench.snapshot);
        let written = trustpager::written(&bench.desired);
        let book = recipe().book(&all).unwrap();
        let known = Known::from(recipe().book(&written).unwrap());
        let (snapshot, file) = restored(&bench.snapshot, &book, &known);
        let people = all.people.iter().map(AsRef::as_ref);
        let named = people.chain(all.clients.iter().map(AsRef::as_ref)).chain(all.keys.iter().map(AsRef::as_ref));
        for name in named {
            prop_assert!(!file.contains(&format!("\"{name}\"")), "{name} is in the file");
        }
        let from = Bench { snapshot, ..bench.clone() }.plan();
        let of = bench.plan();
        let mut names = pseudonyms(&book, &all, &written);
        // A line that revokes what is not there is told which keys are.
        let keys = all.keys.iter().filter(|key| !written.keys.contains(*key));
        names.extend(keys.map(|key| (format!("`{key}`"), format!("`{}`", book.key(key).unwrap()))));
        let hidden = hidden(&of, &names);
        let from = parts(&from);
        prop_assert_eq!(words(&from), words(&hidden));
        if names.keys().all(|name| !parts(&of).contains(name)) {
            prop_assert_eq!(&from, &parts(&of));
        }
        for name in names.keys() {
            prop_assert!(!from.contains(name), "{name} is in the plan");
        }
    }
}

fn restored(live: &Crm, book: &Book, known: &Known) -> (Crm, String) {
    let content = Content::Trustpager(trustpager::redact(live, book).unwrap());
    let (content, file) = through_a_file(content);
    let Content::Trustpager(content) = content else { unreachable!() };
    (trustpager::restore(&content, &live.workspace, known).unwrap(), file)
}
