//! Makes hostile text harmless in Markdown, as forges read it: GitHub, GitLab, Bitbucket.
//!
//! A forge does not stop at Markdown. It also makes links of `@somebody`, `#12`, `GH-12`, `SEC-142`, commit ids and
//! addresses, pictures of `:tada:`, formulas of `$x$`, and a bot may obey a line that begins with `/`. It does most of
//! that after it has parsed the text, so a backslash or an entity does not help: what counts is whether the word stands
//! in code. So this is no list of what is dangerous. **A word that is not plain is shown as code**, and plain is what
//! consists of letters, or of digits, with the punctuation of a sentence around it.

use std::fmt::Write as _;

use super::terminal;

/// A text longer than this is not shown whole; how much is left out is said.
const LONGEST: usize = 240;

/// A sentence longer than this is not shown whole.
const LONGEST_SENTENCE: usize = 1_200;

/// Returns a name or a value as a code span on one line: nothing in it is Markdown, a link or a mention.
///
/// What is long is shown as its beginning and the number of characters that follow.
#[must_use]
pub fn code(text: &str) -> String {
    span(text, LONGEST)
}

/// Returns a list that somebody copies, as a code span, whole.
#[must_use]
pub fn code_whole(text: &str) -> String {
    span(text, usize::MAX)
}

/// Returns several names as one code span, each no longer than [`code`] shows one.
#[must_use]
pub fn code_list(names: &[&str], separator: &str) -> String {
    let one = |name: &&str| match beginning(name, LONGEST) {
        (shown, 0) => shown,
        (shown, left_out) => format!("{shown}… ({left_out} more characters)"),
    };
    let shown = names.iter().map(one).collect::<Vec<_>>().join(separator);
    spanned(&shown)
}

fn span(text: &str, longest: usize) -> String {
    let (shown, left_out) = beginning(text, longest);
    let mut code = spanned(&shown);
    if left_out > 0 {
        // Writing to a String cannot fail.
        let _ = write!(code, "… ({left_out} more characters)");
    }
    code
}

/// Returns a span of what is harmless but for its backticks and blanks.
fn spanned(shown: &str) -> String {
    if shown.is_empty() {
        return "`\"\"`".to_owned();
    }
    let ticks = "`".repeat(longest_run(shown) + 1);
    // A blank next to each fence is not part of the code, unless it is nothing but blanks.
    let edges = |c| shown.starts_with(c) || shown.ends_with(c);
    let blank = shown.chars().all(|c| c == ' ');
    let pad = if !blank && (edges('`') || edges(' ')) { " " } else { "" };
    format!("{ticks}{pad}{shown}{pad}{ticks}")
}

/// Returns a sentence that may hold text from elsewhere, on one line. What stands between backticks, and every word that
/// is not plain, is shown as code. Between words stands one blank, and none around them: blanks mean something at the
/// beginning of a line.
///
/// What is long is shown as its beginning and the number of characters that follow.
#[must_use]
pub fn markdown(text: &str) -> String {
    let (shown, left_out) = beginning(text, LONGEST_SENTENCE);
    let mut out = String::with_capacity(shown.len() + 16);
    let mut rest = shown.as_str();
    loop {
        rest = rest.trim_start_matches(' ');
        if rest.is_empty() {
            break;
        }
        if !out.is_empty() {
            out.push(' ');
        }
        let core = rest.trim_start_matches(BEFORE);
        if let Some((inside, after)) = quoted(core) {
            out.push_str(rest.strip_suffix(core).unwrap_or_default());
            out.push_str(&span(inside, usize::MAX));
            let next = after.trim_start_matches(AFTER);
            out.push_str(after.strip_suffix(next).unwrap_or_default());
            rest = next;
            continue;
        }
        let after = rest.find(' ').and_then(|at| rest.get(at..)).unwrap_or_default();
        push_word(&mut out, rest.strip_suffix(after).unwrap_or(rest));
        rest = after;
    }
    if left_out > 0 {
        // Writing to a String cannot fail.
        let _ = write!(out, "… ({left_out} more characters)");
    }
    out
}

/// Returns what stands between the backtick that a text begins with and the next that ends a word, and what follows.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let inner = text.strip_prefix('`')?;
    let ends = |after: &str| {
        let next = after.trim_start_matches(AFTER);
        let ended = next.is_empty() || next.starts_with(' ');
        ended && ends_a_word(after.strip_suffix(next).unwrap_or_default())
    };
    let (inside, after) = inner.match_indices('`').find_map(|(at, _)| {
        let (inside, after) = (inner.get(..at)?, inner.get(at + 1..)?);
        (!inside.is_empty() && ends(after)).then_some((inside, after))
    })?;
    Some((inside, after))
}

