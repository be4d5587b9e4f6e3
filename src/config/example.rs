//! What to write under a key, read off the schema of its value: the words that it may be, or an example of it.

use serde_json::Value as Json;

/// Returns the words that a value may be, by its schema.
pub(super) fn words_of(schema: &Json) -> Vec<&str> {
    let alternatives = ["oneOf", "anyOf"].iter().filter_map(|key| schema.get(key)?.as_array());
    let own = schema.get("const").and_then(Json::as_str);
    own.into_iter().chain(alternatives.flatten().flat_map(words_of)).collect()
}

/// Returns an example of the mapping that a value may be, by its schema.
fn mapping_of(schema: &Json) -> Option<String> {
    let forms = schema.get("anyOf")?.as_array()?;
    let keys = forms.iter().find_map(|form| form.get("properties")?.as_object())?;
    let entry = |(key, value): (&String, &Json)| {
        let list = value.get("type").and_then(Json::as_str) == Some("array");
        format!("{key}: {}", if list { "[...]" } else { "..." })
    };
    Some(format!("{{{}}}", keys.iter().map(entry).collect::<Vec<_>>().join(", ")))
}

/// Returns what to write under a key of its own, by the schema of the value: the words that it may be, or an example of it.
/// `None` where the schema knows no more than that it is text.
pub(super) fn write(key: &str, schema: &Json) -> Option<String> {
    let kind = |schema: &Json| schema.get("type").and_then(Json::as_str).map(str::to_owned);
    let example = |schema: &Json| {
        let first = schema.get("examples").and_then(|all| all.get(0)?.as_str());
        first.or_else(|| words_of(schema).first().copied()).map(str::to_owned)
    };
    let words = words_of(schema);
    let values: Vec<String> = match (kind(schema).as_deref(), words.as_slice()) {
        (_, [_, ..]) => words.into_iter().map(str::to_owned).chain(mapping_of(schema)).collect(),
        (Some("array"), []) => {
            let item = schema.get("items").and_then(example);
            vec![format!("[{}]", item.as_deref().unwrap_or("..."))]
        }
        (Some("boolean"), []) => vec!["true".to_owned(), "false".to_owned()],
        (_, []) => vec![example(schema)?],
    };
    let mut lines = values.iter().map(|value| format!("`{key}: {value}`")).collect::<Vec<_>>();
    let last = lines.pop()?;
    Some(match lines.as_slice() {
        [] => format!("write {last}"),
        lines => format!("write {} or {last}", lines.join(", ")),
    })
}
