//! Blockers, warnings and notes, with the line they are about and what to do.

use std::fmt;

use super::super::neutral::terminal;
use super::super::palette::Paint;
use super::super::table::count;
use super::{Page, severity};
use crate::plan::guard::Limit;
use crate::plan::{Finding, Severity, SourceRange};

pub(super) fn blockers(page: &mut Page<'_, '_>) -> fmt::Result {
    let n = page.outline.counts.blockers;
    if n == 0 {
        return Ok(());
    }
    let they = if n == 1 { "it is" } else { "they are" };
    let solved = if page.outline.only_limits() { "solved or accepted" } else { "solved" };
    page.heading("Blockers", &format!("{n}, nothing is applied until {they} {solved}"))?;
    for finding in page.outline.of_severity(Severity::Blocker) {
        write(page, finding)?;
    }
    Ok(())
}

pub(super) fn others(page: &mut Page<'_, '_>) -> fmt::Result {
    let counts = page.outline.counts;
    if counts.warnings + counts.notes == 0 {
        return Ok(());
    }
    let mut detail = Vec::new();
    if counts.warnings > 0 {
        detail.push(count(counts.warnings, "warning", "warnings"));
    }
    if counts.notes > 0 {
        detail.push(count(counts.notes, "note", "notes"));
    }
    page.heading("Findings", &detail.join(", "))?;
    for finding in page.outline.of_severity(Severity::Warning) {
        write(page, finding)?;
    }
    let (mut people, mut privilege) = (0, 0);
    for finding in page.outline.of_severity(Severity::Note) {
        if page.options.full {
            write(page, finding)?;
        } else if repeats_people(page, finding) {
            people += 1;
        } else if finding.code == WIDENS {
            privilege += 1;
        } else {
            write(page, finding)?;
        }
    }
    for (repeats, what) in [(privilege, "the privilege"), (people, "the people")] {
        if repeats == 0 {
            continue;
        }
        let (notes, verb) = match repeats {
            1 => ("1 note".to_owned(), "repeats"),
            n => (format!("{n} notes"), "repeat"),
        };
        let line = format!("* {notes} {verb} {what} above; `--full` prints them");
        let line = page.paint(Paint::Dim, line);
        writeln!(page.out, "  {line}")?;
    }
    Ok(())
}

/// The rule whose notes say at each line what the section about privilege says of them all.
const WIDENS: &str = "privilege-widens";

/// The rules whose notes say, per integration, what the section about people says with names.
const ABOUT_PEOPLE: &[&str] = &["grant-outlives-removal", "reconnect-required"];

/// Returns whether a note says nothing that the people of its integration have not said above.
fn repeats_people(page: &Page<'_, '_>, finding: &Finding) -> bool {
    ABOUT_PEOPLE.contains(&finding.code.as_str())
        && page.outline.people.iter().any(|effect| finding.address.is_within(&effect.unit))
}

fn write(page: &mut Page<'_, '_>, finding: &Finding) -> fmt::Result {
    let (word, paint) = severity(finding.severity);
    let symbol = match finding.severity {
        Severity::Blocker | Severity::Warning => '!',
        Severity::Note => '*',
    };
    let code = format!("{symbol} {word}[{}]", terminal(&finding.code));
    let code = page.paint(paint, code);
    let (address, message) = (terminal(finding.address.as_str()), terminal(&finding.message));
    writeln!(page.out, "  {code} {address}: {message}")?;
    if let Some(range) = page.outline.source_of(&finding.address) {
        let place = page.paint(Paint::Dim, at(range));
        writeln!(page.out, "      {place}")?;
    }
    if !finding.help.is_empty() {
        writeln!(page.out, "      help: {}", terminal(&finding.help))?;
    }
    if let Some(limit) = Limit::to_accept(finding) {
        writeln!(
            page.out,
            "      accept: `--accept {}`",
            terminal(&limit.acceptance(page.digest))
        )?;
    }
    if !finding.paste.is_empty() {
        // At the start of the line and whole, so that a triple click copies the list and nothing else.
        let n = count(finding.paste.len(), "scope", "scopes");
        writeln!(page.out, "      {n} to copy:\n{}", finding.paste)?;
    }
    Ok(())
}

/// Returns `at acme.yaml:14:7`.
pub(super) fn at(range: &SourceRange) -> String {
    format!("at {}", terminal(&place(range)))
}

/// Returns `acme.yaml:14:7`, not yet harmless.
pub(in crate::render) fn place(range: &SourceRange) -> String {
    format!("{}:{}:{}", range.file, range.line, range.column)
}
