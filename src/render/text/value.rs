//! Before and after in words: sets differ as sets, lists of people read as people, and nested values name their path.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::super::neutral::terminal;
use crate::model::Address;
use crate::plan::Change;
use crate::platform::odeus;

/// How a value changes.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::render) enum Delta {
    /// Fits on the line of its address.
    Line(String),
    /// One line per field that differs.
    Fields(Vec<(String, String)>),
}

/// Returns how the thing of a change changes, in the words of the files: an action that is off is `disabled` there, not
/// open to `nobody`.
pub(in crate::render) fn of(change: &Change) -> Delta {
    if change.kind != odeus::value::ACTION {
        return delta(&change.before, &change.after);
    }
    delta(&switched(&change.before), &switched(&change.after))
}

fn switched(value: &Value) -> Value {
    match value {
        Value::String(word) if word == "nobody" => Value::from("disabled"),
        Value::Object(map) if map.get("access").is_some_and(|own| own == "nobody") => {
            let mut map = map.clone();
            map.insert("access".to_owned(), Value::from("disabled"));
            Value::Object(map)
        }
        other => other.clone(),
    }
}

/// Returns where two values of the field at `address` differ, in the words of the files: the path below the field, empty for
/// the field itself, and both values.
pub(in crate::render) fn apart(
    address: &Address,
    one: &Value,
    other: &Value,
) -> Vec<(String, String, String)> {
    let (one, other) = match is_switch(address) {
        true => (switched(one), switched(other)),
        false => (one.clone(), other.clone()),
    };
    let mut parts = Vec::new();
    if is_record(&one) || is_record(&other) {
        collect("", &one, &other, &mut parts);
    } else {
        parts.push((String::new(), &one, &other));
    }
    let part =
        |(path, a, b): (String, &Value, &Value)| (terminal(&path).to_string(), words(a), words(b));
    parts.into_iter().map(part).collect()
}

/// Returns whether an address is that of one action's switch.
fn is_switch(address: &Address) -> bool {
    let mut segments = address.as_str().split('/').skip(1);
    segments.next() == Some("actions") && segments.count() == 1
}

fn delta(before: &Value, after: &Value) -> Delta {
    if !is_record(before) && !is_record(after) {
        return Delta::Line(line(before, after));
    }
    let mut parts = Vec::new();
    collect("", before, after, &mut parts);
    let field = |(path, before, after): (String, &Value, &Value)| {
        let name = if path.is_empty() { "value" } else { path.as_str() };
        (terminal(name).to_string(), line(before, after))
    };
    Delta::Fields(parts.into_iter().map(field).collect())
}

/// Returns whether a value has fields of its own, as opposed to standing for one thing in words.
fn is_record(value: &Value) -> bool {
    value.is_object() && phrase(value).is_none()
}

/// Collects the parts in which two values differ, each with its path.
fn collect<'v>(
    path: &str,
    before: &'v Value,
    after: &'v Value,
    parts: &mut Vec<(String, &'v Value, &'v Value)>,
) {
    if before == after {
        return;
    }
    let (old, new) = match (before, after) {
        (Value::Object(old), Value::Object(new)) if is_record(before) || is_record(after) => {
            (Some(old), Some(new))
        }
        (Value::Null, Value::Object(new)) if is_record(after) => (None, Some(new)),
        (Value::Object(old), Value::Null) if is_record(before) => (Some(old), None),
        _ => {
            parts.push((path.to_owned(), before, after));
            return;
        }
    };
    let keys: BTreeSet<&String> = old.into_iter().chain(new).flat_map(Map::keys).collect();
    for key in keys {
        let inner = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        let of = |map: Option<&'v Map<String, Value>>| map.and_then(|map| map.get(key));
        collect(&inner, of(old).unwrap_or(&NOTHING), of(new).unwrap_or(&NOTHING), parts);
    }
}

/// What a field holds that is not there.
static NOTHING: Value = Value::Null;

fn line(before: &Value, after: &Value) -> String {
    if let (Some(old), Some(new)) = (tokens(before), tokens(after)) {
        return set(&old, &new);
    }
    match (before, after) {
        (Value::Null, new) => words(new),
        (old, Value::Null) => format!("{} -> (none)", words(old)),
        (old, new) => format!("{} -> {}", words(old), words(new)),
    }
}

/// Returns the texts of a list of texts.
fn tokens(value: &Value) -> Option<BTreeSet<&str>> {
    value.as_array()?.iter().map(Value::as_str).collect()
}

/// Returns `+A +B -C (5 unchanged)`.
fn set(old: &BTreeSet<&str>, new: &BTreeSet<&str>) -> String {
    let mut parts: Vec<String> = Vec::new();
    parts.extend(new.difference(old).map(|t| format!("+{}", terminal(t))));
    parts.extend(old.difference(new).map(|t| format!("-{}", terminal(t))));
    match old.intersection(new).count() {
        0 => {}
        n => parts.push(format!("({n} unchanged)")),
    }
    parts.join(" ")
}

