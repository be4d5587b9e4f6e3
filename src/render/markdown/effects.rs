//! What a plan does: privilege, breakage, people, tokens.

use std::collections::BTreeMap;

use super::super::neutral::code;
use super::super::table::count;
use super::super::text::privilege::{Shown, phrase, why};
use super::super::text::{below, impact, tokens};
use super::layout::{Rank, Section};
use super::rows::{Line, Words, merge};
use super::{Writer, within};
use crate::model::{Address, Direction, PrivilegeChange, Right, ScopeSet};
use crate::plan::{Breakage, PeopleEffect, ReconnectReason};
use crate::platform::Latency;

impl Writer<'_, '_> {
    pub(super) fn privilege(&self) -> Section {
        // What is asked of everybody who connects comes before who may use what.
        let (mut wider, mut opened) = (Vec::new(), Vec::new());
        let (mut narrower, mut closed) = (Vec::new(), Vec::new());
        for (unit, changes) in &self.outline.privilege {
            let mut uses: Vec<Uses<'_>> = Vec::new();
            for change in changes {
                let lines = match change.direction {
                    Direction::Widening => &mut wider,
                    Direction::Narrowing => &mut narrower,
                };
                match self.right(unit, change) {
                    Told::Line(line) => lines.push(line),
                    Told::Use(one) => match uses.iter_mut().find(|known| known.is_like(&one)) {
                        Some(known) => known.addresses.extend(one.addresses),
                        None => uses.push(one),
                    },
                }
            }
            for line in uses {
                match line.direction {
                    Direction::Widening => opened.push(line.line(unit)),
                    Direction::Narrowing => closed.push(line.line(unit)),
                }
            }
        }
        wider.append(&mut opened);
        wider.append(&mut narrower);
        wider.append(&mut closed);
        let title = format!("Privilege: {}", phrase(self.outline));
        self.shown(&title, merge(wider, self.outline.plan.bound.platform))
    }

