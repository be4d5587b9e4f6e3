//! Every changed unit before and after, side by side. For an integration the seed's *Scope view* and *Action view*.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::super::hunks::{self, NO_FILE, Sign, UNENDED, UnitDiff};
use super::super::table::{count, names_by};
use super::marks::Marks;
use super::markup::Markup;
use super::{FOLD, Page, tiers};
use crate::model::{Access, ActionKey, Address, Scope};
use crate::plan::Plan;
use crate::platform::Comparison;
use crate::platform::odeus::compare::{ActionSides, Comparison as Integration, ScopeSides};
use crate::platform::odeus::view::{Enabled, Remedy, Requested, Usable};

/// With more rows than this in all views together, every unit begins folded, and is laid out only when it is near: until
/// then the browser tells a screen reader less of it.
const MANY: usize = 1_500;

/// How many actions are named beside a scope.
const ACTIONS: usize = 6;

/// Writes the entries of the contents, one for each unit.
pub(super) fn contents(out: &mut Markup<'_>, plan: &Plan) -> fmt::Result {
    out.raw("<ul>")?;
    let units = plan.observed.comparisons.iter().map(Comparison::unit);
    for (n, unit) in units.chain(without_views(plan)).enumerate() {
        out.raw("<li><a href=\"#u")?;
        out.number(n)?;
        out.el("\">", unit.name(), "</a></li>")?;
    }
    out.raw("</ul>")
}

/// Returns how many units change.
pub(super) fn number(plan: &Plan) -> usize {
    plan.observed.comparisons.len() + without_views(plan).count()
}

/// Returns the units that change and have no views: the workspace itself, whose settings are a few lines.
fn without_views(plan: &Plan) -> impl Iterator<Item = &Address> {
    let compared: BTreeSet<&Address> =
        plan.observed.comparisons.iter().map(Comparison::unit).collect();
    let differ = plan.observed.effective.iter().filter(|own| own.before != own.after);
    differ.map(|own| &own.unit).filter(move |unit| !compared.contains(unit))
}

pub(super) fn section(page: &mut Page<'_, '_>) -> fmt::Result {
    let plan = page.outline.plan;
    let comparisons = &plan.observed.comparisons;
    if number(plan) == 0 {
        return Ok(());
    }
    let diffs: BTreeMap<&Address, UnitDiff<'_>> =
        hunks::of(plan).into_iter().map(|diff| (diff.unit, diff)).collect();
    let n = count(number(plan), "thing changes", "things change");
    page.open("units", "Before and after", &n)?;
    let all: usize = comparisons.iter().map(rows).sum();
    for (n, comparison) in comparisons.iter().enumerate() {
        let unit = comparison.unit();
        let fold = all > MANY || rows(comparison) > FOLD;
        page.out.raw(if all > MANY {
            "<article class=\"unit far\" id=\"u"
        } else {
            "<article class=\"unit\" id=\"u"
        })?;
        page.out.number(n)?;
        page.out.raw("\" aria-labelledby=\"uh")?;
        page.out.number(n)?;
        page.out.raw(if fold {
            "\"><details data-fold><summary>"
        } else {
            "\"><details data-fold open><summary>"
        })?;
        page.out.raw("<h3 id=\"uh")?;
        page.out.number(n)?;
        page.out.raw("\">")?;
        match comparison {
            Comparison::Odeus(own) => page.out.el("", &own.title, " <code>")?,
            Comparison::Trustpager(own) => page.out.el("", own.unit.name(), " <code>")?,
        }
        page.out.el("", unit.as_str(), "</code></h3> ")?;
        match comparison {
            Comparison::Odeus(own) => integration(page, own)?,
            Comparison::Trustpager(own) => tiers::ceiling(page, own)?,
        }
        if let Some(diff) = diffs.get(unit) {
            unified(&mut page.out, diff)?;
        }
        page.out.raw("</details></article>\n")?;
    }
    for (n, unit) in without_views(plan).enumerate() {
        let Some(diff) = diffs.get(unit) else { continue };
        alone(&mut page.out, comparisons.len() + n, diff)?;
    }
    page.close()
}

