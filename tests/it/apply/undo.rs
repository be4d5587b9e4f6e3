//! Taking back what an apply did, with the real binary.

use serde_json::{Value, json};

use super::journal::{journals, lines, schema};
use super::plane::{Plane, WISHES, WRITES, config_at};
use super::proxy::{Do, Proxy, gate};
use crate::cli::harness::{Done, Lab};

fn valid(done: &Done) -> Value {
    let told = done.json();
    let schema = schema("undo");
    assert!(schema.is_valid(&told), "{told}");
    told
}

#[test]
fn what_was_applied_is_taken_back() {
    let plane = Plane::start();
    let lab = plane.lab(WISHES);
    let before = plane.state();
    plane.run(&lab, "undo").exits(1).says(&["no apply to workspace `acme` has been noted"]);
    plane.run(&lab, "apply --auto-approve").exits(0);
    let after = plane.state();
    // The same gates as any other plan.
    plane.run(&lab, "undo --input=false").exits(5);
    plane.run(&lab, "undo").types("no\n").exits(5).says(&["not approved; nothing was done"]);
    assert_eq!(plane.state(), after);
    let done = plane.run(&lab, "undo").types("yes\n").exits(0);
    let done = done.prints(&[
        "This takes back run ",
        "The files still ask for what is taken back",
        "Applied: 4 operations, read back as planned",
    ]);
    // What it does not touch, the files may well ask for.
    assert!(!done.out.contains("no line asks for anything"), "{}", done.out);
    assert_eq!(plane.state(), before);
    plane.run(&lab, "plan --detailed-exitcode").exits(2);
    // Taking back was an apply too, and what comes back is what the files ask for.
    let again = plane.run(&lab, "undo --auto-approve").exits(0);
    assert!(!again.out.contains("The files still ask"), "{}", again.all());
    assert_eq!(plane.state(), after);
    plane.run(&lab, "plan --detailed-exitcode").exits(0);
}

/// `--config` names the folder here as it does for `apply PLAN`, and nothing that is given is passed over.
#[test]
fn the_folder_of_a_run_may_be_named_as_it_was_for_the_apply() {
    let plane = Plane::start();
    let lab = plane.lab(WISHES);
    let config = lab.read("scopeform.yaml");
    std::fs::remove_file(lab.path("scopeform.yaml")).unwrap();
    lab.write("team/access/scopeform.yaml", &config);
    plane.run(&lab, "plan team/access --out p.plan").exits(0);
    plane.run(&lab, "apply p.plan --config team/access").exits(0);
    let id = lab.run("show --runs team/access").exits(0).out;
    let id = id.split_whitespace().next().unwrap();
    let one = format!("show --run {id}");
    for args in ["show --last", "show --runs", one.as_str()] {
        let named = lab.run(&format!("{args} team/access")).exits(0).out;
        assert!(named.contains("4 of 4") || named.contains("4 operations"), "{named}");
        assert_eq!(lab.run(&format!("{args} --config team/access")).exits(0).out, named);
        lab.run(&format!("{args} --config nowhere")).exits(1);
        lab.run(&format!("{args} team/access --config team")).exits(64).says(&["give one of"]);
        for option in ["--full", "--diff", "--apply-with words", "--approval a"] {
            let flag = option.split(' ').next().unwrap();
            let done = lab.run(&format!("{args} team/access {option}")).exits(64);
            done.says(&[&format!("`{flag}` goes with a saved PLAN")]);
        }
    }
    plane.run(&lab, "undo --config team/access --out back.plan").exits(0).prints(&[
        &format!("This takes back run {id}"),
        "Apply:  scopeform apply back.plan --config team/access",
    ]);
    plane.run(&lab, "undo team --config team/access").exits(64).says(&["give one of them"]);
    // The variable is for a command line that names none.
    let undo = plane.run(&lab, "undo --config team/access --auto-approve");
    undo.env("SCOPEFORM_CONFIG", "nowhere").exits(0).prints(&["Applied: 4 operations"]);
}

