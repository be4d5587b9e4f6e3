//! Makes hostile text harmless, per output format.
//!
//! Names, descriptions and messages may come from the live system, so somebody else wrote them. A terminal must not act
//! on them, a spreadsheet must not calculate them, and no reader may be shown something else than what is there. Each
//! format has its own function here, because what is dangerous differs; those of larger formats stand in files of their own
//! beside this one.
//!
//! ```
//! use scopeform::render::neutral;
//! assert_eq!(neutral::terminal("a\u{202e}b\n").to_string(), r"a\u{202e}b\n");
//! assert_eq!(neutral::csv_field("=1+1"), "'=1+1");
//! ```

use std::borrow::Cow;
use std::fmt::{self, Write};

mod html;
mod markdown;

pub(super) use crate::model::deceptive::is_runner_command;
pub use crate::model::deceptive::{is_deceptive, json};
pub use html::{Html, html};
pub use markdown::{code, code_list, code_whole, comment_word, fence, markdown, summary_word};

/// Returns `text` for a terminal: one line, nothing that moves the cursor, reorders or hides.
#[must_use]
pub const fn terminal(text: &str) -> Terminal<'_> {
    Terminal(text)
}

/// A text that displays itself harmlessly on a terminal.
#[derive(Debug, Clone, Copy)]
pub struct Terminal<'a>(&'a str);

impl fmt::Display for Terminal<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        one_line(out, self.0, Disarmed { colon: "\\u{3a}", hash: "\\u{23}" }, |_| None)
    }
}

/// What a format writes in the place of a character that begins a command to a CI runner.
#[derive(Debug, Clone, Copy)]
struct Disarmed {
    colon: &'static str,
    hash: &'static str,
}

/// Writes `text` on one line: no command to a CI runner, nothing that reorders or hides, and in the place of what else the
/// format would act on what `markup` says.
fn one_line(
    out: &mut impl Write,
    text: &str,
    disarmed: Disarmed,
    markup: impl Fn(char) -> Option<&'static str>,
) -> fmt::Result {
    // A CI runner takes a line that begins so for a command to it, blanks before it or not.
    let mut command = text.trim_start().starts_with("::");
    for (at, c) in text.char_indices() {
        if let Some(instead) = markup(c) {
            out.write_str(instead)?;
            continue;
        }
        match c {
            ':' if command => {
                command = false;
                out.write_str(disarmed.colon)?;
            }
            // Older runners take these for commands anywhere in a line.
            '#' if text.get(at..).is_some_and(is_runner_command) => {
                out.write_str(disarmed.hash)?;
            }
            '\n' => out.write_str("\\n")?,
            '\r' => out.write_str("\\r")?,
            '\t' => out.write_str("\\t")?,
            c if is_deceptive(c) => write!(out, "\\u{{{:x}}}", u32::from(c))?,
            c => out.write_char(c)?,
        }
    }
    Ok(())
}

/// Returns `text` as one CSV field (RFC 4180), quoted where needed, that no spreadsheet takes for a formula.
///
/// One record is one line: line breaks and tabs are written as `\n`, `\r` and `\t`.
#[must_use]
pub fn csv_field(text: &str) -> Cow<'_, str> {
    // Spreadsheets also take the full-width forms for the plain ones, and some skip blanks.
    let formula = text
        .trim_start_matches([' ', '\u{a0}', '\u{3000}'])
        .starts_with(['=', '+', '-', '@', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}']);
    // A semicolon separates fields where a spreadsheet's locale says so: quoting keeps the field whole.
    let quoted = text.contains(['"', ',', ';']);
    if !formula && !quoted && !text.contains(is_deceptive) {
        return Cow::Borrowed(text);
    }
    let mut field = String::with_capacity(text.len() + 4);
    if quoted {
        field.push('"');
    }
    if formula {
        field.push('\'');
    }
    for c in text.chars() {
        match c {
            '"' => field.push_str("\"\""),
            '\n' | '\r' | '\t' => field.extend(c.escape_default()),
            c if is_deceptive(c) => field.extend(c.escape_unicode()),
            c => field.push(c),
        }
    }
    if quoted {
        field.push('"');
    }
    Cow::Owned(field)
}

/// Returns `text` as the message of a workflow command (`::error file=...::message`): one line, whatever it holds.
#[must_use]
pub const fn command_text(text: &str) -> CommandText<'_> {
    CommandText { text, property: false }
}

