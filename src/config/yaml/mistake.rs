//! What is wrong with a text that is no YAML, and where: the parser says where it gave up, which is often behind the mistake.

use serde_saphyr::granit_parser::{ErrorKind, ScanError};

use super::MAX_DEPTH;
use crate::diag::Code;
use crate::source::{SourceFile, Span};

/// How many lines above an error a quote is looked for that was never closed.
const QUOTED_LINES: usize = 50;

/// Why a file has no structure from some place on.
pub(super) struct Mistake {
    /// The rule.
    pub code: Code,
    /// What to underline.
    pub span: Span,
    /// What is the matter.
    pub message: String,
    /// What to do.
    pub help: &'static str,
}

impl Mistake {
    fn new(code: Code, span: Span, message: impl Into<String>, help: &'static str) -> Self {
        Self { code, span, message: message.into(), help }
    }
}

/// Returns what is wrong where the parser has given up.
pub(super) fn mistake(error: &ScanError, source: &SourceFile) -> Mistake {
    let start = source.floor(error.marker().byte_offset().unwrap_or(0));
    let next = source.text().get(start..).and_then(|rest| rest.chars().next());
    let width = next.filter(|c| !matches!(c, '\n' | '\r')).map_or(0, char::len_utf8);
    let span = Span::new(start, start + width);
    match error.kind() {
        ErrorKind::RecursionLimitExceeded => too_deep(span),
        ErrorKind::TabNotAllowed
        | ErrorKind::TabInBlockIndentation
        | ErrorKind::TabInIndentation
        | ErrorKind::TabAtBlockScalarStart
        | ErrorKind::TabInPlainScalar => Mistake::new(
            Code::TabIndentation,
            tab_before(source, start).unwrap_or(span),
            "a tab is used as indentation",
            "indent with spaces",
        ),
        _ if pattern_before(source, start).is_some() => Mistake::new(
            Code::YamlSyntax,
            pattern_before(source, start).unwrap_or(span),
            "the file is not YAML: what begins with `*` is an alias",
            "quote a pattern that begins with `*`: `\"*_page\": enabled`",
        ),
        ErrorKind::UnknownAnchor => Mistake::new(
            Code::YamlSyntax,
            span,
            "the alias refers to no anchor above it",
            "define the anchor with `&name` before the alias `*name`",
        ),
        ErrorKind::UnclosedQuotedScalar
        | ErrorKind::InvalidQuotedScalarIndent
        | ErrorKind::DocumentIndicatorInQuotedScalar => Mistake::new(
            Code::YamlSyntax,
            open_quote(source, start).unwrap_or(span),
            "the file is not YAML: this quote is not closed",
            "put the same quote at the end of the text",
        ),
        _ => Mistake::new(
            Code::YamlSyntax,
            span,
            format!("the file is not YAML: {}", error.info()),
            "check the line above as well: indentation, quotes and brackets",
        ),
    }
}

/// Returns that a value is nested too deeply.
pub(super) fn too_deep(span: Span) -> Mistake {
    Mistake::new(
        Code::TooDeep,
        span,
        format!("the document is nested more than {MAX_DEPTH} levels deep"),
        "check the indentation: the deepest legal document has ten levels",
    )
}

/// Finds the tab on the line of an error: the parser reports where it gave up, which is behind the tab.
fn tab_before(source: &SourceFile, at: usize) -> Option<Span> {
    let line = source.line_of(at);
    let lines = [line, line.saturating_sub(1), line + 1];
    lines.into_iter().find_map(|line| {
        let span = source.line_span(line);
        let text = source.text().get(span.range())?;
        let tab = text.find('\t')?;
        let blank = text.get(..tab)?.chars().all(|c| matches!(c, ' ' | '-' | ':' | '?'));
        blank.then(|| Span::new(span.start + tab, span.start + tab + 1))
    })
}

/// Finds a key that begins with `*` on the line of an error or the one before: a pattern that somebody forgot to quote.
fn pattern_before(source: &SourceFile, at: usize) -> Option<Span> {
    let line = source.line_of(at);
    [Some(line), line.checked_sub(1)].into_iter().flatten().find_map(|line| {
        let span = source.line_span(line);
        let text = source.text().get(span.range())?;
        let mut begin = 0;
        // Behind the indentation, or behind `{` or `,` in one line.
        for piece in text.split_inclusive(['{', ',']) {
            let blank = piece.len() - piece.trim_start().len();
            let word = piece.trim_start().split(':').next().unwrap_or_default();
            if word.starts_with('*') && word.len() < piece.trim_start().len() {
                let start = span.start + begin + blank;
                return Some(Span::new(start, start + word.trim_end().len()));
            }
            begin += piece.len();
        }
        None
    })
}

/// Finds the quote that a text begins with which has no end on its line, above or at an error: the parser reports where
/// it gave up.
fn open_quote(source: &SourceFile, at: usize) -> Option<Span> {
    (0..=source.line_of(at)).rev().take(QUOTED_LINES).find_map(|line| {
        let span = source.line_span(line);
        let text = source.text().get(span.range())?;
        let open = |quote: char| {
            let odd = text.matches(quote).count() % 2 == 1;
            text.rfind(quote).filter(|_| odd)
        };
        let at = span.start + open('"').or_else(|| open('\''))?;
        Some(Span::new(at, at + 1))
    })
}
