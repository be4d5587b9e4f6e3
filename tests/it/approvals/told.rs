//! Plan files that tell rules in Rego something else than is live: facts that no digest covers, which apply works out anew.

use serde_json::{Value, json};

use super::forged::{REFUSED, drop_key, forge, forge_anything};
use crate::cli::harness::Lab;
use crate::snapshot::rules::{drive, under};

/// A plan that a rule denies, edited so that the rule is told something else: its digest stays, so that an approval would hold.
fn edited(lab: &Lab, rule: &str, edit: &dyn Fn(&mut Value)) {
    let denied = lab.run("plan --today 2026-11-22 --out p.plan").exits(4).all();
    assert!(denied.contains(rule), "{denied}");
    lab.run("apply p.plan").exits(4);
    let digest =
        |lab: &Lab| serde_json::from_str::<Value>(&lab.read("p.plan")).unwrap()["digest"].clone();
    let before = digest(lab);
    forge(lab, |plan| {
        for half in ["bound", "observed"] {
            let findings = plan[half]["findings"].as_array_mut().unwrap();
            findings.retain(|one| one["code"] != "policy-denied");
        }
        edit(plan);
    });
    assert_eq!(digest(lab), before, "an approval would hold");
}

/// Such a plan is refused with this line, and nothing is done.
fn told(lab: &Lab, rule: &str, line: &str, edit: &dyn Fn(&mut Value)) {
    edited(lab, rule, edit);
    let done = lab.run("apply p.plan").exits(3);
    assert!(done.err.contains(line), "{}", done.all());
    assert!(done.err.contains("nothing was done"), "{}", done.all());
}

/// Rules in Rego go by who is in a group, who holds a token and what a scope allows, of which no digest of an approval holds
/// anything.
#[test]
fn what_rules_go_by_cannot_be_forged_away() {
    let lab = under("odeus", &drive("{groups: [mixed]}"), &[]);
    let line =
        "directory/groups/mixed: gil@guest.example is in the group; the plan does not tell it";
    told(&lab, "deny_guests", line, &|plan| {
        let members = plan["observed"]["groups"]["mixed"].as_array_mut().unwrap();
        members.retain(|user| user != "gil@guest.example");
    });
    let list = "integrations:\n  onedrive:\n    oauth: {mode: fixed, client: {id: own}, scopes: [openid, offline_access, \
                User.Read, Files.ReadWrite.All]}\n    labels: {ticket: SEC-1}\n";
    let lab = under("odeus", list, &[]);
    let line = "onedrive: Files.ReadWrite.All can write; the plan does not tell it";
    told(&lab, "deny_owners", line, &|plan| {
        plan["observed"]["scope_access"]["onedrive"]["Files.ReadWrite.All"] = json!("read");
    });
    let wider = "oauth_clients: {Partner: {resources: {tasks: write_with_approval}}}\n";
    let lab = under("trustpager", wider, &[]);
    let line = "oauth_clients/Partner: gil@guest.example holds a token; the plan does not tell it";
    told(&lab, "deny_guests", line, &|plan| {
        drop_key(plan, "observed", "tokens");
    });
}

const LIST: &str = "integrations:\n  onedrive:\n    oauth: {mode: fixed, client: {id: own}, scopes: [openid, offline_access, \
                    User.Read, Frob.Write]}\n    labels: {ticket: SEC-1}\n";

/// What no source knows of a scope nobody tells a rule.
#[test]
fn nothing_is_known_of_a_scope_that_no_source_knows() {
    let lab = under("odeus", LIST, &[]);
    let line = "onedrive: no source says what Frob.Write allows; the plan does not tell it";
    told(&lab, "deny_owners", line, &|plan| {
        plan["observed"]["scope_access"]["onedrive"]["Frob.Write"] = json!("read");
    });
}

/// Without the line of what changes there is nothing to ask about: that is a plan that does not say what it does.
#[test]
fn a_line_that_is_taken_out_or_changed_is_missed() {
    let list = LIST.replace("Frob.Write", "Files.ReadWrite.All");
    for wish in [drive("{groups: [mixed]}"), list] {
        let lab = under("odeus", &wish, &[]);
        lab.run("plan --today 2026-11-22 --out p.plan").exits(4);
        forge_anything(&lab, |plan| {
            plan["bound"]["changes"] = json!([]);
            plan["bound"]["findings"] = json!([]);
        });
        let done = lab.run("apply p.plan").exits(1);
        assert!(done.err.contains(REFUSED), "{}", done.all());
    }
    let key = "api_keys: {sync: {resources: {tasks: write_automatically}, deliver: {file: .scopeform/k}}}\n";
    let lab = under("trustpager", key, &[]);
    lab.run("plan --today 2026-11-22 --out p.plan").exits(4);
    forge_anything(&lab, |plan| {
        plan["bound"]["changes"][0]["after"]["resources"]["tasks"] = json!("read");
        plan["bound"]["findings"] = json!([]);
    });
    let done = lab.run("apply p.plan").exits(1);
    assert!(done.err.contains(REFUSED), "{}", done.all());
}

/// A rule of one's own: nobody is to reconnect, no member's token changes, nothing moves before a day that is far away.
const OWN: &str = "package main\n\nimport rego.v1\n
deny_reconnect contains msg if {
	some effect in input.people
	some user in effect.newly
	msg := sprintf(\"%s must reconnect\", [user])
}\n
deny_members contains msg if {
	some effect in input.tokens
	some change in effect.changed
	change.role == \"member\"
	msg := sprintf(\"%s is a member\", [change.user])
}\n
deny_frozen contains \"nothing moves before 2999\" if {
	data.settings.frozen
	input.today < \"2999-01-01\"
}
";

#[test]
fn people_tokens_and_the_date_are_those_of_today() {
    let own = ("policies/own.rego", OWN);
    let world = "kind: world\nworkspaces:\n  acme:\n    rollout: [onedrive]\n    users: {ana@acme.example: admin, ben@acme.example: \
                 member}\n    actions: nobody\n    connections: [{integration: onedrive, users: all}]\n";
    let lab = under("odeus", &drive("{users: [ben@acme.example]}"), &[own, ("world.yaml", world)]);
    let line = "onedrive: ben@acme.example must reconnect; the plan does not tell it";
    told(&lab, "deny_reconnect", line, &|plan| plan["observed"]["people"] = json!([]));

    let wider = "oauth_clients: {Helper: {resources: {tasks: write_with_approval}}}\n";
    let lab = under("trustpager", wider, &[own]);
    let line = "oauth_clients/Helper: changes for max@acme.example (member), token ";
    told(&lab, "deny_members", line, &|plan| {
        for change in plan["observed"]["tokens"][0]["changed"].as_array_mut().unwrap() {
            change["role"] = json!("owner");
        }
    });

    let frozen = ("policies/frozen.json", "{\"settings\": {\"frozen\": true}}");
    let lab = under("odeus", &drive("enabled"), &[own, frozen]);
    edited(&lab, "deny_frozen", &|plan| plan["observed"]["today"] = json!("2999-02-01"));
    let done = lab.run("apply p.plan").exits(4);
    assert!(done.all().contains("nothing moves before 2999"), "{}", done.all());
}
