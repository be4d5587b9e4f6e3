//! What several runs note of the requests that they send: for each one that counts, since when and until when.
//!
//! The rule without a clock and without a file; [`super::book`] keeps the text. A request that leaves counts until the
//! longest that it may take is over, and a minute longer; once it is over, a minute from then. So nobody has to clear up
//! after a run that was killed. Times are those of the machine's clock, since runs share no other one, in milliseconds
//! since 1970. That clock may be set: what begins in the future counts from now on, for as long as it would have.

use std::time::Duration;

use super::pace::WINDOW;

/// The most that a page holds. No run sends so many requests in a minute, one after the other.
const MOST: usize = 100_000;

/// How many bytes a line takes: all take the same, so that a page that is written over an older one leaves whole lines.
const LINE: usize = 34;

/// How many bytes a page may take.
pub(super) const LARGEST: usize = MOST * LINE;

/// The longest that a request may be said to take: what is beyond is damage, or nobody would ever send anything again.
const LONGEST: Duration = Duration::from_hours(24);

/// A request that counts, from one moment until another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    since: u64,
    until: u64,
}

/// The requests that count, in no order.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Page {
    entries: Vec<Entry>,
}

impl Page {
    /// Reads what [`Page::text`] wrote, and returns beside it how many lines nobody wrote. Those do not count.
    pub(super) fn read(text: &[u8]) -> (Self, usize) {
        let lines = text.split_inclusive(|byte| *byte == b'\n').map(Entry::read);
        let (known, damaged): (Vec<_>, Vec<_>) = lines.partition(Option::is_some);
        (Self { entries: known.into_iter().flatten().collect() }, damaged.len())
    }

    /// Returns one line for each request that counts.
    pub(super) fn text(&self) -> String {
        let line = |entry: &Entry| format!("{:016} {:016}\n", entry.since, entry.until);
        self.entries.iter().map(line).collect()
    }

    /// Lets a request go that takes no longer than `longest`, where fewer than `most` count. Else returns how long to wait
    /// before asking again.
    pub(super) fn take(
        &mut self,
        most: usize,
        longest: Duration,
        now: Duration,
    ) -> Result<Entry, Duration> {
        let now = millis(now);
        self.pass(now);
        let most = most.min(MOST);
        if self.entries.len() < most {
            let entry = Entry { since: now, until: now + millis(longest.min(LONGEST) + WINDOW) };
            self.entries.push(entry);
            return Ok(entry);
        }
        let mut ends: Vec<u64> = self.entries.iter().map(|entry| entry.until).collect();
        ends.sort_unstable();
        // There is room for one more once all but `most - 1` are over.
        let end = ends.get(self.entries.len() - most).copied().unwrap_or(now);
        // What is in flight may be over at any moment, and frees its place a minute later.
        Err(Duration::from_millis(end.saturating_sub(now)).min(WINDOW))
    }

    /// Says that a request is over, which counts for a minute from `end` on.
    pub(super) fn over(&mut self, entry: Entry, end: Duration) {
        let end = millis(end);
        let over = Entry { since: end, until: end + millis(WINDOW) };
        if let Some(known) = self.entries.iter_mut().find(|known| **known == entry) {
            *known = over;
        } else if self.entries.len() < MOST {
            // The clock was set, or somebody has cleared up: counting it twice is better than not at all.
            self.entries.push(over);
        }
    }

    /// Leaves out what counts no more, and cuts what seems to begin in the future.
    fn pass(&mut self, now: u64) {
        for entry in &mut self.entries {
            if entry.since > now {
                *entry = Entry { since: now, until: now + (entry.until - entry.since) };
            }
        }
        self.entries.retain(|entry| entry.until > now);
    }
}

impl Entry {
    fn read(line: &[u8]) -> Option<Self> {
        let (since, until) = str::from_utf8(line).ok()?.strip_suffix('\n')?.split_once(' ')?;
        let (since, until) = (number(since)?, number(until)?);
        let counts = until.checked_sub(since)?;
        (counts <= millis(LONGEST + WINDOW)).then_some(Self { since, until })
    }
}

/// Reads sixteen digits.
fn number(text: &str) -> Option<u64> {
    let digits = text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

/// Returns milliseconds in sixteen digits at most, which is past the year 300,000.
fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX).min(9_999_999_999_999_999)
}

#[cfg(test)]
mod tests;
