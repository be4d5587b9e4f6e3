//! SARIF 2.1.0: findings on the lines that cause them, for code scanning and for editors.
//!
//! ```text
//! tool.driver.rules     what `scopeform explain CODE` prints, of the codes that are used
//! results               one per finding or diagnostic, gravest first
//! automationDetails     scopeform/plan/WORKSPACE/: what a later upload replaces
//! invocations           how the program ended
//! ```
//!
//! Files are named from the root of the repository, never from the root of a machine's disk, so the same plan gives the
//! same bytes everywhere.

use std::collections::BTreeMap;
use std::fmt::{self, Write};

use serde_json::{Value, json};

use super::codes::{self, Level, Meaning};
use super::marks::{Mark, Marks, Place};
use super::neutral::{self, forge, terminal};

/// The public schema of the format.
const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// The name that stands for the root of the repository in the places below it.
const ROOT: &str = "SRCROOT";

/// Code scanning keeps no more results of one upload than this.
const MOST: usize = 5_000;

/// How the program ends that made the results.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ending<'a> {
    /// The version of the program.
    pub version: &'a str,
    /// The exit code, where it is known by the time of writing.
    pub exit: Option<u8>,
    /// Why there is no result: the name of the exit code, and a sentence.
    pub failed: Option<(&'a str, &'a str)>,
}

/// Writes the document.
///
/// # Errors
///
/// Fails only when `out` does.
pub fn write(marks: &Marks, ending: Ending<'_>, out: &mut impl Write) -> fmt::Result {
    let shown: Vec<&Mark> = marks.all.iter().take(MOST).collect();
    let meanings = codes::all();
    let mut codes: Vec<&str> = shown.iter().map(|mark| mark.code.as_str()).collect();
    codes.sort_unstable();
    codes.dedup();
    let index: BTreeMap<&str, usize> =
        codes.iter().enumerate().map(|(n, code)| (*code, n)).collect();
    let rules: Vec<Value> =
        codes.iter().map(|code| rule(code, meanings.get(code), marks)).collect();
    let results: Vec<Value> = shown
        .iter()
        .map(|mark| result(mark, index.get(mark.code.as_str()).copied().unwrap_or_default()))
        .collect();
    let mut id = format!("scopeform/{}/", marks.task);
    if let Some(workspace) = &marks.workspace {
        id.push_str(&format!("{workspace}/"));
    }
    let mut run = json!({
        "tool": { "driver": {
            "name": "scopeform",
            "semanticVersion": ending.version,
            "shortDescription": { "text": "Declares OAuth scopes, actions and sharing; plans and applies the difference." },
            "rules": rules,
        } },
        "automationDetails": { "id": id },
        "invocations": [invocation(ending, marks.all.len())],
        "originalUriBaseIds": { ROOT: { "description": { "text": "The root of the repository." } } },
        "columnKind": "unicodeCodePoints",
        "results": results,
    });
    if let (Some(digest), Some(run)) = (&marks.digest, run.as_object_mut()) {
        run.insert("properties".to_owned(), json!({ "digest": digest }));
    }
    let log = json!({ "$schema": SCHEMA, "version": "2.1.0", "runs": [run] });
    let text = serde_json::to_string_pretty(&log).map_err(|_| fmt::Error)?;
    writeln!(out, "{}", neutral::json(&text))
}

fn invocation(ending: Ending<'_>, found: usize) -> Value {
    let mut told = Vec::new();
    if let Some((name, message)) = ending.failed {
        told.push(json!({
            "level": "error",
            "descriptor": { "id": name },
            "message": { "text": text(message) },
        }));
    }
    if found > MOST {
        told.push(json!({
            "level": "warning",
            "descriptor": { "id": "results-left-out" },
            "message": { "text": format!("{} of {found} results are left out, the least grave ones", found - MOST) },
        }));
    }
    let mut invocation = json!({ "executionSuccessful": ending.failed.is_none() });
    if let Some(fields) = invocation.as_object_mut() {
        if let Some(code) = ending.exit {
            fields.insert("exitCode".to_owned(), code.into());
        }
        if !told.is_empty() {
            fields.insert("toolExecutionNotifications".to_owned(), told.into());
        }
    }
    invocation
}

