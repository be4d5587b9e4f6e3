//! The effective configuration before and after as hunks of lines: an inert value that every format shows in its own way.
//!
//! The lines are compared and kept as they are. Making them harmless is the format's business, and comes after: what is
//! shown alike need not be alike.

use similar::{ChangeTag, TextDiff};

use crate::model::Address;
use crate::plan::Plan;

/// How many unchanged lines stand around each change.
const CONTEXT: usize = 3;

/// What changes in the effective configuration of one unit.
#[derive(Debug)]
pub(super) struct UnitDiff<'p> {
    pub(super) unit: &'p Address,
    /// Whether it comes into being: it has no text before.
    pub(super) begins: bool,
    /// Whether it vanishes as a whole: it has no text after.
    pub(super) ends: bool,
    /// At least one, in the order of their lines.
    pub(super) hunks: Vec<Hunk>,
}

/// Lines that change, with a few around them.
#[derive(Debug)]
pub(super) struct Hunk {
    /// Such as `@@ -1,3 +1,4 @@`; made of numbers alone.
    pub(super) header: String,
    pub(super) lines: Vec<Line>,
}

/// One line of a hunk. Not harmless yet.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) sign: Sign,
    /// Without its line end.
    pub(super) text: String,
    /// Whether the text ends here without a line end.
    pub(super) unended: bool,
}

/// What happens to a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    Same,
    Gone,
    New,
}

impl Sign {
    /// Returns the character that a unified diff begins the line with.
    pub(super) const fn mark(self) -> char {
        match self {
            Self::Same => ' ',
            Self::Gone => '-',
            Self::New => '+',
        }
    }
}

/// What a unified diff writes below a line that has no line end.
pub(super) const UNENDED: &str = "\\ No newline at end of file";

/// What stands in place of a file's name where there is no such file: what reads the diff then makes the file or removes it,
/// and does not leave an empty one.
pub(super) const NO_FILE: &str = "/dev/null";

/// Returns whether the name of a file is ended by a TAB in the first lines of a unified diff, as GNU diff and git do it for a
/// name with white space in it: what reads the diff takes another name to end at the first space.
pub(super) fn ends_with_tab(name: &str) -> bool {
    name.contains(char::is_whitespace)
}

/// Returns the units whose effective configuration differs, in unit order.
pub(super) fn of(plan: &Plan) -> Vec<UnitDiff<'_>> {
    let differ = plan.observed.effective.iter().filter(|e| e.before != e.after);
    let mut units: Vec<UnitDiff<'_>> = differ
        .map(|e| UnitDiff {
            unit: &e.unit,
            begins: e.before.is_empty(),
            ends: e.after.is_empty(),
            hunks: between(&e.before, &e.after),
        })
        .collect();
    units.sort_by_key(|diff| diff.unit);
    units
}

fn between(before: &str, after: &str) -> Vec<Hunk> {
    let diff = TextDiff::from_lines(before, after);
    let mut unified = diff.unified_diff();
    let hunks = unified.context_radius(CONTEXT).iter_hunks().map(|hunk| Hunk {
        header: hunk.header().to_string(),
        lines: hunk
            .iter_changes()
            .map(|change| Line {
                sign: match change.tag() {
                    ChangeTag::Equal => Sign::Same,
                    ChangeTag::Delete => Sign::Gone,
                    ChangeTag::Insert => Sign::New,
                },
                text: change.value().strip_suffix('\n').unwrap_or(change.value()).to_owned(),
                unended: change.missing_newline(),
            })
            .collect(),
    });
    hunks.collect()
}
