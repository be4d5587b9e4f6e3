//! `sprintf` as OPA has it, which is Go's: flags, width and precision included. Where Go would print a complaint about a
//! whole number under `%s` or `%f`, the number is printed; where it would print one about a missing or a needless argument,
//! the rule cannot be answered.

use std::fmt::Write as _;
use std::iter::Peekable;
use std::str::Chars;

use regorus::Value;

use super::offered::{Cannot, text};

/// The most characters that a width or a precision may ask for.
const WIDEST: usize = 1_000;

/// What stands between `%` and the verb.
#[derive(Debug, Clone, Copy, Default)]
struct Spec {
    plus: bool,
    minus: bool,
    space: bool,
    zero: bool,
    sharp: bool,
    width: usize,
    precision: Option<usize>,
}

/// `sprintf(format, [values])`
pub(super) fn sprintf(given: &[Value]) -> Result<Value, Cannot> {
    let format = text("sprintf", given.first())?;
    let Some(Value::Array(values)) = given.get(1) else {
        return Err(Cannot("`sprintf` takes a text and a list of values".to_owned()));
    };
    let mut values = values.iter();
    let mut made = String::new();
    let mut chars = format.chars().peekable();
    while let Some(next) = chars.next() {
        if next != '%' {
            made.push(next);
            continue;
        }
        let spec = spec(&mut chars)?;
        let Some(verb) = chars.next() else {
            return Err(Cannot("a text for `sprintf` ends after `%`".to_owned()));
        };
        if verb == '%' {
            made.push('%');
            continue;
        }
        let value = values.next().ok_or_else(|| {
            Cannot(format!("`sprintf` has no value for `%{verb}`; write `%%` for a percent sign"))
        })?;
        one(&mut made, spec, verb, value)?;
    }
    match values.count() {
        0 => Ok(Value::from(made)),
        more => Err(Cannot(format!("`sprintf` has {more} more values than its text asks for"))),
    }
}

fn spec(chars: &mut Peekable<Chars<'_>>) -> Result<Spec, Cannot> {
    let mut spec = Spec::default();
    while let Some(flag) = chars.peek() {
        match flag {
            '+' => spec.plus = true,
            '-' => spec.minus = true,
            ' ' => spec.space = true,
            '0' => spec.zero = true,
            '#' => spec.sharp = true,
            _ => break,
        }
        chars.next();
    }
    spec.width = number(chars)?.unwrap_or(0);
    if chars.next_if_eq(&'.').is_some() {
        spec.precision = Some(number(chars)?.unwrap_or(0));
    }
    Ok(spec)
}

fn number(chars: &mut Peekable<Chars<'_>>) -> Result<Option<usize>, Cannot> {
    let mut number = None;
    while let Some(digit) = chars.peek().and_then(|c| c.to_digit(10)) {
        let sum = number.unwrap_or(0_usize) * 10 + digit as usize;
        if sum > WIDEST {
            return Err(Cannot(format!("`sprintf` makes nothing wider than {WIDEST} characters")));
        }
        number = Some(sum);
        chars.next();
    }
    Ok(number)
}

/// Writes one value under one verb.
fn one(made: &mut String, spec: Spec, verb: char, value: &Value) -> Result<(), Cannot> {
    let Value::Number(number) = value else {
        let text = match value {
            Value::String(text) => text.to_string(),
            other => shown(other),
        };
        let cut = |text: &str| match spec.precision {
            Some(most) => text.chars().take(most).collect(),
            None => text.to_owned(),
        };
        let text = match verb {
            's' | 'v' => cut(&text),
            'q' => quoted(&cut(&text)),
            'x' => hex(&text, false),
            'X' => hex(&text, true),
            't' if matches!(value, Value::Bool(_)) => text,
            _ => format!("%!{verb}(string={text})"),
        };
        pad(made, spec, "", &text, false);
        return Ok(());
    };
    let cannot =
        || Cannot(format!("`sprintf` cannot print the number {} as `%{verb}`", shown(value)));
    let whole = number.is_integer().then(|| number.as_i128()).flatten();
    let (negative, digits) = match (verb, whole) {
        ('d' | 'v' | 's', _) if number.is_integer() => split(&number.format_decimal()),
        ('x', Some(n)) => (n < 0, with(spec, "0x", format!("{:x}", n.unsigned_abs()))),
        ('X', Some(n)) => (n < 0, with(spec, "0X", format!("{:X}", n.unsigned_abs()))),
        ('o', Some(n)) => (n < 0, with(spec, "0", format!("{:o}", n.unsigned_abs()))),
        ('O', Some(n)) => (n < 0, format!("0o{:o}", n.unsigned_abs())),
        ('b', Some(n)) => (n < 0, with(spec, "0b", format!("{:b}", n.unsigned_abs()))),
        ('c', Some(n)) => {
            let letter = u32::try_from(n).ok().and_then(char::from_u32).ok_or_else(cannot)?;
            pad(made, spec, "", &letter.to_string(), false);
            return Ok(());
        }
        ('e' | 'E' | 'f' | 'F' | 'g' | 'G' | 'v' | 's', _) => {
            let float = number.as_f64().ok_or_else(cannot)?;
            split(&floating(float, verb, spec.precision).ok_or_else(cannot)?)
        }
        ('d', _) => {
            let float = number.as_f64().ok_or_else(cannot)?;
            let _ = write!(made, "%!d(float64={})", shortest(float));
            return Ok(());
        }
        _ => return Err(cannot()),
    };
    let sign = match (negative, spec.plus, spec.space) {
        (true, _, _) => "-",
        (false, true, _) => "+",
        (false, false, true) => " ",
        (false, false, false) => "",
    };
    pad(made, spec, sign, &digits, true);
    Ok(())
}

