//! Reading files that others may have put there: never more than a limit, never a device, and a pipe only where one is meant.
#![expect(clippy::disallowed_methods, reason = "the command line is where files are read")]

use std::fmt;
use std::fs::{self, File, FileType};
use std::io::{self, Read as _};
use std::path::Path;

/// The most that a secret or a token may hold, in bytes.
pub(super) const SECRET: u64 = 64 * 1024;

/// The most that an approval, a signature or a list of keys may hold, in bytes.
pub(super) const STATEMENT: u64 = 1024 * 1024;

/// The most that a plan, a snapshot or a journal may hold, in bytes.
pub(super) const DOCUMENT: u64 = 256 * 1024 * 1024;

/// Why a file is not read.
#[derive(Debug)]
pub(super) enum Unread {
    /// It cannot be opened or read.
    Io(io::Error),
    /// It is a pipe or a socket: reading would wait for whoever writes to it.
    Irregular,
    /// It is a device: reading might never end.
    Device,
    /// It holds more than so many bytes.
    TooLarge(u64),
    /// It is not UTF-8.
    NotText,
}

impl Unread {
    /// Returns whether there is no such file.
    #[must_use]
    pub(super) fn is_missing(&self) -> bool {
        matches!(self, Self::Io(error) if error.kind() == io::ErrorKind::NotFound)
    }
}

impl fmt::Display for Unread {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => error.fmt(out),
            Self::Irregular => out.write_str("it is no regular file"),
            Self::Device => out.write_str("it is a device"),
            Self::TooLarge(most) if *most >= 1024 * 1024 => {
                write!(out, "it is larger than {} MiB", most / (1024 * 1024))
            }
            Self::TooLarge(most) => write!(out, "it is larger than {} KiB", most / 1024),
            Self::NotText => out.write_str("it is not UTF-8 text"),
        }
    }
}

impl From<io::Error> for Unread {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Reads a regular file of at most `most` bytes.
///
/// # Errors
/// [`Unread`].
pub(super) fn regular(file: &Path, most: u64) -> Result<Vec<u8>, Unread> {
    let kind = fs::metadata(file)?.file_type();
    if is_device(kind) {
        return Err(Unread::Device);
    }
    if !kind.is_file() && !kind.is_dir() {
        return Err(Unread::Irregular);
    }
    up_to(most, file)
}

/// Reads a regular file or a pipe, such as `<(command)` is, of at most `most` bytes.
///
/// # Errors
/// [`Unread`].
pub(super) fn or_pipe(file: &Path, most: u64) -> Result<Vec<u8>, Unread> {
    if is_device(fs::metadata(file)?.file_type()) {
        return Err(Unread::Device);
    }
    up_to(most, file)
}

/// Reads what [`or_pipe`] does, as text.
///
/// # Errors
/// [`Unread`].
pub(super) fn text_or_pipe(file: &Path, most: u64) -> Result<String, Unread> {
    String::from_utf8(or_pipe(file, most)?).map_err(|_| Unread::NotText)
}

/// Reads the rest of an open file of at most `most` bytes, as text.
///
/// # Errors
/// [`Unread`].
pub(super) fn text_of(file: &File, most: u64) -> Result<String, Unread> {
    String::from_utf8(all_of(file, most)?).map_err(|_| Unread::NotText)
}

/// Reads at most the first `most` bytes of a regular file.
///
/// # Errors
/// [`Unread`].
pub(super) fn head(file: &Path, most: u64) -> Result<Vec<u8>, Unread> {
    if !fs::metadata(file)?.is_file() {
        return Err(Unread::Irregular);
    }
    let mut bytes = Vec::new();
    File::open(file)?.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// What comes from a pipe has no size before it is read, and what has one may grow meanwhile.
fn up_to(most: u64, file: &Path) -> Result<Vec<u8>, Unread> {
    all_of(&File::open(file)?, most)
}

fn all_of(file: &File, most: u64) -> Result<Vec<u8>, Unread> {
    let mut bytes = Vec::new();
    file.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(Unread::TooLarge(most));
    }
    Ok(bytes)
}

#[cfg(unix)]
fn is_device(kind: FileType) -> bool {
    use std::os::unix::fs::FileTypeExt as _;
    kind.is_char_device() || kind.is_block_device()
}

#[cfg(not(unix))]
fn is_device(_: FileType) -> bool {
    false
}
