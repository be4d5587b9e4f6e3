//! How the embedded control plane begins, begins anew, and when it does not.

use std::io::{BufRead as _, BufReader};

use super::harness::{Background, Lab};

fn config(workspace: &str) -> String {
    format!(
        "version: 1\nplatform: odeus\nworkspace: {workspace}\nendpoint: embedded\nintegrations:\n  sharepoint:\n    actions: {{create_page: enabled}}\n"
    )
}

fn world(workspace: &str, who: &str) -> String {
    format!(
        "kind: world\nworkspaces:\n  {workspace}:\n    users: {{{who}@x.example: admin}}\n    actions: nobody\n"
    )
}

/// Begins to serve a folder and returns once it does.
fn serving(lab: &Lab, args: &str) -> Background {
    let mut process = lab.run(&format!("serve {args} --listen 127.0.0.1:0")).begin();
    let mut line = String::new();
    BufReader::new(process.child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.starts_with("http://"), "{line}");
    process
}

#[test]
fn without_a_world_every_workspace_is_there_from_the_first_day() {
    let lab = Lab::new();
    for name in ["a", "b"] {
        lab.write(&format!("{name}.yaml"), &config(name));
    }
    lab.write(
        "c.yaml",
        "version: 1\nplatform: trustpager\nworkspace: c\nendpoint: embedded\noauth_clients: {}\n",
    );
    let plan = |name: &str| {
        let done = lab.run("plan --detailed-exitcode --workspace").arg(name).done();
        assert!(!done.err.contains("notice"), "{name}: {}", done.all());
        done.code
    };
    for name in ["a", "b", "c", "a"] {
        assert_eq!(plan(name), Some(if name == "c" { 0 } else { 2 }), "{name}");
    }
    lab.run("apply --auto-approve --workspace a").exits(0);
    assert_eq!([plan("b"), plan("c"), plan("a")], [Some(2), Some(0), Some(0)]);
    // One that is declared later begins as the others did, and they keep what they have.
    lab.write("d.yaml", &config("d"));
    assert_eq!([plan("d"), plan("a"), plan("b")], [Some(2), Some(0), Some(2)]);
    // Also where nobody has planned any of them.
    let first = Lab::new();
    for name in ["a.yaml", "b.yaml", "c.yaml"] {
        first.write(name, &lab.read(name));
    }
    drop(serving(&first, "."));
    let db = rusqlite::Connection::open(first.path(".scopeform/control-plane.db")).unwrap();
    let all = "SELECT workspace FROM workspaces UNION SELECT workspace FROM tp_workspaces";
    let mut all = db.prepare(all).unwrap();
    let all = all.query_map([], |row| row.get::<_, String>(0)).unwrap();
    assert_eq!(all.map(Result::unwrap).collect::<Vec<_>>(), ["a", "b", "c"]);
    // Once somebody writes who is there, that is a change.
    lab.write("world.yaml", &world("a", "ana"));
    let done = lab.run("plan --workspace a").exits(0);
    done.says(&["the world has changed since", "not read again"]);
}

#[test]
fn what_another_process_serves_is_not_begun_anew() {
    let lab = Lab::with(&config("acme"));
    lab.write("world.yaml", &world("acme", "ana"));
    let served = serving(&lab, ".");
    lab.run("serve --reset --listen 127.0.0.1:0").exits(1).says(&[
        "another process uses",
        "so it cannot begin anew",
        "end it first",
    ]);
    lab.write("world.yaml", &world("acme", "ben"));
    let done = lab.run("status").exits(0);
    let done =
        done.says(&["the world has changed", "not read again as long as another process uses"]);
    assert!(!done.err.contains("begins anew;"), "{}", done.all());
    let database = lab.path(".scopeform/control-plane.db");
    let users = || {
        let db = rusqlite::Connection::open(&database).unwrap();
        let mut users = db.prepare("SELECT user FROM users").unwrap();
        let users = users.query_map([], |row| row.get::<_, String>(0)).unwrap();
        users.map(Result::unwrap).collect::<Vec<_>>()
    };
    assert_eq!(users(), ["ana@x.example"]);
    served.signal("INT");
    assert_eq!(served.done().code, Some(0));
    lab.run("status").exits(0).says(&["the world has changed", "it begins anew"]);
    assert_eq!(users(), ["ben@x.example"]);
}

/// The folder holds more than the control plane.
#[test]
fn beginning_anew_is_said_with_what_it_costs() {
    let lab = Lab::with(&config("acme"));
    lab.write("world.yaml", &world("acme", "ana"));
    lab.run("apply --auto-approve").exits(0);
    lab.write("world.yaml", &world("acme", "ben"));
    lab.run("plan").exits(0).says(&[
        "`scopeform serve --reset` begins anew and loses what was applied",
        "removing the folder",
        "loses its journals, used approvals and delivered keys as well",
    ]);
    lab.run("show --last").exits(0);
    // As it is said, with the journals kept.
    let served = serving(&lab, "--reset");
    served.signal("INT");
    assert_eq!(served.done().code, Some(0));
    let done = lab.run("plan --detailed-exitcode").exits(2);
    assert!(!done.err.contains("notice"), "{}", done.all());
    lab.run("show --last").exits(0);

    let damaged = "this is no database, and it is long enough to be read as one page or more";
    lab.write("data/control-plane.db", damaged);
    lab.run("plan").env("SCOPEFORM_DATA_DIR", "data").exits(8).says(&[
        "moving control-plane.db away from data begins anew",
        "journals, used approvals and delivered keys",
    ]);
}

