//! Rows, and how equal ones of several units become one.
//!
//! What is equal is decided by what was there before it was shortened and made harmless, names that are not shown
//! included: two rows that look alike and are not stay two.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use super::super::neutral::{code, markdown};
use super::super::table::names_by;
use super::layout::{Form, Rank, Row, forms};
use super::lists::{self, List, NAMES};
use crate::model::Address;
use crate::platform::Kind;

/// How many units are named of those in which the same happens.
pub(super) const UNITS: usize = 30;

/// What one row says, as it is shown and as it is compared.
#[derive(Debug, Default)]
pub(super) struct Words {
    parts: Vec<Part>,
    meant: Vec<String>,
}

#[derive(Debug)]
pub(super) enum Part {
    /// Markdown.
    Made(String),
    /// Names of which as many are shown as the page has room for.
    List(List),
}

impl Words {
    /// Adds words of our own, which are Markdown.
    pub(super) fn own(mut self, words: &str) -> Self {
        self.push(words);
        self.meant.push(words.to_owned());
        self
    }

    /// Adds a name or value.
    pub(super) fn code(mut self, name: &str) -> Self {
        self.push(&code(name));
        self.meant.push(name.to_owned());
        self
    }

    /// Adds the name of what is below a unit; nothing for the unit itself.
    pub(super) fn name(self, name: &str) -> Self {
        if name.is_empty() { self } else { self.code(name) }
    }

    /// Adds a sentence that may hold text from elsewhere.
    pub(super) fn text(mut self, text: &str) -> Self {
        self.push(&markdown(text));
        self.meant.push(text.to_owned());
        self
    }

    /// Adds names or values, not more than can be read.
    pub(super) fn names<'n>(mut self, names: impl IntoIterator<Item = &'n str>) -> Self {
        let names: Vec<&str> = names.into_iter().collect();
        self.push(&names_by(names.iter().copied(), NAMES, &code));
        self.meant.extend(names.into_iter().map(str::to_owned));
        self
    }

    /// Adds names of which none is hidden while there is room.
    pub(super) fn all_names<'n>(mut self, names: impl IntoIterator<Item = &'n str>) -> Self {
        let names: Vec<String> = names.into_iter().map(str::to_owned).collect();
        self.meant.extend(names.iter().cloned());
        self.parts.push(Part::List(List::each(names)));
        self
    }

    /// Adds how a value changes, of which no name is hidden while there is room. What it means is for the caller to add.
    pub(super) fn value(mut self, line: &str) -> Self {
        self.parts.extend(lists::value(line));
        self
    }

    /// Adds what is Markdown already, and what it means.
    pub(super) fn made(mut self, shown: &str, meant: impl Into<String>) -> Self {
        self.push(shown);
        self.meant.push(meant.into());
        self
    }

    fn push(&mut self, shown: &str) {
        match self.parts.last_mut() {
            Some(Part::Made(made)) => made.push_str(shown),
            Some(Part::List(_)) | None => self.parts.push(Part::Made(shown.to_owned())),
        }
    }

    /// Returns the words with their lists as long as they are at a step, and how many names that hides.
    fn at(&self, step: u32) -> (String, usize) {
        let mut shown = String::new();
        let mut hidden = 0;
        for part in &self.parts {
            match part {
                Part::Made(made) => shown.push_str(made),
                Part::List(list) => hidden += list.write(&mut shown, step),
            }
        }
        (shown, hidden)
    }
}

/// One thing that is told of one unit.
#[derive(Debug)]
pub(super) struct Line<'p> {
    pub(super) rank: Rank,
    /// How many things of the plan this is.
    pub(super) things: usize,
    /// What comes before the unit. Ends with a blank where the line is about the unit itself, which then follows at once.
    pub(super) lead: Words,
    /// What comes after it.
    pub(super) rest: Words,
    /// Where it is so; `None` when it is not about a unit.
    pub(super) unit: Option<&'p Address>,
    /// The line of the files, such as `acme.yaml:14:7`, with what else belongs to this unit alone.
    pub(super) place: Option<Words>,
}

