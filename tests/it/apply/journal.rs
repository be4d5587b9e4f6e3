//! What apply notes before and after each write, and what that is good for once it was killed.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::plane::{Plane, WISHES, WRITES, config_at};
use super::proxy::{Do, Proxy, gate};
use super::wire::Request;
use crate::cli::harness::{Done, Lab};

const SERIAL: &str = "apply --auto-approve --parallelism 1";

/// A published schema.
pub(crate) fn schema(name: &str) -> jsonschema::Validator {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas");
    let text = std::fs::read_to_string(folder.join(format!("{name}.schema.json"))).unwrap();
    jsonschema::validator_for(&serde_json::from_str(&text).unwrap()).unwrap()
}

/// The journals of a lab, oldest first.
pub(crate) fn journals(lab: &Lab) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(lab.path(".scopeform/journal")) else { return Vec::new() };
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// The lines of the last journal, each of which the published schema allows.
#[track_caller]
pub(crate) fn lines(lab: &Lab) -> Vec<Value> {
    let schema = schema("journal");
    let text = std::fs::read_to_string(journals(lab).pop().unwrap()).unwrap();
    let lines = text.lines().map(|line| {
        let value: Value = serde_json::from_str(line).unwrap();
        let problems: Vec<String> = schema.iter_errors(&value).map(|e| e.to_string()).collect();
        assert!(problems.is_empty(), "{line}\n{problems:?}");
        value
    });
    lines.collect()
}

pub(crate) fn events(lines: &[Value]) -> Vec<String> {
    let word = |line: &Value| {
        let more = line.get("index").or(line.get("purpose")).map(|more| format!(" {more}"));
        format!("{}{}", line["event"].as_str().unwrap(), more.unwrap_or_default())
    };
    lines.iter().map(word).collect()
}

/// Kills apply at one write: before the control plane sees it, or after it has carried it out.
fn killed_at(plane: &Plane, boundary: usize, answered: bool, args: &str) -> (Lab, Proxy) {
    let (gate, keeper) = gate();
    let through: Arc<Mutex<bool>> = Arc::default();
    let open = Arc::clone(&through);
    let proxy = Proxy::start(plane.address, move |r: &Request, n| {
        if *open.lock().unwrap() || !r.is_write() || n != boundary {
            Do::Pass
        } else if answered {
            Do::GateAnswer(gate.clone())
        } else {
            Do::Gate(gate.clone())
        }
    });
    let lab = plane.lab_through(&proxy, WISHES);
    plane.run(&lab, "plan --out p.json").exits(0);
    let running = plane.run(&lab, args).begin();
    keeper.arrived();
    running.signal("KILL");
    assert_eq!(running.done().code, None);
    drop(keeper);
    *through.lock().unwrap() = true;
    (lab, proxy)
}

fn outcomes(done: &Done) -> Vec<String> {
    let report = done.json();
    let all = report["operations"].as_array().unwrap().iter();
    all.map(|step| step["outcome"].as_str().unwrap().to_owned()).collect()
}

