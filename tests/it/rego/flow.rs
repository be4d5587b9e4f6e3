//! Rego rules and the real binary: where rules come from, what a denial stops, and that nothing gets around one.

use super::{crm, odeus};
use crate::cli::harness::{Lab, git};

const DRIVE: &str = "integrations: {onedrive: {oauth: {mode: managed}, actions: {create_folder: {groups: [team]}}}}\n";

/// Denies whatever shares anything with the group `team`.
const NO_TEAM: &str = "package main

deny_team contains {\"msg\": msg, \"address\": change.address} if {
    some change in input.resource_changes
    \"team\" in change.change.after.groups
    msg := \"the team gets nothing\"
}
";

const WARN: &str = "package main

warn contains msg if {
    some change in input.resource_changes
    msg := sprintf(\"look at %s again\", [change.address])
}
";

const DENIED: &str = "blocker[policy-denied] onedrive/actions/create_folder: the team gets nothing; says `main.deny_team` at policies/team.rego:3";

fn denying() -> Lab {
    odeus(&format!("rego: [policies/*.rego]\n{DRIVE}"), &[("policies/team.rego", NO_TEAM)])
}

/// Nothing was written: planning finds the change still.
fn untouched(lab: &Lab) {
    let done = lab.run("plan --json").done();
    let plan = done.json();
    assert_ne!(plan["operations"].as_array().unwrap().len(), 0, "{}", done.all());
}

#[test]
fn a_denial_stops_the_plan_in_every_form() {
    let lab = denying();
    let done = lab.run("plan --detailed-exitcode --out p.plan").exits(4);
    let done = done.prints(&[
        DENIED,
        "at scopeform.yaml:6:",
        "no flag passes it",
        "Apply:  not possible, 1 blocker above",
    ]);
    assert!(done.out.contains("1 blocker."), "{}", done.out);
    let json = lab.run("plan --json").exits(4).json();
    assert_eq!(json["applyable"], false);
    assert_eq!(json["findings"][0]["code"], "policy-denied");
    assert_eq!(json["findings"][0]["accept"], serde_json::Value::Null);
    assert_eq!(json["requires_human"][0]["kind"], "solve_blocker");
    lab.run("show p.plan").exits(0).prints(&[DENIED]);
    for args in ["apply --auto-approve", "apply p.plan", "apply"] {
        let done = lab.run(args).types("yes\n").exits(4).says(&[
            "error: the plan is blocked by 1 finding; nothing was done",
            "onedrive/actions/create_folder: the team gets nothing; says `main.deny_team` at policies/team.rego:3",
            "policy-denied at onedrive/actions/create_folder",
        ]);
        assert!(!done.err.contains("Only `yes`"), "{}", done.all());
    }
    // No acceptance passes it.
    let digest = json["digest"].as_str().unwrap();
    for limit in ["removals", "people", "broken_actions"] {
        lab.run(&format!("apply --auto-approve --accept {limit}@{digest}")).exits(4);
    }
    lab.run("plan --accept policy-denied@0123456789ab").exits(64);
    untouched(&lab);
    // Without what it is about the same rules let the plan through.
    lab.write("scopeform.yaml", &lab.read("scopeform.yaml").replace("[team]", "[guests]"));
    lab.run("apply --auto-approve").exits(0);
    lab.run("explain policy-denied")
        .exits(0)
        .prints(&["finding, blocker", "rego: [policies/*.rego"]);
}

#[test]
fn a_warning_is_shown_and_stops_nothing_unless_the_files_raise_it() {
    let files = [("policies/look.rego", WARN)];
    let lab = odeus(&format!("rego: [policies/look.rego]\n{DRIVE}"), &files);
    lab.run("plan").exits(0).prints(&[
        "warning[policy-warned] onedrive/actions/create_folder: look at onedrive/actions/create_folder again; says `main.warn` at policies/look.rego:3",
    ]);
    let raised =
        format!("rego: [policies/look.rego]\nfindings: {{policy-warned: blocker}}\n{DRIVE}");
    let lab = odeus(&raised, &files);
    lab.run("plan --out p.plan").exits(4).prints(&["blocker[policy-warned] onedrive"]);
    lab.run("apply p.plan").exits(4);
    lab.run("apply --auto-approve").exits(4);
    untouched(&lab);
    let lowered =
        format!("rego: [policies/look.rego]\nfindings: {{policy-denied: warning}}\n{DRIVE}");
    odeus(&lowered, &files).run("plan").exits(1).says(&["severity-lowered"]);
}

#[test]
fn rules_may_come_from_the_command_line_and_from_the_environment() {
    let lab = odeus(
        DRIVE,
        &[
            ("../central/team.rego", NO_TEAM),
            ("../central/team_test.rego", "no rego\n"),
            ("../central/.hidden.rego", "no rego\n"),
        ],
    );
    lab.run("plan --out p.plan").exits(0);
    for run in [
        lab.run("plan --policy ../central"),
        lab.run("plan --policy ../central/team.rego"),
        lab.run("plan").env("SCOPEFORM_POLICY", "../central"),
        lab.run("apply --auto-approve --policy ../central"),
        lab.run("apply p.plan --policy ../central"),
        lab.run("apply p.plan").env("SCOPEFORM_POLICY", "../central"),
    ] {
        run.exits(4)
            .prints(&["the team gets nothing; says `main.deny_team` at ../central/team.rego:3"]);
    }
    untouched(&lab);
    // A plan that was made under them carries them, wherever it goes.
    lab.run("plan --policy ../central --out q.plan").exits(4);
    lab.run("apply q.plan").exits(4);
    lab.run("validate --policy ../central").exits(0);
    lab.run("plan --policy ../nowhere").exits(1).says(&["cannot read ../nowhere"]);
    lab.write("../empty/readme.txt", "");
    lab.run("plan --policy ../empty").exits(1).says(&["../empty holds no `.rego` file"]);
    lab.write("../broken/a.rego", "package main\ndeny if true\n");
    for args in [
        "plan --policy ../broken",
        "validate --policy ../broken",
        "apply --policy ../broken --auto-approve",
    ] {
        lab.run(args).exits(1).says(&[
            "error[invalid-rego]: `deny` is no set of messages here",
            "../broken/a.rego:2:1",
        ]);
    }
}

#[test]
fn a_plan_made_without_rules_does_not_get_around_those_at_hand() {
    let lab = odeus(DRIVE, &[("policies/team.rego", NO_TEAM)]);
    lab.run("plan --out p.plan").exits(0);
    let digest = |lab: &Lab| lab.run("show p.plan --json").exits(0).json()["digest"].clone();
    let before = digest(&lab);
    let text = lab.read("scopeform.yaml");
    lab.write(
        "scopeform.yaml",
        &text.replace("integrations:", "rego: [policies/team.rego]\nintegrations:"),
    );
    lab.run("apply p.plan").exits(4).prints(&[DENIED]).says(&["nothing was done"]);
    assert_eq!(digest(&lab), before);
    // And one that was made under rules keeps them when the files let go of them.
    lab.run("plan --out q.plan").exits(4);
    lab.write("scopeform.yaml", &text);
    lab.run("apply q.plan").exits(4).prints(&[DENIED]);
    untouched(&lab);
    lab.run("apply p.plan").exits(0);
}

#[test]
fn the_rules_are_part_of_what_is_approved_and_what_they_say_is_not() {
    let digest = |files: &str| {
        let lab = odeus(&format!("{files}{DRIVE}"), &[("policies/look.rego", WARN)]);
        lab.run("plan --json").exits(0).json()["digest"].clone()
    };
    let with = digest("rego: [policies/look.rego]\n");
    assert_ne!(with, digest(""));
    assert_eq!(with, digest("rego: [policies/look.rego]\n"));
    assert_eq!(with, digest("rego: [policies/*.rego, policies/look.rego]\n"));
    // A label is approved with the plan, where the plan is about what it is on.
    let labelled = |label: &str, on: &str| {
        let lab = odeus(&format!("integrations:\n  onedrive: {{oauth: {{mode: managed}}, actions: {{create_folder: {{groups: [team]}}}}}}\n  {on}: {{labels: {{owner: {label}}}}}\n").replace("  onedrive: {oauth: {mode: managed}, actions: {create_folder: {groups: [team]}}}\n  onedrive: {", "  onedrive: {oauth: {mode: managed}, actions: {create_folder: {groups: [team]}}, "), &[]);
        lab.run("plan --json").exits(0).json()
    };
    let one = labelled("it", "onedrive");
    assert_eq!(one["labels"], serde_json::json!({ "onedrive": { "owner": "it" } }));
    assert_ne!(one["digest"], labelled("hr", "onedrive")["digest"]);
    let other = labelled("it", "entra");
    assert_eq!(other["labels"], serde_json::json!({}));
    assert_eq!(other["digest"], labelled("hr", "entra")["digest"]);
}

#[test]
fn a_rule_that_cannot_be_answered_stops_everything() {
    // Only this plan makes it say something that is no message.
    let rule = "package main\n\ndeny contains change.change.after if some change in input.resource_changes\n";
    let lab = odeus(&format!("rego: [a.rego]\n{DRIVE}"), &[("a.rego", rule)]);
    lab.run("validate").exits(0);
    for args in ["plan", "apply --auto-approve"] {
        lab.run(args).exits(1).says(&[
            "error: the Rego rules cannot be asked about the plan; nothing was done",
            "a.rego:3:1: `data.main.deny` says something without a text `msg`",
        ]);
    }
    lab.write("a.rego", "package main\n\ndeny contains \"x\" if {\n  some a in input.resource_changes\n  some b in numbers.range(1, 9)\n}\n");
    lab.run("validate").exits(1).says(&["a.rego:5:13", "`numbers.range` is not available"]);
}

#[test]
fn undo_and_revoking_a_token_obey_the_rules_too() {
    let lab = odeus(
        DRIVE,
        &[(
            "policies/none.rego",
            "package main\n\ndeny contains \"stop\" if count(input.operations) > 0\n",
        )],
    );
    lab.run("apply --auto-approve").exits(0);
    let text = lab.read("scopeform.yaml");
    lab.run("undo --policy policies --auto-approve")
        .exits(4)
        .prints(&["stop; says `main.deny` at policies/none.rego:3"]);
    lab.write(
        "scopeform.yaml",
        &text.replace("integrations:", "rego: [policies/*.rego]\nintegrations:"),
    );
    lab.run("undo --auto-approve").exits(4).says(&["policy-denied at workspace"]);
    lab.run("undo --out u.plan").exits(4);
    lab.run("apply u.plan").exits(4);
    lab.write("scopeform.yaml", &text);
    lab.run("undo --auto-approve").exits(0);

    let rule = "package main\n\ndeny contains {\"msg\": \"ask the owner first\", \"address\": change.unit} if {\n  some change in input.resource_changes\n  change.type == \"trustpager_token\"\n  not input.labels[change.unit].owner\n}\n";
    let wishes = "rego: [a.rego]\noauth_clients: {Helper: {resources: {contacts: read}}}\n";
    let lab = crm(wishes, &[("a.rego", rule)]);
    let listed = lab.run("tokens list --client Helper --json").exits(0).json();
    let token = listed["tokens"][0]["id"].as_str().unwrap().to_owned();
    let revoke =
        || lab.run(&format!("tokens revoke {token} --auto-approve --reason")).arg("gone, SEC-9");
    revoke()
        .exits(4)
        .says(&["oauth_clients/Helper: ask the owner first; says `main.deny` at a.rego:3"]);
    lab.write(
        "scopeform.yaml",
        &lab.read("scopeform.yaml").replace("{Helper: {", "{Helper: {labels: {owner: max}, "),
    );
    revoke().exits(0);
}

#[test]
fn a_change_cannot_weaken_the_rego_rules_that_it_is_held_against() {
    let lab = denying();
    git(&lab, &["init", "-q", "-b", "main"]);
    git(&lab, &["add", "--all", "."]);
    git(&lab, &["commit", "-q", "-m", "rules"]);
    let text = lab.read("scopeform.yaml");
    let away = text.replace("rego: [policies/*.rego]\n", "");
    let excepting = format!("{NO_TEAM}\nexception contains [\"team\"]\n");
    let weaker = NO_TEAM.replace("\"team\" in", "\"nobody\" in");
    for (config, rule) in [(&away, NO_TEAM), (&text, &excepting), (&text, &weaker)] {
        lab.write("scopeform.yaml", config);
        lab.write("policies/team.rego", rule);
        lab.run("plan").exits(0);
        lab.run("plan --base main --out p.plan").exits(4).prints(&[DENIED]);
        lab.run("apply p.plan").exits(4);
        lab.run("apply --base main --auto-approve").exits(4).prints(&[DENIED]);
    }
    untouched(&lab);
    // A new file at the base counts, also through a pattern, and rules that are not valid there are not passed over.
    lab.write("policies/team.rego", "package main\ndeny if true\n");
    git(&lab, &["commit", "-q", "-a", "-m", "broken"]);
    lab.write("policies/team.rego", NO_TEAM);
    lab.run("plan --base HEAD")
        .exits(1)
        .says(&["invalid-rego", "the rules before the change are not known"]);
}

#[test]
fn hostile_text_in_a_rule_does_not_reach_the_terminal() {
    let rule = "package main\n\ndeny contains \"a\\u001b[31mb\\u202ec\\nd\"\n";
    let lab = odeus(&format!("rego: [a.rego]\n{DRIVE}"), &[("a.rego", rule)]);
    let done = lab.run("plan").exits(4);
    let done = done.prints(&["blocker[policy-denied] workspace: a"]);
    assert!(!done.out.contains('\u{1b}') && !done.out.contains('\u{202e}'), "{:?}", done.out);
    assert!(!lab.run("apply --auto-approve").exits(4).err.contains('\u{1b}'));
}