/// Writes a unit of which there is nothing to show but the lines that differ.
fn alone(out: &mut Markup<'_>, n: usize, diff: &UnitDiff<'_>) -> fmt::Result {
    out.raw("<article class=\"unit\" id=\"u")?;
    out.number(n)?;
    out.raw("\" aria-labelledby=\"uh")?;
    out.number(n)?;
    out.raw("\"")?;
    Marks::CHANGES.attribute(out)?;
    out.raw("><details data-fold open><summary><h3 id=\"uh")?;
    out.number(n)?;
    out.el("\">Settings <code>", diff.unit.as_str(), "</code></h3> ")?;
    summary(out, Marks::CHANGES)?;
    unified(out, diff)?;
    out.raw("</details></article>\n")
}

/// Returns how many rows the views of a unit have.
const fn rows(comparison: &Comparison) -> usize {
    match comparison {
        Comparison::Odeus(own) => own.scopes.len() + own.actions.len(),
        Comparison::Trustpager(own) => own.resources.len() + own.tokens.len(),
    }
}

/// Ends the summary of a unit with what happens to it.
pub(super) fn summary(out: &mut Markup<'_>, marks: Marks) -> fmt::Result {
    marks.badges(out)?;
    out.raw("<span class=\"hits\"></span></summary>\n")
}

/// Writes one fact of a unit on both sides.
pub(super) fn fact(
    out: &mut Markup<'_>,
    name: &'static str,
    before: &str,
    after: Option<&str>,
) -> fmt::Result {
    out.raw("<div><dt>")?;
    out.raw(name)?;
    out.el("</dt><dd>", before, "")?;
    if let Some(after) = after {
        out.el(" <span class=\"to\">→</span> <b>", after, "</b>")?;
    }
    out.raw("</dd></div>")
}

fn integration(page: &mut Page<'_, '_>, own: &Integration) -> fmt::Result {
    let mut scopes: Vec<(Marks, &ScopeSides)> =
        own.scopes.iter().map(|row| (of_scope(page, own, row), row)).collect();
    let mut actions: Vec<(Marks, &ActionSides)> =
        own.actions.iter().map(|row| (of_action(page, own, row), row)).collect();
    let all = scopes.iter().map(|row| row.0).chain(actions.iter().map(|row| row.0));
    let all = all.fold(Marks::default(), Marks::and);
    scopes.sort_by_key(|(marks, row)| (marks.rank(), &row.scope));
    actions.sort_by_key(|(marks, row)| (marks.rank(), &row.key));
    let out = &mut page.out;
    summary(out, if all.is_any() { all } else { Marks::CHANGES })?;
    out.raw("<dl class=\"facts\">")?;
    let access = |access: &Access| access.to_string();
    let after = own.access.after.as_ref().map(access);
    fact(out, "Open to", &access(&own.access.before), after.as_deref())?;
    fact(out, "OAuth client", &own.client.before, own.client.after.as_deref())?;
    out.raw("</dl>\n")?;
    if !scopes.is_empty() {
        scope_view(out, own, &scopes)?;
    }
    action_view(page, own, &actions)
}

fn of_scope(page: &Page<'_, '_>, own: &Integration, row: &ScopeSides) -> Marks {
    let marks = page.index.scope(&own.unit, &row.scope).map(Marks::of).unwrap_or_default();
    if row.requested.moves() { marks.and(Marks::CHANGES) } else { marks }
}

fn of_action(page: &Page<'_, '_>, own: &Integration, row: &ActionSides) -> Marks {
    let marks = page.index.at(&address(own, &row.key));
    let (before, after) = own.usable(row);
    if row.moves() || before != after { marks.and(Marks::CHANGES) } else { marks }
}

fn address(own: &Integration, key: &ActionKey) -> Address {
    own.unit.child("actions").child(key.as_str())
}

