//! `--format diff` as the programs that apply diffs read it: GNU patch and git. What they make of the one side is the other.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use super::harness::Lab;
use crate::report;

/// One unit of a saved plan: its address, and its effective configuration before and after.
struct Unit {
    address: String,
    before: String,
    after: String,
}

fn units(plan: &str) -> Vec<Unit> {
    let plan: Value = serde_json::from_str(plan).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let unit = |own: &Value| Unit {
        address: text(&own["unit"]),
        before: text(&own["before"]),
        after: text(&own["after"]),
    };
    plan["observed"]["effective"].as_array().unwrap().iter().map(unit).collect()
}

/// Gives a diff to a program that is to apply it in `folder`.
#[track_caller]
fn apply(folder: &Path, program: &[&str], diff: &str) {
    let mut command = Command::new(program[0]);
    command.args(&program[1..]).current_dir(folder).env("LC_ALL", "C");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|error| {
        panic!("{}: {error}; tests/tools.sh installs it", program[0]);
    });
    std::io::Write::write_all(child.stdin.as_mut().unwrap(), diff.as_bytes()).unwrap();
    let done = child.wait_with_output().unwrap();
    let said = [done.stdout, done.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(done.status.success(), "{program:?}: {said}\n{diff}");
    // Nothing is guessed, turned round or skipped.
    for word in ["Assuming", "fuzz", "offset", "Skipping", "would delete", "can't find"] {
        assert!(!said.contains(word), "{program:?}: {said}");
    }
}

/// Lays the text before of every unit down as a file, applies the diff, and holds what is there then against the text after.
#[track_caller]
fn leads_from_before_to_after(lab: &Lab, all: &[Unit], diff: &str) {
    for program in [&["patch", "-p1", "--batch"][..], &["git", "apply", "-p1"][..]] {
        let folder = tempfile::tempdir_in(lab.work()).unwrap();
        for Unit { address, before, .. } in all {
            let file = folder.path().join(address);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            // What does not exist has no text.
            if !before.is_empty() {
                std::fs::write(file, before).unwrap();
            }
        }
        apply(folder.path(), program, diff);
        for Unit { address, after, .. } in all {
            let file = folder.path().join(address);
            // Nor is there a file of what does not exist any more.
            let now = file.exists().then(|| std::fs::read_to_string(file).unwrap());
            let wanted = Some(after.clone()).filter(|after| !after.is_empty());
            assert_eq!(now, wanted, "{program:?}: {address}");
        }
    }
}

/// Returns the unified diffs of a page in Markdown.
fn fences(page: &str) -> String {
    let mut diff = String::new();
    let mut fence = None;
    for line in page.lines() {
        match fence {
            None if line.starts_with("```") && line.ends_with("diff") => {
                fence = line.strip_suffix("diff");
            }
            None => {}
            Some(end) if line == end => fence = None,
            Some(_) => {
                diff.push_str(line);
                diff.push('\n');
            }
        }
    }
    diff
}

#[test]
fn patch_and_git_apply_what_is_printed() {
    for name in report::EXAMPLES {
        let lab = Lab::new();
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name);
        report::copy(&folder, &lab.path(name));
        lab.run(&format!("plan {name} --today {} --out p.plan", report::TODAY)).exits(0);
        let all = units(&lab.read("p.plan"));
        assert!(all.len() > 3, "{name}");
        if name == "acme-crm" {
            // A key that comes into being, and one that ends.
            assert_eq!(all.iter().filter(|unit| unit.before.is_empty()).count(), 1);
            assert_eq!(all.iter().filter(|unit| unit.after.is_empty()).count(), 1);
        }
        let show = |args: &str| lab.run(&format!("show p.plan {args}")).exits(0).out;
        let diff = show("--format diff");
        leads_from_before_to_after(&lab, &all, &diff);
        // The same lines in every other format that has them.
        let text = show("--diff");
        assert!(text.contains(&diff), "{text}");
        assert_eq!(fences(&show("--format markdown")), diff);
    }
}

/// A name is ended where git and GNU diff end it.
#[test]
fn only_names_with_spaces_have_a_tab_behind_them() {
    let lab = Lab::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/acme-crm");
    report::copy(&folder, &lab.path("crm"));
    let diff = lab.run(&format!("plan crm --today {} --format diff", report::TODAY)).exits(0).out;
    let names: Vec<&str> =
        diff.lines().filter(|line| line.starts_with("--- ") || line.starts_with("+++ ")).collect();
    assert!(names.contains(&"--- live/oauth_clients/Claude Connection\t"), "{names:?}");
    assert!(names.contains(&"+++ planned/oauth_clients/Zapier"), "{names:?}");
    // What is not there has the name that every reader of diffs knows, without a TAB.
    for (at, other) in [("--- /dev/null", "+++ planned/"), ("--- live/", "+++ /dev/null")] {
        let pairs =
            names.chunks(2).filter(|pair| pair[0].starts_with(at) && pair[1].starts_with(other));
        assert_eq!(pairs.count(), 1, "{names:?}");
    }
    for name in names {
        let (_, path) = name.split_once(' ').unwrap();
        assert_eq!(path.contains(' '), path.ends_with('\t'), "{name:?}");
    }
}
