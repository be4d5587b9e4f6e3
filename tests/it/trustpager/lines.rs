//! Which line of the files a change, a loss and a privilege line are said at.

use scopeform::model::Address;
use scopeform::plan::{LossKind, Plan};
use scopeform::platform::trustpager::desired::{DesiredRevocation, Unlisted};

use super::fixture::{Bench, MEMBER, VIEWER, holders, tiers, verbs};
use crate::cli::crm::crm;
use crate::cli::harness::Lab;
use crate::guard::{ours, under};

const AT: &str = "oauth_clients/Claude Connection/";

/// Returns an address without the client.
fn rest(address: &Address) -> &str {
    address.as_str().strip_prefix(AT).unwrap()
}

/// Returns what changes and the line at which it is said.
fn changes(plan: &Plan) -> Vec<(&str, &str)> {
    plan.bound.changes.iter().map(|c| (rest(&c.address), rest(&c.declared_at))).collect()
}

/// Calls may be initiated, and a line says which tier they have: the one that is live.
fn with_verbs(wanted: &[&str]) -> Bench {
    let mut bench = Bench::new().has(&[("calls", "send_with_approval")]);
    bench.live().access.verbs = verbs(&[("calls", &["initiate"])]);
    bench.with(|wish| {
        wish.resources = tiers(&[("calls", "send_with_approval")]);
        wish.verbs = verbs(&[("calls", wanted)]);
    })
}

#[test]
fn verbs_that_go_are_said_at_their_line_and_not_at_that_of_the_tier() {
    let plan = with_verbs(&[]).plan();
    assert_eq!(changes(&plan), [("verbs/calls", "verbs/calls")]);
    let lost: Vec<_> = plan
        .bound
        .losses
        .iter()
        .map(|l| (rest(&l.address), rest(&l.declared_at), l.kind))
        .collect();
    assert_eq!(lost, [("verbs/calls", "verbs/calls", LossKind::Tier)]);
    let causes = plan.bound.privilege.changes.iter().flat_map(|change| &change.causes);
    let causes: Vec<&str> = causes.map(|cause| rest(cause.address.as_ref().unwrap())).collect();
    assert_eq!(causes, ["verbs/calls"]);

    let protected = under(&format!("protect: [\"{AT}verbs/calls\"]"), plan);
    let (found, _) = ours(&protected);
    let [one] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(rest(&one.address), "verbs/calls");
}

#[test]
fn a_tier_that_goes_is_said_at_its_line_beside_verbs_that_go_too() {
    let mut bench = with_verbs(&[]);
    bench.wish().resources = tiers(&[("calls", "read")]);
    let plan = bench.plan();
    let both = [("resources/calls", "resources/calls"), ("verbs/calls", "verbs/calls")];
    assert_eq!(changes(&plan), both);
}

#[test]
fn what_the_line_for_the_rest_takes_is_said_there_verbs_included() {
    let mut bench = Bench::new().has(&[("calls", "read")]);
    bench.live().access.verbs = verbs(&[("calls", &["initiate"])]);
    let plan = bench
        .with(|wish| {
            wish.unlisted = Unlisted::NoAccess;
        })
        .plan();
    let calls = changes(&plan);
    let calls: Vec<_> = calls.iter().filter(|(at, _)| at.ends_with("/calls")).collect();
    let line = "unlisted_resources";
    assert_eq!(calls, [&("resources/calls", line), &("verbs/calls", line)]);
    // So is what is lost with it, which rules protect.
    let lost = plan.bound.losses.iter().map(|l| (rest(&l.address), rest(&l.declared_at)));
    let lost: Vec<_> = lost.filter(|(at, _)| at.ends_with("/calls")).collect();
    assert_eq!(lost, [("resources/calls", line), ("verbs/calls", line)]);
}

