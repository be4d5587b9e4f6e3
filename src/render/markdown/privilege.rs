//! Privilege on the page: each right in its direction with its reason, and, where many units share what moves, once for all
//! of them with the single reasons in a fold.

use std::collections::BTreeMap;

use super::super::alike::{Alike, Closed, Parted, parted};
use super::super::grave::{Gravity, place};
use super::super::neutral::code;
use super::super::table::{count, names_by};
use super::super::text::below;
use super::super::text::privilege::phrase;
use super::super::text::why::{Shown, why, why_of_all};
use super::layout::{Rank, Row, Section};
use super::rows::{Line, UNITS, Words, merge, plural};
use super::{Writer, within};
use crate::model::{Address, Direction, PrivilegeChange, Right};

/// How many things one row says of many units.
const ITEMS: usize = 40;

/// Of what moves, everything of one sort and direction.
#[derive(Default)]
struct Lines<'p> {
    wider: Vec<Placed<'p>>,
    opened: Vec<Line<'p>>,
    narrower: Vec<Placed<'p>>,
    closed: Vec<Line<'p>>,
}

/// A line, and where its right stands among those of all units.
type Placed<'p> = ((u8, Gravity), Line<'p>);

impl<'p> Lines<'p> {
    /// Returns what opens, and what closes. What is asked of everybody who connects comes before what settings let in and
    /// who may use what, whichever units these are in.
    fn in_order(self) -> [Vec<Line<'p>>; 2] {
        let sorted = |mut placed: Vec<Placed<'p>>, mut uses: Vec<Line<'p>>| {
            placed.sort_by_key(|(place, _)| *place);
            let mut lines: Vec<Line<'p>> = placed.into_iter().map(|(_, line)| line).collect();
            lines.append(&mut uses);
            lines
        };
        [sorted(self.wider, self.opened), sorted(self.narrower, self.closed)]
    }
}

type ByUnit<'p> = BTreeMap<&'p Address, Vec<&'p PrivilegeChange>>;

