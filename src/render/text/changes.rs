//! The changes with the lines that caused them, and what no line asks for.

use std::fmt;

use super::super::neutral::terminal;
use super::super::outline::Action;
use super::super::palette::Paint;
use super::super::table::{Row, Table, count};
use super::value::{self, Delta};
use super::{Page, findings};
use crate::plan::Change;

pub(super) fn section(page: &mut Page<'_, '_>) -> fmt::Result {
    if page.outline.changes.is_empty() {
        return Ok(());
    }
    page.heading("Changes", &page.outline.changes.len().to_string())?;
    let mut table = Table::default();
    for change in &page.outline.changes {
        table.push(row(page, change));
    }
    table.write(page.out, page.options.palette, 2)
}

fn row(page: &Page<'_, '_>, change: &Change) -> Row {
    let (word, paint) = match Action::of(change) {
        Action::Create => ("+ add", Paint::Add),
        Action::Update => ("~ change", Paint::Change),
        Action::Delete => ("- remove", Paint::Remove),
        Action::NoOp => ("= keep", Paint::Dim),
    };
    let row = Row::default()
        .cell(paint, word)
        .cell(Paint::Plain, terminal(change.address.as_str()).to_string());
    let place = place(page, change);
    match value::of(change) {
        Delta::Line(line) => row.cell(Paint::Plain, line).cell(Paint::Dim, place),
        Delta::Fields(fields) => {
            let row = row.cell(Paint::Plain, "").cell(Paint::Dim, place);
            let widest = fields.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
            fields.iter().fold(row, |row, (name, line)| {
                row.below(Paint::Plain, format!("{name:widest$}  {line}"))
            })
        }
    }
}

/// Returns `at acme.yaml:14:7, by list_*`.
fn place(page: &Page<'_, '_>, change: &Change) -> String {
    let mut text = match page.outline.source_of(&change.address) {
        Some(range) => findings::at(range),
        None => String::new(),
    };
    if change.declared_at != change.address && !text.is_empty() {
        text.push_str(&format!(", by {}", terminal(change.declared_at.name())));
    }
    if change.catalog_change {
        let comma = if text.is_empty() { "" } else { "; " };
        text.push_str(comma);
        text.push_str("the vendor changed the catalogue, no line moved");
    }
    text
}

pub(super) fn left_alone(page: &mut Page<'_, '_>) -> fmt::Result {
    if page.outline.left_alone.is_empty() {
        return Ok(());
    }
    let n = count(page.outline.left_alone.len(), "place", "places");
    page.heading("Left alone", &format!("{n}, because no line asks for anything there"))?;
    let mut table = Table::default();
    for left in &page.outline.left_alone {
        table.push(
            Row::default()
                .cell(Paint::Plain, format!("= {}", terminal(left.address.as_str())))
                .cell(Paint::Dim, terminal(&left.to_string()).to_string()),
        );
    }
    table.write(page.out, page.options.palette, 2)
}
