//! Writes markup so that no text can become any.

use std::fmt::{self, Write};

use super::super::neutral::html;

/// Where a page goes.
///
/// SECURITY: markup is `&'static str`, so only literals of this program can be any; every other text has to pass
/// [`Markup::text`].
pub(super) struct Markup<'w> {
    out: &'w mut dyn Write,
}

impl<'w> Markup<'w> {
    pub(super) fn new(out: &'w mut dyn Write) -> Self {
        Self { out }
    }

    /// Writes markup.
    pub(super) fn raw(&mut self, markup: &'static str) -> fmt::Result {
        self.out.write_str(markup)
    }

    /// Writes a text, harmless also inside a quoted attribute.
    pub(super) fn text(&mut self, text: &str) -> fmt::Result {
        write!(self.out, "{}", html(text))
    }

    /// Writes a text between two pieces of markup.
    pub(super) fn el(
        &mut self,
        open: &'static str,
        text: &str,
        close: &'static str,
    ) -> fmt::Result {
        self.raw(open)?;
        self.text(text)?;
        self.raw(close)
    }

    /// Writes a sentence, what stands between backticks as code. An odd backtick is one.
    pub(super) fn prose(&mut self, text: &str) -> fmt::Result {
        let parts: Vec<&str> = text.split('`').collect();
        if parts.len().is_multiple_of(2) {
            return self.text(text);
        }
        for (n, part) in parts.into_iter().enumerate() {
            if n.is_multiple_of(2) {
                self.text(part)?;
            } else {
                self.el("<code>", part, "</code>")?;
            }
        }
        Ok(())
    }

    /// Writes a number.
    pub(super) fn number(&mut self, n: usize) -> fmt::Result {
        write!(self.out, "{n}")
    }
}
