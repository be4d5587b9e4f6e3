//! A repository with the kit in it, its forge's side of it, and the people around it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use super::examples;
use crate::approvals::new_key;
use crate::cli::harness::BINARY;

/// What stands in for the forge's SSH: it lets in whoever has the deploy key, at a machine that is known by its key.
const SSH: &str = r#"#!/bin/sh
set -eu
key='' hosts=''
while [ $# -gt 0 ]; do
    case $1 in
    -i) key=$2 && shift 2 ;;
    -p) shift 2 ;;
    -o)
        case $2 in UserKnownHostsFile=*) hosts=${2#*=} ;; esac
        shift 2
        ;;
    -*) exit 2 ;;
    *) break ;;
    esac
done
grep -q "^${1#git@} ssh-" "$hosts" || { echo 'Host key verification failed.' >&2 && exit 255; }
# Like ssh, it takes no key that others may read.
[ "$(ssh-keygen -y -f "$key" </dev/null | cut -d ' ' -f 1,2)" = "$(cut -d ' ' -f 1,2 'ROOT/keys/deploy.pub')" ] ||
    { echo 'Permission denied (publickey).' >&2 && exit 255; }
case $2 in
"git-receive-pack 'acme/access.git'" | "git-receive-pack '/acme/access.git'") ;;
*) exit 128 ;;
esac
DEPLOY_KEY=yes exec git receive-pack 'ROOT/origin.git'
"#;

/// The forge's protection of the branch of what was last applied.
const PROTECTION: &str = r#"#!/bin/sh
[ "$1" != refs/heads/scopeform/applied ] || [ "${DEPLOY_KEY-}" = yes ]
"#;

/// The branch of what was last applied completely, as jobs see it.
pub(super) const APPLIED: &str = "refs/remotes/origin/scopeform/applied";

/// A repository as the README of `examples/ci` says to make one, a live system that outlives the jobs, and people's keys.
pub(super) struct Shop {
    dir: tempfile::TempDir,
}

pub(super) fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            std::fs::copy(&path, target).unwrap();
        }
    }
}

pub(super) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Puts the program on the PATH of jobs.
pub(super) fn program(folder: &Path) {
    std::fs::create_dir_all(folder).unwrap();
    std::os::unix::fs::symlink(BINARY, folder.join("scopeform")).unwrap();
}

impl Shop {
    /// With the workspace that ships with the kit.
    pub(super) fn new() -> Self {
        Self::of(&examples().join("access"))
    }

    /// With the workspace of a folder.
    pub(super) fn of(workspace: &Path) -> Self {
        let shop = Self { dir: tempfile::tempdir().unwrap() };
        for name in ["home", "keys", "runner"] {
            std::fs::create_dir_all(shop.path(name)).unwrap();
        }
        program(&shop.path("bin"));
        let repository = shop.repository();
        copy(&examples(), &repository.join("ci"));
        std::fs::remove_dir_all(repository.join("ci/access")).unwrap();
        shop.git(&["init", "-q", "-b", "main"]);
        shop.commit("pipelines");
        new_key(&shop.path("keys"), "deploy", &["ed25519"]);
        let origin = shop.path("origin.git").display().to_string();
        shop.git(&["init", "-q", "--bare", "-b", "main", &origin]);
        shop.git(&["remote", "add", "origin", &origin]);
        let root = shop.dir.path().display().to_string();
        shop.install("bin/ssh", &SSH.replace("ROOT", &root));
        shop.install("origin.git/hooks/update", PROTECTION);
        crate::readme::copy(workspace, &repository.join("access"));
        let mut signers = String::new();
        for name in ["ana", "omar", "eve", "nightly"] {
            let key = new_key(&shop.path("keys"), name, &["ed25519"]);
            match name {
                "eve" => {}
                "nightly" => {
                    let line = format!("nightly namespaces=\"scopeform-snapshot\" {key}\n");
                    signers.push_str(&line);
                }
                _ => signers.push_str(&format!("{name}@acme.example {key}\n")),
            }
        }
        std::fs::write(repository.join("access/allowed_signers"), signers).unwrap();
        // No job's results are ever committed.
        std::fs::write(repository.join(".gitignore"), "/out/\n/scopeform-out/\n").unwrap();
        shop.commit("the first files");
        shop
    }

    /// Writes a program.
    pub(super) fn install(&self, name: &str, script: &str) {
        let program = self.path(name);
        std::fs::write(&program, script).unwrap();
        assert!(Command::new("chmod").arg("755").arg(&program).status().unwrap().success());
    }

    /// Pushes main, as people do, and returns its commit.
    pub(super) fn push(&self) -> String {
        self.git(&["push", "-q", "origin", "main"]);
        self.git(&["rev-parse", "main"])
    }

