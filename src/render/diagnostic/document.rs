//! Diagnostics as JSON, the way `terraform validate -json` prints them.

use std::fmt::{self, Write};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::help;
use super::printable::{LONG_LINE, Secrets, Shown, visible};
use crate::diag::{Diagnostics, Severity};
use crate::source::{Origin, Position, SourceMap};

/// What `validate --json` prints. Same field names as `terraform validate -json`, with `code`, `help` and `related`
/// beside them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Document {
    /// The version of this format.
    pub format_version: String,
    /// Whether the files can be planned.
    pub valid: bool,
    /// How many errors there are.
    pub error_count: usize,
    /// How many warnings there are.
    pub warning_count: usize,
    /// In the order of files and places.
    pub diagnostics: Vec<Entry>,
}

/// One diagnostic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Entry {
    /// `error`, `warning` or `note`.
    pub severity: String,
    /// What is the matter.
    pub summary: String,
    /// What to do about it; empty when nothing is known.
    pub detail: String,
    /// The stable name of the rule; `scopeform explain CODE` says more.
    pub code: String,
    /// Where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range: Option<JsonRange>,
    /// The line in question.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snippet: Option<JsonSnippet>,
    /// Other places that have to do with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub related: Vec<Related>,
}

/// Another place with what it has to do with a diagnostic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Related {
    /// What about it.
    pub message: String,
    /// Where.
    pub range: JsonRange,
}

/// A range in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct JsonRange {
    /// Path below the configuration folder, with `/`.
    pub filename: String,
    /// The first character.
    pub start: JsonPosition,
    /// The character after the last.
    pub end: JsonPosition,
}

/// A position in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct JsonPosition {
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    /// From 0.
    pub byte: usize,
}

/// The first line of a range, as it may be printed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct JsonSnippet {
    /// The line, with secrets and control characters replaced.
    pub code: String,
    /// Its number, from 1.
    pub start_line: usize,
    /// The first byte of `code` to highlight.
    pub highlight_start_offset: usize,
    /// The byte after the last to highlight.
    pub highlight_end_offset: usize,
}

impl From<Position> for JsonPosition {
    fn from(position: Position) -> Self {
        Self { line: position.line, column: position.column, byte: position.byte }
    }
}

/// Returns all diagnostics in the shape of `terraform validate -json`.
#[must_use]
pub fn document(diagnostics: &Diagnostics, sources: &SourceMap) -> Document {
    let range = |origin: Origin| {
        let (name, start, end) = sources.locate(origin)?;
        Some(JsonRange { filename: visible(name), start: start.into(), end: end.into() })
    };
    let secrets = Secrets::of(diagnostics, sources);
    let entries = diagnostics.iter().map(|diagnostic| Entry {
        severity: diagnostic.severity.name().to_owned(),
        summary: secrets.brief(&diagnostic.message),
        detail: help(diagnostic, &secrets, sources).collect::<Vec<_>>().join("; "),
        code: diagnostic.code.name().to_owned(),
        range: diagnostic.primary.as_ref().and_then(|label| range(label.origin)),
        snippet: diagnostic
            .primary
            .as_ref()
            .and_then(|label| snippet(label.origin, diagnostics, sources)),
        related: diagnostic
            .related
            .iter()
            .filter_map(|label| {
                Some(Related { message: secrets.brief(&label.text), range: range(label.origin)? })
            })
            .collect(),
    });
    Document {
        format_version: "1.0".to_owned(),
        valid: !diagnostics.has_errors(),
        error_count: diagnostics.count(Severity::Error),
        warning_count: diagnostics.count(Severity::Warning),
        diagnostics: entries.collect(),
    }
}

fn snippet(origin: Origin, all: &Diagnostics, sources: &SourceMap) -> Option<JsonSnippet> {
    let file = sources.file(origin.file)?;
    let start = file.floor(origin.span.start);
    let line = file.line_of(start);
    if file.line_span(line).range().len() > LONG_LINE {
        return None;
    }
    let shown = Shown::new(origin.file, file, file.line_span(line).range(), all);
    let range = shown.range(start..file.floor(origin.span.end));
    let code = shown.text.trim_end_matches('\n');
    Some(JsonSnippet {
        code: code.to_owned(),
        start_line: line + 1,
        highlight_start_offset: range.start.min(code.len()),
        highlight_end_offset: range.end.min(code.len()),
    })
}

/// Writes the JSON form, with a line end.
///
/// # Errors
///
/// Fails only when `out` does.
pub fn json(diagnostics: &Diagnostics, sources: &SourceMap, out: &mut impl Write) -> fmt::Result {
    let text =
        serde_json::to_string_pretty(&document(diagnostics, sources)).map_err(|_| fmt::Error)?;
    writeln!(out, "{}", super::super::neutral::json(&text))
}

/// Returns the JSON Schema of [`Document`].
#[must_use]
pub fn document_schema() -> serde_json::Value {
    let mut schema = schemars::schema_for!(Document);
    schema.insert("title".to_owned(), "scopeform diagnostics".into());
    schema.to_value()
}
