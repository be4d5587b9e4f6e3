//! Text and positions: which file, which bytes, which line and column.
//!
//! The shell loads files and hands their bytes over; from then on everybody speaks in [`Origin`]s, and only renderers
//! turn one into a line and a column.

mod origins;

use std::fmt;
use std::ops::Range;

pub use origins::Origins;

/// One file of a [`SourceMap`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(u32);

/// A range of bytes in the text of one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
}

impl Span {
    /// The first byte of a file, for what is missing from a file as a whole.
    pub const START: Self = Self { start: 0, end: 0 };

    /// Returns the range from `start` up to, not including, `end`.
    #[must_use]
    pub const fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }

    /// Returns the range as the standard library has it.
    #[must_use]
    pub const fn range(self) -> Range<usize> {
        self.start..self.end
    }
}

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Its place in the file it was read from.
    pub span: Span,
}

impl<T> Spanned<T> {
    /// Returns `value` at `span`.
    pub const fn new(value: T, span: Span) -> Self {
        Self { value, span }
    }
}

/// A place in one of the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    /// Which file.
    pub file: FileId,
    /// Where in it.
    pub span: Span,
}

/// A place as people and editors count it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    /// In bytes of the file as it lies on the disk, from 0.
    pub byte: usize,
}

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// One file as it was handed over.
#[derive(Clone)]
pub struct SourceFile {
    name: String,
    text: String,
    skipped: usize,
    broken: Option<usize>,
    lines: Vec<usize>,
}

impl fmt::Debug for SourceFile {
    /// Names the file and keeps its text out of logs.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} ({} bytes)", self.name, self.text.len())
    }
}

impl SourceFile {
    fn new(name: String, bytes: &[u8]) -> Self {
        let body = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
        let broken = std::str::from_utf8(body).err().map(|error| error.valid_up_to());
        // Broken bytes become replacement characters, so everything before the first one keeps its offset.
        let text = String::from_utf8_lossy(body).into_owned();
        let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let lines = std::iter::once(0).chain(ends.map(|(at, _)| at + 1)).collect();
        Self { name, skipped: bytes.len() - body.len(), text, broken, lines }
    }

    /// Returns the path below the configuration folder, with `/`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the text, without a byte order mark.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns where the first byte stands that is not UTF-8, if there is one.
    #[must_use]
    pub const fn broken_at(&self) -> Option<usize> {
        self.broken
    }

    /// Returns the text of a range; empty when the range is not inside the text.
    #[must_use]
    pub fn slice(&self, span: Span) -> &str {
        self.text.get(span.range()).unwrap_or_default()
    }

    /// Returns the nearest character boundary at or before `at`, inside the text.
    #[must_use]
    pub fn floor(&self, at: usize) -> usize {
        let mut at = at.min(self.text.len());
        while !self.text.is_char_boundary(at) {
            at -= 1;
        }
        at
    }

    /// Returns the line, from 0, that holds byte `at`.
    #[must_use]
    pub fn line_of(&self, at: usize) -> usize {
        self.lines.partition_point(|start| *start <= at).saturating_sub(1)
    }

    /// Returns the bytes of line `line`, from 0, with its line end.
    #[must_use]
    pub fn line_span(&self, line: usize) -> Span {
        let len = self.text.len();
        let start = self.lines.get(line).copied().unwrap_or(len);
        Span::new(start, self.lines.get(line + 1).copied().unwrap_or(len))
    }

    /// Returns line and column of byte `at`.
    #[must_use]
    pub fn position(&self, at: usize) -> Position {
        let at = self.floor(at);
        let line = self.line_of(at);
        let start = self.line_span(line).start;
        let column = self.slice(Span::new(start, at)).chars().count();
        Position { line: line + 1, column: column + 1, byte: at + self.skipped }
    }
}

/// Ids from here on are of files beside the others.
const BESIDE: u32 = 1 << 31;

/// The files of one run, in the order in which they were added.
#[derive(Debug, Clone, Default)]
pub struct SourceMap {
    files: Vec<SourceFile>,
    beside: Vec<SourceFile>,
    links: Vec<String>,
}

