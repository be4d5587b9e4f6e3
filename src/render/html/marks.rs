//! What each row is about, for the badges and for the filters, read off the outline so that no format can disagree.

use std::collections::BTreeMap;
use std::fmt;

use super::super::outline::{Outline, unit_of};
use super::markup::Markup;
use crate::model::{Address, Direction, Right, Scope};
use crate::plan::Breakage;

/// What happens to a thing. A filter shows the rows that have its letter.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Marks {
    pub(super) breaks: bool,
    /// It may break: nobody can tell from here. It stands where breakage stands and is not counted as one.
    pub(super) unverified: bool,
    pub(super) widens: bool,
    pub(super) narrows: bool,
    pub(super) changes: bool,
}

impl Marks {
    /// It changes, and it is neither more nor less than before.
    pub(super) const CHANGES: Self =
        Self { breaks: false, unverified: false, widens: false, narrows: false, changes: true };

    /// It changes, and what was possible may be refused afterwards.
    pub(super) const fn changes(breaks: bool) -> Self {
        Self { breaks, ..Self::CHANGES }
    }

    /// It relies on a claim that cannot be verified from here.
    pub(super) const UNVERIFIED: Self = Self { unverified: true, ..Self::CHANGES };

    /// Shown whatever is filtered for.
    pub(super) const ALL: Self =
        Self { breaks: true, unverified: false, widens: true, narrows: true, changes: true };

    pub(super) const fn of(direction: Direction) -> Self {
        let widens = matches!(direction, Direction::Widening);
        Self { widens, narrows: !widens, ..Self::CHANGES }
    }

    pub(super) const fn and(self, other: Self) -> Self {
        Self {
            breaks: self.breaks || other.breaks,
            unverified: self.unverified || other.unverified,
            widens: self.widens || other.widens,
            narrows: self.narrows || other.narrows,
            changes: self.changes || other.changes,
        }
    }

    pub(super) const fn is_any(self) -> bool {
        self.breaks || self.unverified || self.widens || self.narrows || self.changes
    }

    /// What a reviewer reads first stands first.
    pub(super) const fn rank(self) -> u8 {
        match self {
            Self { breaks: true, .. } => 0,
            Self { unverified: true, .. } => 1,
            Self { widens: true, .. } => 2,
            Self { narrows: true, .. } => 3,
            Self { changes: true, .. } => 4,
            Self { .. } => 5,
        }
    }

    /// Writes the attribute that the filters read.
    pub(super) fn attribute(self, out: &mut Markup<'_>) -> fmt::Result {
        out.raw(" data-k=\"")?;
        for (is, letter) in [
            (self.breaks || self.unverified, "b"),
            (self.widens, "w"),
            (self.narrows, "n"),
            (self.changes, "c"),
        ] {
            if is {
                out.raw(letter)?;
            }
        }
        out.raw("\"")
    }

    /// Writes the badges. Each says its word: colour only repeats it.
    pub(super) fn badges(self, out: &mut Markup<'_>) -> fmt::Result {
        if self.breaks {
            out.raw("<b class=\"g b\">✕ breaks</b> ")?;
        }
        if self.unverified {
            out.raw("<b class=\"g w\">? cannot be verified</b> ")?;
        }
        if self.widens {
            out.raw("<b class=\"g w\">▲ widens</b> ")?;
        }
        if self.narrows {
            out.raw("<b class=\"g n\">▼ narrows</b> ")?;
        }
        if self == Self::CHANGES {
            out.raw("<b class=\"g c\">~ changes</b> ")?;
        }
        Ok(())
    }
}

/// What happens to each address and to each scope of a plan.
#[derive(Debug)]
pub(super) struct Index<'p> {
    addresses: BTreeMap<String, Marks>,
    scopes: BTreeMap<(&'p str, &'p Scope), Direction>,
    /// The platform features that break, by the native action that stops.
    features: BTreeMap<&'p str, Vec<&'p str>>,
}

impl<'p> Index<'p> {
    pub(super) fn of(outline: &Outline<'p>) -> Self {
        let mut index =
            Self { addresses: BTreeMap::new(), scopes: BTreeMap::new(), features: BTreeMap::new() };
        for change in &outline.plan.bound.changes {
            index.add(&change.address, Marks::CHANGES);
        }
        for change in &outline.plan.bound.privilege.changes {
            let marks = Marks::of(change.direction);
            match &change.right {
                Right::Scope(scope) => {
                    index.scopes.insert((change.unit.as_str(), scope), change.direction);
                }
                Right::Use { address, .. } | Right::Setting { address, .. } => {
                    index.add(address, marks);
                }
                Right::Credential { address, .. } => {
                    index.add(address, Marks { breaks: change.refuses(), ..marks });
                }
                Right::Tier(tier) => {
                    let narrows = marks.narrows || !tier.narrows.is_empty();
                    let breaks = change.refuses();
                    index.add(&tier.address, Marks { narrows, breaks, ..marks });
                }
            }
        }
        let breaks = Marks { breaks: true, changes: true, ..Marks::default() };
        // The fields and units of the rights that refuse something: whatever changes them breaks.
        for comparison in &outline.plan.observed.comparisons {
            for address in comparison.refused() {
                index.add(&address, breaks);
            }
        }
        for breakage in &outline.plan.bound.breakage {
            match breakage {
                Breakage::StopsRunning { address, .. } | Breakage::WillNotRun { address, .. } => {
                    index.add(address, breaks);
                }
                Breakage::Unverified { address, .. } => index.add(address, Marks::UNVERIFIED),
                Breakage::FeatureBreaks { actions, feature, .. } => {
                    for address in actions {
                        index.add(address, breaks);
                        index.features.entry(address.as_str()).or_default().push(feature);
                    }
                }
            }
        }
        index
    }

    fn add(&mut self, address: &Address, marks: Marks) {
        match self.addresses.get_mut(address.as_str()) {
            Some(known) => *known = known.and(marks),
            None => {
                self.addresses.insert(address.as_str().to_owned(), marks);
            }
        }
    }

    /// Returns what happens to the thing at an address.
    pub(super) fn at(&self, address: &Address) -> Marks {
        self.addresses.get(address.as_str()).copied().unwrap_or_default()
    }

    /// Returns whether a unit requests a scope anew, or no longer.
    pub(super) fn scope(&self, unit: &Address, scope: &Scope) -> Option<Direction> {
        self.scopes.get(&(unit.as_str(), scope)).copied()
    }

    /// Returns the platform features that break with a native action.
    pub(super) fn features(&self, address: &Address) -> &[&'p str] {
        self.features.get(address.as_str()).map_or(&[], Vec::as_slice)
    }
}

/// Returns the unit of something that breaks.
pub(super) fn unit_of_breakage(breakage: &Breakage) -> &str {
    unit_of(breakage.address())
}
