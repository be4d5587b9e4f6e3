//! Which of what moves is said first, in every format: what opens before what closes, scopes before what settings let in
//! before who may do more, and of one sort the gravest.

use std::cmp::Reverse;

use crate::model::{Direction, PrivilegeChange, Right, TierGrade};

/// How grave a scope or a tier is: the gravest is the least. What needs an admin's consent comes first, then what nobody
/// knows that of, and then the provider's own level decides; of tiers the platform's grade of what they open.
pub(super) type Gravity = (u8, Reverse<u8>);

/// All that is equally grave.
const EQUAL: Gravity = (0, Reverse(0));

/// Returns how grave a change is that opens a scope or widens a tier; all else is equally so.
pub(super) fn grave(change: &PrivilegeChange) -> Gravity {
    if change.direction == Direction::Narrowing {
        return EQUAL;
    }
    match &change.right {
        Right::Scope(_) => {
            let consent = match change.admin_consent {
                Some(true) => 0,
                None => 1,
                Some(false) => 2,
            };
            // What nobody has graded may be anything.
            (consent, Reverse(change.level.map_or(u8::MAX, |level| level.0)))
        }
        Right::Tier(tier) => (0, Reverse(tier.opens.map_or(u8::MAX, TierGrade::rank))),
        Right::Use { .. } | Right::Credential { .. } | Right::Setting { .. } => EQUAL,
    }
}

/// Returns where a change stands among those of its direction: what is asked of people anew, what somebody holds, what a
/// setting lets in, who may use what; of each the gravest first.
pub(super) fn place(change: &PrivilegeChange) -> (u8, Gravity) {
    let sort = match &change.right {
        Right::Scope(_) => 0,
        Right::Tier(_) => 1,
        Right::Credential { .. } => 2,
        Right::Setting { .. } => 3,
        Right::Use { .. } => 4,
    };
    (sort, grave(change))
}

/// Returns where a unit stands: by the first of what opens in it. One in which nothing opens comes last.
pub(super) fn weight(changes: &[&PrivilegeChange]) -> (Direction, (u8, Gravity)) {
    let key = |change: &&PrivilegeChange| match change.direction {
        Direction::Widening => (Direction::Widening, place(change)),
        Direction::Narrowing => LAST,
    };
    changes.iter().map(key).min().unwrap_or(LAST)
}

/// Where a unit stands in which nothing opens.
const LAST: (Direction, (u8, Gravity)) = (Direction::Narrowing, (0, EQUAL));
