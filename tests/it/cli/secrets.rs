//! A secret goes to the platform and nowhere else: not into an output, a plan, the database, or an error.

use super::harness::{Done, Lab, files_below};
use crate::apply::plane::{Plane, lab_at};
use crate::apply::proxy::{Do, Proxy};

const CANARY: &str = "c4n4ry-7f3a91d2";

fn wishes(secret: &str) -> String {
    format!(
        "
integrations:
  notes:
    oauth: {{mode: sync, client: {{id: n1, secret: {secret}}}}}
    actions: {{read_note: enabled}}
"
    )
}

/// Nothing below the folder and nothing that was said holds the canary.
#[track_caller]
fn clean(lab: &Lab, runs: &[Done], except: &[&str]) {
    for done in runs {
        assert!(!done.out.contains(CANARY) && !done.err.contains(CANARY), "{}", done.all());
    }
    for file in files_below(lab.all()) {
        if except.iter().any(|name| file.ends_with(name)) {
            continue;
        }
        let bytes = std::fs::read(&file).unwrap();
        let holds = bytes.windows(CANARY.len()).any(|part| part == CANARY.as_bytes());
        assert!(!holds, "{} holds the secret", file.display());
    }
}

#[test]
fn a_missing_secret_stops_before_the_first_write() {
    let plane = Plane::start();
    for (secret, say) in [
        ("{env: NOTES_SECRET}", "the variable `NOTES_SECRET` is not set"),
        ("{file: nowhere.txt}", "cannot read the file `nowhere.txt`"),
        ("{file: empty.txt}", "is empty"),
    ] {
        let lab = plane.lab(&wishes(secret));
        lab.write("empty.txt", "\n");
        plane.run(&lab, "plan --out p.json").exits(0);
        for args in ["apply --auto-approve", "apply p.json"] {
            plane.run(&lab, args).exits(1).says(&[
                "client secret of `notes` is not there",
                "it is referred to at scopeform.yaml:",
                say,
                "nothing was done",
            ]);
        }
    }
    assert_eq!(plane.audited(), 0);
    let lab = plane.lab(&wishes("{env: NOTES_SECRET}"));
    plane.run(&lab, "apply --auto-approve").env("NOTES_SECRET", "").exits(1).says(&["is empty"]);
}

#[test]
fn a_secret_reaches_the_platform_and_nothing_else() {
    let plane = Plane::start();
    let sent = std::sync::Arc::new(std::sync::Mutex::new(String::new()));
    let seen = std::sync::Arc::clone(&sent);
    let proxy = Proxy::start(plane.address, move |request, _| {
        if request.is_write() {
            seen.lock().unwrap().push_str(&String::from_utf8_lossy(&request.body));
        }
        Do::Pass
    });
    let lab = plane.lab_through(&proxy, &wishes("{env: NOTES_SECRET}"));
    let run = |args: &str| plane.run(&lab, args).env("NOTES_SECRET", CANARY).done();
    let runs = [
        run("plan --verbose"),
        run("plan --json --out p.json"),
        run("plan --format diff --full"),
        run("show p.json --full"),
        run("apply p.json --verbose"),
        run("apply --auto-approve --json"),
        run("status --json"),
        run("export"),
    ];
    for done in &runs {
        assert_eq!(done.code, Some(0), "{}", done.all());
    }
    assert!(sent.lock().unwrap().contains(CANARY), "the platform never got it");
    clean(&lab, &runs, &[]);
}

#[test]
fn a_secret_is_not_kept_by_the_embedded_control_plane() {
    let body = "
integrations:
  sharepoint:
    oauth: {mode: sync, client: {id: n1, tenant: t1, secret: {file: secrets/one.txt}}}
";
    let lab = lab_at("embedded", body);
    lab.write("secrets/one.txt", &format!("{CANARY}\n"));
    let runs = [
        lab.run("plan --out p.json").exits(0),
        lab.run("apply --auto-approve --verbose").exits(0),
        lab.run("status --json").exits(0),
        lab.run("plan --detailed-exitcode").exits(0),
    ];
    clean(&lab, &runs, &["one.txt"]);
}

#[test]
fn no_failure_says_the_secret_or_the_token() {
    let plane = Plane::start();
    // A platform that repeats what it was sent, in every failure it can think of.
    for status in [400, 401, 403, 404, 409, 412, 418, 422, 500, 503] {
        let proxy = Proxy::start(plane.address, move |request, _| {
            if request.is_write() { Do::Answer(status, "<h1>no</h1>".to_owned()) } else { Do::Pass }
        });
        let lab = plane.lab_through(&proxy, &wishes("{env: NOTES_SECRET}"));
        let done =
            plane.run(&lab, "apply --auto-approve --verbose").env("NOTES_SECRET", CANARY).done();
        assert!(matches!(done.code, Some(1 | 3 | 8)), "{status}: {}", done.all());
        assert!(!done.all().contains(&plane.token), "{}", done.all());
        clean(&lab, &[done], &[]);
    }
}

