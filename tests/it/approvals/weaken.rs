//! What a change takes away from the rules: said in its plan, and agreed to by whoever the rules before it name.

use serde_json::Value;

use super::base::{ANA, commit, git};
use super::flow::{HEAD, approve, office};
use crate::cli::harness::Lab;

/// Wishes that everything is as it is.
const QUIET: &str = "integrations: {}\n";

/// A repository whose last commit holds these rules, and files beside them with those after the change.
fn change(before: &str, after: &str) -> Lab {
    let lab = office("");
    lab.write(".gitignore", "keys/\n*.plan\n*.approval\n*.sig\n");
    lab.write("a.rego", "package main\nimport rego.v1\nwarn contains \"a\" if false\n");
    lab.write("b.rego", "package main\nimport rego.v1\nwarn contains \"b\" if false\n");
    lab.write("c.json", "{\"c\": 1}");
    lab.write("scopeform.yaml", &format!("{HEAD}{before}{QUIET}"));
    git(&lab, &["init", "-q", "-b", "main"]);
    commit(&lab);
    lab.write("scopeform.yaml", &format!("{HEAD}{after}{QUIET}"));
    lab
}

/// What the plan says is weakened: address and message.
fn weakened(lab: &Lab) -> Vec<(String, String)> {
    let plan = lab.run("plan --base HEAD --json").exits(0).json();
    let text = |finding: &Value, key: &str| finding[key].as_str().unwrap().to_owned();
    let findings = plan["findings"].as_array().unwrap().iter();
    let ours = findings.filter(|finding| finding["code"] == "rule-weakened");
    ours.map(|finding| (text(finding, "address"), text(finding, "message"))).collect()
}

#[track_caller]
fn says(before: &str, after: &str, wanted: &[(&str, &str)]) {
    let told = weakened(&change(before, after));
    let told: Vec<(&str, &str)> =
        told.iter().map(|(at, what)| (at.as_str(), what.as_str())).collect();
    assert_eq!(told, wanted, "{before} -> {after}");
}

#[test]
fn a_change_that_only_takes_a_rule_away_is_said_and_needs_whom_the_rule_names() {
    let lab = change(ANA, "");
    lab.run("plan --base HEAD --out p.plan").exits(0).prints(&[
        "No changes. acme is what the files ask for. 1 rule is taken away or weakened.",
        "Approvals: 1 rule must be satisfied before this is applied",
        "? widening  1 of ana@acme.example  because of - rule approvals/widening",
        "! warning[rule-weakened] approvals/widening: `widening` needed 1 of ana@acme.example, and no rule asks for it now",
        "Needs:  the approvals above",
    ]);
    let json = lab.run("show p.plan --json").exits(0).json();
    assert_eq!(json["findings"][0]["code"], "rule-weakened");
    assert_eq!(json["approvals_required"][0]["because"][0], "- rule approvals/widening");
    for format in ["markdown", "html", "sarif", "annotations"] {
        let shown = lab.run(&format!("show p.plan --format {format}")).exits(0);
        shown.prints(&["rule-weakened", "no rule asks for it now"]);
    }
    for apply in ["apply p.plan", "apply --base HEAD --auto-approve"] {
        lab.run(apply)
            .exits(5)
            .says(&["widening needs 1 of ana@acme.example (- rule approvals/widening)"]);
    }
    approve(&lab, "ben").exits(1);
    approve(&lab, "ana").exits(0).prints(&["counts for widening"]);
    lab.run("apply p.plan").exits(0).prints(&["No changes."]);
    // Without the revision nothing is known of before; with the same rules nothing is weaker.
    let alone = lab.run("plan").exits(0);
    assert!(!alone.out.contains("weakened"), "{}", alone.out);
    commit(&lab);
    let same = lab.run("plan --base HEAD").exits(0);
    assert!(!same.out.contains("weakened"), "{}", same.out);
    lab.run("explain rule-weakened").exits(0).prints(&["finding, warning", "`when: weakening`"]);
}