    fn right<'p>(&self, unit: &'p Address, change: &'p PrivilegeChange) -> Told<'p> {
        let (sign, rank) = match change.direction {
            Direction::Widening => ("**+** ", Rank::Widening),
            Direction::Narrowing => ("**-** ", Rank::Narrowing),
        };
        let reason = || {
            let shown = why(self.outline, unit, change, Shown { most: 3, show: &code });
            let all = Shown { most: usize::MAX - 1, show: &|name| format!("{name:?}") };
            (shown, why(self.outline, unit, change, all))
        };
        let line = |name: &str, meant: &str, rest: Words| {
            let lead = Words::default().own(sign).name(name).made("", meant);
            Told::Line(Line { rank, things: 1, lead, rest, unit: Some(unit), place: None })
        };
        match &change.right {
            Right::Scope(scope) => {
                let mut rest = Words::default().own(match change.admin_consent {
                    Some(true) => ": **admin consent**",
                    Some(false) => ": user consent",
                    None if change.direction == Direction::Widening => ": **consent unknown**",
                    None => "",
                });
                if let Some(level) = change.level {
                    let said =
                        change.admin_consent.is_some() || change.direction == Direction::Widening;
                    let comma = if said { ", " } else { ": " };
                    rest = rest.own(&format!("{comma}level {}", level.0));
                }
                let (shown, meant) = reason();
                if !shown.is_empty() {
                    rest = rest.own(", ").made(&shown, meant);
                }
                line(scope.as_str(), "", rest)
            }
            Right::Tier { address, before, after, widens, narrows } => {
                let mut rest = Words::default().own(": ").code(&format!("{before} -> {after}"));
                for words in widens.iter().chain(narrows) {
                    rest = rest.own("; ").text(words);
                }
                line(short(address, unit), within(address, unit), rest)
            }
            Right::Credential { address, what } => {
                let rest = Words::default().own(": ").text(what);
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
                    addresses: vec![address],
                })
            }
        }
    }

    pub(super) fn breakage(&self) -> Section {
        let mut lines = Vec::new();
        let units: Vec<Address> =
            self.outline.breakage.iter().map(|breakage| self.unit(at(breakage))).collect();
        for (breakage, unit) in self.outline.breakage.iter().zip(&units) {
            let (words, name, rest) = match breakage {
                Breakage::StopsRunning { address, missing } => {
                    ("**stops running**: ", below(address, unit), lacks(missing))
                }
                Breakage::WillNotRun { address, missing } => {
                    ("**will not run**: ", below(address, unit), lacks(missing))
                }
                Breakage::Unverified { address, accepted, reason } => {
                    let rest = Words::default().own(", accepted without ");
                    let rest = rest.names(scopes(accepted)).own(": ").text(reason);
                    ("**cannot be verified**: ", below(address, unit), rest)
                }
                Breakage::FeatureBreaks { unit: _, feature, actions, missing } => {
                    let by = actions.iter().map(|action| below(action, unit));
                    let rest = lacks(missing).own(", needed by native ").names(by);
                    ("**feature breaks**: ", feature.as_str(), rest)
                }
            };
            let meant = within(at(breakage), unit);
            let lead = Words::default().own(words).code(name).made("", meant);
            let unit = Some(unit);
            lines.push(Line { rank: Rank::Breakage, things: 1, lead, rest, unit, place: None });
        }
        let title = format!("Breakage: {}", impact::breakage_title(self.outline));
        self.shown(&title, merge(lines, self.outline.plan.bound.platform))
    }

    pub(super) fn people(&self) -> Section {
        let mut lines = Vec::new();
        let line = |unit, lead, rest| Line {
            rank: Rank::People,
            things: 1,
            lead,
            rest,
            unit: Some(unit),
            place: None,
        };
        for (unit, needed) in self.outline.admin_consent() {
            let lead = Words::default().own("**admin consent** is needed at the provider");
            let rest = Words::default().own(" for ").names(needed.iter().map(|s| s.as_str()));
            lines.push(line(unit, lead, rest));
        }
        for effect in &self.outline.people {
            let PeopleEffect { unit, must_reconnect, already, reason, still_hold, connected } =
                effect;
            if !must_reconnect.is_empty() {
                let why = match reason {
                    ReconnectReason::Nobody => "",
                    ReconnectReason::NewScopes => {
                        ", because what they may run needs a scope they have not granted"
                    }
                    ReconnectReason::NewClient => ", because the OAuth client changes",
                };
                let already = match already {
                    0 => String::new(),
                    n => format!(" ({n} already had to)"),
                };
                let lead = Words::default().own("**must reconnect**");
                let who = format!(", {} of {connected} connected", must_reconnect.len());
                let rest = Words::default().own(&format!("{who}{already}{why}: "));
                let rest = rest.names(must_reconnect.iter().map(String::as_str));
                lines.push(line(unit, lead, rest));
            }
            let mut holders: BTreeMap<&[String], ScopeSet> = BTreeMap::new();
            for held in still_hold {
                holders.entry(&held.users).or_default().insert(held.scope.clone());
            }
            for (users, held) in holders {
                let lead = Words::default().own("**still hold** ").names(scopes(&held));
                let n = count(users.len(), "person", "people");
                let rest = Words::default()
                    .own(&format!(", until they reconnect or their token expires, {n}: "))
                    .names(users.iter().map(String::as_str));
                lines.push(line(unit, lead, rest));
            }
        }
        let title = format!("People: {}", impact::people_title(self.outline));
        self.shown(&title, merge(lines, self.outline.plan.bound.platform))
    }

    pub(super) fn tokens(&self) -> Section {
        let mut lines = Vec::new();
        for effect in &self.outline.plan.observed.tokens {
            let line = |lead, rest| Line {
                rank: Rank::People,
                things: 1,
                lead,
                rest,
                unit: Some(&effect.unit),
                place: None,
            };
            for change in &effect.changed {
                let lead = Words::default().own("changes for ").code(&change.user);
                let lead = lead.own(", role ").code(&change.role).own(", token ");
                let mut rest = Words::default();
                for (n, what) in change.what.iter().enumerate() {
                    rest = rest.own(if n == 0 { ": " } else { "; " }).text(what);
                }
                lines.push(line(lead.code(&change.token), rest));
            }
            if effect.queued_affected > 0 {
                let calls = count(effect.queued_affected, "queued call", "queued calls");
                let lead = Words::default().own(&format!("**queue**: {calls}"));
                let rest = Words::default().own(" can no longer be executed when approved");
                lines.push(line(lead, rest));
            }
        }
        let n = self.outline.counts.tokens_re_resolved;
        let title = match self.outline.plan.bound.platform.takes_effect() {
            Latency::AtOnce if n == 0 => "no active token is re-resolved".to_owned(),
            Latency::AtOnce | Latency::OnReconnect => tokens::title(n),
        };
        let title = format!("Tokens: {title}");
        self.shown(&title, merge(lines, self.outline.plan.bound.platform))
    }

    pub(super) fn unchanged_tokens(&self) -> Section {
        let mut lines = Vec::new();
        for effect in &self.outline.plan.observed.tokens {
            for same in &effect.unchanged {
                let lead = Words::default().own("nothing changes for ").code(&same.user);
                lines.push(Line {
                    rank: Rank::Note,
                    things: 1,
                    lead: lead.own(", token ").code(&same.token),
                    rest: Words::default().own(": ").text(&same.why),
                    unit: Some(&effect.unit),
                    place: None,
                });
            }
        }
        let n = count(lines.len(), "token", "tokens");
        let title = format!("Nothing changes for {n}");
        self.folded(&title, merge(lines, self.outline.plan.bound.platform))
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
    addresses: Vec<&'p Address>,
}

impl<'p> Uses<'p> {
    fn is_like(&self, other: &Self) -> bool {
        self.direction == other.direction
            && (self.before, self.after) == (other.before, other.after)
            && self.meant == other.meant
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
        Line {
            rank,
            things: self.addresses.len(),
            lead: Words::default().own(sign).names(names).made("", meant.join("\n")),
            rest: Words::default().own(": ").code(&moved).own(" ").made(&shown, &self.meant),
            unit: Some(unit),
            place: None,
        }
    }
}

/// Returns an address as short as it can be told below its unit; nothing where it is the unit itself.
fn short<'a>(address: &'a Address, unit: &Address) -> &'a str {
    if address == unit { "" } else { below(address, unit) }
}

/// Returns what a breakage happens to.
const fn at(breakage: &Breakage) -> &Address {
    match breakage {
        Breakage::StopsRunning { address, .. }
        | Breakage::WillNotRun { address, .. }
        | Breakage::Unverified { address, .. } => address,
        Breakage::FeatureBreaks { unit, .. } => unit,
    }
}

fn lacks(missing: &ScopeSet) -> Words {
    Words::default().own(", lacks ").names(scopes(missing))
}

fn scopes(scopes: &ScopeSet) -> impl Iterator<Item = &str> {
    scopes.iter().map(|scope| scope.as_str())
}
