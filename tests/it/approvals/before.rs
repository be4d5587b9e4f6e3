//! What a change can bring along so that `--base` reads something else than what was there before it. None of it works.

use std::os::unix::fs::symlink;
use std::path::Path;

use super::base::{ANA, commit, git};
use super::flow::{BODY, HEAD, office};
use crate::cli::harness::Lab;

const RULE: &str = "widening  1 of ana@acme.example";

/// A repository whose `main` holds these rules in the folder `acme`; on the branch `change` they are dropped.
fn repository(rules: &str) -> Lab {
    let lab = office(rules);
    lab.write(".gitignore", "keys/\n*.plan\n*.approval\n*.sig\n");
    lab.write("acme/allowed_signers", &lab.read("allowed_signers"));
    lab.write("acme/scopeform.yaml", &lab.read("scopeform.yaml"));
    for name in ["allowed_signers", "scopeform.yaml"] {
        std::fs::remove_file(lab.path(name)).unwrap();
    }
    git(&lab, &["init", "-q", "-b", "main"]);
    commit(&lab);
    git(&lab, &["checkout", "-q", "-b", "change"]);
    lab.write("acme/scopeform.yaml", &format!("{HEAD}{BODY}"));
    commit(&lab);
    lab
}

fn rename(lab: &Lab, from: &str, to: &str) {
    git(lab, &["mv", from, to]);
    commit(lab);
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().flatten() {
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}

#[test]
fn a_link_cannot_stand_for_the_folder() {
    let lab = repository(ANA);
    rename(&lab, "acme", "acme-new");
    symlink("acme-new", lab.path("acme")).unwrap();
    commit(&lab);
    for path in ["acme", "acme/scopeform.yaml", "./acme/../acme"] {
        for more in ["", " --new-workspace"] {
            lab.run(&format!("plan {path} --base main{more}"))
                .exits(1)
                .says(&["acme is a link inside a git repository", "name the folder"]);
        }
    }
    // Neither from within the link, where the folder is known by its real name, nor by that name.
    lab.shell("cd acme && $0 plan --base main --new-workspace").exits(0).prints(&[RULE]);
    lab.run("plan acme-new --base main")
        .exits(0)
        .prints(&[RULE])
        .says(&["notice: at main the configuration of acme was in acme; its rules hold"]);
    lab.run("plan acme-new --base main --out p.plan").exits(0);
    lab.run("apply p.plan --config acme-new").exits(5).says(&["widening needs 1 of ana@"]);
    // A link outside of any repository is nobody's change.
    symlink(lab.work(), lab.all().join("checkout")).unwrap();
    git(&lab, &["checkout", "-q", "main"]);
    let outside = lab.all().join("checkout/acme");
    lab.run("plan").arg(outside).arg("--base=main").exits(0).prints(&[RULE]);
}

/// It could be planned once, and nothing after it.
#[test]
fn a_link_does_not_become_part_of_the_base() {
    let lab = repository(ANA);
    let links = |name: &str, kept: &str| {
        let file = lab.path(name);
        std::fs::rename(&file, lab.path(kept)).unwrap();
        symlink(lab.path(kept), &file).unwrap();
        let told = format!("{name} is a link: once it is part of what `--base` names");
        lab.run("plan acme --base main")
            .exits(1)
            .says(&[&told, "put what it leads to in its place"]);
        lab.run("plan acme").exits(0);
        std::fs::remove_file(&file).unwrap();
        std::fs::rename(lab.path(kept), &file).unwrap();
    };
    git(&lab, &["checkout", "-q", "main"]);
    links("acme/scopeform.yaml", "kept");
    links("acme/allowed_signers", "acme/kept");
    // Nor a folder with files in it, which at the base would be none.
    lab.write("acme/more/none.yaml", "");
    std::fs::remove_file(lab.path("acme/more/none.yaml")).unwrap();
    std::fs::rename(lab.path("acme/scopeform.yaml"), lab.path("acme/more/scopeform.yaml")).unwrap();
    links("acme/more", "kept");
    lab.run("plan acme --base main").exits(0);
}

#[test]
fn signers_that_a_link_leads_out_to_are_not_asked_for_as_if_there_were_none() {
    let lab = repository(ANA);
    git(&lab, &["checkout", "-q", "main"]);
    let file = lab.path("acme/allowed_signers");
    std::fs::rename(&file, lab.path("allowed_signers")).unwrap();
    symlink("../allowed_signers", &file).unwrap();
    let done = lab.run("plan acme").exits(1).says(&[
        "`allowed_signers` is a link to no file in the configuration folder",
        "put the file that it leads to in its place",
    ]);
    assert!(!done.all().contains("make it"), "{}", done.all());
    std::fs::remove_file(&file).unwrap();
    lab.run("plan acme").exits(1).says(&["there is no regular file `allowed_signers`", "make it"]);
}

#[test]
fn a_renamed_folder_or_file_takes_its_rules_along() {
    let lab = repository(ANA);
    rename(&lab, "acme/scopeform.yaml", "acme/renamed.yaml");
    for path in ["acme/renamed.yaml", "acme"] {
        lab.run(&format!("plan {path} --base main")).exits(0).prints(&[RULE]);
    }
    // The signers stand where the configuration's folder was, above the file.
    let deep = repository("");
    git(&deep, &["checkout", "-q", "main"]);
    deep.write("acme/eu/scopeform.yaml", &format!("{HEAD}{ANA}"));
    deep.write("other/k8s.yaml", "kind: ConfigMap\nworkspace: acme\nplatform: [\n");
    commit(&deep);
    git(&deep, &["checkout", "-q", "-B", "change"]);
    deep.write("acme/eu/scopeform.yaml", HEAD);
    rename(&deep, "acme", "moved");
    deep.run("plan moved --base main").exits(0).prints(&[RULE]);
    // What was not there is said to be new, or it is a mistake.
    let new = HEAD.replace("workspace: acme", "workspace: new");
    deep.write("new/scopeform.yaml", &new);
    commit(&deep);
    deep.run("plan new --base main")
        .exits(1)
        .says(&["at main there is no configuration of workspace `new`", "`--new-workspace`"]);
    deep.run("plan new --base main --new-workspace")
        .exits(0)
        .says(&["notice: at main there is no configuration of new"]);
    deep.run("plan new --new-workspace").exits(64);
}

#[test]
fn a_name_with_two_meanings_is_none() {
    let lab = repository(ANA);
    git(&lab, &["update-ref", "refs/remotes/origin/main", "main"]);
    for tag in ["main", "origin/main"] {
        lab.run(&format!("plan acme --base {tag}")).exits(0).prints(&[RULE]);
        git(&lab, &["tag", tag, "change"]);
        for name in [tag.to_owned(), format!("{tag}~0"), format!("{tag}^{{commit}}")] {
            lab.run(&format!("plan acme --base {name}")).exits(1).says(&[
                &format!("`--base {name}` can mean more than one thing here"),
                &format!("refs/tags/{tag}"),
                "refs/remotes/origin/main",
                "write the whole name",
            ]);
        }
    }
    for name in ["refs/heads/main", "refs/remotes/origin/main"] {
        lab.run(&format!("plan acme --base {name}")).exits(0).prints(&[RULE]);
    }
    // Where nobody fetched the branch under its short name, the tag would be taken without a word.
    git(&lab, &["branch", "-q", "-D", "main"]);
    lab.run("plan acme --base main").exits(1).says(&["refs/tags/main"]);
    git(&lab, &["update-ref", "refs/remotes/origin/old", "refs/remotes/origin/main"]);
    git(&lab, &["update-ref", "-d", "refs/remotes/origin/main"]);
    lab.run("plan acme --base origin/main").exits(1).says(&["refs/tags/origin/main"]);
    // The beginning of a commit's name.
    let short = git(&lab, &["rev-parse", "--short=8", "refs/remotes/origin/old"]);
    lab.run(&format!("plan acme --base {short}")).exits(0).prints(&[RULE]);
    git(&lab, &["tag", &short, "change"]);
    lab.run(&format!("plan acme --base {short}")).exits(1).says(&["more than one thing"]);
    // A tag that is nothing else is what it says.
    git(&lab, &["tag", "v1", "refs/remotes/origin/old"]);
    lab.run("plan acme --base v1").exits(0).prints(&[RULE]);
}

#[test]
fn a_repository_inside_the_change_is_a_folder() {
    let lab = repository(ANA);
    let evil = lab.all().join("evil.git");
    git(&lab, &["clone", "-q", "--bare", ".", evil.to_str().unwrap()]);
    let change = git(&lab, &["rev-parse", "change"]);
    let main = git(&lab, &["rev-parse", "main"]);
    let at = format!("--git-dir={}", evil.display());
    git(&lab, &[&at, "update-ref", "refs/heads/main", &change]);
    copy(&evil, &lab.path("acme"));
    commit(&lab);
    lab.run("plan acme --base main").exits(0).prints(&[RULE]);
    lab.run("plan --chdir acme --base main").exits(0).prints(&[RULE]);
    // Neither what a hook or a shell may have set, nor a replaced commit.
    for (name, value) in [("GIT_DIR", &evil), ("GIT_OBJECT_DIRECTORY", &evil.join("objects"))] {
        lab.run("plan acme --base main").env(name, value).exits(0).prints(&[RULE]);
    }
    git(&lab, &["replace", &main, &change]);
    lab.run("plan acme --base main").exits(0).prints(&[RULE]);
}

#[test]
fn a_submodule_says_nothing_of_before() {
    let lab = repository(ANA);
    let other = lab.all().join("other");
    git(&lab, &["clone", "-q", ".", other.to_str().unwrap()]);
    git(&lab, &["rm", "-q", "-r", "acme"]);
    let file = "protocol.file.allow=always";
    git(&lab, &["-c", file, "submodule", "--quiet", "add", other.to_str().unwrap(), "sub"]);
    commit(&lab);
    lab.run("plan sub/acme --base HEAD")
        .exits(1)
        .says(&["work/sub is a submodule of the repository"]);
    // A linked working tree has a file for its `.git` too.
    let linked = lab.all().join("linked");
    git(&lab, &["worktree", "add", "-q", "-b", "again", linked.to_str().unwrap(), "change~1"]);
    lab.run("plan").arg(linked.join("acme")).arg("--base=main").exits(0).prints(&[RULE]);
}
