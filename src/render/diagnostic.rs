//! Diagnostics as text, the way rustc prints them.

mod document;
mod printable;

use std::fmt::{self, Write};
use std::ops::Range;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use self::printable::{LONG_LINE, Secrets, Shown};
use super::neutral::{is_odd_space, terminal};
use crate::diag::{Diagnostic, Diagnostics, Label, Severity};
use crate::source::{FileId, SourceMap};

pub use self::document::{
    Document, Entry, JsonPosition, JsonRange, JsonSnippet, Related, document, document_schema, json,
};
pub use self::printable::visible;

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::Code;
    use crate::source::{Origin, Span};

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
