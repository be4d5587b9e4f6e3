//! What tests count is printed in every run, also where they pass, and is what docs/testing.md says.

use std::io::Write as _;

/// Prints a line past the test runner, which keeps what passing tests print with the macros to itself.
pub(crate) fn print(line: &str) {
    // Written at once, so that lines of other tests stay whole.
    let _ = std::io::stderr().write_all(format!("{line}\n").as_bytes());
}

/// Prints `what` was counted, which must be a row of a table in docs/testing.md: `| Odeus | 20 | 20 | 370 |`.
#[track_caller]
pub(crate) fn documented(what: &str, row: &[String]) {
    let row = format!("| {} |", row.join(" | "));
    print(&format!("{what}: {row}"));
    let said = include_str!("../../docs/testing.md");
    assert!(said.lines().any(|line| line == row), "docs/testing.md does not say of {what}: {row}");
}

/// Returns a number as the documents write it: `12,200`.
pub(crate) fn number(number: usize) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> = digits
        .as_bytes()
        .rchunks(3)
        .rev()
        .map(|group| std::str::from_utf8(group).unwrap())
        .collect();
    groups.join(",")
}
