//! Every rule: a plan in which it fires, one beside it in which it does not, how much it matters and what it says.

use std::collections::BTreeSet;

use scopeform::plan::laws::Violation;
use scopeform::plan::{Finding, Severity};
use scopeform::platform::trustpager::desired::{DesiredKey, DesiredRevocation};
use scopeform::platform::trustpager::findings;
use scopeform::platform::trustpager::prospect::ClientProspect;
use scopeform::platform::trustpager::resolve::resolve;
use scopeform::platform::trustpager::state::{AccessList, KeyGrants};

use super::fixture::{
    ADMIN, Bench, MEMBER, TODAY, VIEWER, holders, list, of, tiers, token, token_id, verbs,
};

struct Row {
    code: &'static str,
    fires: Bench,
    beside: Bench,
    severity: Severity,
    bound: bool,
    address: &'static str,
    message: &'static str,
    help: &'static str,
}

fn custom(pairs: &[(&str, &str)], deliver: Option<&str>) -> DesiredKey {
    DesiredKey::Custom {
        resources: tiers(pairs),
        verbs: verbs(&[]),
        deliver: deliver.map(ToOwned::to_owned),
    }
}

fn revoked() -> DesiredKey {
    DesiredKey::Revoked { reason: "leaked".to_owned() }
}

fn live_key(tier: &str) -> Bench {
    Bench::new().key("nightly", KeyGrants::Custom(list(&[("contacts", tier)])))
}

