//! Today. The clock is an input of the plan, and this is where it comes from.
#![expect(clippy::disallowed_methods, reason = "the command line is where the clock is read")]

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// Returns today's date in UTC.
#[must_use]
pub(super) fn today() -> Date {
    now().to_zoned(TimeZone::UTC).date()
}

/// Returns the time, to the millisecond.
#[must_use]
pub(super) fn now() -> Timestamp {
    let now = i64::try_from(since_1970().as_millis())
        .ok()
        .and_then(|ms| Timestamp::from_millisecond(ms).ok());
    now.unwrap_or(Timestamp::UNIX_EPOCH)
}

/// Returns the time since 1970; zero where the clock says that it is earlier.
#[must_use]
pub(super) fn since_1970() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}
