//! What apply costs: the calls that the plan says, and not one more.

use super::plane::{Plane, WISHES, WRITES};
use super::proxy::Proxy;

/// Settings, users, groups, integrations, connections: one page each.
const PAGES: usize = 5;

#[test]
fn a_plan_says_how_many_calls_apply_makes() {
    let plane = Plane::start();
    let proxy = Proxy::counting(plane.address);
    let lab = plane.lab_through(&proxy, WISHES);
    let plan = plane.run(&lab, "plan --json").exits(0).json();
    assert_eq!(proxy.requests().len(), PAGES, "{:?}", proxy.requests());
    let cost = &plan["api_cost"];
    assert_eq!(cost["plan_reads"], PAGES, "{cost}");
    assert_eq!(cost["writes"], WRITES, "{cost}");

    let before = proxy.requests().len();
    let report = plane.run(&lab, "apply --auto-approve --json").exits(0).json();
    let made = proxy.requests().len() - before;
    let predicted: u64 = ["plan_reads", "apply_reads", "writes"]
        .iter()
        .map(|part| cost[part].as_u64().unwrap())
        .sum();
    assert_eq!(made as u64, predicted, "{:?}", proxy.requests());
    assert_eq!(proxy.writes(), WRITES);
    assert_eq!(report["calls"].as_u64().unwrap(), predicted - PAGES as u64, "{report}");
}

#[test]
fn nothing_to_do_costs_one_reading() {
    let plane = Plane::start();
    let proxy = Proxy::counting(plane.address);
    let lab = plane.lab_through(&proxy, WISHES);
    plane.run(&lab, "apply --auto-approve").exits(0).prints(&["Applied: 4 operations"]);
    let before = proxy.requests().len();
    plane.run(&lab, "plan --detailed-exitcode").exits(0).prints(&["No changes"]);
    assert_eq!(proxy.requests().len() - before, PAGES, "{:?}", proxy.requests());
    plane.run(&lab, "apply --auto-approve").exits(0).prints(&["No changes"]);
    assert_eq!(proxy.requests().len() - before, 2 * PAGES, "{:?}", proxy.requests());
    assert_eq!(proxy.writes(), WRITES, "the second apply wrote");
}

#[test]
fn applying_nothing_still_reports() {
    let plane = Plane::start();
    let lab = plane.lab(WISHES);
    plane.run(&lab, "apply --auto-approve").exits(0);
    let report = plane.run(&lab, "apply --auto-approve --json").exits(0).json();
    assert_eq!(report["complete"], true);
    assert_eq!(report["total"], 0);
}

#[test]
fn planning_never_writes() {
    let plane = Plane::start();
    let proxy = Proxy::counting(plane.address);
    let lab = plane.lab_through(&proxy, WISHES);
    let before = plane.state();
    for args in
        ["plan", "plan --json", "plan --format diff", "plan --out p.json", "status", "export"]
    {
        plane.run(&lab, args).exits(0);
    }
    assert_eq!(proxy.writes(), 0);
    assert_eq!(plane.state(), before);
}

#[test]
fn a_target_is_all_that_is_written() {
    let plane = Plane::start();
    let lab = plane.lab(WISHES);
    let proxy = Proxy::counting(plane.address);
    let through = plane.lab_through(&proxy, WISHES);
    plane.run(&through, "apply --auto-approve --target files").exits(0);
    let writes = proxy.requests().into_iter().filter(|line| !line.starts_with("GET "));
    let writes: Vec<String> = writes.collect();
    assert_eq!(writes.len(), 1, "{writes:?}");
    assert!(writes[0].contains("/integrations/files/"), "{writes:?}");
    plane.run(&lab, "plan --detailed-exitcode --target files").exits(0).prints(&["No changes"]);
    plane.run(&lab, "plan --detailed-exitcode").exits(2);
    plane
        .run(&lab, "apply --auto-approve --target fyles")
        .exits(1)
        .says(&["`--target fyles`", "did you mean `files`?"]);
}