fn rows() -> Vec<Row> {
    let with_tokens = || Bench::new().token("a1", ADMIN, 40).token("v1", VIEWER, 0);
    let mut odd = Bench::new();
    odd.live().access.unknown.insert("moon:read".try_into().unwrap());
    let off_ladder = |pairs: &[(&str, &str)]| {
        Bench::new().has(&[("billing", "delete_automatically")]).wants(pairs)
    };
    let named = |token: &str| {
        let revocation = DesiredRevocation { token: token.to_owned(), reason: "leaked".to_owned() };
        with_tokens().with(|wish| wish.tokens.revoke.push(revocation))
    };
    vec![
        Row {
            code: "tier-widens",
            fires: Bench::new()
                .has(&[("contacts", "write_with_approval")])
                .wants(&[("contacts", "delete_with_approval")]),
            beside: Bench::new()
                .has(&[("contacts", "delete_with_approval")])
                .wants(&[("contacts", "write_with_approval")]),
            severity: Severity::Warning,
            bound: true,
            address: "oauth_clients/Claude Connection/resources/contacts",
            message: "`contacts` widens from write_with_approval to delete_with_approval: deletes now queue for approval; writes become automatic",
            help: "",
        },
        Row {
            code: "tier-widens",
            fires: live_key("read")
                .wants_key("nightly", custom(&[("contacts", "write_automatically")], None)),
            beside: live_key("read")
                .wants_key("nightly", custom(&[("contacts", "no_access")], None)),
            severity: Severity::Warning,
            bound: true,
            address: "api_keys/nightly/resources/contacts",
            message: "`contacts` widens from read to write_automatically: writes become possible, automatically",
            help: "",
        },
        Row {
            code: "tier-widens",
            fires: Bench::new().wants_key("weekly", custom(&[("contacts", "read")], Some("key"))),
            beside: Bench::new().wants_key("weekly", revoked()),
            severity: Severity::Warning,
            bound: true,
            address: "api_keys/weekly/resources/contacts",
            message: "`contacts` widens from no_access to read: reads become possible, automatically",
            help: "",
        },
        Row {
            code: "tier-widens",
            fires: Bench::new()
                .wants_key("weekly", custom(&[("contacts", "no_access")], Some("key"))),
            beside: live_key("no_access")
                .wants_key("nightly", custom(&[("contacts", "no_access")], None)),
            severity: Severity::Warning,
            bound: true,
            address: "api_keys/weekly",
            message: "a key is created, which may do nothing so far",
            help: "",
        },
        Row {
            code: "tier-widens",
            fires: Bench::new().with(|wish| wish.verbs = verbs(&[("email", &["write"])])),
            beside: Bench::new().with(|wish| wish.verbs = verbs(&[("calls", &[])])),
            severity: Severity::Warning,
            bound: true,
            address: "oauth_clients/Claude Connection/verbs/email",
            message: "`email`: the tier stays, and beside it writes become possible, automatically (send_with_approval -> send_with_approval + write)",
            help: "",
        },
        Row {
            code: "token-revoked",
            fires: with_tokens().with(|wish| wish.tokens.holders = holders(&[VIEWER], &[])),
            beside: with_tokens().with(|wish| wish.tokens.holders = holders(&[VIEWER, ADMIN], &[])),
            severity: Severity::Note,
            bound: true,
            address: "oauth_clients/Claude Connection/tokens/a1",
            message: "the token tp_live…a1 of ana@acme.example is revoked at once: its owner is no holder",
            help: "the user may authorise again; a new token of somebody who is no holder is revoked by the next plan",
        },
        Row {
            code: "token-revoked",
            fires: with_tokens().with(|wish| wish.tokens.max_idle_days = Some(39)),
            beside: with_tokens().with(|wish| wish.tokens.max_idle_days = Some(40)),
            severity: Severity::Note,
            bound: true,
            address: "oauth_clients/Claude Connection/tokens/a1",
            message: "the token tp_live…a1 of ana@acme.example is revoked at once: idle for more than 39 days",
            help: "the user may authorise again; a new token is kept as long as it is used",
        },
        Row {
            code: "token-revoked",
            fires: named("tp_live…a1"),
            beside: named("tp_live…"),
            severity: Severity::Note,
            bound: true,
            address: "oauth_clients/Claude Connection/tokens/a1",
            message: "the token tp_live…a1 of ana@acme.example is revoked at once: leaked",
            help: "the user may authorise again; a new token has another name, and is kept unless `holders` leaves the user out",
        },
        Row {
            code: "no-such-token",
            fires: named("tp_live…"),
            beside: named("a1"),
            severity: Severity::Note,
            bound: false,
            address: "oauth_clients/Claude Connection/tokens/revoke/tp_live…",
            message: "no active token of this client is named `tp_live…`, so nothing is revoked for `leaked`: it has ended already, or the name is wrong",
            help: "`scopeform tokens list` shows the active tokens; once the token has ended, remove the line",
        },
        Row {
            code: "no-such-key",
            fires: live_key("read").wants_key("nightli", revoked()),
            beside: live_key("read").wants_key("nightly", revoked()),
            severity: Severity::Warning,
            bound: false,
            address: "api_keys/nightli",
            message: "there is no API key `nightli`, so nothing is revoked for `leaked`: it has ended already, or the name is wrong",
            help: "if it has ended, remove the line; else name the key that is meant, one of: `nightly`",
        },
        Row {
            code: "no-such-key",
            fires: Bench::new().wants_key("weekly report", revoked()),
            beside: live_key("read"),
            severity: Severity::Note,
            bound: false,
            address: "api_keys/weekly report",
            message: "there is no API key `weekly report`, so nothing is revoked for `leaked`: it has ended already, or the name is wrong",
            help: "remove the line",
        },
        Row {
            code: "platform-refuses",
            fires: off_ladder(&[("contacts", "read")]),
            // A line that puts the odd tier right.
            beside: off_ladder(&[("contacts", "read"), ("billing", "read")]),
            severity: Severity::Blocker,
            bound: true,
            address: "oauth_clients/Claude Connection",
            message: "`billing` has no tier `delete_automatically`; its ladder is no_access < read",
            help: "change the declaration of the client",
        },
        Row {
            code: "queued-calls-affected",
            fires: with_tokens().queued("a1", "email", "send").wants(&[("email", "read")]),
            beside: with_tokens().queued("a1", "email", "send").wants(&[("sms", "read")]),
            severity: Severity::Warning,
            bound: false,
            address: "oauth_clients/Claude Connection",
            message: "1 queued call of this client can no longer be executed when approved",
            help: "approve or reject them before applying",
        },
        Row {
            code: "queued-calls-affected",
            fires: live_key("delete_with_approval")
                .queued_by_key("nightly", "contacts", "delete")
                .wants_key("nightly", custom(&[("contacts", "read")], None)),
            beside: live_key("delete_with_approval")
                .queued_by_key("nightly", "contacts", "write")
                .wants_key("nightly", custom(&[("contacts", "write_automatically")], None)),
            severity: Severity::Warning,
            bound: false,
            address: "api_keys/nightly",
            message: "1 queued call of this key can no longer be executed when approved",
            help: "approve or reject them before applying",
        },
        Row {
            code: "role-decides",
            fires: with_tokens().wants(&[("email", "send_automatically")]),
            beside: Bench::new().token("m1", MEMBER, 0).wants(&[("email", "send_automatically")]),
            severity: Severity::Note,
            bound: false,
            address: "oauth_clients/Claude Connection/resources/email",
            message: "raising `email` to send_automatically changes nothing for vic@acme.example: their role is the narrower side",
            help: "",
        },
        Row {
            code: "unknown-scope",
            fires: odd,
            beside: Bench::new(),
            severity: Severity::Warning,
            bound: false,
            address: "oauth_clients/Claude Connection",
            message: "the client holds `moon:read`, which no published list knows; it is kept as it is",
            help: "look it up in the portal",
        },
        Row {
            code: "full-access-key",
            fires: Bench::new()
                .wants_key("nightly", DesiredKey::FullAccess { deliver: Some("k".to_owned()) }),
            beside: Bench::new().wants_key("nightly", custom(&[("contacts", "read")], Some("k"))),
            severity: Severity::Warning,
            bound: true,
            address: "api_keys/nightly",
            message: "the key may do everything, approving and rejecting queued calls included",
            help: "list `resources` instead",
        },
        Row {
            code: "key-not-deliverable",
            fires: Bench::new().wants_key("nightly", custom(&[("contacts", "read")], None)),
            beside: live_key("read")
                .wants_key("nightly", custom(&[("contacts", "no_access")], None)),
            severity: Severity::Blocker,
            bound: true,
            address: "api_keys/nightly",
            message: "there is no API key `nightly`, and nothing says where its value would go",
            help: "add `deliver: {file: PATH}`, or create the key in the portal",
        },
    ]
}

