use super::*;
use crate::source::SourceMap;

fn read(body: &str) -> (Option<Node>, Diagnostics, SourceMap) {
    let mut sources = SourceMap::new();
    let id = sources.add("a.yaml", body);
    let mut out = Diagnostics::new();
    let node = parse(id, sources.file(id).unwrap(), &mut out);
    (node, out, sources)
}

/// The source text of every leaf, in the order of the file.
fn leaves(node: &Node, file: &SourceFile, found: &mut Vec<String>) {
    match &node.value {
        Value::Null => found.push("null".to_owned()),
        Value::Scalar { .. } => found.push(file.slice(node.span).to_owned()),
        Value::Seq(items) => items.iter().for_each(|item| leaves(item, file, found)),
        Value::Map(entries) => {
            for (key, value) in entries {
                found.push(file.slice(key.span).to_owned());
                leaves(value, file, found);
            }
        }
    }
}

#[test]
fn every_value_knows_its_place_whatever_its_style() {
    for (body, expected) in [
        ("a: b\n", vec!["a", "b"]),
        ("\u{feff}ä: ü # c\n", vec!["ä", "ü"]),
        ("a: \"b c\"\r\n'd': 'e'\r\n", vec!["a", "\"b c\"", "'d'", "'e'"]),
        ("a: [x, 1.10, ~]\n", vec!["a", "x", "1.10", "null"]),
        ("a: |\n  x\n  y\nb: 1\n", vec!["a", "x\n  y", "b", "1"]),
        ("a: &n x\nb: *n\n", vec!["a", "x", "b", "*n"]),
        ("a:\nb: null\n", vec!["a", "null", "b", "null"]),
        ("? a\n: b\n", vec!["a", "b"]),
    ] {
        let (node, out, sources) = read(body);
        assert!(out.is_empty(), "{body:?}: {out:?}");
        let mut found = Vec::new();
        leaves(&node.unwrap(), sources.iter().next().unwrap().1, &mut found);
        assert_eq!(found, expected, "{body:?}");
    }
}

#[test]
fn text_is_kept_as_written() {
    for (body, expected) in
        [("1.10", "1.10"), ("007", "007"), ("\"no\"", "no"), ("0x1F", "0x1F"), ("1_000", "1_000")]
    {
        let (node, ..) = read(&format!("a: {body}\n"));
        let Value::Map(entries) = node.unwrap().value else { panic!("{body}") };
        let Value::Scalar { text, .. } = &entries[0].1.value else { panic!("{body}") };
        assert_eq!(text, expected);
    }
}

#[test]
fn what_is_broken_is_told_by_its_code_and_place() {
    for (body, code, underlined) in [
        ("a: [b\n", "yaml-syntax", "["),
        ("a: *b\n", "yaml-syntax", "*"),
        ("a:\n\tb: 1\n", "tab-indentation", "\t"),
        ("a: 1\n---\nb: 2\n", "several-documents", "---"),
        ("a: 1\na: 2\n", "duplicate-key", "a"),
        ("a: {<<: {b: 1}}\n", "merge-key", "<<"),
        ("a: !x b\n", "yaml-tag", "b"),
        ("a: &a [*a]\n", "alias-bomb", "*a"),
        ("no: 1\n", "yaml-boolean", "no"),
        ("", "empty-file", ""),
        ("~\n", "empty-file", ""),
        ("# nothing\n---\n...\n", "empty-file", ""),
    ] {
        let (_, out, sources) = read(body);
        let all: Vec<_> = out.iter().collect();
        assert_eq!(all.len(), 1, "{body:?}: {all:?}");
        assert_eq!(all[0].code.name(), code, "{body:?}");
        let span = all[0].primary.as_ref().unwrap().origin.span;
        let file = sources.iter().next().unwrap().1;
        assert_eq!(file.slice(span), underlined, "{body:?}");
    }
}

#[test]
fn the_budgets_hold_at_their_edges() {
    let nested = |levels: usize| format!("a: {}x{}\n", "[".repeat(levels), "]".repeat(levels));
    assert!(read(&nested(MAX_DEPTH - 2)).0.is_some());
    assert!(read(&nested(MAX_DEPTH - 1)).0.is_none());
    let aliased = |times: usize| {
        let list = vec!["x"; 99].join(", ");
        let uses = vec!["*l"; times].join(", ");
        format!("l: &l [{list}]\nu: [{uses}]\n")
    };
    assert!(read(&aliased(MAX_ALIASED_NODES / 100)).0.is_some());
    assert!(read(&aliased(MAX_ALIASED_NODES / 100 + 1)).0.is_none());
    let deep_alias =
        "a: &a [[[[[[[[[[[[x]]]]]]]]]]]]\nb: [[[[[[[[[[[[[[[[[[[[*a]]]]]]]]]]]]]]]]]]]]\n";
    assert_eq!(read(deep_alias).1.iter().next().unwrap().code, Code::TooDeep);
}

#[test]
fn ordinary_words_with_secret_sounding_keys_stay_readable() {
    let (_, out, _) =
        read("secret: {env: NAME, version: '2026-10'}\nb: {secret: {file: /run/x}}\n");
    assert_eq!(out.redacted().count(), 0);
    let (_, out, sources) = read("db_password: hunter2\nc: {secret: {env: 'not a name'}}\n");
    let file = sources.iter().next().unwrap().1;
    let hidden: Vec<&str> = out.redacted().map(|at| file.slice(at.span)).collect();
    assert_eq!(hidden, ["hunter2", "'not a name'"]);
}
