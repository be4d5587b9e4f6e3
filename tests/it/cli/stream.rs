//! `apply --json-lines` and `undo --json-lines`: every line fits the published schema, and the last one says how it ended.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use scopeform::apply::{Outcome, Report, Step};
use scopeform::plan::Plan;
use scopeform::render::stream;
use serde_json::{Value, json};

use super::harness::{Done, Lab};
use crate::apply::plane::{Plane, WISHES};
use crate::apply::proxy::{Do, Proxy, gate};
use crate::apply::undo::{CRM, CRM_WORLD};
use crate::report;

/// Returns the lines of a run, each of which fits the schema.
#[track_caller]
pub(crate) fn lines(out: &str) -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/apply-stream.schema.json");
    let schema: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let read = |line: &str| {
        let line: Value = serde_json::from_str(line).unwrap_or_else(|why| panic!("{why}: {line}"));
        let wrong: Vec<String> = validator.iter_errors(&line).map(|e| e.to_string()).collect();
        assert!(wrong.is_empty(), "{wrong:#?}\n{line:#}");
        for name in ["@level", "@message", "@module", "@timestamp", "type"] {
            assert!(line[name].as_str().is_some_and(|text| !text.is_empty()), "{name}: {line}");
        }
        line
    };
    out.lines().map(read).collect()
}

fn types(lines: &[Value]) -> Vec<&str> {
    lines.iter().map(|line| line["type"].as_str().unwrap()).collect()
}

/// Checks what holds for every stream: its beginning, its end, and that each write is begun before it ends, for each thing
/// that it changes.
#[track_caller]
fn check(done: &Done, code: i32) -> Vec<Value> {
    assert_eq!(done.code, Some(code), "{}\n{}", done.out, done.err);
    let all = lines(&done.out);
    assert_eq!(types(&all)[0], "version");
    let last = all.last().unwrap();
    assert_eq!((&last["type"], &last["exit_code"]), (&json!("report"), &json!(code)));
    assert_eq!(types(&all).iter().filter(|kind| **kind == "report").count(), 1);
    let errors = all.iter().filter(|l| l["type"] == "diagnostic" && l["@level"] == "error").count();
    assert_eq!(errors == 0, code == 0, "an error has a diagnostic: {}", done.out);
    let mut begun: BTreeMap<(u64, &str), &str> = BTreeMap::new();
    for line in &all {
        let hook = &line["hook"];
        let index = hook["index"].as_u64().zip(hook["resource"]["addr"].as_str());
        match (line["type"].as_str().unwrap(), index) {
            ("apply_start", Some(at)) => assert!(begun.insert(at, "begun").is_none()),
            ("apply_complete", Some(at)) => assert_eq!(begun.insert(at, "done"), Some("begun")),
            ("apply_errored", Some(at)) => assert_ne!(begun.insert(at, "done"), Some("done")),
            ("apply_progress", Some(at)) => assert_eq!(begun.get(&at), Some(&"begun")),
            (_, at) => assert_eq!(at, None),
        }
    }
    all
}

#[test]
fn an_apply_is_told_while_it_happens() {
    let plane = Plane::start();
    let lab = plane.lab(WISHES);
    let done = plane.run(&lab, "apply --auto-approve --json-lines --parallelism 1").done();
    let all = check(&done, 0);
    let kinds = types(&all);
    let count = |kind: &str| kinds.iter().filter(|known| **known == kind).count();
    assert_eq!((count("planned_change"), count("apply_start"), count("apply_complete")), (4, 4, 4));
    let summaries: Vec<&Value> = all.iter().filter(|l| l["type"] == "change_summary").collect();
    assert_eq!(
        summaries[0]["changes"],
        json!({"add": 0, "change": 4, "remove": 0, "operation": "plan"})
    );
    assert_eq!(
        summaries[1]["changes"],
        json!({"add": 0, "change": 4, "remove": 0, "operation": "apply"})
    );
    let planned: Vec<&Value> = all.iter().filter(|l| l["type"] == "planned_change").collect();
    for line in all.iter().filter(|l| l["type"] == "apply_start") {
        let own = &line["hook"]["resource"];
        assert!(planned.iter().any(|change| change["change"]["resource"] == *own), "{own}");
        // The names that terraform gives in every such object, with nothing else under them.
        assert_eq!((&own["module"], &own["resource"]), (&json!(""), &own["addr"]), "{own}");
        assert_eq!(own["implied_provider"], "odeus");
        assert_eq!(own.get("resource_key"), Some(&Value::Null), "{own}");
        let unit = own["unit"].as_str().unwrap();
        assert!(own["addr"].as_str().unwrap().starts_with(unit), "{own}");
        assert_eq!(line["hook"]["action"], "update");
    }
    let report = &all.last().unwrap()["report"];
    assert_eq!((&report["complete"], &report["applied"]), (&json!(true), &json!(4)));
    // Once more: nothing to do.
    let again = check(&plane.run(&lab, "apply --auto-approve --json-lines").done(), 0);
    assert_eq!(types(&again), ["version", "change_summary", "change_summary", "report"]);
}

