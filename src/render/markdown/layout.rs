//! The budget of a page: rows with a rank, of which the last are left out until the rest fits, and counted.
//!
//! Which rows are there depends on rank and place alone, never on how long another row of a higher rank is: what a page
//! of one size shows, every larger page shows too. A row is whole or not there, and what opens is closed. Where a row
//! has a long list of names, it has several forms: the shortest is its row, and the names that it leaves out come after
//! everything that decides a review, and are counted where they are not there.

use std::collections::BTreeMap;

use super::super::table::count;

/// What a row is about, the most important first: the last are left out first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// Stops the plan from being applied.
    Blocker,
    /// Who must agree.
    Approval,
    /// What becomes possible.
    Widening,
    /// What stops working.
    Breakage,
    /// Who has to do something, and whose tokens change.
    People,
    /// What stops being possible.
    Narrowing,
    /// Should be read before approving.
    Warning,
    /// Who else has to do something, and whose tokens change, where that are many.
    Further,
    /// Which things those are that a row above sums up.
    Detail,
    /// A field and its line.
    Change,
    /// Why one scope moves in one place, where a row above says it of many.
    Reason,
    /// Good to know.
    Note,
    /// What no line asks for.
    LeftAlone,
    /// Effective configuration before and after.
    Diff,
}

impl Rank {
    /// Returns the word for one and for many.
    const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Blocker => ("blocker", "blockers"),
            Self::Approval => ("approval rule", "approval rules"),
            Self::Widening => ("widening", "widenings"),
            Self::Breakage => ("breakage", "breakages"),
            Self::People => ("effect on people", "effects on people"),
            Self::Narrowing => ("narrowing", "narrowings"),
            Self::Warning => ("warning", "warnings"),
            Self::Further => ("further effect on people", "further effects on people"),
            Self::Detail => ("detail", "details"),
            Self::Change => ("change", "changes"),
            Self::Reason => ("single reason", "single reasons"),
            Self::Note => ("note", "notes"),
            Self::LeftAlone => ("place left alone", "places left alone"),
            Self::Diff => ("diff", "diffs"),
        }
    }
}

/// One row. It may stand for several equal things.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) rank: Rank,
    /// How many things it stands for, at least one.
    pub(super) things: usize,
    /// At least one, each with more names than the one before; the last has all.
    pub(super) forms: Vec<Form>,
}

/// A row, with its lists of names as long as there is room for.
#[derive(Debug)]
pub(super) struct Form {
    /// Whole lines.
    pub(super) text: String,
    /// How many names it leaves out.
    pub(super) hidden: usize,
}

impl Row {
    /// Returns a row that has one form.
    pub(super) fn of(rank: Rank, things: usize, text: String) -> Self {
        Self { rank, things, forms: vec![Form { text, hidden: 0 }] }
    }
}

/// Returns the forms of a row, step by step until nothing is hidden.
pub(super) fn forms(at: impl Fn(u32) -> Form) -> Vec<Form> {
    let mut forms = vec![at(0)];
    while let Some(last) = forms.last()
        && last.hidden > 0
        && let Ok(step) = u32::try_from(forms.len())
    {
        forms.push(at(step));
    }
    forms
}

/// Rows below a heading, or in a fold. Without rows, nothing of it is written.
#[derive(Debug, Default)]
pub(super) struct Section {
    /// Whole lines.
    pub(super) open: String,
    pub(super) rows: Vec<Row>,
    /// Whole lines.
    pub(super) close: String,
}

/// Everything that could be on the page.
#[derive(Debug)]
pub(super) struct Page {
    /// Marker and verdict. Always there.
    pub(super) head: String,
    /// Where the rest can be read; stands behind the counts of what is left out.
    pub(super) elsewhere: String,
    pub(super) sections: Vec<Section>,
    /// Digest and how to go on. There unless not even the head would fit beside it.
    pub(super) tail: String,
}

/// The limit is too small for the verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooSmall {
    /// How many bytes the smallest page takes.
    pub needs: usize,
}