impl<'p> Writer<'_, 'p> {
    /// Returns the section, and the fold with the single reasons of what it says of many units at once.
    pub(super) fn privilege(&self) -> (Section, Section) {
        let platform = self.outline.plan.bound.platform;
        let Parted { alike, rest } = parted(self.outline, &|change| self.meant(change));
        let [opens, closes] = self.lines(&rest).in_order();
        let mut rows: Vec<Row> = Vec::new();
        // What opens stands before what closes, in many units and in one.
        for (direction, lines) in [(Direction::Widening, opens), (Direction::Narrowing, closes)] {
            let own = alike.iter().filter(|own| own.direction == direction);
            rows.extend(own.flat_map(|own| self.alike(own)));
            rows.extend(merge(lines, platform));
        }
        let title = format!("Privilege: {}", phrase(self.outline));
        let shown = self.shown(&title, rows);
        let mut told: ByUnit<'p> = BTreeMap::new();
        for own in &alike {
            let closed = own.closed.iter().flat_map(|own| &own.changes);
            // Where the reasons are the same in all of them, they have been said.
            let scopes = own.scopes.iter().filter(|changes| {
                let mut meant = changes.iter().map(|change| self.meant(change));
                let first = meant.next();
                meant.any(|other| Some(other) != first)
            });
            for change in scopes.flatten().chain(closed) {
                told.entry(&change.unit).or_default().push(change);
            }
        }
        let mut lines = self.lines(&told);
        // Which actions these are, one line for each integration, comes before why each scope moves in each.
        for line in &mut lines.closed {
            line.rank = Rank::Detail;
        }
        for (_, line) in lines.wider.iter_mut().chain(&mut lines.narrower) {
            line.rank = Rank::Reason;
        }
        let mut all = std::mem::take(&mut lines.closed);
        all.extend(lines.in_order().into_iter().flatten());
        let rows = merge(all, platform);
        let title = "Privilege, one by one: what is said above of many at once";
        (shown, self.folded(title, rows))
    }

    fn meant(&self, change: &PrivilegeChange) -> String {
        let all = Shown { most: usize::MAX - 1, show: &|name| format!("{name:?}") };
        why(self.outline, &change.unit, change, all)
    }

    /// Returns rows with everything that moves in the same direction in the same units.
    fn alike(&self, own: &Alike<'_>) -> Vec<Row> {
        let Alike { direction, units, scopes, closed } = own;
        let (sign, rank) = match direction {
            Direction::Widening => ("**+**", Rank::Widening),
            Direction::Narrowing => ("**-**", Rank::Narrowing),
        };
        let mut items: Vec<(usize, String)> = Vec::new();
        for changes in scopes {
            let Some(first) = changes.first() else { continue };
            let Right::Scope(scope) = &first.right else { continue };
            let why = why_of_all(self.outline, changes, Shown { most: 3, show: &code });
            let comma = if why.is_empty() { "" } else { ", " };
            let said = format!("{}{}{comma}{why}", code(scope.as_str()), consent(first));
            items.push((changes.len(), said));
        }
        for Closed { before, after, why: _, changes } in closed {
            let Some(first) = changes.first() else { continue };
            let why = why(self.outline, &first.unit, first, Shown { most: 3, show: &code });
            let why = why.replacen("because it ", "because each ", 1);
            let moved = code(&format!("{before} -> {after}"));
            let actions = count(changes.len(), "action", "actions");
            items.push((changes.len(), format!("{actions}: {moved} {why}")));
        }
        let what = plural(units, self.outline.plan.bound.platform);
        let names = names_by(units.iter().map(|unit| unit.as_str()), UNITS, &code);
        let lead = format!("- {sign} **same in {} {what}**: {names}\n", units.len());
        // A row is whole or not there, so that none may be as long as a page.
        let row = |items: &[(usize, String)]| {
            let text = items.iter().map(|(_, said)| format!("  - {said}\n")).collect::<String>();
            let things = items.iter().map(|(things, _)| things).sum();
            Row::of(rank, things, format!("{lead}{text}"))
        };
        items.chunks(ITEMS).map(row).collect()
    }

    fn lines(&self, by_unit: &ByUnit<'p>) -> Lines<'p> {
        let mut all = Lines::default();
        for (unit, changes) in by_unit {
            let mut uses: Vec<Uses<'p>> = Vec::new();
            for change in changes {
                let lines = match change.direction {
                    Direction::Widening => &mut all.wider,
                    Direction::Narrowing => &mut all.narrower,
                };
                match self.right(unit, change) {
                    Told::Line(line) => lines.push((place(change), line)),
                    Told::Use(one) => match uses.iter_mut().find(|known| known.is_like(&one)) {
                        Some(known) => known.addresses.extend(one.addresses),
                        None => uses.push(one),
                    },
                }
            }
            for line in uses {
                match line.direction {
                    Direction::Widening => all.opened.push(line.line(unit)),
                    Direction::Narrowing => all.closed.push(line.line(unit)),
                }
            }
        }
        all
    }

    fn right(&self, unit: &'p Address, change: &'p PrivilegeChange) -> Told<'p> {
        let (sign, rank) = match change.direction {
            Direction::Widening => ("**+** ", Rank::Widening),
            Direction::Narrowing => ("**-** ", Rank::Narrowing),
        };
        let reason = || {
            let shown = why(self.outline, unit, change, Shown { most: 3, show: &code });
            (shown, self.meant(change))
        };
        let line = |name: &str, meant: &str, rest: Words| {
            let lead = Words::default().own(sign).name(name).made("", meant);
            Told::Line(Line { rank, things: 1, lead, rest, unit: Some(unit), place: None })
        };
        match &change.right {
            Right::Scope(scope) => {
                let mut rest = Words::default().own(&consent(change));
                let (shown, meant) = reason();
                if !shown.is_empty() {
                    rest = rest.own(", ").made(&shown, meant);
                }
                if let Some(doubt) = &change.doubt {
                    rest = rest.own("; ").text(doubt);
                }
                line(scope.as_str(), "", rest)
            }
            Right::Tier(tier) => {
                let (before, after) = tier.ends();
                let mut rest = Words::default().own(": ").code(&format!("{before} -> {after}"));
                for words in tier.words() {
                    rest = rest.own("; ").text(words);
                }
                line(short(&tier.address, unit), within(&tier.address, unit), rest)
            }
            Right::Credential { address, what } => {
                let rest = Words::default().own(": ").text(what);
                line(short(address, unit), within(address, unit), rest)
            }
            Right::Setting { address, lets_in } => {
                let rest = Words::default().own(": ").own(lets_in.words(change.direction));
                line(short(address, unit), within(address, unit), rest)
            }
            Right::Use { address, before, after } => {
                let (shown, meant) = reason();
                Told::Use(Uses {
                    direction: change.direction,
                    before,
                    after,
                    shown,
                    meant,
                    native: self.outline.is_native(address),
                    addresses: vec![address],
                })
            }
        }
    }
}

