//! Names that somebody wrote to do harm, wherever a plan may hold text from elsewhere.

use proptest::prelude::*;
use scopeform::model::Address;
use scopeform::plan::{Breakage, Effective, LeftAlone, Plan};
use scopeform::render::markdown::Forge;
use scopeform::render::neutral;

use super::reader::read;
use super::{on, page};
use crate::cli::hostile::{NASTY, any_text};
use crate::samples;

/// What Markdown and forges add to what terminals and spreadsheets dislike.
const MARKED: &[&str] = &[
    "@everyone",
    "please ask @org/team and @ana",
    "fixes #12, GH-12, org/repo#1, SEC-142, !7, deadbeefcafe",
    "https://evil.example www.evil.example me@evil.example mailto:x xmpp:y",
    "[click](https://evil.example)",
    "![](https://evil.example/x.png)",
    "[x]: https://evil.example",
    "[^1] [ ] [x] a",
    "<https://evil.example>",
    "<!-- scopeform:acme:odeus:x -->",
    "--> </details></summary><details><summary>Blockers: 0",
    "</code></summary>\n\n# Approved\n",
    "```\n</details>\n\n# Approved\n\n````````",
    "~~~\n~~~",
    "` `` ``` ````",
    "`a` @b `c",
    "$x$ $$y$$ \\(z\\)",
    ":tada: :+1:",
    "a | b\n--|--\n1 | 2",
    "# heading\n===\n---\n***",
    "- item\n1. item\n+ item\n* item",
    "    code\n\tcode",
    "**bold** __bold__ _it_ *it* ~~gone~~",
    "&lt;b&gt; &#64;x &commat;y",
    "/close\n/approve",
    "\\`\\@\\<",
    "> quote",
    "::set-output name=x::y",
    "##[set-env name=x]y",
    "line\\\nbreak  \nbreak",
];

/// A plan in which `text` stands wherever text from elsewhere may stand.
fn everywhere(text: &str) -> Plan {
    let mut plan = samples::hostile();
    // What the sample says everywhere is replaced in the document as a whole.
    let json = serde_json::to_string(&plan).unwrap();
    let (nasty, ours) =
        (serde_json::to_string(samples::NASTY).unwrap(), serde_json::to_string(text).unwrap());
    let inner = |quoted: &str| {
        quoted.strip_prefix('"').and_then(|q| q.strip_suffix('"')).unwrap().to_owned()
    };
    let json = json.replace(&inner(&nasty), &inner(&ours));
    if let Ok(read) = serde_json::from_str(&json) {
        plan = read;
    }
    plan.observed.effective.push(Effective {
        unit: Address::of(&[text]),
        before: format!("a\n{text}\n"),
        after: format!("{text}\nb\n"),
    });
    plan
}

#[test]
fn no_name_leaves_its_code() {
    for text in NASTY.iter().chain(MARKED) {
        let plan = everywhere(text);
        assert!(serde_json::to_string(&plan).unwrap().contains("onedrive"), "{text}");
        for forge in [Forge::Github, Forge::Bitbucket] {
            let read = read(&on(&plan, forge));
            assert!(read.items > 10, "{read:?}");
        }
    }
}

#[test]
fn what_is_shown_is_what_is_there() {
    let mut plan = samples::toggle();
    plan.observed.left_alone =
        MARKED.iter().map(|text| LeftAlone::fact(Address::of(&[text]), "x".into())).collect();
    plan.bound.breakage = vec![Breakage::FeatureBreaks {
        unit: Address::of(&["sharepoint"]),
        feature: "` `` ` @x".into(),
        actions: [Address::of(&["sharepoint", "actions", "a"])].into(),
        missing: samples::scopes("a`b c|d"),
    }];
    let read = read(&page(&plan));
    for text in MARKED.iter().chain(&["` `` ` @x", "a`b", "c|d"]) {
        let shown = neutral::terminal(text).to_string();
        assert!(read.code.contains(&shown), "{shown} is not among {:#?}", read.code);
    }
}

#[test]
fn a_long_name_does_not_push_the_others_aside() {
    let mut plan = samples::fixed();
    for finding in &mut plan.bound.findings {
        finding.message = "long ".repeat(40_000);
        finding.help = "x".repeat(100_000);
    }
    for left in &mut plan.observed.left_alone {
        left.address = Address::of(&["y".repeat(200_000)]);
    }
    let text = on(&plan, Forge::Github);
    read(&text);
    assert!(!text.contains("not shown"), "{text}");
    assert!(text.contains("more characters)"), "{text}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_stays_text(text in any_text(), marked in prop::sample::select(MARKED), glue in any::<bool>()) {
        let text = if glue { format!("{text}{marked}{text}") } else { text };
        let inline = format!(
            "<!-- scopeform:a -->\n- {} in {}: {}\n",
            neutral::code(&text), neutral::code_whole(&text), neutral::markdown(&text)
        );
        let found = read(&inline);
        prop_assert_eq!(found.items, 1);
        prop_assert_eq!(found.html, 1);
        let alone = format!("<!-- scopeform:a -->\n\n{}\n", neutral::markdown(&text));
        let found = read(&alone);
        prop_assert_eq!(found.items, 0, "{}", alone);
        let folded = format!(
            "<!-- scopeform:a -->\n\n<details><summary>Diff of <code>{}</code></summary>\n\nx\n\n</details>\n",
            neutral::summary_word(&text)
        );
        prop_assert_eq!(read(&folded).html, 3);
    }
}