#[test]
fn files_that_ask_for_it_no_more_are_not_said_to() {
    let plane = Plane::start();
    let lab = plane.lab(WISHES);
    let asks = |args: &str| valid(&plane.run(&lab, args).exits(0))["asked_again"] == true;
    plane.run(&lab, "apply --auto-approve").exits(0);
    assert!(asks("undo --out back.json --json"));
    // Whatever else they ask for: it is not what was done.
    let files = |wishes: &str| lab.write("scopeform.yaml", &config_at(&plane.url(), wishes));
    files("integrations: {files: {actions: {read_file: {groups: [sales]}}}}\n");
    assert!(!asks("undo --out back.json --json"));
    files("integrations: {files: {actions: {write_file: disabled}}}\n");
    assert!(asks("undo --out back.json --json"));
    files("integrations: {files: {actions: {write_file: enabled}}}\n");
    let undone = plane.run(&lab, "undo --auto-approve").exits(0).prints(&["Applied: 4 operations"]);
    assert!(!undone.out.contains("The files still ask"), "{}", undone.all());
}

/// Nobody knows what files ask for that cannot be planned, and it is not made up.
#[test]
fn what_files_ask_for_that_cannot_be_planned_is_not_known() {
    let plane = Plane::start();
    let lab = plane.lab(WISHES);
    plane.run(&lab, "apply --auto-approve").exits(0);
    let wishes = "integrations: {files: {actions: {no_such_file: enabled}}}\n";
    lab.write("scopeform.yaml", &config_at(&plane.url(), wishes));
    let told = valid(&plane.run(&lab, "undo --out back.json --json").exits(0));
    assert_eq!(told["asked_again"], Value::Null);
    let done = plane.run(&lab, "undo --auto-approve").exits(0);
    let done = done.prints(&["Whether the files still ask for what is taken back is not known"]);
    assert!(!done.out.contains("The files still ask"), "{}", done.all());
}

#[test]
fn the_way_back_is_a_plan_that_can_be_saved() {
    let plane = Plane::start();
    let lab = plane.lab(WISHES);
    let before = plane.state();
    plane.run(&lab, "apply --auto-approve").exits(0);
    let after = plane.state();
    let told = valid(&plane.run(&lab, "undo --out back.json --json").exits(0));
    assert_eq!(told["operations"], WRITES, "{told}");
    assert_eq!(told["report"], Value::Null);
    assert_eq!(plane.state(), after);
    plane.run(&lab, "show back.json").exits(0).prints(&["notes"]);
    plane
        .run(&lab, "apply back.json")
        .exits(0)
        .says(&["the files at hand ask for 4 changes beyond it"]);
    assert_eq!(plane.state(), before);
    let told = valid(&plane.run(&lab, "undo --auto-approve --json").exits(0));
    assert_eq!(told["report"]["complete"], true, "{told}");
    assert_eq!(plane.state(), after);
}

#[test]
fn what_has_moved_since_is_named_and_left_alone() {
    let plane = Plane::start();
    let lab = plane.lab(WISHES);
    plane.run(&lab, "apply --auto-approve").exits(0);
    plane.switch("notes", "read_note", &json!({ "only": [{ "group": "sales" }] }));
    plane.run(&lab, "undo --auto-approve").exits(0).prints(&[
        "Moved since, left alone:",
        "notes/actions/read_note: the run left everyone, live is group sales",
        "Applied: 3 operations",
    ]);
    let state = plane.state().to_string();
    assert!(state.contains("sales"), "{state}");
    plane.run(&lab, "undo --run 2").exits(1).says(&["`2` means several runs"]);
}

#[test]
fn an_earlier_run_is_taken_back_by_its_id() {
    let plane = Plane::start();
    let lab = plane.lab(WISHES);
    let before = plane.state();
    plane.run(&lab, "apply --auto-approve --target notes").exits(0);
    let first = plane.run(&lab, "show --last --json").exits(0).json();
    plane.run(&lab, "apply --auto-approve --target files").exits(0);
    let id = first["run"].as_str().unwrap();
    plane.run(&lab, &format!("undo --run {id} --auto-approve")).exits(0).prints(&[id]);
    assert_eq!(plane.state()[1], before[1]);
    assert_ne!(plane.state()[0], before[0]);
    plane.run(&lab, "undo --run nowhere").exits(1).says(&["no run `nowhere`"]);
}

