//! Cases 53 to 64 of the domain, at the machine and the planner.

use scopeform::model::{Address, Direction, Right, TierMove};
use scopeform::plan::assemble::Header;
use scopeform::plan::{Plan, Severity};
use scopeform::platform::Kind;
use scopeform::platform::trustpager::catalog::How;
use scopeform::platform::trustpager::desired::DesiredKey;
use scopeform::platform::trustpager::desired::Unlisted;
use scopeform::platform::trustpager::machine::{Context, Side, effective, token_may};
use scopeform::platform::trustpager::planner::revoke_plan;
use scopeform::platform::trustpager::state::{AccessList, KeyGrants};
use serde_json::json;

use super::fixture::{
    ADMIN, Bench, CLIENT, MEMBER, OWNER, TODAY, VIEWER, client_name, holders, list, of,
    resource_key, steps, tiers, verb, verbs,
};

/// Returns what a token of `user` gets on a resource, and which side decides.
fn gets(bench: &Bench, user: &str, resource: &str) -> (String, Side) {
    let catalog = &bench.snapshot.catalog;
    let access = &bench.snapshot.clients[CLIENT].state.access;
    let role = bench.snapshot.users.get(user);
    let got = effective(catalog, access, &catalog.resources[resource], role);
    (got.tier.to_string(), got.decided_by)
}

fn may(bench: &Bench, user: &str, resource: &str, what: &str) -> Option<How> {
    let catalog = &bench.snapshot.catalog;
    let access = &bench.snapshot.clients[CLIENT].state.access;
    let role = bench.snapshot.users.get(user);
    token_may(catalog, access, &catalog.resources[resource], role, &verb(what))
}

fn is_untouched(plan: &Plan) -> bool {
    plan.is_empty() && plan.bound.privilege.changes.is_empty() && plan.observed.tokens.is_empty()
}

#[test]
fn case_53_the_role_is_narrower_than_the_client() {
    // The seed's own example.
    let bench = Bench::new().has(&[("email", "send_automatically")]);
    assert_eq!(gets(&bench, VIEWER, "email"), ("read".to_owned(), Side::Role));
    assert_eq!(may(&bench, VIEWER, "email", "read"), Some(How::Automatic));
    assert_eq!(may(&bench, VIEWER, "email", "send"), None);
    assert_eq!(gets(&bench, OWNER, "email"), ("send_automatically".to_owned(), Side::Both));

    let raised = Bench::new()
        .token("v1", VIEWER, 0)
        .token("a1", ADMIN, 0)
        .wants(&[("email", "send_automatically")]);
    let plan = raised.plan();
    let [effect] = plan.observed.tokens.as_slice() else { panic!() };
    let [changed] = effect.changed.as_slice() else { panic!("{:?}", effect.changed) };
    assert_eq!((changed.user.as_str(), changed.role.as_str()), (ADMIN, "admin"));
    assert_eq!(changed.what, ["email: send_with_approval -> send_automatically"]);
    let [same] = effect.unchanged.as_slice() else { panic!("{:?}", effect.unchanged) };
    assert_eq!(same.user, VIEWER);
    assert_eq!(same.why, "role read_only_viewer allows no more than read on email");

    // Every resource that moves is accounted for, not only the first.
    let several = Bench::new().token("v1", VIEWER, 0).wants(&[
        ("contacts", "delete_automatically"),
        ("email", "send_automatically"),
        ("billing", "no_access"),
    ]);
    let plan = several.plan();
    let [same] = plan.observed.tokens[0].unchanged.as_slice() else { panic!() };
    assert_eq!(
        same.why,
        "role read_only_viewer allows no more than read on contacts and email, nothing on billing"
    );
    let verb = Bench::new().token("v1", VIEWER, 0).with(|w| w.verbs = verbs(&[("calls", &[])]));
    let plan = verb.plan();
    let [same] = plan.observed.tokens[0].unchanged.as_slice() else { panic!() };
    assert_eq!(same.why, "role read_only_viewer allows no verbs outside the ladder of calls");
}

