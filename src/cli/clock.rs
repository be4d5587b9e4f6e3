//! Today. The clock is an input of the plan, and this is where it comes from.
#![expect(clippy::disallowed_methods, reason = "the command line is where the clock is read")]

use std::time::{SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// Returns the seconds since 1970 in UTC.
#[must_use]
pub(super) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    i64::try_from(since).unwrap_or(0)
}

/// Returns today's date in UTC.
#[must_use]
pub(super) fn today() -> Date {
    Timestamp::from_second(now()).unwrap_or(Timestamp::UNIX_EPOCH).to_zoned(TimeZone::UTC).date()
}
