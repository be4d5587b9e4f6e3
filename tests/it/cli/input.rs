//! Everything that can be wrong with what somebody gives us: said clearly, at its place, with the right code.

use std::os::unix::fs::symlink;
use std::path::Path;

use serde_json::Value;

use super::harness::Lab;
use crate::apply::plane::{Plane, WISHES, config_at};

const GOOD: &str = "version: 1
platform: odeus
workspace: acme
integrations:
  sharepoint:
    actions: {create_list: enabled}
";

/// The commands that read a configuration.
const READERS: [&str; 5] = ["validate", "plan", "apply --auto-approve", "status", "export"];

#[test]
fn slips_on_the_command_line_are_usage() {
    let lab = Lab::with(GOOD);
    for (args, say) in [
        ("pla", "'plan'"),
        ("aply", "'apply'"),
        ("plan --detailed-exit-code", "'--detailed-exitcode'"),
        ("apply --auto-aprove", "'--auto-approve'"),
        ("plan -auto-approve", "--auto-approve"),
        ("plan --lock=false", "--lock"),
        ("plan -var x=1", "-var"),
        ("plan --format yaml", "json"),
        ("plan --timeout soon", "invalid value 'soon'"),
        ("plan --today 2026-02-30", "2026-02-30"),
        ("apply --parallelism many", "many"),
        ("plan one two", "two"),
        ("show", "PLAN"),
        ("", "Usage"),
        ("destroy", "destroy"),
    ] {
        let done = lab.run(args).exits(64);
        assert!(done.err.contains(say), "`{args}` does not say `{say}`\n{}", done.all());
        assert!(done.out.is_empty(), "{}", done.all());
    }
    assert!(!lab.path(".scopeform").exists());
}

#[test]
fn slips_in_the_environment_are_usage() {
    let lab = Lab::with(GOOD);
    for (name, near) in [
        ("SCOPEFORM_TOKN", "`SCOPEFORM_TOKEN`"),
        ("SCOPEFORM_DATADIR", "`SCOPEFORM_DATA_DIR`"),
        ("SCOPEFORM_X", "did you mean"),
    ] {
        let done = lab.run("plan").env(name, "CANARY").exits(64);
        let done = done.says(&[&format!("unknown variable `{name}`"), near]);
        assert!(!done.all().contains("CANARY"), "{}", done.all());
    }
    lab.run("plan").env("SCOPEFORM_PARALLELISM", "9").exits(0);
    lab.run("apply").env("SCOPEFORM_PARALLELISM", "many").exits(64);
    lab.run("plan").env("SCOPEFORM_INPUT", "perhaps").exits(64);
    lab.run("plan").env("OTHER_SCOPEFORM_X", "1").exits(0);
}

#[test]
fn with_json_an_error_is_one_json_document() {
    let lab = Lab::with(GOOD);
    let empty = Lab::new();
    empty.write("nothing/readme.txt", "hello");
    let broken = Lab::with("version: 1\nplatform: odeus\nworkspace: acme\nbananas: 1\n");
    let world = Lab::with(GOOD);
    world.write("world.yaml", "kind: world\nbananas: 1\n");
    let catalog = Lab::with(GOOD);
    catalog.write("cat.yaml", "kind: catalog\nbananas: 1\n");
    for (lab, args, code) in [
        (&lab, "plan --json --bananas", 64),
        (&lab, "plan --format json --bananas", 64),
        (&lab, "plan --format=json --bananas", 64),
        (&lab, "plan -json -bananas", 64),
        (&lab, "plan --json nowhere", 1),
        (&lab, "plan --format json nowhere", 1),
        (&lab, "plan --json --target sharepont", 1),
        (&lab, "show --json scopeform.yaml", 1),
        (&lab, "apply --json --input=false", 5),
        (&lab, "status --json -i bananas", 1),
        (&empty, "plan --json", 1),
        (&empty, "plan --json nothing", 1),
        (&empty, "validate --json nothing", 1),
        (&broken, "plan --json", 1),
        (&broken, "apply --json", 1),
        (&broken, "validate --json", 1),
        (&world, "validate --json", 1),
        (&world, "plan --json", 1),
        (&world, "status --json", 1),
        (&catalog, "validate --json", 1),
        (&catalog, "apply --json", 1),
    ] {
        let done = lab.run(args).exits(code);
        let document: Value = done.json();
        assert_eq!(document["valid"], false, "{args}: {}", done.all());
        assert!(document["error_count"].as_u64().unwrap() > 0, "{args}: {}", done.all());
        let first = &document["diagnostics"][0];
        assert!(first["summary"].as_str().is_some_and(|s| !s.is_empty()), "{args}: {}", done.all());
    }
    let misspelt = lab.run("plan --json").env("SCOPEFORM_X", "1").exits(64).json();
    assert_eq!(misspelt["exit_code"], 64);
}

