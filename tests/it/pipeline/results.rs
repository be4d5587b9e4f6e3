//! What is shown and applied is what this run has written, whatever a change brings along.

use serde_json::Value;

use super::forge::{Github, Gitlab};
use super::gitlab::{self, MERGE_REQUEST};
use super::runner::Runner;
use super::shop::Shop;

#[test]
fn results_of_an_earlier_run_are_not_believed() {
    let shop = Shop::new();
    shop.script(0, &["plan", "access", "out"]);
    shop.edit("access/acme.yaml", "integrations:", "integratons:");
    let told = shop.script(1, &["plan", "access", "out"]);
    // The log says once what is wrong, however many formats say it.
    assert_eq!(told.matches("unknown key `integratons`").count(), 1, "{told}");
    for name in ["plan.scopeform", "comment.md", "summary.md", "report.html", "plan.json"] {
        assert!(!shop.repository().join("out").join(name).exists(), "{name} is of the plan before");
    }
    assert_eq!(shop.read("out/to-apply"), "no\n");
    shop.edit("access/acme.yaml", "integratons:", "integrations:");
    let told = shop.script(1, &["apply", "access", "out"]);
    assert!(told.contains("out/plan.scopeform"), "{told}");
    shop.script(2, &["drift", "access", "out"]);
}

#[test]
fn a_folder_for_results_that_a_change_brings_along_is_refused() {
    let shop = Shop::new();
    let out = shop.repository().join("out");
    std::fs::create_dir_all(out.join("below")).unwrap();
    std::fs::write(out.join("below/file"), "text").unwrap();
    shop.git(&["add", "--force", "out"]);
    for command in ["plan", "apply", "drift"] {
        let told = shop.script(73, &[command, "access", "out"]);
        assert!(told.contains("git tracks files in out"), "{told}");
    }
    shop.script(73, &["plan", "access", "out/below"]);
    shop.git(&["rm", "-q", "-r", "--force", "out"]);
    let elsewhere = shop.path("elsewhere");
    std::fs::create_dir_all(elsewhere.join("below")).unwrap();
    std::os::unix::fs::symlink(&elsewhere, &out).unwrap();
    for folder in ["out", "out/", "out/below", "./out"] {
        let told = shop.script(73, &["plan", "access", folder]);
        assert!(told.contains("is a link"), "{told}");
    }
    assert_eq!(std::fs::read_dir(elsewhere.join("below")).unwrap().count(), 0);
}

/// What a link leads to changes without the folder that is looked at.
#[test]
fn a_link_in_place_of_what_decides_is_refused() {
    let shop = Shop::new();
    for (name, mine) in [("access", "real"), ("policies", "access"), ("approvals", "access")] {
        if name == "access" {
            std::fs::rename(shop.repository().join(name), shop.repository().join(mine)).unwrap();
        }
        std::os::unix::fs::symlink(mine, shop.repository().join(name)).unwrap();
        let folder = if name == "access" { "access" } else { "real" };
        for command in ["plan", "apply", "drift"] {
            let told = shop.script(73, &[command, folder, "out"]);
            assert!(told.contains(&format!("{name} is a link")), "{told}");
        }
        std::fs::remove_file(shop.repository().join(name)).unwrap();
    }
    shop.script(2, &["drift", "real", "out"]);
}

/// What a pull request commits in place of the results is neither commented nor annotated nor kept.
#[test]
fn a_pull_request_cannot_write_its_own_comment() {
    let shop = Shop::new();
    let forge = Github::new(&shop);
    shop.push();
    shop.git(&["checkout", "-q", "-b", "change"]);
    let out = shop.repository().join("scopeform-out");
    std::fs::create_dir_all(&out).unwrap();
    let marker = "<!-- scopeform:acme:odeus:embedded -->\n";
    std::fs::write(out.join("comment.md"), format!("{marker}**No changes.**")).unwrap();
    std::fs::write(out.join("summary.md"), "No changes.").unwrap();
    std::fs::write(out.join("annotations.txt"), "::notice::all is well\n").unwrap();
    std::fs::write(out.join("exit-code"), "0\n").unwrap();
    shop.git(&["add", "--force", "scopeform-out"]);
    shop.edit("access/acme.yaml", "create_page: disabled", "create_page: enabled");
    shop.commit("tidy up");
    shop.git(&["checkout", "-q", "--detach", "main"]);
    shop.git(&["merge", "-q", "--no-ff", "-m", "merge", "change"]);
    let mut context = forge.pull_request("acme/access");
    context.insert("vars.NEW_WORKSPACE".to_owned(), "yes".to_owned());
    let done = Runner::new(&shop).job("plan.yml", "plan", context);
    assert_eq!(done.code, 73, "{}", done.log);
    assert_eq!((forge.comments().len(), done.summary.as_str()), (1, ""));
    assert!(!done.log.contains("all is well"), "{}", done.log);
    assert!(!shop.path("runner/scopeform-plan").exists());
    // The same as a merge request.
    let gitlab = Gitlab::start();
    let mut variables = gitlab.variables();
    variables.insert("NEW_WORKSPACE".to_owned(), "yes".to_owned());
    let done = gitlab::run(&shop, "plan", MERGE_REQUEST, &variables);
    assert_eq!(done.code, 73, "{}", done.log);
    assert_eq!(gitlab.notes().len(), 101);
}

