//! The effective configuration before and after, as a unified diff that every review tool can show.

use std::fmt;

use super::hunks::{self, NO_FILE, Sign, UNENDED, UnitDiff};
use super::neutral::terminal;
use super::palette::{Paint, Palette};
use crate::plan::Plan;

/// Writes one unified diff per unit that differs, in unit order, with `live/<unit>` and `planned/<unit>` as file names, and
/// `/dev/null` on the side on which the unit does not exist.
///
/// # Errors
/// Only when `out` fails.
pub fn plan(out: &mut dyn fmt::Write, plan: &Plan, palette: Palette) -> fmt::Result {
    hunks::of(plan).iter().try_for_each(|diff| unit(out, diff, palette))
}

/// Writes the unified diff of one unit.
pub(super) fn unit(out: &mut dyn fmt::Write, diff: &UnitDiff<'_>, palette: Palette) -> fmt::Result {
    let unit = terminal(diff.unit.as_str()).to_string();
    let end = if hunks::ends_with_tab(&unit) { "\t" } else { "" };
    for (mark, side, none) in [("---", "live", diff.begins), ("+++", "planned", diff.ends)] {
        let name = if none { NO_FILE.to_owned() } else { format!("{side}/{unit}{end}") };
        writeln!(out, "{}", palette.paint(Paint::Heading, format_args!("{mark} {name}")))?;
    }
    for hunk in &diff.hunks {
        writeln!(out, "{}", palette.paint(Paint::Note, &hunk.header))?;
        for line in &hunk.lines {
            let paint = match line.sign {
                Sign::Gone => Paint::Remove,
                Sign::New => Paint::Add,
                Sign::Same => Paint::Plain,
            };
            let (mark, text) = (line.sign.mark(), terminal(&line.text));
            writeln!(out, "{}", palette.paint(paint, format_args!("{mark}{text}")))?;
            if line.unended {
                writeln!(out, "{UNENDED}")?;
            }
        }
    }
    Ok(())
}