#[test]
fn what_went_wrong_is_told_with_its_exit_code() {
    let plane = Plane::start();
    let lab = plane.lab(WISHES);
    let run = |args: &str| plane.run(&lab, args).done();
    // 1: the files.
    let bad = Lab::with("version: 1\nplatform: odeus\nworkspace: acme\nintegratons: {}\n");
    let all = check(&bad.run("apply --json-lines").done(), 1);
    let told = all.iter().find(|line| line["type"] == "diagnostic").unwrap();
    assert_eq!(told["diagnostic"]["code"], "unknown-key");
    assert_eq!(told["diagnostic"]["range"]["start"]["line"], 4);
    // 8: no token.
    let all = check(&lab.run("apply --auto-approve --json-lines").done(), 8);
    assert_eq!(all[1]["diagnostic"]["code"], "no-access");
    // 5: nobody agreed.
    let all = check(&plane.run(&lab, "apply --json-lines").types("no\n").done(), 5);
    assert_eq!(all[all.len() - 2]["diagnostic"]["code"], "not-approved");
    // 64: with a flag that does not exist nothing was begun, not even the stream.
    let usage = run("apply --json-lines --bananas");
    assert_eq!(usage.code, Some(64));
    assert_eq!(types(&lines(&usage.out)), ["diagnostic", "report"]);
    // 3: what is live has moved.
    plane.run(&lab, "plan --out p.plan").exits(0);
    plane.switch("notes", "read_note", &json!({ "only": [{ "group": "sales" }] }));
    let all = check(&run("apply p.plan --json-lines"), 3);
    assert_eq!(all[all.len() - 2]["diagnostic"]["code"], "stale");
    assert!(all.iter().any(|line| line["type"] == "planned_change"));
    assert!(!types(&all).contains(&"apply_start"));
}

#[test]
fn a_blocked_plan_is_told_with_4() {
    let plane = Plane::start();
    let lab = plane.lab(
        "
integrations:
  notes:
    oauth: {mode: fixed, client: {id: n1, secret: {env: S}}, scopes: [profile, notes.read]}
    actions: {write_note: enabled}
",
    );
    let all = check(&plane.run(&lab, "apply --auto-approve --json-lines").done(), 4);
    assert_eq!(all[all.len() - 2]["diagnostic"]["code"], "blocked");
}

#[test]
fn an_apply_in_part_tells_each_write_and_6() {
    let plane = Plane::start();
    let proxy = Proxy::half_way(plane.address);
    let lab = plane.lab_through(&proxy, WISHES);
    let done = plane.run(&lab, "apply --auto-approve --json-lines --parallelism 1").done();
    let all = check(&done, 6);
    let outcomes: Vec<&str> = all
        .iter()
        .filter(|line| line["type"] == "apply_complete" || line["type"] == "apply_errored")
        .map(|line| line["hook"]["outcome"].as_str().unwrap())
        .collect();
    assert_eq!(outcomes, ["applied", "applied_unanswered", "failed", "skipped"], "{}", done.out);
    let kinds = types(&all);
    assert!(kinds.contains(&"apply_progress") && kinds.contains(&"apply_errored"), "{kinds:?}");
    let report = &all.last().unwrap()["report"];
    assert_eq!((&report["complete"], &report["total"]), (&json!(false), &json!(4)));
    let summary = all.iter().rfind(|line| line["type"] == "change_summary").unwrap();
    assert_eq!(summary["changes"]["change"], 2);
}

