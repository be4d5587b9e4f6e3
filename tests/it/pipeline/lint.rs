//! The kits before the linters that other people wrote for such files, and every shell script of this repository too.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::examples;
use super::runner::{plain, yaml};
use super::shop::text;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The programs that `tests/tools.sh` puts below `target/test-tools`.
fn tool(name: &str) -> PathBuf {
    let own = root().join("target/test-tools/lint/bin").join(name);
    assert!(own.exists(), "this test needs {name}: `tests/tools.sh` installs it");
    own
}

#[track_caller]
fn passes(program: &Path, args: &[&str], files: &[PathBuf]) {
    let done = Command::new(program).args(args).args(files).current_dir(root()).output();
    let done = done.unwrap_or_else(|why| {
        panic!("this test needs {} (`tests/tools.sh` installs it): {why}", program.display())
    });
    let (out, err) = (text(&done.stdout), text(&done.stderr));
    assert!(done.status.success(), "{} {args:?}\n{out}\n{err}", program.display());
}

fn workflows() -> Vec<PathBuf> {
    ["plan.yml", "apply.yml", "drift.yml"].map(|name| examples().join("github").join(name)).into()
}

fn action() -> PathBuf {
    examples().join("github/action.yml")
}

fn below(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            below(&path, found);
        } else {
            found.push(path);
        }
    }
}

#[test]
fn workflows_pass_actionlint() {
    passes(&tool("actionlint"), &["-no-color"], &workflows());
}

#[test]
fn workflows_and_action_pass_zizmor() {
    let files = [workflows(), vec![action()]].concat();
    let args = ["--offline", "--no-progress", "--persona", "pedantic", "--min-severity", "medium"];
    passes(&tool("zizmor"), &args, &files);
}

#[test]
fn pipelines_fit_the_schemas_of_their_forges() {
    let tool = tool("check-jsonschema");
    passes(&tool, &["--builtin-schema", "vendor.github-workflows"], &workflows());
    passes(&tool, &["--builtin-schema", "vendor.github-actions"], &[action()]);
    let gitlab = examples().join("gitlab/.gitlab-ci.yml");
    let args = ["--builtin-schema", "vendor.gitlab-ci", "--data-transform", "gitlab-ci"];
    passes(&tool, &args, &[gitlab]);
}

#[test]
fn shell_scripts_pass_shellcheck() {
    let mut files = Vec::new();
    for folder in ["examples", "packaging", "tests", ".ci"] {
        below(&root().join(folder), &mut files);
    }
    files.retain(|path| {
        std::fs::read(path).is_ok_and(|bytes| {
            bytes.starts_with(b"#!/bin/sh") || bytes.starts_with(b"#!/usr/bin/env bash")
        })
    });
    assert!(files.len() >= 7, "{files:?}");
    passes(Path::new("shellcheck"), &["--severity=style"], &files);
}

/// What a linter does not know: that every action is pinned by a commit, with its version beside it.
#[test]
fn actions_are_pinned_by_commit() {
    let mut pinned = 0;
    for file in [workflows(), vec![action()]].concat() {
        for line in std::fs::read_to_string(&file).unwrap().lines() {
            let Some((_, uses)) = line.split_once("uses: ") else { continue };
            if uses.starts_with("./") {
                continue;
            }
            let (_, pin) = uses.split_once('@').unwrap();
            let (commit, version) = pin.split_once(" # v").unwrap_or_else(|| panic!("{line}"));
            assert!(commit.len() == 40 && commit.bytes().all(|b| b.is_ascii_hexdigit()), "{line}");
            assert_eq!(version.matches('.').count(), 2, "{line}");
            pinned += 1;
        }
    }
    assert!(pinned > 4);
}

/// What a linter does not know either: whichever job is given a secret may write nothing at the forge but the comment.
#[test]
fn no_job_with_a_secret_may_write_at_the_forge_more_than_the_comment() {
    let mut writes = Vec::new();
    for file in workflows() {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let workflow = yaml(&file);
        assert!(workflow["permissions"].as_mapping().is_some_and(|all| all.is_empty()), "{name}");
        for (job, of) in workflow["jobs"].as_mapping().unwrap() {
            let given = serde_yaml::to_string(of).unwrap();
            let secret = of.get("environment").is_some() || given.contains("secrets.");
            let rights = of["permissions"].as_mapping().unwrap();
            for (right, _) in rights.iter().filter(|(_, how)| plain(how) != "read") {
                writes.push(format!("{name} {} {} {secret}", plain(job), plain(right)));
            }
        }
    }
    assert_eq!(
        writes,
        [
            "plan.yml plan pull-requests true",
            "plan.yml code-scanning security-events false",
            "apply.yml code-scanning security-events false",
        ]
    );
}
