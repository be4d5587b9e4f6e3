//! What is wrong, who must agree, and the details: changes with their lines, what was left alone, the unified diff.

use super::super::diff;
use super::super::hunks;
use super::super::neutral::{code, code_whole, fence, summary_word};
use super::super::outline::Action;
use super::super::palette::Palette;
use super::super::table::count;
use super::super::text::findings::place;
use super::super::text::value::{self, Delta};
use super::layout::{Rank, Row, Section};
use super::rows::{Line, Words, merge};
use super::{Writer, within};
use crate::model::Address;
use crate::plan::guard::Limit;
use crate::plan::policy::{Requirement, required};
use crate::plan::{Change, Finding, LeftAlone, Severity};

/// A list of scopes to be copied that is longer than this is not shown: half a list is worse than none.
const LONGEST_PASTE: usize = 4_000;

impl Writer<'_, '_> {
    pub(super) fn blockers(&self) -> Section {
        let n = self.outline.counts.blockers;
        let they = if n == 1 { "it is" } else { "they are" };
        let solved = if self.outline.only_limits() { "solved or accepted" } else { "solved" };
        let title = format!("Blockers: {n}, nothing is applied until {they} {solved}");
        self.shown(&title, self.findings(Severity::Blocker))
    }

    pub(super) fn warnings(&self) -> Section {
        let title = format!("Warnings: {}", self.outline.counts.warnings);
        self.shown(&title, self.findings(Severity::Warning))
    }

    pub(super) fn notes(&self) -> Section {
        let title = format!("Notes: {}", self.outline.counts.notes);
        self.folded(&title, self.findings(Severity::Note))
    }

    fn findings(&self, severity: Severity) -> Vec<Row> {
        let findings: Vec<&Finding> = self.outline.of_severity(severity).collect();
        let units: Vec<Address> = findings.iter().map(|f| self.unit(&f.address)).collect();
        let lines = findings.iter().zip(&units).map(|(finding, unit)| self.finding(finding, unit));
        merge(lines.collect(), self.outline.plan.bound.platform)
    }