#[test]
fn every_weaker_approval_rule_is_named_and_no_stricter_one() {
    let rule = |text: &str| format!("approvals:\n  signers: allowed_signers\n  rules: [{text}]\n");
    let two = rule("{when: widening, of: [ana@acme.example, ben@acme.example], need: 2}");
    let at = "approvals/widening";
    let was = "`widening` needed 2 of ana@acme.example, ben@acme.example, and";
    for (after, now) in [
        (
            "{when: widening, of: [ana@acme.example, ben@acme.example]}",
            Some("it needs 1 of ana@acme.example, ben@acme.example now"),
        ),
        (
            "{when: widening, of: [ana@acme.example, ben@acme.example, cleo@acme.example], need: 2}",
            Some("it needs 2 of ana@acme.example, ben@acme.example, cleo@acme.example now"),
        ),
        (
            "{when: widening, of: [ana@acme.example, cleo@acme.example], need: 2}",
            Some("it needs 2 of ana@acme.example, cleo@acme.example now"),
        ),
        (
            "{when: narrowing, of: [ana@acme.example, ben@acme.example], need: 2}",
            Some("no rule asks for it now"),
        ),
        (
            "{when: widening, of: [ben@acme.example, ana@acme.example], need: 2}, {when: any, of: [cleo@acme.example]}",
            None,
        ),
    ] {
        let told = now.map(|now| format!("{was} {now}"));
        let wanted: Vec<(&str, &str)> = told.iter().map(|told| (at, told.as_str())).collect();
        says(&two, &rule(after), &wanted);
    }
    // As many of fewer people is stricter.
    let one = "{when: widening, of: [ana@acme.example, ben@acme.example]}";
    says(&rule(one), &rule("{when: widening, of: [ana@acme.example]}"), &[]);
    let age = |days: &str| format!("{two}  max_age: {days}\n");
    let longer = "an approval was good for 7 days, and is good for 8 days now";
    says(&two, &age("8d"), &[("approvals/max_age", longer)]);
    says(&two, &age("6d"), &[]);
}

#[test]
fn every_other_weaker_rule_is_named_and_no_stricter_one() {
    let limits = "limits: {removals: {count: 10, share: 20%}, people: 5, broken_actions: 0}\n";
    says(
        limits,
        "limits: {removals: {count: 11, share: 30%}, broken_actions: 0}\n",
        &[
            ("limits/people", "the limit of `people` was 5, and there is none now"),
            ("limits/removals", "the limit of `removals` was 10, and it is 11 now"),
            ("limits/removals", "the limit of `removals` was 20%, and it is 30% now"),
        ],
    );
    says(limits, "limits: {removals: {count: 9, share: 0%}, people: 5, broken_actions: 0}\n", &[]);
    let protect = "protect: [{address: sharepoint, reason: OPS-1}, \"todo/actions/*\"]\n";
    says(
        protect,
        "protect: [sharepoint/actions, todo/actions/create_task]\n",
        &[
            ("protect/sharepoint", "`sharepoint` was protected (OPS-1), and is not now"),
            ("protect/todo/actions/*", "`todo/actions/*` was protected, and is not now"),
        ],
    );
    says(protect, "protect: [\"*\"]\n", &[]);
    says(protect, "protect: [sharepoint, todo]\n", &[]);
    let raised = "findings: {reconnect-required: blocker, catalog-changed: warning}\n";
    says(
        raised,
        "findings: {reconnect-required: warning}\n",
        &[
            (
                "findings/catalog-changed",
                "`catalog-changed` was raised to `warning`, and is raised to nothing now",
            ),
            (
                "findings/reconnect-required",
                "`reconnect-required` was raised to `blocker`, and is raised to `warning` now",
            ),
        ],
    );
    says(raised, "findings: {reconnect-required: blocker, catalog-changed: blocker}\n", &[]);
    says(
        "rego: [a.rego, c.json]\n",
        "rego: [b.rego]\n",
        &[
            ("rego/a.rego", "`a.rego` was in force, and is not now"),
            ("rego/c.json", "`c.json` was in force, and is not now"),
        ],
    );
    says("rego: [a.rego]\n", "rego: [a.rego, b.rego]\n", &[]);
    says(
        "rego: [a.rego]\n",
        "rego: [a.rego, c.json]\n",
        &[("rego/c.json", "`c.json` is new, and rules may read it")],
    );

    let lab = change("rego: [a.rego]\n", "rego: [a.rego]\n");
    let text = lab.read("a.rego");
    lab.write("a.rego", &text.replace("\"a\"", "\"z\""));
    let other = "`a.rego` has another text now, and may say less";
    assert_eq!(weakened(&lab), [("rego/a.rego".to_owned(), other.to_owned())]);
    // The same rules under another name are the same rules; one that excepts is not.
    std::fs::rename(lab.path("a.rego"), lab.path("z.rego")).unwrap();
    lab.write("z.rego", &text);
    lab.write("scopeform.yaml", &format!("{HEAD}rego: [z.rego]\n{QUIET}"));
    assert_eq!(weakened(&lab), []);
    lab.write("scopeform.yaml", &format!("{HEAD}rego: [z.rego, y.rego]\n{QUIET}"));
    lab.write("y.rego", "package main\nimport rego.v1\nexception contains [\"a\"] if false\n");
    let new = "`y.rego` is new, and may except what other rules deny";
    assert_eq!(weakened(&lab), [("rego/y.rego".to_owned(), new.to_owned())]);
}

