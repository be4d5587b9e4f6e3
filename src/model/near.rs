//! What a mistyped name most likely stands for.

/// The longest name that is looked at, in bytes: longer texts are no slips, and comparing them is slow.
const LONGEST: usize = 100;

/// Returns the known name that a mistyped one most likely stands for, `None` where none is near. Case does not count, and
/// `-` is `_`. A third of the longer name may differ, one character at least: with a bound that does not follow the length
/// every short name would be near every other.
#[must_use]
pub fn nearest<'k>(name: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    if name.len() > LONGEST {
        return None;
    }
    let fold = |text: &str| text.to_ascii_lowercase().replace('-', "_");
    let (lower, length) = (fold(name), name.chars().count());
    let slips = known.into_iter().filter_map(|candidate| {
        let other = candidate.chars().count();
        let limit = (length.max(other) / 3).max(1);
        if length.abs_diff(other) > limit {
            return None;
        }
        let distance = strsim::damerau_levenshtein(&lower, &fold(candidate));
        (distance <= limit).then_some((distance, candidate))
    });
    slips.min().map(|(_, candidate)| candidate)
}

/// Returns whether two names that both exist are most likely one that somebody mistyped: one slip apart, in a word of at
/// least four letters without a digit. `acme-eu` and `acme-us`, `team-1` and `team-2`, are two names.
#[must_use]
pub fn is_slip(one: &str, other: &str) -> bool {
    if one.len().max(other.len()) > LONGEST {
        return false;
    }
    let words = |name: &str| -> Vec<String> { name.split(['-', '_']).map(str::to_owned).collect() };
    let (ours, theirs) = (words(one), words(other));
    let near = |a: &str, b: &str| {
        let long = a.len().min(b.len()) >= 4;
        let letters = !format!("{a}{b}").contains(|c: char| c.is_ascii_digit());
        long && letters && strsim::damerau_levenshtein(a, b) == 1
    };
    if ours.len() != theirs.len() {
        return near(one, other);
    }
    let apart: Vec<_> = ours.iter().zip(&theirs).filter(|(a, b)| a != b).collect();
    matches!(apart.as_slice(), [(a, b)] if near(a, b))
}

/// Returns what could be written instead: the first eight of the known names, and how many more there are.
#[must_use]
pub fn some_of<'k>(known: impl IntoIterator<Item = &'k str>) -> String {
    const SHOWN: usize = 8;
    let all: Vec<&str> = known.into_iter().collect();
    let shown: Vec<String> = all.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
    match all.len().checked_sub(SHOWN) {
        _ if all.is_empty() => "there is none".to_owned(),
        Some(more) if more > 0 => format!("one of: {} and {more} more", shown.join(", ")),
        _ => format!("one of: {}", shown.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_most_eight_names_are_listed() {
        assert_eq!(some_of([]), "there is none");
        assert_eq!(some_of(["a", "b"]), "one of: `a`, `b`");
        let nine = ["a", "b", "c", "d", "e", "f", "g", "h", "i"];
        assert_eq!(some_of(nine), "one of: `a`, `b`, `c`, `d`, `e`, `f`, `g`, `h` and 1 more");
    }

    #[test]
    fn a_slip_is_near_and_another_word_is_not() {
        for (name, known, wanted) in [
            ("sharepiont", &["excel", "sharepoint"][..], Some("sharepoint")),
            ("unknown-scop", &["unknown_scope", "unknown-user"], Some("unknown_scope")),
            ("Files.Read.Al", &["Files.Read.All", "Files.Read"], Some("Files.Read.All")),
            ("USER.READ", &["User.Read"], Some("User.Read")),
            ("x", &["y"], Some("y")),
            // Short names are near to hardly anything.
            ("foo", &["too-deep", "bar", "fix"], None),
            ("excel", &["sharepoint", "teams"], None),
            ("", &["excel"], None),
            ("todo", &[], None),
        ] {
            assert_eq!(nearest(name, known.iter().copied()), wanted, "{name}");
        }
        let long = "a".repeat(LONGEST + 1);
        assert_eq!(nearest(&long, [long.as_str()]), None);
    }
}
