//! The report as an HTML parser reads it that is not ours: valid, balanced, and with nothing in it that acts.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use html5ever::tendril::TendrilSink as _;
use html5ever::{ParseOpts, parse_document};
use markup5ever_rcdom::{Handle, NodeData, RcDom};
use scopeform::plan::Severity;
use scopeform::render::neutral::{self, is_deceptive};

use super::page;
use crate::samples;

/// One element of a parsed page.
pub(crate) struct Element {
    pub(crate) name: String,
    pub(crate) attributes: BTreeMap<String, String>,
    /// All text in it.
    pub(crate) text: String,
    pub(crate) parents: Vec<String>,
}

/// Parses a page and returns its elements in order.
#[track_caller]
pub(crate) fn elements(page: &str) -> Vec<Element> {
    let dom = parse_document(RcDom::default(), ParseOpts::default()).one(page);
    let errors = dom.errors.borrow();
    assert!(errors.is_empty(), "the page is not valid: {errors:?}");
    let mut all = Vec::new();
    collect(&dom.document, &mut Vec::new(), &mut all);
    all
}

fn collect(node: &Handle, parents: &mut Vec<String>, all: &mut Vec<Element>) {
    let NodeData::Element { name, attrs, .. } = &node.data else {
        node.children.borrow().iter().for_each(|child| collect(child, parents, all));
        return;
    };
    let attributes = attrs.borrow();
    let attributes = attributes.iter().map(|a| (a.name.local.to_string(), a.value.to_string()));
    let mut text = String::new();
    texts(node, &mut text);
    all.push(Element {
        name: name.local.to_string(),
        attributes: attributes.collect(),
        text,
        parents: parents.clone(),
    });
    parents.push(name.local.to_string());
    node.children.borrow().iter().for_each(|child| collect(child, parents, all));
    parents.pop();
}

fn texts(node: &Handle, text: &mut String) {
    if let NodeData::Text { contents } = &node.data {
        text.push_str(&contents.borrow());
    }
    let children: Vec<Rc<_>> = node.children.borrow().clone();
    children.iter().for_each(|child| texts(child, text));
}

/// The elements that a report is made of. None of them fetches, embeds or leaves the page.
const ELEMENTS: &[&str] = &[
    "a", "article", "b", "body", "button", "caption", "code", "col", "colgroup", "dd", "del",
    "details", "div", "dl", "dt", "fieldset", "footer", "form", "h1", "h2", "h3", "h4", "head",
    "header", "html", "i", "input", "ins", "kbd", "label", "legend", "li", "main", "meta", "nav",
    "output", "p", "pre", "script", "section", "small", "span", "style", "summary", "table",
    "tbody", "td", "th", "thead", "title", "tr", "ul",
];

const ATTRIBUTES: &[&str] = &[
    "aria-describedby",
    "aria-hidden",
    "aria-keyshortcuts",
    "aria-label",
    "aria-labelledby",
    "aria-live",
    "autocomplete",
    "charset",
    "checked",
    "class",
    "colspan",
    "content",
    "data-fold",
    "data-k",
    "data-sort",
    "data-v",
    "for",
    "hidden",
    "href",
    "http-equiv",
    "id",
    "lang",
    "name",
    "open",
    "placeholder",
    "role",
    "scope",
    "spellcheck",
    "tabindex",
    "type",
    "value",
];

/// Checks everything that holds for every report.
#[track_caller]
pub(crate) fn sound(page: &str) {
    let all = elements(page);
    assert!(!page.contains(|c| is_deceptive(c) && c != '\n'), "something deceptive got through");
    let mut ids = BTreeSet::new();
    for element in &all {
        let Element { name, attributes, .. } = element;
        assert!(ELEMENTS.contains(&name.as_str()), "<{name}> has no business here");
        for key in attributes.keys() {
            assert!(ATTRIBUTES.contains(&key.as_str()), "<{name} {key}> has no business here");
        }
        if let Some(id) = attributes.get("id") {
            assert!(ids.insert(id.clone()), "two elements are `{id}`");
        }
        if let Some(kinds) = attributes.get("data-k") {
            assert!(kinds.chars().all(|c| "bwnc".contains(c)), "{kinds}");
        }
    }
    let count = |name: &str| all.iter().filter(|e| e.name == name).count();
    assert_eq!((count("script"), count("style"), count("h1"), count("main")), (1, 1, 1, 1));
    assert_eq!((count("nav"), count("header"), count("footer"), count("title")), (1, 1, 1, 1));
    let mut depth = 0;
    for element in &all {
        for key in ["aria-labelledby", "aria-describedby", "for"] {
            for id in element.attributes.get(key).iter().flat_map(|ids| ids.split(' ')) {
                assert!(ids.contains(id), "nothing is called `{id}`");
            }
        }
        if let Some(target) = element.attributes.get("href") {
            let id = target.strip_prefix('#').expect("a link leaves the page");
            assert!(ids.contains(id), "nothing is called `{id}`");
        }
        if let Some(level) = element.name.strip_prefix('h').and_then(|n| n.parse::<u8>().ok()) {
            assert!(level <= depth + 1, "a heading skips a level: {}", element.text);
            depth = level;
        }
        if element.name == "th" {
            let scope = element.attributes.get("scope").map(String::as_str);
            let within = if element.parents.contains(&"thead".to_owned()) { "col" } else { "row" };
            assert_eq!(scope, Some(within), "{}", element.text);
        }
        if element.name == "table" {
            // The caption is its first child, so the next element.
            let at = all.iter().position(|e| std::ptr::eq(e, element)).unwrap();
            assert_eq!(all[at + 1].name, "caption");
            assert!(!all[at + 1].text.is_empty());
        }
    }
}

