//! Naming a part of a workspace's configuration is no way round the rules in another, here or before the change.

use std::os::unix::fs::symlink;

use super::base::{commit, git};
use super::flow::HEAD;
use crate::cli::harness::Lab;

const OFF: &str = "integrations: {sharepoint: {access: nobody}}\n";
const PROTECT: &str = "protect: [sharepoint/access]\n";

/// A repository whose only commit holds the rules in `access/rules.yaml`, and what they forbid in another file.
fn repository(other: &str) -> Lab {
    let lab = Lab::new();
    lab.write(".gitignore", ".scopeform/\n");
    lab.write("access/rules.yaml", &format!("{HEAD}{PROTECT}"));
    lab.write(other, &format!("{HEAD}{OFF}"));
    git(&lab, &["init", "-q", "-b", "main"]);
    commit(&lab);
    lab
}

fn refused(other: &str) -> String {
    format!("of a workspace whose rules stand in {other} (`protect`), and they would not be asked")
}

#[test]
fn rules_that_the_change_takes_away_are_not_passed_over_for_one_file() {
    let told = refused("rules.yaml at HEAD");
    for change in [
        "rm access/rules.yaml",
        "mkdir other && git mv access/rules.yaml other/rules.yaml",
        "git mv access/rules.yaml access/rules.txt",
    ] {
        let lab = repository("access/w.yaml");
        lab.run("plan access --base HEAD").exits(4);
        lab.shell(change).exits(0);
        // Without a base nobody knows of them.
        lab.run("plan access/w.yaml").exits(0);
        lab.run("plan access --base HEAD").exits(4);
        for args in [
            "plan access/w.yaml --base HEAD",
            "plan w.yaml --chdir access --base HEAD",
            "apply access/w.yaml --base HEAD --auto-approve",
        ] {
            lab.run(args).exits(1).says(&[&told, "w.yaml is one file", "name the folder"]);
        }
        lab.run("plan access/w.yaml --detailed-exitcode").exits(2);
    }
    // Under another name beside the file they are seen where they are.
    let lab = repository("access/w.yaml");
    lab.shell("git mv access/rules.yaml access/new.yaml").exits(0);
    lab.run("plan access/w.yaml --base HEAD").exits(1).says(&[&refused("new.yaml")]);
    // Rules of another workspace are not this one's.
    let beta = format!("{HEAD}{PROTECT}").replace("acme", "beta");
    lab.shell("rm access/new.yaml").exits(0);
    lab.write("access/beta.yaml", &beta);
    commit(&lab);
    lab.run("plan access/w.yaml --base HEAD").exits(0);
}

#[test]
fn a_file_or_folder_below_the_rules_is_no_way_round_them() {
    let lab = repository("access/sub/w.yaml");
    lab.run("plan access").exits(4);
    let told = refused("access/rules.yaml");
    for (args, what) in [
        ("plan access/sub", "access/sub is one folder"),
        ("plan access/sub/w.yaml", "access/sub/w.yaml is one file"),
        ("validate access/sub", "access/sub is one folder"),
        ("apply access/sub --auto-approve", "access/sub is one folder"),
        ("plan access/sub/../sub --base HEAD", "is one folder"),
    ] {
        lab.run(args).exits(1).says(&[&told, what, "name the folder that holds both, access"]);
    }
    for line in ["cd access/sub && $0 plan", "cd access/sub && $0 apply --auto-approve"] {
        lab.shell(line).exits(1).says(&["access/rules.yaml (`protect`)", "is one folder"]);
    }
    // Nor through a link, from either side.
    symlink("access/sub", lab.path("link")).unwrap();
    lab.run("plan link").exits(1).says(&[&told]);
    std::fs::remove_file(lab.path("link")).unwrap();
    // Nor beside them in a folder that holds another part.
    lab.shell("mkdir access/deep && git mv access/rules.yaml access/deep/r.yaml").exits(0);
    lab.write("access/more.yaml", HEAD);
    lab.run("plan access/sub").exits(1).says(&[&refused("access/deep/r.yaml")]);
    // What is no part of this workspace's configuration rules nothing.
    lab.shell("rm -r access/deep").exits(0);
    lab.write("access/k8s.yaml", "limits: {cpu: 1}\nprotect: []\n");
    lab.write("access/chart.yaml", "limits: {{ .Values }}\n");
    lab.write("access/beta.yaml", &format!("{HEAD}{PROTECT}").replace("acme", "beta"));
    lab.run("plan access/sub --detailed-exitcode").exits(2);
    // What is above the repository is somebody else's.
    let inner = lab.path("access/sub");
    lab.write("access/rules.yaml", &format!("{HEAD}{PROTECT}"));
    lab.run("plan access/sub").exits(1);
    std::fs::create_dir(inner.join(".git")).unwrap();
    lab.run("plan access/sub").exits(0);
}

#[test]
fn rules_above_that_the_change_takes_away_are_not_passed_over() {
    let lab = repository("access/sub/w.yaml");
    lab.shell("rm access/rules.yaml").exits(0);
    lab.run("plan access/sub").exits(0);
    lab.run("plan access --base HEAD").exits(4);
    let told = refused("access/rules.yaml at HEAD");
    for path in ["access/sub", "access/sub/w.yaml"] {
        lab.run(&format!("plan {path} --base HEAD")).exits(1).says(&[&told]);
    }
    lab.shell("cd access/sub && $0 plan --base HEAD").exits(1).says(&[&told]);
    commit(&lab);
    lab.run("plan access/sub --base HEAD").exits(0);
}