/// A list of which half is missing is not taken for one without our comment.
#[test]
fn no_second_comment_is_made_where_comments_cannot_be_listed() {
    let shop = Shop::new();
    let forge = Github::new(&shop);
    shop.push();
    shop.propose();
    shop.git(&["checkout", "-q", "--detach", "main"]);
    shop.git(&["merge", "-q", "--no-ff", "-m", "merge", "change"]);
    let mut context = forge.pull_request("acme/access");
    context.insert("vars.NEW_WORKSPACE".to_owned(), "yes".to_owned());
    // Code scanning is of no use where it is not turned on, and stops nothing there.
    forge.fails("no-code-security");
    context.insert("vars.CODE_SCANNING".to_owned(), String::new());
    let runner = Runner::new(&shop);
    let done = runner.job("plan.yml", "plan", context.clone());
    assert_eq!((done.code, forge.comments().len()), (0, 2), "{}", done.log);
    assert!(runner.scan("plan.yml", &done, &context).is_none());
    assert!(!forge.log().iter().any(|call| call.contains("sarifs")), "{:?}", forge.log());
    context.insert("vars.CODE_SCANNING".to_owned(), "yes".to_owned());
    assert_ne!(runner.scan("plan.yml", &done, &context).unwrap().code, 0);
    forge.fails("broken");
    let done = runner.job("plan.yml", "plan", context);
    assert_ne!(done.code, 0, "{}", done.log);
    let posted = forge
        .log()
        .iter()
        .filter(|call| call.starts_with("POST ") && call.contains("comments"))
        .count();
    assert_eq!((forge.comments().len(), posted), (2, 1), "{:?}", forge.log());
}

#[test]
fn a_merge_request_has_one_note_that_is_edited() {
    let shop = Shop::new();
    let forge = Gitlab::start();
    shop.propose();
    // Meanwhile something else was merged, which the plan must not take back.
    shop.git(&["checkout", "-q", "main"]);
    shop.edit("access/acme.yaml", "removals: {count: 5}", "removals: {count: 50}");
    shop.edit("access/acme.yaml", "access: everyone", "access: {groups: [content-team]}");
    shop.commit("for those who use it");
    shop.push();
    let mut variables = forge.variables();
    variables.insert("NEW_WORKSPACE".to_owned(), "yes".to_owned());
    for times in 1..=2 {
        shop.git(&["checkout", "-q", "--detach", "change"]);
        let done = gitlab::run(&shop, "plan", MERGE_REQUEST, &variables);
        assert_eq!(done.code, 0, "{}", done.log);
        let notes = forge.notes();
        assert_eq!(notes.len(), 102, "round {times}");
        assert_eq!(notes[101], shop.read("scopeform-out/comment.md"));
        assert!(
            notes[101].contains("`access` in `sharepoint`"),
            "of the branch and not of the merge: {}",
            notes[101]
        );
    }
    let report: Value =
        serde_json::from_str(&shop.read("scopeform-out/code-quality.json")).unwrap();
    assert!(report.is_array());
    // Whoever may not write the note is told so: a plan that nobody sees is no plan.
    let mut wrong = variables.clone();
    wrong.insert("NOTE_TOKEN".to_owned(), "wrong".to_owned());
    assert_ne!(gitlab::run(&shop, "plan", MERGE_REQUEST, &wrong).code, 0);
    // A branch that touches nothing of this is neither planned nor noted.
    shop.git(&["checkout", "-q", "--detach", "main"]);
    std::fs::write(shop.repository().join("README.md"), "Who may do what\n").unwrap();
    shop.commit("a word");
    variables.insert("NOTE_TOKEN".to_owned(), "wrong".to_owned());
    assert_eq!(gitlab::run(&shop, "plan", MERGE_REQUEST, &variables).code, 0);
}

/// A summary that is too long is not shown at all, so what is said beside the page is counted too.
#[test]
fn a_summary_says_first_what_letting_it_through_does_and_is_never_too_long() {
    let shop = Shop::new();
    shop.exits(0, "scopeform", &["apply", "access", "--auto-approve"]);
    // So many remarks about lines that match nothing that the page is full, and nothing to write.
    let odd = |n: usize| format!("      \"{}_{n:05}_*\": disabled\n", "odd".repeat(64));
    let file = shop.repository().join("access/acme.yaml");
    let text = shop.read("access/acme.yaml") + &(0..2_000).map(odd).collect::<String>();
    std::fs::write(file, text).unwrap();
    shop.commit("lines that match nothing");
    shop.script(0, &["plan", "access", "out", "HEAD~1"]);
    assert_eq!(shop.read("out/to-apply"), "yes\n");
    let summary = shop.read("out/summary.md");
    let (said, page) = summary.split_once("\n\n").unwrap();
    assert!(
        said.starts_with("Files with rules that differ from what was last applied: 1."),
        "{said}"
    );
    assert!(page.starts_with("<!-- scopeform:"), "{said}");
    assert!(summary.len() <= 1 << 20, "{}", summary.len());
    // The page is as long as it may be, and leaves room for more than that sentence.
    assert!((1_040_000..=(1 << 20) - 1_024).contains(&page.len()), "{}", page.len());
    assert!(said.len() < 1_000, "{said}");
}
