//! Characters that deceive whoever reads a text, and JSON that holds none of them as it is.
//!
//! What a person or a CI runner may look at is written with [`json`]: what is printed, and plan files, snapshots and journals.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Returns whether a text begins with what a CI runner takes for a command anywhere in a line.
#[must_use]
pub fn is_runner_command(rest: &str) -> bool {
    rest.starts_with("##[") || rest.starts_with("##vso[")
}

/// Returns a finished JSON document with every deceptive character as a `\u` escape. The value stays the same, since
/// outside its strings a JSON document holds nothing but ASCII.
#[must_use]
pub fn json(document: &str) -> Cow<'_, str> {
    let hostile = |c: char| is_deceptive(c) && c != '\n';
    if !document.contains(hostile) && !document.contains("##[") && !document.contains("##vso[") {
        return Cow::Borrowed(document);
    }
    let mut safe = String::with_capacity(document.len() + 16);
    for (at, c) in document.char_indices() {
        // A `#` stands in strings only.
        if hostile(c) || c == '#' && document.get(at..).is_some_and(is_runner_command) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a String cannot fail.
                let _ = write!(safe, "\\u{unit:04x}");
            }
        } else {
            safe.push(c);
        }
    }
    Cow::Owned(safe)
}

/// Returns whether a character acts on the terminal, changes the reading order, cannot be seen or looks like another.
#[must_use]
pub const fn is_deceptive(c: char) -> bool {
    matches!(c,
        // C0, DEL and C1 controls: cursor, colours, titles; U+009B alone starts an escape sequence.
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}'
        // Invisible: soft hyphen, grapheme joiner, fillers, zero width, invisible operators, byte order mark.
        | '\u{ad}' | '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{2065}'
        | '\u{206a}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}'
        // Variation selectors and tags can carry a hidden text.
        | '\u{fe00}'..='\u{fe0f}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}'
        // Spaces that look like the usual one and are another character.
        | '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}'
        // Line ends that are not `\n`, and the reading order.
        | '\u{2028}' | '\u{2029}' | '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}'
    )
}