/// What may stand before a word of a sentence.
const BEFORE: &[char] = &['(', '"', '\''];

/// What may stand behind a word of a sentence.
const AFTER: &[char] = &['.', ',', ';', ':', '?', '!', ')', '"', '\''];

/// Returns whether punctuation does no more than end a word: `::` separates, and two colons may enclose a picture's name.
fn ends_a_word(after: &str) -> bool {
    after.matches(':').count() < 2
}

fn push_word(out: &mut String, word: &str) {
    // An arrow quotes nothing where something stands before it.
    if word == "->" && !out.is_empty() {
        out.push_str(word);
        return;
    }
    let core = word.trim_start_matches(BEFORE);
    let before = word.strip_suffix(core).unwrap_or_default();
    let inner = core.trim_end_matches(AFTER);
    let after = core.strip_prefix(inner).unwrap_or_default();
    // `12.` and `12)` would begin a list.
    let numbered = out.is_empty() && inner.chars().all(|c| c.is_ascii_digit());
    if inner.is_empty() || (numbered && after.starts_with(['.', ')'])) || !ends_a_word(after) {
        out.push_str(&span(word, usize::MAX));
        return;
    }
    out.push_str(before);
    if is_plain(inner) {
        out.push_str(inner);
    } else {
        out.push_str(&span(inner, usize::MAX));
    }
    out.push_str(after);
}

/// Returns whether a word is nothing but letters, possibly with an apostrophe or hyphens between them, or a number.
fn is_plain(word: &str) -> bool {
    let letters = |c: char| c.is_alphabetic() || c == '\'' || c == '-';
    let hyphens_join = !word.starts_with('-') && !word.ends_with('-') && !word.contains("--");
    let worded = word.chars().all(letters) && hyphens_join;
    let number = word.chars().all(|c| c.is_ascii_digit());
    // A commit id is a link where the commit exists.
    let commit = word.len() >= 7 && word.chars().all(|c| c.is_ascii_hexdigit());
    (worded || number) && !commit
}

/// Returns the beginning of a text as it is shown, and how many characters of the text come after it.
fn beginning(text: &str, longest: usize) -> (String, usize) {
    let whole = terminal(text).to_string();
    if whole.len() <= longest {
        return (whole, 0);
    }
    let mut shown = String::new();
    let mut left_out = text.chars().count();
    for (at, c) in text.char_indices().take(longest) {
        let longer = text.get(..at + c.len_utf8()).unwrap_or_default();
        let longer = terminal(longer).to_string();
        if longer.len() > longest {
            break;
        }
        shown = longer;
        left_out -= 1;
    }
    (shown, left_out)
}

/// Returns a fence that no line of `content` closes: longer than every run of backticks in it, three at least.
#[must_use]
pub fn fence(content: &str) -> String {
    "`".repeat(longest_run(content).max(2) + 1)
}

fn longest_run(text: &str) -> usize {
    let runs = text.split(|c| c != '`').map(str::len);
    runs.max().unwrap_or_default()
}

/// Returns `text` for the summary of a fold, which is HTML: what is no plain letter, digit or blank is a numeric entity.
///
/// What is long is shown as its beginning and the number of characters that follow.
#[must_use]
pub fn summary_word(text: &str) -> String {
    let (shown, left_out) = beginning(text, LONGEST);
    let mut word = String::with_capacity(shown.len());
    for c in shown.chars() {
        if c.is_alphanumeric() || matches!(c, ' ' | '_' | '-' | '.' | '/') {
            word.push(c);
        } else {
            // Writing to a String cannot fail.
            let _ = write!(word, "&#x{:x};", u32::from(c));
        }
    }
    if left_out > 0 {
        let _ = write!(word, "… ({left_out} more characters)");
    }
    word
}

/// Returns `text` as a word of an HTML comment, which it can neither end nor break: letters, digits and `.`, `_`, `/`,
/// `:`, and single `-`; everything else is `%` and two hexadecimal digits per byte.
#[must_use]
pub fn comment_word(text: &str) -> String {
    let mut word = String::with_capacity(text.len());
    for byte in text.bytes() {
        let dash = byte == b'-' && !word.is_empty() && !word.ends_with('-');
        if dash || byte.is_ascii_alphanumeric() || b"._/:".contains(&byte) {
            word.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(word, "%{byte:02X}");
        }
    }
    if word.ends_with('-') {
        word.pop();
        word.push_str("%2D");
    }
    word
}

#[cfg(test)]
mod tests;
