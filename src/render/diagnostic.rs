//! Diagnostics as text, the way rustc prints them, and as JSON, the way `terraform validate -json` does.
//!
//! The text of the files is the user's, and may have come from anybody: control characters, escape sequences and
//! direction marks are shown, not sent. Secrets that were written into a file are not shown at all.

use std::collections::BTreeSet;
use std::fmt::{self, Write};
use std::ops::Range;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::neutral::{is_deceptive, is_odd_space, is_runner_command, terminal};
use crate::diag::{Diagnostic, Diagnostics, Label, Severity};
use crate::source::{FileId, Origin, Position, SourceFile, SourceMap};

/// Whether text carries colour. Colour never carries meaning alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Colour {
    /// Plain text.
    #[default]
    Never,
    /// ANSI colours.
    Always,
}

/// More than this many are not read by anybody.
const MOST: usize = 1_000;

/// The longest message or label, in characters: a file may hold a text of any length.
const LONGEST: usize = 600;

/// What stands in the place of a secret.
const REDACTED: &str = "[redacted]";

/// Writes all diagnostics, then one line that counts them. Writes nothing when there are none.
///
/// # Errors
///
/// Fails only when `out` does.
pub fn text(
    diagnostics: &Diagnostics,
    sources: &SourceMap,
    colour: Colour,
    out: &mut impl Write,
) -> fmt::Result {
    let secrets = Secrets::of(diagnostics, sources);
    for diagnostic in diagnostics.iter().take(MOST) {
        one(diagnostic, (diagnostics, &secrets), sources, colour, out)?;
        out.write_str("\n")?;
    }
    let more = diagnostics.iter().count().saturating_sub(MOST);
    if more > 0 {
        writeln!(out, "{more} more are not shown; fix these first")?;
    }
    let counts = [
        (diagnostics.count(Severity::Error), "error", "errors"),
        (diagnostics.count(Severity::Warning), "warning", "warnings"),
        (diagnostics.count(Severity::Note), "note", "notes"),
    ];
    let told = counts.iter().filter(|(count, ..)| *count > 0);
    let line: Vec<String> = told
        .map(|(count, one, many)| format!("{count} {}", if *count == 1 { one } else { many }))
        .collect();
    if line.is_empty() { Ok(()) } else { writeln!(out, "{}", line.join(", ")) }
}

