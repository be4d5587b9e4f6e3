//! Functions of OPA that the engine lacks or does otherwise, made here: of their arguments alone, like all the others.

use regorus::{Engine, Value};
use sha2::{Digest as _, Sha256};

use super::{date, format, net};

/// Why a function cannot do what it is asked: lowercase fragment.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Cannot(pub(super) String);

/// A function that is made here.
pub(super) type Made = fn(&[Value]) -> Result<Value, Cannot>;

/// Each with the number of its arguments. `all`, `any` and `cast_array` are of Rego v0.
const MADE: &[(&str, u8, Made)] = &[
    ("all", 1, all),
    ("any", 1, any),
    ("cast_array", 1, cast_array),
    ("crypto.sha256", 1, sha256),
    ("net.cidr_contains", 2, net::cidr_contains),
    ("net.cidr_intersects", 2, net::cidr_intersects),
    ("net.cidr_is_valid", 1, net::cidr_is_valid),
    ("sprintf", 2, format::sprintf),
    ("time.add_date", 4, date::add_date),
    ("time.clock", 1, date::clock),
    ("time.date", 1, date::date),
    ("time.parse_duration_ns", 1, date::parse_duration_ns),
    ("time.parse_ns", 2, date::parse_ns),
    ("time.parse_rfc3339_ns", 1, date::parse_rfc3339_ns),
    ("time.weekday", 1, date::weekday),
];

/// Returns whether there is such a function here.
pub(super) fn is_made(name: &str) -> bool {
    MADE.iter().any(|(made, _, _)| *made == name)
}

/// Gives the engine what it lacks.
pub(super) fn add_to(engine: &mut Engine) {
    for (name, arguments, made) in MADE.iter().copied() {
        let call = move |given: Vec<Value>| made(&given).map_err(Into::into);
        // Fails only where a name is added twice.
        let _ = engine.add_extension(name.to_owned(), arguments, Box::new(call));
    }
}

/// Returns one argument as text.
pub(super) fn text<'v>(name: &str, value: Option<&'v Value>) -> Result<&'v str, Cannot> {
    match value {
        Some(Value::String(text)) => Ok(text),
        _ => Err(Cannot(format!("`{name}` takes a text"))),
    }
}

/// Returns the members of an argument that is a list or a set.
fn members<'v>(name: &str, value: Option<&'v Value>) -> Result<Vec<&'v Value>, Cannot> {
    match value {
        Some(Value::Array(list)) => Ok(list.iter().collect()),
        Some(Value::Set(set)) => Ok(set.iter().collect()),
        _ => Err(Cannot(format!("`{name}` takes a list or a set"))),
    }
}

fn all(given: &[Value]) -> Result<Value, Cannot> {
    let members = members("all", given.first())?;
    Ok(Value::from(members.into_iter().all(|one| *one == Value::from(true))))
}

fn any(given: &[Value]) -> Result<Value, Cannot> {
    let members = members("any", given.first())?;
    Ok(Value::from(members.into_iter().any(|one| *one == Value::from(true))))
}

fn cast_array(given: &[Value]) -> Result<Value, Cannot> {
    let members: Vec<Value> = members("cast_array", given.first())?.into_iter().cloned().collect();
    Ok(Value::from(members))
}

fn sha256(given: &[Value]) -> Result<Value, Cannot> {
    let digest = Sha256::digest(text("crypto.sha256", given.first())?);
    Ok(Value::from(digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>()))
}

/// What is not here, and what does its work: names that rules written for OPA use.
const INSTEAD: &[(&str, &str)] = &[
    (
        "net.cidr_expand",
        "one call of it can take all the memory there is; `net.cidr_contains` asks about one address",
    ),
    ("json.patch", "`object.union` and `object.remove` give a changed object"),
    ("re_match", "Rego v1 calls it `regex.match`"),
    (
        "time.now_ns",
        "`time.parse_ns(\"2006-01-02\", input.today)` is the day that the plan was made for",
    ),
    (
        "yaml.unmarshal",
        "data beside rules is JSON: name the file under `rego`, or use `json.unmarshal`",
    ),
];

/// Returns what to use where a function is not here.
pub(super) fn instead(name: &str) -> Option<&'static str> {
    INSTEAD.iter().find(|(missing, _)| *missing == name).map(|(_, help)| *help)
}
