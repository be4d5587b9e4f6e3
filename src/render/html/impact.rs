//! What is decided: blockers, approvals, privilege with its reasons, breakage, people, tokens, findings.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::super::grave::weight;
use super::super::holders::{Client, Happens, Tokens, parted};
use super::super::table::{count, names_by};
use super::super::text::impact::{breakage_title, concerns, how_many, people_title};
use super::super::text::privilege::phrase;
use super::super::text::why::{Shown, why};
use super::super::text::{below, findings::place, tokens::title};
use super::marks::{Marks, unit_of_breakage};
use super::{Markup, Page, list, severity};
use crate::model::{Address, Direction, PrivilegeChange, Right, ScopeSet};
use crate::plan::guard::Limit;
use crate::plan::policy::{Requirement, required};
use crate::plan::{Breakage, Finding, PeopleEffect, ReconnectReason, Severity};

/// Names without markup of their own.
const PLAIN: (&str, &str) = ("", "");

/// How many names stand in a reason.
const REASONS: usize = 4;

pub(super) fn blockers(page: &mut Page<'_, '_>) -> fmt::Result {
    let n = page.outline.counts.blockers;
    if n == 0 {
        return Ok(());
    }
    let they = if n == 1 { "it is" } else { "they are" };
    let solved = if page.outline.only_limits() { "solved or accepted" } else { "solved" };
    let detail = format!("{n}, nothing is applied until {they} {solved}");
    page.open("blockers", "Blockers", &detail)?;
    page.out.raw("<ul class=\"cards\">\n")?;
    for finding in page.outline.of_severity(Severity::Blocker).collect::<Vec<_>>() {
        one_finding(page, finding, Marks::ALL)?;
    }
    page.out.raw("</ul>\n")?;
    page.close()
}

pub(super) fn findings(page: &mut Page<'_, '_>) -> fmt::Result {
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
    page.open("findings", "Findings", &detail.join(", "))?;
    page.out.raw("<ul class=\"cards\">\n")?;
    for severity in [Severity::Warning, Severity::Note] {
        for finding in page.outline.of_severity(severity).collect::<Vec<_>>() {
            let marks = page.index.at(&finding.address);
            one_finding(page, finding, marks)?;
        }
    }
    page.out.raw("</ul>\n")?;
    page.close()
}

fn one_finding(page: &mut Page<'_, '_>, finding: &Finding, marks: Marks) -> fmt::Result {
    let (word, open) = severity(finding.severity);
    let out = &mut page.out;
    out.raw("<li")?;
    marks.attribute(out)?;
    out.raw(">")?;
    out.el(open, word, "</b> ")?;
    out.el("<code>", &finding.code, "</code> ")?;
    out.el("<code class=\"at\">", finding.address.as_str(), "</code>")?;
    out.raw("<p>")?;
    out.prose(&finding.message)?;
    out.raw("</p>")?;
    if !finding.help.is_empty() {
        out.raw("<p class=\"help\"><i>Help:</i> ")?;
        out.prose(&finding.help)?;
        out.raw("</p>")?;
    }
    if let Some(limit) = Limit::to_accept(finding) {
        let accept = format!("--accept {}", limit.acceptance(page.digest));
        out.el("<p class=\"help\"><i>Accept:</i> <code>", &accept, "</code></p>")?;
    }
    if !finding.paste.is_empty() {
        let n = count(finding.paste.len(), "scope", "scopes");
        out.el("<p class=\"help\"><i>", &n, " to copy:</i></p><pre>")?;
        out.el("", &finding.paste.to_string(), "</pre>")?;
    }
    if let Some(range) = page.outline.source_of(&finding.address) {
        out.el("<p class=\"where\">at ", &place(range), "</p>")?;
    }
    out.raw("</li>\n")
}