fn one(
    diagnostic: &Diagnostic,
    (all, secrets): (&Diagnostics, &Secrets<'_>),
    sources: &SourceMap,
    colour: Colour,
    out: &mut impl Write,
) -> fmt::Result {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let title = level.primary_title(secrets.brief(&diagnostic.message)).id(diagnostic.code.name());
    let mut group = Group::with_title(title);
    for excerpt in excerpts(diagnostic, (all, secrets), sources) {
        group = match excerpt {
            Excerpt::Lines(lines) => group.element(lines.snippet()),
            Excerpt::Place(place) => group.element(place),
        };
    }
    for help in help(diagnostic, secrets, sources) {
        group = group.element(Level::HELP.message(help));
    }
    let renderer = match colour {
        Colour::Never => Renderer::plain(),
        Colour::Always => Renderer::styled(),
    };
    let report = [group];
    writeln!(out, "{}", renderer.decor_style(DecorStyle::Ascii).term_width(120).render(&report))
}

/// Returns what to do about a diagnostic, in every format.
fn help(
    diagnostic: &Diagnostic,
    secrets: &Secrets<'_>,
    sources: &SourceMap,
) -> impl Iterator<Item = String> {
    let own = diagnostic.help.as_ref().map(|help| secrets.brief(help));
    own.into_iter().chain(odd_space(diagnostic, sources))
}

/// Says of a place that holds a space which no editor tells from the usual one that it does.
fn odd_space(diagnostic: &Diagnostic, sources: &SourceMap) -> Option<String> {
    let origin = diagnostic.primary.as_ref()?.origin;
    let file = sources.file(origin.file)?;
    // The parser may stop beside it, so the lines count as a whole.
    let start = file.line_span(file.line_of(file.floor(origin.span.start))).start;
    let end = file.line_span(file.line_of(file.floor(origin.span.end))).end;
    let odd = file.text().get(start..end.max(start))?.chars().find(|c| is_odd_space(*c))?;
    let number = u32::from(odd);
    Some(format!(
        "`\\u{{{number:x}}}` is a space that is not the usual one (U+{number:04X}): put a plain space in its place, or none"
    ))
}

/// Lines longer than this are named, not shown.
const LONG_LINE: usize = 2_000;

/// What is shown of one file.
enum Excerpt {
    /// The lines in question.
    Lines(Lines),
    /// Only where they are: they are not made for reading.
    Place(annotate_snippets::Origin<'static>),
}

/// A piece of one file with what is said about it.
struct Lines {
    name: String,
    first_line: usize,
    shown: String,
    marks: Vec<(Range<usize>, AnnotationKind, String)>,
}

impl Lines {
    fn snippet(self) -> Snippet<'static, annotate_snippets::Annotation<'static>> {
        let marks = self.marks.into_iter().map(|(range, kind, text)| {
            let label = if text.is_empty() { None } else { Some(text) };
            kind.span(range).label(label)
        });
        Snippet::source(self.shown).line_start(self.first_line).path(self.name).annotations(marks)
    }
}

/// Lines between two marks of one file that are still shown as one piece.
const NEAR: usize = 10;

type Marks<'a> = Vec<(&'a Label, AnnotationKind)>;

fn excerpts(
    diagnostic: &Diagnostic,
    (all, secrets): (&Diagnostics, &Secrets<'_>),
    sources: &SourceMap,
) -> Vec<Excerpt> {
    let mut pieces: Vec<(FileId, Range<usize>, Marks<'_>)> = Vec::new();
    let primary = diagnostic.primary.iter().map(|label| (label, AnnotationKind::Primary));
    let related = diagnostic.related.iter().map(|label| (label, AnnotationKind::Context));
    for (label, kind) in primary.chain(related) {
        let Some(file) = sources.file(label.origin.file) else { continue };
        let line = file.line_of(file.floor(label.origin.span.start));
        let last = file.line_of(file.floor(label.origin.span.end)).max(line);
        let near = pieces.iter_mut().find(|(id, lines, _)| {
            *id == label.origin.file
                && lines.start <= last.saturating_add(NEAR)
                && line <= lines.end.saturating_add(NEAR)
        });
        match near {
            Some((_, lines, labels)) => {
                *lines = lines.start.min(line)..lines.end.max(last);
                labels.push((label, kind));
            }
            None => pieces.push((label.origin.file, line..last, vec![(label, kind)])),
        }
    }
    let mut found = Vec::new();
    for (id, lines, labels) in pieces {
        let Some(file) = sources.file(id) else { continue };
        let window = file.line_span(lines.start).start..file.line_span(lines.end).end;
        let longest =
            (lines.start..=lines.end).map(|line| file.line_span(line).range().len()).max();
        if longest > Some(LONG_LINE) {
            for (label, _) in labels {
                let at = file.position(label.origin.span.start);
                let place = annotate_snippets::Origin::path(terminal(file.name()).to_string());
                found.push(Excerpt::Place(place.line(at.line).char_column(at.column)));
            }
            continue;
        }
        let shown = Shown::new(id, file, window, all);
        let marks = labels.into_iter().map(|(label, kind)| {
            (shown.range(label.origin.span.range()), kind, secrets.brief(&label.text))
        });
        found.push(Excerpt::Lines(Lines {
            name: terminal(file.name()).to_string(),
            first_line: lines.start + 1,
            marks: marks.collect(),
            shown: shown.text,
        }));
    }
    found
}

/// A piece of a file as it may be printed, with a map from the bytes of the file to those of the print.
struct Shown {
    text: String,
    /// (byte of the file, byte of the print), ascending in both.
    steps: Vec<(usize, usize)>,
}

impl Shown {
    fn new(id: FileId, file: &SourceFile, window: Range<usize>, all: &Diagnostics) -> Self {
        let secrets: Vec<Range<usize>> =
            all.redacted().filter(|at| at.file == id).map(|at| at.span.range()).collect();
        let mut shown = Self { text: String::new(), steps: Vec::new() };
        let mut hidden = false;
        let piece = file.text().get(window.clone()).unwrap_or_default();
        let mut rest = piece.chars().peekable();
        let mut at = window.start;
        while let Some(c) = rest.next() {
            shown.steps.push((at, shown.text.len()));
            let secret = secrets.iter().any(|range| range.contains(&at));
            match c {
                // Lines are kept, so that line numbers stay true.
                '\n' => shown.text.push('\n'),
                '\r' if rest.peek() == Some(&'\n') => {}
                _ if secret && hidden => {}
                _ if secret => shown.text.push_str(REDACTED),
                '\t' => shown.text.push('\t'),
                '#' if file.text().get(at..).is_some_and(is_runner_command) => {
                    shown.text.push_str("\\u{23}");
                }
                c => push_visible(&mut shown.text, c),
            }
            hidden = secret;
            at += c.len_utf8();
        }
        shown.steps.push((at, shown.text.len()));
        shown
    }

    fn byte(&self, at: usize) -> usize {
        let after = self.steps.partition_point(|(byte, _)| *byte <= at);
        self.steps.get(after.saturating_sub(1)).map_or(0, |(_, shown)| *shown)
    }

    fn range(&self, range: Range<usize>) -> Range<usize> {
        let start = self.byte(range.start);
        start..self.byte(range.end).max(start)
    }
}

/// Returns the text with everything that a terminal would obey or hide made visible.
#[must_use]
pub fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c == '\n' { out.push(c) } else { push_visible(&mut out, c) }
    }
    out
}

/// What may not be printed, as texts, to be kept out of what is said about a file as well.
struct Secrets<'a>(BTreeSet<&'a str>);

