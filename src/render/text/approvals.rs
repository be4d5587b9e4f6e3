//! Who must agree before the plan is applied, one line for each rule that it meets.

use std::fmt;

use super::super::neutral::terminal;
use super::super::palette::Paint;
use super::super::table::{Row, Table, count, names};
use super::Page;
use crate::plan::policy::{Requirement, required};

pub(super) fn section(page: &mut Page<'_, '_>) -> fmt::Result {
    let rules = required(&page.outline.plan.bound);
    if rules.is_empty() {
        return Ok(());
    }
    let detail = match page.options.given {
        Some(given) => given.words(rules.iter().map(|asked| &asked.rule)),
        None => {
            let rules = count(rules.len(), "rule", "rules");
            format!("{rules} must be satisfied before this is applied")
        }
    };
    page.heading("Approvals", &detail)?;
    let mut table = Table::default();
    for Requirement { rule, because } in &rules {
        let people = names(rule.of.iter().map(String::as_str), page.most());
        let teams: Vec<&str> =
            rule.named.iter().filter(|name| !rule.of.contains(*name)).map(String::as_str).collect();
        let people = if teams.is_empty() {
            people
        } else {
            format!("{people} ({})", names(teams, page.most()))
        };
        let most = if page.options.full { page.most() } else { 3 };
        let why = names(because.iter().map(String::as_str), most);
        let when = terminal(rule.when.name());
        let (paint, when) = match page.options.given {
            Some(given) if given.satisfies(rule) => (Paint::Dim, format!("  {when}")),
            Some(_) | None => (Paint::Warning, format!("? {when}")),
        };
        let mut row = Row::default().cell(paint, when);
        row = row.cell(Paint::Plain, format!("{} of {people}", rule.need));
        if let Some(given) = page.options.given {
            let by = names(given.of(rule), page.most());
            let state = match (given.satisfies(rule), by.is_empty()) {
                (true, _) => format!("satisfied by {by}"),
                (false, true) => "open".to_owned(),
                (false, false) => format!("open, has {by}"),
            };
            row = row.cell(Paint::Plain, state);
        }
        table.push(row.cell(Paint::Dim, format!("because of {why}")));
    }
    table.write(page.out, page.options.palette, 2)
}