fn rows(all: &[Element], within: &str) -> usize {
    // Sections stand one after another, so what follows a heading belongs to it.
    let mut inside = false;
    let mut rows = 0;
    for element in all {
        if element.name == "section" {
            inside = element.attributes.get("id").is_some_and(|id| id == within);
        }
        rows += usize::from(inside && element.attributes.contains_key("data-k"));
    }
    rows
}

#[test]
fn reports_are_valid_and_say_what_the_plan_says() {
    for plan in [samples::empty(), samples::toggle(), samples::fixed(), samples::hostile()] {
        let page = page(&plan);
        sound(&page);
        let all = elements(&page);
        let of = |severity: Severity| plan.findings().filter(|f| f.severity == severity).count();
        assert_eq!(rows(&all, "blockers"), of(Severity::Blocker));
        assert_eq!(rows(&all, "findings"), of(Severity::Warning) + of(Severity::Note));
        assert_eq!(rows(&all, "changes"), plan.bound.changes.len());
        assert_eq!(rows(&all, "operations"), plan.bound.operations.len());
        assert_eq!(rows(&all, "breakage"), plan.bound.breakage.len());
        assert_eq!(rows(&all, "left"), plan.observed.left_alone.len());
        let titles: Vec<&str> = all
            .iter()
            .filter(|e| e.name == "section")
            .map(|e| e.attributes["id"].as_str())
            .collect();
        let order = [
            "blockers",
            "approvals",
            "privilege",
            "breakage",
            "people",
            "tokens",
            "units",
            "changes",
            "findings",
            "operations",
            "left",
        ];
        let places = titles.iter().map(|t| order.iter().position(|o| o == t).unwrap());
        assert!(places.is_sorted(), "{titles:?}");
    }
}

#[test]
fn every_example_is_valid() {
    for example in super::EXAMPLES {
        let (_, page) = super::planned(example, "--format html");
        sound(&page);
        let all = elements(&page);
        let units = all.iter().filter(|e| e.name == "article").count();
        assert!(units >= 5, "{units}");
        assert!(page.contains("Scope view") == (example == "acme"));
        assert!(page.contains("Token holders") == (example == "acme-crm"));
    }
}

#[test]
fn a_hostile_name_is_text_and_nothing_else() {
    let page = page(&samples::hostile());
    let all = elements(&page);
    let shown = neutral::html(samples::NASTY).to_string();
    assert!(page.contains(&shown));
    // What a parser makes of it is what a terminal would show.
    let read = neutral::terminal(samples::NASTY).to_string();
    let texts: String = all.iter().filter(|e| e.name == "body").map(|e| e.text.as_str()).collect();
    assert!(texts.contains(&read), "{read}");
}

#[test]
fn the_policy_names_exactly_what_is_in_the_page() {
    use sha2::Digest as _;
    let page = page(&samples::fixed());
    let all = elements(&page);
    let meta = all.iter().find(|e| e.attributes.contains_key("http-equiv")).unwrap();
    let policy = &meta.attributes["content"];
    assert_eq!(meta.attributes["http-equiv"], "Content-Security-Policy");
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
    for forbidden in ["unsafe", "http", "*", "data:", "self"] {
        assert!(!policy.contains(forbidden), "{policy}");
    }
    for name in ["style", "script"] {
        let own = all.iter().find(|e| e.name == name).unwrap();
        // A second reader of base64: the hash decoded is the hash computed.
        let (_, rest) = policy.split_once(&format!("{name}-src 'sha256-")).unwrap();
        let hash = super::browser::unbase64(rest.split_once('\'').unwrap().0);
        assert_eq!(hash, sha2::Sha256::digest(own.text.as_bytes()).to_vec(), "{name}");
    }
}