fn scope_view(
    out: &mut Markup<'_>,
    own: &Integration,
    rows: &[(Marks, &ScopeSides)],
) -> fmt::Result {
    let requested = |side: &dyn Fn(&ScopeSides) -> Requested| {
        own.scopes.iter().filter(|row| side(row) == Requested::Yes).count()
    };
    let before = requested(&|row| row.requested.before);
    let after = requested(&|row| *row.requested.after());
    let (moved, rest) = parted(rows);
    out.raw("<h4>Scope view <small>")?;
    out.el("", &format!("{before} requested before, {after} after"), "</small></h4>\n")?;
    if !moved.is_empty() {
        out.raw(
            "<table class=\"view both scopes\" data-sort><caption class=\"vh\">Scopes that move</caption>\
             <colgroup><col class=\"k3\"><col class=\"k2\"><col class=\"k2\"><col class=\"k1\"><col></colgroup>\
             <thead><tr><th scope=\"col\">Scope</th><th scope=\"col\">Before</th><th scope=\"col\">After</th>\
             <th scope=\"col\">What happens</th><th scope=\"col\">Declared by</th></tr></thead><tbody>\n",
        )?;
        for (marks, row) in moved {
            begin(out, *marks)?;
            scope_name(out, row)?;
            requested_cell(out, row.requested.before)?;
            requested_cell(out, *row.requested.after())?;
            out.raw("<td>")?;
            marks.badges(out)?;
            declared_by(out, own, row)?;
        }
        out.raw("</tbody></table>\n")?;
    }
    if rest.is_empty() {
        return Ok(());
    }
    stays(out, &count(rest.len(), "scope stays as it is", "scopes stay as they are"))?;
    out.raw(
        "<table class=\"view stay scopes\" data-sort><caption class=\"vh\">Scopes that stay</caption>\
         <colgroup><col class=\"k4\"><col class=\"k3\"><col></colgroup>\
         <thead><tr><th scope=\"col\">Scope</th><th scope=\"col\">Before and after</th>\
         <th scope=\"col\">Declared by</th></tr></thead><tbody>\n",
    )?;
    for (marks, row) in rest {
        begin(out, *marks)?;
        scope_name(out, row)?;
        requested_cell(out, row.requested.before)?;
        out.raw("<td>")?;
        declared_by(out, own, row)?;
    }
    out.raw("</tbody></table></details>\n")
}

/// Rows with what happens to each.
pub(super) type Rows<'r, R> = &'r [(Marks, R)];

/// Splits rows into those that something happens to and the others.
pub(super) fn parted<R>(rows: Rows<'_, R>) -> (Rows<'_, R>, Rows<'_, R>) {
    rows.split_at(rows.partition_point(|(marks, _)| marks.is_any()))
}

/// Begins the fold of what stays as it is.
pub(super) fn stays(out: &mut Markup<'_>, what: &str) -> fmt::Result {
    out.el("<details class=\"rest\" data-fold><summary>", what, "")?;
    out.raw(" <span class=\"hits\"></span></summary>\n")
}

fn scope_name(out: &mut Markup<'_>, row: &ScopeSides) -> fmt::Result {
    out.el("<th scope=\"row\"><code>", row.scope.as_str(), "</code>")?;
    if row.base {
        out.raw(" <span class=\"tag\">base</span>")?;
    }
    if row.native {
        out.raw(" <span class=\"tag\">native</span>")?;
    }
    out.raw("</th>")
}

fn requested_cell(out: &mut Markup<'_>, requested: Requested) -> fmt::Result {
    out.raw(match requested {
        Requested::Yes => "<td class=\"yes\">✓ requested</td>",
        Requested::Missing => "<td class=\"no\">✗ needed, not requested</td>",
        Requested::No => "<td class=\"off\">✗ not requested</td>",
    })
}

/// Writes the last cell of a scope's row, behind what is in the one before, and ends the row.
fn declared_by(out: &mut Markup<'_>, own: &Integration, row: &ScopeSides) -> fmt::Result {
    let declaring = declaring(own, &row.scope);
    if row.requested.moves() {
        out.raw("</td><td>")?;
    }
    if declaring.is_empty() {
        out.raw(if row.base { "every connection" } else { "no action" })?;
    }
    out.el("<small>", &names_by(declaring, ACTIONS, &str::to_owned), "</small></td></tr>\n")
}

