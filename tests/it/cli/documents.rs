//! What programs read is what the published schemas say.

use std::path::Path;

use serde_json::Value;

use crate::apply::plane::{Plane, WISHES};
use crate::apply::proxy::Proxy;
use crate::cli::harness::Lab;

#[track_caller]
pub(super) fn valid(schema: &str, document: &Value) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas").join(schema);
    let schema: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<String> =
        validator.iter_errors(document).map(|e| format!("{}: {e}", e.instance_path())).collect();
    assert!(errors.is_empty(), "{errors:#?}\n{document:#}");
}

#[test]
fn documents_fit_their_schemas() {
    let plane = Plane::start();
    let lab = plane.lab(WISHES);
    let run = |args: &str, code| plane.run(&lab, args).exits(code).json();
    valid("status.schema.json", &run("status --json", 0));
    valid("diagnostics.schema.json", &run("validate --json", 0));
    valid("diagnostics.schema.json", &run("plan --json --target nothing", 1));
    valid("plan.schema.json", &run("plan --json --out p.json", 0));
    valid("plan.schema.json", &run("show p.json --json", 0));
    valid("plan-file.schema.json", &serde_json::from_str(&lab.read("p.json")).unwrap());
    valid("report.schema.json", &run("apply p.json --json", 0));
    valid("report.schema.json", &run("apply --auto-approve --json", 0));
    valid("plan.schema.json", &run("plan --json", 0));
    valid("report.schema.json", &run("apply p.json --json", 0));
    plane.switch("notes", "read_note", &serde_json::json!({ "only": [{ "group": "sales" }] }));
    valid("diagnostics.schema.json", &run("apply p.json --json", 3));
}

#[test]
fn a_report_of_failures_fits_its_schema() {
    let plane = Plane::start();
    let proxy = Proxy::half_way(plane.address);
    let lab = plane.lab_through(&proxy, WISHES);
    let report = plane.run(&lab, "apply --auto-approve --json --parallelism 1").exits(6).json();
    valid("report.schema.json", &report);
    let outcomes: Vec<&str> = report["operations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| step["outcome"].as_str().unwrap())
        .collect();
    assert_eq!(outcomes, ["applied", "applied_unanswered", "failed", "skipped"], "{report}");
}

#[test]
fn terraform_readers_find_their_names() {
    let plane = Plane::start();
    let lab = plane.lab(WISHES);
    let plan = plane.run(&lab, "plan --json").exits(0).json();
    assert!(plan["format_version"].is_string());
    for change in plan["resource_changes"].as_array().unwrap() {
        assert!(change["address"].is_string() && change["type"].is_string(), "{change}");
        assert_eq!(change["change"]["actions"], serde_json::json!(["update"]), "{change}");
        assert_ne!(change["change"]["before"], change["change"]["after"], "{change}");
    }
    assert_eq!(plan["resource_changes"].as_array().unwrap().len(), 4);
    let digest = plan["digest"].as_str().unwrap();
    plane.run(&lab, "plan").exits(0).prints(&[digest]);
}

#[test]
fn the_diff_is_a_unified_diff() {
    let plane = Plane::start();
    let lab = plane.lab(WISHES);
    let diff = plane.run(&lab, "plan --format diff").exits(0).out;
    for start in ["--- ", "+++ ", "@@ ", "+", "-"] {
        assert!(diff.lines().any(|line| line.starts_with(start)), "{start}\n{diff}");
    }
    plane.run(&lab, "apply --auto-approve").exits(0);
    plane.run(&lab, "plan --format diff").exits(0).prints_nothing();
}

#[test]
fn a_saved_plan_is_known_by_how_it_begins_and_not_by_its_name() {
    let lab = Lab::new();
    lab.run("init --workspace acme").exits(0);
    for name in ["g.yaml", "g.plan"] {
        lab.run(&format!("plan --out {name}")).exits(0);
        let help = format!("`scopeform show {name}` prints it, `scopeform apply {name}`");
        for command in ["plan", "validate"] {
            let told = format!("{name} is a saved plan, and no configuration");
            lab.run(&format!("{command} {name}")).exits(1).says(&[&told, &help]);
        }
    }
    // Beside the configuration it is none.
    lab.run("plan").exits(0).says(&["notice: g.yaml is a saved plan, and no part of the"]);
    lab.run("apply g.yaml").exits(0).prints(&["Applied: 14 operations"]);
}