pub(super) fn approvals(page: &mut Page<'_, '_>) -> fmt::Result {
    let rules = required(&page.outline.plan.bound);
    if rules.is_empty() {
        return Ok(());
    }
    let must = count(rules.len(), "rule", "rules");
    page.open(
        "approvals",
        "Approvals",
        &format!("{must} must be satisfied before this is applied"),
    )?;
    let out = &mut page.out;
    out.raw(
        "<table class=\"wide approvals\"><caption class=\"vh\">Approvals</caption><thead><tr>\
         <th scope=\"col\">When</th><th scope=\"col\">Who</th><th scope=\"col\">Because of</th></tr></thead><tbody>\n",
    )?;
    for Requirement { rule, because } in &rules {
        out.raw("<tr")?;
        Marks::CHANGES.attribute(out)?;
        out.el("><th scope=\"row\">", rule.when.name(), "</th><td><b>")?;
        out.text(&rule.need.to_string())?;
        out.raw("</b> of ")?;
        let all: Vec<String> = rule.of.iter().cloned().collect();
        list(out, &all, PLAIN)?;
        let teams = rule.named.iter().filter(|name| !rule.of.contains(*name));
        let teams: Vec<&str> = teams.map(String::as_str).collect();
        if !teams.is_empty() {
            out.el(" (", &teams.join(", "), ")")?;
        }
        out.raw("</td><td>")?;
        list(out, because, PLAIN)?;
        out.raw("</td></tr>\n")?;
    }
    out.raw("</tbody></table>\n")?;
    page.close()
}

pub(super) fn privilege(page: &mut Page<'_, '_>) -> fmt::Result {
    if page.outline.privilege.is_empty() {
        return match page.outline.plan.is_empty() {
            true => Ok(()),
            false => {
                page.open("privilege", "Privilege", &phrase(page.outline))?;
                page.close()
            }
        };
    }
    page.open("privilege", "Privilege", &phrase(page.outline))?;
    let outline = page.outline;
    let mut units: Vec<_> = outline.privilege.iter().collect();
    // Who decides reads first what is asked of people anew.
    units.sort_by_key(|(_, changes)| weight(changes));
    for (unit, changes) in units {
        let out = &mut page.out;
        out.el("<table class=\"rights\"><caption>", unit.as_str(), "</caption>")?;
        out.raw(
            "<colgroup><col class=\"k4\"><col class=\"k1\"><col class=\"k3\"><col></colgroup>\
             <thead class=\"vh\"><tr><th scope=\"col\">Right</th><th scope=\"col\">Direction</th>\
             <th scope=\"col\">From and to</th><th scope=\"col\">Reason</th></tr></thead><tbody>\n",
        )?;
        // What opens stands before what closes.
        for direction in [Direction::Widening, Direction::Narrowing] {
            rights(page, unit, changes.iter().copied().filter(|c| c.direction == direction))?;
        }
        page.out.raw("</tbody></table>\n")?;
    }
    page.close()
}

fn rights<'p>(
    page: &mut Page<'_, 'p>,
    unit: &Address,
    changes: impl Iterator<Item = &'p PrivilegeChange>,
) -> fmt::Result {
    let mut uses: Vec<(UseRow<'_>, Vec<&str>)> = Vec::new();
    for change in changes {
        let Right::Use { address, before, after } = &change.right else {
            right(page, unit, change)?;
            continue;
        };
        let why = reason(page, unit, change);
        let native = page.outline.is_native(address);
        let row = UseRow { direction: change.direction, before, after, why, native };
        // Many actions that move alike are one row.
        match uses.iter_mut().find(|(known, _)| *known == row) {
            Some((_, names)) => names.push(below(address, unit)),
            None => uses.push((row, vec![below(address, unit)])),
        }
    }
    for (row, names) in &uses {
        row.write(&mut page.out, names)?;
    }
    Ok(())
}

fn reason(page: &Page<'_, '_>, unit: &Address, change: &PrivilegeChange) -> String {
    let shown = Shown { most: REASONS, show: &|name| format!("`{name}`") };
    why(page.outline, unit, change, shown)
}

/// Things whose reach moves in the same way for the same reason.
#[derive(PartialEq, Eq)]
struct UseRow<'p> {
    direction: Direction,
    before: &'p str,
    after: &'p str,
    why: String,
    native: bool,
}

impl UseRow<'_> {
    fn write(&self, out: &mut Markup<'_>, names: &[&str]) -> fmt::Result {
        let marks = Marks::of(self.direction);
        row(out, marks)?;
        out.raw("<th scope=\"row\">")?;
        out.raw(if self.native { "native " } else { "" })?;
        list(out, names, ("<code>", "</code>"))?;
        out.raw("</th><td>")?;
        marks.badges(out)?;
        out.el("</td><td>", self.before, " <span class=\"to\">→</span> ")?;
        out.el("", self.after, "</td><td>")?;
        let why = match names {
            [_] => self.why.clone(),
            _ => self.why.replacen("because it ", "because each ", 1),
        };
        out.prose(&why)?;
        out.raw("</td></tr>\n")
    }
}

