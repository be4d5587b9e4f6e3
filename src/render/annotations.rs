//! Annotations on the lines of a pull request, as the workflow commands of GitHub's runner: `::error file=...::message`.
//!
//! The runner shows ten of each level and step and drops the others without a word, so the tenth says how many more there
//! are. Lines that open something come first.

use std::fmt::{self, Write};

use super::codes::Level;
use super::marks::{Mark, Marks};
use super::neutral::{command_property, command_text};

/// As many of one level as the runner shows.
const MOST: usize = 10;

/// Writes one line per annotation, gravest first.
///
/// # Errors
///
/// Fails only when `out` does.
pub fn write(marks: &Marks, out: &mut impl Write) -> fmt::Result {
    for level in [Level::Error, Level::Warning, Level::Note] {
        let mut all: Vec<&Mark> = marks.of_level(level).collect();
        // Of so few lines those that open something must not be the ones that are left out.
        all.sort_by_key(|mark| !mark.code.ends_with("-widens"));
        let shown = if all.len() > MOST { MOST - 1 } else { all.len() };
        for mark in all.iter().take(shown) {
            one(mark, out)?;
        }
        if all.len() > shown {
            let more = format!(
                "{} more like these are not shown here; the plan and its other formats list all of them",
                all.len() - shown
            );
            writeln!(out, "::{} title=scopeform::{}", word(level), command_text(&more))?;
        }
    }
    Ok(())
}

/// Writes the annotation of a run that came to no result.
///
/// # Errors
///
/// Fails only when `out` does.
pub fn failure(message: &str, out: &mut impl Write) -> fmt::Result {
    writeln!(out, "::error title=scopeform::{}", command_text(message))
}

fn one(mark: &Mark, out: &mut impl Write) -> fmt::Result {
    write!(out, "::{} ", word(mark.level))?;
    if let Some(place) = &mark.place {
        let (line, end_line) = (place.line, place.end_line);
        write!(out, "file={},line={line},endLine={end_line},", command_property(&place.file))?;
        // The runner refuses columns of what goes over several lines.
        if line == end_line {
            write!(out, "col={},endColumn={},", place.column, place.end_column)?;
        }
    }
    let title = command_property(&mark.code).to_string();
    write!(out, "title={title}::{}", command_text(&mark.message))?;
    if !mark.help.is_empty() {
        // A line break of ours: what comes from outside is on one line each.
        write!(out, "%0Ahelp: {}", command_text(&mark.help))?;
    }
    if let Some(accept) = &mark.accept {
        write!(out, "%0Aaccept exactly this plan with --accept {}", command_text(accept))?;
    }
    writeln!(out)
}

const fn word(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Note => "notice",
    }
}
