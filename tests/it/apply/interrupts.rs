//! Ctrl-C and kill -9, at every boundary.

use std::io::{BufRead as _, BufReader};
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use super::plane::{Plane, WISHES, WRITES};
use super::proxy::{Do, Proxy, gate};

/// Writes go one after another, so that "the third write" means one thing.
const SERIAL: &str = "apply --auto-approve --parallelism 1";

#[test]
fn interrupted_between_writes_finishes_the_one_in_flight() {
    for signal in ["INT", "TERM"] {
        let plane = Plane::start();
        let (gate, keeper) = gate();
        let proxy = Proxy::start(plane.address, move |r, n| {
            if r.is_write() && n == 1 { Do::Gate(gate.clone()) } else { Do::Pass }
        });
        let lab = plane.lab_through(&proxy, WISHES);
        let mut running = plane.run(&lab, &format!("{SERIAL} --json")).begin();
        keeper.arrived();
        running.signal(signal);
        // It has understood once it says so.
        let mut said = BufReader::new(running.child.stderr.take().unwrap());
        let mut line = String::new();
        while !line.contains("interrupted: finishing the request in flight") {
            line.clear();
            assert_ne!(said.read_line(&mut line).unwrap(), 0, "it never said so");
        }
        keeper.release();
        let report = running.done().exits(6).json();
        let outcomes: Vec<_> = report["operations"]
            .as_array()
            .unwrap()
            .iter()
            .map(|s| s["outcome"].as_str().unwrap())
            .collect();
        assert_eq!(outcomes, ["applied", "applied", "interrupted", "interrupted"], "{report}");
        assert_eq!(plane.audited(), 2);
        plane.run(&lab, "apply --auto-approve").exits(0).prints(&["Applied: 2 operations"]);
    }
}

/// A pause is no request in flight: whoever cancels a job gives it seconds, and a minute's budget may take the minute.
#[test]
fn interrupted_while_it_waits_it_waits_no_longer() {
    for platform_asks in [false, true] {
        let plane = Plane::start();
        let proxy = Proxy::start(plane.address, move |r, n| {
            if platform_asks && r.is_write() && n == 1 {
                let head = "HTTP/1.1 429 Too Many Requests\r\ncontent-length: 2\r\n";
                Do::Raw(
                    format!("{head}retry-after: 55\r\nconnection: close\r\n\r\n{{}}").into_bytes(),
                )
            } else {
                Do::Pass
            }
        });
        let lab = plane.lab_through(&proxy, WISHES);
        // Five requests plan and five begin; after the first write the minute is over.
        let budget = if platform_asks { "" } else { " --api-budget 11" };
        let mut running = plane.run(&lab, &format!("{SERIAL} --json{budget}")).begin();
        let mut said = BufReader::new(running.child.stderr.take().unwrap());
        let mut line = String::new();
        while !line.contains("waiting ") {
            line.clear();
            assert_ne!(said.read_line(&mut line).unwrap(), 0, "it never said so");
        }
        running.signal("INT");
        let report = running.done().exits(6).json();
        let outcomes = report["operations"].as_array().unwrap().iter();
        let outcomes: Vec<_> = outcomes.map(|step| step["outcome"].as_str().unwrap()).collect();
        assert_eq!(outcomes, ["applied", "interrupted", "interrupted", "interrupted"], "{report}");
        // Where reading the end would have to wait as well, it is left out, and that is said.
        assert_eq!(report["differences"].is_null(), !platform_asks, "{report}");
        assert_eq!(plane.audited(), 1);
        plane.run(&lab, "show --last").exits(0).prints(&["interrupted"]);
        let direct = plane.lab(WISHES);
        plane.run(&direct, "apply --auto-approve").exits(0).prints(&["Applied: 3 operations"]);
    }
}