#[test]
fn a_run_that_was_killed_is_taken_back_as_far_as_it_came() {
    for boundary in 0..WRITES {
        for answered in [false, true] {
            let plane = Plane::start();
            let before = plane.state();
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
            let running = plane.run(&lab, "apply --auto-approve --parallelism 1").begin();
            keeper.arrived();
            running.signal("KILL");
            running.done();
            drop(keeper);
            let done = boundary + usize::from(answered);
            let told = valid(&plane.run(&lab, "undo --auto-approve --json").exits(0));
            assert_eq!(told["operations"], done, "boundary {boundary}, answered {answered}");
            assert_eq!(plane.state(), before, "boundary {boundary}, answered {answered}");
        }
    }
}

#[test]
fn an_undo_that_was_stopped_goes_on_and_does_not_turn_back() {
    for boundary in 0..WRITES {
        for how in ["killed", "killed after", "refused"] {
            let plane = Plane::start();
            let before = plane.state();
            let (gate, keeper) = gate();
            let proxy = Proxy::start(plane.address, move |r, n| {
                if !r.is_write() || n != WRITES + boundary {
                    return Do::Pass;
                }
                match how {
                    "killed" => Do::Gate(gate.clone()),
                    "killed after" => Do::GateAnswer(gate.clone()),
                    _ => Do::Answer(500, "{}".to_owned()),
                }
            });
            let lab = plane.lab_through(&proxy, WISHES);
            plane.run(&lab, "apply --auto-approve --parallelism 1").exits(0);
            let first = plane.run(&lab, "show --last --json").exits(0).json();
            let first = first["run"].as_str().unwrap();
            let done = if how == "refused" {
                let stopped = plane.run(&lab, "undo --auto-approve").done();
                assert!([1, 6].contains(&stopped.code.unwrap()), "{}", stopped.all());
                None
            } else {
                let running = plane.run(&lab, "undo --auto-approve").begin();
                keeper.arrived();
                running.signal("KILL");
                running.done();
                drop(keeper);
                Some(boundary + usize::from(how == "killed after"))
            };
            let again = plane.run(&lab, "undo --auto-approve --json").exits(0);
            let told = valid(&again);
            assert_eq!(plane.state(), before, "{how} at {boundary}");
            // After a refusal other integrations have gone on.
            if let Some(done) = done {
                let all = again.all();
                assert_eq!(told["operations"], WRITES - done, "{how} at {boundary}: {all}");
            }
            if boundary > 0 {
                let notice = format!("notice: going on with taking back run {first}");
                again.says(&[&notice]);
            }
        }
    }
}

#[test]
fn a_stopped_undo_says_how_to_go_on() {
    let plane = Plane::start();
    let (gate, keeper) = gate();
    let proxy = Proxy::start(plane.address, move |r, n| {
        if r.is_write() && n == WRITES + 1 { Do::Gate(gate.clone()) } else { Do::Pass }
    });
    let lab = plane.lab_through(&proxy, WISHES);
    plane.run(&lab, "apply --auto-approve --parallelism 1").exits(0);
    let last = || plane.run(&lab, "show --last --json").exits(0).json();
    let first = last()["run"].as_str().unwrap().to_owned();
    let running = plane.run(&lab, "undo --auto-approve").begin();
    keeper.arrived();
    running.signal("KILL");
    running.done();
    drop(keeper);
    let told = last();
    let second = told["run"].as_str().unwrap();
    let next = told["next"].as_str().unwrap();
    assert!(next.starts_with(&format!("`scopeform undo --run {first}` ")), "{next}");
    let notice =
        format!("the last undo here, which takes back run {first}, did not come to its end");
    plane.run(&lab, "undo --input=false").exits(5).says(&[&notice, "going on with"]);
    plane.run(&lab, "plan").exits(0);
    // Each by its name: the run as far as it still stands, and what the undo did.
    plane.run(&lab, &format!("undo --run {first} --out a.plan")).exits(0).says(&["saved plan"]);
    plane.run(&lab, &format!("undo --run {second} --out b.plan")).exits(0);
    let operations = |plan: &str| {
        let plan: Value = serde_json::from_str(&lab.read(plan)).unwrap();
        plan["bound"]["operations"].as_array().unwrap().len()
    };
    assert_eq!((operations("a.plan"), operations("b.plan")), (WRITES - 1, 1));
}

