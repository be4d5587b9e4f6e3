//! The plan for people: most reviewers read ten lines, so the verdict comes first and the small print last.
//!
//! The order is fixed: verdict, blockers, approvals, privilege, breakage, people, changes, other findings, operations, what was left
//! alone, the unified diff where it is asked for; then the digest, and how to go on.

mod approvals;
mod changes;
pub(super) mod findings;
pub(super) mod impact;
mod operations;
pub(super) mod privilege;
pub(super) mod tokens;
pub(super) mod value;
pub(super) mod why;

use std::collections::BTreeMap;
use std::fmt::{self, Write};

use super::diff;
use super::given::Given;
use super::hunks;
use super::neutral::terminal;
use super::outline::{Counts, Outline};
use super::palette::{Paint, Painted, Palette};
use super::table::{count, names_by};
use crate::model::Address;
use crate::plan::guard::flags;
use crate::plan::policy::{Requirement, required};
use crate::plan::{FromSnapshot, Plan, Severity};

/// How much to say, and how.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options<'a> {
    /// Colour or not.
    pub palette: Palette,
    /// Also list every person, every use and what each operation does to each.
    pub full: bool,
    /// Also print the unified diff of each unit's effective configuration.
    pub diff: bool,
    /// The command that applies this plan, or who does, in words; a general hint when empty.
    pub apply_with: &'a str,
    /// The approvals at hand, where somebody has looked for them.
    pub given: Option<&'a Given>,
}

/// Writes `plan`.
///
/// # Errors
/// Only when `out` fails.
pub fn plan(out: &mut dyn Write, plan: &Plan, digest: &str, options: Options<'_>) -> fmt::Result {
    let outline = Outline::of(plan);
    let mut page = Page { out, options, outline: &outline, digest };
    page.verdict()?;
    findings::blockers(&mut page)?;
    approvals::section(&mut page)?;
    privilege::section(&mut page)?;
    impact::breakage(&mut page)?;
    impact::people(&mut page)?;
    tokens::section(&mut page)?;
    changes::section(&mut page)?;
    findings::others(&mut page)?;
    operations::section(&mut page)?;
    changes::left_alone(&mut page)?;
    page.diff()?;
    page.tail()
}

/// Returns the one-line verdict alone: for a status line, a commit status or a title.
#[must_use]
pub fn verdict(plan: &Plan) -> String {
    verdict_of(&Outline::of(plan))
}

/// What every section writes to.
struct Page<'w, 'p> {
    out: &'w mut dyn Write,
    options: Options<'w>,
    outline: &'w Outline<'p>,
    digest: &'w str,
}

impl Page<'_, '_> {
    /// Returns how many names of a list are shown.
    fn most(&self) -> usize {
        if self.options.full { usize::MAX - 1 } else { 8 }
    }

    fn paint<T: fmt::Display>(&self, paint: Paint, text: T) -> Painted<T> {
        self.options.palette.paint(paint, text)
    }

    /// Writes an empty line and a heading; the part after the first colon is not painted.
    fn heading(&mut self, title: &str, detail: &str) -> fmt::Result {
        let title = self.paint(Paint::Heading, title);
        if detail.is_empty() {
            writeln!(self.out, "\n{title}")
        } else {
            writeln!(self.out, "\n{title}: {detail}")
        }
    }

    fn verdict(&mut self) -> fmt::Result {
        let text = verdict_of(self.outline);
        let paint = if self.outline.counts.blockers > 0 { Paint::Alarm } else { Paint::Heading };
        let text = self.paint(paint, text);
        writeln!(self.out, "{text}")?;
        if let Some(alone) = alone(self.outline, &|name| terminal(name).to_string()) {
            writeln!(self.out, "{alone}")?;
        }
        match from_snapshot(self.outline) {
            Some(from) => {
                let from = self.paint(Paint::Warning, from);
                writeln!(self.out, "{from}")
            }
            None => Ok(()),
        }
    }

    fn diff(&mut self) -> fmt::Result {
        let units = if self.options.diff { hunks::of(self.outline.plan) } else { Vec::new() };
        if units.is_empty() {
            return Ok(());
        }
        self.heading("Diff", "effective configuration, live and planned")?;
        units.iter().try_for_each(|unit| diff::unit(self.out, unit, self.options.palette))
    }

