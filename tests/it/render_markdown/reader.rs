//! Reads a page with a Markdown parser that is not ours, as a forge would, and looks for what must not be there.

use markdown::mdast::Node;
use markdown::{Constructs, ParseOptions, to_mdast};
use scopeform::render::neutral::is_deceptive;

/// What was found on a page.
#[derive(Debug, Default)]
pub(crate) struct Read {
    /// Pieces of HTML: the marker, and the ends of folds.
    pub(crate) html: usize,
    pub(crate) folds: usize,
    /// How many bullet points.
    pub(crate) items: usize,
    urls: Vec<String>,
    /// What stands in code.
    pub(crate) code: Vec<String>,
    /// What stands outside of code.
    pub(crate) prose: String,
    depth: usize,
}

impl Read {
    /// Checks that there is one link at least, and none that leads elsewhere.
    #[track_caller]
    pub(crate) fn links(&self, url: &str) {
        assert!(!self.urls.is_empty() && self.urls.iter().all(|u| u == url), "{:?}", self.urls);
    }
}

/// Reads a page that has no link, or only links that [`Read::links`] checks afterwards.
#[track_caller]
pub(crate) fn read(page: &str) -> Read {
    let ended = crate::samples::without_ends_of_names(page);
    let found = ended.chars().find(|c| is_deceptive(*c) && *c != '\n');
    assert!(found.is_none(), "{found:?} got through:\n{page}");
    for line in page.lines() {
        assert!(!line.trim_start().starts_with("::"), "a workflow command: {line}");
        assert!(!line.contains("##[") && !line.contains("##vso["), "a workflow command: {line}");
        assert!(!line.starts_with('/'), "a quick action: {line}");
    }
    let mut read = Read::default();
    let first = page.lines().next().unwrap_or_default();
    let html = first.starts_with("<!-- scopeform:") && first.ends_with(" -->");
    let hidden = first.starts_with("[//]: # (scopeform:") && first.ends_with(')');
    assert!(html || hidden, "no marker: {first}");
    let constructs = Constructs { math_flow: true, math_text: true, ..Constructs::gfm() };
    let options = ParseOptions { constructs, ..ParseOptions::gfm() };
    let root = to_mdast(page, &options).unwrap();
    let Node::Root(root) = &root else { panic!("{root:?}") };
    for node in &root.children {
        visit(node, &mut read, page);
    }
    assert_eq!(read.depth, 0, "a fold is open:\n{page}");
    prose(&read.prose, page);
    if !page.contains("[Full report](") {
        assert!(read.urls.is_empty(), "{:?}\n{page}", read.urls);
    }
    read
}

#[track_caller]
fn visit(node: &Node, read: &mut Read, page: &str) {
    match node {
        Node::Paragraph(_) | Node::List(_) | Node::Strong(_) => {}
        Node::ListItem(item) => {
            assert!(item.checked.is_none(), "a task: {node:?}\n{page}");
            read.items += 1;
        }
        Node::Heading(heading) => assert_eq!(heading.depth, 4, "{node:?}\n{page}"),
        Node::InlineCode(code) => {
            assert!(!code.value.contains('\n'), "{code:?}");
            read.code.push(code.value.clone());
        }
        Node::Code(code) => {
            assert_eq!(code.lang.as_deref(), Some("diff"), "{node:?}\n{page}");
            let begins = ["--- live/", "--- /dev/null\n"];
            assert!(begins.iter().any(|begin| code.value.starts_with(begin)), "{node:?}");
            read.code.push(code.value.clone());
        }
        Node::Text(text) => {
            read.prose.push_str(&text.value);
            read.prose.push('\n');
        }
        Node::Html(html) => {
            read.html += 1;
            our_html(&html.value, read, page);
        }
        Node::Link(link) => read.urls.push(link.url.clone()),
        Node::Definition(definition) => {
            assert_eq!((definition.identifier.as_str(), definition.url.as_str()), ("//", "#"));
        }
        other => panic!("{other:?} in\n{page}"),
    }
    for child in node.children().into_iter().flatten() {
        visit(child, read, page);
    }
}

/// The only HTML is ours: the marker, and the two ends of a fold with a title that is text.
#[track_caller]
fn our_html(html: &str, read: &mut Read, page: &str) {
    for line in html.lines() {
        if let Some(inner) =
            line.strip_prefix("<!-- scopeform:").and_then(|l| l.strip_suffix(" -->"))
        {
            let legal = |c: char| c.is_ascii_alphanumeric() || "-._/:%".contains(c);
            assert!(inner.chars().all(legal) && !inner.contains("--"), "{line}");
            assert!(page.starts_with(line), "a second marker: {line}");
        } else if let Some(title) =
            line.strip_prefix("<details><summary>").and_then(|l| l.strip_suffix("</summary>"))
        {
            read.depth += 1;
            read.folds += 1;
            assert_eq!(read.depth, 1, "a fold in a fold: {page}");
            let inner = title
                .strip_prefix("Diff of <code>")
                .and_then(|t| t.strip_suffix("</code>"))
                .unwrap_or(title);
            assert!(!inner.contains(['<', '>', '@', '`', '"']), "{line}");
            let entities = inner.split('&').skip(1).all(|e| e.starts_with("#x") && e.contains(';'));
            assert!(entities, "{line}");
        } else if line == "</details>" {
            assert_eq!(read.depth, 1, "nothing to close: {page}");
            read.depth -= 1;
        } else {
            // The verdict stands directly below the marker, which is a block of HTML of its own.
            panic!("HTML that is not ours: {line}\n{page}");
        }
    }
}

/// What a forge acts on after it has parsed the text: mentions, references, shortcodes, formulas, addresses.
#[track_caller]
fn prose(text: &str, page: &str) {
    // An arrow within a line quotes nothing.
    let text = text.replace(" -> ", " ");
    let bare: Vec<char> = text.chars().collect();
    for c in ['@', '$', '|', '<', '>', '[', ']', '\\', '~', '_', '&', '^'] {
        assert!(!bare.contains(&c), "{c} in {text:?}\n{page}");
    }
    for word in text.split(|c: char| c.is_whitespace()) {
        assert!(!word.contains("://") && !word.contains("www."), "an address: {word}\n{page}");
        // `!"` refers to nothing, `!12` does.
        let named = word.split('!').skip(1).any(|rest| rest.starts_with(char::is_alphanumeric));
        assert!(!word.contains('#') && !named, "a reference: {word}\n{page}");
        assert!(word.matches(':').count() < 2, "a shortcode: {word}\n{page}");
        let core = word.trim_matches(|c: char| !c.is_alphanumeric());
        let key = core.split_once('-').is_some_and(|(key, number)| {
            key.chars().all(|c| c.is_ascii_alphabetic())
                && number.chars().next().is_some_and(|c| c.is_ascii_digit())
        });
        assert!(!key, "a reference: {word}\n{page}");
        let commit = core.len() >= 7 && core.chars().all(|c| c.is_ascii_hexdigit());
        assert!(!commit, "a commit: {word}\n{page}");
    }
}