/// Returns `text` as the value of a property of a workflow command, which a comma would end and a colon too.
#[must_use]
pub const fn command_property(text: &str) -> CommandText<'_> {
    CommandText { text, property: true }
}

/// A part of a workflow command, escaped as the runner undoes it.
#[derive(Debug, Clone, Copy)]
pub struct CommandText<'a> {
    text: &'a str,
    property: bool,
}

impl fmt::Display for CommandText<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What the runner shows in the end is a page: nothing in it may deceive either.
        for c in terminal(self.text).to_string().chars() {
            match c {
                '%' => out.write_str("%25")?,
                ':' if self.property => out.write_str("%3A")?,
                ',' if self.property => out.write_str("%2C")?,
                c => out.write_char(c)?,
            }
        }
        Ok(())
    }
}

/// Returns `text` for a place that a forge may take for Markdown although its format says plain text, such as a message
/// that is copied to a review comment: one line that mentions nobody, links nowhere, hides nothing and opens no fold. A
/// blank in the right place does it, so that the text stays readable where it is plain text after all.
#[must_use]
pub const fn forge(text: &str) -> Forge<'_> {
    Forge(text)
}

/// A text that a forge shows as it is.
#[derive(Debug, Clone, Copy)]
pub struct Forge<'a>(&'a str);

impl fmt::Display for Forge<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = terminal(self.0).to_string();
        let mut before = ' ';
        for (at, c) in shown.char_indices() {
            let rest = shown.get(at + c.len_utf8()..).unwrap_or_default();
            let next = rest.chars().next().unwrap_or(' ');
            // An address such as ana@acme.example mentions nobody: a word stands before its sign.
            let mentions = c == '@' && !before.is_alphanumeric() && next.is_alphanumeric();
            let opens = c == '<' && (next.is_alphabetic() || matches!(next, '/' | '!' | '?'));
            let links = c == ']' && matches!(next, '(' | '[' | ':');
            let leads = c == ':' && rest.starts_with("//");
            let fences = c == '`' && next == '`';
            out.write_char(c)?;
            if mentions || opens || links || leads || fences {
                out.write_char(' ')?;
            }
            before = c;
        }
        Ok(())
    }
}

