//! What is not begun because something before it was not done.

use std::sync::Mutex;

use serde_json::Value;

use super::plane::{Plane, WISHES};
use super::proxy::{Do, Proxy};

fn outcomes(report: &Value) -> Vec<(&str, &str)> {
    let steps = report["operations"].as_array().unwrap();
    steps.iter().map(|s| (s["unit"].as_str().unwrap(), s["outcome"].as_str().unwrap())).collect()
}

/// Mutation `dependants` makes it fail. Dependants are skipped: what follows a failure in its unit, or in the stage
/// before, is sent all the same.
#[test]
fn the_workspace_switch_that_comes_last_is_not_set_when_a_unit_failed() {
    let plane = Plane::start();
    let off = format!("new_actions_enabled_by_default: false\n{}", WISHES.trim_start());
    let on = off.replace("default: false", "default: true");
    plane
        .run(&plane.lab("new_actions_enabled_by_default: false\n"), "apply --auto-approve")
        .exits(0);
    let proxy = Proxy::start(plane.address, |r, _| {
        let notes = r.is_write() && r.path.contains("/integrations/notes/");
        if notes { Do::Answer(503, "{}".to_owned()) } else { Do::Pass }
    });
    let lab = plane.lab_through(&proxy, &on);
    let report = plane.run(&lab, "apply --auto-approve --json").exits(6).json();
    let said = outcomes(&report);
    assert_eq!(said.last().unwrap().1, "skipped", "{report}");
    let detail = report["operations"].as_array().unwrap().last().unwrap()["detail"].clone();
    assert!(detail.as_str().unwrap().contains("because notes/"), "{report}");
    assert!(said.contains(&("files", "applied")), "{report}");
    let sent = proxy.requests();
    assert!(!sent.iter().any(|r| r.contains("/settings/") && !r.starts_with("GET")), "{sent:?}");
    // Once the units are done it is set.
    plane.run(&plane.lab(&on), "apply --auto-approve").exits(0).prints(&["Applied: 4 operations"]);
}

#[test]
fn a_workspace_switch_that_fails_first_stops_what_follows() {
    let plane = Plane::start();
    plane
        .run(&plane.lab("new_actions_enabled_by_default: true\n"), "apply --auto-approve")
        .exits(0);
    let audited = plane.audited();
    let off = format!("new_actions_enabled_by_default: false\n{}", WISHES.trim_start());
    let proxy = Proxy::start(plane.address, |r, _| {
        let switch = r.is_write() && r.path.contains("/settings/");
        if switch { Do::Answer(503, "{}".to_owned()) } else { Do::Pass }
    });
    let report =
        plane.run(&plane.lab_through(&proxy, &off), "apply --auto-approve --json").exits(1).json();
    let said = outcomes(&report);
    assert_eq!(said[0].1, "failed", "{report}");
    assert!(said[1..].iter().all(|(_, word)| *word == "skipped"), "{report}");
    assert_eq!(plane.audited(), audited);
}

#[test]
fn whoever_is_overtaken_begins_nothing_more() {
    let plane = Plane::start();
    let before = plane.state();
    let proxy = Proxy::start(plane.address, |r, n| {
        if r.is_write() && n == 0 { Do::Answer(412, "{}".to_owned()) } else { Do::Pass }
    });
    let lab = plane.lab_through(&proxy, WISHES);
    let report = plane.run(&lab, "apply --auto-approve --parallelism 1 --json").exits(3).json();
    let said = outcomes(&report);
    assert_eq!(said[0].1, "conflict", "{report}");
    assert!(said[1..].iter().all(|(_, word)| *word == "skipped"), "{report}");
    assert_ne!(said[0].0, said[3].0, "two units: {report}");
    assert_eq!(plane.state(), before);
}

#[test]
fn what_was_done_meanwhile_is_said_to_be_done_and_nobody_is_named() {
    let plane = Plane::start();
    let address = plane.address;
    let done = Mutex::new(false);
    let proxy = Proxy::start(address, move |r, _| {
        let mut done = done.lock().unwrap();
        if !r.is_write() || *done {
            return Do::Pass;
        }
        *done = true;
        // Somebody else sends the very same a moment before.
        r.send(address).unwrap();
        Do::Pass
    });
    let lab = plane.lab_through(&proxy, WISHES);
    let done = plane.run(&lab, "apply --auto-approve --parallelism 1").exits(3);
    let done = done.prints(&["reading at the end shows it as done, by whom is unknown"]);
    assert!(!done.all().contains("not done"), "{}", done.all());
    assert_eq!(plane.audited(), 1);
}
