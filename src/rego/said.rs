//! From what a rule evaluates to, to what it says.

use std::collections::BTreeSet;

use regorus::Value;

use super::Mistake;

/// One thing that a rule says.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Entry {
    pub(super) message: String,
    /// What it is about, where the rule says so.
    pub(super) address: Option<String>,
}

/// Under which keys a rule may say what it is about: beside `msg`, or in one of [`INSIDE`].
const ADDRESS: &[&str] = &["address", "addr", "resource"];
/// Objects beside `msg` in which policies keep what else they say.
const INSIDE: &[&str] = &["metadata", "details"];
/// A message may be this long; what is longer is cut.
const LONGEST: usize = 2_000;

/// Returns the members of a set or an array; nothing for what is undefined.
fn members(value: &Value) -> Option<Vec<&Value>> {
    if matches!(value, Value::Undefined) {
        return Some(Vec::new());
    }
    if let Ok(set) = value.as_set() {
        return Some(set.iter().collect());
    }
    value.as_array().ok().map(|list| list.iter().collect())
}

fn text(value: &Value) -> Option<String> {
    value.as_string().ok().map(|text| text.to_string())
}

/// Returns what a rule says, sorted, each thing once.
///
/// # Errors
/// When the rule does not evaluate to texts and objects with `msg`: whatever it means, it would not be heard.
pub(super) fn entries(
    value: &Value,
    rule: &str,
    (path, line): (&str, u32),
) -> Result<Vec<Entry>, Mistake> {
    let wrong = |what: &str| {
        Mistake {
        path: path.to_owned(),
        line: line as usize,
        column: 1,
        message: format!("`{rule}` {what}"),
        help: "a message is a text, or an object with `msg` and, where it is about something, `address`"
            .to_owned(),
    }
    };
    let Some(members) = members(value) else {
        return Err(wrong("is no set of messages for this plan"));
    };
    let mut found = BTreeSet::new();
    for member in members {
        let entry = match text(member) {
            Some(message) => Entry { message, address: None },
            None => {
                let message = get(member, "msg").and_then(text);
                let message =
                    message.ok_or_else(|| wrong("says something without a text `msg`"))?;
                let inside = INSIDE.iter().filter_map(|key| get(member, key));
                let places = std::iter::once(member).chain(inside);
                let address = places
                    .flat_map(|place| ADDRESS.iter().filter_map(move |key| get(place, key)))
                    .find_map(text);
                Entry { message, address: address.filter(|address| !address.is_empty()) }
            }
        };
        let message: String = match entry.message.char_indices().nth(LONGEST) {
            Some((end, _)) => format!("{}...", entry.message.get(..end).unwrap_or_default()),
            None => entry.message,
        };
        found.insert(Entry { message, ..entry });
    }
    Ok(found.into_iter().collect())
}

fn get<'v>(value: &'v Value, key: &str) -> Option<&'v Value> {
    value.as_object().ok()?.get(&Value::from(key))
}

/// Returns what `exception` lets through: the names of rules without `deny_` or `violation_`.
///
/// # Errors
/// When it is no set of lists of names.
pub(super) fn exceptions(value: &Value, (path, line): (&str, u32)) -> Result<Vec<String>, Mistake> {
    let wrong = || {
        Mistake {
        path: path.to_owned(),
        line: line as usize,
        column: 1,
        message: "`exception` is no set of lists of names for this plan".to_owned(),
        help: "write `exception contains names if { names := [\"guests\"] }` for the rule `deny_guests`".to_owned(),
    }
    };
    let mut names = Vec::new();
    for list in members(value).ok_or_else(wrong)? {
        for name in members(list).ok_or_else(wrong)? {
            names.push(text(name).ok_or_else(wrong)?);
        }
    }
    Ok(names)
}
