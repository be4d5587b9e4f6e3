//! What becomes possible, what stops being possible, and why.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::super::alike::{Alike, Closed, Parted, parted};
use super::super::neutral::terminal;
use super::super::outline::Outline;
use super::super::palette::Paint;
use super::super::table::{Row, Table, count, names, names_by};
use super::{Page, below};
use crate::model::{Address, Cause, CauseKind, Direction, LetsIn, PrivilegeChange, Right};
use crate::platform::Kind;

/// Returns `+2 scopes wider, -1 narrower, 3 actions opened to more people, 1 closed to some`. What opens or closes is said
/// whatever the scopes do: a scope less says nothing of who may use the others.
pub(in crate::render) fn phrase(outline: &Outline<'_>) -> String {
    phrase_by(outline, "")
}

/// Returns the same with the gravest scopes that are new, or the resources whose tier widens, as `show` makes them harmless:
/// `+2 scopes wider (Sites.Manage.All, Mail.Send), ...`. What needs an admin's consent is the gravest and is counted, and
/// then the provider's own level decides; a tier is the graver where something becomes automatic.
pub(in crate::render) fn phrase_with_names(
    outline: &Outline<'_>,
    show: &dyn Fn(&str) -> String,
) -> String {
    let mut consents: BTreeSet<&str> = BTreeSet::new();
    let mut wider: BTreeMap<&str, (u8, Reverse<u8>)> = BTreeMap::new();
    for change in outline.privilege.values().flatten() {
        let (name, grave) = match &change.right {
            Right::Scope(scope) if change.direction == Direction::Widening => {
                let consent = match change.admin_consent {
                    Some(true) => 0,
                    None => 1,
                    Some(false) => 2,
                };
                if consent == 0 {
                    consents.insert(scope.as_str());
                }
                // What nobody has graded may be anything.
                let level = change.level.map_or(u8::MAX, |level| level.0);
                (scope.as_str(), (consent, Reverse(level)))
            }
            Right::Tier(tier) if tier.tier_widens => {
                let automatic = tier.widens.iter().any(|words| words.contains("automatic"));
                (tier.address.name(), (u8::from(!automatic), Reverse(0)))
            }
            _ => continue,
        };
        let known = wider.entry(name).or_insert(grave);
        *known = grave.min(*known);
    }
    let mut gravest: Vec<(&str, (u8, Reverse<u8>))> = wider.into_iter().collect();
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
    for own in &alike {
        many(page, own)?;
    }
    let mut units: Vec<_> = rest.iter().collect();
    units.sort_by_key(|(_, changes)| weight(changes));
    for (unit, changes) in units {
        writeln!(page.out, "  {}", terminal(unit.as_str()))?;
        // What opens stands before what closes.
        for direction in [Direction::Widening, Direction::Narrowing] {
            unit_rows(page, unit, changes.iter().copied().filter(|c| c.direction == direction))?;
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

/// Where a unit stands: who decides reads first what is asked of people anew, then what settings let in, then who may do
/// more, then what ends.
pub(in crate::render) fn weight(changes: &[&PrivilegeChange]) -> u8 {
    let wider = |change: &&PrivilegeChange| match (change.direction, &change.right) {
        (Direction::Widening, Right::Scope(_) | Right::Tier(_) | Right::Credential { .. }) => 0,
        (Direction::Widening, Right::Setting { .. }) => 1,
        (Direction::Widening, Right::Use { .. }) => 2,
        (Direction::Narrowing, _) => 3,
    };
    changes.iter().map(wider).min().unwrap_or(3)
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

/// How the names in a sentence are shown: how many of a list, and what makes each harmless in the format.
#[derive(Clone, Copy)]
pub(in crate::render) struct Shown<'s> {
    pub(in crate::render) most: usize,
    pub(in crate::render) show: &'s dyn Fn(&str) -> String,
}

/// Returns `because create_list and get_page are turned on; native search_files needs it`.
pub(in crate::render) fn why(
    outline: &Outline<'_>,
    unit: &Address,
    change: &PrivilegeChange,
    shown: Shown<'_>,
) -> String {
    let mut by_kind: BTreeMap<CauseKind, Vec<&Cause>> = BTreeMap::new();
    for cause in &change.causes {
        by_kind.entry(cause.kind).or_default().push(cause);
    }
    let mut because = Vec::new();
    let mut although = Vec::new();
    for (kind, causes) in &by_kind {
        let addresses: Vec<&Address> =
            causes.iter().filter_map(|cause| cause.address.as_ref()).collect();
        let own = match &change.right {
            Right::Use { address, .. } => Some(address),
            _ => None,
        };
        // Scopes are named where the action stops for want of them; what is off runs for admins alone.
        let of_scopes = *kind == CauseKind::NeededScope;
        let named = !of_scopes || own.is_some_and(|own| outline.stops(own));
        let names = match own {
            Some(own) if addresses.iter().all(|address| *address == own) => "it".to_owned(),
            _ if !named => String::new(),
            _ if of_scopes => {
                let scopes = addresses.iter().map(|address| (shown.show)(scope_of(address, unit)));
                scopes.collect::<Vec<_>>().join(" ")
            }
            _ => names_by(addresses.iter().map(|a| below(a, unit)), shown.most, shown.show),
        };
        let subject = Subject { names: &names, many: addresses.len() > 1 };
        match reason(*kind, change.direction, subject) {
            Reason::Because(text) => because.push(text),
            Reason::Although(text) => although.push(text),
        }
    }
    let mut text = String::new();
    for (list, word) in [(because, "because"), (although, "although")] {
        if !list.is_empty() {
            let comma = if text.is_empty() { "" } else { ", " };
            text.push_str(&format!("{comma}{word} {}", list.join("; ")));
        }
    }
    text
}

/// Returns why the same right moves in several units: with its names where they are the same in all, else the kinds of
/// reasons alone.
pub(in crate::render) fn why_of_all(
    outline: &Outline<'_>,
    changes: &[&PrivilegeChange],
    shown: Shown<'_>,
) -> String {
    let Some(first) = changes.first() else { return String::new() };
    let all = Shown { most: usize::MAX - 1, ..shown };
    let mut each = changes.iter().map(|change| why(outline, &change.unit, change, all));
    let meant = each.next();
    if each.all(|other| Some(other) == meant) {
        return why(outline, &first.unit, first, shown);
    }
    let kinds: BTreeSet<CauseKind> =
        changes.iter().flat_map(|change| &change.causes).map(|cause| cause.kind).collect();
    let causes = kinds.into_iter().map(|kind| Cause { kind, address: None }).collect();
    why(outline, &first.unit, &PrivilegeChange { causes, ..(*first).clone() }, shown)
}

/// Returns the scope that an address below `oauth/scopes` ends with.
fn scope_of<'a>(address: &'a Address, unit: &Address) -> &'a str {
    let path = below(address, unit);
    path.strip_prefix("oauth/scopes/").unwrap_or(path)
}

/// A reason for a move, or one that speaks against it.
enum Reason {
    Because(String),
    Although(String),
}

#[derive(Clone, Copy)]
struct Subject<'a> {
    names: &'a str,
    many: bool,
}