/// A reader sees a line when its write begins, not when everything is over.
#[test]
fn lines_are_sent_off_before_the_next_write() {
    let plane = Plane::start();
    let (gate, keeper) = gate();
    let proxy = Proxy::start(plane.address, move |request, writes| {
        if request.is_write() && writes == 1 { Do::Gate(gate.clone()) } else { Do::Pass }
    });
    let lab = plane.lab_through(&proxy, WISHES);
    let run = plane.run(&lab, "apply --auto-approve --json-lines --parallelism 1").begin();
    keeper.arrived();
    run.signal("KILL");
    let done = run.done();
    assert_eq!(done.code, None);
    let all = lines(&done.out);
    let last: Vec<&str> = types(&all).into_iter().rev().take(3).collect();
    assert_eq!(last, ["apply_start", "apply_complete", "apply_start"], "{}", done.out);
}

/// Whoever watches learns what stays lost before anything is written, and in the words of `undo --json`.
#[test]
fn an_undo_tells_what_cannot_be_restored_before_it_writes() {
    let lab = Lab::with(CRM);
    lab.write("world.yaml", CRM_WORLD);
    lab.run("apply --auto-approve --parallelism 1").exits(0);
    let mut alone = lab.run("undo --out a.plan --json").exits(0).json();
    let beside = alone.as_object_mut().unwrap();
    assert!(beside.remove("format_version").is_some() && beside.remove("report").is_some());
    let lost = |told: &Value| {
        let lost = told["cannot_be_restored"].as_array().unwrap();
        lost.iter().any(|one| one["address"] == "api_keys/old")
    };
    assert!(lost(&alone), "{alone:#}");

    // Saved: nothing is carried out, so there is no report.
    let all = check(&lab.run("undo --out b.plan --json-lines").done(), 0);
    let planned = alone["operations"].as_u64().unwrap();
    let kinds = types(&all);
    assert_eq!(kinds[kinds.len() - 3..], ["change_summary", "undo", "report"]);
    assert_eq!(all[all.len() - 2]["undo"], alone);
    assert_eq!(all.last().unwrap().get("report"), None);
    assert_eq!(lab.read("a.plan"), lab.read("b.plan"));

    // Not agreed to: told all the same, and nothing is written.
    let all = check(&lab.run("undo --json-lines").types("no\n").done(), 5);
    assert!(all.iter().any(|line| line["undo"] == alone), "{all:#?}");
    assert!(!types(&all).contains(&"apply_start"));

    let all = check(&lab.run("undo --auto-approve --json-lines").done(), 0);
    let kinds = types(&all);
    let at = |kind: &str| kinds.iter().position(|known| *known == kind).unwrap();
    assert!(at("undo") < at("apply_start"), "{kinds:?}");
    assert_eq!(all[at("undo")]["undo"], alone);
    let done = all.iter().filter(|line| line["type"] == "apply_complete");
    let writes: BTreeSet<u64> = done.map(|line| line["hook"]["index"].as_u64().unwrap()).collect();
    assert_eq!(writes, (0..planned).collect());
    let report = &all.last().unwrap()["report"];
    assert_eq!((&report["complete"], &report["applied"]), (&json!(true), &json!(planned)));
}

#[test]
fn an_undo_with_nothing_to_take_back_names_what_has_moved() {
    let plane = Plane::start();
    let lab = plane.lab(WISHES);
    plane.run(&lab, "apply --auto-approve --target files").exits(0);
    let run = plane.run(&lab, "show --last --json").exits(0).json()["run"].clone();
    plane.switch("files", "write_file", &json!({ "only": [{ "group": "sales" }] }));
    let all = check(&plane.run(&lab, "undo --auto-approve --json-lines").done(), 0);
    assert_eq!(types(&all), ["version", "change_summary", "undo", "change_summary", "report"]);
    assert_eq!((&all[2]["undo"]["run"], &all[2]["undo"]["operations"]), (&run, &json!(0)));
    assert_eq!(all[2]["undo"]["moved"][0]["address"], "files/actions/write_file");
    assert_eq!(all[4]["report"]["complete"], true);
    let said = all[2]["@message"].as_str().unwrap();
    assert!(said.ends_with(": 1 field has moved since."), "{said}");
}