#[cfg(unix)]
#[test]
fn a_journal_is_for_its_owner_alone_and_out_of_version_control() {
    use std::os::unix::fs::PermissionsExt as _;
    let plane = Plane::start();
    let lab = plane.lab(WISHES);
    plane.run(&lab, SERIAL).exits(0);
    let mode = std::fs::metadata(journals(&lab).pop().unwrap()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(lab.read(".scopeform/.gitignore"), "*\n");
}

#[test]
fn killed_anywhere_the_last_run_is_told_and_the_next_apply_goes_on() {
    for boundary in 0..WRITES {
        for answered in [false, true] {
            let plane = Plane::start();
            let (lab, _proxy) = killed_at(&plane, boundary, answered, SERIAL);
            let at = format!("Stopped at write {} of {WRITES}", boundary + 1);
            let next = "Next: `scopeform apply` reads what was done";
            plane.run(&lab, "show --last").exits(0).prints(&[&at, "??", next]);
            let told = plane.run(&lab, "show --last --json").exits(0).json();
            assert_eq!(told["verdict"], "crashed", "{told}");
            assert_eq!(told["stopped_at"], boundary + 1, "{told}");
            assert_eq!(told["operations"][boundary]["outcome"], "in_flight", "{told}");
            let shows = if answered {
                "reading shows that it was done"
            } else {
                "shows that it was not done"
            };
            plane.run(&lab, "apply --auto-approve").exits(0).says(&[
                "the last apply here did not come to its end",
                "was in flight",
                shows,
            ]);
            assert_eq!(plane.audited(), WRITES, "boundary {boundary}, answered {answered}");
            // Told once.
            let again = plane.run(&lab, "apply --auto-approve").exits(0);
            assert!(!again.err.contains("did not come to its end"), "{}", again.all());
        }
    }
}

/// Mutation: let `Odeus::resumed` return `None`, and this fails.
///
/// Mutations (tests/mutations), each of which makes this fail:
/// - `again`: what was done before the kill is written again;
/// - `resume-refused`: a plan that was done in part is refused as if something else had moved.
#[test]
fn case_48_killed_anywhere_the_same_saved_plan_goes_on() {
    let end = {
        let plane = Plane::start();
        let lab = plane.lab(WISHES);
        plane.run(&lab, SERIAL).exits(0);
        plane.state()
    };
    for boundary in 0..WRITES {
        for answered in [false, true] {
            for journal in [true, false] {
                let plane = Plane::start();
                let (lab, _proxy) =
                    killed_at(&plane, boundary, answered, "apply p.json --parallelism 1");
                if !journal {
                    std::fs::remove_dir_all(lab.path(".scopeform")).unwrap();
                }
                let done = boundary + usize::from(answered);
                let again = plane.run(&lab, "apply p.json --parallelism 1 --json").done();
                let mut expected = vec!["already_done"; done];
                expected.resize(WRITES, "applied");
                let case = format!("boundary {boundary}, answered {answered}, {journal}");
                assert_eq!(plane.audited(), WRITES, "{case}: {}", again.all());
                let again = again.exits(0);
                assert_eq!(outcomes(&again), expected, "{case}");
                assert_eq!(again.json()["complete"], true, "{case}");
                assert_eq!(plane.state(), end, "{case}");
                assert_eq!(again.err.contains("did not come to its end"), journal, "{case}");
            }
        }
    }
}

/// Mutation `stale` makes it fail. Refuses, naming the field: what has moved since the plan does not stop it.
#[test]
fn a_foreign_change_after_a_crash_is_stale_all_the_same() {
    // What was done before is no accusation: only what somebody else did is told. Where one field alone is otherwise, reading
    // cannot tell whether it had been written before.
    for (integration, action, access, moved, done) in [
        (
            "notes",
            "read_note",
            json!({ "only": [{ "group": "sales" }] }),
            "the plan left everyone, live is group sales",
            "3",
        ),
        (
            "notes",
            "share_note",
            json!("everyone"),
            "the plan left group sales, live is everyone",
            "at least 2",
        ),
        (
            "files",
            "write_file",
            json!({ "only": [{ "user": "ben@acme.example" }] }),
            "the plan left disabled, live is ben@acme.example",
            "at least 2",
        ),
    ] {
        let plane = Plane::start();
        let (lab, proxy) = killed_at(&plane, 3, false, "apply p.json --parallelism 1");
        let before = proxy.requests().len();
        plane.switch(integration, action, &access);
        let (state, audited) = (plane.state(), plane.audited());
        let stale = format!(
            "the plan is stale, nothing was done now; {done} of 4 operations had been done before"
        );
        plane.run(&lab, "apply p.json").exits(3).says(&[&stale]);
        assert_eq!(plane.state(), state);
        assert_eq!(plane.audited(), audited);
        let moved = format!("{integration}/actions/{action}: {moved}");
        plane
            .run(&lab, "show --last")
            .exits(0)
            .prints(&["Nothing was written: the plan is stale", &moved]);
        // The run that wrote is not lost behind the attempt that did not.
        let first = journals(&lab).remove(0);
        let first = first.file_stem().unwrap().to_str().unwrap();
        plane.run(&lab, "show --last").exits(0).prints(&[&format!(
            "The last run before it that wrote is {first}, 3 of 4 operations: `scopeform show --run {first}` tells what it did. `scopeform undo` takes it back."
        )]);
        let shown = plane.run(&lab, &format!("show --run {first}")).exits(0);
        assert!(!shown.out.contains("that wrote is"), "{}", shown.all());
        // Apply read the workspace once.
        let told = plane.run(&lab, "show --last --json").exits(0).json();
        assert_eq!(told["wrote_before"], first, "{told}");
        let details = told["details"].as_array().unwrap();
        assert_eq!(*details, [json!(moved)], "{told}");
        let begun = proxy.requests().len() - before;
        assert_eq!(told["calls"], begun, "{told}");
        assert!(begun > 0);
    }
}

#[test]
fn a_run_that_goes_on_is_no_crash() {
    let plane = Plane::start();
    let (gate, keeper) = gate();
    let proxy = Proxy::start(plane.address, move |r, n| {
        if r.is_write() && n == 1 { Do::Gate(gate.clone()) } else { Do::Pass }
    });
    let lab = plane.lab_through(&proxy, WISHES);
    let running = plane.run(&lab, SERIAL).begin();
    keeper.arrived();
    plane.run(&lab, "show --last").exits(0).prints(&["Going on in another process: 1 of 4"]);
    plane.run(&lab, "undo").exits(1).says(&["is going on"]);
    keeper.release();
    running.done().exits(0);
    plane.run(&lab, "show --last").exits(0).prints(&["Complete: 4 operations"]);
}

#[test]
fn without_a_journal_nothing_is_written() {
    let plane = Plane::start();
    let lab = plane.lab(WISHES);
    plane.run(&lab, "plan --out p.json").exits(0);
    let before = plane.state();
    lab.write(".scopeform/journal", "in the way");
    for args in [SERIAL, "apply p.json"] {
        plane.run(&lab, args).exits(1).says(&[
            "cannot write the journal .",
            "nothing was done",
            "SCOPEFORM_DATA_DIR",
        ]);
    }
    lab.write("file", "");
    for folder in ["file", "file/below"] {
        plane
            .run(&lab, SERIAL)
            .env("SCOPEFORM_DATA_DIR", folder)
            .exits(1)
            .says(&["cannot make the data folder", "SCOPEFORM_DATA_DIR"]);
    }
    assert_eq!(plane.audited(), 0);
    assert_eq!(plane.state(), before);
    plane.run(&lab, SERIAL).env("SCOPEFORM_DATA_DIR", "elsewhere").exits(0);
    assert_eq!(std::fs::read_dir(lab.path("elsewhere/journal")).unwrap().count(), 1);
}

/// Mutation: drop the `return` on a refusing observer in `Run::operation`, and this fails.
#[test]
fn a_disk_that_fills_up_stops_apply_before_the_write() {
    let mut codes: BTreeMap<i32, usize> = BTreeMap::new();
    for blocks in 1..=26 {
        let plane = Plane::start();
        let lab = plane.lab(WISHES);
        let line = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" {SERIAL}");
        let done = lab.shell(&line).env("SCOPEFORM_TOKEN", &plane.token).done();
        let text = journals(&lab).pop().map(|file| std::fs::read_to_string(file).unwrap());
        let text = text.unwrap_or_default();
        // A line that was cut is none.
        let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
        let started = whole.matches("\"event\":\"started\"").count();
        assert_eq!(plane.audited(), started, "{blocks}: {}", done.all());
        let code = done.code.unwrap();
        match code {
            0 => assert_eq!(started, WRITES),
            1 => assert_eq!(started, 0),
            6 => assert!(done.out.contains("the request did not leave"), "{}", done.all()),
            _ => panic!("{blocks}: {}", done.all()),
        }
        *codes.entry(code).or_default() += 1;
        plane.run(&lab, "apply --auto-approve").exits(0);
        assert_eq!(plane.audited(), WRITES);
    }
    assert!(
        codes.contains_key(&0) && codes.contains_key(&1) && codes.contains_key(&6),
        "{codes:?}"
    );
}

