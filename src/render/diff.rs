//! The effective configuration before and after, as a unified diff that every review tool can show.

use std::fmt;

use similar::{ChangeTag, TextDiff};

use super::neutral::terminal;
use super::palette::{Paint, Palette};
use crate::plan::Plan;

/// Writes one unified diff per unit that differs, in unit order, with `live/<unit>` and `planned/<unit>` as file names.
///
/// # Errors
/// Only when `out` fails.
pub fn plan(out: &mut dyn fmt::Write, plan: &Plan, palette: Palette) -> fmt::Result {
    let mut units: Vec<_> = plan.observed.effective.iter().collect();
    units.sort_by_key(|effective| &effective.unit);
    for effective in units {
        if effective.before == effective.after {
            continue;
        }
        let unit = terminal(effective.unit.as_str());
        let diff = TextDiff::from_lines(&effective.before, &effective.after);
        writeln!(out, "{}", palette.paint(Paint::Heading, format_args!("--- live/{unit}")))?;
        writeln!(out, "{}", palette.paint(Paint::Heading, format_args!("+++ planned/{unit}")))?;
        for hunk in diff.unified_diff().context_radius(3).iter_hunks() {
            writeln!(out, "{}", palette.paint(Paint::Note, hunk.header()))?;
            for change in hunk.iter_changes() {
                let (sign, paint) = match change.tag() {
                    ChangeTag::Delete => ('-', Paint::Remove),
                    ChangeTag::Insert => ('+', Paint::Add),
                    ChangeTag::Equal => (' ', Paint::Plain),
                };
                // Made harmless after comparing: what is shown alike need not be alike.
                let line = change.value();
                let line = line.strip_suffix('\n').unwrap_or(line);
                let line = terminal(line);
                writeln!(out, "{}", palette.paint(paint, format_args!("{sign}{line}")))?;
                if change.missing_newline() {
                    writeln!(out, "\\ No newline at end of file")?;
                }
            }
        }
    }
    Ok(())
}
