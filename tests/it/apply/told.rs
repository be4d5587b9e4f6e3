//! What `show` says of `undo`, whatever ran before and after, and how what would be refused is worded.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use scopeform::apply::Stale;
use scopeform::model::Address;
use scopeform::render::report::stale;

use super::plane::{Plane, WISHES, WRITES};
use super::proxy::{Do, Proxy};
use crate::cli::harness::Lab;

/// A lab behind a proxy that lets this many writes through and refuses the others.
fn limited(plane: &Plane) -> (Lab, Proxy, Arc<AtomicUsize>) {
    let limit = Arc::new(AtomicUsize::new(usize::MAX));
    let now = Arc::clone(&limit);
    let proxy = Proxy::start(plane.address, move |r, n| {
        let refused = r.is_write() && n >= now.load(Ordering::Relaxed);
        if refused { Do::Answer(500, "{}".to_owned()) } else { Do::Pass }
    });
    (plane.lab_through(&proxy, WISHES), proxy, limit)
}

fn last(plane: &Plane, lab: &Lab) -> String {
    plane.run(lab, "show --last --json").exits(0).json()["run"].as_str().unwrap().to_owned()
}

const UNDONE: &str = "`scopeform undo` takes it back";

/// Mutation: let `journal::undone_next` take the run that is shown for the last one, and this fails.
#[test]
fn what_undo_takes_back_is_said_of_the_last_run_that_wrote() {
    let plane = Plane::start();
    let (lab, _proxy, limit) = limited(&plane);
    plane.run(&lab, "plan --out p.json").exits(0);
    let apply = "apply p.json --parallelism 1";
    limit.store(2, Ordering::Relaxed);
    plane.run(&lab, apply).exits(6);
    let first = last(&plane, &lab);
    plane.run(&lab, apply).exits(6);
    let second = last(&plane, &lab);
    let wrote = format!(
        "The last run before it that wrote is {first}, 2 of 4 operations: `scopeform show --run {first}` tells what it did"
    );
    let told = plane.run(&lab, "show --last").exits(0);
    // It is another run than the one that is shown, so it is named.
    let by_name = format!("left, `scopeform undo --run {first}` the way back.");
    told.prints(&[&format!("{wrote}. {UNDONE}.\n"), &by_name]);

    limit.store(usize::MAX, Ordering::Relaxed);
    plane.run(&lab, apply).exits(0);
    let told = plane.run(&lab, &format!("show --run {second}")).exits(0);
    let told = told.prints(&[&format!("{wrote}.\n"), &by_name]);
    assert!(!told.out.contains(UNDONE), "{}", told.all());
    plane.run(&lab, &format!("show --run {first}")).exits(0).prints(&[&by_name]);
    plane
        .run(&lab, "show --last")
        .exits(0)
        .prints(&["Next: nothing; `scopeform undo` plans the way back."]);
}

/// Mutation: let `journal::meant` return the last run, and this fails.
#[test]
fn a_stopped_undo_is_not_what_undo_takes_back() {
    let plane = Plane::start();
    let (lab, _proxy, limit) = limited(&plane);
    plane.run(&lab, "apply --auto-approve --parallelism 1").exits(0);
    let first = last(&plane, &lab);
    limit.store(WRITES + 1, Ordering::Relaxed);
    plane.run(&lab, "undo --auto-approve").exits(6);
    let half = last(&plane, &lab);
    plane.run(&lab, "undo --auto-approve").exits(1).says(&[&format!("taking back run {first}")]);
    let told = plane.run(&lab, "show --last").exits(0).prints(&[&format!(
        "The last run before it that wrote is {half}, 1 of 4 operations: `scopeform show --run {half}` tells what it did. `scopeform undo` goes on with taking back run {first}."
    )]);
    assert!(!told.out.contains(UNDONE), "{}", told.all());
}

#[test]
fn what_the_platform_would_refuse_is_a_sentence() {
    let refused = Stale::refused(Address::of(&["notes"]), "a list\u{202e} is empty".to_owned());
    assert_eq!(stale(&refused), ["notes: the platform would refuse: a list\\u{202e} is empty"]);
}
