//! What fails between the program and the control plane, and what the report says about it.

use scopeform::render::report::TOKEN_HELP;
use serde_json::{Value, json};

use super::plane::{Plane, WISHES};
use super::proxy::{Do, Proxy};
use super::wire::Request;

const ONE: &str = "
integrations:
  notes:
    actions: {read_note: enabled}
";

/// Two writes to one integration: what happens to the second shows what happened to the first.
const TWO: &str = "
integrations:
  notes:
    actions: {read_note: enabled, write_note: enabled}
";

/// Applies through a proxy that treats the writes in its own way.
fn apply(
    wishes: &str,
    code: i32,
    rule: impl Fn(&Request, usize) -> Do + Send + Sync + 'static,
) -> (Plane, Value, String) {
    let plane = Plane::start();
    let proxy = Proxy::start(plane.address, rule);
    let lab = plane.lab_through(&proxy, wishes);
    let done = plane.run(&lab, "apply --auto-approve --json").exits(code);
    (plane, done.json(), done.err)
}

fn first_write(request: &Request, writes: usize) -> bool {
    request.is_write() && writes == 0
}

fn outcomes(report: &Value) -> Vec<&str> {
    let steps = report["operations"].as_array().unwrap();
    steps.iter().map(|step| step["outcome"].as_str().unwrap()).collect()
}

/// Mutation `unsettled` makes it fail. Unknown is settled by reading: a write without an answer counts as not done.
#[test]
fn a_write_that_was_done_and_not_answered_is_settled_by_reading() {
    let (plane, report, _) =
        apply(TWO, 0, |r, n| if first_write(r, n) { Do::DropAnswer } else { Do::Pass });
    assert_eq!(outcomes(&report), ["applied_unanswered", "applied"], "{report}");
    assert_eq!(report["complete"], true);
    assert_eq!(plane.audited(), 2, "a write was repeated");
}

/// Mutation `repeat` makes it fail. A write without an answer is sent again in place of reading what became of it.
#[test]
fn a_write_that_never_arrived_is_not_repeated() {
    let (plane, report, _) =
        apply(TWO, 1, |r, n| if first_write(r, n) { Do::Drop } else { Do::Pass });
    assert_eq!(outcomes(&report), ["failed", "skipped"], "{report}");
    let detail = report["operations"][0]["detail"].as_str().unwrap();
    assert!(detail.contains("reading showed that it was not done"), "{detail}");
    assert_eq!(plane.audited(), 0);
}

#[test]
fn a_server_error_before_the_write_is_no_write() {
    let (plane, report, _) =
        apply(
            TWO,
            1,
            |r, n| {
                if first_write(r, n) { Do::Answer(500, "{}".to_owned()) } else { Do::Pass }
            },
        );
    assert_eq!(outcomes(&report), ["failed", "skipped"], "{report}");
    assert_eq!(plane.audited(), 0);
}

/// What failed or was skipped is told once, by its operation; what nothing explains is told in the words of the files.
#[test]
fn only_what_no_step_explains_is_a_difference() {
    for (odd, wanted) in [(false, vec![]), (true, vec!["files/actions/write_file"])] {
        for json in [false, true] {
            let plane = Plane::start();
            let proxy = Proxy::start(plane.address, move |r, writes| {
                if r.is_write() && r.path.contains("/integrations/notes/") {
                    Do::Answer(503, "{}".to_owned())
                } else if odd && !r.is_write() && writes > 1 && r.path.contains("/integrations?") {
                    Do::Change(|body| {
                        for item in body["items"].as_array_mut().unwrap() {
                            if item["facts"]["key"] == "files" || item["key"] == "files" {
                                item["state"]["actions"]["write_file"]["access"] = json!("nobody");
                            }
                        }
                    })
                } else {
                    Do::Pass
                }
            });
            let wishes = WISHES.replace("write_file: disabled", "write_file: {groups: [sales]}");
            let lab = plane.lab_through(&proxy, &wishes);
            let args = if json { " --json" } else { "" };
            let args = format!("apply --auto-approve --parallelism 1{args}");
            let done = plane.run(&lab, &args).exits(6);
            if json {
                let report = done.json();
                let found = report["differences"].as_array().unwrap().iter();
                let found: Vec<_> = found.map(|one| one["address"].as_str().unwrap()).collect();
                assert_eq!(found, wanted, "{report}");
                continue;
            }
            assert_eq!(done.out.contains("live is"), odd, "{}", done.out);
            let sum = "Applied in part: 1 of 4 operations (1 failed, 2 skipped), ";
            let line = "  ! files/actions/write_file: planned group sales, live is disabled";
            done.prints(&[sum, if odd { line } else { sum }]);
        }
    }
}

#[test]
fn a_precondition_that_fails_first_means_nothing_was_done() {
    let (plane, report, _) =
        apply(
            ONE,
            3,
            |r, _| {
                if r.is_write() { Do::Answer(412, "{}".to_owned()) } else { Do::Pass }
            },
        );
    assert_eq!(outcomes(&report), ["conflict"], "{report}");
    assert_eq!(plane.audited(), 0);
}

