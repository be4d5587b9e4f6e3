//! A fact before and after a plan, where saying it once is enough when it stays.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One fact on both sides of a plan. What stays the same is kept once, so that a document grows with what there is and
/// not with twice of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "SidesOf{T}")]
pub struct Sides<T> {
    /// Live now.
    pub before: T,
    /// Live after the plan; absent when it is the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<T>,
}

impl<T: PartialEq> Sides<T> {
    /// Returns both sides as one value.
    #[must_use]
    pub fn new(before: T, after: T) -> Self {
        let after = (before != after).then_some(after);
        Self { before, after }
    }
}

impl<T> Sides<T> {
    /// Returns what is live after the plan.
    #[must_use]
    pub fn after(&self) -> &T {
        self.after.as_ref().unwrap_or(&self.before)
    }

    /// Returns whether the plan moves it.
    #[must_use]
    pub const fn moves(&self) -> bool {
        self.after.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stays_is_said_once() {
        let same = Sides::new(1, 1);
        assert_eq!((same.moves(), same.before, *same.after()), (false, 1, 1));
        assert_eq!(serde_json::to_string(&same).unwrap(), r#"{"before":1}"#);
        let moved = Sides::new(1, 2);
        assert_eq!((moved.moves(), moved.before, *moved.after()), (true, 1, 2));
        assert_eq!(serde_json::to_string(&moved).unwrap(), r#"{"before":1,"after":2}"#);
        for sides in [same, moved] {
            let text = serde_json::to_string(&sides).unwrap();
            assert_eq!(serde_json::from_str::<Sides<u8>>(&text).unwrap(), sides);
        }
    }
}