#[test]
fn on_trustpager_a_stopped_undo_goes_on() {
    let lab = Lab::with(CRM);
    lab.write("world.yaml", CRM_WORLD);
    lab.run("apply --auto-approve --parallelism 1").exits(0);
    let first = lab.run("show --last --json").exits(0).json();
    let first = first["run"].as_str().unwrap();
    // The file of a journal that a complete undo wrote, cut after each of its lines: as if it had been killed there.
    lab.run("undo --auto-approve").exits(0);
    let id = lab.run("show --last --json").exits(0).json()["run"].as_str().unwrap().to_owned();
    let file = format!(".scopeform/journal/{id}.jsonl");
    let text = lab.read(&file);
    assert!(text.contains(&format!("\"takes_back\":\"{first}\"")), "{text}");
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let started = lines.iter().position(|line| line.contains("\"started\"")).unwrap();
    for end in started + 1..lines.len() {
        lab.write(&file, &lines[..end].concat());
        let done = lab.run("undo --out rest.plan").exits(0).prints(&["nothing to take back"]);
        assert!(!done.out.contains("Moved since"), "{}", done.all());
    }
}

#[test]
fn a_journal_that_cannot_be_read_is_not_passed_over() {
    let plane = Plane::start();
    let lab = plane.lab(WISHES);
    plane.run(&lab, "apply --auto-approve --target notes").exits(0);
    let first = plane.run(&lab, "show --last --json").exits(0).json();
    plane.run(&lab, "apply --auto-approve --target files").exits(0);
    let last = plane.run(&lab, "show --last --json").exits(0).json();
    let state = plane.state();
    let file = format!(".scopeform/journal/{}.jsonl", last["run"].as_str().unwrap());
    lab.write(&file, &lab.read(&file).replacen("\"event\"", "\"tneve\"", 2));
    plane.run(&lab, "undo --auto-approve").exits(1).says(&[
        "cannot read the journal",
        "so which apply was the last is not known",
        "`--run ID`",
    ]);
    assert_eq!(plane.state(), state);
    let first = first["run"].as_str().unwrap();
    plane.run(&lab, &format!("undo --run {first} --auto-approve")).exits(0);
}

#[test]
fn a_client_comes_back_and_people_must_reconnect() {
    let plane = Plane::start();
    let own = "
integrations:
  notes:
    oauth: {mode: fixed, client: {id: n1, secret: {env: NOTES_SECRET}}, scopes: [profile, notes.read]}
";
    let other = own.replace("id: n1", "id: n2").replace("NOTES_SECRET", "OTHER_SECRET");
    let lab = plane.lab(own);
    let run =
        |args: &str| plane.run(&lab, args).env("NOTES_SECRET", "one").env("OTHER_SECRET", "two");
    run("apply --auto-approve").exits(0);
    let first = plane.state();
    lab.write("scopeform.yaml", &config_at(&plane.url(), &other));
    run("apply --auto-approve").exits(0);
    assert_ne!(plane.state(), first);
    // Ben has connected with the second client; Ana had to anyway.
    let (status, minted) =
        plane.admin("POST", "tokens", Some(&json!({ "user": "ben@acme.example" })));
    assert_eq!(status, 201, "{minted}");
    let path = "/odeus/v1/workspaces/acme/integrations/notes/connection";
    let ben = minted["token"].as_str().unwrap();
    let (status, answer) = super::wire::call(plane.address, ben, "POST", path, None, None);
    assert_eq!(status, 200, "{answer}");
    run("undo --auto-approve").exits(0).prints(&[
        "Cannot be restored:",
        "notes/oauth/client/secret: its value: what `env:NOTES_SECRET` holds now is sent",
        "until these people have reconnected: ana@acme.example, ben@acme.example",
    ]);
    assert_eq!(plane.state(), first);
    // The managed client that was there first comes back too.
    let id = plane.run(&lab, "show --runs").exits(0).out;
    let id = id.lines().last().unwrap().split(' ').next().unwrap().to_owned();
    run(&format!("undo --run {id} --auto-approve")).exits(0);
    assert!(plane.state().to_string().contains("managed"), "{}", plane.state());
}

pub(crate) const CRM: &str = "version: 1
platform: trustpager
workspace: crm
endpoint: embedded
oauth_clients:
  Zapier:
    resources: {contacts: read, deals: no_access}
    verbs: {calls: []}
    tokens: {holders: {users: [olga@acme.example]}}
