//! The small print: every change with its line, every write in its order, and what no line asks for.

use std::fmt;

use super::super::outline::Action;
use super::super::table::count;
use super::super::text::findings::place;
use super::super::text::value::{self, Delta};
use super::marks::Marks;
use super::{FOLD, Page};
use crate::plan::Change;
use crate::plan::carried::Carried;

/// Begins a fold, open unless there is much in it.
fn fold(page: &mut Page<'_, '_>, rows: usize, title: &str) -> fmt::Result {
    page.out.raw(if rows > FOLD { "<details data-fold>" } else { "<details data-fold open>" })?;
    page.out.el("<summary>", title, " <span class=\"hits\"></span></summary>\n")
}

pub(super) fn changes(page: &mut Page<'_, '_>) -> fmt::Result {
    let outline = page.outline;
    let n = outline.changes.len();
    if n == 0 {
        return Ok(());
    }
    page.open("changes", "Changes", &format!("{n}, each with the line that asks for it"))?;
    fold(page, n, "Every change")?;
    page.out.raw(
        "<table class=\"wide changes\" data-sort><caption class=\"vh\">Changes</caption><thead><tr><th scope=\"col\">Address</th>\
         <th scope=\"col\">What</th><th scope=\"col\">From and to</th><th scope=\"col\">Line</th></tr></thead><tbody>\n",
    )?;
    for change in &outline.changes {
        one_change(page, change)?;
    }
    page.out.raw("</tbody></table>\n</details>\n")?;
    page.close()
}

fn one_change(page: &mut Page<'_, '_>, change: &Change) -> fmt::Result {
    let marks = page.index.at(&change.address).and(Marks::CHANGES);
    let out = &mut page.out;
    out.raw("<tr")?;
    marks.attribute(out)?;
    out.el("><th scope=\"row\"><code>", change.address.as_str(), "</code></th><td>")?;
    out.raw(match Action::of(change) {
        Action::Create => "+ add",
        Action::Update => "~ change",
        Action::Delete => "- remove",
        Action::NoOp => "= keep",
    })?;
    out.raw("</td><td>")?;
    match value::of(change) {
        Delta::Line(line) => out.text(&line.replacen(" -> ", " → ", 1))?,
        Delta::Fields(fields) => {
            out.raw("<ul>")?;
            for (name, line) in &fields {
                out.el("<li><code>", name, "</code> ")?;
                out.el("", &line.replacen(" -> ", " → ", 1), "</li>")?;
            }
            out.raw("</ul>")?;
        }
    }
    out.raw("</td><td class=\"where\">")?;
    let source = page.outline.source_of(&change.address);
    if let Some(range) = source {
        out.text(&place(range))?;
        if change.declared_at != change.address {
            out.el(" by <code>", change.declared_at.name(), "</code>")?;
        }
    }
    if change.catalog_change {
        out.raw(" the vendor changed the catalogue, no line moved")?;
    }
    out.raw("</td></tr>\n")
}

pub(super) fn operations(page: &mut Page<'_, '_>) -> fmt::Result {
    let plan = page.outline.plan;
    let n = plan.bound.operations.len();
    if n == 0 {
        return Ok(());
    }
    let cost = plan.observed.api_cost;
    let detail = format!(
        "{n}, in this order; apply makes {}, {} of them to write",
        count(cost.apply_reads.saturating_add(cost.writes) as usize, "request", "requests"),
        cost.writes
    );
    page.open("operations", "Operations", &detail)?;
    fold(page, n, "Every write")?;
    page.out.raw(
        "<table class=\"wide operations\" data-sort><caption class=\"vh\">Operations</caption><thead><tr><th scope=\"col\">No.</th>\
         <th scope=\"col\">Where</th><th scope=\"col\">Write</th><th scope=\"col\">Scopes</th></tr></thead><tbody>\n",
    )?;
    let carried = Carried::of(&plan.bound);
    for (at, operation) in plan.bound.operations.iter().enumerate() {
        let own = carried.by(at).iter().filter_map(|change| plan.bound.changes.get(*change));
        let own = own.map(|change| page.index.at(&change.address));
        let marks = own.fold(page.index.at(&operation.address).and(Marks::CHANGES), Marks::and);
        let scopes = &operation.effect.scopes;
        let out = &mut page.out;
        out.raw("<tr")?;
        marks.attribute(out)?;
        out.raw("><td>")?;
        out.number(at + 1)?;
        out.el("</td><th scope=\"row\">", operation.unit.as_str(), "</th>")?;
        out.raw("<td>")?;
        out.prose(&operation.operation.to_string())?;
        out.raw("</td><td>")?;
        for scope in &scopes.add {
            out.el("<code class=\"add\">+ ", scope.as_str(), "</code> ")?;
        }
        for scope in &scopes.remove {
            out.el("<code class=\"del\">- ", scope.as_str(), "</code> ")?;
        }
        out.raw("</td></tr>\n")?;
    }
    page.out.raw("</tbody></table>\n</details>\n")?;
    page.close()
}

pub(super) fn left_alone(page: &mut Page<'_, '_>) -> fmt::Result {
    let left = &page.outline.left_alone;
    if left.is_empty() {
        return Ok(());
    }
    let n = count(left.len(), "place", "places");
    page.open("left", "Left alone", &format!("{n}, because no line asks for anything there"))?;
    page.out.raw(
        "<table class=\"wide\"><caption class=\"vh\">Left alone</caption><thead class=\"vh\"><tr><th scope=\"col\">Address</th>\
         <th scope=\"col\">What is there</th></tr></thead><tbody>\n",
    )?;
    for left in left {
        let out = &mut page.out;
        out.raw("<tr")?;
        Marks::default().attribute(out)?;
        out.el("><th scope=\"row\"><code>", left.address.as_str(), "</code></th>")?;
        out.el("<td class=\"s\">", &left.to_string(), "</td></tr>\n")?;
    }
    page.out.raw("</tbody></table>\n")?;
    page.close()
}