#[test]
fn interrupted_twice_stops_at_once() {
    let plane = Plane::start();
    let (gate, keeper) = gate();
    let proxy = Proxy::start(plane.address, move |r, n| {
        if r.is_write() && n == 1 { Do::Gate(gate.clone()) } else { Do::Pass }
    });
    let lab = plane.lab_through(&proxy, WISHES);
    plane.run(&lab, "plan --out p.json").exits(0);
    let plan = proxy.requests().len() as u64;
    let mut running = plane.run(&lab, "apply p.json --parallelism 1").begin();
    keeper.arrived();
    running.signal("INT");
    let mut said = BufReader::new(running.child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("interrupted: finishing") {
        line.clear();
        assert_ne!(said.read_line(&mut line).unwrap(), 0, "it never said so");
    }
    running.signal("INT");
    let mut rest = String::new();
    std::io::Read::read_to_string(&mut said, &mut rest).unwrap();
    let done = running.done().exits(6);
    assert!(rest.contains("interrupted again"), "{rest}\n{}", done.all());
    // It came to an end, and said which.
    let told = plane.run(&lab, "show --last").exits(0).prints(&[
        "In part: 1 of 4 operations applied.",
        "It ended with: interrupted again: stopped without waiting",
        "??",
        "begun; whether it was sent, and what became of it, was not noted: reading tells",
    ]);
    assert!(!told.out.contains("without an end"), "{}", told.all());
    let told = plane.run(&lab, "show --last --json").exits(0).json();
    assert_eq!(
        (&told["verdict"], &told["stopped_at"]),
        (&json!("in_part"), &Value::Null),
        "{told}"
    );
    assert_eq!(told["operations"][1]["outcome"], "in_flight", "{told}");
    // The one in flight was cut off, so it is not counted.
    let calls = proxy.requests().len() as u64 - plan - 1;
    assert_eq!(told["calls"], calls, "{told}");
}

#[test]
fn interrupted_before_the_first_write_is_130() {
    for signal in ["INT", "TERM"] {
        let plane = Plane::start();
        let (gate, keeper) = gate();
        let seen = AtomicUsize::new(0);
        let proxy = Proxy::start(plane.address, move |_, _| {
            // Five requests make the plan; the sixth is apply's re-read.
            if seen.fetch_add(1, Ordering::Relaxed) < 5 { Do::Pass } else { Do::Gate(gate.clone()) }
        });
        let lab = plane.lab_through(&proxy, WISHES);
        plane.run(&lab, "plan --out p.json").exits(0);
        let before = plane.state();
        let running = plane.run(&lab, "apply p.json").begin();
        keeper.arrived();
        running.signal(signal);
        running.done().exits(130).says(&["interrupted before the first write; nothing was done"]);
        assert_eq!(proxy.writes(), 0);
        assert_eq!(plane.state(), before);
    }
}

#[test]
fn case_48_killed_anywhere_and_run_again_gives_the_same_end() {
    let end = {
        let plane = Plane::start();
        let lab = plane.lab(WISHES);
        plane.run(&lab, SERIAL).exits(0);
        plane.state()
    };
    for boundary in 0..WRITES {
        for answered in [false, true] {
            let plane = Plane::start();
            let (gate, keeper) = gate();
            let proxy = Proxy::start(plane.address, move |r, n| {
                if !r.is_write() || n != boundary {
                    Do::Pass
                } else if answered {
                    Do::GateAnswer(gate.clone())
                } else {
                    Do::Gate(gate.clone())
                }
            });
            let lab = plane.lab_through(&proxy, WISHES);
            let running = plane.run(&lab, SERIAL).begin();
            keeper.arrived();
            running.signal("KILL");
            assert_eq!(running.done().code, None);
            drop(keeper);
            let done = boundary + usize::from(answered);
            assert_eq!(plane.audited(), done, "boundary {boundary}, answered {answered}");
            let straight = plane.lab(WISHES);
            plane.run(&straight, SERIAL).exits(0);
            assert_eq!(plane.state(), end, "boundary {boundary}, answered {answered}");
            assert_eq!(plane.audited(), WRITES, "boundary {boundary}, answered {answered}");
        }
    }
}