#[test]
fn case_59_a_token_that_ends_is_said_at_the_line_that_ends_it() {
    let bench = Bench::new()
        .token("of-nobody", VIEWER, 0)
        .token("idle", MEMBER, 100)
        .token("named", MEMBER, 0)
        .token("kept", MEMBER, 0)
        .with(|wish| {
            wish.tokens.holders = holders(&[], &["sales"]);
            wish.tokens.max_idle_days = Some(90);
            let reason = "leaked".to_owned();
            wish.tokens.revoke = vec![DesiredRevocation { token: "named".to_owned(), reason }];
        });
    let plan = bench.plan();
    let lines = [
        ("tokens/idle", "tokens/max_idle"),
        ("tokens/named", "tokens/revoke/named"),
        ("tokens/of-nobody", "tokens/holders"),
    ];
    assert_eq!(changes(&plan), lines);
    let lost: Vec<_> =
        plan.bound.losses.iter().map(|l| (rest(&l.address), rest(&l.declared_at))).collect();
    assert_eq!(lost, lines);
    // What protects a token is said there too.
    let protected = under(&format!("protect: [\"{AT}tokens\"]"), plan);
    let (found, _) = ours(&protected);
    let at: Vec<&str> = found.iter().map(|one| rest(&one.address)).collect();
    assert_eq!(at, ["tokens/holders", "tokens/max_idle", "tokens/revoke/named"]);
}

#[test]
fn every_format_puts_the_end_of_a_token_at_the_line_that_ends_it() {
    let lab = crm();
    let text = lab.read("scopeform.yaml").replace(
        "    resources: {contacts: read}\n",
        "    tokens:\n      holders: {users: [max@x.example, olga@x.example]}\n      max_idle: 30d\n",
    );
    lab.write("scopeform.yaml", &text);
    let made = lab.run("plan --today 2026-03-10 --format sarif").exits(0).json();
    let results = made["runs"][0]["results"].as_array().unwrap();
    let revoked = results.iter().find(|result| result["ruleId"] == "token-revoked").unwrap();
    let region = &revoked["locations"][0]["physicalLocation"]["region"];
    assert_eq!(region["startLine"], 8, "{text}\n{revoked:#}");
}

/// A key changes as a whole; what is said of one resource of it stands at its line all the same, whatever name that uses.
#[test]
fn what_is_said_of_a_resource_of_a_key_stands_at_its_line_under_another_name_too() {
    let wish = |tier: &str| {
        format!(
            "version: 1\nplatform: trustpager\nworkspace: crm\nendpoint: embedded\napi_keys:\n  export:\n    resources:\n      contacts: read\n      opportunities: {tier}\nprotect: [api_keys/export/resources/deals]\n"
        )
    };
    let lab = Lab::with(&wish("write_with_approval"));
    lab.write(
        "world.yaml",
        "kind: world\nplatform: trustpager\nworkspaces:\n  crm:\n    users: {olga@x.example: owner}\n    api_keys:\n      export: {resources: {contacts: read, deals: read}}\n",
    );
    let found = |code: &str, exit: i32| {
        let made = lab.run("plan --format sarif").exits(exit).json();
        let results = made["runs"][0]["results"].as_array().unwrap();
        let found = results.iter().find(|result| result["ruleId"] == code);
        let found = found.unwrap_or_else(|| panic!("no {code} in {made:#}"));
        let line = found["locations"][0]["physicalLocation"]["region"]["startLine"].clone();
        (line.as_u64().unwrap(), found["message"]["text"].as_str().unwrap().to_owned())
    };
    assert_eq!((found("resource-renamed", 0).0, found("tier-widens", 0).0), (9, 9));
    let comment = lab.run("plan --format annotations").exits(0).out;
    assert!(comment.contains("line=9"), "{comment}");
    // What it loses is said there as well.
    lab.write("scopeform.yaml", &wish("no_access"));
    let (line, said) = found("protected", 4);
    assert_eq!(line, 9, "{said}");
    // By the name that the line has, as it is for clients.
    assert!(said.starts_with("api_keys/export/resources/opportunities: "), "{said}");
}
