//! Today. The clock is an input of the plan, and this is where it comes from.
#![expect(clippy::disallowed_methods, reason = "the command line is where the clock is read")]

use std::time::{SystemTime, UNIX_EPOCH};

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
    let since = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis());
    let now = i64::try_from(since).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
    now.unwrap_or(Timestamp::UNIX_EPOCH)
}