/// What is to be pasted, with names that YAML reads as something else.
#[test]
fn the_first_world_that_an_error_prints_is_read_when_it_is_pasted() {
    let groups = [
        "on",
        "No",
        "null",
        "Null",
        "~",
        "true",
        "2026",
        "1e3",
        "trail ",
        " lead",
        "a: b",
        "a #b",
        "-",
        "- x",
        "{x}",
        "'x",
        "x",
        "two words",
        "caf\u{e9}",
        "a\u{200b}b",
        "say \"x\"",
        "=",
        "<<",
        "a\\b",
        "&x",
        "*x",
        "!x",
        "|",
        "?",
        "%x",
        "@x",
        "`x",
    ];
    let names: Vec<String> =
        groups.iter().map(|name| serde_json::Value::from(*name).to_string()).collect();
    let body = format!("        create_page: {{groups: [{}]}}\n", names.join(", "));
    let lab = Lab::with(
        &config("acme")
            .replace("    actions: {create_page: enabled}\n", &format!("    actions:\n{body}")),
    );
    let wrong = lab.run("plan").exits(1);
    let (_, world) = wrong.err.split_once("put this there as world.yaml").unwrap();
    let (_, world) = world.split_once("\n\n").unwrap();
    lab.write("world.yaml", world);
    let planned = lab.run("plan --json").exits(0);
    let shown = planned.json().to_string();
    assert!(shown.contains("trail "), "{}", planned.all());
}

/// A slip is asked about first; that a world file may say it stands behind whatever else there is to do.
#[test]
fn a_name_that_is_near_is_asked_about_before_the_world_file() {
    let lab = Lab::new();
    lab.write("world.yaml", &format!("{}    groups: {{sales: []}}\n", world("acme", "ana")));
    for (group, asked) in [("salse", "did you mean `sales`? Otherwise: "), ("board", "")] {
        lab.write(
            "acme.yaml",
            &config("acme").replace("enabled", &format!("{{groups: [{group}]}}")),
        );
        let help = format!(
            "help: {asked}on the embedded control plane there is what world.yaml says: add `{group}: []` to `groups` of `acme` there"
        );
        lab.run("plan").exits(1).says(&[&help]);
    }
    let lab = super::crm::crm();
    let wish = lab.read("scopeform.yaml");
    for (client, asked) in
        [("Claude Conection", "did you mean `Claude Connection`? a client cannot "), ("Slack", "")]
    {
        lab.write("scopeform.yaml", &wish.replace("Claude Connection", client));
        let say = "on the embedded control plane there is what world.yaml says: add `";
        let done = lab.run("plan").exits(1);
        let help = done.err.lines().find(|line| line.contains(say)).unwrap();
        let begins = if asked.is_empty() { say } else { asked };
        assert!(help.contains(&format!("help: {begins}")), "{}", done.all());
        assert_eq!(help.contains("for the first time; on the"), !asked.is_empty(), "{help}");
    }
}

/// A folder's name is a text of somebody's as well, and it stands in lines of ours.
#[test]
fn the_name_of_a_folder_forges_no_line() {
    const EVIL: &str = "evil\nerror: forged \u{1b}[31mred";
    let lab = Lab::new();
    lab.write(&format!("{EVIL}/acme.yaml"), &config("acme"));
    let at = |args: &str| lab.run(args).arg(EVIL);
    let checked = |done: super::harness::Done, says: &str| {
        let all = format!("{}{}", done.out, done.err);
        assert!(all.contains(says), "{says}: {}", done.all());
        assert!(!all.contains('\u{1b}'), "{}", done.all());
        assert!(!all.lines().any(|line| line.starts_with("error: forged")), "{}", done.all());
    };
    let group = config("acme").replace("enabled", "{groups: [sales]}");
    lab.write(&format!("{EVIL}/acme.yaml"), &group);
    checked(at("plan").exits(1), "put this there as world.yaml");
    lab.write(&format!("{EVIL}/acme.yaml"), &config("acme"));
    lab.write(&format!("{EVIL}/world.yaml"), &world("acme", "ana"));
    checked(at("apply --auto-approve").exits(0), "Applied");
    lab.write(&format!("{EVIL}/world.yaml"), &world("acme", "ben"));
    checked(at("plan").exits(0), "removing the folder evil\\nerror: forged");
    checked(at("status").exits(0), "removing the folder evil\\nerror: forged");
    let served = at("serve --listen 127.0.0.1:0").begin();
    let mut served = served;
    let mut line = String::new();
    BufReader::new(served.child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    served.signal("INT");
    checked(served.done(), "removing the folder evil\\nerror: forged");
}