    fn finding<'l>(&self, finding: &Finding, unit: &'l Address) -> Line<'l> {
        let rank = match finding.severity {
            Severity::Blocker => Rank::Blocker,
            Severity::Warning => Rank::Warning,
            Severity::Note => Rank::Note,
        };
        let mut lead = Words::default().code(&finding.code);
        let below = within(&finding.address, unit);
        if !below.is_empty() {
            lead = lead.own(" ").code(below);
        }
        let mut rest = Words::default().own(": ").text(&finding.message);
        if !finding.help.is_empty() {
            rest = rest.own("\n  help: ").text(&finding.help);
        }
        if let Some(limit) = Limit::to_accept(finding) {
            let accept = format!("--accept {}", limit.acceptance(self.digest));
            rest = rest.own("\n  accept: ").code(&accept);
        }
        if !finding.paste.is_empty() {
            let n = count(finding.paste.len(), "scope", "scopes");
            let list = finding.paste.to_string();
            let shown = match list.len() <= LONGEST_PASTE {
                true => code_whole(&list),
                false => "too many for this page".to_owned(),
            };
            rest = rest.own(&format!("\n  {n} to copy: ")).made(&shown, list);
        }
        let range = self.outline.source_of(&finding.address);
        let place = range.map(|range| Words::default().code(&place(range)));
        Line { rank, things: 1, lead, rest, unit: Some(unit), place }
    }

    pub(super) fn approvals(&self) -> Section {
        let rules = required(&self.outline.plan.bound);
        let n = count(rules.len(), "rule", "rules");
        let title = match self.options.given {
            Some(given) => {
                format!("Approvals: {}", given.words(rules.iter().map(|asked| &asked.rule)))
            }
            None => format!("Approvals: {n} must be satisfied before this is applied"),
        };
        let mut lines = Vec::new();
        for Requirement { rule, because } in &rules {
            let teams: Vec<&str> = rule
                .named
                .iter()
                .filter(|name| !rule.of.contains(*name))
                .map(String::as_str)
                .collect();
            let mut rest = Words::default().own(&format!(": {} of ", rule.need));
            rest = rest.names(rule.of.iter().map(String::as_str));
            if !teams.is_empty() {
                rest = rest.own(" (").names(teams).own(")");
            }
            rest = rest.own(", because of ").names(because.iter().map(String::as_str));
            if let Some(given) = self.options.given {
                let state = if given.satisfies(rule) { "satisfied" } else { "open" };
                rest = rest.own(&format!("; **{state}**"));
                let mut by = given.of(rule).peekable();
                if by.peek().is_some() {
                    rest = rest.own(", approved by ").names(by);
                }
            }
            let lead = Words::default().own("**").own(rule.when.name()).own("**");
            lines.push(Line {
                rank: Rank::Approval,
                things: 1,
                lead,
                rest,
                unit: None,
                place: None,
            });
        }
        self.shown(&title, merge(lines, self.outline.plan.bound.platform))
    }

    pub(super) fn changes(&self) -> Section {
        let lines = self.outline.changes.iter().map(|change| self.change(change));
        let rows = merge(lines.collect(), self.outline.plan.bound.platform);
        self.folded(&format!("Changes: {}", self.outline.changes.len()), rows)
    }

    fn change<'p>(&self, change: &'p Change) -> Line<'p> {
        let word = match Action::of(change) {
            Action::Create => "**add** ",
            Action::Update => "**change** ",
            Action::Delete => "**remove** ",
            Action::NoOp => "**keep** ",
        };
        let mut rest = Words::default().own(": ");
        match value::of(change) {
            Delta::Line(line) => rest = rest.value(&line),
            Delta::Fields(fields) => {
                for (n, (name, line)) in fields.iter().enumerate() {
                    rest =
                        rest.own(if n == 0 { "" } else { "; " }).value(&format!("{name}: {line}"));
                }
            }
        }
        if change.catalog_change {
            rest = rest.own("; the vendor changed the catalogue, no line moved");
        }
        let meant = format!("{}\n{}\n{}", change.before, change.after, change.catalog_change);
        let mut place = self
            .outline
            .source_of(&change.address)
            .map(|range| Words::default().code(&place(range)));
        if change.declared_at != change.address {
            place = place.map(|place| place.own(", by ").code(change.declared_at.name()));
        }
        Line {
            rank: Rank::Change,
            things: 1,
            lead: Words::default().own(word).name(within(&change.address, &change.unit)),
            rest: rest.made("", meant),
            unit: Some(&change.unit),
            place,
        }
    }

    pub(super) fn left_alone(&self) -> Section {
        let lines = self.outline.left_alone.iter().map(|left| Line {
            rank: Rank::LeftAlone,
            things: 1,
            lead: names_in(left),
            rest: Words::default(),
            unit: Some(&left.address),
            place: None,
        });
        let rows = merge(lines.collect(), self.outline.plan.bound.platform);
        let n = count(self.outline.left_alone.len(), "place", "places");
        self.folded(&format!("Left alone: {n}, because no line asks for anything there"), rows)
    }

    /// One fold per unit, so that whoever wants the diff of one need not scroll past the others.
    pub(super) fn diffs(&self) -> Vec<Section> {
        let mut sections = Vec::new();
        for unit in hunks::of(self.outline.plan) {
            let mut lines = String::new();
            // Writing to a String cannot fail.
            let _ = diff::unit(&mut lines, &unit, Palette::PLAIN);
            let fence = fence(&lines);
            let text = format!("{fence}diff\n{lines}{fence}\n");
            let rows = vec![Row::of(Rank::Diff, 1, text)];
            let section = match self.options.forge.folds() {
                true => self.folded(
                    &format!("Diff of <code>{}</code>", summary_word(unit.unit.as_str())),
                    rows,
                ),
                false => self.shown(&format!("Diff of {}", code(unit.unit.as_str())), rows),
            };
            sections.push(section);
        }
        sections
    }
}

/// Returns what was left alone, every name of it as code: half of a list in another form would look like something else.
fn names_in(left: &LeftAlone) -> Words {
    let what = Words::default().text(&left.what);
    match left.names.as_slice() {
        [] => what,
        names => what.own(": ").names(names.iter().map(String::as_str)),
    }
}
