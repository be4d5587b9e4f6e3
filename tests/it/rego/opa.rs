//! The second opinion: OPA itself, which somebody else wrote, gives the same answers about the same plans.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use scopeform::rego;
use serde_json::{Value, json};

use super::{Files, crm, odeus, rules, shipped};

/// Returns what OPA says that these rules are.
fn opa(files: Files<'_>, input: &Value, asked: &BTreeSet<String>) -> BTreeMap<String, Value> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let library = root.join("target/test-tools/opa");
    assert!(
        library.join("opa_bindings/libopabridge.so").exists(),
        "these tests need OPA as a library: run tests/tools.sh"
    );
    let (modules, data): (Vec<_>, Vec<_>) =
        files.iter().partition(|(path, _)| path.ends_with(".rego"));
    let modules: BTreeMap<&str, &str> = modules.into_iter().copied().collect();
    let data: Vec<Value> =
        data.into_iter().map(|(_, text)| serde_json::from_str(text).unwrap()).collect();
    let question = json!({ "modules": modules, "data": data, "input": input, "rules": asked });
    let mut python = Command::new("python3")
        .arg(root.join("tests/it/rego/opa.py"))
        .arg(library)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| {
            panic!("these tests need python3 (Debian: apt-get install python3): {error}")
        });
    python.stdin.take().unwrap().write_all(question.to_string().as_bytes()).unwrap();
    let output = python.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Messages by rule, as `data.main.deny`.
pub(super) type Said = BTreeMap<String, BTreeSet<String>>;

/// Holds our answer against OPA's and returns it.
#[track_caller]
pub(super) fn agree(files: Files<'_>, input: &Value, asked: &[&str]) -> Said {
    let mut ours = Said::new();
    for denial in rego::ask(&rules(files), &input.to_string()).unwrap() {
        ours.entry(format!("data.{}", denial.rule)).or_default().insert(denial.message);
    }
    let asked: BTreeSet<String> = asked.iter().map(|rule| (*rule).to_owned()).collect();
    let paths: BTreeSet<String> =
        asked.iter().map(|rule| rule.strip_prefix("data.").unwrap().to_owned()).collect();
    let mut theirs = Said::new();
    for (rule, value) in opa(files, input, &paths) {
        let messages: BTreeSet<String> = value
            .as_array()
            .into_iter()
            .flatten()
            .map(|one| one.as_str().or_else(|| one["msg"].as_str()).unwrap().to_owned())
            .collect();
        if !messages.is_empty() {
            theirs.insert(format!("data.{rule}"), messages);
        }
    }
    assert_eq!(ours, theirs, "{files:?}");
    assert!(ours.keys().all(|rule| asked.contains(rule)), "{ours:?}");
    ours
}

fn plans() -> Vec<Value> {
    let plan = |lab: &crate::cli::harness::Lab| lab.run("plan --json").exits(0).json();
    vec![
        plan(&odeus("integrations:\n  onedrive: {access: everyone}\n", &[])),
        plan(&odeus(
            "integrations:\n  entra:\n    oauth: {mode: managed}\n    labels: {ticket: none yet}\n    actions: \
             {search_groups: enabled, get_manager: {users: [gil@guest.example], groups: [guests]}}\n  onedrive:\n    \
             oauth: {mode: fixed, client: {id: own}, scopes: [openid, offline_access, User.Read, Files.ReadWrite.All]}\n",
            &[],
        )),
        plan(&odeus(
            "integrations:\n  entra:\n    oauth: {mode: managed}\n    labels: {ticket: SEC-142, owner: it}\n    actions: \
             {search_groups: enabled, get_manager: {groups: [team]}}\n",
            &[],
        )),
        plan(&crm(
            "oauth_clients:\n  Helper: {resources: {contacts: delete_with_approval, email: send_with_approval}}\n  \
             Partner: {resources: {tasks: write_automatically}}\napi_keys:\n  sync: {resources: {tasks: \
             write_automatically}, deliver: {file: .scopeform/k}}\n  all: {full_access: true, deliver: {file: .scopeform/l}, \
             labels: {ticket: OPS-1, owner: ops}}\n",
            &[],
        )),
    ]
}

#[test]
fn opa_says_the_same_of_the_shipped_rules_on_real_plans() {
    let files = shipped();
    let files: Vec<(&str, &str)> =
        files.iter().map(|(path, text)| (path.to_str().unwrap(), text.as_str())).collect();
    let asked = [
        "data.main.deny_admin_consent",
        "data.main.deny_guests",
        "data.main.deny_owners",
        "data.main.deny_tiers",
    ];
    let mut spoke = BTreeSet::new();
    for plan in plans() {
        spoke.extend(agree(&files, &plan, &asked).into_keys());
    }
    assert_eq!(
        spoke,
        asked.iter().map(|rule| (*rule).to_owned()).collect(),
        "each has said something"
    );
}

/// Rules in the way in which they are written for terraform plans and conftest.
const USUAL: &str = r#"package main

import future.keywords

restricted := {"odeus_oauth_client", "trustpager_api_key"}

deny[msg] {
    change := input.resource_changes[_]
    restricted[change.type]
    action := change.change.actions[_]
    action in {"create", "update"}
    msg := sprintf("%s: %s is restricted", [change.address, action])
}

warn[{"msg": msg, "address": address}] {
    changes := [change | change := input.resource_changes[_]; change.change.actions[_] == "update"]
    n := count(changes)
    n > 1
    address := changes[0].address
    msg := sprintf("%d updates, the first is %v", [n, address])
}

violation[{"msg": msg}] {
    by_unit := {unit: n | unit := input.resource_changes[_].unit; n := count([1 | input.resource_changes[_].unit == unit])}
    by_unit[unit] > 1
    not startswith(unit, "oauth_clients/")
    msg := sprintf("%v: %v", [unit, by_unit[unit]])
}
"#;

#[test]
fn opa_says_the_same_of_rules_as_they_are_written_for_conftest() {
    let v1 = USUAL
        .replace("import future.keywords", "import rego.v1")
        .replace("deny[msg] {", "deny contains msg if {")
        .replace(
            "warn[{\"msg\": msg, \"address\": address}] {",
            "warn contains {\"msg\": msg, \"address\": address} if {",
        )
        .replace("violation[{\"msg\": msg}] {", "violation contains {\"msg\": msg} if {");
    let asked = ["data.main.deny", "data.main.warn", "data.main.violation"];
    let mut spoke = BTreeSet::new();
    for plan in plans() {
        let said = agree(&[("usual.rego", &v1)], &plan, &asked);
        // As Rego v0 they are read too, and say the same; OPA has to be told.
        let mut old = Said::new();
        for denial in rego::ask(&rules(&[("usual.rego", USUAL)]), &plan.to_string()).unwrap() {
            old.entry(format!("data.{}", denial.rule)).or_default().insert(denial.message);
        }
        assert_eq!(old, said);
        spoke.extend(said.into_keys());
    }
    assert_eq!(spoke.len(), 3, "{spoke:?}");
}