impl SourceMap {
    /// Returns a map without files.
    #[must_use]
    pub const fn new() -> Self {
        Self { files: Vec::new(), beside: Vec::new(), links: Vec::new() }
    }

    /// Remembers one file: `name` is its path below the configuration folder, with `/`. Add files in name order, so
    /// that what is said about them comes in the same order on every machine.
    pub fn add(&mut self, name: impl Into<String>, bytes: impl AsRef<[u8]>) -> FileId {
        let id = FileId(u32::try_from(self.files.len()).unwrap_or(u32::MAX));
        self.files.push(SourceFile::new(name.into(), bytes.as_ref()));
        id
    }

    /// Remembers a file that others name and that is no document of its own: it can be pointed at, and
    /// [`SourceMap::iter`] does not list it.
    pub fn add_beside(&mut self, name: impl Into<String>, bytes: impl AsRef<[u8]>) {
        self.beside.push(SourceFile::new(name.into(), bytes.as_ref()));
    }

    /// Remembers that others name a link which leads to no file in the configuration folder.
    pub fn add_link(&mut self, name: impl Into<String>) {
        self.links.push(name.into());
    }

    /// Returns why there is no file of this name beside the others, and what to do where it is a link.
    #[must_use]
    pub fn absent(&self, name: &str) -> (String, Option<&'static str>) {
        if self.links.iter().any(|link| link == name) {
            let why = format!("`{name}` is a link to no file in the configuration folder");
            return (why, Some("put the file that it leads to in its place"));
        }
        (format!("there is no regular file `{name}` in the configuration folder"), None)
    }

    /// Returns a file that was added beside the others.
    #[must_use]
    pub fn beside(&self, name: &str) -> Option<(FileId, &SourceFile)> {
        let at = self.beside.iter().position(|file| file.name() == name)?;
        let id = FileId(BESIDE + u32::try_from(at).unwrap_or(u32::MAX - BESIDE));
        Some((id, self.beside.get(at)?))
    }

    /// Iterates the files that were added beside the others, in the order in which they were added.
    pub fn all_beside(&self) -> impl Iterator<Item = (FileId, &SourceFile)> {
        (BESIDE..).map(FileId).zip(&self.beside)
    }

    /// Returns a file. An id of another map gives `None`.
    #[must_use]
    pub fn file(&self, id: FileId) -> Option<&SourceFile> {
        match id.0.checked_sub(BESIDE) {
            Some(at) => self.beside.get(at as usize),
            None => self.files.get(id.0 as usize),
        }
    }

    /// Iterates all files in the order in which they were added.
    pub fn iter(&self) -> impl Iterator<Item = (FileId, &SourceFile)> {
        (0..).map(FileId).zip(&self.files)
    }

    /// Returns where an origin begins: file name and position.
    #[must_use]
    pub fn locate(&self, origin: Origin) -> Option<(&str, Position, Position)> {
        let file = self.file(origin.file)?;
        Some((file.name(), file.position(origin.span.start), file.position(origin.span.end)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters_and_bytes_count_the_byte_order_mark() {
        let mut sources = SourceMap::new();
        let id = sources.add("a.yaml", "\u{feff}ä: ü\r\nb: 1\n");
        let file = sources.file(id).unwrap();
        let at = file.text().find('ü').unwrap();
        assert_eq!(file.position(at), Position { line: 1, column: 4, byte: at + 3 });
        let at = file.text().find('b').unwrap();
        assert_eq!(file.position(at), Position { line: 2, column: 1, byte: at + 3 });
        assert_eq!(file.position(9999).line, 3);
    }

    #[test]
    fn broken_bytes_keep_the_offsets_before_them() {
        let mut sources = SourceMap::new();
        let id = sources.add("a.yaml", b"a: \xff\xfe\n");
        let file = sources.file(id).unwrap();
        assert_eq!(file.broken_at(), Some(3));
        assert_eq!(file.slice(Span::new(3, 6)), "\u{fffd}");
    }
}