#[test]
fn a_secret_written_down_is_refused_and_not_repeated() {
    let plane = Plane::start();
    let lab = plane.lab(&wishes(CANARY));
    for args in ["validate", "validate --json", "plan", "plan --json", "apply --auto-approve"] {
        let done = plane.run(&lab, args).exits(1);
        clean(&lab, &[done], &["scopeform.yaml"]);
    }
}

#[cfg(unix)]
#[test]
fn a_new_api_key_is_delivered_once_and_shown_nowhere() {
    use std::os::unix::fs::PermissionsExt as _;

    let lab = Lab::with(
        "version: 1\nplatform: trustpager\nworkspace: crm\nendpoint: embedded\n\
         api_keys: {sync: {resources: {tasks: read}, deliver: {file: sync.key}}}\n",
    );
    lab.write(
        "world.yaml",
        "kind: world\nplatform: trustpager\nworkspaces: {crm: {users: {olga@acme.example: owner}}}\n",
    );
    // What is there is not overwritten, and no key is made for it.
    lab.write("sync.key", "precious");
    let in_the_way = "the value of the new API key `sync` has nowhere to go: ./sync.key exists and is not overwritten; move it away";
    lab.run("plan").exits(0).says(&[&format!("warning: {in_the_way}")]);
    lab.run("apply --auto-approve")
        .exits(1)
        .says(&[&format!("error: {in_the_way}; nothing was done")]);
    assert_eq!(lab.read("sync.key"), "precious");
    std::fs::remove_file(lab.path("sync.key")).unwrap();

    let done = lab.run("apply --auto-approve").exits(0);
    let value = lab.read("sync.key");
    let value = value.trim_end();
    assert!(value.len() > 20, "{value}");
    assert!(!done.out.contains(value) && !done.err.contains(value), "{}", done.all());
    let mode = std::fs::metadata(lab.path("sync.key")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    lab.run("plan").exits(0).prints(&["No changes."]);
    let database = std::fs::read(lab.path(".scopeform/control-plane.db")).unwrap();
    let held = database.windows(value.len()).any(|window| window == value.as_bytes());
    assert!(!held, "the database holds the value of a key");
}

/// Mutation: make `Signals` before `secret::resolve` in `cli/commands/apply/carry_out.rs`, and this fails.
#[cfg(unix)]
#[test]
fn a_secret_that_does_not_come_can_be_interrupted() {
    // A shell that runs tests in the background has them ignore SIGINT, and what they start inherits that.
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.map_or(0, |mask| u64::from_str_radix(mask.trim(), 16).unwrap());
    let interrupts = ignored & 0b10 == 0;
    for signal in if interrupts { &["INT", "TERM"][..] } else { &["TERM"] } {
        let plane = Plane::start();
        let lab = plane.lab(&wishes("{file: pipe}"));
        lab.shell("mkfifo pipe").exits(0);
        let running = plane.run(&lab, "apply --auto-approve").begin();
        // Opened once somebody reads, who is then told nothing.
        let writer = std::fs::OpenOptions::new().write(true).open(lab.path("pipe")).unwrap();
        running.signal(signal);
        drop(writer);
        assert_eq!(running.done().code, None, "{signal} was passed over");
        assert_eq!(plane.audited(), 0);
    }
}

#[cfg(unix)]
#[test]
fn what_is_no_secret_is_not_read_to_its_end() {
    let plane = Plane::start();
    let lab = plane.lab(&wishes("{file: secret}"));
    std::os::unix::fs::symlink("/dev/zero", lab.path("secret")).unwrap();
    let apply = |says: &str| {
        plane
            .run(&lab, "apply --auto-approve")
            .exits(1)
            .says(&[&format!("cannot read the file `secret`: {says}"), "nothing was done"]);
    };
    apply("it is a device");
    std::fs::remove_file(lab.path("secret")).unwrap();
    lab.write("secret", &"x".repeat(64 * 1024 + 1));
    apply("it is larger than 64 KiB");
    lab.write("secret", &"x".repeat(64 * 1024));
    lab.run("plan").env("SCOPEFORM_TOKEN_FILE", "/dev/zero").exits(8).says(&["it is a device"]);
    lab.run("show /dev/zero").exits(1).says(&["cannot read the plan /dev/zero: it is a device"]);
    plane.run(&lab, "apply --auto-approve").exits(0);
}

/// What a pipe says it says once, and an apply asks for the token several times.
#[cfg(unix)]
#[test]
fn a_token_may_come_from_a_pipe() {
    let plane = Plane::start();
    let lab = plane.lab(&wishes("{file: secret}"));
    lab.write("secret", CANARY);
    lab.write("token", &plane.token);
    let line = "mkfifo pipe; cat token > pipe & exec \"$0\" apply --auto-approve";
    lab.shell(line).env("SCOPEFORM_TOKEN_FILE", "pipe").exits(0);
    assert!(plane.audited() > 0);
}