fn with(spec: Spec, prefix: &str, digits: String) -> String {
    if spec.sharp { format!("{prefix}{digits}") } else { digits }
}

fn split(number: &str) -> (bool, String) {
    number.strip_prefix('-').map_or((false, number.to_owned()), |digits| (true, digits.to_owned()))
}

fn pad(made: &mut String, spec: Spec, sign: &str, text: &str, number: bool) {
    let missing = spec.width.saturating_sub(sign.chars().count() + text.chars().count());
    let fill = |with: &str| with.repeat(missing);
    let _ = if spec.minus {
        write!(made, "{sign}{text}{}", fill(" "))
    } else if spec.zero && number {
        write!(made, "{sign}{}{text}", fill("0"))
    } else {
        write!(made, "{}{sign}{text}", fill(" "))
    };
}

/// A number under a verb for numbers with a fraction; nothing where the verb is one that is not made here.
fn floating(number: f64, verb: char, precision: Option<usize>) -> Option<String> {
    let text = match (verb, precision) {
        ('f' | 'F', precision) => format!("{number:.*}", precision.unwrap_or(6)),
        ('e' | 'E', precision) => exponent(&format!("{number:.*e}", precision.unwrap_or(6))),
        ('g' | 'G' | 'v' | 's', None) => shortest(number),
        _ => return None,
    };
    Some(if verb.is_ascii_uppercase() { text.to_ascii_uppercase() } else { text })
}

/// The fewest digits that say the number, as Go's `%g` has them.
fn shortest(number: f64) -> String {
    let scientific = format!("{number:e}");
    let power = scientific.rsplit('e').next().and_then(|power| power.parse::<i32>().ok());
    match power {
        Some(power) if !(-4..6).contains(&power) => exponent(&scientific),
        _ => format!("{number}"),
    }
}

/// `1.5e7` with a sign and two digits: `1.5e+07`.
fn exponent(scientific: &str) -> String {
    match scientific.split_once('e') {
        Some((digits, power)) => {
            let (negative, power) = split(power);
            format!("{digits}e{}{power:0>2}", if negative { '-' } else { '+' })
        }
        None => scientific.to_owned(),
    }
}

fn quoted(text: &str) -> String {
    // Go's way and JSON's are one, as far as people write messages.
    serde_json::Value::from(text).to_string()
}

fn hex(text: &str, upper: bool) -> String {
    let byte = |byte: u8| if upper { format!("{byte:02X}") } else { format!("{byte:02x}") };
    text.bytes().map(byte).collect()
}

/// A value as Rego writes it.
fn shown(value: &Value) -> String {
    let list = |values: Vec<String>| values.join(", ");
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => number.format_decimal(),
        Value::String(text) => quoted(text),
        Value::Array(values) => format!("[{}]", list(values.iter().map(shown).collect())),
        Value::Set(values) if values.is_empty() => "set()".to_owned(),
        Value::Set(values) => format!("{{{}}}", list(values.iter().map(shown).collect())),
        Value::Object(object) => {
            let pair = |(key, value): (&Value, &Value)| format!("{}: {}", shown(key), shown(value));
            format!("{{{}}}", list(object.iter_sorted().map(pair).collect()))
        }
        Value::Undefined => "undefined".to_owned(),
    }
}