    fn tail(&mut self) -> fmt::Result {
        let plan = self.outline.plan;
        write!(self.out, "\nDigest: {}", terminal(self.digest))?;
        let mut small = format!(
            "made on {} for {} at {}",
            plan.observed.today,
            plan.bound.workspace,
            terminal(&plan.bound.endpoint)
        );
        if let Some(until) = plan.bound.valid_until {
            small.push_str(&format!(", valid until {until}"));
        }
        let small = self.paint(Paint::Dim, small);
        writeln!(self.out, "\n        {small}")?;
        if let Some(from) = &plan.observed.snapshot {
            self.snapshot(from)?;
        }
        if let Some(labels) = labels(self.outline, self.most(), &|text| terminal(text).to_string())
        {
            writeln!(self.out, "Labels: {labels}")?;
        }
        let apply = (self.options.apply_with, self.options.given);
        for (what, how) in how_to_go_on(self.outline, self.digest, apply) {
            let (How::Said(how) | How::Command(how)) = how;
            writeln!(self.out, "{what}:  {}", terminal(&how))?;
        }
        Ok(())
    }
}

impl Page<'_, '_> {
    /// Says that the plan is of a file and not of what is live.
    fn snapshot(&mut self, from: &FromSnapshot) -> fmt::Result {
        let by = if from.signed_by.is_empty() {
            "whose signature was not asked for".to_owned()
        } else {
            format!(
                "signed by {}",
                names_by(from.signed_by.iter().map(String::as_str), 4, &|by| by.to_owned())
            )
        };
        let digest: String = from.digest.chars().take(12).collect();
        let small = format!("from snapshot {digest}, taken at {}, {}", from.taken, terminal(&by));
        let small = self.paint(Paint::Dim, small);
        writeln!(self.out, "        {small}")
    }
}

/// Says that the plan is of a file, where it is.
pub(super) fn from_snapshot(outline: &Outline<'_>) -> Option<String> {
    let taken = outline.plan.observed.snapshot.as_ref()?.taken;
    Some(format!(
        "Planned from a snapshot of {taken} and not from what is live; people are pseudonyms."
    ))
}

/// Says which workspace alone the plan is of, where the files declare others: whoever reads of no change must not take it
/// for all of them. Each name is made harmless by `show`.
pub(super) fn alone(outline: &Outline<'_>, show: &dyn Fn(&str) -> String) -> Option<String> {
    let others = &outline.plan.observed.other_workspaces;
    if others.is_empty() {
        return None;
    }
    let own = show(outline.plan.bound.workspace.as_str());
    let others = names_by(others.iter().map(|name| name.as_str()), 8, show);
    Some(format!(
        "Of workspace {own} alone; the files declare others, which are not in this plan: {others}."
    ))
}

/// Returns what the files say about what changes, for people and for rules: `sharepoint: data=personal, owner=content`.
/// Each piece is made harmless by `show`.
pub(super) fn labels(
    outline: &Outline<'_>,
    most: usize,
    show: &dyn Fn(&str) -> String,
) -> Option<String> {
    let labels = &outline.plan.bound.labels;
    let one = |(unit, own): (&Address, &BTreeMap<String, String>)| {
        let own: Vec<String> = own.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let own = names_by(own.iter().map(String::as_str), most, show);
        format!("{}: {own}", show(unit.as_str()))
    };
    let all: Vec<String> = labels.iter().filter(|(_, own)| !own.is_empty()).map(one).collect();
    let shown = if all.len() <= most + 1 { all.len() } else { most };
    let mut said = all.iter().take(shown).cloned().collect::<Vec<_>>().join("; ");
    if shown < all.len() {
        said.push_str(&format!(" and {} more", all.len() - shown));
    }
    if said.is_empty() { None } else { Some(said) }
}

/// A hint, or a command and nothing else.
pub(super) enum How {
    Said(String),
    Command(String),
}

/// Returns what has to be done to approve and apply a plan, such as (`Apply`, a command). `apply_with` is a command of this
/// program, or says in words who applies the plan; a general hint when empty. `given` are the approvals at hand.
pub(super) fn how_to_go_on(
    outline: &Outline<'_>,
    digest: &str,
    (apply_with, given): (&str, Option<&Given>),
) -> Vec<(&'static str, How)> {
    let plan = outline.plan;
    if plan.observed.snapshot.is_some() {
        let never = "never from a snapshot; plan what is live, with credentials";
        return vec![("Apply", How::Said(never.to_owned()))];
    }
    // Those that were accepted too: whoever applies the plan says so again.
    let flags = flags(outline.findings.iter().copied(), digest);
    if outline.only_limits() {
        return vec![match apply_with {
            command if is_command(command) => ("Apply", How::Command(format!("{command} {flags}"))),
            _ => ("Apply", How::Said(format!("only with `{flags}`"))),
        }];
    }
    if outline.counts.blockers > 0 {
        let blockers = count(outline.counts.blockers, "blocker", "blockers");
        return vec![("Apply", How::Said(format!("not possible, {blockers} above")))];
    }
    let mut how = Vec::new();
    let is_open = |asked: &Requirement| !given.is_some_and(|given| given.satisfies(&asked.rule));
    if required(&plan.bound).iter().any(is_open) {
        let sign = "the approvals above; `scopeform approve PLAN --key FILE` signs a plan that `plan --out PLAN` has saved";
        how.push(("Needs", How::Said(sign.to_owned())));
    }
    if plan.is_empty() {
        return how;
    }
    how.push(match apply_with {
        "" => {
            let keep = "`scopeform plan --out PLAN` keeps this plan, `scopeform apply PLAN` does exactly what it says";
            ("Apply", How::Said(keep.to_owned()))
        }
        command if is_command(command) && flags.is_empty() => {
            ("Apply", How::Command(command.to_owned()))
        }
        command if is_command(command) => ("Apply", How::Command(format!("{command} {flags}"))),
        words => ("Apply", How::Said(words.to_owned())),
    });
    how
}