pub(in crate::render) fn words(value: &Value) -> String {
    if let Some(phrase) = phrase(value) {
        return phrase;
    }
    match value {
        Value::Null => "(none)".to_owned(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::String(text) if text.is_empty() => "\"\"".to_owned(),
        Value::String(text) => terminal(text).to_string(),
        Value::Array(items) if items.is_empty() => "(empty)".to_owned(),
        Value::Array(items) => items.iter().map(words).collect::<Vec<_>>().join(" "),
        Value::Object(_) => terminal(&value.to_string()).to_string(),
    }
}

/// Reads the mappings that stand for one thing in words: a share list, or an action's access together with the scopes
/// that are accepted as missing.
fn phrase(value: &Value) -> Option<String> {
    let object = value.as_object()?;
    let (Some(access), Some(accepted), 2) =
        (object.get("access"), object.get("accepted_missing"), object.len())
    else {
        return people(value);
    };
    let access = match access {
        Value::String(word) => terminal(word).to_string(),
        other => people(other)?,
    };
    let accepted: Option<Vec<String>> = accepted
        .as_array()?
        .iter()
        .map(|scope| scope.as_str().map(|scope| terminal(scope).to_string()))
        .collect();
    Some(format!("{access}, accepted without {}", accepted?.join(" ")))
}

/// Reads the forms of a share list: the model's `{"only": [{"group": ..}, {"user": ..}]}` and the files'
/// `{"groups": [..], "users": [..]}`.
fn people(value: &Value) -> Option<String> {
    let object = value.as_object()?;
    let mut names = Vec::new();
    if let (Some(list), 1) = (object.get("only"), object.len()) {
        for principal in list.as_array()? {
            let principal = principal.as_object()?;
            let (kind, name) = principal.iter().next()?;
            names.push(one(kind, name.as_str()?)?);
        }
    } else if !object.is_empty() && object.keys().all(|k| k == "groups" || k == "users") {
        for (kind, list) in object {
            for name in list.as_array()? {
                names.push(one(kind, name.as_str()?)?);
            }
        }
    } else {
        return None;
    }
    Some(names.join(", "))
}

fn one(kind: &str, name: &str) -> Option<String> {
    match kind {
        "group" | "groups" => Some(format!("group {}", terminal(name))),
        "user" | "users" => Some(terminal(name).to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(before: &Value, after: &Value, expected: &str) {
        let shown = match delta(before, after) {
            Delta::Line(line) => line,
            Delta::Fields(fields) => {
                let lines: Vec<_> = fields.iter().map(|(k, v)| format!("{k}: {v}")).collect();
                lines.join(" | ")
            }
        };
        assert_eq!(shown, expected);
    }

    #[test]
    fn values_read_as_words() {
        check(&json!("nobody"), &json!("everyone"), "nobody -> everyone");
        check(&json!(false), &json!(true), "false -> true");
        check(&Value::Null, &json!("x"), "x");
        check(&json!("x"), &Value::Null, "x -> (none)");
        check(
            &json!("everyone"),
            &json!({"only": [{"group": "hr"}, {"user": "a@x"}]}),
            "everyone -> group hr, a@x",
        );
        check(
            &json!({"groups": ["hr"], "users": ["a@x"]}),
            &json!("nobody"),
            "group hr, a@x -> nobody",
        );
        check(&json!("a"), &json!("b\u{202e}\n"), r"a -> b\u{202e}\n");
    }

    #[test]
    fn what_is_accepted_as_missing_reads_as_words() {
        let accepted =
            json!({"access": {"groups": ["hr"]}, "accepted_missing": ["A", "B\u{202e}"]});
        check(&json!("everyone"), &accepted, r"everyone -> group hr, accepted without A B\u{202e}");
        check(&accepted, &json!("nobody"), r"group hr, accepted without A B\u{202e} -> nobody");
        check(
            &json!({"access": "everyone", "accepted_missing": ["A"]}),
            &json!({"access": "everyone", "accepted_missing": ["A", "C"]}),
            "everyone, accepted without A -> everyone, accepted without A C",
        );
        check(
            &Value::Null,
            &json!({"access": "x", "accepted_missing": 1}),
            "accepted_missing: 1 | access: x",
        );
    }

    #[test]
    fn lists_differ_as_sets() {
        check(&json!(["A", "B"]), &json!(["B", "C"]), "+C -A (1 unchanged)");
        check(&json!([]), &json!(["C"]), "+C");
        check(&Value::Null, &json!(["C", "D"]), "C D");
    }

    #[test]
    fn nested_values_name_their_path_and_only_what_differs() {
        check(
            &json!({"mode": "managed", "scopes": ["A"]}),
            &json!({"mode": "fixed", "client": {"id": "x"}, "scopes": ["A", "B"]}),
            "client.id: x | mode: managed -> fixed | scopes: +B (1 unchanged)",
        );
        check(&json!("managed"), &json!({"mode": "sync"}), r#"value: managed -> {"mode":"sync"}"#);
        check(&Value::Null, &json!({"mode": "sync"}), "mode: sync");
    }
}
