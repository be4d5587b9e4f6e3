//! `--format markdown`: both platforms' examples as a comment, and the flags that go with it.

use super::harness::{Done, Lab};
use crate::apply::plane::{Plane, WISHES};
use crate::readme::copy;
use crate::render_markdown::reader::read;

/// The repository's examples, in a folder of their own.
fn examples() -> Lab {
    let lab = Lab::new();
    let from = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    copy(&from, &lab.path("examples"));
    lab
}

fn saved(lab: &Lab, example: &str) {
    lab.run(&format!("plan examples/{example} --today 2026-11-22 --out plan.scopeform")).exits(0);
}

fn shown(lab: &Lab, flags: &str) -> Done {
    lab.run(&format!("show plan.scopeform --format markdown {flags}")).exits(0)
}

#[test]
fn the_examples_of_both_platforms_are_comments() {
    for example in ["acme", "acme-crm"] {
        let lab = examples();
        saved(&lab, example);
        let page = shown(&lab, "").out;
        let found = read(&page);
        assert!(found.folds >= 2, "{found:?}");
        insta::assert_snapshot!(format!("{example}_markdown"), page);
    }
}

#[test]
fn plan_and_show_print_the_same_page() {
    let lab = examples();
    saved(&lab, "acme");
    let args = "plan examples/acme --today 2026-11-22 --format markdown";
    let page = lab.run(args).exits(0).out;
    let apply = |from: &str| format!("\nApply: `scopeform apply {from}`\n");
    assert_eq!(
        page.replace(&apply("examples/acme"), &apply("plan.scopeform --config FOLDER")),
        shown(&lab, "").out
    );
    assert_eq!(shown(&lab, "").out, shown(&lab, "--forge github").out);
}

#[test]
fn a_page_is_as_long_as_it_may_be() {
    let lab = examples();
    saved(&lab, "acme");
    let link = "--report-url https://ci.example/runs/7?a=b#c";
    for bytes in [1_500, 2_500, 4_000] {
        let page = shown(&lab, &format!("--max-size {bytes} {link}")).out;
        assert!(page.len() <= bytes && page.len() > bytes / 2, "{} of {bytes}", page.len());
        assert!(page.contains(" more are not shown**: "), "{page}");
        read(&page).links("https://ci.example/runs/7?a=b#c");
    }
    let done = lab.run("show plan.scopeform --format markdown --max-size 20").exits(64);
    let done = done.prints_nothing().says(&["`--max-size` is too small", "give at least "]);
    let needs = done.err.split("give at least ").nth(1).unwrap().split_whitespace().next().unwrap();
    let page = shown(&lab, &format!("--max-size {needs}")).out;
    assert_eq!(page.len().to_string(), needs);
    assert!(page.contains("**Plan: 24 changes in "), "{page}");
}

/// Where a pipeline applies, a command on a path that only its job has helps nobody.
#[test]
fn a_page_says_in_words_how_its_plan_is_applied() {
    let lab = examples();
    saved(&lab, "acme");
    let page = shown(&lab, "--apply-with pipeline").out;
    assert!(page.contains("\nApply: pipeline\n"), "{page}");
    for (format, line) in [("text", "\nApply:  pipeline\n"), ("html", "<dd>pipeline</dd>")] {
        let args = format!("show plan.scopeform --format {format} --apply-with pipeline");
        let page = lab.run(&args).exits(0).out;
        assert!(page.contains(line), "{page}");
        assert!(!page.contains("scopeform apply plan.scopeform"), "{page}");
    }
}

#[test]
fn a_flag_that_means_nothing_here_is_refused() {
    let plane = Plane::start();
    let lab = plane.lab(WISHES);
    plane.run(&lab, "plan --out p.json").exits(0);
    for (args, flag, format) in [
        ("plan --forge gitlab", "--forge", "markdown"),
        ("plan --format diff --max-size 100", "--max-size", "markdown"),
        ("show p.json --json --report-url https://ci.example", "--report-url", "markdown"),
        ("show p.json --format markdown --diff", "--diff", "text"),
        ("plan --json --diff", "--diff", "text"),
        ("show --last --forge github", "--forge", "markdown"),
    ] {
        let done = plane.run(&lab, args).exits(64);
        let said = if args.contains("--json") { &done.out } else { &done.err };
        assert!(said.contains(&format!("`{flag}` is for `--format {format}`")), "{}", done.all());
    }
    for args in [
        "plan --format markdown --max-size 0",
        "plan --format markdown --forge sourcehut",
        "plan --format markdown --report-url javascript:alert(1)",
        "plan --format markdown --report-url https://me:secret@ci.example",
        "show --last --format markdown",
        "show --last --format diff",
    ] {
        plane.run(&lab, args).exits(64).prints_nothing();
    }
}

#[test]
fn text_is_followed_by_the_diff_where_that_is_asked_for() {
    let plane = Plane::start();
    let lab = plane.lab(WISHES);
    plane.run(&lab, "plan --out p.json").exits(0);
    let run = |args: &str| plane.run(&lab, args).exits(0).out;
    let diff = run("show p.json --format diff");
    assert!(diff.starts_with("--- live/"), "{diff}");
    let text = run("show p.json --diff");
    assert!(text.contains(&diff), "{text}");
    assert_eq!(text.matches("--- live/").count(), diff.matches("--- live/").count());
    assert!(!run("show p.json").contains("--- live/"));
    // The same diffs are folds of the comment.
    let page = run("show p.json --format markdown");
    assert_eq!(page.matches("--- live/").count(), diff.matches("--- live/").count());
    for line in diff.lines() {
        assert!(page.lines().any(|known| known == line), "{line} is not in\n{page}");
    }
}
