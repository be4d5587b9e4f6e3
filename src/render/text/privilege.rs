//! What becomes possible and what stops being possible: in a phrase for the verdict, and right by right.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::super::alike::{Alike, Closed, Parted, parted};
use super::super::grave::{Gravity, grave, weight};
use super::super::neutral::terminal;
use super::super::outline::Outline;
use super::super::palette::Paint;
use super::super::table::{Row, Table, count, names};
use super::why::{Shown, why, why_of_all};
use super::{Page, below};
use crate::model::{Address, Direction, LetsIn, PrivilegeChange, Right};
use crate::platform::Kind;

/// Returns `+2 scopes wider, -1 narrower, 3 actions opened to more people, 1 closed to some`. What opens or closes is said
/// whatever the scopes do: a scope less says nothing of who may use the others.
pub(in crate::render) fn phrase(outline: &Outline<'_>) -> String {
    phrase_by(outline, "")
}

/// Returns the same with the gravest scopes that are new, or the resources whose tier widens, as `show` makes them harmless:
/// `+2 scopes wider (Sites.Manage.All, Mail.Send), ...`. What needs an admin's consent is the gravest and is counted, and
/// then the provider's own level decides; a tier by what the platform says that it opens.
pub(in crate::render) fn phrase_with_names(
    outline: &Outline<'_>,
    show: &dyn Fn(&str) -> String,
) -> String {
    let mut consents: BTreeSet<&str> = BTreeSet::new();
    let mut wider: BTreeMap<&str, Gravity> = BTreeMap::new();
    for change in outline.privilege.values().flatten() {
        let name = match &change.right {
            Right::Scope(scope) if change.direction == Direction::Widening => {
                if change.admin_consent == Some(true) {
                    consents.insert(scope.as_str());
                }
                scope.as_str()
            }
            Right::Tier(tier) if tier.tier_widens => tier.address.name(),
            _ => continue,
        };
        let grave = grave(change);
        let known = wider.entry(name).or_insert(grave);
        *known = grave.min(*known);
    }
    let mut gravest: Vec<(&str, Gravity)> = wider.into_iter().collect();
    gravest.sort_by_key(|(name, grave)| (*grave, *name));
    // A name that is no name to read is among those that are counted, and none is cut.
    let readable = gravest.iter().filter(|(name, _)| name.chars().count() <= LONGEST);
    let names: Vec<String> = readable.take(NAMED).map(|(name, _)| show(name)).collect();
    let mut said = names.join(", ");
    let more = gravest.len() - names.len();
    if !names.is_empty() && more > 0 {
        said.push_str(&format!(" and {more} more"));
    }
    match consents.len() {
        0 => {}
        1 => said.push_str("; 1 needs admin consent"),
        n => said.push_str(&format!("; {n} need admin consent")),
    }
    let said = said.trim_start_matches("; ");
    let on = match outline.plan.bound.platform {
        Kind::Odeus => "",
        Kind::Trustpager => "on ",
    };
    phrase_by(outline, &if said.is_empty() { String::new() } else { format!(" ({on}{said})") })
}

/// How many of what becomes wider the verdict names.
const NAMED: usize = 3;

/// How many characters a name in the verdict has at most.
const LONGEST: usize = 100;

fn phrase_by(outline: &Outline<'_>, wider: &str) -> String {
    match outline.plan.bound.platform {
        Kind::Odeus => scopes_phrase(outline, wider),
        Kind::Trustpager => tiers_phrase(outline, wider),
    }
}

fn scopes_phrase(outline: &Outline<'_>, named: &str) -> String {
    let counts = outline.counts;
    let scopes = |n: usize| if n == 1 { "scope" } else { "scopes" };
    let mut text = match (counts.scopes_wider, counts.scopes_narrower) {
        (0, 0) if outline.privilege.is_empty() && counts.uses_narrower == 0 => {
            return "unchanged".to_owned();
        }
        (0, 0) => "no scope moves".to_owned(),
        (wider, 0) => format!("+{wider} {} wider{named}", scopes(wider)),
        (0, narrower) => format!("-{narrower} {} narrower", scopes(narrower)),
        (wider, narrower) => {
            format!("+{wider} {} wider{named}, -{narrower} narrower", scopes(wider))
        }
    };
    let actions = |n: usize| count(n, "action", "actions");
    text.push_str(&match (counts.uses_wider, counts.uses_narrower) {
        (0, 0) => String::new(),
        (wider, 0) => format!(", {} opened to more people", actions(wider)),
        (0, narrower) => format!(", {} closed to some people", actions(narrower)),
        (wider, narrower) => {
            format!(", {} opened to more people, {narrower} closed to some", actions(wider))
        }
    });
    for words in settings(outline) {
        text.push_str(&format!(", {words}"));
    }
    text
}