fn right(page: &mut Page<'_, '_>, unit: &Address, change: &PrivilegeChange) -> fmt::Result {
    let why = reason(page, unit, change);
    let mut marks = Marks::of(change.direction);
    marks.breaks = change.refuses();
    let out = &mut page.out;
    match &change.right {
        Right::Scope(scope) => {
            row(out, marks)?;
            out.el("<th scope=\"row\"><code>", scope.as_str(), "</code></th><td>")?;
            marks.badges(out)?;
            out.raw(match change.direction {
                Direction::Widening => "</td><td>scope requested anew",
                Direction::Narrowing => "</td><td>scope no longer requested",
            })?;
            match change.admin_consent {
                Some(true) => out.raw(" <b class=\"g w\">! admin consent</b>")?,
                Some(false) => out.raw(" <span class=\"tag\">user consent</span>")?,
                None if change.direction == Direction::Widening => {
                    out.raw(" <b class=\"g w\">! consent unknown</b>")?;
                }
                None => {}
            }
            if let Some(level) = change.level {
                out.el(" <span class=\"tag\">level ", &level.0.to_string(), "</span>")?;
            }
            out.raw("</td><td>")?;
            out.prose(&why)?;
            if let Some(doubt) = &change.doubt {
                out.raw("; ")?;
                out.prose(doubt)?;
            }
            out.raw("</td></tr>\n")
        }
        Right::Tier(tier) => {
            let (before, after) = tier.ends();
            marks.narrows |= !tier.narrows.is_empty();
            row(out, marks)?;
            out.el("<th scope=\"row\"><code>", below(&tier.address, unit), "</code></th><td>")?;
            marks.badges(out)?;
            out.el("</td><td><code>", &before, "</code> <span class=\"to\">→</span> ")?;
            out.el("<code>", &after, "</code></td><td>")?;
            out.prose(&tier.words().collect::<Vec<_>>().join("; "))?;
            out.raw("</td></tr>\n")
        }
        Right::Use { address, .. }
        | Right::Credential { address, .. }
        | Right::Setting { address, .. } => {
            row(out, marks)?;
            out.el("<th scope=\"row\"><code>", below(address, unit), "</code></th><td>")?;
            marks.badges(out)?;
            out.raw("</td><td colspan=\"2\">")?;
            out.prose(match &change.right {
                Right::Credential { what, .. } => what,
                Right::Setting { lets_in, .. } => lets_in.words(change.direction),
                _ => &why,
            })?;
            out.raw("</td></tr>\n")
        }
    }
}

fn row(out: &mut Markup<'_>, marks: Marks) -> fmt::Result {
    out.raw("<tr")?;
    marks.attribute(out)?;
    out.raw(">")
}

pub(super) fn breakage(page: &mut Page<'_, '_>) -> fmt::Result {
    let outline = page.outline;
    if outline.plan.is_empty() && outline.breakage.is_empty() {
        return Ok(());
    }
    page.open("breakage", "Breakage", &breakage_title(outline))?;
    if outline.counts.rights_refused > 0 {
        page.out.raw(
            "<p>Each of these rights is marked <b class=\"g b\">✕ breaks</b> under \
             <a href=\"#privilege\">Privilege</a>.</p>\n",
        )?;
    }
    let mut by_unit: BTreeMap<&str, Vec<&Breakage>> = BTreeMap::new();
    for breakage in &outline.breakage {
        by_unit.entry(unit_of_breakage(breakage)).or_default().push(breakage);
    }
    for (unit, all) in by_unit {
        let out = &mut page.out;
        out.el("<table class=\"rights\"><caption>", unit, "</caption>")?;
        out.raw(
            "<colgroup><col class=\"k4\"><col class=\"k2\"><col></colgroup>\
             <thead class=\"vh\"><tr><th scope=\"col\">What</th><th scope=\"col\">What happens</th>\
             <th scope=\"col\">Why</th></tr></thead><tbody>\n",
        )?;
        for breakage in all {
            broken(page, breakage)?;
        }
        page.out.raw("</tbody></table>\n")?;
    }
    page.close()
}

