//! Two lines of the files about one thing, each under a name of its own.

use std::collections::BTreeMap;
use std::fmt::Display;

use crate::diag::{Code, Problem};
use crate::model::Address;

/// Returns what is wrong with a line under an earlier name beside the line under the `present` one, or beside one under a
/// third: which of them counts, nobody could say. The other of the two is the line to keep, so that every line but one is
/// reported. `means` gives the present name of a name; `what` is the word for the thing, and `home` what the lines stand below.
pub(super) fn said_twice<'a, K: Ord + Display, T>(
    (key, present): (&K, &K),
    lines: &'a BTreeMap<K, T>,
    means: impl Fn(&'a K) -> Option<&'a K>,
    (what, home): (&str, &Address),
) -> Option<Problem> {
    if key == present {
        return None;
    }
    let kept = lines.get_key_value(present).map(|(key, _)| key);
    let kept = kept.or_else(|| lines.keys().find(|other| means(other) == Some(present)));
    let other = kept.filter(|other| *other != key)?;
    let line = |key: &K| home.child(&key.to_string());
    let message = format!("`{key}` and `{other}` are one {what}");
    let problem = Problem::new(Code::DuplicateKey, line(key), message, "keep one of the two lines");
    Some(problem.related(line(other), "the other line"))
}