#[test]
fn every_rule_fires_where_it_should_and_says_what_it_says() {
    for row in rows() {
        let plan = row.fires.plan();
        let [found] = of(&plan, row.code)[..] else {
            panic!("{}: {:?}", row.code, of(&plan, row.code))
        };
        assert_eq!(found.severity, row.severity, "{}", row.code);
        assert_eq!(found.address.as_str(), row.address, "{}", row.code);
        assert_eq!(found.message, row.message);
        assert_eq!(found.help, row.help, "{}", row.code);
        assert_eq!(plan.bound.findings.contains(found), row.bound, "{}", row.code);
        let beside = row.beside.plan();
        assert!(of(&beside, row.code).is_empty(), "{}: {:?}", row.code, of(&beside, row.code));
    }
}

#[test]
fn a_token_named_under_another_client_is_pointed_out() {
    let mut bench = Bench::new();
    bench.add_client("Zapier", AccessList::default());
    let other = bench.snapshot.clients.get_mut("Zapier").unwrap();
    other.state.tokens.insert(token_id("z1"), token("z1", ADMIN, 0));
    let revocation = DesiredRevocation { token: "z1".to_owned(), reason: "leaked".to_owned() };
    let plan = bench.with(|wish| wish.tokens.revoke.push(revocation)).plan();
    assert!(plan.is_empty());
    let [found] = of(&plan, "no-such-token")[..] else { panic!() };
    assert_eq!(found.help, "it is a token of `Zapier`: move the line there");
}