#[test]
fn the_last_fifty_runs_are_kept() {
    let plane = Plane::start();
    let lab = plane.lab(WISHES);
    for n in 0..60 {
        lab.write(&format!(".scopeform/journal/20200101T0000{n:02}.000Z-aaaaaaaaaaaa.jsonl"), "");
    }
    lab.write(".scopeform/journal/mine.txt", "not a journal");
    plane.run(&lab, SERIAL).exits(0);
    let files = journals(&lab);
    assert_eq!(files.len(), 51, "fifty journals and a file that is none");
    assert!(files.iter().any(|file| file.ends_with("mine.txt")));
    assert!(!files.iter().any(|file| file.to_string_lossy().contains("T000010")), "{files:?}");
    plane.run(&lab, "show --runs").exits(0).prints(&[
        "complete",
        "4 of 4 operations",
        "not readable",
    ]);
    let told = plane.run(&lab, "show --runs --json").exits(0).json();
    assert!(schema("runs").is_valid(&told), "{told}");
    let lost = told["not_readable"].as_array().unwrap();
    assert_eq!((told["runs"].as_array().unwrap().len(), lost.len()), (1, 49), "{told}");
    assert!(lost.iter().all(|run| !run["why"].as_str().unwrap().is_empty()), "{told}");
}