#[test]
fn a_verb_outside_the_ladders_is_told_in_words() {
    let plan = Bench::new().with(|wish| wish.verbs = verbs(&[("calls", &[])])).plan();
    let [change] = plan.bound.privilege.changes.as_slice() else { panic!() };
    let Right::Tier(TierMove { narrows, .. }) = &change.right else { panic!("{:?}", change.right) };
    assert_eq!(narrows, &["`initiate` requests are refused"]);
}

#[test]
fn case_62_a_revoke_by_hand_counts_the_calls_that_wait() {
    let bench = Bench::new()
        .token("a1", ADMIN, 0)
        .token("a2", ADMIN, 0)
        .queued("a1", "email", "send")
        .queued("a1", "contacts", "delete")
        // Of another token, and one that could not be executed anyway.
        .queued("a2", "email", "send")
        .queued("a1", "billing", "write");
    let snapshot = &bench.snapshot;
    let context = Context { catalog: &snapshot.catalog, users: &snapshot.users };
    let header = Header {
        platform: Kind::Trustpager,
        workspace: snapshot.workspace.clone(),
        endpoint: "embedded".to_owned(),
        today: TODAY,
        reads: 6,
        rights: 0,
        sources: Vec::new(),
    };
    let unit = Address::of(&["oauth_clients", CLIENT]);
    let token = &snapshot.clients[CLIENT].state.tokens["a1"];
    let name = client_name(CLIENT);
    let plan = revoke_plan(context, snapshot, &unit, &name, token, "leaked", header).unwrap();
    let [found] = of(&plan, "queued-calls-affected")[..] else { panic!() };
    assert_eq!(
        found.message,
        "2 queued calls of this client can no longer be executed when approved"
    );
    assert_eq!(plan.bound.operations.len(), 1);
}

#[test]
fn case_54_the_client_is_narrower_than_the_role() {
    let bench = Bench::new().has(&[("contacts", "read")]);
    assert_eq!(gets(&bench, OWNER, "contacts"), ("read".to_owned(), Side::Client));
    assert_eq!(may(&bench, OWNER, "contacts", "write"), None);
}

#[test]
fn case_55_approval_is_narrower_than_automatic() {
    let bench = Bench::new().has(&[("contacts", "write_with_approval")]);
    // A member may write contacts automatically.
    assert_eq!(gets(&bench, MEMBER, "contacts"), ("write_with_approval".to_owned(), Side::Client));
    assert_eq!(may(&bench, MEMBER, "contacts", "write"), Some(How::Approval));
}

#[test]
fn case_56_deleting_with_approval_writes_automatically() {
    let bench = Bench::new()
        .has(&[("contacts", "write_with_approval")])
        .wants(&[("contacts", "delete_with_approval")]);
    let plan = bench.plan();
    let [change] = plan.bound.privilege.changes.as_slice() else { panic!() };
    assert_eq!(change.direction, Direction::Widening);
    let Right::Tier(TierMove { widens, narrows, before, after, .. }) = &change.right else {
        panic!()
    };
    assert_eq!(widens, &["deletes now queue for approval", "writes become automatic"]);
    assert!(narrows.is_empty());
    assert_eq!((before.as_str(), after.as_str()), ("write_with_approval", "delete_with_approval"));
    let [finding] = of(&plan, "tier-widens")[..] else { panic!() };
    assert_eq!(finding.severity, Severity::Warning);

    let back = Bench::new()
        .has(&[("contacts", "delete_with_approval")])
        .wants(&[("contacts", "write_with_approval")]);
    let plan = back.plan();
    let [change] = plan.bound.privilege.changes.as_slice() else { panic!() };
    assert_eq!(change.direction, Direction::Narrowing);
    let Right::Tier(TierMove { widens, narrows, .. }) = &change.right else { panic!() };
    assert!(widens.is_empty());
    assert_eq!(
        narrows,
        &["deletes are refused", "writes queue for approval instead of going through"]
    );
    assert!(of(&plan, "tier-widens").is_empty());
}

