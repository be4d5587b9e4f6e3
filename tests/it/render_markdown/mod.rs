//! The plan as a comment: what it says, that nothing in it acts, and that it is never too long.

pub(crate) mod reader;

mod budget;
mod hostile;
mod lists;
mod merge;

use std::collections::BTreeSet;

use scopeform::model::Address;
use scopeform::plan::policy::{ApprovalRule, Approvals, Limits, Policy, When, enforce};
use scopeform::plan::{LeftAlone, Loss, LossKind, Plan};
use scopeform::render::markdown::{self, Forge, Options, TooSmall};

use crate::samples;

/// The page of a plan, as long as it wants to be.
pub(crate) fn page(plan: &Plan) -> String {
    sized(plan, usize::MAX).unwrap()
}

fn sized(plan: &Plan, bytes: usize) -> Result<String, TooSmall> {
    let options = Options { max_size: Some(bytes), ..Options::default() };
    markdown::plan(plan, samples::DIGEST, options)
}

fn on(plan: &Plan, forge: Forge) -> String {
    markdown::plan(plan, samples::DIGEST, Options { forge, ..Options::default() }).unwrap()
}

#[test]
fn comments_read_from_the_top() {
    for (name, plan) in [
        ("empty", samples::empty()),
        ("toggle", samples::toggle()),
        ("fixed", samples::fixed()),
        ("hostile", samples::hostile()),
    ] {
        insta::assert_snapshot!(name, page(&plan));
    }
    insta::assert_snapshot!("toggle_bitbucket", on(&samples::toggle(), Forge::Bitbucket));
}

#[test]
fn sections_keep_their_order_and_only_details_are_folded() {
    let text = page(&samples::fixed());
    let titles = [
        "<!-- scopeform:acme:odeus:https://odeus.example.com -->\n**Plan: ",
        "\n#### Blockers: 1, ",
        "\n#### Privilege: ",
        "\n#### Breakage: ",
        "\n#### People: ",
        "\n#### Warnings: ",
        "\n<details><summary>Changes: 4</summary>\n",
        "\n<details><summary>Notes: 1</summary>\n",
        "\n<details><summary>Left alone: 2 places, ",
        "\n<details><summary>Diff of <code>sharepoint</code></summary>\n",
        "\nDigest: `sha256:",
        "\nApply: ",
    ];
    let places: Vec<_> =
        titles.iter().map(|t| text.find(t).unwrap_or_else(|| panic!("{t}"))).collect();
    assert!(places.is_sorted(), "{text}");
    assert!(text.find("<details>").unwrap() > text.find("#### Warnings").unwrap());
}

#[test]
fn the_marker_depends_on_the_workspace_alone() {
    let marker = |plan: &Plan, forge| {
        let page = on(plan, forge);
        let first = page.lines().next().unwrap().to_owned();
        assert_eq!(first, markdown::marker(plan, forge));
        first
    };
    let github = "<!-- scopeform:acme:odeus:https://odeus.example.com -->";
    for plan in [samples::empty(), samples::toggle(), samples::fixed()] {
        for forge in [Forge::Github, Forge::GithubStepSummary, Forge::Gitlab] {
            assert_eq!(marker(&plan, forge), github);
        }
        let bitbucket = "[//]: # (scopeform:acme:odeus:https://odeus.example.com)";
        assert_eq!(marker(&plan, Forge::Bitbucket), bitbucket);
    }
    let mut other = samples::toggle();
    other.bound.workspace = "acme-staging".try_into().unwrap();
    assert_ne!(marker(&other, Forge::Github), github);
    let mut far = samples::toggle();
    far.bound.endpoint = format!("https://{}", "ü".repeat(100_000));
    assert!(marker(&far, Forge::Github).len() < 250);
    let mut elsewhere = samples::toggle();
    elsewhere.bound.endpoint = "x--><b>".into();
    assert_eq!(marker(&elsewhere, Forge::Github), "<!-- scopeform:acme:odeus:x-%2D%3E%3Cb%3E -->");
}

