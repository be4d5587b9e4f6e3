//! Rules that `--policy` names, before a change: the change may bring their files along, and does not get rid of them.

use super::odeus;
use crate::cli::harness::{Lab, git};

const DRIVE: &str = "integrations: {onedrive: {oauth: {mode: managed}, actions: {create_folder: {groups: [team]}}}}\n";
const HEAD: &str = "version: 1\nplatform: odeus\nworkspace: acme\nendpoint: embedded\n";

const NO_TEAM: &str = "package main

deny_team contains msg if {
    some change in input.resource_changes
    \"team\" in change.change.after.groups
    msg := \"the team gets nothing\"
}
";
const NOTHING: &str = "package main

deny_team contains msg if {
    false
    msg := \"nobody\"
}
";
const DENIED: &str = "the team gets nothing; says `main.deny_team` at rules/team.rego:3";

fn commit(lab: &Lab) {
    git(lab, &["add", "--all", "."]);
    git(lab, &["commit", "-q", "-m", "a change"]);
}

/// A repository whose `main` holds a rule outside of the configuration folder; the change on top of it gives the team
/// something.
fn repository() -> Lab {
    let lab = odeus("", &[]);
    for name in ["scopeform.yaml", "world.yaml"] {
        lab.write(&format!("access/{name}"), &lab.read(name));
        std::fs::remove_file(lab.path(name)).unwrap();
    }
    lab.write("rules/team.rego", NO_TEAM);
    lab.write("rules/team_test.rego", "package main\n");
    git(&lab, &["init", "-q", "-b", "main"]);
    commit(&lab);
    git(&lab, &["checkout", "-q", "-b", "change"]);
    lab.write("access/scopeform.yaml", &format!("{HEAD}{DRIVE}"));
    lab
}

#[test]
fn a_change_of_the_rules_themselves_is_held_against_those_before_it() {
    let lab = repository();
    lab.write("rules/team.rego", NOTHING);
    commit(&lab);
    lab.run("plan access --policy rules --out p.plan").exits(0);
    lab.run("plan access --policy rules --base main").exits(4).prints(&[
        DENIED,
        "rule-weakened",
        "`rules/team.rego` has another text now, and may say less",
    ]);
    lab.run("apply access --policy rules --base main --auto-approve").exits(4).says(&[DENIED]);
    lab.run("apply p.plan --config access --policy rules --base main").exits(4).says(&[DENIED]);
    // So it is where a file alone is named, and where nothing is left of it.
    lab.run("plan access --policy rules/team.rego --base main").exits(4).prints(&[DENIED]);
    std::fs::remove_dir_all(lab.path("rules")).unwrap();
    commit(&lab);
    lab.run("plan access --policy rules").exits(1);
    lab.run("plan access --policy rules --base main")
        .exits(4)
        .prints(&[DENIED, "`rules/team.rego` was in force, and is not now"]);
    lab.run("plan access --policy nowhere --base main").exits(1).says(&["nowhere"]);
}

#[test]
fn a_link_in_place_of_rules_is_refused() {
    let lab = repository();
    lab.write("mild/team.rego", NOTHING);
    std::fs::remove_dir_all(lab.path("rules")).unwrap();
    std::os::unix::fs::symlink("mild", lab.path("rules")).unwrap();
    commit(&lab);
    lab.run("plan access --policy rules --base main")
        .exits(1)
        .says(&["rules is a link inside a git repository"]);
}

#[test]
fn a_link_among_rules_does_not_become_part_of_the_base() {
    let lab = repository();
    commit(&lab);
    std::fs::rename(lab.path("rules/team.rego"), lab.path("kept.rego")).unwrap();
    std::os::unix::fs::symlink("../kept.rego", lab.path("rules/team.rego")).unwrap();
    lab.run("plan access --policy rules --base main")
        .exits(1)
        .says(&["rules/team.rego is a link: once it is part of what `--base` names"]);
    lab.run("plan access --policy rules").exits(4);
}

/// No link is followed, so what is in a linked folder would not be asked.
#[test]
fn a_linked_folder_of_rules_is_not_passed_over() {
    let lab = repository();
    lab.write("rules/sub/none.txt", "");
    commit(&lab);
    lab.write("real/more.rego", NO_TEAM);
    std::fs::remove_dir_all(lab.path("rules/sub")).unwrap();
    std::os::unix::fs::symlink("../real", lab.path("rules/sub")).unwrap();
    lab.run("plan access --policy rules --base main")
        .exits(1)
        .says(&["rules/sub is a link: once it is part of what `--base` names"]);
    let done = lab.run("plan access --policy rules").exits(4);
    done.says(&["warning: rules/sub is a link to a folder, and no rule in it is asked"]);

    // Nor in the configuration folder, where a pattern would mean it.
    std::os::unix::fs::symlink("../real", lab.path("access/sub")).unwrap();
    let plain = lab.run("plan access --base main").exits(0);
    assert!(!plain.all().contains("access/sub"), "{}", plain.all());
    lab.write("access/own.rego", NOTHING);
    lab.write("access/scopeform.yaml", &format!("{HEAD}rego: [\"**/*.rego\"]\n{DRIVE}"));
    lab.run("plan access --base main")
        .exits(1)
        .says(&["access/sub is a link: once it is part of what `--base` names"]);
    let done = lab.run("plan access").exits(0);
    done.says(&["warning: sub is a link to a folder, and `rego` finds no rule in it"]);
    // A folder without rules is none of theirs.
    std::fs::remove_file(lab.path("real/more.rego")).unwrap();
    let plain = lab.run("plan access --base main").exits(0);
    assert!(!plain.all().contains("is a link"), "{}", plain.all());
}

/// Rules that stand elsewhere are not brought along by any change, so nothing of them is weaker than it was.
#[test]
fn rules_from_outside_of_the_repository_are_the_same_before_and_after() {
    let lab = repository();
    commit(&lab);
    let org = odeus("", &[("team.rego", NO_TEAM), ("settings.json", "{\"team\": 1}")]);
    let policy = org.path("team.rego").display().to_string();
    let settings = org.path("settings.json").display().to_string();
    let done = lab
        .run("plan access --base main --policy")
        .arg(&policy)
        .arg("--policy")
        .arg(&settings)
        .exits(4);
    let done = done.prints(&["the team gets nothing"]);
    assert!(!done.out.contains("rule-weakened"), "{}", done.out);
}

#[test]
fn a_plan_from_a_snapshot_asks_them_too() {
    let lab = repository();
    lab.run("snapshot access --out live.snapshot").exits(0);
    lab.run("plan access --snapshot live.snapshot --allow-unsigned").exits(0);
    lab.run("plan access --snapshot live.snapshot --allow-unsigned --policy rules")
        .exits(4)
        .prints(&[DENIED]);
}
