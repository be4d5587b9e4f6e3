//! Every problem with a name: its code, where it is, what it says and what to do.

use scopeform::platform::trustpager::desired::{DesiredClient, DesiredKey, DesiredRevocation};

use super::fixture::{ADMIN, Bench, MEMBER, client_name, holders, key_name, steps, tiers, verbs};

#[track_caller]
fn says(bench: &Bench, code: &str, at: &str, message: &str, help: &str) {
    let found = bench.problem();
    assert_eq!(found, (code_of(code), at.to_owned(), message.to_owned(), help.to_owned()));
    assert!(bench.planned().0.is_none(), "{code} and there is a plan");
}

fn code_of(name: &str) -> &'static str {
    scopeform::diag::Code::from_name(name).unwrap().name()
}

const AT: &str = "oauth_clients/Claude Connection";

#[test]
fn an_unknown_client_is_told_how_clients_come_to_be() {
    let how = "a client cannot be created from here: it comes to be when its integration registers over OAuth and a user connects it for the first time";
    for (name, near) in [("Claud Connection", "did you mean `Claude Connection`? "), ("Zapier", "")]
    {
        let mut bench = Bench::new();
        bench.desired.clients.insert(client_name(name), DesiredClient::default());
        says(
            &bench,
            "unknown-client",
            &format!("oauth_clients/{name}"),
            &format!("there is no OAuth client `{name}` in this workspace"),
            &format!("{near}{how}"),
        );
    }
}

#[test]
fn an_unknown_resource() {
    let near = Bench::new().wants(&[("contact", "read")]);
    says(
        &near,
        "unknown-resource",
        &format!("{AT}/resources/contact"),
        "there is no resource `contact`",
        "did you mean `contacts`?",
    );
    let far = Bench::new().wants(&[("spaceships", "read")]);
    let (code, _, _, help) = far.problem();
    assert_eq!(code, "unknown-resource");
    assert!(help.starts_with("one of: activities, agent-ops, ai, "), "{help}");
    let by_verb = Bench::new().with(|wish| wish.verbs = verbs(&[("call", &["initiate"])]));
    says(
        &by_verb,
        "unknown-resource",
        &format!("{AT}/verbs/call"),
        "there is no resource `call`",
        "did you mean `calls`?",
    );
}

#[test]
fn an_unknown_tier_shows_the_ladder() {
    let near = Bench::new().wants(&[("email", "send_automaticaly")]);
    says(
        &near,
        "tier-not-on-ladder",
        &format!("{AT}/resources/email/send_automaticaly"),
        "`email` has no tier `send_automaticaly`",
        "did you mean `send_automatically`? the ladder of `email` is no_access < read < send_with_approval < send_automatically",
    );
}

#[test]
fn an_unknown_verb_shows_the_verbs_there_are() {
    let other = Bench::new().with(|wish| wish.verbs = verbs(&[("calls", &["fly"])]));
    says(
        &other,
        "unknown-verb",
        &format!("{AT}/verbs/calls/fly"),
        "`calls` has no verb `fly`",
        "`calls` has initiate; everything else is a tier: no_access < read < send_with_approval < send_automatically",
    );
    let near = Bench::new().with(|wish| wish.verbs = verbs(&[("calls", &["initate"])]));
    says(
        &near,
        "unknown-verb",
        &format!("{AT}/verbs/calls/initate"),
        "`calls` has no verb `initate`",
        "did you mean `initiate`? `calls` has initiate; everything else is a tier: no_access < read < send_with_approval < send_automatically",
    );
    let none = Bench::new().with(|wish| wish.verbs = verbs(&[("billing", &["pay"])]));
    says(
        &none,
        "unknown-verb",
        &format!("{AT}/verbs/billing/pay"),
        "`billing` has no verb `pay`",
        "`billing` has no verbs outside its ladder; its tiers are no_access < read",
    );
}

#[test]
fn unknown_holders() {
    let of = |users: &[&str], groups: &[&str]| {
        let who = holders(users, groups);
        Bench::new().with(|wish| wish.tokens.holders = who)
    };
    says(
        &of(&["anna@acme.example"], &[]),
        "unknown-user",
        &format!("{AT}/tokens/holders/users/anna@acme.example"),
        "there is no user `anna@acme.example` in this workspace",
        "did you mean `ana@acme.example`?",
    );
    says(
        &of(&["somebody.else@elsewhere.example"], &[]),
        "unknown-user",
        &format!("{AT}/tokens/holders/users/somebody.else@elsewhere.example"),
        "there is no user `somebody.else@elsewhere.example` in this workspace",
        "`scopeform tokens list` shows who holds tokens",
    );
    says(
        &of(&[], &["sale"]),
        "unknown-group",
        &format!("{AT}/tokens/holders/groups/sale"),
        "there is no group `sale` in this workspace",
        "did you mean `sales`?",
    );
    says(
        &of(&[], &["engineering"]),
        "unknown-group",
        &format!("{AT}/tokens/holders/groups/engineering"),
        "there is no group `engineering` in this workspace",
        "name users instead, or create the group first",
    );
}

#[test]
fn keys_are_checked_like_clients() {
    let mut bench = Bench::new();
    let key = DesiredKey::Custom {
        resources: tiers(&[("contact", "read")]),
        verbs: verbs(&[]),
        deliver: None,
    };
    bench.desired.keys.insert(key_name("nightly"), key);
    says(
        &bench,
        "unknown-resource",
        "api_keys/nightly/resources/contact",
        "there is no resource `contact`",
        "did you mean `contacts`?",
    );
}

#[test]
fn all_problems_are_told_together() {
    let bench = Bench::new()
        .wants(&[("contact", "read"), ("billing", "send_automatically")])
        .with(|wish| wish.tokens.holders = holders(&["x@y.example"], &["nope"]));
    let (_, problems) = bench.planned();
    let codes: Vec<&str> = problems.iter().map(|problem| problem.code.name()).collect();
    assert_eq!(codes, ["unknown-user", "unknown-group", "tier-not-on-ladder", "unknown-resource"]);
}

#[test]
fn a_line_that_several_tokens_fit_names_their_ids() {
    let mut bench = Bench::new().token("t1", MEMBER, 0).token("t2", ADMIN, 0);
    let shown = bench.live().tokens["t1"].display();
    bench.live().tokens.get_mut("t2").unwrap().suffix = "t1".to_owned();
    let revoke =
        |name: &str| DesiredRevocation { token: name.to_owned(), reason: "lost".to_owned() };
    let named = |name: &str| bench.clone().with(|wish| wish.tokens.revoke = vec![revoke(name)]);
    says(
        &named(&shown),
        "ambiguous-token",
        &format!("{AT}/tokens/revoke/{shown}"),
        &format!("`{shown}` fits 2 tokens: `t1`, `t2`"),
        "name the id of the one that is meant",
    );
    // An id is one token's, whatever is shown of it and of others.
    assert_eq!(steps(&named("t1").plan()), ["revoke token t1: lost"]);
}