impl Page {
    /// Returns the page of at most `limit` bytes that shows the most.
    ///
    /// Forges count characters, UTF-16 units or bytes. A text never has more of the others than it has bytes.
    ///
    /// # Errors
    /// When not even the head and the counts fit.
    pub(super) fn fit(&self, limit: usize) -> Result<String, TooSmall> {
        let places = self.places();
        // The size of the page with the first so many places, without what is said of the others.
        let mut sizes = vec![self.head.len() + self.tail.len()];
        let mut opened = vec![false; self.sections.len()];
        let mut size = self.head.len() + self.tail.len();
        for place in &places {
            let Some(section) = self.sections.get(place.section) else { continue };
            if let Some(open) = opened.get_mut(place.section)
                && !*open
            {
                *open = true;
                size += section.open.len() + section.close.len();
            }
            // The last few names may take less room than it takes to count them.
            size += self.form(*place, place.step).map_or(0, |form| form.text.len());
            size -= self.shorter(*place).map_or(0, |form| form.text.len());
            sizes.push(size);
        }
        let mut left_out = LeftOut::default();
        let mut kept = places.len();
        for size in sizes.iter().rev() {
            if size + left_out.sentence(&self.elsewhere).len() <= limit {
                return Ok(self.write(places.get(..kept).unwrap_or(&places), &left_out));
            }
            let Some(last) = kept.checked_sub(1) else { break };
            kept = last;
            let Some(place) = places.get(last).copied() else { continue };
            let hidden = |form: Option<&Form>| form.map_or(0, |form| form.hidden);
            left_out.names += hidden(self.shorter(place));
            left_out.names -= hidden(self.form(place, place.step));
            if let Some(row) = self.row(place)
                && place.step == 0
            {
                left_out.add(row);
            }
        }
        let smallest = format!("{}{}", self.head, left_out.sentence(&self.elsewhere));
        if smallest.len() <= limit { Ok(smallest) } else { Err(TooSmall { needs: smallest.len() }) }
    }

    /// Returns everything that may be kept or left out, in the order in which it is kept: rows by rank, and the names
    /// that lists of rows leave out at first once everything is there that decides a review.
    fn places(&self) -> Vec<Place> {
        let mut places: Vec<Place> = Vec::new();
        for (section, rows) in self.sections.iter().map(|section| &section.rows).enumerate() {
            for (row, own) in rows.iter().enumerate() {
                places.extend((0..own.forms.len()).map(|step| Place {
                    rank: if step == 0 { own.rank } else { own.rank.max(Rank::Warning) },
                    step,
                    section,
                    row,
                }));
            }
        }
        places.sort_unstable();
        places
    }

    fn row(&self, place: Place) -> Option<&Row> {
        self.sections.get(place.section)?.rows.get(place.row)
    }

    fn form(&self, place: Place, step: usize) -> Option<&Form> {
        self.row(place)?.forms.get(step)
    }

    /// Returns the form that a longer one stands in the place of.
    fn shorter(&self, place: Place) -> Option<&Form> {
        self.form(place, place.step.checked_sub(1)?)
    }

    fn write(&self, kept: &[Place], left_out: &LeftOut) -> String {
        let mut steps: BTreeMap<(usize, usize), Place> = BTreeMap::new();
        for place in kept {
            // A longer form comes later.
            steps.insert((place.section, place.row), *place);
        }
        let mut page = self.head.clone();
        page.push_str(&left_out.sentence(&self.elsewhere));
        let mut open: Option<&Section> = None;
        let mut at = usize::MAX;
        for ((section, _), place) in steps {
            let Some(own) = self.sections.get(section) else { continue };
            if at != section {
                if let Some(before) = open {
                    page.push_str(&before.close);
                }
                page.push_str(&own.open);
                (at, open) = (section, Some(own));
            }
            if let Some(form) = self.form(place, place.step) {
                page.push_str(&form.text);
            }
        }
        if let Some(last) = open {
            page.push_str(&last.close);
        }
        page.push_str(&self.tail);
        page
    }
}

/// Where a form of a row stands. The order is the one in which they are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    rank: Rank,
    /// Which of its forms.
    step: usize,
    section: usize,
    row: usize,
}

/// What is left out, by rank.
#[derive(Debug, Default)]
struct LeftOut {
    things: BTreeMap<Rank, usize>,
    /// Of rows that are there.
    names: usize,
}

impl LeftOut {
    fn add(&mut self, row: &Row) {
        *self.things.entry(row.rank).or_default() += row.things;
    }

    /// Returns `17 more are not shown: 12 changes, 5 notes. ...`, or nothing where nothing is left out.
    fn sentence(&self, elsewhere: &str) -> String {
        let all = self.things.values().sum::<usize>() + self.names;
        if all == 0 {
            return String::new();
        }
        let is = if all == 1 { "is" } else { "are" };
        let mut counts: Vec<String> = self
            .things
            .iter()
            .map(|(rank, n)| {
                let (one, many) = rank.words();
                format!("{n} {}", if *n == 1 { one } else { many })
            })
            .collect();
        if self.names > 0 {
            counts.push(count(self.names, "name", "names"));
        }
        format!("\n**{all} more {is} not shown**: {}. {elsewhere}\n", counts.join(", "))
    }
}