#[test]
fn a_folder_without_configuration_is_said_to_have_none() {
    let lab = Lab::new();
    lab.write("empty/readme.txt", "hello");
    for command in READERS {
        lab.run(command)
            .exits(1)
            .says(&["no configuration here or in a folder above", "scopeform init"]);
        let done = lab.run(command).arg("empty").exits(1);
        done.says(&["empty holds no configuration file", "scopeform init"]);
        lab.run(command).arg("nowhere").exits(1).says(&["cannot read nowhere"]);
        assert!(!lab.path("empty/.scopeform").exists(), "{command}");
    }
}

/// A rule in a file that is not read is a rule that does not count.
#[test]
fn a_file_whose_name_ends_otherwise_is_not_passed_over_in_silence() {
    let rules = "version: 1\nplatform: odeus\nworkspace: acme\nprotect: [\"*\"]\n";
    for name in ["b.YAML", "b.Yml", "deep/b.yAML"] {
        let lab = Lab::with(GOOD);
        lab.write(name, rules);
        for command in READERS {
            let done = lab.run(command).exits(1);
            let right = name.rsplit('/').next().unwrap().to_ascii_lowercase();
            done.says(&[&format!("{name} is not read"), &format!("rename it to {right}")]);
        }
        assert!(!lab.path(".scopeform").exists(), "{name}");
        // Whoever names one file has said that no other is meant.
        lab.run("plan scopeform.yaml").exits(0);
    }
    // Alone it is found from below, and refused where it stands.
    let lab = Lab::new();
    lab.write("acme.YAML", GOOD);
    lab.run("plan").exits(1).says(&["acme.YAML is not read", "rename it to acme.yaml"]);

    for (name, text) in [
        ("b.yaml.bak", rules),
        ("b.yml.txt", rules),
        ("b.yaml~", rules),
        ("b.json", r#"{"version": 1, "platform": "odeus", "workspace": "acme"}"#),
        ("world.yaml.off", "kind: world\n"),
    ] {
        let lab = Lab::with(GOOD);
        lab.write(name, text);
        let notice = format!("{name} reads like a part of the configuration and is not read");
        lab.run("validate").exits(0).says(&["notice: ", &notice]);
        let alone = Lab::new();
        alone.write(&format!("mine/{name}"), text);
        let done = alone.run("plan mine").exits(1);
        done.says(&["mine holds no configuration file", &format!("help: {name} is not read")]);
        let inside = alone.run("plan --chdir mine").exits(1);
        inside.says(&["no configuration here", &format!("help: {name} is not read")]);
    }

    // What does not read like one is of no interest, and what the files name is read.
    let lab = Lab::with(&format!("{GOOD}rego: [policies/*.rego, policies/settings.json]\n"));
    lab.write(
        "policies/deny.rego",
        "package main\n\nimport rego.v1\n\ndeny contains \"x\" if false\n",
    );
    lab.write("policies/settings.json", r#"{"version": 1, "platform": "x", "workspace": "y"}"#);
    lab.write("notes.yaml.txt", "how we write version, platform and workspace\n");
    lab.write("plan.json", r#"{"format_version": 1, "platform": "odeus", "workspace": "acme"}"#);
    let done = lab.run("validate --verbose").exits(0);
    let done = done.says(&["passing over ./notes.yaml.txt", "work/policies/settings.json"]);
    assert!(!done.err.contains("notice"), "{}", done.all());
}

/// Whatever ends in `.json` is not ours, and what is ours is known by its beginning.
#[test]
fn what_reads_as_something_else_is_not_said_to_be_a_configuration() {
    let lab = Lab::new();
    lab.write("web/package.json", r#"{"name": "web", "version": "1.0.0"}"#);
    lab.write("web/tsconfig.json", r#"{"compilerOptions": {}}"#);
    lab.write("web/notes.yaml.txt", "how we write version, platform and workspace\n");
    for run in [lab.run("plan web"), lab.run("plan --chdir web")] {
        let done = run.exits(1).says(&["no"]);
        for name in ["package.json", "tsconfig.json", "notes.yaml.txt", "rename"] {
            assert!(!done.err.contains(name), "{}", done.all());
        }
    }
    // What is larger than any configuration is told apart without reading it.
    let lab = Lab::with(GOOD);
    let part = r#"{"version": 1, "platform": "odeus", "workspace": "acme", "integrations": {}, "#;
    lab.write("large.json", &format!("{part}\"rows\": [{}0]}}", "0, ".repeat(7_000_000)));
    lab.run("validate").exits(0).says(&["large.json reads like a part of the configuration"]);
    let late =
        format!(r#"{{"rows": [{}0], {}"#, "0, ".repeat(40_000), part.trim_start_matches('{'));
    lab.write("large.json", &late);
    let done = lab.run("validate").exits(0);
    assert!(!done.err.contains("large.json"), "{}", done.all());
    lab.write("large.json", r#"{"a": {"version": 1, "platform": 1, "workspace": 1}}"#);
    let done = lab.run("validate").exits(0);
    assert!(!done.err.contains("large.json"), "{}", done.all());
}

/// Titles, descriptions and reasons are for people, and may hold any text.
#[test]
fn prose_is_not_taken_for_a_placeholder() {
    let lab = Lab::with(
        "version: 1\nplatform: odeus\nworkspace: acme\nfindings: {}\n\
         protect:\n  - {address: letters, reason: 'ask <owner> of ${project}, or {{team}}'}\n\
         integrations:\n  letters:\n    labels: {note: 'ask {hr}'}\n    actions:\n      fill: enabled\n",
    );
    lab.write(
        "letters.yaml",
        "kind: catalog\nintegration: letters\nname: 'Letters {{beta}}'\nprovider: none\nauth: oauth\n\
         managed_client: true\nscope_management: true\nbase_scopes: []\nactions:\n\
         \x20 - {key: fill, name: 'Fill ${form}', description: 'Fills {{name}} and ${amount}', required_scopes: []}\n",
    );
    lab.run("validate").exits(0);
    // What is to be filled in still is.
    let oauth = "    oauth: {mode: sync, client: {id: '${ID}'}}\n    labels";
    lab.write("scopeform.yaml", &lab.read("scopeform.yaml").replace("    labels", oauth));
    lab.run("validate").exits(1).says(&["values are not interpolated: `${...}`"]);
}

/// Plan and apply agree about what a file that is named is.
#[test]
fn a_configuration_is_applied_under_the_name_that_plan_takes() {
    for name in ["acme.YAML", "acme.conf", "acme.yaml.bak"] {
        let lab = Lab::new();
        lab.write(name, GOOD);
        lab.run("plan").arg(name).exits(0).prints(&["1 change"]);
        lab.run("apply --auto-approve").arg(name).exits(0).prints(&["Applied: 1 operation"]);
        // A plan is one under any name that is not YAML's.
        lab.write(name, &GOOD.replace("create_list", "create_page"));
        lab.run("plan --out saved.plan").arg(name).exits(0);
        std::fs::rename(lab.path(name), lab.path("scopeform.yaml")).unwrap();
        lab.run("apply saved.plan").exits(0).prints(&["Applied: 1 operation"]);
    }
}

#[test]
fn the_nearest_folder_upwards_is_found_and_a_repository_is_a_wall() {
    let lab = Lab::with(GOOD);
    lab.write("a/b/readme.txt", "hello");
    let deep = lab.path("a/b");
    let chdir = format!("plan --verbose --chdir {}", deep.display());
    lab.run(&chdir).exits(0).says(&["reading [DIR]/work/scopeform.yaml"]);
    std::fs::create_dir_all(lab.path("a/.git")).unwrap();
    lab.run(&chdir).exits(1).says(&["no configuration here or in a folder above"]);
}

#[test]
fn stray_yaml_is_named_with_its_line() {
    let lab = Lab::with(GOOD);
    lab.write("deep/compose.yml", "services:\n  web: {image: nginx}\n");
    for command in READERS {
        let done = lab.run(command).exits(1);
        done.says(&["deep/compose.yml:1:1", "neither configuration nor a world nor a catalogue"]);
    }
    lab.write(".github/workflows/ci.yaml", "on: push\n");
    std::fs::remove_file(lab.path("deep/compose.yml")).unwrap();
    lab.run("validate").exits(0);
}

#[test]
fn every_mistake_of_a_run_is_reported_with_file_and_line() {
    let lab = Lab::with(&GOOD.replace("actions", "actoins"));
    lab.write("more.yaml", "version: 1\nplatform: odeus\nworkspace: acme\nintegrations: [\n");
    lab.write(
        "name.yaml",
        "version: 1\nplatform: odeus\nworkspace: acme\nintegrations: {teams: {access: on}}\n",
    );
    let done = lab.run("plan").exits(1);
    done.says(&["scopeform.yaml:6:5", "`actions`", "more.yaml:", "name.yaml:4:"]);
    let lab =
        Lab::with(&GOOD.replace("create_list", "create_lists").replace("sharepoint", "sharepiont"));
    lab.run("validate").exits(0);
    lab.run("plan").exits(1).says(&["scopeform.yaml:5:3", "`sharepiont`", "`sharepoint`"]);
}

#[test]
fn links_in_circles_and_to_nowhere_end() {
    let lab = Lab::with(GOOD);
    symlink("..", lab.path("up")).unwrap_or_default();
    std::fs::create_dir_all(lab.path("sub")).unwrap();
    symlink("..", lab.path("sub/loop")).unwrap();
    std::fs::remove_file(lab.path("up")).unwrap();
    for command in READERS {
        lab.run(command).exits(1).says(&["sub/loop", "leads back to a folder that holds it"]);
    }
    let lab = Lab::with(GOOD);
    symlink("gone.yaml", lab.path("link.yaml")).unwrap();
    lab.run("plan").exits(1).says(&["link.yaml", "a link that leads nowhere"]);
    let lab = Lab::with(GOOD);
    symlink("b.yaml", lab.path("a.yaml")).unwrap();
    symlink("a.yaml", lab.path("b.yaml")).unwrap();
    lab.run("plan").exits(1).says(&["a.yaml"]);
    let lab = Lab::with(GOOD);
    symlink("gone", lab.path("unrelated")).unwrap();
    lab.run("plan").exits(0);
}

#[cfg(target_os = "linux")]
#[test]
fn what_cannot_be_read_is_named() {
    // Root reads everything that permissions forbid, so a file that no one can read stands in.
    let lab = Lab::with(GOOD);
    symlink("/proc/self/mem", lab.path("mem.yaml")).unwrap();
    lab.run("plan").exits(1).says(&["cannot read ./mem.yaml"]);
    let lab = Lab::with(GOOD);
    assert!(
        std::process::Command::new("mkfifo").arg(lab.path("pipe.yaml")).status().unwrap().success()
    );
    lab.run("plan").exits(1).says(&["pipe.yaml", "no regular file"]);
    let lab = Lab::with(GOOD);
    std::fs::write(lab.path("latin.yaml"), b"version: 1\nplatform: odeus\nworkspace: caf\xe9\n")
        .unwrap();
    lab.run("plan").exits(1).says(&["latin.yaml"]);
    let lab = Lab::with(GOOD);
    let big = std::fs::File::create(lab.path("big.yaml")).unwrap();
    big.set_len(17 * 1024 * 1024).unwrap();
    lab.run("plan").exits(1).says(&["big.yaml is larger than 16 MiB"]);
}

/// What others may have put there is not read to its end. One byte less is read, and is something else that is wrong.
#[test]
fn what_is_too_large_to_be_meant_is_not_read() {
    const MIB: u64 = 1024 * 1024;
    let lab = Lab::with(GOOD);
    lab.run("plan --out p.json").exits(0);
    lab.run("apply p.json").exits(0);
    let journals = std::fs::read_dir(lab.path(".scopeform/journal")).unwrap();
    let journals: Vec<_> = journals.map(|entry| entry.unwrap().path()).collect();
    let [journal] = journals.as_slice() else { panic!("{journals:?}") };
    let sized = |file: &Path, bytes: u64| {
        let file = std::fs::File::options().create(true).append(true).open(file).unwrap();
        file.set_len(bytes).unwrap();
    };
    let too_large = "it is larger than 256 MiB";
    let says = |args: &str, too_large: &str, meant: bool| {
        let done = lab.run(args).done();
        assert_eq!(done.err.contains(too_large), meant, "{args}: {}", done.all());
    };
    for (args, file) in [
        ("show --last", journal.clone()),
        ("undo --auto-approve", journal.clone()),
        ("show p.json", lab.path("p.json")),
        ("apply p.json", lab.path("p.json")),
        ("plan --snapshot s.json --allow-unsigned", lab.path("s.json")),
    ] {
        sized(&file, 256 * MIB + 1);
        says(args, too_large, true);
        if args.starts_with("show") {
            sized(&file, 256 * MIB);
            says(args, too_large, false);
        }
        sized(&file, 0);
    }
    lab.run("plan --out p.json").exits(0);
    for (args, name) in [
        ("show p.json", "p.json.ana.approval"),
        ("plan --snapshot s.json --signers signers", "signers"),
    ] {
        lab.write("s.json", "{}");
        sized(&lab.path(name), MIB + 1);
        says(args, "it is larger than 1 MiB", true);
        sized(&lab.path(name), MIB);
        says(args, "it is larger than 1 MiB", false);
    }
}

#[test]
fn a_plan_file_that_is_not_as_written_is_refused() {
    let plane = Plane::start();
    let lab = plane.lab(WISHES);
    plane.run(&lab, "plan --out good.json").exits(0);
    let good = lab.read("good.json");
    let before = plane.state();
    let other = {
        let mut value: Value = serde_json::from_str(&good).unwrap();
        value["scopeform_plan"] = 2.into();
        format!("{}\n", serde_json::to_string_pretty(&value).unwrap())
    };
    for (text, say) in [
        (good.replace("write_note", "find_note"), "does not match the digest"),
        (good.replacen("acme", "beta", 1), "does not match the digest"),
        (good.replace("127.0.0.1", "127.0.0.2"), "does not match the digest"),
        (good.chars().take(good.len() / 2).collect(), "damaged or cut short"),
        (good.trim_end().to_owned(), "not as this tool writes it"),
        (format!("{good}\n"), "not as this tool writes it"),
        (good.replacen('{', "{\"note\": 1,", 1), "not as this tool writes it"),
        (other, "has plan format 2, this version reads format 1"),
        ("{\"terraform_version\": \"1.9\"}\n".to_owned(), "no scopeform plan"),
        ("[]".to_owned(), "no scopeform plan"),
        ("{\"scopeform_plan\": 1}".to_owned(), "no scopeform plan"),
        (String::new(), "damaged or cut short"),
        ("PK\u{3}\u{4}".to_owned(), "damaged or cut short"),
        ("[".repeat(100_000), "damaged or cut short"),
    ] {
        assert_ne!(text, good, "{say}");
        lab.write("bad.json", &text);
        for command in ["apply", "show"] {
            let done = plane.run(&lab, command).arg("bad.json").exits(1);
            done.says(&["bad.json: ", say, "scopeform plan --out FILE"]);
        }
    }
    assert_eq!(plane.state(), before);
    assert_eq!(plane.audited(), 0);
    plane
        .run(&lab, "apply nowhere.json")
        .exits(1)
        .says(&["cannot read nowhere.json", "`scopeform plan --out FILE`"]);
    plane.run(&lab, "apply good.json").exits(0);
}

#[test]
fn a_plan_for_another_workspace_is_not_applied_to_this_one() {
    let plane = Plane::start();
    let lab = plane.lab(WISHES);
    plane.run(&lab, "plan --out p.json").exits(0);
    let done = plane.run(&lab, "apply p.json --workspace beta").exits(1);
    done.says(&["the plan is for workspace `acme`, not for `beta`", "nothing was done"]);
    assert_eq!(plane.audited(), 0);
    // A folder that declares another workspace is not the plan's, wherever it was found.
    lab.write("beta/b.yaml", &config_at(&plane.url(), WISHES).replace("acme", "beta"));
    let done = plane.run(&lab, "apply p.json --config beta").exits(1);
    done.says(&["the plan is for workspace `acme`, and beta declares `beta`", "--config FOLDER"]);
    let done = plane.run(&lab, "apply ../p.json --chdir beta").exits(1);
    done.says(&["the plan is for workspace `acme`, and", "declares `beta`", "nothing was done"]);
    assert_eq!(plane.audited(), 0);
    lab.write("gamma/notes.txt", "no configuration at all");
    // Nor is one that declares none: its rules are not no rules.
    let done = plane.run(&lab, "apply p.json --workspace acme --config gamma").exits(1);
    done.says(&["and gamma declares no workspace", "--config FOLDER"]);
    assert_eq!(plane.audited(), 0);
    plane.run(&lab, "apply p.json --workspace acme").exits(0);
}
