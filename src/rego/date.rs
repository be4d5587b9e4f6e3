//! Days and times as OPA has them, nanoseconds since 1970, from texts and numbers that a rule was given. Only UTC, and no
//! way to ask what time it is.

use jiff::civil::{Date, DateTime};
use jiff::fmt::strtime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use regorus::Value;

use super::offered::{Cannot, text};

/// The words of Go's layouts and what jiff calls them, longest first where one begins another.
const WORDS: &[(&str, &str)] = &[
    ("January", "%B"),
    ("Jan", "%b"),
    ("Monday", "%A"),
    ("Mon", "%a"),
    ("2006", "%Y"),
    ("Z07:00", "%:z"),
    ("-07:00", "%:z"),
    ("-0700", "%z"),
    ("01", "%m"),
    ("02", "%d"),
    ("15", "%H"),
    ("04", "%M"),
    ("05", "%S"),
];

fn range(_: impl std::fmt::Display) -> Cannot {
    Cannot("the time is outside of what nanoseconds since 1970 can say".to_owned())
}

fn nanoseconds(time: Timestamp) -> Result<Value, Cannot> {
    i64::try_from(time.as_nanosecond()).map(Value::from).map_err(range)
}

/// Returns an argument as a time in UTC. With `[ns, "UTC"]` OPA says the same as with `ns`.
fn time(name: &str, value: Option<&Value>) -> Result<DateTime, Cannot> {
    let takes = || Cannot(format!("`{name}` takes nanoseconds since 1970, in UTC"));
    let number = match value {
        Some(Value::Array(both)) => match both.as_slice() {
            [number, Value::String(zone)] if matches!(zone.as_ref(), "" | "UTC") => number,
            _ => return Err(takes()),
        },
        Some(number) => number,
        None => return Err(takes()),
    };
    let number = number.as_i64().map_err(|_| takes())?;
    let time = Timestamp::from_nanosecond(i128::from(number)).map_err(range)?;
    Ok(TimeZone::UTC.to_datetime(time))
}

fn in_utc(time: DateTime) -> Result<Value, Cannot> {
    nanoseconds(TimeZone::UTC.to_timestamp(time).map_err(range)?)
}

/// `time.parse_rfc3339_ns("2026-03-01T12:00:00Z")`
pub(super) fn parse_rfc3339_ns(given: &[Value]) -> Result<Value, Cannot> {
    let name = "time.parse_rfc3339_ns";
    let text = text(name, given.first())?;
    let time = text.parse::<Timestamp>();
    nanoseconds(time.map_err(|_| {
        Cannot(format!("`{name}` takes a time as RFC 3339 writes it, such as 2026-03-01T12:00:00Z"))
    })?)
}

/// `time.parse_ns("2006-01-02", "2026-03-01")`: the layout is the time 15:04:05 of 2006-01-02, as Go writes layouts.
pub(super) fn parse_ns(given: &[Value]) -> Result<Value, Cannot> {
    let name = "time.parse_ns";
    let (layout, value) = (text(name, given.first())?, text(name, given.get(1))?);
    let known = jiff_layout(layout).ok_or_else(|| {
        Cannot(format!("`{name}` knows layouts of 2006, 01, 02, 15, 04, 05, Jan, Mon and -07:00"))
    })?;
    let other =
        |_| Cannot(format!("`{name}` was given a time that is not written like its layout"));
    // Go's `Z07:00` is `Z` for UTC, which jiff writes as an offset.
    let in_utc_as_z = layout.ends_with("Z07:00") || layout == "RFC3339";
    let value = match value.strip_suffix('Z').filter(|_| in_utc_as_z) {
        Some(time) => format!("{time}+00:00"),
        None => value.to_owned(),
    };
    let parsed = strtime::parse(&known, &value).map_err(other)?;
    if parsed.offset().is_some() {
        return nanoseconds(parsed.to_timestamp().map_err(other)?);
    }
    match parsed.to_datetime() {
        Ok(time) => in_utc(time),
        Err(_) => in_utc(parsed.to_date().map_err(other)?.at(0, 0, 0, 0)),
    }
}

