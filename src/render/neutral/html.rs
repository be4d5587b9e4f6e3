//! What HTML would act on: markup in text and in quoted attributes, and what must not be seen in any format.

use std::fmt;

use super::{Disarmed, one_line};

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
        one_line(out, self.0, Disarmed { colon: "&#58;", hash: "&#35;" }, |c| match c {
            '&' => Some("&amp;"),
            '<' => Some("&lt;"),
            '>' => Some("&gt;"),
            '"' => Some("&quot;"),
            '\'' => Some("&#39;"),
            '`' => Some("&#96;"),
            _ => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::is_deceptive;
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
