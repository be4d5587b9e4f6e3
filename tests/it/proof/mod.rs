//! Proof of order: every initial and every desired state of small worlds, every prefix, every interruption point.
//!
//! States are stepped by the second opinion (`odeus/oracle.rs`, `trustpager/oracle.rs`) and the laws are checked by `laws.rs` here;
//! neither knows the machine or `plan::laws`. The machine's states are held against the second opinion's on the way.
//!
//! `cargo test` visits a part: every initial state and every wish, each pair of a fixed pattern of diagonals. All pairs
//! are visited with `SCOPEFORM_PROOF=whole`, more of them with `SCOPEFORM_PROOF=7` than with `=70`; figures and mutations are in docs/testing.md.

mod cases;
mod laws;
mod odeus;
mod small;
mod trustpager;

use std::fmt;
use std::thread;

use scopeform::model::Address;
use scopeform::plan::Bound;
use scopeform::plan::consequence::{Consequences, Extent};

/// What was visited.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Visited {
    /// Pairs of an initial state and a wish.
    pub(crate) pairs: u64,
    /// Plans made: for the pairs, and again from every interruption point.
    pub(crate) plans: u64,
    /// Prefixes of plans, each an interruption point and each checked against the laws.
    pub(crate) prefixes: u64,
    /// States that were reached, by pair and wish.
    pub(crate) states: u64,
    /// Plans with nothing to do.
    pub(crate) empty: u64,
    /// Plans that a blocker other than a window stops.
    pub(crate) blocked: u64,
    /// Windows that nobody tolerates.
    pub(crate) windows: u64,
    /// Of these, where every order of the writes was tried by the second opinion and found unlawful.
    pub(crate) genuine: u64,
    /// Windows that the files tolerate.
    pub(crate) tolerated: u64,
    /// Interruptions after which more is left to write than was.
    pub(crate) longer: u64,
    /// The most writes of one plan.
    pub(crate) longest: u64,
}

impl Visited {
    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            pairs: self.pairs + other.pairs,
            plans: self.plans + other.plans,
            prefixes: self.prefixes + other.prefixes,
            states: self.states + other.states,
            empty: self.empty + other.empty,
            blocked: self.blocked + other.blocked,
            windows: self.windows + other.windows,
            genuine: self.genuine + other.genuine,
            tolerated: self.tolerated + other.tolerated,
            longer: self.longer + other.longer,
            longest: self.longest.max(other.longest),
        }
    }
}

impl fmt::Display for Visited {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            out,
            "{} pairs, {} plans, {} prefixes, {} states; {} plans empty, {} blocked, {} with a window ({} confirmed \
             order by order), {} with a tolerated one; {} interruptions leave more to write; {} writes \
             at most",
            self.pairs,
            self.plans,
            self.prefixes,
            self.states,
            self.empty,
            self.blocked,
            self.windows,
            self.genuine,
            self.tolerated,
            self.longer,
            self.longest,
        )
    }
}

/// Which pairs are visited: all, or those on every so-manieth diagonal.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Choice(usize);

impl Choice {
    /// Returns what the environment asks for, `whole` or every so-manieth diagonal, else every `short`th.
    pub(crate) fn or_every(short: usize) -> Self {
        match std::env::var("SCOPEFORM_PROOF").as_deref() {
            Ok("whole") => Self(1),
            Ok(every) => Self(every.parse().unwrap()),
            Err(_) => Self(short),
        }
    }

    pub(crate) fn is_whole(self) -> bool {
        self.0 == 1
    }

    /// Every initial state and every wish is on some diagonal.
    pub(crate) fn takes(self, initial: usize, wish: usize) -> bool {
        (initial + wish * 31).is_multiple_of(self.0)
    }
}

/// Visits every wish on all cores and adds up what was visited.
pub(crate) fn over_all<W: Sync>(
    wishes: &[W],
    visit: impl Fn(usize, &W) -> Visited + Sync,
) -> Visited {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let visit = &visit;
    thread::scope(|scope| {
        let parts: Vec<_> = (0..cores)
            .map(|part| {
                scope.spawn(move || {
                    let own = wishes.iter().enumerate().skip(part).step_by(cores);
                    own.fold(Visited::default(), |sum, (n, wish)| sum.and(visit(n, wish)))
                })
            })
            .collect();
        let joined = parts.into_iter().map(|part| match part.join() {
            Ok(visited) => visited,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        joined.fold(Visited::default(), Visited::and)
    })
}

/// Returns the fields that a plan has a line of and that apply would write to all the same if somebody took the lines out.
pub(crate) fn kept_back(all: &Consequences, bound: &Bound, extent: Extent<'_>) -> Vec<Address> {
    let lines = |address: &Address| bound.changes.iter().any(|line| line.address == *address);
    let forged = Bound { changes: Vec::new(), ..bound.clone() };
    let missed = all.unsaid(&forged, extent);
    let passed =
        |address: &&Address| lines(address) && !missed.iter().any(|one| one.address == **address);
    all.changes.iter().map(|change| &change.address).filter(passed).cloned().collect()
}

/// Returns every order of `0..many`.
pub(crate) fn permutations(many: usize) -> Vec<Vec<usize>> {
    if many == 0 {
        return vec![Vec::new()];
    }
    let shorter = permutations(many - 1);
    shorter
        .into_iter()
        .flat_map(|order| {
            (0..many).map(move |at| {
                let mut longer = order.clone();
                longer.insert(at, many - 1);
                longer
            })
        })
        .collect()
}
