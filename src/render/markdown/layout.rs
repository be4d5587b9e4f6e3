//! The budget of a page: rows with a rank, of which the last are left out until the rest fits, and counted.
//!
//! Which rows are there depends on rank and place alone, never on how long another row of a higher rank is: what a page
//! of one size shows, every larger page shows too. A row is whole or not there, and what opens is closed.

use std::collections::BTreeMap;

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
    /// Whole lines.
    pub(super) text: String,
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
        let mut places: Vec<Place> = Vec::new();
        for (section, rows) in self.sections.iter().map(|section| &section.rows).enumerate() {
            places.extend(rows.iter().enumerate().map(|(row, r)| Place {
                rank: r.rank,
                section,
                row,
            }));
        }
        places.sort_unstable();
        // The size of the page with the first so many rows, without what is said of the others.
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
            size += section.rows.get(place.row).map_or(0, |row| row.text.len());
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
            if let Some(row) = places.get(last).and_then(|place| self.row(*place)) {
                left_out.add(row);
            }
        }
        let smallest = format!("{}{}", self.head, left_out.sentence(&self.elsewhere));
        if smallest.len() <= limit { Ok(smallest) } else { Err(TooSmall { needs: smallest.len() }) }
    }

    fn row(&self, place: Place) -> Option<&Row> {
        self.sections.get(place.section)?.rows.get(place.row)
    }

    fn write(&self, kept: &[Place], left_out: &LeftOut) -> String {
        let mut kept: Vec<(usize, usize)> = kept.iter().map(|p| (p.section, p.row)).collect();
        kept.sort_unstable();
        let mut page = self.head.clone();
        page.push_str(&left_out.sentence(&self.elsewhere));
        let mut open: Option<&Section> = None;
        let mut at = usize::MAX;
        for (section, row) in kept {
            let Some(own) = self.sections.get(section) else { continue };
            if at != section {
                if let Some(before) = open {
                    page.push_str(&before.close);
                }
                page.push_str(&own.open);
                (at, open) = (section, Some(own));
            }
            if let Some(row) = own.rows.get(row) {
                page.push_str(&row.text);
            }
        }
        if let Some(last) = open {
            page.push_str(&last.close);
        }
        page.push_str(&self.tail);
        page
    }
}

/// Where a row stands. The order is the one in which rows are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    rank: Rank,
    section: usize,
    row: usize,
}

/// What is left out, by rank.
#[derive(Debug, Default)]
struct LeftOut(BTreeMap<Rank, usize>);

impl LeftOut {
    fn add(&mut self, row: &Row) {
        *self.0.entry(row.rank).or_default() += row.things;
    }

    /// Returns `17 more are not shown: 12 changes, 5 notes. ...`, or nothing where nothing is left out.
    fn sentence(&self, elsewhere: &str) -> String {
        if self.0.is_empty() {
            return String::new();
        }
        let all: usize = self.0.values().sum();
        let is = if all == 1 { "is" } else { "are" };
        let counts: Vec<String> = self
            .0
            .iter()
            .map(|(rank, n)| {
                let (one, many) = rank.words();
                format!("{n} {}", if *n == 1 { one } else { many })
            })
            .collect();
        format!("\n**{all} more {is} not shown**: {}. {elsewhere}\n", counts.join(", "))
    }
}