/// Returns in short what settings let in and no longer do, what opens first.
fn settings(outline: &Outline<'_>) -> Vec<String> {
    let mut moved: BTreeMap<(Direction, LetsIn), usize> = BTreeMap::new();
    for change in outline.privilege.values().flatten() {
        if let Right::Setting { lets_in, .. } = &change.right {
            *moved.entry((change.direction, *lets_in)).or_default() += 1;
        }
    }
    let words = moved.into_iter().map(|(moves, n)| match (moves, n) {
        ((Direction::Widening, LetsIn::FutureActions), _) => "new actions on at once".to_owned(),
        ((Direction::Narrowing, LetsIn::FutureActions), _) => "new actions stay off".to_owned(),
        ((Direction::Widening, LetsIn::Client), 1) => "new OAuth client".to_owned(),
        ((Direction::Widening, LetsIn::Client), n) => {
            format!("new OAuth clients in {n} integrations")
        }
        ((Direction::Narrowing, LetsIn::Client), _) => "no OAuth client any more".to_owned(),
    });
    words.collect()
}

/// Returns `2 tiers wider, 1 tier narrower, 1 verb removed, 1 token or key ends`.
fn tiers_phrase(outline: &Outline<'_>, named: &str) -> String {
    let counts = outline.counts;
    let mut parts = Vec::new();
    if counts.tiers_wider > 0 {
        parts.push(format!("{}{named}", count(counts.tiers_wider, "tier wider", "tiers wider")));
    }
    for (n, one, many) in [
        (counts.tiers_narrower, "tier narrower", "tiers narrower"),
        (counts.verbs_wider, "verb added", "verbs added"),
        (counts.verbs_narrower, "verb removed", "verbs removed"),
        (counts.credentials_new, "new API key", "new API keys"),
        (counts.credentials_end, "token or key ends", "tokens or keys end"),
    ] {
        if n > 0 {
            parts.push(count(n, one, many));
        }
    }
    if parts.is_empty() { "unchanged".to_owned() } else { parts.join(", ") }
}

pub(super) fn section(page: &mut Page<'_, '_>) -> fmt::Result {
    if page.outline.plan.is_empty() && page.outline.privilege.is_empty() {
        return Ok(());
    }
    // The verdict has the sum of it.
    page.heading("Privilege", "")?;
    let outline = page.outline;
    let Parted { alike, rest } = match page.options.full {
        true => Parted { alike: Vec::new(), rest: outline.privilege.clone() },
        false => parted(outline, &|change| why_here(page, &change.unit, change)),
    };
    let mut units: Vec<_> =
        rest.iter().map(|(unit, changes)| (weight(changes), unit, changes)).collect();
    units.sort_by_key(|(weight, ..)| *weight);
    // What opens stands before what closes, in many units and in one.
    let both = [Direction::Widening, Direction::Narrowing];
    for section in both {
        for own in alike.iter().filter(|own| own.direction == section) {
            many(page, own)?;
        }
        for (_, unit, changes) in units.iter().filter(|((first, _), ..)| *first == section) {
            writeln!(page.out, "  {}", terminal(unit.as_str()))?;
            for direction in both {
                let own = changes.iter().copied().filter(|c| c.direction == direction);
                unit_rows(page, unit, own)?;
            }
        }
    }
    Ok(())
}

fn unit_rows<'p>(
    page: &mut Page<'_, 'p>,
    unit: &Address,
    changes: impl Iterator<Item = &'p PrivilegeChange>,
) -> fmt::Result {
    let (mut scopes, mut settings) = (Table::default(), Table::default());
    let mut uses: Vec<UseLine<'_>> = Vec::new();
    for change in changes {
        match &change.right {
            Right::Scope(_) => scopes.push(scope_row(change, why_here(page, unit, change))),
            Right::Tier(tier) => {
                let (before, after) = tier.ends();
                let (sign, paint) = sign(change.direction);
                let words: Vec<String> = tier.words().map(|w| terminal(w).to_string()).collect();
                let name = below(&tier.address, unit);
                scopes.push(
                    Row::default()
                        .cell(paint, format!("{sign} {}", terminal(name)))
                        .cell(
                            Paint::Plain,
                            format!("{} -> {}", terminal(&before), terminal(&after)),
                        )
                        .cell(Paint::Dim, words.join("; ")),
                );
            }
            Right::Credential { address, what } => {
                let (sign, paint) = sign(change.direction);
                let name = below(address, unit);
                scopes.push(
                    Row::default()
                        .cell(paint, format!("{sign} {}", terminal(name)))
                        .cell(Paint::Plain, terminal(what).to_string()),
                );
            }
            Right::Setting { address, lets_in } => {
                let (sign, paint) = sign(change.direction);
                settings.push(
                    Row::default()
                        .cell(paint, format!("{sign} {}", terminal(below(address, unit))))
                        .cell(Paint::Plain, lets_in.words(change.direction)),
                );
            }
            Right::Use { address, before, after } => {
                let line = UseLine {
                    direction: change.direction,
                    before,
                    after,
                    why: why_here(page, unit, change),
                    native: page.outline.is_native(address),
                    addresses: vec![address],
                };
                // Many actions that move alike are one line, unless everything is asked for.
                let known = match page.options.full {
                    true => None,
                    false => uses.iter_mut().find(|known| known.is_like(&line)),
                };
                match known {
                    Some(known) => known.addresses.push(address),
                    None => uses.push(line),
                }
            }
        }
    }
    scopes.write(page.out, page.options.palette, 4)?;
    settings.write(page.out, page.options.palette, 4)?;
    let mut table = Table::default();
    for line in &uses {
        table.push(line.row(page, unit));
    }
    table.write(page.out, page.options.palette, 4)
}