#[test]
fn runs_are_listed_and_shown_by_the_beginning_of_their_id() {
    let plane = Plane::start();
    let lab = plane.lab(WISHES);
    lab.run("show --last").exits(1).says(&["no apply has been noted in"]);
    lab.run("show").exits(64).says(&["name a saved PLAN, or ask for `--last`"]);
    plane.run(&lab, SERIAL).exits(0);
    let id = lines(&lab)[0]["run"].as_str().unwrap().to_owned();
    lab.run(&format!("show --run {}", id.get(..20).unwrap())).exits(0).prints(&[&id, "Complete"]);
    lab.run("show --run nowhere").exits(1).says(&["no run `nowhere` has been noted here"]);
    lab.run("show --runs").exits(0).prints(&[&id]);
    let all = lab.run("show --runs --json").exits(0).json();
    assert!(schema("runs").is_valid(&all), "{all}");
    assert_eq!(all["runs"].as_array().unwrap().len(), 1, "{all}");
    let told = lab.run("show --last --json").exits(0).json();
    let schema = schema("run");
    assert!(schema.is_valid(&told), "{told}");
    assert_eq!((&told["verdict"], &told["exit"]), (&json!("complete"), &json!(0)));
    // A run says the same of itself in the list as when it is shown alone.
    for (field, value) in all["runs"][0].as_object().unwrap() {
        assert_eq!(*value, told[field], "{field}");
    }
    let away = Lab::new();
    let folder = lab.work().display().to_string();
    away.run(&format!("show --last {folder}")).exits(0).prints(&[&id]);
}

/// Mutation: take the clock alone for the name in `Journal::begin`, and this fails.
#[test]
fn the_last_run_is_the_last_whatever_the_clock_says() {
    let plane = Plane::start();
    let lab = plane.lab(WISHES);
    plane.run(&lab, "apply --auto-approve --target files").exits(0);
    // The clock was a day ahead then.
    let file = journals(&lab).pop().unwrap();
    let text = std::fs::read_to_string(&file).unwrap();
    let id = file.file_stem().unwrap().to_str().unwrap();
    let (_, digest) = id.split_once('-').unwrap();
    let ahead = format!("29990101T000000.000Z-{digest}");
    lab.write(&format!(".scopeform/journal/{ahead}.jsonl"), &text.replace(id, &ahead));
    std::fs::remove_file(&file).unwrap();

    plane.run(&lab, "apply --auto-approve").exits(0).says(&[
        "notice: the last run noted here began at 2999-01-01T00:00:00Z, which by this machine's clock is to come",
    ]);
    let told = plane.run(&lab, "show --last --json").exits(0).json();
    assert!(told["run"].as_str().unwrap().starts_with("29990101T000000.001Z-"), "{told}");
    assert_eq!(told["applied"], 3, "{told}");
    // So what is taken back is what was done last.
    let back = valid_undo(&plane.run(&lab, "undo --out back.json --json").exits(0));
    assert_eq!((&back["run"], &back["operations"]), (&told["run"], &json!(3)));
}

