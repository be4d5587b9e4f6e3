//! Ranges of network addresses, compared as numbers. No name is looked up.

use std::net::IpAddr;

use regorus::Value;

use super::offered::{Cannot, text};

/// A range: its family's width in bits, and its first and last address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Range {
    bits: u32,
    first: u128,
    last: u128,
}

impl Range {
    /// Reads `10.0.0.0/8`; bits behind the prefix do not matter.
    fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = text.split_once('/')?;
        let (bits, number) = number(address.parse().ok()?);
        let digits = !prefix.is_empty() && prefix.bytes().all(|byte| byte.is_ascii_digit());
        let prefix = prefix.parse::<u32>().ok().filter(|prefix| digits && *prefix <= bits)?;
        let free = bits - prefix;
        // Shifting by the whole width would overflow.
        let behind = if free == 128 { u128::MAX } else { (1 << free) - 1 };
        Some(Self { bits, first: number & !behind, last: number | behind })
    }

    const fn holds(self, other: Self) -> bool {
        self.bits == other.bits && self.first <= other.first && other.last <= self.last
    }
}

fn number(address: IpAddr) -> (u32, u128) {
    match address {
        IpAddr::V4(address) => (32, u128::from(u32::from(address))),
        IpAddr::V6(address) => (128, u128::from(address)),
    }
}

fn range(name: &str, value: Option<&Value>) -> Result<Range, Cannot> {
    let text = text(name, value)?;
    Range::parse(text)
        .ok_or_else(|| Cannot(format!("`{name}` takes a range of addresses such as 10.0.0.0/8")))
}

/// `net.cidr_contains("10.0.0.0/8", "10.1.2.3")`, also with a range for the address.
pub(super) fn cidr_contains(given: &[Value]) -> Result<Value, Cannot> {
    let name = "net.cidr_contains";
    let whole = range(name, given.first())?;
    let part = match text(name, given.get(1))?.parse() {
        Ok(address) => {
            let (bits, number) = number(address);
            Range { bits, first: number, last: number }
        }
        Err(_) => range(name, given.get(1))?,
    };
    Ok(Value::from(whole.holds(part)))
}

/// `net.cidr_intersects("10.0.0.0/8", "10.1.0.0/16")`
pub(super) fn cidr_intersects(given: &[Value]) -> Result<Value, Cannot> {
    let name = "net.cidr_intersects";
    let (one, other) = (range(name, given.first())?, range(name, given.get(1))?);
    let apart = one.bits != other.bits || one.last < other.first || other.last < one.first;
    Ok(Value::from(!apart))
}

/// `net.cidr_is_valid("10.0.0.0/8")`
pub(super) fn cidr_is_valid(given: &[Value]) -> Result<Value, Cannot> {
    let Some(Value::String(text)) = given.first() else { return Ok(Value::from(false)) };
    Ok(Value::from(Range::parse(text).is_some()))
}
