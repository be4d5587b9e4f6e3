//! What a reviewer of access sees, and what asks for a decision.

use jiff::ToSpan as _;
use scopeform::model::{ScopeSet, UserId};
use scopeform::platform::trustpager::machine::Side;
use scopeform::platform::trustpager::state::{AccessList, KeyGrants};
use scopeform::platform::trustpager::view::{Against, View, Waiting, keys, views};

use scopeform::render::csv;

use super::fixture::{ADMIN, Bench, CLIENT, MEMBER, TODAY, VIEWER, list, verbs};

fn one(bench: &Bench) -> View {
    views(&bench.snapshot, TODAY).remove(0)
}

/// What asks for a decision: code and about what.
fn asks(bench: &Bench) -> Vec<(&'static str, String)> {
    let keys = keys(&bench.snapshot, TODAY);
    let of_keys = keys.iter().flat_map(scopeform::platform::trustpager::view::KeyRow::advice);
    let advice = one(bench).advice().into_iter().chain(of_keys);
    advice.map(|one| (one.code, one.about)).collect()
}

fn about(code: &'static str, about: &str) -> Vec<(&'static str, String)> {
    vec![(code, about.to_owned())]
}

#[test]
fn a_new_client_asks_for_nothing_and_is_as_a_new_client() {
    let bench = Bench::new().token("m1", MEMBER, 0);
    assert!(asks(&bench).is_empty());
    let view = one(&bench);
    assert_eq!(view.client.as_str(), CLIENT);
    assert_eq!(view.ceiling.len(), bench.snapshot.catalog.resources.len());
    assert!(view.ceiling.iter().all(|row| row.against == Against::Same && row.words.is_empty()));
    assert!(view.ceiling.iter().all(|row| row.tier == row.default_tier));
}

#[test]
fn a_ceiling_is_held_against_a_new_clients_by_what_it_grants() {
    let against = |bench: &Bench, resource: &str| {
        let view = one(bench);
        view.ceiling.into_iter().find(|row| row.resource.as_str() == resource).unwrap()
    };
    let bench = Bench::new().has(&[("contacts", "write_with_approval"), ("billing", "no_access")]);
    assert_eq!(against(&bench, "contacts").against, Against::Narrower);
    assert_eq!(against(&bench, "billing").words, ["reads are refused"]);
    let mut bench = Bench::new().has(&[("email", "send_automatically")]);
    assert_eq!(against(&bench, "email").against, Against::Wider);
    // A verb counts as well; one that is more and less at once is wider.
    bench.live().access.verbs = verbs(&[("sms", &["write"])]);
    let bench = bench.has(&[("sms", "read")]);
    assert_eq!(against(&bench, "sms").against, Against::Wider);
    assert_eq!(against(&bench, "calls").against, Against::Narrower);
    // What the platform leaves out has no access, and its old name is the same resource.
    let mut bench = Bench::new();
    bench.live().access.tiers.remove("customers");
    assert_eq!(against(&bench, "customers").tier.as_str(), "no_access");
    let bench = bench.has(&[("companies", "delete_with_approval")]);
    assert_eq!(against(&bench, "customers").against, Against::Same);
}

#[test]
fn a_token_shows_what_counts_and_which_side_decides() {
    let bench = Bench::new().token("v1", VIEWER, 3).token("a1", ADMIN, 0);
    let view = one(&bench);
    let [admin, viewer] = view.tokens.as_slice() else { panic!("{:?}", view.tokens) };
    assert_eq!((admin.token.user.as_str(), viewer.token.user.as_str()), (ADMIN, VIEWER));
    assert_eq!(viewer.idle_days, 3);
    assert_eq!(viewer.role.as_ref().unwrap().as_str(), "read_only_viewer");
    assert_eq!(viewer.token.role_at_authorisation.as_str(), "member");
    let of = |resource: &str| {
        viewer.effective.iter().find(|row| row.resource.as_str() == resource).unwrap()
    };
    assert_eq!((of("email").tier.as_str(), of("email").decided_by), ("read", Side::Role));
    assert_eq!(of("email").client.as_str(), "send_with_approval");
    assert!(of("calls").verbs.is_empty(), "a viewer initiates nothing");
    let calls = admin.effective.iter().find(|row| row.resource.as_str() == "calls").unwrap();
    assert_eq!(calls.verbs.len(), 1);
}