/// Returns the actions that declare a scope; a declared placeholder stands for what fills it in.
fn declaring<'c>(own: &'c Integration, scope: &Scope) -> Vec<&'c str> {
    let declares = |action: &&ActionSides| {
        action.declares.contains(scope) || action.declares.iter().any(|own| own.becomes(scope))
    };
    own.actions.iter().filter(declares).map(|action| action.key.as_str()).collect()
}

fn action_view(
    page: &mut Page<'_, '_>,
    own: &Integration,
    rows: &[(Marks, &ActionSides)],
) -> fmt::Result {
    let before = own.actions.iter().filter(|row| row.is_on().0).count();
    let after = own.actions.iter().filter(|row| row.is_on().1).count();
    let (moved, rest) = parted(rows);
    let out = &mut page.out;
    out.raw("<h4>Action view <small>")?;
    out.el("", &format!("{before} on before, {after} after, of {}", rows.len()), "")?;
    out.raw("</small></h4>\n")?;
    if !moved.is_empty() {
        out.raw(
            "<table class=\"view both actions\" data-sort><caption class=\"vh\">Actions that move</caption>\
             <colgroup><col class=\"k3\"><col class=\"k2\"><col class=\"k2\"><col class=\"k1\"><col></colgroup>\
             <thead><tr><th scope=\"col\">Action</th><th scope=\"col\">Before</th><th scope=\"col\">After</th>\
             <th scope=\"col\">What happens</th><th scope=\"col\">Declares</th></tr></thead><tbody>\n",
        )?;
    }
    for (marks, row) in moved {
        let address = address(own, &row.key);
        let breaking: BTreeSet<&str> = page.index.features(&address).iter().copied().collect();
        let out = &mut page.out;
        begin(out, *marks)?;
        action_name(out, row)?;
        let (before, after) = own.usable(row);
        // With a client or without one is what an action that declares no scopes can be about.
        let (had, has) = if row.declares.is_empty() && marks.is_any() && own.client.moves() {
            own.has_client()
        } else {
            (true, true)
        };
        side(out, (&row.enabled.before, &before), &row.missing.before, had)?;
        side(out, (row.enabled.after(), &after), row.missing.after(), has)?;
        out.raw("<td>")?;
        marks.badges(out)?;
        for feature in breaking {
            out.el("<small class=\"no\">breaks ", feature, "</small>")?;
        }
        out.el("</td><td><small><code>", &row.declares.to_string(), "</code></small></td></tr>\n")?;
    }
    let out = &mut page.out;
    if !moved.is_empty() {
        out.raw("</tbody></table>\n")?;
    }
    if rest.is_empty() {
        return Ok(());
    }
    stays(out, &count(rest.len(), "action stays as it is", "actions stay as they are"))?;
    out.raw(
        "<table class=\"view stay actions\" data-sort><caption class=\"vh\">Actions that stay</caption>\
         <colgroup><col class=\"k4\"><col class=\"k3\"><col></colgroup>\
         <thead><tr><th scope=\"col\">Action</th><th scope=\"col\">Before and after</th>\
         <th scope=\"col\">Declares</th></tr></thead><tbody>\n",
    )?;
    for (marks, row) in rest {
        begin(out, *marks)?;
        action_name(out, row)?;
        out.raw("<td>")?;
        switch(out, &row.enabled.before, &own.usable(row).0)?;
        if let Some(badge) = missing_badge(&row.enabled.before, &row.missing.before) {
            out.raw(", ")?;
            out.raw(badge.1)?;
        }
        out.el("</td><td><small><code>", &row.declares.to_string(), "</code></small></td></tr>\n")?;
    }
    out.raw("</tbody></table></details>\n")
}

fn action_name(out: &mut Markup<'_>, row: &ActionSides) -> fmt::Result {
    out.el("<th scope=\"row\"><code>", row.key.as_str(), "</code>")?;
    if matches!(row.enabled.before, Enabled::Always) {
        out.raw(" <span class=\"tag\">native</span>")?;
    }
    out.el(" <small>", &row.title, "</small></th>")
}

