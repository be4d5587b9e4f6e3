//! Colour on a terminal, as decoration: what is said is said by words and symbols too.

use std::fmt;

/// Whether colour is wanted. The command line decides; renderers only ask.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Palette {
    /// Write ANSI colour codes.
    pub on: bool,
}

impl Palette {
    /// Without colour.
    pub const PLAIN: Self = Self { on: false };
    /// With colour.
    pub const ANSI: Self = Self { on: true };

    /// Returns `text` in a colour, or as it is.
    pub const fn paint<T: fmt::Display>(self, paint: Paint, text: T) -> Painted<T> {
        Painted { palette: self, paint, text }
    }
}

/// What a piece of text is, for its colour.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Paint {
    /// Ordinary text.
    #[default]
    Plain,
    /// A heading.
    Heading,
    /// Where something stands, and other small print.
    Dim,
    /// Something becomes possible or appears.
    Add,
    /// Something changes.
    Change,
    /// Something stops being possible or vanishes.
    Remove,
    /// Stops the plan, or breaks.
    Alarm,
    /// Should be read.
    Warning,
    /// Good to know.
    Note,
}

impl Paint {
    const fn code(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Heading => "\u{1b}[1m",
            Self::Dim => "\u{1b}[2m",
            Self::Add => "\u{1b}[32m",
            Self::Change | Self::Warning => "\u{1b}[33m",
            Self::Remove => "\u{1b}[31m",
            Self::Alarm => "\u{1b}[1;31m",
            Self::Note => "\u{1b}[36m",
        }
    }
}

/// A text with its colour.
#[derive(Debug, Clone, Copy)]
pub struct Painted<T> {
    palette: Palette,
    paint: Paint,
    text: T,
}

impl<T: fmt::Display> fmt::Display for Painted<T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = self.paint.code();
        if self.palette.on && !code.is_empty() {
            write!(out, "{code}{}\u{1b}[0m", self.text)
        } else {
            self.text.fmt(out)
        }
    }
}
