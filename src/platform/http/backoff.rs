//! Whether a failed request is sent again, and when: a decision without clock, randomness or IO.
//!
//! Pauses double from the first one to [`LONGEST`], and each is drawn from its upper half, so that callers who failed
//! together do not come back together. What the platform asks for (`Retry-After`) is a lower bound; what is left of the
//! call's time is an upper one. There is no number of attempts: only the time decides.

use std::time::Duration;

use crate::platform::provider::ProviderError;

/// The longest pause that nobody asked for.
pub(super) const LONGEST: Duration = Duration::from_secs(5);

/// The most that is added to what the platform asks for.
pub(super) const SPREAD: Duration = Duration::from_secs(1);

/// What may be repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Repeat {
    /// Everything that may pass by itself.
    Read,
    /// Only what was certainly not carried out.
    Write,
}

/// A request that has failed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Failed<'e> {
    /// How many requests of this call failed before it.
    pub(super) before: u32,
    /// What was sent.
    pub(super) repeat: Repeat,
    /// Why it failed.
    pub(super) error: &'e ProviderError,
    /// Whether this endpoint has answered anything before, and no call has waited for it in vain since.
    pub(super) reached: bool,
}

/// Returns how long to wait before the next attempt, or `None` to give up. `first` is the first pause, `left` what is
/// left of the call's time: the wait always ends before it. `random` is any number; the same one gives the same wait.
pub(super) fn wait(
    failed: Failed<'_>,
    first: Duration,
    left: Duration,
    random: u64,
) -> Option<Duration> {
    let asked = asked(failed)?;
    let pause = pause(first, failed.before);
    let least = asked.max(pause / 2);
    if least >= left {
        return None;
    }
    let wait = least + (pause / 2).min(SPREAD).mul_f64(fraction(random));
    // The spread may be cut short, what was asked for may not.
    Some(if wait < left { wait } else { least })
}

/// Returns how long the platform asks to be left alone, or `None` when the failure is final.
fn asked(failed: Failed<'_>) -> Option<Duration> {
    match (failed.error, failed.repeat) {
        // A request refused for its rate was not carried out.
        (ProviderError::RateLimited { retry_after }, Repeat::Read | Repeat::Write)
        | (ProviderError::Server { retry_after, .. }, Repeat::Read) => {
            Some(retry_after.unwrap_or_default())
        }
        (ProviderError::NoAnswer { .. }, Repeat::Read) => Some(Duration::ZERO),
        // The request did not leave. An endpoint that has never answered is more likely a mistake than a restart.
        (ProviderError::Unreachable { .. }, Repeat::Read | Repeat::Write) => {
            failed.reached.then_some(Duration::ZERO)
        }
        (ProviderError::NoAnswer { .. } | ProviderError::Server { .. }, Repeat::Write)
        | (
            ProviderError::Unauthorized { .. }
            | ProviderError::Forbidden { .. }
            | ProviderError::NotFound { .. }
            | ProviderError::PreconditionFailed { .. }
            | ProviderError::ConfirmationRequired { .. }
            | ProviderError::Refused { .. }
            | ProviderError::Protocol { .. }
            | ProviderError::Stopped,
            Repeat::Read | Repeat::Write,
        ) => None,
    }
}

/// Returns the longest pause after `before` failures.
fn pause(first: Duration, before: u32) -> Duration {
    let factor = 1_u32.checked_shl(before).unwrap_or(u32::MAX);
    first.saturating_mul(factor).min(LONGEST)
}

/// Returns a number from 0 up to, not including, 1.
fn fraction(random: u64) -> f64 {
    let high = u32::try_from(random >> 32).unwrap_or(u32::MAX);
    f64::from(high) / (f64::from(u32::MAX) + 1.0)
}

#[cfg(test)]
mod tests;
