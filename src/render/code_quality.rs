//! GitLab's code quality report, which its merge requests show beside the lines.

use std::fmt::{self, Write};

use serde_json::{Value, json};

use super::codes::Level;
use super::marks::{Mark, Marks};
use super::neutral::{self, forge};

/// Writes the report: a JSON list, gravest first.
///
/// # Errors
///
/// Fails only when `out` does.
pub fn write(marks: &Marks, out: &mut impl Write) -> fmt::Result {
    document(marks.all.iter().map(one).collect(), out)
}

/// Writes the report of a run that came to no result.
///
/// # Errors
///
/// Fails only when `out` does.
pub fn failure(name: &str, message: &str, fingerprint: &str, out: &mut impl Write) -> fmt::Result {
    let issue = json!({
        "description": forge(message).to_string(),
        "check_name": name,
        "fingerprint": fingerprint,
        "severity": "blocker",
        // GitLab drops what has no place.
        "location": { "path": ".", "lines": { "begin": 1, "end": 1 } },
    });
    document(vec![issue], out)
}

fn document(issues: Vec<Value>, out: &mut impl Write) -> fmt::Result {
    let text = serde_json::to_string_pretty(&Value::Array(issues)).map_err(|_| fmt::Error)?;
    writeln!(out, "{}", neutral::json(&text))
}

fn one(mark: &Mark) -> Value {
    let mut description = forge(&mark.message).to_string();
    if !mark.help.is_empty() {
        description.push_str(&format!(" (help: {})", forge(&mark.help)));
    }
    let place = mark.place.as_ref();
    let lines = place.map_or((1, 1), |place| (place.line, place.end_line));
    json!({
        "description": description,
        "check_name": mark.code,
        "fingerprint": mark.fingerprint,
        "severity": match mark.level {
            Level::Error => "blocker",
            Level::Warning => "major",
            Level::Note => "info",
        },
        "location": {
            "path": place.map_or(".", |place| place.file.as_str()),
            "lines": { "begin": lines.0, "end": lines.1 },
        },
    })
}