fn broken(page: &mut Page<'_, '_>, breakage: &Breakage) -> fmt::Result {
    let marks = match breakage {
        Breakage::Unverified { .. } => Marks::UNVERIFIED,
        Breakage::StopsRunning { .. }
        | Breakage::WillNotRun { .. }
        | Breakage::FeatureBreaks { .. } => Marks { breaks: true, ..Marks::CHANGES },
    };
    let out = &mut page.out;
    row(out, marks)?;
    let lacks = |missing: &ScopeSet| format!("lacks {missing}");
    match breakage {
        Breakage::StopsRunning { address, missing } => {
            out.el("<th scope=\"row\"><code>", address.name(), "</code></th>")?;
            out.raw("<td><b class=\"g b\">✕ stops running</b></td>")?;
            out.el("<td>", &lacks(missing), "</td>")?;
        }
        Breakage::WillNotRun { address, missing } => {
            out.el("<th scope=\"row\"><code>", address.name(), "</code></th>")?;
            out.raw("<td><b class=\"g b\">✕ will not run</b></td>")?;
            out.el("<td>", &lacks(missing), "</td>")?;
        }
        Breakage::Unverified { address, accepted, reason } => {
            out.el("<th scope=\"row\"><code>", address.name(), "</code></th>")?;
            out.raw("<td><b class=\"g w\">? cannot be verified</b></td>")?;
            out.el("<td>accepted without ", &accepted.to_string(), ": “")?;
            out.el("", reason, "”</td>")?;
        }
        Breakage::FeatureBreaks { unit, feature, actions, missing } => {
            out.el("<th scope=\"row\">", feature, "</th>")?;
            out.raw("<td><b class=\"g b\">✕ feature breaks</b></td>")?;
            let by = names_by(actions.iter().map(|a| below(a, unit)), REASONS, &str::to_owned);
            out.el("<td>", &lacks(missing), "")?;
            out.el(", needed by native ", &by, "</td>")?;
        }
    }
    out.raw("</tr>\n")
}

pub(super) fn people(page: &mut Page<'_, '_>) -> fmt::Result {
    let outline = page.outline;
    let consent = outline.admin_consent();
    let concerned: Vec<&PeopleEffect> =
        outline.people.iter().copied().filter(|p| concerns(p)).collect();
    if concerned.is_empty() && consent.is_empty() {
        return Ok(());
    }
    page.open("people", "People", &people_title(outline))?;
    let mut units: BTreeSet<&Address> = consent.keys().copied().collect();
    units.extend(concerned.iter().map(|p| &p.unit));
    page.out.raw(
        "<table class=\"wide people\"><caption class=\"vh\">People</caption><thead><tr><th scope=\"col\">Integration</th>\
         <th scope=\"col\">What</th><th scope=\"col\">Who</th></tr></thead><tbody>\n",
    )?;
    for unit in units {
        if let Some(scopes) = consent.get(unit) {
            let out = &mut page.out;
            row(out, Marks::CHANGES)?;
            out.el("<th scope=\"row\">", unit.as_str(), "</th>")?;
            out.raw("<td><b class=\"g w\">! admin consent</b> at the provider</td><td>")?;
            let list: Vec<&str> = scopes.iter().map(|scope| scope.as_str()).collect();
            out.el("a tenant administrator, for <code>", &list.join(" "), "</code></td></tr>\n")?;
        }
        for effect in concerned.iter().filter(|p| p.unit == *unit) {
            concerned_by(page, effect)?;
        }
    }
    page.out.raw("</tbody></table>\n")?;
    page.close()
}