#[test]
fn idle_tokens_and_keys_are_pointed_out_after_90_days() {
    assert!(asks(&Bench::new().token("m1", MEMBER, 90)).is_empty());
    assert_eq!(asks(&Bench::new().token("m1", MEMBER, 91)), about("idle", "m1"));
    let key = |days: i64| {
        let mut bench = Bench::new().key("nightly", KeyGrants::Custom(AccessList::default()));
        let live = bench.snapshot.keys.get_mut("nightly").unwrap();
        live.last_used = Some(TODAY.checked_sub(days.days()).unwrap());
        bench
    };
    assert!(asks(&key(90)).is_empty());
    assert_eq!(asks(&key(91)), about("idle", "nightly"));
    // Nobody tells when a key was made, so one that was never used is not called idle.
    assert!(asks(&Bench::new().key("new", KeyGrants::Custom(AccessList::default()))).is_empty());
}

#[test]
fn what_else_asks_for_a_decision() {
    let mut left = Bench::new().token("m1", MEMBER, 200);
    left.snapshot.users.remove(&UserId::try_from(MEMBER).unwrap());
    assert_eq!(asks(&left), about("holder-without-role", "m1"), "and not for being idle");
    assert!(one(&left).tokens[0].effective.iter().all(|row| row.tier.as_str() == "no_access"));
    let mut odd = Bench::new();
    odd.live().access.unknown = ScopeSet::from_iter(["moon:read".try_into().unwrap()]);
    assert_eq!(asks(&odd), about("unknown-scope", CLIENT));
    let full = Bench::new().key("root", KeyGrants::FullAccess);
    assert_eq!(asks(&full), about("full-access-key", "root"));
}

#[test]
fn what_nobody_knows_is_exported_too_and_harmless() {
    let mut bench = Bench::new();
    bench.live().access.unknown = ScopeSet::from_iter(["=1+1".try_into().unwrap()]);
    let mut grants = list(&[("contacts", "read")]);
    grants.unknown = ScopeSet::from_iter(["moon:read".try_into().unwrap()]);
    let bench = bench.key("nightly", KeyGrants::Custom(grants));
    let mut text = String::new();
    csv::tiers(&mut text, &views(&bench.snapshot, TODAY), &keys(&bench.snapshot, TODAY)).unwrap();
    let rows: Vec<&str> = text.lines().filter(|line| line.contains("unknown_scope")).collect();
    assert_eq!(
        rows,
        [
            "oauth_client,Claude Connection,'=1+1,unknown_scope,,,",
            "api_key,nightly,moon:read,unknown_scope,,,"
        ]
    );
}

#[test]
fn calls_that_wait_are_counted_and_those_that_are_stuck() {
    let bench = Bench::new()
        .token("a1", ADMIN, 0)
        .token("v1", VIEWER, 0)
        .queued("a1", "email", "send")
        .queued("v1", "email", "send")
        .queued("gone", "email", "send");
    assert_eq!(one(&bench).waiting, Waiting { all: 3, stuck: 2 });
    assert_eq!(asks(&bench), about("queued-calls-stuck", CLIENT));
    let bench = Bench::new()
        .key("nightly", KeyGrants::Custom(list(&[("contacts", "write_with_approval")])))
        .queued_by_key("nightly", "contacts", "write")
        .queued_by_key("nightly", "contacts", "delete")
        .queued_by_key("other", "contacts", "write");
    assert_eq!(keys(&bench.snapshot, TODAY)[0].waiting, Waiting { all: 2, stuck: 1 });
    assert_eq!(one(&bench).waiting, Waiting::default());
    assert_eq!(asks(&bench), about("queued-calls-stuck", "nightly"));
}
