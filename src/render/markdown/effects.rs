//! What a plan does to what works, to people and to tokens.

use std::collections::BTreeMap;

use super::super::holders::{Alike, Happens, Tokens, parted};
use super::super::neutral::code;
use super::super::table::count;
use super::super::text::{below, impact, tokens};
use super::layout::{Rank, Row, Section};
use super::rows::{Line, Words, merge};
use super::{Writer, within};
use crate::model::{Address, ScopeSet};
use crate::plan::{Breakage, PeopleEffect, ReconnectReason};
use crate::platform::Latency;

/// So many rows about people, and as many about tokens, come before what ends.
const FIRST: usize = 20;

impl<'p> Writer<'_, 'p> {
    pub(super) fn breakage(&self) -> Section {
        let mut lines: Vec<Line<'_>> = self.refused();
        let units: Vec<Address> =
            self.outline.breakage.iter().map(|breakage| self.unit(breakage.address())).collect();
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
            let meant = within(breakage.address(), unit);
            let lead = Words::default().own(words).code(name).made("", meant);
            let unit = Some(unit);
            lines.push(Line { rank: Rank::Breakage, things: 1, lead, rest, unit, place: None });
        }
        let title = format!("Breakage: {}", impact::breakage_title(self.outline));
        self.shown(&title, merge(lines, self.outline.plan.bound.platform))
    }

    /// Returns which rights refuse calls. What each refuses stands under Privilege.
    fn refused(&self) -> Vec<Line<'p>> {
        let line = |(unit, rights): (&'p Address, Vec<&'p Address>)| {
            let meant: Vec<&str> = rights.iter().map(|right| within(right, unit)).collect();
            let lead = Words::default().own("**refused**: ");
            let lead = match rights.as_slice() {
                [own] if *own == unit => lead.own(impact::refused_name(own, unit)),
                _ => lead.all_names(rights.iter().map(|right| impact::refused_name(right, unit))),
            };
            Line {
                rank: Rank::Breakage,
                things: rights.len(),
                lead: lead.made("", meant.join("\n")),
                rest: Words::default(),
                unit: Some(unit),
                place: None,
            }
        };
        self.outline.refused().into_iter().map(line).collect()
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
            let PeopleEffect { unit, must_reconnect, reason, still_hold, .. } = effect;
            if !must_reconnect.is_empty() && impact::concerns(effect) {
                let why = match reason {
                    ReconnectReason::Nobody => "",
                    ReconnectReason::NewScopes => {
                        ", because what they may run needs a scope they have not granted"
                    }
                    ReconnectReason::NewClient => ", because the OAuth client changes",
                };
                let lead = Words::default().own("**must reconnect**");
                let who = impact::how_many(effect);
                let rest = Words::default().own(&format!(", {who}{why}: "));
                let rest = match effect.newly().next() {
                    Some(_) => rest.names(effect.newly()),
                    None => rest.names(must_reconnect.iter().map(String::as_str)),
                };
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
        self.shown(&title, first_few(merge(lines, self.outline.plan.bound.platform)))
    }

    pub(super) fn tokens(&self) -> Section {
        let Tokens { alike, rest } = parted(self.outline.plan);
        let mut lines = Vec::new();
        for own in &alike {
            if let Happens::Changes(what) = own.happens {
                let rest = moves(Words::default(), what);
                lines.push(many(own, "**changes for ", rest, Rank::People));
            }
        }
        for effect in &rest {
            let line = |lead, rest| Line {
                rank: Rank::People,
                things: 1,
                lead,
                rest,
                unit: Some(effect.unit),
                place: None,
            };
            for change in &effect.changed {
                let lead = Words::default().own("changes for ").code(&change.user);
                let lead = lead.own(", role ").code(&change.role).own(", token ");
                let rest = moves(Words::default(), &change.what);
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
        self.shown(&title, first_few(merge(lines, self.outline.plan.bound.platform)))
    }

    pub(super) fn unchanged_tokens(&self) -> Section {
        let Tokens { alike, rest } = parted(self.outline.plan);
        let mut lines = Vec::new();
        for own in &alike {
            if let Happens::Stays(why) = own.happens {
                let rest = Words::default().own(": ").text(why);
                lines.push(many(own, "**nothing changes for ", rest, Rank::Note));
            }
        }
        for effect in &rest {
            for same in &effect.unchanged {
                let lead = Words::default().own("nothing changes for ").code(&same.user);
                lines.push(Line {
                    rank: Rank::Note,
                    things: 1,
                    lead: lead.own(", token ").code(&same.token),
                    rest: Words::default().own(": ").text(&same.why),
                    unit: Some(effect.unit),
                    place: None,
                });
            }
        }
        let n = lines.iter().map(|line| line.things).sum();
        let n = count(n, "token", "tokens");
        let title = format!("Nothing changes for {n}");
        self.folded(&title, merge(lines, self.outline.plan.bound.platform))
    }
}

/// Returns what is the same for many tokens, with whose and of which clients they are.
fn many<'p>(own: &Alike<'p>, what: &str, rest: Words, rank: Rank) -> Line<'p> {
    let lead = format!("{what}{}** in {}", own.how_many(), own.of_what(&code));
    let mut rest = rest.own("\n  of ").all_names(own.users.iter().copied());
    if own.clients.len() > 1 {
        rest = rest.own("\n  in ").names(own.clients.iter().map(|client| client.as_str()));
    }
    Line {
        rank,
        things: own.tokens,
        lead: Words::default().own(&lead),
        rest,
        unit: None,
        place: None,
    }
}

/// Adds what a token may do more and less: ``: `email`: `read -> no_access` ``.
fn moves(mut words: Words, what: &[String]) -> Words {
    for (n, what) in what.iter().enumerate() {
        words = words.own(if n == 0 { ": " } else { "; " });
        let Some((resource, rest)) = what.split_once(": ") else {
            words = words.text(what);
            continue;
        };
        words = words.code(resource).own(": ");
        // Behind the tiers it may say what holds them there: `read -> write, capped by the role`.
        let (tiers, why) = rest.split_once(", ").unwrap_or((rest, ""));
        words = if tiers.contains(" -> ") { words.code(tiers) } else { words.text(tiers) };
        if !why.is_empty() {
            words = words.own(", ").text(why);
        }
    }
    words
}

/// Lets all but the first rows about people stand back behind what ends and what should be read: of many, the first
/// show what the others are like.
fn first_few(mut rows: Vec<Row>) -> Vec<Row> {
    for row in rows.iter_mut().skip(FIRST) {
        row.rank = Rank::Further;
    }
    rows
}

fn lacks(missing: &ScopeSet) -> Words {
    Words::default().own(", lacks ").names(scopes(missing))
}

fn scopes(scopes: &ScopeSet) -> impl Iterator<Item = &str> {
    scopes.iter().map(|scope| scope.as_str())
}