fn concerned_by(page: &mut Page<'_, '_>, effect: &PeopleEffect) -> fmt::Result {
    let PeopleEffect { unit, must_reconnect, reason, still_hold, .. } = effect;
    let new: Vec<&str> = effect.newly().collect();
    let out = &mut page.out;
    if !must_reconnect.is_empty() {
        row(out, Marks::CHANGES)?;
        out.el("<th scope=\"row\">", unit.as_str(), "</th>")?;
        out.raw("<td><b class=\"g p\">↻ must reconnect</b> ")?;
        out.text(&how_many(effect))?;
        let why = match reason {
            ReconnectReason::Nobody => "",
            ReconnectReason::NewScopes => ": what they may run needs a scope they have not granted",
            ReconnectReason::NewClient => ": the OAuth client changes",
        };
        out.el("", why, "</td><td>")?;
        match new.is_empty() {
            true => list(out, must_reconnect, PLAIN)?,
            false => list(out, &new, PLAIN)?,
        }
        out.raw("</td></tr>\n")?;
    }
    let mut holders: BTreeMap<&[String], ScopeSet> = BTreeMap::new();
    for held in still_hold {
        holders.entry(&held.users).or_default().insert(held.scope.clone());
    }
    for (users, scopes) in holders {
        let marks = Marks { narrows: true, changes: true, ..Marks::default() };
        row(out, marks)?;
        out.el("<th scope=\"row\">", unit.as_str(), "</th>")?;
        out.el("<td><b class=\"g c\">i still hold</b> <code>", &scopes.to_string(), "</code>")?;
        let n = count(users.len(), "person", "people");
        out.el(" until they reconnect or their token expires: ", &n, "</td><td>")?;
        list(out, users, PLAIN)?;
        out.raw("</td></tr>\n")?;
    }
    Ok(())
}

/// The effect per holder stands with each client; here is who is concerned at all.
pub(super) fn tokens(page: &mut Page<'_, '_>) -> fmt::Result {
    let effects = &page.outline.plan.observed.tokens;
    if effects.is_empty() {
        return Ok(());
    }
    page.open("tokens", "Tokens", &title(page.outline.counts.tokens_re_resolved))?;
    let out = &mut page.out;
    out.raw(
        "<table class=\"wide people tokens\"><caption class=\"vh\">Holders of tokens</caption><thead><tr><th scope=\"col\">Client</th>\
         <th scope=\"col\">Holder</th><th scope=\"col\">Token</th><th scope=\"col\">What changes at once</th></tr></thead><tbody>\n",
    )?;
    let Tokens { alike, rest } = parted(page.outline.plan);
    for own in &alike {
        let (marks, open) = match own.happens {
            Happens::Changes(_) => (Marks::changes(own.refuses), "</td><td>"),
            Happens::Stays(_) => (Marks::default(), "</td><td class=\"s\">nothing: "),
        };
        row(out, marks)?;
        out.el("<th scope=\"row\">", &own.of_what(&|name| name.to_owned()), "</th><td>")?;
        list(out, &own.users.iter().collect::<Vec<_>>(), PLAIN)?;
        out.el("</td><td>", &own.how_many(), open)?;
        match own.happens {
            Happens::Changes(what) => moves(out, what)?,
            Happens::Stays(why) => out.text(why)?,
        }
        out.raw("</td></tr>\n")?;
    }
    for Client { unit, changed, unchanged, queued_affected } in &rest {
        for change in changed {
            row(out, Marks::changes(change.refuses))?;
            out.el("<th scope=\"row\">", unit.name(), "</th>")?;
            out.el("<td>", &change.user, " <small>")?;
            out.el("", &change.role, "</small></td>")?;
            out.el("<td><code>", &change.token, "</code></td><td>")?;
            moves(out, &change.what)?;
            out.raw("</td></tr>\n")?;
        }
        for same in unchanged {
            row(out, Marks::default())?;
            out.el("<th scope=\"row\">", unit.name(), "</th>")?;
            out.el("<td>", &same.user, "</td>")?;
            out.el("<td><code>", &same.token, "</code></td>")?;
            out.el("<td class=\"s\">nothing: ", &same.why, "</td></tr>\n")?;
        }
        if *queued_affected > 0 {
            let calls = count(*queued_affected, "queued call", "queued calls");
            row(out, Marks { breaks: true, changes: true, ..Marks::default() })?;
            out.el("<th scope=\"row\">", unit.name(), "</th>")?;
            out.raw("<td colspan=\"3\"><b class=\"g b\">✕ queue</b> ")?;
            out.el("", &calls, " can no longer be executed when approved</td></tr>\n")?;
        }
    }
    out.raw("</tbody></table>\n")?;
    page.close()
}

/// Writes what a token may do more and less.
fn moves(out: &mut Markup<'_>, what: &[String]) -> fmt::Result {
    for (n, what) in what.iter().enumerate() {
        out.raw(if n == 0 { "" } else { "; " })?;
        out.text(&what.replacen(" -> ", " → ", 1))?;
    }
    Ok(())
}