fn jiff_layout(layout: &str) -> Option<String> {
    let mut rest = if layout == "RFC3339" { "2006-01-02T15:04:05Z07:00" } else { layout };
    let mut made = String::new();
    while let Some(next) = rest.chars().next() {
        if let Some((word, meant)) = WORDS.iter().find(|(word, _)| rest.starts_with(word)) {
            made.push_str(meant);
            rest = rest.get(word.len()..)?;
        } else if next.is_ascii_digit() || next == '%' {
            // A word of Go's that is not known here.
            return None;
        } else {
            made.push(next);
            rest = rest.get(next.len_utf8()..)?;
        }
    }
    Some(made)
}

/// `time.parse_duration_ns("1h30m")`
pub(super) fn parse_duration_ns(given: &[Value]) -> Result<Value, Cannot> {
    let wrong =
        || Cannot("`time.parse_duration_ns` takes a length of time such as 1h30m".to_owned());
    let whole = text("time.parse_duration_ns", given.first())?;
    let (sign, mut rest) = match whole.strip_prefix('-') {
        Some(rest) => (-1_i128, rest),
        None => (1, whole.strip_prefix('+').unwrap_or(whole)),
    };
    if rest == "0" {
        return Ok(Value::from(0_i64));
    }
    let mut sum = 0_i128;
    loop {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(wrong)?;
        let (number, more) = rest.split_at_checked(end).ok_or_else(wrong)?;
        let end = more.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(more.len());
        let (unit, more) = more.split_at_checked(end).ok_or_else(wrong)?;
        let unit: i128 = match unit {
            "ns" => 1,
            "us" | "µs" | "μs" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            _ => return Err(wrong()),
        };
        let (before, after) = number.split_once('.').unwrap_or((number, ""));
        if before.len() + after.len() == 0 || after.len() > 18 {
            return Err(wrong());
        }
        let digits = |text: &str| if text.is_empty() { Ok(0) } else { text.parse::<i128>() };
        let scale = 10_i128.pow(u32::try_from(after.len()).map_err(|_| wrong())?);
        let part = digits(before).map_err(|_| wrong())?.checked_mul(unit);
        let fraction = digits(after).map_err(|_| wrong())?.checked_mul(unit).map(|n| n / scale);
        let sum_now = part.zip(fraction).and_then(|(a, b)| a.checked_add(b)?.checked_add(sum));
        sum = sum_now.ok_or_else(wrong)?;
        rest = more;
        if rest.is_empty() {
            return i64::try_from(sign * sum).map(Value::from).map_err(|_| wrong());
        }
    }
}

fn numbers(numbers: &[i64]) -> Value {
    Value::from(numbers.iter().copied().map(Value::from).collect::<Vec<_>>())
}

/// `time.date(ns)` is `[year, month, day]`.
pub(super) fn date(given: &[Value]) -> Result<Value, Cannot> {
    let day = time("time.date", given.first())?;
    Ok(numbers(&[day.year().into(), day.month().into(), day.day().into()]))
}

/// `time.clock(ns)` is `[hour, minute, second]`.
pub(super) fn clock(given: &[Value]) -> Result<Value, Cannot> {
    let time = time("time.clock", given.first())?;
    Ok(numbers(&[time.hour().into(), time.minute().into(), time.second().into()]))
}

/// `time.weekday(ns)` is `Monday` and so on.
pub(super) fn weekday(given: &[Value]) -> Result<Value, Cannot> {
    let time = time("time.weekday", given.first())?;
    Ok(Value::from(time.strftime("%A").to_string()))
}

/// `time.add_date(ns, years, months, days)`: a day that the month does not have is one of the next, as in Go.
pub(super) fn add_date(given: &[Value]) -> Result<Value, Cannot> {
    let name = "time.add_date";
    let from = time(name, given.first())?;
    let number = |at: usize| {
        let number = given.get(at).and_then(|value| value.as_i64().ok());
        number.filter(|number| number.unsigned_abs() < 4_000_000).ok_or_else(|| {
            Cannot(format!("`{name}` takes whole numbers of years, months and days"))
        })
    };
    let (years, months, days) = (number(1)?, number(2)?, number(3)?);
    let month = i64::from(from.month()) - 1 + months;
    let year = i64::from(from.year()) + years + month.div_euclid(12);
    let year = i16::try_from(year).map_err(range)?;
    let month = i8::try_from(month.rem_euclid(12) + 1).map_err(range)?;
    let first = Date::new(year, month, 1).map_err(range)?;
    let days = i64::from(from.day()) - 1 + days;
    let day = first.checked_add(days.days()).map_err(range)?;
    in_utc(day.to_datetime(from.time()))
}