    /// Returns the commit that the forge holds for what was last applied completely.
    pub(super) fn applied(&self) -> Option<String> {
        let origin = self.path("origin.git").display().to_string();
        let args = ["--git-dir", &origin, "rev-parse", "--verify", "-q", "scopeform/applied"];
        let done = self.run("git", &args);
        done.status.success().then(|| text(&done.stdout).trim().to_owned())
    }

    /// Replaces a text in a file of the repository.
    #[track_caller]
    pub(super) fn edit(&self, name: &str, from: &str, to: &str) {
        let before = self.read(name);
        assert!(before.contains(from), "{name} does not say {from}:\n{before}");
        std::fs::write(self.repository().join(name), before.replace(from, to)).unwrap();
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(super) fn repository(&self) -> PathBuf {
        self.path("repository")
    }

    pub(super) fn read(&self, name: &str) -> String {
        let path = self.repository().join(name);
        std::fs::read_to_string(&path).unwrap_or_else(|why| panic!("{}: {why}", path.display()))
    }

    /// The environment that every job has.
    pub(super) fn environment(&self) -> BTreeMap<String, String> {
        let path = std::env::var("PATH").unwrap();
        let own = |name: &str| self.path(name).display().to_string();
        let pairs = [
            ("PATH", format!("{}:{path}", own("bin"))),
            ("HOME", own("home")),
            // The live system of these tests; it is the same for every job.
            ("SCOPEFORM_DATA_DIR", own("repository/scopeform-data")),
            ("GIT_AUTHOR_NAME", "eve".to_owned()),
            ("GIT_AUTHOR_EMAIL", "eve@acme.example".to_owned()),
            ("GIT_COMMITTER_NAME", "eve".to_owned()),
            ("GIT_COMMITTER_EMAIL", "eve@acme.example".to_owned()),
        ];
        pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    pub(super) fn run(&self, program: &str, args: &[&str]) -> Output {
        let mut command = Command::new(program);
        command.args(args).env_clear().envs(self.environment()).current_dir(self.repository());
        command.output().unwrap_or_else(|why| panic!("{program}: {why}"))
    }

    #[track_caller]
    pub(super) fn git(&self, args: &[&str]) -> String {
        let done = self.run("git", args);
        assert!(done.status.success(), "git {args:?}: {}", text(&done.stderr));
        text(&done.stdout).trim().to_owned()
    }

    pub(super) fn commit(&self, message: &str) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "-q", "-m", message]);
    }

    #[track_caller]
    pub(super) fn exits(&self, code: i32, program: &str, args: &[&str]) -> String {
        let done = self.run(program, args);
        let (out, err) = (text(&done.stdout), text(&done.stderr));
        assert_eq!(done.status.code(), Some(code), "{program} {args:?}\n{out}\n{err}");
        out + &err
    }

    /// The script that every kit calls.
    #[track_caller]
    pub(super) fn script(&self, code: i32, args: &[&str]) -> String {
        self.exits(code, "ci/plan-and-apply.sh", args)
    }

    /// Proposes the change that ships with the examples, on a branch of its own.
    pub(super) fn propose(&self) {
        self.git(&["checkout", "-q", "-b", "change"]);
        self.git(&["apply", "ci/change.patch"]);
        self.commit("let the content team make pages");
    }

    /// What a forge checks out for a pull request: the branch merged into main.
    pub(super) fn merge(&self, into: &str) {
        self.git(&["checkout", "-q", into]);
        self.git(&["merge", "-q", "--no-ff", "-m", "merge", "change"]);
    }

    pub(super) fn approve(&self, plan: &Path, by: &str) -> Output {
        let key = self.path("keys").join(by).display().to_string();
        let plan = plan.display().to_string();
        self.run("scopeform", &["approve", &plan, "--key", &key, "--config", "access", "--yes"])
    }

    /// The same under the rules of a revision, as `docs/ci.md` tells approvers to.
    pub(super) fn approve_under(&self, plan: &Path, by: &str, base: &str) -> Output {
        let key = self.path("keys").join(by).display().to_string();
        let plan = plan.display().to_string();
        let args = ["approve", &plan, "--key", &key, "--config", "access", "--base", base, "--yes"];
        self.run("scopeform", &args)
    }

    /// Puts the approvals beside a plan into the repository, as the people do.
    pub(super) fn deliver(&self, plan: &Path) {
        let approvals = self.repository().join("approvals");
        std::fs::create_dir_all(&approvals).unwrap();
        for entry in std::fs::read_dir(plan.parent().unwrap()).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if name.contains(".approval") {
                std::fs::copy(&path, approvals.join(name)).unwrap();
            }
        }
        self.commit("approvals");
    }
}
