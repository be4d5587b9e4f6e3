//! The four laws of apply on sets of bits: which bit stands for what, the platforms' files say.
//!
//! Written from DESIGN section 6 and SEMANTICS section 5; knows neither `plan::laws` nor a machine.

use std::collections::BTreeSet;

/// What one state allows. The platforms number people with actions, tokens with verbs, and scopes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct View {
    /// What works for whom.
    pub(crate) works: u128,
    /// What is requested.
    pub(crate) scopes: u128,
    /// Scopes that this state may not have lost.
    pub(crate) locked: u128,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Law {
    Outage,
    ExcessUse,
    ExcessScope,
    Churn,
    LockedScope,
}

/// Returns every law that a sequence of states breaks.
pub(crate) fn broken(views: &[View]) -> BTreeSet<Law> {
    let mut broken = BTreeSet::new();
    let (Some(first), Some(last)) = (views.first(), views.last()) else { return broken };
    for now in views {
        if first.works & last.works & !now.works != 0 {
            broken.insert(Law::Outage);
        }
        if now.works & !(first.works | last.works) != 0 {
            broken.insert(Law::ExcessUse);
        }
        if now.scopes & !(first.scopes | last.scopes) != 0 {
            broken.insert(Law::ExcessScope);
        }
        if first.scopes & last.scopes & !now.scopes != 0 {
            broken.insert(Law::Churn);
        }
    }
    for pair in views.windows(2) {
        if pair[0].scopes & !pair[1].scopes & pair[1].locked != 0 {
            broken.insert(Law::LockedScope);
        }
    }
    broken
}

/// Mutation of this check itself: leave any one line of `broken` out, and one of these rows fails.
#[test]
fn each_law_is_seen_broken_and_only_that_one() {
    let view = |works, scopes| View { works, scopes, locked: 0 };
    let locked = View { works: 0, scopes: 0b01, locked: 0b10 };
    for (views, expected) in [
        (vec![view(0b11, 0), view(0b01, 0), view(0b11, 0)], vec![Law::Outage]),
        (vec![view(0b01, 0), view(0b11, 0), view(0b01, 0)], vec![Law::ExcessUse]),
        (vec![view(0, 0b01), view(0, 0b11), view(0, 0b01)], vec![Law::ExcessScope]),
        (vec![view(0, 0b11), view(0, 0b01), view(0, 0b11)], vec![Law::Churn]),
        (vec![view(0, 0b11), locked], vec![Law::LockedScope]),
        (vec![view(0b01, 0b01), view(0b11, 0b01), view(0b10, 0b10)], vec![]),
    ] {
        assert_eq!(broken(&views).into_iter().collect::<Vec<_>>(), expected, "{views:?}");
    }
}
