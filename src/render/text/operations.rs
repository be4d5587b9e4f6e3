//! The writes in their order, in words, and what they cost.

use std::fmt;

use super::super::neutral::terminal;
use super::super::palette::Paint;
use super::super::table::{Row, Table, count};
use super::{Page, below};
use crate::model::Effect;
use crate::plan::PlannedOperation;
use crate::platform::Operation;

pub(super) fn section(page: &mut Page<'_, '_>) -> fmt::Result {
    let plan = page.outline.plan;
    let cost = plan.observed.api_cost;
    if plan.bound.operations.is_empty() {
        return Ok(());
    }
    let detail = format!(
        "{}, in this order; apply makes {}, {} of them to write; planning took {}",
        plan.bound.operations.len(),
        requests(cost.apply_reads.saturating_add(cost.writes)),
        cost.writes,
        requests(cost.plan_reads),
    );
    page.heading("Operations", &detail)?;
    let mut table = Table::default();
    let digits = plan.bound.operations.len().to_string().len();
    for (n, operation) in plan.bound.operations.iter().enumerate() {
        let number = format!("{:>digits$}. {}", n + 1, terminal(operation.unit.as_str()));
        table.push(row(page, number, operation));
    }
    table.write(page.out, page.options.palette, 2)
}

fn requests(n: u32) -> String {
    format!("{n} request{}", if n == 1 { "" } else { "s" })
}

fn row(page: &Page<'_, '_>, number: String, operation: &PlannedOperation) -> Row {
    let words = operation.operation.to_string();
    let row = Row::default()
        .cell(Paint::Plain, number)
        .cell(Paint::Plain, terminal(&words).to_string())
        .cell(Paint::Dim, summary(operation));
    if !page.options.full {
        return row;
    }
    let Effect { scopes, accepts, uses, features_lost, features_restored } = &operation.effect;
    let mut row = row;
    for scope in &scopes.add {
        row = row.below(Paint::Add, format!("+ scope {scope}"));
    }
    for scope in &scopes.remove {
        row = row.below(Paint::Remove, format!("- scope {scope}"));
    }
    for scope in accepts {
        row = row.below(Paint::Warning, format!("? accepted as missing {scope}"));
    }
    for change in uses {
        let address = below(&change.address, &operation.unit);
        let (before, after) = (terminal(&change.before), terminal(&change.after));
        row = row.below(Paint::Change, format!("~ {}: {before} -> {after}", terminal(address)));
    }
    for feature in features_lost {
        row = row.below(Paint::Alarm, format!("! feature breaks: {}", terminal(feature)));
    }
    for feature in features_restored {
        row = row.below(Paint::Add, format!("+ feature works again: {}", terminal(feature)));
    }
    row
}

/// Returns `+2 -1 scopes, moves 3 actions`, what an operation does in one glance.
fn summary(planned: &PlannedOperation) -> String {
    let effect = &planned.effect;
    let mut parts = Vec::new();
    match (effect.scopes.add.len(), effect.scopes.remove.len()) {
        (0, 0) => {}
        (1, 0) => parts.push("+1 scope".to_owned()),
        (0, 1) => parts.push("-1 scope".to_owned()),
        (add, 0) => parts.push(format!("+{add} scopes")),
        (0, remove) => parts.push(format!("-{remove} scopes")),
        (add, remove) => parts.push(format!("+{add} -{remove} scopes")),
    }
    if !effect.accepts.is_empty() {
        parts.push(format!("accepts {} missing", effect.accepts.len()));
    }
    // A write of one action's access moves that action: only more than that is news. A write of tiers names them itself.
    if effect.uses.len() > 1 {
        match &planned.operation {
            Operation::Odeus(_) => {
                parts.push(format!("moves {}", count(effect.uses.len(), "action", "actions")));
            }
            Operation::Trustpager(_) => {}
        }
    }
    if !effect.features_lost.is_empty() {
        let n = count(effect.features_lost.len(), "feature", "features");
        parts.push(format!("breaks {n}"));
    }
    if !effect.features_restored.is_empty() {
        let n = count(effect.features_restored.len(), "feature", "features");
        parts.push(format!("restores {n}"));
    }
    parts.join(", ")
}
