//! What a save changes for many tokens alike is said once, and leaves room for everything else.

use std::collections::BTreeSet;

use scopeform::model::{
    Address, Cause, CauseKind, Direction, PrivilegeChange, Right, ScopeSet, TierMove,
};
use scopeform::plan::{
    Finding, PeopleEffect, Plan, ReconnectReason, Severity, TokenChange, TokenEffect,
    TokenUnchanged,
};
use scopeform::platform::Kind;
use scopeform::render::markdown::{self, Options};

use super::pages;
use crate::render_markdown::reader::read;
use crate::samples;

/// So many clients, each with a token whose holder loses mail, and one for whom nothing changes. Every client's tier of
/// its own resource becomes narrower, and something is to be said of each.
fn clients(n: usize) -> Plan {
    let mut plan = samples::empty();
    plan.bound.platform = Kind::Trustpager;
    plan.observed.left_alone.clear();
    for n in 0..n {
        let unit = Address::of(&["oauth_clients", &format!("client-{n:03}")]);
        let resource = unit.child("resources").child(&format!("resource_{n:03}"));
        plan.bound.privilege.changes.push(PrivilegeChange {
            unit: unit.clone(),
            direction: Direction::Narrowing,
            right: Right::Tier(TierMove {
                address: resource.clone(),
                before: "read".into(),
                after: "no_access".into(),
                verbs_before: BTreeSet::new(),
                verbs_after: BTreeSet::new(),
                tier_widens: false,
                tier_narrows: true,
                opens: None,
                widens: Vec::new(),
                narrows: Vec::new(),
            }),
            causes: vec![Cause { kind: CauseKind::Declared, address: Some(resource.clone()) }],
            admin_consent: None,
            level: None,
            access: None,
            doubt: None,
        });
        if n.is_multiple_of(10) {
            plan.bound.findings.push(Finding {
                severity: Severity::Warning,
                code: "token-revoked".into(),
                address: resource,
                message: format!("look at number {n}"),
                help: String::new(),
                paste: ScopeSet::new(),
            });
        }
        plan.observed.tokens.push(TokenEffect {
            unit,
            re_resolved: 2,
            changed: vec![TokenChange {
                user: format!("user{n:03}@acme.example"),
                role: "member".into(),
                token: format!("tp_live...{n:04}"),
                what: vec!["email: send_with_approval -> no_access".into()],
                refuses: true,
            }],
            unchanged: vec![TokenUnchanged {
                user: format!("viewer{n:03}@acme.example"),
                token: format!("tp_live...v{n:03}"),
                why: "role read_only_viewer allows no more than read on email".into(),
            }],
            queued_affected: 0,
        });
    }
    plan
}

fn sized(plan: &Plan, bytes: usize) -> String {
    let options = Options { max_size: Some(bytes), ..Options::default() };
    markdown::plan(plan, samples::DIGEST, options).unwrap()
}

#[test]
fn equal_effects_on_tokens_are_one_row() {
    let plan = clients(400);
    let shown = pages(&plan);
    let page = &shown.markdown;
    read(page);
    assert_eq!(page.matches("- **changes for 400 tokens** in 400 clients").count(), 1, "{page}");
    assert_eq!(page.matches("`send_with_approval -> no_access`").count(), 1, "{page}");
    let row = page.split("changes for 400 tokens").nth(1).unwrap().split("\n- ").next().unwrap();
    assert!(row.contains("`user000@acme.example`, `user001@acme.example`"), "{row}");
    assert_eq!(page.matches("allows no more than `read` on email").count(), 0, "{page}");
    assert_eq!(page.matches("allows no more than").count(), 1, "{page}");
    assert!(page.contains("nothing changes for 400 tokens"), "{page}");
    // Text says it once, and every one of them when everything is asked for.
    let tokens = |text: &str| text.split("\nTokens: ").nth(1).unwrap().to_owned();
    let text = tokens(&shown.text);
    let text = text.split("\n\n").next().unwrap();
    assert!(text.contains("changes for 400 tokens of 400 clients"), "{text}");
    assert!(text.contains("user000@acme.example, "), "{text}");
    assert!(text.contains("email: send_with_approval -> no_access"), "{text}");
    assert!(text.contains("nothing changes for 400 tokens of 400 clients"), "{text}");
    assert!(text.lines().count() < 12, "{text}");
    for user in ["user399@acme.example (member), token tp_live...0399", "viewer399@acme.example"] {
        assert!(shown.full.contains(user), "{user}");
    }
    // The report has them all behind a fold of one row.
    let html = shown.html.split("<section id=\"tokens\"").nth(1).unwrap();
    let html = html.split("</section>").next().unwrap();
    assert_eq!(html.matches("<tr data-k").count(), 2, "{html}");
    assert!(html.contains("user399@acme.example") && html.contains("viewer399@acme.example"));
}