#[test]
fn case_57_a_tier_that_the_ladder_does_not_have() {
    let (code, at, message, help) =
        Bench::new().wants(&[("billing", "delete_automatically")]).problem();
    assert_eq!(code, "tier-not-on-ladder");
    assert_eq!(at, "oauth_clients/Claude Connection/resources/billing/delete_automatically");
    assert_eq!(message, "`billing` has no tier `delete_automatically`");
    assert_eq!(help, "the ladder of `billing` is no_access < read");
    let (_, _, _, help) = Bench::new().wants(&[("contacts", "send_automatically")]).problem();
    assert!(help.ends_with(
        "the ladder of `contacts` is no_access < read < write_with_approval < write_automatically \
         < delete_with_approval < delete_automatically"
    ));
}

#[test]
fn case_58_no_access_ends_everything_on_that_resource_and_nothing_else() {
    let bench = Bench::new().token("a1", ADMIN, 0).wants(&[("contacts", "no_access")]);
    let plan = bench.plan();
    let after = bench.applied(&plan);
    for what in ["read", "write", "delete"] {
        assert!(may(&bench, ADMIN, "contacts", what).is_some(), "{what}");
        assert_eq!(may(&after, ADMIN, "contacts", what), None, "{what}");
    }
    assert_eq!(gets(&after, ADMIN, "customers"), gets(&bench, ADMIN, "customers"));
    assert_eq!(
        plan.observed.tokens[0].changed[0].what,
        ["contacts: delete_with_approval -> no_access"]
    );
}

#[test]
fn case_59_a_revoked_token_stays_revoked_when_the_client_is_saved() {
    let bench = Bench::new()
        .token("a1", ADMIN, 0)
        .token("m1", MEMBER, 0)
        .wants(&[("email", "send_automatically")])
        .with(|wish| wish.tokens.holders = holders(&[ADMIN], &[]));
    let plan = bench.plan();
    assert_eq!(
        steps(&plan),
        [
            "revoke token m1: its owner is no holder",
            "save the scopes; every active token is re-resolved at once"
        ]
    );
    assert_eq!(plan.observed.tokens[0].re_resolved, 1);
    let after = bench.applied(&plan);
    let tokens = &after.snapshot.clients[CLIENT].state.tokens;
    assert_eq!(tokens.keys().map(AsRef::<str>::as_ref).collect::<Vec<_>>(), ["a1"]);
}

#[test]
fn case_60_a_save_without_a_net_change_is_not_made() {
    let default = AccessList::platform_default(&Bench::new().snapshot.catalog);
    let all: Vec<(&str, &str)> =
        default.tiers.iter().map(|(r, t)| (r.as_str(), t.as_str())).collect();
    let mut silent = Bench::new().wants(&[("contacts", "no_access"), ("approvals", "no_access")]);
    silent.live().access.tiers.remove("contacts");
    silent.live().access.tiers.remove("approvals");
    let mut closed = Bench::new().with(|wish| wish.unlisted = Unlisted::NoAccess);
    closed.live().access = AccessList::default();
    let cases = [
        ("no wish", Bench::new()),
        ("what is live", Bench::new().wants(&all)),
        ("the default policy", Bench::new().with(|wish| wish.unlisted = Unlisted::PlatformDefault)),
        (
            "verbs that are live",
            Bench::new().with(|w| w.verbs = verbs(&[("automations", &["trigger"])])),
        ),
        (
            "no verbs where there are none",
            Bench::new().with(|w| w.verbs = verbs(&[("forms", &[])])),
        ),
        ("no access where the platform lists nothing", silent),
        ("no access everywhere where the platform lists nothing", closed),
    ];
    for (what, bench) in cases {
        let plan = bench.token("a1", ADMIN, 0).plan();
        assert!(is_untouched(&plan), "{what}: {:?} {:?}", plan.bound.changes, steps(&plan));
    }
    // The same of a key: a resource that its list leaves out has no access.
    let custom = |pairs: &[(&str, &str)]| DesiredKey::Custom {
        resources: tiers(pairs),
        verbs: verbs(&[]),
        deliver: None,
    };
    let key = Bench::new()
        .key("nightly", KeyGrants::Custom(list(&[("contacts", "read"), ("email", "no_access")])));
    let plan = key.clone().wants_key("nightly", custom(&[("contacts", "read")])).plan();
    assert!(is_untouched(&plan), "{:?}", plan.bound.changes);
    let plan = key.wants_key("nightly", custom(&[("email", "read")])).plan();
    assert_eq!(steps(&plan), ["change what the API key may do, at once"]);
}