/// No input makes a window on this platform, so one is put in by hand.
fn window() -> Vec<Finding> {
    let bench = Bench::new().wants(&[("contacts", "read")]);
    let (mut clients, _, _) = resolve(&bench.desired, &bench.snapshot);
    let mut prospect = ClientProspect::new(clients.remove(0), &bench.snapshot, TODAY);
    assert!(findings::client(&prospect, &bench.snapshot).0.is_empty());
    prospect.window = vec![Violation::Outage(prospect.target.address.child("resources"))];
    findings::client(&prospect, &bench.snapshot).0
}

#[test]
fn a_window_would_stop_the_plan() {
    let found = window();
    let [one] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((one.severity, one.code.as_str()), (Severity::Blocker, "order-window"));
    assert_eq!(one.address.as_str(), "oauth_clients/Claude Connection");
    assert_eq!(
        one.message,
        "`oauth_clients/Claude Connection/resources` would stop for a moment although it works before and after"
    );
}

#[test]
fn every_rule_has_a_firing_case() {
    let mut fired: BTreeSet<&str> = rows().iter().map(|row| row.code).collect();
    assert_eq!(window().len(), 1);
    fired.insert("order-window");
    let rules: BTreeSet<&str> = findings::rules().map(|rule| rule.code).collect();
    assert_eq!(fired, rules);
    for rule in findings::rules() {
        assert!(!rule.title.is_empty() && rule.explain.ends_with('\n'), "{}", rule.code);
    }
}

#[test]
fn a_full_access_key_that_gets_a_list_loses_and_the_other_way_round() {
    let full = Bench::new().key("nightly", KeyGrants::FullAccess);
    let words = |bench: Bench| {
        let plan = bench.plan();
        let said = plan.bound.privilege.changes.iter();
        said.map(|change| format!("{:?} {:?}", change.direction, change.right)).collect::<Vec<_>>()
    };
    let narrowed = words(full.wants_key("nightly", custom(&[("contacts", "read")], None)));
    assert_eq!(narrowed.len(), 1, "{narrowed:#?}");
    assert!(
        narrowed[0].starts_with("Narrowing") && narrowed[0].contains("the key loses full access")
    );
    let widened =
        words(live_key("read").wants_key("nightly", DesiredKey::FullAccess { deliver: None }));
    assert_eq!(widened.len(), 1, "{widened:#?}");
    assert!(widened[0].starts_with("Widening") && widened[0].contains("gets full access"));
}

#[test]
fn raising_from_no_access_also_says_whose_role_decides() {
    let mut bench =
        Bench::new().token("v1", VIEWER, 0).token("v2", VIEWER, 0).wants(&[("billing", "read")]);
    bench.live().access.tiers.remove("billing");
    let plan = bench.plan();
    let [found] = of(&plan, "role-decides")[..] else { panic!() };
    assert_eq!(
        found.message,
        "raising `billing` to read changes nothing for vic@acme.example: their role is the narrower side"
    );
}

#[test]
fn an_unknown_scope_of_a_key_is_kept_as_it_is() {
    let mut grants = list(&[("contacts", "read")]);
    grants.unknown.insert("moon:read".try_into().unwrap());
    let bench = Bench::new().key("nightly", KeyGrants::Custom(grants.clone()));
    let same = bench.clone().wants_key("nightly", custom(&[("contacts", "read")], None)).plan();
    assert!(same.is_empty(), "{:?}", same.bound.changes);
    let bench = bench.wants_key("nightly", custom(&[("email", "read")], None));
    let after = bench.applied(&bench.plan());
    let KeyGrants::Custom(list) = &after.snapshot.keys["nightly"].grants else { panic!() };
    assert_eq!(list.unknown, grants.unknown);
}
