//! Columns for terminals, and lists of names that stay short.

use std::fmt::{self, Write};

use super::neutral::terminal;
use super::palette::{Paint, Palette};

/// A cell wider than this does not push the other rows aside.
const WIDEST: usize = 48;

/// Rows whose cells stand below each other. Nothing wraps: an address that is cut cannot be copied.
#[derive(Debug, Default)]
pub(super) struct Table {
    rows: Vec<Row>,
}

/// One row and the lines that hang below it.
#[derive(Debug, Default)]
pub(super) struct Row {
    cells: Vec<(Paint, String)>,
    below: Vec<(Paint, String)>,
}

impl Row {
    /// Adds a cell. The text must already be harmless.
    pub(super) fn cell(mut self, paint: Paint, text: impl Into<String>) -> Self {
        self.cells.push((paint, text.into()));
        self
    }

    /// Adds a line below the row.
    pub(super) fn below(mut self, paint: Paint, text: impl Into<String>) -> Self {
        self.below.push((paint, text.into()));
        self
    }
}

impl Table {
    pub(super) fn push(&mut self, row: Row) {
        self.rows.push(row);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Writes the rows, each behind `indent` spaces and with two spaces between columns.
    pub(super) fn write(
        &self,
        out: &mut dyn Write,
        palette: Palette,
        indent: usize,
    ) -> fmt::Result {
        let mut widths: Vec<usize> = Vec::new();
        for row in &self.rows {
            for (n, (_, text)) in row.cells.iter().enumerate() {
                let width = text.chars().count();
                match widths.get_mut(n) {
                    Some(widest) if width <= WIDEST => *widest = width.max(*widest),
                    Some(_) => {}
                    None => widths.push(if width <= WIDEST { width } else { 0 }),
                }
            }
        }
        for row in &self.rows {
            write!(out, "{:indent$}", "")?;
            let last = row.cells.iter().rposition(|(_, text)| !text.is_empty()).unwrap_or(0);
            for (n, ((paint, text), width)) in row.cells.iter().zip(&widths).enumerate() {
                if *width == 0 && text.is_empty() {
                    continue;
                }
                write!(out, "{}", palette.paint(*paint, text))?;
                if n >= last {
                    break;
                }
                write!(out, "{:1$}", "", width.saturating_sub(text.chars().count()) + 2)?;
            }
            out.write_char('\n')?;
            for (paint, text) in &row.below {
                writeln!(out, "{:1$}{2}", "", indent + 4, palette.paint(*paint, text))?;
            }
        }
        Ok(())
    }
}

/// Returns `1 person`, `2 people`.
pub(super) fn count(n: usize, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

/// Returns up to `most` names, then `and N more`. The names are made harmless for a terminal.
pub(super) fn names<'a>(all: impl IntoIterator<Item = &'a str>, most: usize) -> String {
    names_by(all, most, &|name| terminal(name).to_string())
}

/// Returns up to `most` names, each as `show` makes it harmless for its format, then `and N more`.
pub(super) fn names_by<'a>(
    all: impl IntoIterator<Item = &'a str>,
    most: usize,
    show: &dyn Fn(&str) -> String,
) -> String {
    let all: Vec<&str> = all.into_iter().collect();
    // `and 1 more` is no shorter than the one.
    let shown = if all.len() <= most + 1 { all.len() } else { most };
    let mut text = String::new();
    for (n, name) in all.iter().take(shown).enumerate() {
        if n > 0 {
            text.push_str(", ");
        }
        text.push_str(&show(name));
    }
    if shown < all.len() {
        // Writing to a String cannot fail.
        let _ = write!(text, " and {} more", all.len() - shown);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cut_only_where_that_saves_something() {
        assert_eq!(names([], 2), "");
        assert_eq!(names(["a", "b"], 2), "a, b");
        assert_eq!(names(["a", "b", "c"], 2), "a, b, c");
        assert_eq!(names(["a", "b", "c", "d"], 2), "a, b and 2 more");
        assert_eq!(names(["a\nb"], 2), r"a\nb");
    }

    #[test]
    fn columns_line_up_and_leave_no_blanks_at_the_end() {
        let mut table = Table::default();
        table.push(
            Row::default().cell(Paint::Add, "+").cell(Paint::Plain, "long").cell(Paint::Dim, ""),
        );
        table.push(
            Row::default()
                .cell(Paint::Add, "-")
                .cell(Paint::Plain, "x")
                .cell(Paint::Dim, "y")
                .below(Paint::Dim, "z"),
        );
        let mut text = String::new();
        table.write(&mut text, Palette::PLAIN, 2).unwrap();
        assert_eq!(text, "  +  long\n  -  x     y\n      z\n");
    }
}