#[test]
fn when_reading_fails_too_the_outcome_is_unknown() {
    let plane = Plane::start();
    let broken = std::sync::atomic::AtomicBool::new(false);
    let proxy = Proxy::start(plane.address, move |r, _| {
        use std::sync::atomic::Ordering;
        if r.is_write() {
            broken.store(true, Ordering::Relaxed);
            Do::DropAnswer
        } else if broken.load(Ordering::Relaxed) {
            Do::Answer(401, "{}".to_owned())
        } else {
            Do::Pass
        }
    });
    let lab = plane.lab_through(&proxy, ONE);
    let done = plane.run(&lab, "apply --auto-approve").exits(6);
    done.prints(&["unknown whether it was done", "The end could not be read back"]);
    let straight = plane.lab(ONE);
    plane.run(&straight, "apply --auto-approve").exits(0).prints(&["No changes"]);
}

#[test]
fn a_refused_token_writes_nothing_and_says_so() {
    let plane = Plane::start();
    let (status, minted) = plane.admin(
        "POST",
        "tokens",
        Some(&json!({ "user": "ana@acme.example", "read_only": true })),
    );
    assert_eq!(status, 201, "{minted}");
    let token = minted["token"].as_str().unwrap();
    let lab = plane.lab(WISHES);
    let before = plane.state();
    lab.run("plan").env("SCOPEFORM_TOKEN", token).exits(0);
    let done = lab.run("apply --auto-approve").env("SCOPEFORM_TOKEN", token).exits(8);
    let done = done.prints(&["not allowed, not done", "Nothing was applied"]);
    assert!(!done.all().contains(token));
    assert_eq!(plane.state(), before);
}

/// A token that is refused once is refused again: nothing more is sent, and what to remedy is said.
#[test]
fn a_token_that_ends_on_the_way_stops_every_unit() {
    for json in ["", " --json"] {
        let plane = Plane::start();
        let proxy = Proxy::start(plane.address, |r, n| {
            if r.is_write() && n >= 1 { Do::Answer(401, "{}".to_owned()) } else { Do::Pass }
        });
        let lab = plane.lab_through(&proxy, WISHES);
        let args = format!("apply --auto-approve --parallelism 1{json}");
        let done = plane.run(&lab, &args).exits(6);
        assert_eq!(proxy.writes(), 2, "{}", done.all());
        if json.is_empty() {
            done.prints(&[
                "not allowed, not done",
                "help: set SCOPEFORM_TOKEN to a token of the workspace that has not expired",
            ]);
        } else {
            let said = done.json();
            assert_eq!(outcomes(&said), ["applied", "not_allowed", "skipped", "skipped"], "{said}");
            assert_eq!((&said["token_refused"], &said["help"]), (&json!(true), &json!(TOKEN_HELP)));
        }
        // The journal knows it too.
        let help = format!("help: {TOKEN_HELP}\n");
        plane.run(&lab, "show --last").exits(0).prints(&[&help]);
        let told = plane.run(&lab, "show --last --json").exits(0).json();
        assert_eq!((&told["token_refused"], &told["help"]), (&json!(true), &json!(TOKEN_HELP)));
    }
}

/// The other units too, which would have begun.
/// Mutation: set no `halted` in `Run::unit`, and this fails.
#[test]
fn a_token_that_has_ended_at_the_first_write_begins_no_other_unit() {
    let plane = Plane::start();
    let proxy = Proxy::start(plane.address, |r, _| {
        if r.is_write() { Do::Answer(401, "{}".to_owned()) } else { Do::Pass }
    });
    let lab = plane.lab_through(&proxy, WISHES);
    let said = plane.run(&lab, "apply --auto-approve --parallelism 1 --json").exits(8).json();
    assert_eq!(outcomes(&said), ["not_allowed", "skipped", "skipped", "skipped"], "{said}");
    let units: Vec<&Value> =
        said["operations"].as_array().unwrap().iter().map(|step| &step["unit"]).collect();
    assert_ne!(units.first(), units.last(), "one unit is stopped by its own first write");
    assert_eq!(proxy.writes(), 1, "{said}");
    assert_eq!(plane.audited(), 0);
}

/// Who has gone away is waited for once, and not once more for each unit.
/// Mutation: forget `gone` in `Run::turned_away`, and this fails.
#[test]
fn a_platform_that_goes_away_is_waited_for_once() {
    let (plane, wait) = (Plane::start(), "apply --auto-approve --parallelism 1 --deadline 1");
    let proxy =
        Proxy::start(plane.address, |r, n| if first_write(r, n) { Do::Die } else { Do::Pass });
    let lab = plane.lab_through(&proxy, WISHES);
    let said = plane.run(&lab, &format!("{wait} --json")).exits(6).json();
    assert_eq!(outcomes(&said), ["unknown", "skipped", "skipped", "skipped"], "{said}");
    assert_eq!((&said["token_refused"], &said["help"]), (&json!(false), &Value::Null));
    assert_eq!(plane.audited(), 0);
}

#[test]
fn a_rate_limit_is_waited_out() {
    let body = "{}".to_owned();
    let limited = std::sync::atomic::AtomicBool::new(false);
    let (plane, report, _) = apply(ONE, 0, move |r, _| {
        use std::sync::atomic::Ordering;
        if r.is_write() && !limited.swap(true, Ordering::Relaxed) {
            Do::Answer(429, body.clone())
        } else {
            Do::Pass
        }
    });
    assert_eq!(outcomes(&report), ["applied"], "{report}");
    assert_eq!(plane.audited(), 1);
}