/// A redacted text of fewer bytes is a word that stands in messages for other reasons.
const TELLING: usize = 8;

impl<'a> Secrets<'a> {
    fn of(all: &Diagnostics, sources: &'a SourceMap) -> Self {
        let slices = all.redacted().filter_map(|at| Some(sources.file(at.file)?.slice(at.span)));
        let lines = slices.flat_map(str::lines).map(|line| line.trim().trim_matches(['"', '\'']));
        Self(lines.filter(|line| line.len() >= TELLING).collect())
    }

    /// Returns a message or a remark on one line, without secrets, cut short.
    fn brief(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in &self.0 {
            if text.contains(secret) {
                text = text.replace(secret, REDACTED);
            }
        }
        brief(&text)
    }
}

fn brief(text: &str) -> String {
    let shown = terminal(text).to_string();
    match shown.char_indices().nth(LONGEST) {
        None => shown,
        Some((end, _)) => format!("{}...", shown.get(..end).unwrap_or_default()),
    }
}

fn push_visible(out: &mut String, c: char) {
    if is_deceptive(c) { out.extend(c.escape_unicode()) } else { out.push(c) }
}

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
    writeln!(out, "{}", super::neutral::json(&text))
}

/// Returns the JSON Schema of [`Document`].
#[must_use]
pub fn document_schema() -> serde_json::Value {
    let mut schema = schemars::schema_for!(Document);
    schema.insert("title".to_owned(), "scopeform diagnostics".into());
    schema.to_value()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::Code;
    use crate::source::Span;

    fn render(diagnostics: &Diagnostics, sources: &SourceMap) -> String {
        let mut out = String::new();
        text(diagnostics, sources, Colour::Never, &mut out).unwrap();
        out
    }

    #[test]
    fn text_of_the_user_is_shown_and_not_obeyed() {
        let mut sources = SourceMap::new();
        let body = "a: \u{1b}[31mred\u{202e}\nb: x\n";
        let file = sources.add("evil\u{1b}.yaml", body);
        let mut all = Diagnostics::new();
        let span = Span::new(3, body.find('\n').unwrap());
        all.push(Diagnostic::at(Code::InvalidName, Origin { file, span }, "bad \u{7}name"));
        let mut json_text = String::new();
        json(&all, &sources, &mut json_text).unwrap();
        for out in [render(&all, &sources), json_text] {
            assert!(!out.contains(['\u{1b}', '\u{202e}', '\u{7}']), "{out:?}");
            assert!(out.contains("u{202e}"), "{out}");
        }
    }

    #[test]
    fn a_secret_is_replaced_and_what_follows_is_underlined_where_it_stands() {
        let mut sources = SourceMap::new();
        let body = "x: {secret: hunter2, mode: wrong}\n";
        let file = sources.add("a.yaml", body);
        let at = |word: &str| {
            let start = body.find(word).unwrap();
            Origin { file, span: Span::new(start, start + word.len()) }
        };
        let mut all = Diagnostics::new();
        all.push(Diagnostic::at(Code::InvalidValue, at("wrong"), "`wrong` is not a mode"));
        all.redact(at("hunter2"));
        let out = render(&all, &sources);
        assert!(!out.contains("hunter2"));
        let lines: Vec<&str> = out.lines().collect();
        let code = lines.iter().position(|line| line.contains("[redacted]")).unwrap();
        assert_eq!(lines[code].find("wrong"), lines[code + 1].find("^^^^^"), "{out}");
        let json = document(&all, &sources);
        let snippet = json.diagnostics[0].snippet.as_ref().unwrap();
        let marked = snippet.highlight_start_offset..snippet.highlight_end_offset;
        assert_eq!(snippet.code.get(marked), Some("wrong"));
        // The position is the file's, not the print's.
        assert_eq!(json.diagnostics[0].range.as_ref().unwrap().start.column, 28);
    }
}