fn valid_undo(done: &Done) -> Value {
    let told = done.json();
    assert!(schema("undo").is_valid(&told), "{told}");
    told
}

#[test]
fn what_a_run_did_is_told_apart_from_what_was_done() {
    let plane = Plane::start();
    let lab = plane.lab(WISHES);
    plane.run(&lab, "plan --out p.json").exits(0);
    for _ in 0..2 {
        let done = plane.run(&lab, "apply p.json").exits(0);
        assert!(!done.err.contains("beyond it"), "{}", done.all());
    }
    let runs = plane.run(&lab, "show --runs").exits(0).out;
    let runs: Vec<&str> = runs.lines().collect();
    assert!(runs[0].contains(" 0 of 4 operations (4 already done before)  workspace"), "{runs:?}");
    assert!(runs[1].contains(" 4 of 4 operations  workspace"), "{runs:?}");
    assert!(runs.iter().all(|run| run.contains("  complete ")), "{runs:?}");
    let told = plane.run(&lab, "show --last --json").exits(0).json();
    assert_eq!((&told["applied"], &told["already_done"]), (&json!(4), &json!(4)), "{told}");
}

#[test]
fn the_last_run_of_a_workspace_is_not_that_of_another() {
    let plane = Plane::start();
    let lab = plane.lab(WISHES);
    plane.run(&lab, SERIAL).exits(0);
    let file = journals(&lab).pop().unwrap();
    let id = file.file_stem().unwrap().to_str().unwrap().to_owned();
    let text = std::fs::read_to_string(&file).unwrap();
    let other = text.replace("\"workspace\":\"acme\"", "\"workspace\":\"other\"");
    assert_ne!(other, text);
    lab.write(".scopeform/journal/29990101T000000.000Z-aaaaaaaaaaaa.jsonl", &other);
    lab.run("show --last").exits(0).prints(&["for workspace other"]);
    lab.run("show --last --workspace acme").exits(0).prints(&[&id, "for workspace acme"]);
    let runs = lab.run("show --runs --workspace acme").exits(0).out;
    assert!(runs.lines().count() == 1 && runs.contains(&id), "{runs}");
    lab.run("show --last --workspace none")
        .exits(1)
        .says(&["no apply to workspace `none` has been noted in"]);
    lab.run("show p.json --workspace acme").exits(64).says(&["`--last` or `--runs`"]);
    lab.run("show --run 2 --workspace acme").exits(64);
}

#[test]
fn files_that_ask_for_more_than_a_saved_plan_are_told_of() {
    let plane = Plane::start();
    let proxy = Proxy::counting(plane.address);
    let lab =
        plane.lab_through(&proxy, "integrations: {files: {actions: {write_file: disabled}}}\n");
    plane.run(&lab, "plan --out p.json").exits(0);
    lab.write("scopeform.yaml", &config_at(&proxy.url(), WISHES));
    let before = proxy.requests().len();
    let done = plane.run(&lab, "apply p.json --json").exits(0).says(&[
        "notice: the plan was applied as it is, and the files at hand ask for 3 changes beyond it: `scopeform plan` shows what",
    ]);
    // The end was read anyway: planning from it takes no request.
    assert_eq!(done.json()["calls"], proxy.requests().len() - before);
    lab.write(
        "scopeform.yaml",
        &config_at(&proxy.url(), "integrations: {gone: {access: everyone}}\n"),
    );
    plane.run(&lab, "apply p.json").exits(0).says(&["the files at hand cannot be planned now"]);
}