api_keys:
  export: {resources: {deals: read}}
  old: {revoke: \"replaced\"}
  sync: {resources: {tasks: read}, deliver: {file: sync.key}}
";

pub(crate) const CRM_WORLD: &str = "kind: world
platform: trustpager
workspaces:
  crm:
    users: {olga@acme.example: owner, emil@acme.example: member}
    oauth_clients:
      Zapier:
        tokens:
          - {user: olga@acme.example, issued: 2026-03-01, last_used: 2026-11-20, requests: 1}
          - {user: emil@acme.example, issued: 2026-03-01, last_used: 2026-11-20, requests: 1}
    api_keys:
      export: {resources: {contacts: read}}
      old: {full_access: true}
";

#[test]
fn on_trustpager_tiers_come_back_and_tokens_and_keys_do_not() {
    let lab = Lab::with(CRM);
    lab.write("world.yaml", CRM_WORLD);
    let ceiling = || {
        let args = "explain access --client Zapier --user olga@acme.example --json";
        let mut told = lab.run(args).exits(0).json();
        told.as_object_mut().unwrap().remove("tokens");
        told
    };
    let before = ceiling();
    lab.run("apply --auto-approve --parallelism 1").exits(0);
    assert_ne!(ceiling(), before);
    let done = lab.run("undo --auto-approve").exits(0).prints(&[
        "Cannot be restored:",
        "api_keys/old: the key stays revoked: a new `old` has another value",
        "api_keys/sync/deliver: the file sync.key with its value stays where it is: remove it",
        "stays revoked: emil@acme.example has to authorise Zapier again",
    ]);
    assert!(!done.out.contains("Moved since"), "{}", done.all());
    assert_eq!(ceiling(), before);
    let tokens = lab.run("tokens list").exits(0).out;
    assert!(tokens.contains("olga@acme.example") && !tokens.contains("emil@"), "{tokens}");
    // What the files ask for is what undo took back: tiers, verbs, two keys.
    lab.run("plan").exits(0).prints(&["api_keys/export", "api_keys/sync", "oauth_clients/Zapier"]);
    let value = lab.read("sync.key");
    for entry in std::fs::read_dir(lab.path(".scopeform/journal")).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        assert!(!text.contains(value.trim_end()), "a journal holds the value of a key");
    }
}

#[cfg(unix)]
#[test]
fn folders_for_the_value_of_a_key_are_made_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let lab = Lab::with(&CRM.replace("sync.key", ".secrets/keys/sync.key"));
    lab.write("world.yaml", CRM_WORLD);
    let data = lab.path("../data");
    let run = |args: &str| lab.run(args).env("SCOPEFORM_DATA_DIR", &data);
    let done = run("plan").exits(0);
    assert!(!done.all().contains("nowhere to go"), "{}", done.all());
    assert!(!lab.path(".secrets").exists());
    run("apply --auto-approve").exits(0);
    assert!(lab.read(".secrets/keys/sync.key").len() > 20);
    for folder in [".secrets", ".secrets/keys"] {
        let mode = std::fs::metadata(lab.path(folder)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700, "{folder}");
    }
    assert_eq!(lab.read(".secrets/.gitignore"), "*\n");
    // Taken back, the file is in the way of the next one: undo says so, and so does the plan.
    run("undo --auto-approve").exits(0).prints(&[".secrets/keys/sync.key with its value stays"]);
    run("plan").exits(0).prints(&[
        "Not possible here as it is: the value of the new API key `sync` has nowhere to go",
        "move it away",
    ]);
}