fn reason(kind: CauseKind, direction: Direction, subject: Subject<'_>) -> Reason {
    let Subject { names, many } = subject;
    // An action of which its own line speaks.
    let whose = if names == "it" { "its" } else { "an action's" };
    let lacked = if names.is_empty() { "scopes" } else { names };
    let native =
        if names.is_empty() { "a native action".to_owned() } else { format!("native {names}") };
    let names = if names.is_empty() { "an action" } else { names };
    let (is, needs) = if many { ("are", "need") } else { ("is", "needs") };
    let text = match (kind, direction) {
        (CauseKind::Action, Direction::Widening) => format!("{names} {is} turned on"),
        (CauseKind::Action, Direction::Narrowing) => format!("{names} {is} turned off"),
        (CauseKind::Shared, Direction::Widening) => {
            format!("{names} {is} shared with more people")
        }
        (CauseKind::Shared, Direction::Narrowing) => {
            format!("{names} {is} shared with fewer people")
        }
        (CauseKind::IntegrationAccess, Direction::Widening) => {
            "the integration is opened to more people".to_owned()
        }
        (CauseKind::IntegrationAccess, Direction::Narrowing) => {
            "the integration is open to fewer people".to_owned()
        }
        (CauseKind::Client, Direction::Widening) => {
            "the integration has an OAuth client now".to_owned()
        }
        (CauseKind::Client, Direction::Narrowing) => {
            "the integration has no OAuth client any more".to_owned()
        }
        (CauseKind::AcceptedMissing, _) => format!("{whose} missing scopes are accepted"),
        (CauseKind::NeededScope, Direction::Widening) => {
            "all its scopes are requested now".to_owned()
        }
        (CauseKind::NeededScope, Direction::Narrowing) => format!("it lacks {lacked}"),
        (CauseKind::LiveAction, Direction::Widening) => format!("{names}, already on, {needs} it"),
        (CauseKind::LiveAction, Direction::Narrowing) => {
            return Reason::Although(format!("{names} {is} still on"));
        }
        (CauseKind::NativeAction, Direction::Widening) => format!("{native} {needs} it"),
        (CauseKind::NativeAction, Direction::Narrowing) => {
            return Reason::Although(format!("{native} {needs} it"));
        }
        (CauseKind::BaseScope, Direction::Widening) => "every connection requests it".to_owned(),
        (CauseKind::BaseScope, Direction::Narrowing) => {
            return Reason::Although("every connection needs it".to_owned());
        }
        (CauseKind::FixedList, Direction::Widening) => "the fixed list names it".to_owned(),
        (CauseKind::FixedList, Direction::Narrowing) => {
            "the fixed list does not name it".to_owned()
        }
        (CauseKind::CatalogChange, _) => {
            let names = if names == "an action" { "the catalogue" } else { names };
            format!("the vendor changed {names}")
        }
        (CauseKind::Declared, _) => "the files say so".to_owned(),
        (CauseKind::NoLongerNeeded, _) => {
            "no enabled or shared action needs it any more".to_owned()
        }
    };
    Reason::Because(text)
}