#[test]
fn case_61_the_current_role_decides() {
    let mut bench =
        Bench::new().token("m1", MEMBER, 0).has(&[("contacts", "delete_automatically")]);
    assert_eq!(gets(&bench, MEMBER, "contacts").0, "write_automatically");
    let set = |bench: &mut Bench, role: &str| {
        bench.snapshot.users.insert(MEMBER.try_into().unwrap(), role.try_into().unwrap());
    };
    set(&mut bench, "owner");
    assert_eq!(gets(&bench, MEMBER, "contacts").0, "delete_automatically");
    set(&mut bench, "read_only_viewer");
    assert_eq!(gets(&bench, MEMBER, "contacts").0, "read");
    let token = &bench.snapshot.clients[CLIENT].state.tokens["m1"];
    assert_eq!(token.role_at_authorisation.as_str(), "member");
    // Somebody who left has no role, and a plan says so.
    bench.snapshot.users.clear();
    assert_eq!(gets(&bench, MEMBER, "contacts").0, "no_access");
    let plan = bench.wants(&[("contacts", "read")]).plan();
    assert_eq!(
        plan.observed.tokens[0].unchanged[0].why,
        "the holder has no role in this workspace"
    );
}

#[test]
fn case_62_queued_calls_that_could_no_longer_be_executed_are_counted() {
    let bench = Bench::new()
        .token("a1", ADMIN, 0)
        .token("m1", MEMBER, 0)
        .queued("a1", "email", "send")
        .queued("m1", "email", "send")
        .queued("a1", "contacts", "delete")
        // Could not be executed before either: no such token, and a member may not delete.
        .queued("gone", "email", "send")
        .queued("m1", "contacts", "delete");
    let of_plan = |bench: Bench| {
        let plan = bench.plan();
        let said = of(&plan, "queued-calls-affected");
        let said: Vec<String> = said.iter().map(|finding| finding.message.clone()).collect();
        (plan.observed.tokens.first().map_or(0, |effect| effect.queued_affected), said.join(""))
    };
    let said = |n: usize| match n {
        0 => String::new(),
        1 => "1 queued call of this client can no longer be executed when approved".to_owned(),
        n => format!("{n} queued calls of this client can no longer be executed when approved"),
    };
    for (tier, n) in [("read", 2), ("no_access", 2), ("send_automatically", 0)] {
        assert_eq!(of_plan(bench.clone().wants(&[("email", tier)])), (n, said(n)), "{tier}");
    }
    assert_eq!(of_plan(bench.clone().wants(&[("contacts", "read")])), (1, said(1)));
    let revoked = bench.with(|wish| wish.tokens.holders = holders(&[MEMBER], &[]));
    assert_eq!(of_plan(revoked).1, said(2));
}

#[test]
fn case_62_the_same_of_a_key() {
    let custom = |tier: &str| KeyGrants::Custom(list(&[("contacts", tier)]));
    let wants = |tier: &str| DesiredKey::Custom {
        resources: tiers(&[("contacts", tier)]),
        verbs: verbs(&[]),
        deliver: None,
    };
    let bench = Bench::new()
        .key("nightly", custom("delete_with_approval"))
        .key("other", custom("delete_with_approval"))
        .queued_by_key("nightly", "contacts", "delete")
        .queued_by_key("other", "contacts", "delete");
    for (wish, n) in [
        (wants("read"), 1),
        (wants("delete_automatically"), 0),
        (DesiredKey::Revoked { reason: "unused".to_owned() }, 1),
        (DesiredKey::FullAccess { deliver: None }, 0),
    ] {
        let plan = bench.clone().wants_key("nightly", wish.clone()).plan();
        assert_eq!(of(&plan, "queued-calls-affected").len(), n, "{wish:?}");
        // The queue moves by itself.
        assert!(plan.bound.findings.iter().all(|f| f.code != "queued-calls-affected"));
    }
}