/// Mutations (tests/mutations), each of which makes this fail:
/// - `again`: what a saved plan has done is written again;
/// - `resume-refused`: a plan that was done before is refused as if something else had moved.
#[test]
fn on_trustpager_the_same_saved_plan_goes_on() {
    let lab = Lab::with(CRM);
    lab.write("world.yaml", CRM_WORLD);
    lab.run("plan --out p.json").exits(0);
    let started = || lines(&lab).iter().filter(|line| line["event"] == "started").count();
    lab.run("apply p.json").exits(0);
    assert!(started() > 1, "{:?}", lines(&lab));
    let again = lab.run("apply p.json --json").done();
    // Whatever is sent is noted first, in a journal of this run's own.
    assert_eq!(journals(&lab).len(), 2);
    assert_eq!(started(), 0, "a write was repeated: {}", again.all());
    let again = again.exits(0).json();
    let outcomes: Vec<&str> = again["operations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| step["outcome"].as_str().unwrap())
        .collect();
    assert!(outcomes.iter().all(|o| ["already_done", "not_needed"].contains(o)), "{again}");
    // What was not needed is not counted as applied, in any of the three places.
    let count = |word: &str| outcomes.iter().filter(|outcome| **outcome == word).count();
    let (already, not_needed) = (count("already_done"), count("not_needed"));
    assert!(already > 0 && not_needed > 0, "{again}");
    assert_eq!(again["applied"], already, "{again}");
    assert_eq!(
        (&again["already_done"], &again["not_needed"]),
        (&already.into(), &not_needed.into())
    );
    let sum =
        format!("0 operations ({already} already done before, {not_needed} not needed), read back");
    lab.run("apply p.json").exits(0).prints(&[&format!("Applied: {sum}")]);
    lab.run("show --last").exits(0).prints(&[&format!("Complete: {sum}")]);
    assert_eq!(lab.run("show --last --json").exits(0).json()["applied"], already);
    // A key whose value did not arrive is no key that is done.
    lab.write("sync.key", "");
    let lost = lab.run("apply p.json").exits(6);
    lost.prints(&["the key `sync` exists and its value is not in sync.key: revoke it"]);
}

/// Whoever takes the value away has had it; where the run was killed before it came nobody has.
#[test]
fn a_key_is_done_when_its_value_was_taken_away_and_not_when_a_kill_lost_it() {
    let lab = Lab::with(CRM);
    lab.write("world.yaml", CRM_WORLD);
    lab.run("plan --out p.json").exits(0);
    lab.run("apply p.json").exits(0);
    std::fs::remove_file(lab.path("sync.key")).unwrap();
    lab.run("apply p.json").exits(0).prints(&["already done before"]);
    // The journal of the first run as a kill leaves it that comes before the answer.
    let journals = std::fs::read_dir(lab.path(".scopeform/journal")).unwrap();
    let mut journals: Vec<_> = journals.map(|entry| entry.unwrap().path()).collect();
    journals.sort();
    let noted = std::fs::read_to_string(&journals[0]).unwrap();
    let create = |line: &&str| {
        let line: Value = serde_json::from_str(line).unwrap();
        line["event"] == "started" && line["address"].as_str().unwrap().contains("sync")
    };
    let started = noted.lines().position(|line| create(&line)).unwrap();
    let (begun, rest) = noted.split_at(noted.lines().take(started + 1).map(|l| l.len() + 1).sum());
    let index = |line: &str| {
        let line: Value = serde_json::from_str(line).unwrap();
        line["index"].as_u64()
    };
    let own = index(begun.lines().last().unwrap());
    let others = rest.lines().filter(|line| index(line).is_some() && index(line) != own);
    let others: String = others.map(|line| format!("{line}\n")).collect();
    std::fs::write(&journals[0], format!("{begun}{others}")).unwrap();
    let lost = lab.run("apply p.json").exits(6);
    lost.prints(&["the key `sync` exists and its value is not in sync.key: revoke it"]);
}

#[cfg(unix)]
#[test]
fn a_place_that_a_killed_run_left_empty_is_taken_over() {
    use std::os::unix::fs::PermissionsExt as _;
    let lab = Lab::with(CRM);
    lab.write("world.yaml", CRM_WORLD);
    // Somebody else's empty file, which others can read, is none of ours.
    lab.write("sync.key", "");
    let held = || {
        let tokens = lab.run("tokens list").exits(0).out;
        tokens.contains("emil@acme.example")
    };
    lab.run("plan").exits(0).says(&["warning: the value of the new API key `sync`"]);
    // Nothing else of the plan is done either: it is known before the first write.
    lab.run("apply --auto-approve")
        .exits(1)
        .says(&["sync.key exists and is not overwritten; move it away; nothing was done"]);
    assert!(held());
    let private = std::fs::Permissions::from_mode(0o600);
    std::fs::set_permissions(lab.path("sync.key"), private).unwrap();
    lab.run("apply --auto-approve").exits(0);
    assert!(lab.read("sync.key").len() > 20);
    assert!(!held());
}
