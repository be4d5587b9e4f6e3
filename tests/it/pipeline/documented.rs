//! What docs/ci.md has people run, taken from there: to approve, and to get out of a base that nobody can read.

use std::os::unix::fs::symlink;
use std::process::{Command, Output};

use super::gate::applied;
use super::runner::Runner;
use super::shop::{Shop, text};

/// The block of commands that holds a line.
fn block(line: &str) -> String {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/ci.md");
    let page = std::fs::read_to_string(page).unwrap();
    let blocks = page.split("```text\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let mut found = blocks.filter(|block| block.lines().any(|own| own.starts_with(line)));
    let (Some(block), None) = (found.next(), found.next()) else { panic!("{line}") };
    block.to_owned()
}

/// Runs commands one after the other, as a person who may move the branch, or may not.
fn as_somebody(shop: &Shop, commands: &str, may_move: bool) -> Output {
    let mut shell = Command::new("sh");
    shell.args(["-c", commands]).env_clear().envs(shop.environment());
    if may_move {
        // So the protection of the branch sees whoever it lets through.
        shell.env("DEPLOY_KEY", "yes");
    }
    shell.env("GH_TOKEN", "of a person").current_dir(shop.repository()).output().unwrap()
}

/// What is a link at the base means nothing any more, so nothing is planned: neither the change that takes it back, nor with
/// the word for the first time. A person whom the forge lets through moves the branch, and nobody else.
#[test]
fn there_is_a_way_out_of_a_base_that_cannot_be_read_and_no_change_takes_it() {
    let (shop, forge) = applied();
    let runner = Runner::new(&shop);
    let file = shop.repository().join("access/acme.yaml");
    let fine = std::fs::read_to_string(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    std::fs::write(shop.repository().join("elsewhere.yaml"), &fine).unwrap();
    symlink("../elsewhere.yaml", &file).unwrap();
    shop.commit("all in one place");
    let linked = shop.push();
    // The kit does not take it so far.
    let (refused, applied) = runner.deploy(&forge.context());
    assert_eq!((refused.code, applied), (73, false), "{}", refused.log);
    // Something else has.
    let moved = as_somebody(&shop, &format!("git push -q origin {linked}:scopeform/applied"), true);
    assert!(moved.status.success(), "{}", text(&moved.stderr));

    std::fs::remove_file(&file).unwrap();
    std::fs::write(&file, &fine).unwrap();
    std::fs::remove_file(shop.repository().join("elsewhere.yaml")).unwrap();
    shop.commit("as it was");
    let mended = shop.push();
    for first in ["", "yes"] {
        let mut context = forge.context();
        context.insert("vars.NEW_WORKSPACE".to_owned(), first.to_owned());
        let (stuck, applied) = runner.deploy(&context);
        assert_eq!((stuck.code, applied), (1, false), "{}", stuck.log);
        assert!(stuck.log.contains("is no regular file at"), "{}", stuck.log);
    }
    let way = block("git push origin HEAD:refs/heads/scopeform/applied");
    let refused = as_somebody(&shop, &way, false);
    assert!(!refused.status.success(), "{}", text(&refused.stdout));
    assert_eq!(shop.applied(), Some(linked));
    let done = as_somebody(&shop, &way, true);
    let said = text(&done.stdout);
    assert!(done.status.success(), "{said}{}", text(&done.stderr));
    // The mending is read, and no link is left.
    assert!(
        said.contains("diff --git a/access/acme.yaml") && !said.contains("\naccess/"),
        "{said}"
    );
    assert_eq!(shop.applied(), Some(mended));
    shop.git(&["checkout", "-q", "main"]);
    let (done, applied) = runner.deploy(&forge.context());
    assert_eq!((done.code, applied), (0, false), "{}", done.log);
    // What comes next is judged by the rules that were moved to.
    shop.edit("access/acme.yaml", "create_page: disabled", "create_page: {groups: [content-team]}");
    shop.commit("wider");
    shop.push();
    assert_eq!(runner.deploy(&forge.context()).0.code, 5);
}

/// Approves the plan of a run as the document says, and merges that.
fn approved(shop: &Shop, branch: &str, run: &str) {
    shop.git(&["checkout", "-q", branch]);
    let commands = block("gh run download RUN");
    let commands =
        commands.replace("RUN", run).replace("scopeform approve", "scopeform approve --yes");
    let commands = commands.replace("git push", &format!("git push -q origin {branch}"));
    let done = as_somebody(shop, &commands, false);
    assert!(done.status.success(), "{}{}", text(&done.stdout), text(&done.stderr));
}

/// Two pull requests are open, and the same person approves both.
#[test]
fn approvals_of_two_pull_requests_do_not_collide() {
    let (shop, forge) = applied();
    let runner = Runner::new(&shop);
    let home = shop.path("home/.ssh");
    std::fs::create_dir_all(&home).unwrap();
    std::fs::copy(shop.path("keys/ana"), home.join("id_ed25519")).unwrap();
    std::fs::copy(shop.path("keys/ana.pub"), home.join("id_ed25519.pub")).unwrap();
    // The folder of the artefact stays out of commits.
    std::fs::write(shop.repository().join(".git/info/exclude"), "/plan/\n").unwrap();
    for (branch, run, from, to) in [
        ("one", "201", "create_page: disabled", "create_page: {groups: [content-team]}"),
        ("two", "202", "create_page: disabled", "create_page: enabled"),
    ] {
        shop.git(&["checkout", "-q", "-b", branch, "main"]);
        shop.edit("access/acme.yaml", from, to);
        shop.commit("wider");
        shop.git(&["checkout", "-q", "--detach", "main"]);
        shop.git(&["merge", "-q", "--no-ff", "-m", "merge", branch]);
        let done = runner.job("plan.yml", "plan", forge.pull_request("acme/access"));
        assert_eq!(done.code, 0, "{}", done.log);
        let _ = std::fs::remove_dir_all(shop.repository().join("plan"));
        approved(&shop, branch, run);
    }
    shop.git(&["checkout", "-q", "main"]);
    for branch in ["one", "two"] {
        // On the line that both change it is the first that stays.
        shop.git(&["merge", "-q", "-X", "ours", "--no-ff", "-m", "merge", branch]);
    }
    let approvals = shop.git(&["ls-files", "approvals"]);
    let approvals: Vec<&str> = approvals.lines().collect();
    assert_eq!(approvals.len(), 4, "{approvals:?}");
    assert!(approvals[0].starts_with("approvals/201.plan.ana@acme.example"), "{approvals:?}");
}

/// A link inside a folder is what the next base could not be read for.
#[test]
fn a_link_inside_what_decides_is_refused() {
    let shop = Shop::new();
    for folder in ["access", "approvals", "policies"] {
        let below = shop.repository().join(folder).join("below");
        std::fs::create_dir_all(&below).unwrap();
        symlink("nowhere", below.join("x\n::error::y")).unwrap();
        for command in ["plan", "apply", "drift"] {
            let told = shop.script(73, &[command, "access", "out"]);
            assert!(told.contains(&format!("error: {folder}/below/x")), "{told}");
            assert!(!told.contains("\n::error::"), "{told}");
        }
        std::fs::remove_dir_all(&below).unwrap();
    }
    shop.script(2, &["drift", "access", "out"]);
}