/// Returns a rule in the words that `scopeform explain` has for it. One that nobody knows here has its name alone.
fn rule(code: &str, meanings: Option<&Vec<Meaning>>, marks: &Marks) -> Value {
    let all = meanings.map(Vec::as_slice).unwrap_or_default();
    let own = all.iter().find(|m| m.platform.is_some() && m.platform == marks.platform);
    let meaning = own.or_else(|| all.iter().find(|m| m.platform.is_none())).or_else(|| all.first());
    let found = marks.all.iter().find(|mark| mark.code == code).map_or(Level::Note, |m| m.level);
    let level = meaning.map_or(found, |meaning| meaning.level);
    let title = meaning.map_or(code, |meaning| meaning.title);
    let mut rule = json!({
        "id": code,
        "name": pascal(code),
        "shortDescription": { "text": text(title) },
        "defaultConfiguration": { "level": word(level) },
        "properties": {
            "tags": ["oauth", "scopes"],
            "precision": "very-high",
            "problem.severity": match level {
                Level::Error => "error",
                Level::Warning => "warning",
                Level::Note => "recommendation",
            },
        },
    });
    if let (Some(meaning), Some(fields)) = (meaning, rule.as_object_mut()) {
        let explain = meaning.explain.trim_end();
        let first = explain.split("\n\n").next().unwrap_or_default().replace('\n', " ");
        fields.insert("fullDescription".to_owned(), json!({ "text": first }));
        let help = json!({ "text": explain, "markdown": explain });
        fields.insert("help".to_owned(), help);
    }
    rule
}

fn result(mark: &Mark, rule: usize) -> Value {
    let mut message = text(&mark.message);
    if !mark.help.is_empty() {
        message.push_str(&format!("\nhelp: {}", text(&mark.help)));
    }
    let mut location = serde_json::Map::new();
    if let Some(place) = &mark.place {
        location.insert("physicalLocation".to_owned(), physical(place));
    }
    if let Some(address) = &mark.address {
        let name = terminal(address).to_string();
        location.insert("logicalLocations".to_owned(), json!([{ "fullyQualifiedName": name }]));
    }
    let related: Vec<Value> = mark.related.iter().enumerate().map(|(n, (message, place))| {
        json!({ "id": n + 1, "message": { "text": text(message) }, "physicalLocation": physical(place) })
    }).collect();
    let short = mark.fingerprint.get(..16).unwrap_or(&mark.fingerprint);
    let mut result = json!({
        "ruleId": mark.code,
        "ruleIndex": rule,
        "level": word(mark.level),
        "message": { "text": message },
        "locations": [location],
        // The first is the one that code scanning follows an alert by; it is a hash of the line there, and would make a
        // new alert of every edit of the line's text.
        "partialFingerprints": {
            "primaryLocationLineHash": format!("{short}:1"),
            "scopeform/v1": mark.fingerprint,
        },
    });
    if let Some(fields) = result.as_object_mut() {
        if !related.is_empty() {
            fields.insert("relatedLocations".to_owned(), related.into());
        }
        if let Some(accept) = &mark.accept {
            fields.insert("properties".to_owned(), json!({ "accept": accept }));
        }
    }
    result
}

fn physical(place: &Place) -> Value {
    json!({
        "artifactLocation": { "uri": uri(&place.file), "uriBaseId": ROOT },
        "region": {
            "startLine": place.line,
            "startColumn": place.column,
            "endLine": place.end_line,
            "endColumn": place.end_column,
        },
    })
}

/// Returns a relative path as a URI reference: what is not unreserved is escaped, byte by byte.
fn uri(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(char::from(byte));
            }
            other => uri.push_str(&format!("%{other:02X}")),
        }
    }
    uri
}

/// Returns a text of ours or of others as a message: harmless, and no part of it a placeholder such as `{0}`. A brace
/// elsewhere stays one: viewers show a doubled brace, which the standard has for it, as two.
fn text(message: &str) -> String {
    let shown = forge(message).to_string();
    let mut out = String::with_capacity(shown.len());
    for (at, c) in shown.char_indices() {
        let rest = shown.get(at + c.len_utf8()..).unwrap_or_default();
        if c == '{' && rest.trim_start_matches(|c: char| c.is_ascii_digit()).starts_with('}') {
            out.push('{');
        }
        out.push(c);
    }
    out
}

/// Returns `NativeScopeMissing` for `native-scope-missing`: viewers show the name beside the id.
fn pascal(code: &str) -> String {
    let words = code.split(['-', '_']).map(|word| {
        let mut chars = word.chars();
        chars.next().map(|first| first.to_ascii_uppercase().to_string() + chars.as_str())
    });
    words.flatten().collect()
}

const fn word(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Note => "note",
    }
}
