//! What the platform asks for with `Retry-After`: waited for and said, or not waited for and said.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use scopeform::platform::http::{Clock, Http, HttpOptions, Tell};
use scopeform::render::palette::Palette;
use secrecy::SecretString;
use serde_json::Value;

use super::odeus::Odeus;
use super::proxy::{self, Fault};
use super::stage::{PATIENT, Plane, Runner, Virtual, yaml};
use crate::apply::proxy::{Do, Proxy};
use crate::cli::harness::Lab;

/// A proxy that refuses the first requests for their rate, and asks for a wait.
fn limited(plane: &Plane<Odeus>, times: usize, seconds: &str) -> Proxy {
    let (left, seconds) = (Mutex::new(times), seconds.to_owned());
    Proxy::start(plane.address, move |_, _| {
        let mut left = left.lock().unwrap();
        if *left == 0 {
            return Do::Pass;
        }
        *left -= 1;
        let head = "HTTP/1.1 429 Too Many Requests\r\ncontent-length: 2\r\n";
        Do::Raw(
            format!("{head}retry-after: {seconds}\r\nconnection: close\r\n\r\n{{}}").into_bytes(),
        )
    })
}

#[test]
fn a_wait_that_the_platform_asks_for_is_told_before_it_begins() {
    let plane = Plane::<Odeus>::start(1);
    let proxy = limited(&plane, 1, "70");
    let clock: Arc<Virtual> = Arc::default();
    let told: Arc<Mutex<Vec<Duration>>> = Arc::default();
    let (hears, waited) = (Arc::clone(&told), Arc::clone(&clock));
    let options = HttpOptions {
        clock: Arc::clone(&clock) as Arc<dyn Clock>,
        told: Some(Tell(Arc::new(move |wait| {
            assert!(waited.waited().is_empty(), "told when it was over");
            hears.lock().unwrap().push(wait);
        }))),
        ..HttpOptions::default()
    };
    let http = Http::new(&proxy.url(), SecretString::from(plane.token.clone()), options).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let path = "/odeus/v1/workspaces/acme-0/settings";
    runtime.block_on(async { http.get::<Value>(path).await.unwrap() });
    let told = told.lock().unwrap().clone();
    assert_eq!(told, clock.waited());
    assert!(told.len() == 1 && told[0] >= Duration::from_secs(70), "{told:?}");
}

#[test]
fn a_wait_that_the_deadline_does_not_leave_is_named_with_what_would_wait() {
    let plane = Plane::<Odeus>::start(1);
    let proxy = limited(&plane, usize::MAX, "3600");
    let lab = Lab::with(&yaml::<Odeus>("acme-0", &proxy.url()));
    // How long one answer may take is another matter.
    for args in ["plan", "plan --timeout 7200"] {
        lab.run(args).env("SCOPEFORM_TOKEN", &plane.token).exits(8).says(&[
            "it asks to wait 3600 seconds, which `--deadline` does not leave",
            "`--deadline 3602` waits that long",
        ]);
    }
}

#[test]
fn nobody_is_told_to_wait_for_more_than_a_day() {
    let plane = Plane::<Odeus>::start(1);
    for seconds in ["86401", "9000000000000000000", "99999999999999999999"] {
        let proxy = limited(&plane, usize::MAX, seconds);
        let lab = Lab::with(&yaml::<Odeus>("acme-0", &proxy.url()));
        let done = lab.run("plan").env("SCOPEFORM_TOKEN", &plane.token).exits(8);
        let done = done.says(&["that is more than a day", "`--api-budget N`"]);
        assert!(!done.err.contains("waits that long"), "{}", done.all());
        assert_eq!(proxy.requests().len(), 1, "{}", done.all());
    }
    let head = "version: 1\nplatform: odeus\nworkspace: acme\nendpoint: embedded\n";
    let lab = Lab::with(&format!("{head}integrations: {{sharepoint: {{access: everyone}}}}\n"));
    for flag in ["--timeout", "--deadline"] {
        for seconds in ["86401", "18446744073709551615", "-1"] {
            lab.run(&format!("plan {flag}={seconds}")).exits(64).says(&[flag]);
        }
        lab.run(&format!("plan {flag}=86400")).exits(0);
    }
}

/// The write has waited for who is gone; the read at the end tries once, does not wait, and the report says so.
/// Mutation: leave `reached` alone where `Http::call` gives up, and this fails.
#[test]
fn a_platform_that_is_gone_is_not_waited_for_at_the_end() {
    let plane = Plane::<Odeus>::start(1);
    let runner = Runner::new(&plane, "acme-0");
    let (plan, _) = runner.plan(&format!("http://{}", plane.address));
    let cost = plan.observed.api_cost;
    let first_write = (cost.apply_reads / 2) as usize;
    let fault = Some((first_write, Fault::Refused));
    let proxy = proxy::Proxy::start(plane.address, fault, Arc::new(|| Value::Null), || {});
    let report = runner.apply(&plan, &proxy.url(), PATIENT).unwrap();
    let seen = proxy.end();
    assert_eq!(seen.calls.len(), first_write, "{:?}", seen.calls);
    let words: Vec<&str> = report.steps.iter().map(|step| step.outcome.word()).collect();
    assert_eq!(words[0], "unreachable", "{report:#?}");
    assert!(words[1..].iter().all(|word| *word == "skipped"), "{report:#?}");
    let waited: Duration = runner.clock.waited().iter().sum();
    let deadline = HttpOptions::default().deadline;
    assert!(waited <= deadline && waited > deadline / 2, "{waited:?}");
    assert_eq!(report.differences, None);
    let told = scopeform::render::report::text(&report, Palette::PLAIN);
    assert!(told.contains("The end could not be read back"), "{told}");
}
