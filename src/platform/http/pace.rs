//! A budget of requests per minute, shared by everything that one run sends.
//!
//! [`Pacer`] is the rule, without a clock: at most so many requests in any 60 seconds, *as the platform counts them*. A
//! request that left may arrive late, so its place is free again a minute after it was over, not after it was sent.
//! [`Budget`] is the rule with a clock and a lock around it.

use std::collections::VecDeque;
use std::fmt;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::clock::Clock;

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

    /// Lets a request go, which counts from now on, and returns zero; or returns how long to wait before asking again.
    pub(super) fn next(&mut self, now: Duration) -> Duration {
        while self.over.front().is_some_and(|over| *over + WINDOW <= now) {
            self.over.pop_front();
        }
        if self.in_flight + self.over.len() < self.most {
            self.in_flight += 1;
            return Duration::ZERO;
        }
        // While all places are taken by requests in flight, the first to end frees its place a minute later.
        let oldest = self.over.front().copied().unwrap_or(now);
        (oldest + WINDOW).saturating_sub(now)
    }

    /// Says that a request is over: answered, broken off or given up. `now` never goes back.
    pub(super) fn over(&mut self, now: Duration) {
        self.in_flight = self.in_flight.saturating_sub(1);
        self.over.push_back(now);
    }
}

/// Called with a wait that is about to begin; once, when many begin to wait for the same moment.
pub type Told = Box<dyn Fn(Duration) + Send + Sync>;

/// So many requests a minute, for every client that shares it.
pub struct Budget {
    state: Mutex<State>,
    clock: Arc<dyn Clock>,
    told: Told,
}

#[derive(Debug)]
struct State {
    pacer: Pacer,
    /// The moment until which somebody has been told to wait.
    told_until: Duration,
}

impl fmt::Debug for Budget {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Budget").field("state", &self.state).finish_non_exhaustive()
    }
}

impl Budget {
    /// Returns a budget that nothing has been taken from. `told` hears of every wait before it begins.
    #[must_use]
    pub fn new(per_minute: NonZeroU32, clock: Arc<dyn Clock>, told: Told) -> Self {
        let state = State { pacer: Pacer::new(per_minute), told_until: Duration::ZERO };
        Self { state: Mutex::new(state), clock, told }
    }

    /// Waits until a request may be sent. Its place is taken until the returned value is dropped, and a minute longer.
    pub(super) async fn place(&self) -> Place<'_> {
        loop {
            let wait = self.ask();
            if wait.is_zero() {
                return Place { budget: self };
            }
            self.clock.wait(wait).await;
        }
    }

    fn ask(&self) -> Duration {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.now();
        let wait = state.pacer.next(now);
        if now + wait > state.told_until && !wait.is_zero() {
            state.told_until = now + wait;
            (self.told)(wait);
        }
        wait
    }
}

/// The place of one request in the budget.
#[derive(Debug)]
pub(super) struct Place<'b> {
    budget: &'b Budget,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut state = self.budget.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.pacer.over(self.budget.clock.now());
    }
}

#[cfg(test)]
mod tests;
