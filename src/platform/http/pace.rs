//! A budget of requests per minute, shared by everything that one run sends, and with a [`Book`] by several runs.
//!
//! [`Pacer`] is the rule, without a clock: at most so many requests in any 60 seconds, *as the platform counts them*. A
//! request that left may arrive late, so its place is free again a minute after it was over, not after it was sent.
//! [`Budget`] is the rule with a clock and a lock around it. The book is asked beside the rule and not in its place, so
//! that a run keeps to its budget whatever becomes of the file and of the machine's clock.

use std::collections::VecDeque;
use std::fmt;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::book::{Book, Turn};
use super::clock::Clock;
use super::page::Entry;
use super::stop::{self, Stop};

/// How long a request that is over takes up its place: a minute, and a little more because clocks differ.
pub(super) const WINDOW: Duration = Duration::from_millis(60_100);

/// Which requests may be sent when. Times are since any fixed moment.
#[derive(Debug)]
pub(super) struct Pacer {
    most: usize,
    in_flight: usize,
    /// When requests were over, oldest first.
    over: VecDeque<Duration>,
}

impl Pacer {
    pub(super) fn new(per_minute: NonZeroU32) -> Self {
        let most = usize::try_from(per_minute.get()).unwrap_or(usize::MAX);
        Self { most, in_flight: 0, over: VecDeque::new() }
    }

    /// Returns how long to wait before asking again; zero when a request may go.
    pub(super) fn wait(&mut self, now: Duration) -> Duration {
        while self.over.front().is_some_and(|over| *over + WINDOW <= now) {
            self.over.pop_front();
        }
        if self.in_flight + self.over.len() < self.most {
            return Duration::ZERO;
        }
        // While all places are taken by requests in flight, the first to end frees its place a minute later.
        let oldest = self.over.front().copied().unwrap_or(now);
        (oldest + WINDOW).saturating_sub(now)
    }

    /// Lets a request go, which counts from now on.
    pub(super) const fn begin(&mut self) {
        self.in_flight += 1;
    }

    /// Says that a request is over: answered, broken off or given up. `now` never goes back.
    pub(super) fn over(&mut self, now: Duration) {
        self.in_flight = self.in_flight.saturating_sub(1);
        self.over.push_back(now);
    }
}

/// A wait for the budget that is about to begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pause {
    /// How long it takes.
    pub wait: Duration,
    /// Whether other runs have taken what this one would still have.
    pub others: bool,
}

/// Called with a wait that is about to begin; once, when many begin to wait for the same moment.
pub type Told = Box<dyn Fn(Pause) + Send + Sync>;

/// So many requests a minute, for every client that shares it.
pub struct Budget {
    per_minute: NonZeroU32,
    state: Mutex<State>,
    clock: Arc<dyn Clock>,
    told: Told,
}

#[derive(Debug)]
struct State {
    pacer: Pacer,
    book: Option<Book>,
    /// The moment until which somebody has been told to wait.
    told_until: Duration,
}

impl fmt::Debug for Budget {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Budget").field("state", &self.state).finish_non_exhaustive()
    }
}

impl Budget {
    /// Returns a budget that nothing has been taken from, but for what other runs have noted in `book`. `told` hears of
    /// every wait before it begins.
    #[must_use]
    pub fn new(
        per_minute: NonZeroU32,
        book: Option<Book>,
        clock: Arc<dyn Clock>,
        told: Told,
    ) -> Self {
        let state = State { pacer: Pacer::new(per_minute), book, told_until: Duration::ZERO };
        Self { per_minute, state: Mutex::new(state), clock, told }
    }

    /// Waits until a request may be sent, unless `stop` is asked for. Its place is taken until the returned value is dropped,
    /// and a minute longer. A place that is free is taken even then: what is in flight is to be settled, and the end read.
    pub(super) async fn place(&self, stop: &Stop) -> Option<Place<'_>> {
        loop {
            let wait = match self.ask() {
                Ok(noted) => return Some(Place { budget: self, noted }),
                Err(wait) => wait,
            };
            tokio::select! {
                biased;
                () = self.clock.wait(wait) => {}
                // Whoever waits for a moment waits for the file, and there may be a place.
                () = stop.asked(), if wait >= stop::SHORT => return None,
            }
        }
    }

    /// Takes a place, and returns what the book holds of it; or returns how long to wait before asking again.
    fn ask(&self) -> Result<Option<Entry>, Duration> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.now();
        let own = state.pacer.wait(now);
        let (wait, noted) = match &mut state.book {
            Some(book) if own.is_zero() => {
                match book.take(usize::try_from(self.per_minute.get()).unwrap_or(usize::MAX)) {
                    Turn::Noted(entry) => (own, Some(entry)),
                    Turn::Wait(wait) => (wait, None),
                    Turn::Alone => (own, None),
                }
            }
            _ => (own, None),
        };
        if wait.is_zero() {
            state.pacer.begin();
            return Ok(noted);
        }
        if now + wait > state.told_until {
            state.told_until = now + wait;
            (self.told)(Pause { wait, others: own.is_zero() });
        }
        Err(wait)
    }
}

/// The place of one request in the budget.
#[derive(Debug)]
pub(super) struct Place<'b> {
    budget: &'b Budget,
    /// What the book holds of it.
    noted: Option<Entry>,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut state = self.budget.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.pacer.over(self.budget.clock.now());
        if let (Some(book), Some(entry)) = (&mut state.book, self.noted) {
            book.over(entry);
        }
    }
}

#[cfg(test)]
mod tests;