#[test]
fn case_63_resources_that_no_line_names() {
    let bench = Bench::new()
        .has(&[("deals", "delete_automatically"), ("billing", "no_access")])
        .wants(&[("contacts", "read")]);
    let after = |unlisted: Unlisted| {
        let bench = bench.clone().with(|wish| wish.unlisted = unlisted);
        let plan = bench.plan();
        (bench.applied(&plan), plan)
    };
    let (kept, plan) = after(Unlisted::Keep);
    assert_eq!(plan.bound.changes.len(), 1);
    assert_eq!(plan.observed.left_alone[0].what, "37 resources no line names keep their tier");
    assert_eq!(gets(&kept, OWNER, "deals").0, "delete_automatically");

    let (standard, plan) = after(Unlisted::PlatformDefault);
    let changed: Vec<_> = plan
        .bound
        .changes
        .iter()
        .map(|change| {
            (
                change.address.name(),
                change.before.clone(),
                change.after.clone(),
                change.declared_at.name(),
            )
        })
        .collect();
    assert_eq!(
        changed,
        [
            ("billing", json!("no_access"), json!("read"), "unlisted_resources"),
            ("contacts", json!("delete_with_approval"), json!("read"), "contacts"),
            (
                "deals",
                json!("delete_automatically"),
                json!("delete_with_approval"),
                "unlisted_resources"
            ),
        ]
    );
    let mut expected = AccessList::platform_default(&bench.snapshot.catalog);
    expected.tiers.extend(tiers(&[("contacts", "read")]));
    assert_eq!(standard.snapshot.clients[CLIENT].state.access, expected);

    let (closed, _) = after(Unlisted::NoAccess);
    for resource in bench.snapshot.catalog.resources.keys() {
        let expected = if resource.as_str() == "contacts" { "read" } else { "no_access" };
        assert_eq!(gets(&closed, OWNER, resource.as_str()).0, expected, "{resource}");
    }
    assert_eq!(may(&closed, OWNER, "automations", "trigger"), None);
    assert_eq!(may(&bench, OWNER, "automations", "trigger"), Some(How::Automatic));
}

#[test]
fn case_64_another_name_is_no_other_access() {
    // The catalogue says `customers`, later documents say `companies`.
    let bench = Bench::new().wants(&[("companies", "delete_with_approval")]);
    let (plan, problems) = bench.planned();
    assert!(is_untouched(&plan.unwrap()));
    let [warning] = problems.as_slice() else { panic!("{problems:?}") };
    assert_eq!(warning.code.name(), "resource-renamed");
    assert!(!warning.is_error());
    assert_eq!(warning.at.as_str(), "oauth_clients/Claude Connection/resources/companies");
    assert_eq!(warning.message, "the platform calls `companies` `customers` here");
    assert_eq!(warning.help, "write `customers`; access stays the same");

    // What is stored may still have the other name.
    for name in ["customers", "companies"] {
        let mut bench = Bench::new().token("a1", ADMIN, 0);
        bench.live().access.tiers.remove("customers");
        bench = bench.has(&[("companies", "delete_with_approval")]);
        assert_eq!(gets(&bench, OWNER, "customers").0, "delete_with_approval");
        let same = bench.clone().wants(&[(name, "delete_with_approval")]).planned().0.unwrap();
        assert!(is_untouched(&same), "{name}: {:?}", same.bound.changes);
        let bench = bench.wants(&[(name, "read")]);
        let other = bench.planned().0.unwrap();
        let [change] = other.bound.changes.as_slice() else { panic!("{:?}", other.bound.changes) };
        assert_eq!(change.address.name(), "customers");
        assert_eq!(
            (&change.before, &change.after),
            (&json!("delete_with_approval"), &json!("read"))
        );
        let [right] = other.bound.privilege.changes.as_slice() else { panic!() };
        assert_eq!(right.direction, Direction::Narrowing);
        let after = bench.applied(&other);
        assert_eq!(gets(&after, OWNER, "customers").0, "read");
        assert!(after.planned().0.unwrap().is_empty());
    }

    // The same of a key.
    let key = Bench::new().key("nightly", KeyGrants::Custom(list(&[("companies", "read")])));
    let wish = |name: &str| DesiredKey::Custom {
        resources: tiers(&[(name, "read")]),
        verbs: verbs(&[]),
        deliver: None,
    };
    for name in ["customers", "companies"] {
        let plan = key.clone().wants_key("nightly", wish(name)).planned().0.unwrap();
        assert!(is_untouched(&plan), "{name}: {:?}", plan.bound.changes);
    }
}

