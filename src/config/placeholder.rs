//! Text that stands for something else: `${NAME}`, `<CLIENT_ID>`, `YOUR_TENANT`.
//!
//! Nothing here fills it in, so it would be taken for what it stands for.

use super::shape::{Leaf, Refusal};
use crate::diag::Code;

/// What to do where a value was meant to be put in by somebody else.
const AS_WRITTEN: &str = "write the value itself; nothing is put in from outside but secrets, by references such as `{env: NAME}`";

/// Returns why a text is refused that asks to be interpolated, as shells and templates do it: `${NAME}`, `{{ name }}`.
/// The text may stand where a secret does, so it is not repeated.
pub(super) fn interpolated(text: &str) -> Option<Refusal> {
    let between = |open: &str, close: &str| {
        text.split_once(open).is_some_and(|(_, rest)| rest.contains(close))
    };
    let way = if between("${", "}") {
        "${...}"
    } else if between("{{", "}}") {
        "{{...}}"
    } else {
        return None;
    };
    let message = format!("values are not interpolated: `{way}` would stay as it is");
    Some(Refusal::new(Code::Placeholder, message, AS_WRITTEN))
}

/// Returns what nobody has filled in of a text: `<CLIENT_ID>`, `{tenant}`, `%TENANT%`, `$TENANT`, `YOUR_TENANT`.
fn unfilled(text: &str) -> Option<&str> {
    let bracketed = |open: char, close: char| {
        let from = text.find(open)?;
        let rest = text.get(from..)?;
        let inner = rest.get(1..rest.find(close)?)?;
        // `Ana <ana@acme.example>` and `<https://acme.example>` are filled in.
        let name = !inner.is_empty()
            && inner == inner.trim()
            && inner.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ' '));
        if name { rest.get(..inner.len() + 2) } else { None }
    };
    let name = |name: &str| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    let variable = text.strip_prefix('$').is_some_and(name)
        || text.strip_prefix('%').and_then(|t| t.strip_suffix('%')).is_some_and(name);
    let lower = text.to_ascii_lowercase();
    let asked = !text.contains(' ') && (lower.starts_with("your_") || lower.starts_with("your-"));
    let told = ["changeme", "change_me", "change-me"].contains(&lower.as_str());
    bracketed('<', '>')
        .or_else(|| bracketed('{', '}'))
        .or_else(|| (variable || asked || told).then_some(text))
}

/// A text that somebody has filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Filled<T>(pub T);

impl<T: Leaf> Leaf for Filled<T> {
    fn parse(text: &str, plain: bool) -> Result<Self, Refusal> {
        match unfilled(text) {
            None => T::parse(text, plain).map(Self),
            Some(placeholder) => {
                let message = format!("nobody has filled in `{placeholder}`");
                Err(Refusal::new(Code::Placeholder, message, AS_WRITTEN))
            }
        }
    }

    fn schema() -> serde_json::Value {
        T::schema()
    }

    fn instead_of_boolean(text: &str) -> String {
        T::instead_of_boolean(text)
    }
}

#[cfg(test)]
mod tests {
    use super::{interpolated, unfilled};

    #[track_caller]
    fn check(text: &str, left: Option<&str>) {
        assert_eq!(unfilled(text), left, "{text}");
    }

    #[test]
    fn what_stands_for_something_else_is_told_from_what_is_meant() {
        check("<CLIENT_ID>", Some("<CLIENT_ID>"));
        check("<your client id>", Some("<your client id>"));
        check("{tenant}.onmicrosoft.com", Some("{tenant}"));
        check("%TENANT%", Some("%TENANT%"));
        check("$TENANT", Some("$TENANT"));
        check("YOUR_TENANT", Some("YOUR_TENANT"));
        check("your-client-id", Some("your-client-id"));
        check("CHANGEME", Some("CHANGEME"));
        check("91aa07d2-6d4c-4ab4-8d5a-64f1e7b0a3ce", None);
        check("1234.apps.googleusercontent.com", None);
        check("Ana <ana@acme.example>", None);
        check("see <https://acme.example/SEC-142>", None);
        check("yours truly", None);
        check("100 %", None);
        check("5 $", None);
        check("a < b and c > d, or {}", None);
    }

    #[test]
    fn what_asks_to_be_interpolated_is_seen_anywhere_in_a_text() {
        for text in ["${ID}", "a-${ID}-b", "${{ vars.ID }}", "{{ id }}", "${ID:-x}"] {
            assert!(interpolated(text).is_some(), "{text}");
        }
        for text in ["$ID", "{id}", "${", "}${", "{{", "}} {{", "$ {id}", ""] {
            assert!(interpolated(text).is_none(), "{text}");
        }
    }
}
