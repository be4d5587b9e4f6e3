//! What HTML would act on: markup in text and in quoted attributes, and what must not be seen in any format.

use std::fmt::{self, Write};

use super::{is_deceptive, is_runner_command};

/// Returns `text` for an HTML document, as text or inside a quoted attribute: no markup, nothing that reorders or hides,
/// and one line. Where the document goes through the log of a CI runner, nothing in it is a command there.
#[must_use]
pub const fn html(text: &str) -> Html<'_> {
    Html(text)
}

/// A text that displays itself harmlessly in HTML.
#[derive(Debug, Clone, Copy)]
pub struct Html<'a>(&'a str);

impl fmt::Display for Html<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut command = self.0.trim_start().starts_with("::");
        for (at, c) in self.0.char_indices() {
            match c {
                '&' => out.write_str("&amp;")?,
                '<' => out.write_str("&lt;")?,
                '>' => out.write_str("&gt;")?,
                '"' => out.write_str("&quot;")?,
                '\'' => out.write_str("&#39;")?,
                '`' => out.write_str("&#96;")?,
                ':' if command => {
                    command = false;
                    out.write_str("&#58;")?;
                }
                '#' if self.0.get(at..).is_some_and(is_runner_command) => {
                    out.write_str("&#35;")?;
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let shown = html(text).to_string();
        assert_eq!(shown, expected);
        assert!(!shown.contains(is_deceptive) && !shown.contains(['<', '>', '"', '\'', '`']));
    }

    #[test]
    fn no_text_is_markup() {
        check("Files.Read.All", "Files.Read.All");
        check("Büro ありがとう 🦀", "Büro ありがとう 🦀");
        check("", "");
        check("<script>x</script>", "&lt;script&gt;x&lt;/script&gt;");
        check("\" onclick=\"x", "&quot; onclick=&quot;x");
        check("' a='`b`", "&#39; a=&#39;&#96;b&#96;");
        check("&lt;", "&amp;lt;");
        check("--> ]]> </title", "--&gt; ]]&gt; &lt;/title");
        check("a\r\n\tb", r"a\r\n\tb");
        check("nib\u{202e}txt\u{200b}\u{1b}[1m", r"nib\u{202e}txt\u{200b}\u{1b}[1m");
        check("x\u{0}\u{2028}\u{e0041}", r"x\u{0}\u{2028}\u{e0041}");
        check("::error::x", "&#58;:error::x");
        check(" ##[error]x ##vso[y]", " &#35;#[error]x &#35;#vso[y]");
        check("## a", "## a");
    }
}