#[test]
fn tokens_and_people_push_out_neither_narrowings_nor_warnings() {
    // Each token changes in another way, so that no two rows are equal.
    let mut plan = clients(400);
    for (n, effect) in plan.observed.tokens.iter_mut().enumerate() {
        effect.changed[0].what = vec![format!("resource_{n:03}: read -> no_access")];
    }
    // So must many people reconnect, each for a client of their own.
    plan.observed.people = (0..200)
        .map(|n| PeopleEffect {
            unit: Address::of(&["oauth_clients", &format!("client-{n:03}")]),
            must_reconnect: vec![format!("person{n:03}@acme.example")],
            already: BTreeSet::new(),
            reason: ReconnectReason::NewScopes,
            still_hold: Vec::new(),
            connected: 1,
        })
        .collect();
    let page = sized(&plan, 65_536);
    read(&page);
    assert!(page.contains("more are not shown**: "), "nothing is left out: {}", page.len());
    assert!(page.contains("`person000@acme.example`"), "{page}");
    assert!(!page.contains("`person199@acme.example`"), "{page}");
    assert_eq!(page.matches("- **-** `resource_").count(), 400, "{page}");
    assert_eq!(page.matches("look at number").count(), 40, "{page}");
    // The first of them are there before all that.
    let least = sized(&plan, 12_000);
    assert!(least.contains("changes for `user000@acme.example`"), "{least}");
    assert!(least.contains("- **-** `resource_000`"), "{least}");
}

#[test]
fn a_few_holders_are_told_one_by_one() {
    let shown = pages(&clients(3));
    for page in [&shown.text, &shown.full] {
        assert!(page.contains("user002@acme.example (member), token tp_live...0002"), "{page}");
    }
    let row = "changes for `user002@acme.example`, role `member`, token `tp_live...0002`";
    assert!(shown.markdown.contains(row), "{}", shown.markdown);
    assert_eq!(shown.html.matches("send_with_approval → no_access").count(), 3, "{}", shown.html);
    // Both sides of a move are shown alike, and what is no tier stays a sentence.
    assert!(shown.markdown.contains(": `email`: `send_with_approval -> no_access`\n"));
    let mut plan = clients(1);
    plan.observed.tokens[0].changed[0].what = vec![
        "calls: may no longer initiate".into(),
        "billing: read -> write, capped by the role: the client allows delete_now".into(),
    ];
    let page = pages(&plan).markdown;
    let row = ": `calls`: may no longer initiate; `billing`: `read -> write`, capped by the role: the client allows `delete_now`\n";
    assert!(page.contains(row), "{page}");
    // A list of names has one form.
    plan.observed.left_alone = vec![scopeform::plan::LeftAlone {
        address: Address::workspace(),
        what: "3 integrations no file declares".into(),
        names: ["dynamics-365", "entra", "my, own"].map(str::to_owned).into(),
    }];
    let page = pages(&plan).markdown;
    assert!(
        page.contains("- 3 integrations no file declares: `dynamics-365`, `entra`, `my, own` in")
    );
}
