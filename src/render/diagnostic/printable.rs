//! What of a user's files, and of what is said about them, may be printed. The text may have come from anybody: control
//! characters, escape sequences and direction marks are shown, not sent. Secrets that were written into a file are not
//! shown at all.

use std::collections::BTreeSet;
use std::ops::Range;

use super::super::neutral::{is_deceptive, is_runner_command, terminal};
use crate::diag::Diagnostics;
use crate::source::{FileId, SourceFile, SourceMap};

/// The longest message or label, in characters: a file may hold a text of any length.
const LONGEST: usize = 600;

/// What stands in the place of a secret.
const REDACTED: &str = "[redacted]";

/// Lines longer than this are named, not shown.
pub(super) const LONG_LINE: usize = 2_000;

/// A piece of a file as it may be printed, with a map from the bytes of the file to those of the print.
pub(super) struct Shown {
    /// The print.
    pub(super) text: String,
    /// (byte of the file, byte of the print), ascending in both.
    steps: Vec<(usize, usize)>,
}

impl Shown {
    /// Returns the bytes of `window` of a file without what `all` says is secret.
    pub(super) fn new(
        id: FileId,
        file: &SourceFile,
        window: Range<usize>,
        all: &Diagnostics,
    ) -> Self {
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

    /// Returns where a range of the file stands in the print.
    pub(super) fn range(&self, range: Range<usize>) -> Range<usize> {
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
pub(super) struct Secrets<'a>(BTreeSet<&'a str>);

/// A redacted text of fewer bytes is a word that stands in messages for other reasons.
const TELLING: usize = 8;

impl<'a> Secrets<'a> {
    /// Returns what `all` says is secret in the files.
    pub(super) fn of(all: &Diagnostics, sources: &'a SourceMap) -> Self {
        let slices = all.redacted().filter_map(|at| Some(sources.file(at.file)?.slice(at.span)));
        let lines = slices.flat_map(str::lines).map(|line| line.trim().trim_matches(['"', '\'']));
        Self(lines.filter(|line| line.len() >= TELLING).collect())
    }

    /// Returns a message or a remark on one line, without secrets, cut short.
    pub(super) fn brief(&self, text: &str) -> String {
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