/// Writes one side of an action: who can use it, its badge, and what to do about what is missing.
fn side(
    out: &mut Markup<'_>,
    (enabled, usable): (&Enabled, &Usable),
    missing: &BTreeMap<Scope, Remedy>,
    client: bool,
) -> fmt::Result {
    out.raw("<td>")?;
    switch(out, enabled, usable)?;
    match missing_badge(enabled, missing) {
        None if !client => {
            out.raw("<small class=\"no\">✗ does not run: no OAuth client</small>")?;
        }
        None => out.raw("<small class=\"yes\">✓ Scope configured</small>")?,
        Some((class, badge)) => {
            out.raw(class)?;
            out.raw(badge)?;
            out.raw("</small>")?;
        }
    }
    let mut by_remedy: BTreeMap<Remedy, Vec<&str>> = BTreeMap::new();
    for (scope, remedy) in missing {
        by_remedy.entry(*remedy).or_default().push(scope.as_str());
    }
    for (remedy, scopes) in by_remedy {
        out.el("<small><code>", &scopes.join(" "), "</code>: ")?;
        out.prose(remedy.words())?;
        out.raw("</small>")?;
    }
    out.raw("</td>")
}

/// Writes who can use an action, and what its own list says where the integration allows fewer.
fn switch(out: &mut Markup<'_>, enabled: &Enabled, usable: &Usable) -> fmt::Result {
    let Usable { who, limit, open } = usable;
    match (limit, enabled) {
        (None, Enabled::Always) => out.raw("<span class=\"yes\">● always on</span>"),
        (None, Enabled::For(Access::Nobody)) => out.raw("<span class=\"off\">○ off</span>"),
        (None, Enabled::For(Access::Everyone)) => out.raw("<span class=\"yes\">● everyone</span>"),
        (None, Enabled::For(Access::Only(_))) => out.el("<span class=\"yes\">◐ ", who, "</span>"),
        (Some(limit), _) => {
            out.raw(if *open { "<span class=\"yes\">◐ " } else { "<span class=\"off\">○ " })?;
            out.el("", who, "</span>")?;
            out.el("<small>", limit, "</small>")
        }
    }
}

/// Returns how a row begins and says its *Missing scope* badge, when it has one.
fn missing_badge(
    enabled: &Enabled,
    missing: &BTreeMap<Scope, Remedy>,
) -> Option<(&'static str, &'static str)> {
    let off = matches!(enabled, Enabled::For(Access::Nobody));
    let accepted = missing.values().all(|remedy| *remedy == Remedy::Accepted);
    (!missing.is_empty()).then_some(match (off, accepted) {
        (false, false) => ("<small class=\"no\">", "✗ Missing scope"),
        (false, true) => ("<small class=\"maybe\">", "? Missing scope, accepted"),
        (true, _) => ("<small class=\"off\">", "✗ Missing scope"),
    })
}

/// Begins a row. One that stays as it is steps back.
pub(super) fn begin(out: &mut Markup<'_>, marks: Marks) -> fmt::Result {
    out.raw(if marks.is_any() { "<tr" } else { "<tr class=\"same\"" })?;
    marks.attribute(out)?;
    out.raw(">")
}

fn unified(out: &mut Markup<'_>, diff: &UnitDiff<'_>) -> fmt::Result {
    out.raw(
        "<details class=\"diff\"><summary>Effective configuration as a unified diff</summary><pre>",
    )?;
    let unit = diff.unit.as_str();
    let end = if hunks::ends_with_tab(unit) { "&#9;" } else { "" };
    out.raw("<span class=\"h\">")?;
    for (mark, side, none) in [("--- ", "live/", diff.begins), ("\n+++ ", "planned/", diff.ends)] {
        out.raw(mark)?;
        match none {
            true => out.raw(NO_FILE)?,
            false => out.el(side, unit, end)?,
        }
    }
    out.raw("</span>\n")?;
    for hunk in &diff.hunks {
        out.el("<span class=\"h\">", &hunk.header, "</span>\n")?;
        for line in &hunk.lines {
            match line.sign {
                Sign::Same => out.el(" ", &line.text, "\n")?,
                Sign::Gone => out.el("<del>-", &line.text, "</del>\n")?,
                Sign::New => out.el("<ins>+", &line.text, "</ins>\n")?,
            }
            if line.unended {
                out.raw(UNENDED)?;
                out.raw("\n")?;
            }
        }
    }
    out.raw("</pre></details>\n")
}
