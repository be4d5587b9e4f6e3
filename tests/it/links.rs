//! No link in the documents leads nowhere: each names a file of the tree, and a heading of it where it names one.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Adds the Markdown documents of a folder, and those below it unless it is the root.
fn collect(folder: &Path, below: bool, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && below {
            collect(&path, below, found);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            found.push(path);
        }
    }
}

fn documents() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    collect(root, false, &mut found);
    for folder in ["docs", "examples", "data", "policies"] {
        collect(&root.join(folder), true, &mut found);
    }
    found
}

/// The lines outside fenced code.
fn prose(text: &str) -> impl Iterator<Item = &str> {
    let mut fenced = false;
    text.lines().filter(move |line| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        !fenced && !fence
    })
}

/// What forges make of a heading: lower case, blanks as dashes, and no punctuation.
fn anchor(heading: &str) -> String {
    let kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
    heading.to_lowercase().chars().filter(kept).collect::<String>().replace(' ', "-")
}

fn anchors(text: &str) -> BTreeSet<String> {
    let headings = prose(text).filter(|line| line.starts_with('#'));
    headings.map(|line| anchor(line.trim_start_matches('#').trim())).collect()
}

/// Returns what is behind `](` in a line, but for addresses of other places.
fn links(line: &str) -> impl Iterator<Item = &str> {
    let targets = line.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
    targets.map(|(target, _)| target).filter(|target| !target.contains("://"))
}

#[test]
fn every_link_leads_somewhere() {
    let mut followed = 0;
    for path in documents() {
        let text = std::fs::read_to_string(&path).unwrap();
        for target in prose(&text).flat_map(links) {
            let (file, heading) = target.split_once('#').unwrap_or((target, ""));
            let there = if file.is_empty() { path.clone() } else { path.with_file_name(file) };
            assert!(there.exists(), "{}: {target} leads nowhere", path.display());
            if !heading.is_empty() {
                let known = anchors(&std::fs::read_to_string(&there).unwrap());
                assert!(known.contains(heading), "{}: {target} is no heading", path.display());
            }
            followed += 1;
        }
    }
    assert!(followed > 60, "{followed} links");
}

#[test]
fn a_heading_is_named_as_forges_name_it() {
    assert_eq!(anchor("What stops a plan"), "what-stops-a-plan");
    assert_eq!(anchor("`limits`, and `protect`"), "limits-and-protect");
    assert_eq!(links("see [a](b.md#c) and [x](https://x.example)").collect::<Vec<_>>(), ["b.md#c"]);
}