/// Writes what moves in the same direction in many units.
fn many(page: &mut Page<'_, '_>, own: &Alike<'_>) -> fmt::Result {
    let Alike { direction, units, scopes, closed } = own;
    let (sign, paint) = sign(*direction);
    let list = names(units.iter().map(|unit| unit.as_str()), page.most());
    writeln!(page.out, "  {} integrations alike: {list}", units.len())?;
    let mut table = Table::default();
    let shown = Shown { most: 3, show: &|name| terminal(name).to_string() };
    for changes in scopes {
        let Some(first) = changes.first() else { continue };
        let why = why_of_all(page.outline, changes, shown);
        table.push(scope_row(first, why));
    }
    table.write(page.out, page.options.palette, 4)?;
    let mut table = Table::default();
    for Closed { before, after, why, changes } in closed {
        let actions = count(changes.len(), "action", "actions");
        table.push(
            Row::default()
                .cell(paint, format!("{sign} {actions}; `--full` names them"))
                .cell(Paint::Plain, format!("{} -> {}", terminal(before), terminal(after)))
                .cell(Paint::Dim, why.replacen("because it ", "because each ", 1)),
        );
    }
    table.write(page.out, page.options.palette, 4)
}

const fn sign(direction: Direction) -> (&'static str, Paint) {
    match direction {
        Direction::Widening => ("+", Paint::Add),
        Direction::Narrowing => ("-", Paint::Remove),
    }
}

fn scope_row(change: &PrivilegeChange, why: String) -> Row {
    let (sign, paint) = sign(change.direction);
    let consent = match change.admin_consent {
        Some(true) => ("admin consent", Paint::Warning),
        Some(false) => ("user consent", Paint::Dim),
        None if change.direction == Direction::Widening => ("consent unknown", Paint::Warning),
        None => ("", Paint::Plain),
    };
    let level = change.level.map(|level| format!("level {}", level.0)).unwrap_or_default();
    let scope = match &change.right {
        Right::Scope(scope) => scope.as_str(),
        Right::Use { .. } | Right::Tier(_) | Right::Credential { .. } | Right::Setting { .. } => "",
    };
    Row::default()
        .cell(paint, format!("{sign} {}", terminal(scope)))
        .cell(consent.1, consent.0)
        .cell(Paint::Plain, level)
        .cell(Paint::Dim, with_doubt(why, change))
}

/// Adds what is doubtful about the scope to the reason for it.
fn with_doubt(why: String, change: &PrivilegeChange) -> String {
    match &change.doubt {
        Some(doubt) => format!("{why}; {}", terminal(doubt)).trim_start_matches("; ").to_owned(),
        None => why,
    }
}

/// Things whose reach moves in the same way for the same reason.
struct UseLine<'p> {
    direction: Direction,
    before: &'p str,
    after: &'p str,
    why: String,
    native: bool,
    addresses: Vec<&'p Address>,
}

impl UseLine<'_> {
    /// Whether two lines can be told as one.
    fn is_like(&self, other: &Self) -> bool {
        self.direction == other.direction
            && self.why == other.why
            && self.native == other.native
            && self.before == other.before
            && self.after == other.after
    }

    fn row(&self, page: &Page<'_, '_>, unit: &Address) -> Row {
        let (sign, paint) = sign(self.direction);
        let shown = names(self.addresses.iter().map(|a| below(a, unit)), page.most());
        let why = match self.addresses.as_slice() {
            [_] => self.why.clone(),
            _ => self.why.replacen("because it ", "because each ", 1),
        };
        Row::default()
            .cell(paint, format!("{sign} {}{shown}", if self.native { "native " } else { "" }))
            .cell(Paint::Plain, format!("{} -> {}", terminal(self.before), terminal(self.after)))
            .cell(Paint::Dim, why)
    }
}

fn why_here(page: &Page<'_, '_>, unit: &Address, change: &PrivilegeChange) -> String {
    let most = if page.options.full { page.most() } else { 3 };
    why(page.outline, unit, change, Shown { most, show: &|name| terminal(name).to_string() })
}