#[test]
fn another_key_under_a_name_weakens_every_rule_that_names_it() {
    let lab = change(ANA, ANA);
    let eve = std::fs::read_to_string(lab.path("keys/eve.pub")).unwrap();
    let signers = lab.read("allowed_signers");
    // Somebody whom no rule names may have any key.
    lab.write("allowed_signers", &format!("{signers}eve@acme.example {eve}"));
    assert_eq!(weakened(&lab), []);
    lab.write("allowed_signers", &format!("{signers}ana@acme.example {eve}"));
    let what = "another key counts as that of `ana@acme.example` now, or one counts for longer";
    assert_eq!(
        weakened(&lab),
        [("approvals/signers/ana@acme.example".to_owned(), what.to_owned())]
    );
    lab.run("plan --base HEAD --out p.plan").exits(0);
    lab.run("approve p.plan --key keys/eve --as ana@acme.example --yes").exits(0);
    lab.run("apply p.plan").exits(5).says(&[
        "widening needs 1 of ana@acme.example",
        "is not a key of `ana@acme.example` in `allowed_signers`",
    ]);
    approve(&lab, "ana").exits(0);
    lab.run("apply p.plan").exits(0);
}

#[test]
fn who_decides_about_rules_is_asked_for_every_kind_of_them() {
    let rules = |more: &str| {
        format!(
            "approvals:\n  signers: allowed_signers\n  rules:\n    - {{when: weakening, of: [cleo@acme.example]}}\n    \
             - {{when: any, of: [ben@acme.example]}}\n    - {{when: widening, of: [ana@acme.example]}}\n{more}"
        )
    };
    let lab = change(&rules("limits: {people: 5}\n"), &rules(""));
    let plan = lab.run("plan --base HEAD --out p.plan --json").exits(0).json();
    let asked: Vec<(&str, &str)> = plan["approvals_required"]
        .as_array()
        .unwrap()
        .iter()
        .map(|rule| (rule["when"].as_str().unwrap(), rule["because"][0].as_str().unwrap()))
        .collect();
    assert_eq!(asked, [("weakening", "- rule limits/people"), ("any", "- rule limits/people")]);
    approve(&lab, "cleo").exits(0);
    lab.run("apply p.plan").exits(5).says(&["any needs 1 of ben@acme.example"]);
    approve(&lab, "ben").exits(0);
    lab.run("apply p.plan").exits(0);
}
