//! The book that several runs note their requests in, so that they keep to one budget: a file, locked for moments.
//!
//! It is best effort. Where the file cannot be used the run is alone with its budget, and somebody is told so once. The file
//! holds times only, and is never removed: what counts no more goes when the next request is noted. Nobody holds the lock
//! while waiting.

use std::fmt;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::page::{Entry, LARGEST, Page};

/// How long to wait before asking again for a file that somebody else holds.
const BUSY: Duration = Duration::from_millis(10);

/// How long the file may be held before the run goes on alone: whoever notes something holds it for less than a moment.
const PATIENCE: Duration = Duration::from_secs(5);

/// Tells the time of the machine's clock, since 1970.
pub type Wall = Box<dyn Fn() -> Duration + Send + Sync>;

/// Hears in words what is wrong with the book.
pub type Says = Box<dyn Fn(&str) + Send + Sync>;

/// A file that runs note their requests in.
pub struct Book {
    path: PathBuf,
    longest: Duration,
    wall: Wall,
    says: Says,
    /// Requests that are over, and when, which nobody could note yet.
    owed: Vec<(Entry, Duration)>,
    /// Since when somebody else has held the file.
    busy: Option<Duration>,
    /// Whether the file cannot be used.
    alone: bool,
}

impl fmt::Debug for Book {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Book").field("path", &self.path).finish_non_exhaustive()
    }
}

/// What the book says to a request.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// It may go, and is noted.
    Noted(Entry),
    /// It may not go before so much time has passed.
    Wait(Duration),
    /// The book cannot be used.
    Alone,
}

impl Book {
    /// Returns the book in the file at `path`, which is made with the first request; its folder must be there. No request
    /// takes longer than `longest`.
    #[must_use]
    pub const fn at(path: PathBuf, longest: Duration, wall: Wall, says: Says) -> Self {
        Self { path, longest, wall, says, owed: Vec::new(), busy: None, alone: false }
    }

    /// Notes a request, where fewer than `most` count.
    pub(super) fn take(&mut self, most: usize) -> Turn {
        let (now, longest) = ((self.wall)(), self.longest);
        let turn = self.with(now, |page| page.take(most, longest, now));
        match turn {
            _ if self.alone => Turn::Alone,
            Some(Ok(entry)) => Turn::Noted(entry),
            Some(Err(wait)) => Turn::Wait(wait),
            None => Turn::Wait(BUSY),
        }
    }

    /// Notes that a request is over.
    pub(super) fn over(&mut self, entry: Entry) {
        let now = (self.wall)();
        self.owed.push((entry, now));
        // While somebody else holds the file it counts for longer, and the next request will note it.
        self.with(now, |_| ());
    }

    /// Changes the page. `None` where somebody else holds the file, or the book cannot be used.
    fn with<T>(&mut self, now: Duration, change: impl FnOnce(&mut Page) -> T) -> Option<T> {
        if self.alone {
            return None;
        }
        match self.try_with(change) {
            Ok(Some(done)) => {
                self.busy = None;
                Some(done)
            }
            Ok(None) => {
                let since = *self.busy.get_or_insert(now);
                if now.abs_diff(since) >= PATIENCE {
                    self.give_up("another program holds it");
                }
                None
            }
            Err(why) => {
                self.give_up(&why);
                None
            }
        }
    }

    fn give_up(&mut self, why: &str) {
        self.alone = true;
        let path = self.path.display();
        (self.says)(&format!("{path} is not used: {why}; this run keeps to its budget alone"));
    }

    fn try_with<T>(&mut self, change: impl FnOnce(&mut Page) -> T) -> Result<Option<T>, String> {
        let Some(mut file) = open(&self.path)? else { return Ok(None) };
        let cannot = |error: std::io::Error| error.to_string();
        let mut text = Vec::new();
        let most = u64::try_from(LARGEST).unwrap_or(u64::MAX);
        (&file).take(most.saturating_add(1)).read_to_end(&mut text).map_err(cannot)?;
        let (mut page, damaged) = match text.len() > LARGEST {
            true => (Page::default(), 1),
            false => Page::read(&text),
        };
        if damaged > 0 {
            let path = self.path.display();
            (self.says)(&format!("{path} is damaged; what cannot be read of it does not count"));
        }
        for (entry, end) in self.owed.drain(..) {
            page.over(entry, end);
        }
        let done = change(&mut page);
        let new = page.text();
        if new.as_bytes() != text {
            // Whole lines over whole lines, and then the end: whenever a process is killed, every line is one.
            file.seek(SeekFrom::Start(0)).map_err(cannot)?;
            file.write_all(new.as_bytes()).map_err(cannot)?;
            file.set_len(u64::try_from(new.len()).unwrap_or(most)).map_err(cannot)?;
        }
        Ok(Some(done))
    }
}

/// Opens and locks the file until it is dropped. `None` where somebody else holds it.
fn open(path: &Path) -> Result<Option<File>, String> {
    // SECURITY: what a link leads to is not ours to write to.
    if path.symlink_metadata().is_ok_and(|found| !found.is_file()) {
        return Err("it is no regular file".to_owned());
    }
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path).map_err(|error| error.to_string())?;
    match file.try_lock() {
        // Somebody may have cleared up in between: then the next attempt finds what is there now.
        Ok(()) => Ok(is_at(&file, path).then_some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error.to_string()),
    }
}

/// Returns whether an open file is the one that the path leads to, without a link.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let (Ok(open), Ok(found)) = (file.metadata(), path.symlink_metadata()) else { return false };
    (open.dev(), open.ino()) == (found.dev(), found.ino())
}

#[cfg(not(unix))]
fn is_at(_: &File, _: &Path) -> bool {
    true
}

#[cfg(test)]
mod tests;