fn is_command(apply_with: &str) -> bool {
    apply_with.starts_with("scopeform ")
}

fn verdict_of(outline: &Outline<'_>) -> String {
    verdict_by(outline, &|name| terminal(name).to_string())
}

/// Returns `24 changes`, or `5 changes (1 to add, 3 to change, 1 to remove)` where not all of them are of things that stay.
fn changes_phrase(counts: Counts) -> String {
    let all = count(counts.changes(), "change", "changes");
    if counts.add + counts.remove == 0 {
        return all;
    }
    let kinds = [(counts.add, "add"), (counts.change, "change"), (counts.remove, "remove")];
    let kinds: Vec<String> =
        kinds.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} to {what}")).collect();
    format!("{all} ({})", kinds.join(", "))
}

/// Returns the verdict with its names as `show` makes them harmless.
pub(super) fn verdict_by(outline: &Outline<'_>, show: &dyn Fn(&str) -> String) -> String {
    let plan = outline.plan;
    let counts = outline.counts;
    let mut parts: Vec<String> = Vec::new();
    if !plan.is_empty() {
        let units = names_by(outline.units().into_iter().map(Address::as_str), 4, show);
        parts.push(format!("Plan: {} in {units}.", changes_phrase(counts)));
        parts.push(format!("Privilege: {}.", privilege::phrase_with_names(outline, show)));
    } else if counts.blockers + counts.lines_idle == 0 {
        let workspace = show(plan.bound.workspace.as_str());
        parts.push(format!("No changes. {workspace} is what the files ask for."));
    } else {
        let workspace = show(plan.bound.workspace.as_str());
        parts.push(format!("Plan: nothing to change in {workspace}."));
        match counts.lines_idle {
            0 => {}
            1 => parts.push("1 line does nothing.".to_owned()),
            n => parts.push(format!("{n} lines do nothing.")),
        }
    }
    let broken = impact::phrase(outline);
    if !broken.is_empty() {
        parts.push(format!("Breaks {broken}."));
    }
    if counts.rights_refused > 0 {
        parts.push(sentence(&impact::refused_title(outline)));
    }
    if counts.must_reconnect > 0 {
        let people = count(counts.must_reconnect, "person", "people");
        parts.push(format!("{people} must reconnect."));
    }
    if counts.tokens_re_resolved > 0 {
        let tokens = count(counts.tokens_re_resolved, "active token is", "active tokens are");
        parts.push(format!("{tokens} re-resolved at once."));
    }
    if !plan.bound.weakened.is_empty() {
        let rules = count(plan.bound.weakened.len(), "rule is", "rules are");
        parts.push(format!("{rules} taken away or weakened."));
    }
    let accepted = outline.accepted().len();
    if accepted > 0 {
        let limits = count(accepted, "limit is", "limits are");
        parts.push(format!("{limits} exceeded, which was accepted."));
    }
    for (n, one, many) in
        [(counts.warnings, "warning", "warnings"), (counts.blockers, "blocker", "blockers")]
    {
        if n > 0 {
            parts.push(format!("{}.", count(n, one, many)));
        }
    }
    parts.join(" ")
}

/// Returns words as a sentence. They begin with a letter that has one upper-case form.
pub(super) fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(letters).chain(['.']).collect()
}

/// Returns an address as it reads below a heading that names its unit.
pub(super) fn below<'a>(address: &'a Address, unit: &Address) -> &'a str {
    let path = address.as_str();
    if !address.is_within(unit) {
        return path;
    }
    let rest = path.get(unit.as_str().len()..).unwrap_or(path).trim_start_matches('/');
    let rest =
        rest.strip_prefix("actions/").or_else(|| rest.strip_prefix("resources/")).unwrap_or(rest);
    if rest.is_empty() { path } else { rest }
}

/// Returns the word for a severity.
const fn severity(severity: Severity) -> (&'static str, Paint) {
    match severity {
        Severity::Blocker => ("blocker", Paint::Alarm),
        Severity::Warning => ("warning", Paint::Warning),
        Severity::Note => ("note", Paint::Note),
    }
}
