//! What stops working, and who has to do something.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::super::neutral::terminal;
use super::super::outline::{Outline, unit_of};
use super::super::palette::Paint;
use super::super::table::{Row, Table, count, names};
use super::{Page, below};
use crate::model::{Address, ScopeSet};
use crate::plan::{Breakage, PeopleEffect, ReconnectReason};
use crate::platform::Latency;

/// Returns `2 actions, 1 native feature`; empty when nothing breaks.
pub(in crate::render) fn phrase(outline: &Outline<'_>) -> String {
    let counts = outline.counts;
    let mut parts = Vec::new();
    let actions = counts.actions_stop + counts.actions_will_not_run;
    if actions > 0 {
        parts.push(count(actions, "action", "actions"));
    }
    if counts.features_break > 0 {
        parts.push(count(counts.features_break, "native feature", "native features"));
    }
    parts.join(" and ")
}

pub(super) fn breakage(page: &mut Page<'_, '_>) -> fmt::Result {
    let outline = page.outline;
    if outline.plan.is_empty() && outline.breakage.is_empty() {
        return Ok(());
    }
    page.heading("Breakage", &breakage_title(outline))?;
    refused(page)?;
    let mut by_unit: BTreeMap<&str, Table> = BTreeMap::new();
    for breakage in page.outline.breakage.iter().copied() {
        let (unit, row) = row(page, breakage);
        by_unit.entry(unit).or_default().push(row);
    }
    for (unit, table) in &by_unit {
        writeln!(page.out, "  {}", terminal(unit))?;
        table.write(page.out, page.options.palette, 4)?;
    }
    Ok(())
}

/// Writes which rights refuse calls, units that are alike in that in one row. What each refuses stands under Privilege.
fn refused(page: &mut Page<'_, '_>) -> fmt::Result {
    let mut alike: Vec<(Vec<&str>, Vec<&str>)> = Vec::new();
    let mut known: BTreeMap<Vec<&str>, usize> = BTreeMap::new();
    for (unit, rights) in page.outline.refused() {
        let rights: Vec<&str> = rights.into_iter().map(|right| refused_name(right, unit)).collect();
        let at = *known.entry(rights.clone()).or_insert(alike.len());
        match alike.get_mut(at) {
            Some((_, units)) => units.push(unit.as_str()),
            None => alike.push((rights, vec![unit.as_str()])),
        }
    }
    let mut table = Table::default();
    for (rights, units) in alike {
        table.push(
            Row::default()
                .cell(Paint::Alarm, "! refused")
                .cell(Paint::Plain, names(units, page.most()))
                .cell(Paint::Plain, names(rights, page.most())),
        );
    }
    table.write(page.out, page.options.palette, 2)
}

/// Returns what a right that refuses calls is called beside the name of its unit.
pub(in crate::render) fn refused_name<'a>(right: &'a Address, unit: &Address) -> &'a str {
    if right == unit { "the key itself" } else { below(right, unit) }
}

/// Returns what people lose although nothing breaks, such as `3 actions are closed to people who may run them now`.
pub(in crate::render) fn taken(outline: &Outline<'_>) -> Option<String> {
    let counts = outline.counts;
    let mut parts = Vec::new();
    match counts.uses_narrower {
        0 => {}
        1 => parts.push("1 action is closed to people who may run it now".to_owned()),
        n => parts.push(format!("{n} actions are closed to people who may run them now")),
    }
    match counts.moments {
        0 => {}
        1 => parts.push("1 thing stops for a moment".to_owned()),
        n => parts.push(format!("{n} things stop for a moment")),
    }
    if outline.ends_connections() {
        parts.push("nothing works for those who must reconnect until they have".to_owned());
    }
    if parts.is_empty() { None } else { Some(parts.join("; ")) }
}

/// Returns what is said in place of breakage where there is none, on platforms where a change takes effect when people
/// reconnect.
fn unbroken(outline: &Outline<'_>) -> String {
    match taken(outline) {
        None => "nothing stops working".to_owned(),
        Some(taken) => format!("nothing breaks, but {taken}"),
    }
}

/// Returns `calls that 3 rights allow today are refused at once`, or that there are none.
pub(in crate::render) fn refused_title(outline: &Outline<'_>) -> String {
    match outline.counts.rights_refused {
        0 => "nothing that is allowed today is refused".to_owned(),
        1 => "calls that 1 right allows today are refused at once".to_owned(),
        n => format!("calls that {n} rights allow today are refused at once"),
    }
}

/// Returns `2 actions stop running, 1 native feature breaks`, or that nothing does.
pub(in crate::render) fn breakage_title(outline: &Outline<'_>) -> String {
    if outline.plan.bound.platform.takes_effect() == Latency::AtOnce {
        return refused_title(outline);
    }
    if outline.breakage.is_empty() {
        return unbroken(outline);
    }
    let counts = outline.counts;
    let mut detail = Vec::new();
    for (n, one, many) in [
        (counts.actions_stop, "stops running", "stop running"),
        (counts.actions_will_not_run, "will not run", "will not run"),
        (counts.actions_unverified, "cannot be verified from here", "cannot be verified from here"),
    ] {
        if n > 0 {
            let what = match detail.is_empty() {
                true => count(n, "action", "actions"),
                false => n.to_string(),
            };
            detail.push(format!("{what} {}", if n == 1 { one } else { many }));
        }
    }
    if counts.features_break > 0 {
        let verb = if counts.features_break == 1 { "breaks" } else { "break" };
        let features = count(counts.features_break, "native feature", "native features");
        detail.push(format!("{features} {verb}"));
    }
    detail.join(", ")
}