/// Of lines of one type: address, sort and what becomes of each thing.
fn things<'l>(all: &'l [Value], kind: &str) -> BTreeSet<[&'l str; 4]> {
    let own = all.iter().filter(|line| line["type"] == kind);
    let thing = |line: &'l Value| {
        let of = if kind == "planned_change" { &line["change"] } else { &line["hook"] };
        let resource = &of["resource"];
        [&resource["addr"], &resource["resource_type"], &resource["unit"], &of["action"]]
            .map(|value| value.as_str().unwrap())
    };
    own.map(thing).collect()
}

/// A lab with a copy of an example.
fn example(name: &str) -> Lab {
    let lab = Lab::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name);
    report::copy(&folder, &lab.path(name));
    lab
}

/// One save on TrustPager carries many changes, and a change of client on Odeus what it clears.
#[test]
fn what_is_planned_is_what_is_told_as_done_on_both_platforms() {
    for name in report::EXAMPLES {
        let lab = example(name);
        let done = lab.run(&format!("apply {name} --auto-approve --json-lines")).done();
        let all = check(&done, 0);
        let planned = things(&all, "planned_change");
        assert!(planned.len() > 10, "{name}: {planned:?}");
        assert!(planned.iter().all(|thing| thing.iter().all(|word| !word.is_empty())));
        for kind in ["apply_start", "apply_complete"] {
            assert_eq!(things(&all, kind), planned, "{name}: {kind}");
        }
        let counts = |operation: &str| {
            let own = all.iter().find(|line| line["changes"]["operation"] == operation);
            let counts =
                &own.unwrap_or_else(|| panic!("{name}: no summary of {operation}"))["changes"];
            ["add", "change", "remove"].map(|what| counts[what].as_u64().unwrap())
        };
        assert_eq!(counts("apply"), counts("plan"), "{name}");
        // Lines of one write have its place in common.
        let total = all.last().unwrap()["report"]["total"].as_u64().unwrap();
        let places: BTreeSet<u64> =
            all.iter().filter_map(|line| line["hook"]["index"].as_u64()).collect();
        assert_eq!(places, (0..total).collect(), "{name}");
    }
}

/// What a save carries is not done where the save is not, tiers and verbs alike.
#[test]
fn what_a_failed_write_carries_is_not_counted() {
    let lab = example("acme-crm");
    lab.run("plan acme-crm --today 2026-11-22 --out p.plan").exits(0);
    let file: Value = serde_json::from_str(&lab.read("p.plan")).unwrap();
    let plan = json!({"bound": file["bound"], "observed": file["observed"]});
    let plan: Plan = serde_json::from_value(plan).unwrap();
    let counted = |failed: Option<usize>| {
        let steps = plan.bound.operations.iter().enumerate().map(|(at, operation)| Step {
            unit: operation.unit.clone(),
            address: operation.address.clone(),
            what: operation.operation.to_string(),
            outcome: match failed {
                Some(failed) if failed == at => Outcome::Failed("no".to_owned()),
                _ => Outcome::AppliedUnanswered,
            },
        });
        let report = Report {
            steps: steps.collect(),
            differences: None,
            calls: 0,
            accepted: BTreeSet::new(),
            token_refused: false,
        };
        let line = serde_json::to_value(stream::done(&plan, &report)).unwrap();
        ["add", "change", "remove"].map(|what| line["changes"][what].as_u64().unwrap())
    };
    assert_eq!(counted(None), [1, 7, 3]);
    let words: Vec<_> = plan.bound.operations.iter().map(|own| own.address.to_string()).collect();
    for (address, left) in [
        ("oauth_clients/Claude Connection/resources", [1, 2, 3]),
        ("oauth_clients/Zapier/resources", [1, 6, 3]),
        ("oauth_clients/Zapier/tokens/tok_47ef145b1fe1", [1, 7, 2]),
        ("api_keys/nightly export", [1, 6, 3]),
        ("api_keys/ticket sync", [0, 7, 3]),
    ] {
        let failed = words.iter().position(|word| word == address).unwrap();
        assert_eq!(counted(Some(failed)), left, "{address}");
    }
}