/// Returns one row for all lines that differ in their units only, in the order of the first of each.
pub(super) fn merge(lines: Vec<Line<'_>>, platform: Kind) -> Vec<Row> {
    let mut merged: Vec<Vec<Line<'_>>> = Vec::new();
    let mut known: BTreeMap<(Rank, Vec<String>, Vec<String>), usize> = BTreeMap::new();
    let mut told: BTreeSet<(usize, &Address)> = BTreeSet::new();
    for line in lines {
        let Some(unit) = line.unit else {
            merged.push(vec![line]);
            continue;
        };
        let key = (line.rank, line.lead.meant.clone(), line.rest.meant.clone());
        match known.entry(key) {
            Entry::Occupied(at) => match merged.get_mut(*at.get()) {
                // Twice in one unit is not the same in two.
                Some(alike) if told.insert((*at.get(), unit)) => alike.push(line),
                Some(_) | None => merged.push(vec![line]),
            },
            Entry::Vacant(at) => {
                told.insert((merged.len(), unit));
                at.insert(merged.len());
                merged.push(vec![line]);
            }
        }
    }
    merged.iter().filter_map(|alike| row(alike, platform)).collect()
}

fn row(alike: &[Line<'_>], platform: Kind) -> Option<Row> {
    let first = alike.first()?;
    let things = alike.iter().map(|line| line.things).sum();
    let forms = forms(|step| {
        let ((lead, mine), (rest, others)) = (first.lead.at(step), first.rest.at(step));
        let text = whole(first, alike, (&lead, &rest), platform);
        Form { text, hidden: mine + others }
    });
    Some(Row { rank: first.rank, things, forms })
}

fn whole(
    first: &Line<'_>,
    alike: &[Line<'_>],
    (lead, rest): (&str, &str),
    platform: Kind,
) -> String {
    match (first.unit, alike) {
        (None, _) => format!("- {lead}{}{rest}\n", place(first)),
        (Some(unit), [_]) => {
            let within = if lead.ends_with(' ') { "" } else { " in " };
            format!("- {lead}{within}{}{}{rest}\n", code(unit.as_str()), place(first))
        }
        (Some(_), _) => {
            let units: Vec<&Address> = alike.iter().filter_map(|line| line.unit).collect();
            let what = plural(&units, platform);
            let shown =
                alike.iter().take(if alike.len() > UNITS + 1 { UNITS } else { alike.len() });
            let mut names: Vec<String> = shown
                .filter_map(|line| Some(format!("{}{}", code(line.unit?.as_str()), place(line))))
                .collect();
            if names.len() < alike.len() {
                names.push(format!("and {} more", alike.len() - names.len()));
            }
            let (n, names) = (alike.len(), names.join(", "));
            let lead = lead.trim_end();
            format!("- {lead}, **same in {n} {what}**{rest}\n  in {names}\n")
        }
    }
}

fn place(line: &Line<'_>) -> String {
    line.place.as_ref().map(|place| format!(" ({})", place.at(0).0)).unwrap_or_default()
}

/// Returns the word for several units of one kind.
pub(super) fn plural(units: &[&Address], platform: Kind) -> &'static str {
    let workspace = Address::workspace();
    let integration = |unit: &Address| !unit.as_str().contains('/') && *unit != workspace;
    let all = |prefix: &str| {
        let below = |unit: &Address| unit.as_str().strip_prefix(prefix).map(|n| !n.contains('/'));
        units.iter().all(|unit| below(unit) == Some(true))
    };
    match platform {
        Kind::Odeus if units.iter().all(|unit| integration(unit)) => "integrations",
        Kind::Trustpager if all("oauth_clients/") => "clients",
        Kind::Trustpager if all("api_keys/") => "API keys",
        Kind::Odeus | Kind::Trustpager => "places",
    }
}