/// Returns who must consent to a scope and how powerful it is, as far as a source says.
fn consent(change: &PrivilegeChange) -> String {
    let consent = match change.admin_consent {
        Some(true) => ": **admin consent**",
        Some(false) => ": user consent",
        None if change.direction == Direction::Widening => ": **consent unknown**",
        None => "",
    };
    match change.level {
        Some(level) => {
            let comma = if consent.is_empty() { ": " } else { ", " };
            format!("{consent}{comma}level {}", level.0)
        }
        None => consent.to_owned(),
    }
}

/// A privilege change as a line, or as one of several uses that may be told together.
enum Told<'p> {
    Line(Line<'p>),
    Use(Uses<'p>),
}

/// Things of one unit whose reach moves in the same way for the same reason.
struct Uses<'p> {
    direction: Direction,
    before: &'p str,
    after: &'p str,
    shown: String,
    meant: String,
    native: bool,
    addresses: Vec<&'p Address>,
}

impl<'p> Uses<'p> {
    fn is_like(&self, other: &Self) -> bool {
        self.direction == other.direction
            && (self.before, self.after) == (other.before, other.after)
            && self.meant == other.meant
            && self.native == other.native
    }

    fn line(&self, unit: &'p Address) -> Line<'p> {
        let (sign, rank) = match self.direction {
            Direction::Widening => ("**+** ", Rank::Widening),
            Direction::Narrowing => ("**-** ", Rank::Narrowing),
        };
        let names = self.addresses.iter().map(|address| below(address, unit));
        let meant: Vec<&str> = self.addresses.iter().map(|a| within(a, unit)).collect();
        let shown = match self.addresses.as_slice() {
            [_] => self.shown.clone(),
            _ => self.shown.replacen("because it ", "because each ", 1),
        };
        let moved = format!("{} -> {}", self.before, self.after);
        let lead = Words::default().own(sign).own(if self.native { "native " } else { "" });
        // Whoever decides reads the name of everything that opens.
        let lead = match self.direction {
            Direction::Widening => lead.all_names(names),
            Direction::Narrowing => lead.names(names),
        };
        Line {
            rank,
            things: self.addresses.len(),
            lead: lead.made("", meant.join("\n")),
            rest: Words::default()
                .own(": ")
                .value(&moved)
                .made("", moved)
                .own(" ")
                .made(&shown, &self.meant),
            unit: Some(unit),
            place: None,
        }
    }
}

/// Returns an address as short as it can be told below its unit; nothing where it is the unit itself.
fn short<'a>(address: &'a Address, unit: &Address) -> &'a str {
    if address == unit { "" } else { below(address, unit) }
}
