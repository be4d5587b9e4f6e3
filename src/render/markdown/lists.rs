//! Lists of names: short in every page, longer where there is room, and cut between two names only.
//!
//! A list has steps. At the first it is as long as can be read, at each of the next four times that, at the last it is
//! whole. The page decides which step each row has ([`super::layout`]).

use super::super::neutral::{code, code_list};
use super::rows::Part;

/// How many names, each a code span of its own, a list begins with.
pub(super) const NAMES: usize = 12;

/// How many bytes a list begins with that is one code span.
const BYTES: usize = 240;

/// Names one after another.
#[derive(Debug)]
pub(super) struct List {
    names: Vec<String>,
    shape: Shape,
}

#[derive(Debug)]
enum Shape {
    /// Each is a code span.
    Each,
    /// All are one code span, with this between them.
    Span(&'static str),
}

impl List {
    /// Returns a list of names that are a code span each.
    pub(super) const fn each(names: Vec<String>) -> Self {
        Self { names, shape: Shape::Each }
    }

    /// Writes the list as long as it is at a step, and returns how many names that hides.
    pub(super) fn write(&self, out: &mut String, step: u32) -> usize {
        let factor = 4_usize.saturating_pow(step);
        let fit = match self.shape {
            Shape::Each => NAMES.saturating_mul(factor),
            Shape::Span(separator) => {
                let mut left = BYTES.saturating_mul(factor);
                let fits = |name: &&String| {
                    let room = left.checked_sub(name.len() + separator.len());
                    left = room.unwrap_or_default();
                    room.is_some()
                };
                self.names.iter().take_while(fits).count().max(1)
            }
        };
        // `and 1 more` is no shorter than the one.
        let fit = if self.names.len() <= fit + 1 { self.names.len() } else { fit };
        let shown: Vec<&str> = self.names.iter().take(fit).map(String::as_str).collect();
        match self.shape {
            Shape::Each => {
                let shown: Vec<String> = shown.into_iter().map(code).collect();
                out.push_str(&shown.join(", "));
            }
            Shape::Span(separator) => out.push_str(&code_list(&shown, separator)),
        }
        let hidden = self.names.len() - fit;
        if hidden > 0 {
            out.push_str(&format!(" and {hidden} more"));
        }
        hidden
    }
}

/// Returns a value, or how one changes (`everyone -> group hr, ana@acme.example` or `+A +B -C (5 unchanged)`), as one code
/// span where that is short, else with each side as a list.
///
/// Where a name holds what stands between names, more names are counted than there are; they are all shown where
/// there is room, and in their order.
pub(super) fn value(line: &str) -> Vec<Part> {
    if line.len() <= BYTES {
        return vec![Part::Made(code(line))];
    }
    let (sides, stay) = match line.rsplit_once(" (") {
        Some((sides, stay)) if stay.ends_with(" unchanged)") => (sides, Some(stay)),
        Some(_) | None => (line, None),
    };
    let mut parts = Vec::new();
    for side in sides.splitn(2, " -> ") {
        if !parts.is_empty() {
            parts.push(Part::Made(" -> ".to_owned()));
        }
        parts.push(Part::List(side_of(side)));
    }
    if let Some(stay) = stay {
        parts.push(Part::Made(format!(", {}", code(stay.trim_end_matches(')')))));
    }
    parts
}

fn side_of(side: &str) -> List {
    let separator = if side.contains(", ") { ", " } else { " " };
    List {
        names: side.split(separator).map(str::to_owned).collect(),
        shape: Shape::Span(separator),
    }
}