fn row<'p>(page: &Page<'_, '_>, breakage: &'p Breakage) -> (&'p str, Row) {
    let line = |paint, words: &str, address: &'p Address, rest: String| {
        let unit = unit_of(address);
        let shown = below(address, &Address::of(&[unit])).to_owned();
        let row = Row::default()
            .cell(paint, words)
            .cell(Paint::Plain, terminal(&shown).to_string())
            .cell(Paint::Plain, rest);
        (unit, row)
    };
    match breakage {
        Breakage::StopsRunning { address, missing } => {
            line(Paint::Alarm, "! stops running", address, lacks(missing))
        }
        Breakage::WillNotRun { address, missing } => {
            line(Paint::Alarm, "! will not run", address, lacks(missing))
        }
        Breakage::Unverified { address, accepted, reason } => line(
            Paint::Warning,
            "? cannot be verified",
            address,
            format!("accepted without {accepted}: \"{}\"", terminal(reason)),
        ),
        Breakage::FeatureBreaks { unit, feature, actions, missing } => {
            let by = names(actions.iter().map(|a| below(a, unit)), page.most());
            let row = Row::default()
                .cell(Paint::Alarm, "! feature breaks")
                .cell(Paint::Plain, terminal(feature).to_string())
                .cell(Paint::Plain, format!("{}, needed by native {by}", lacks(missing)));
            (unit.as_str(), row)
        }
    }
}

fn lacks(missing: &ScopeSet) -> String {
    format!("lacks {missing}")
}

pub(super) fn people(page: &mut Page<'_, '_>) -> fmt::Result {
    let outline = page.outline;
    let consent = outline.admin_consent();
    let concerned: Vec<&PeopleEffect> =
        outline.people.iter().copied().filter(|p| concerns(p)).collect();
    let at_once = outline.plan.bound.platform.takes_effect() == Latency::AtOnce;
    if concerned.is_empty() && consent.is_empty() && (outline.plan.is_empty() || at_once) {
        return Ok(());
    }
    page.heading("People", &people_title(outline))?;
    let mut units: BTreeSet<&Address> = consent.keys().copied().collect();
    units.extend(concerned.iter().map(|p| &p.unit));
    for unit in units {
        writeln!(page.out, "  {}", terminal(unit.as_str()))?;
        if let Some(scopes) = consent.get(unit) {
            let words = page.paint(Paint::Warning, "! admin consent");
            let list: Vec<String> = scopes.iter().map(ToString::to_string).collect();
            writeln!(page.out, "    {words} is needed at the provider for {}", list.join(" "))?;
        }
        for effect in concerned.iter().filter(|p| p.unit == *unit) {
            one(page, effect)?;
        }
    }
    Ok(())
}

/// Returns whether there is something to tell about the people of an integration: somebody must reconnect who had not to, or
/// still holds what is taken away, or every connection is made anew.
pub(in crate::render) fn concerns(effect: &PeopleEffect) -> bool {
    effect.newly().next().is_some()
        || !effect.still_hold.is_empty()
        || effect.reason == ReconnectReason::NewClient
}

/// Returns `nobody must reconnect`, or that nobody must who had not to before the plan.
pub(in crate::render) fn nobody(outline: &Outline<'_>) -> &'static str {
    if outline.counts.had_to_already > 0 {
        "nobody else must reconnect"
    } else {
        "nobody must reconnect"
    }
}

/// Returns `12 of 41 connected (3 more had to already)`, or `nobody new, 3 had to already`.
pub(in crate::render) fn how_many(effect: &PeopleEffect) -> String {
    let (new, had_to) = (effect.newly().count(), effect.already.len());
    let connected = effect.connected;
    match (new, had_to) {
        (0, _) => format!("nobody new, {had_to} had to already"),
        (_, 0) => format!("{new} of {connected} connected"),
        (_, _) => format!("{new} of {connected} connected ({had_to} more had to already)"),
    }
}

/// Returns `41 must reconnect, a tenant administrator must consent first`.
pub(in crate::render) fn people_title(outline: &Outline<'_>) -> String {
    let mut title = match outline.counts.must_reconnect {
        0 => nobody(outline).to_owned(),
        n => format!("{n} must reconnect"),
    };
    if !outline.admin_consent().is_empty() {
        title.push_str(", a tenant administrator must consent first");
    }
    title
}

fn one(page: &mut Page<'_, '_>, effect: &PeopleEffect) -> fmt::Result {
    let PeopleEffect { reason, still_hold, .. } = effect;
    let new: Vec<&str> = effect.newly().collect();
    if !effect.must_reconnect.is_empty() {
        let (paint, words, list) = match new.is_empty() {
            true => {
                let all = effect.must_reconnect.iter().map(String::as_str).collect();
                (Paint::Note, "* must reconnect", all)
            }
            false => (Paint::Warning, "! must reconnect", new),
        };
        let words = page.paint(paint, words);
        let why = match reason {
            ReconnectReason::Nobody => "",
            ReconnectReason::NewScopes => ": what they may run needs a scope they have not granted",
            ReconnectReason::NewClient => ": the OAuth client changes",
        };
        writeln!(page.out, "    {words} {}{why}", how_many(effect))?;
        let list = names(list, page.most());
        writeln!(page.out, "        {list}")?;
    }
    let mut holders: BTreeMap<&[String], ScopeSet> = BTreeMap::new();
    for held in still_hold {
        holders.entry(&held.users).or_default().insert(held.scope.clone());
    }
    for (users, scopes) in holders {
        let words = page.paint(Paint::Note, "* still hold");
        let n = count(users.len(), "person", "people");
        let until = "until they reconnect or their token expires";
        writeln!(page.out, "    {words} {scopes} {until}: {n}")?;
        let list = names(users.iter().map(String::as_str), page.most());
        writeln!(page.out, "        {list}")?;
    }
    Ok(())
}