#[test]
fn case_64_one_resource_has_one_line() {
    let (code, at, message, help) = {
        let bench = Bench::new().wants(&[("companies", "read"), ("customers", "no_access")]);
        let (plan, problems) = bench.planned();
        assert!(plan.is_none());
        let wrong = problems.iter().find(|problem| problem.is_error()).unwrap();
        (wrong.code.name(), wrong.at.to_string(), wrong.message.clone(), wrong.advice().unwrap())
    };
    assert_eq!(code, "duplicate-key");
    assert_eq!(at, "oauth_clients/Claude Connection/resources/companies");
    assert_eq!(message, "`companies` and `customers` are one resource");
    assert_eq!(help, "keep one of the two lines");
}

#[test]
fn case_64_two_other_names_of_one_resource_are_one_line_too() {
    let mut bench = Bench::new().wants(&[("companies", "read"), ("firms", "no_access")]);
    let catalog = std::sync::Arc::make_mut(&mut bench.snapshot.catalog);
    catalog.renames.insert(resource_key("firms"), resource_key("customers"));
    let (plan, problems) = bench.planned();
    assert!(plan.is_none());
    let wrong: Vec<_> = problems.iter().filter(|problem| problem.is_error()).collect();
    let [one] = wrong.as_slice() else { panic!("{problems:?}") };
    assert_eq!(one.message, "`firms` and `companies` are one resource");
    let (other, _) = &one.related[0];
    assert_eq!(other.as_str(), "oauth_clients/Claude Connection/resources/companies");
}

#[test]
fn a_token_is_idle_only_after_more_than_the_days_said() {
    // today - date(last use, else issue) > N
    let revokes = |max: i64, change: &dyn Fn(&mut Bench)| {
        let mut bench =
            Bench::new().token("t1", ADMIN, 30).with(|wish| wish.tokens.max_idle_days = Some(max));
        change(&mut bench);
        steps(&bench.plan())
    };
    let revoked = |max: i64| vec![format!("revoke token t1: idle for more than {max} days")];
    assert_eq!(revokes(29, &|_| {}), revoked(29));
    assert!(revokes(30, &|_| {}).is_empty());
    assert!(revokes(31, &|_| {}).is_empty());
    let never_used = |bench: &mut Bench| {
        let token = bench.live().tokens.get_mut("t1").unwrap();
        token.last_used = None;
        token.issued = TODAY.yesterday().unwrap();
    };
    assert_eq!(revokes(0, &never_used), revoked(0));
    assert!(revokes(1, &never_used).is_empty());
    // Across a year and a leap day: whole days are counted, not months.
    let long_ago = |bench: &mut Bench| {
        bench.live().tokens.get_mut("t1").unwrap().last_used = Some(jiff::civil::date(2024, 2, 28));
    };
    assert_eq!(revokes(997, &long_ago), revoked(997));
    assert!(revokes(998, &long_ago).is_empty());
    // Used in the future, as a clock that is ahead says: not idle.
    let ahead = |bench: &mut Bench| {
        bench.live().tokens.get_mut("t1").unwrap().last_used = Some(TODAY.tomorrow().unwrap());
    };
    assert!(revokes(0, &ahead).is_empty());
}

#[test]
fn holders_absent_keep_everybody_and_empty_keep_nobody() {
    let bench = || Bench::new().token("a1", ADMIN, 0).token("m1", MEMBER, 0);
    let ended = |who| steps(&bench().with(|wish| wish.tokens.holders = who).plan());
    let no_holder = |id: &str| format!("revoke token {id}: its owner is no holder");
    assert!(ended(None).is_empty());
    assert_eq!(ended(holders(&[], &[])), [no_holder("a1"), no_holder("m1")]);
    assert_eq!(ended(holders(&[], &["nobody"])), [no_holder("a1"), no_holder("m1")]);
    assert_eq!(ended(holders(&[], &["sales"])), [no_holder("a1")]);
    assert_eq!(ended(holders(&[ADMIN], &["sales"])), Vec::<String>::new());
}