/// Returns whether a character is a space that looks like the usual one and is another.
#[must_use]
pub const fn is_odd_space(c: char) -> bool {
    matches!(
        c,
        '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_terminal(text: &str, expected: &str) {
        let shown = terminal(text).to_string();
        assert_eq!(shown, expected);
        assert!(!shown.contains(is_deceptive));
    }

    #[test]
    fn a_terminal_is_shown_what_is_there_and_acts_on_nothing() {
        check_terminal("Files.Read.All", "Files.Read.All");
        check_terminal("Büro ありがとう 🦀 naïve", "Büro ありがとう 🦀 naïve");
        check_terminal("", "");
        check_terminal("a\nblocker[x]: b", r"a\nblocker[x]: b");
        check_terminal("a\r\tb", r"a\r\tb");
        check_terminal("\u{1b}[31mred\u{1b}[0m", r"\u{1b}[31mred\u{1b}[0m");
        check_terminal("\u{1b}]0;title\u{7}", r"\u{1b}]0;title\u{7}");
        check_terminal("\u{9b}2J", r"\u{9b}2J");
        check_terminal("\u{8}\u{8}ok\u{7f}", r"\u{8}\u{8}ok\u{7f}");
        check_terminal("nib\u{202e}txt", r"nib\u{202e}txt");
        check_terminal("\u{2066}x\u{2069}\u{200f}\u{61c}", r"\u{2066}x\u{2069}\u{200f}\u{61c}");
        check_terminal("ad\u{200b}min\u{feff}", r"ad\u{200b}min\u{feff}");
        check_terminal("a\u{2028}b\u{85}c", r"a\u{2028}b\u{85}c");
        check_terminal("::error::x", r"\u{3a}:error::x");
        check_terminal("  ::add-mask::x", r"  \u{3a}:add-mask::x");
        check_terminal("a ::b:: c", "a ::b:: c");
        check_terminal("a ##[error]x ##vso[task.x]", r"a \u{23}#[error]x \u{23}#vso[task.x]");
        check_terminal("## [x] ##", "## [x] ##");
        check_terminal("x\u{e0041}\u{fe0f}\u{3164}", r"x\u{e0041}\u{fe0f}\u{3164}");
    }

    #[track_caller]
    fn check_csv(text: &str, expected: &str) {
        assert_eq!(csv_field(text), expected, "{text:?}");
    }

    #[test]
    fn a_spreadsheet_calculates_nothing_and_keeps_fields_whole() {
        check_csv("Create page", "Create page");
        check_csv("", "");
        check_csv("a=b", "a=b");
        check_csv("=HYPERLINK(\"http://x\",\"y\")", "\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\"");
        check_csv("+1", "'+1");
        check_csv("-2+3", "'-2+3");
        check_csv("@SUM(A1)", "'@SUM(A1)");
        check_csv("\t=1", "\\t=1");
        check_csv("\r=1", "\\r=1");
        check_csv(" =1", "' =1");
        check_csv("\u{3000}@x", r"'\u{3000}@x");
        check_csv("\u{ff1d}1", "'\u{ff1d}1");
        check_csv("a,b", "\"a,b\"");
        check_csv("a;=1", "\"a;=1\"");
        check_csv("two\nlines", "two\\nlines");
        check_csv("say \"no\"", "\"say \"\"no\"\"\"");
        check_csv("\u{200b}=1", "\\u{200b}=1");
        check_csv("\u{1b}[31m", "\\u{1b}[31m");
    }

    #[track_caller]
    fn check_command(text: &str, as_text: &str, as_property: &str) {
        assert_eq!(command_text(text).to_string(), as_text);
        assert_eq!(command_property(text).to_string(), as_property);
    }

    #[test]
    fn a_workflow_command_is_one_command() {
        check_command("acme.yaml", "acme.yaml", "acme.yaml");
        check_command("50%, a:b", "50%25, a:b", "50%25%2C a%3Ab");
        check_command("a%0Ab", "a%250Ab", "a%250Ab");
        check_command("x\n::error::y\r", r"x\n::error::y\r", r"x\n%3A%3Aerror%3A%3Ay\r");
        check_command(
            "::stop-commands::t",
            r"\u{3a}:stop-commands::t",
            r"\u{3a}%3Astop-commands%3A%3At",
        );
        check_command("a,line=9", "a,line=9", "a%2Cline=9");
        check_command("nib\u{202e}txt", r"nib\u{202e}txt", r"nib\u{202e}txt");
        check_command("##[error]x", r"\u{23}#[error]x", r"\u{23}#[error]x");
    }

    #[track_caller]
    fn check_forge(text: &str, expected: &str) {
        let shown = forge(text).to_string();
        assert_eq!(shown, expected);
        // Made harmless once, it stays as it is.
        assert_eq!(forge(&shown).to_string(), shown);
    }

    #[test]
    fn a_forge_mentions_links_and_hides_nothing() {
        check_forge("turn `get_page` on: 3 < 4", "turn `get_page` on: 3 < 4");
        check_forge("ana@acme.example", "ana@acme.example");
        check_forge("@everyone", "@ everyone");
        check_forge("(@acme/admins)", "(@ acme/admins)");
        check_forge("[safe](javascript:x)", "[safe] (javascript:x)");
        check_forge("[safe][1] [1]: x", "[safe] [1] [1] : x");
        check_forge("https://evil.example", "https: //evil.example");
        check_forge("<details><!-- x --></details>", "< details>< !-- x -->< /details>");
        check_forge("<?x", "< ?x");
        check_forge("```\ncode", "` ` `\\ncode");
        check_forge("a\u{200b}b", r"a\u{200b}b");
    }

    #[test]
    fn json_keeps_its_value_and_loses_its_teeth() {
        for text in [
            "plain",
            "##[x]",
            "##vso[x]",
            "\u{9b}2J",
            "nib\u{202e}txt",
            "x\u{e0041}",
            "a\u{7f}\u{2028}",
            "🦀",
        ] {
            let document = serde_json::to_string(text).unwrap();
            let safe = json(&document);
            assert!(!safe.contains(is_deceptive) && !safe.contains("##"), "{safe}");
            assert_eq!(serde_json::from_str::<String>(&safe).unwrap(), text);
        }
        assert_eq!(json("{\n}"), "{\n}");
    }
}