#[test]
fn a_journal_is_read_with_care() {
    let plane = Plane::start();
    let lab = plane.lab(WISHES);
    plane.run(&lab, SERIAL).exits(0);
    let file = journals(&lab).pop().unwrap();
    let text = std::fs::read_to_string(&file).unwrap();
    // Hostile names come out harmless.
    let hostile = text.replace("enable `read_note`", "\\u001b[31menable\\u202e `read_note`");
    assert_ne!(hostile, text);
    std::fs::write(&file, hostile).unwrap();
    for args in ["show --last", "show --runs", "show --last --json", "show --runs --json"] {
        let out = lab.run(args).exits(0).out;
        assert!(!out.contains('\u{1b}') && !out.contains('\u{202e}'), "{out:?}");
    }
    // A last line that was cut was never written.
    for cut in [1, 10, text.len() - text.trim_end().rfind('\n').unwrap() - 2] {
        std::fs::write(&file, text.get(..text.len() - cut).unwrap()).unwrap();
        lab.run("show --last").exits(0).prints(&["Stopped at write 4 of 4"]);
    }
    // Anything else is an error with its line, and no reason for apply to stop.
    for (torn, says) in [
        (text.replacen("\"started\"", "\"begun\"", 1), "line 3 is not readable"),
        (
            text.replacen("\"scopeform_journal\":1", "\"scopeform_journal\":2", 1),
            "journal format 2",
        ),
        ("{}\n".to_owned(), "does not begin as a journal does"),
        (String::new(), "does not begin as a journal does"),
    ] {
        std::fs::write(&file, torn).unwrap();
        lab.run("show --last").exits(1).says(&[says]);
        plane.run(&lab, "apply --auto-approve").exits(0).prints(&["No changes"]);
    }
}

#[test]
fn what_a_platform_repeats_of_a_secret_is_not_noted() {
    const CANARY: &str = "c4n4ry-9d1e7b40";
    let plane = Plane::start();
    let token = plane.token.clone();
    let said = json!({"error": {"message": format!("bad secret {CANARY} of {token}")}}).to_string();
    let proxy = Proxy::start(plane.address, move |r, _| {
        if r.is_write() { Do::Answer(422, said.clone()) } else { Do::Pass }
    });
    let wishes = "
integrations:
  notes:
    oauth: {mode: sync, client: {id: n1, secret: {env: NOTES_SECRET}}}
";
    let lab = plane.lab_through(&proxy, wishes);
    plane.run(&lab, SERIAL).env("NOTES_SECRET", CANARY).exits(1);
    let lines = lines(&lab);
    let outcome = lines.iter().find(|line| line["event"] == "finished").unwrap();
    let detail = outcome["detail"].as_str().unwrap();
    assert!(detail.contains("bad secret [hidden] of [hidden]"), "{detail}");
    let text = std::fs::read_to_string(journals(&lab).pop().unwrap()).unwrap();
    assert!(!text.contains(CANARY) && !text.contains(&plane.token), "{text}");
}

#[test]
fn a_short_secret_spoils_no_journal() {
    let plane = Plane::start();
    let wishes = "
integrations:
  notes:
    oauth: {mode: sync, client: {id: n1, secret: {env: NOTES_SECRET}}}
";
    let lab = plane.lab(wishes);
    plane.run(&lab, SERIAL).env("NOTES_SECRET", "e").exits(0);
    lines(&lab);
    lab.run("show --last").exits(0).prints(&["Complete: 1 operation"]);
}

#[test]
fn an_unanswered_write_is_noted_with_what_reading_showed() {
    let plane = Plane::start();
    let proxy =
        Proxy::start(
            plane.address,
            |r, n| {
                if r.is_write() && n == 0 { Do::DropAnswer } else { Do::Pass }
            },
        );
    let lab = plane.lab_through(&proxy, WISHES);
    plane.run(&lab, SERIAL).exits(0);
    let lines = lines(&lab);
    let events = events(&lines);
    let at = events.iter().position(|event| event == "settled 0").unwrap();
    assert_eq!(events[at - 1], "read \"settle\"");
    assert_eq!(lines[at]["settled"], "done");
    assert_eq!(lines[at + 1]["outcome"], "applied_unanswered");
}