#[test]
fn the_tail_says_how_to_go_on() {
    let plan = samples::toggle();
    let url = "https://ci.example/runs/7".parse().unwrap();
    let options = Options {
        report_url: Some(&url),
        apply_with: "scopeform apply plan.scopeform",
        ..Options::default()
    };
    let text = markdown::plan(&plan, samples::DIGEST, options).unwrap();
    assert!(
        text.contains(&format!("\nDigest: `{}`, made on 2026-11-22 for `acme`", samples::DIGEST))
    );
    assert!(text.contains("\nApply: `scopeform apply plan.scopeform`\n"), "{text}");
    assert!(text.ends_with("\n[Full report](https://ci.example/runs/7)\n"), "{text}");
    reader::read(&text).links("https://ci.example/runs/7");
    let blocked = page(&samples::fixed());
    assert!(blocked.contains("\nApply: not possible, 1 blocker above\n"), "{blocked}");
}

/// A rule that asks for two people.
fn approvals(when: When) -> Approvals {
    let rule = ApprovalRule {
        when,
        named: vec!["@org/team".to_owned()],
        of: BTreeSet::from(["ana@acme.example".to_owned(), "ben@acme.example".to_owned()]),
        need: 2,
    };
    Approvals {
        max_age: 7,
        signers_file: "allowed_signers".to_owned(),
        rules: vec![rule],
        signers: Vec::new(),
    }
}

/// Puts a plan under a rule.
fn under_a_rule(plan: &mut Plan, when: When) {
    let approvals = Some(approvals(when));
    enforce(plan, vec![Policy { approvals, ..Policy::default() }]);
}

/// Under a rule that asks for people, and a limit that is exceeded.
fn ruled(removals: Option<u32>) -> Plan {
    let mut plan = samples::toggle();
    plan.bound.losses = vec![Loss {
        address: Address::of(&["sharepoint", "actions", "delete_list"]),
        declared_at: Address::of(&["sharepoint", "actions", "delete_*"]),
        kind: LossKind::Use,
        also_called: BTreeSet::new(),
    }];
    let limits = Limits { removals, ..Limits::default() };
    let approvals = Some(approvals(When::Widening));
    enforce(&mut plan, vec![Policy { approvals, limits, ..Policy::default() }]);
    plan
}

#[test]
fn who_must_agree_is_said_before_what_changes() {
    let text = page(&ruled(None));
    reader::read(&text);
    let rule = "\n#### Approvals: 1 rule must be satisfied before this is applied\n\n\
                - **widening**: 2 of `ana@acme.example`, `ben@acme.example` (`@org/team`), because of ";
    let at = text.find(rule).unwrap_or_else(|| panic!("{text}"));
    assert!(at < text.find("#### Privilege").unwrap());
    assert!(
        text.contains("\nNeeds: the approvals above; `scopeform approve PLAN --key FILE` signs")
    );
}

#[test]
fn a_limit_says_what_accepts_it() {
    let text = page(&ruled(Some(0)));
    reader::read(&text);
    let title = "\n#### Blockers: 1, nothing is applied until it is solved or accepted\n\n- `";
    assert!(text.contains(title), "{text}");
    let accept = text.split("\n  accept: `").nth(1).unwrap().split('`').next().unwrap();
    assert!(accept.starts_with("--accept removals@"), "{text}");
    assert!(text.contains(&format!("\nApply: only with `{accept}`\n")), "{text}");
}

#[test]
fn forges_have_their_limits() {
    assert_eq!(Forge::default(), Forge::Github);
    for (forge, limit) in [
        (Forge::Github, 65_536),
        (Forge::GithubStepSummary, 1_048_576),
        (Forge::Gitlab, 1_000_000),
        (Forge::Bitbucket, 32_767),
    ] {
        let mut plan = samples::toggle();
        // Of two bytes each, and one UTF-16 unit: a page of so many characters would be too long.
        plan.observed.left_alone = (0..limit / 150)
            .map(|n| {
                LeftAlone::fact(
                    Address::of(&[format!("unit{n}")]),
                    format!("`{n} {}`", "ü".repeat(80)),
                )
            })
            .collect();
        let text = on(&plan, forge);
        assert!(text.len() <= limit, "{} of {limit}", text.len());
        assert!(text.len() > limit - 400, "{} of {limit}", text.len());
        assert!(text.contains(" places left alone, 1 diff. "), "nothing is left out");
        reader::read(&text);
    }
}

#[test]
fn bitbucket_gets_no_html() {
    for plan in [samples::fixed(), samples::hostile()] {
        let read = reader::read(&on(&plan, Forge::Bitbucket));
        assert_eq!(read.html, 0, "{read:?}");
        assert_eq!(read.folds, 0);
    }
}
