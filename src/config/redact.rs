//! Secrets that somebody wrote into a file, found by the words they stand under and kept out of everything printed.
//!
//! This happens before anything else looks at the document, so whatever else is wrong with a line, its excerpt is safe.
//! That the secret is a mistake is told by the reader of the document; here it is only hidden.

use super::yaml::{Node, Value};
use crate::diag::Diagnostics;
use crate::source::{FileId, Origin, SourceFile, Span};

/// Returns whether a value under this key may be a secret.
pub(super) fn is_secret_word(key: &str) -> bool {
    let key = key.to_ascii_lowercase().replace('-', "_");
    WORDS.iter().any(|word| key.contains(word))
        || ["token", "api_key", "apikey", "access_key", "bearer", "pwd"]
            .iter()
            .any(|word| key.ends_with(word))
}

/// Words that a secret stands under, also as a part of a longer word.
const WORDS: &[&str] =
    &["secret", "passw", "passphrase", "credential", "private_key", "authorization"];

/// What the value of an API key or a token of TrustPager begins with.
const LIVE_VALUE: &str = "tp_live_";

/// Returns whether a value is the public id of a token, as `tokens list` shows it.
fn is_token_id(value: &Value) -> bool {
    let Value::Scalar { text, .. } = value else { return false };
    text.strip_prefix("tok_").is_some_and(|id| {
        id.len() <= 32 && id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    })
}

/// Returns whether a text holds such a value, and not only its first and last characters.
pub(super) fn is_live_value(text: &str) -> bool {
    text.contains(LIVE_VALUE) && !text.contains('…') && !text.contains("...")
}

/// Keeps what may be a secret out of everything that is printed, wherever it stands in the document and whatever else
/// is wrong with its line.
pub(super) fn redact_secrets(node: &Node, file: FileId, out: &mut Diagnostics) {
    redact_below(node, false, file, out);
}

/// `revoked`: whether this is what a line `revoke:` holds, where tokens are named by their public ids.
fn redact_below(node: &Node, revoked: bool, file: FileId, out: &mut Diagnostics) {
    match &node.value {
        // `https://user:password@host`, `https://host?token=...`
        Value::Scalar { text, .. } if text.contains("://") && text.contains(['@', '?', '#']) => {
            redact_all(node, file, out);
        }
        Value::Scalar { text, .. } if is_live_value(text) => redact_all(node, file, out),
        Value::Null | Value::Scalar { .. } => {}
        Value::Seq(items) => items.iter().for_each(|item| redact_below(item, revoked, file, out)),
        Value::Map(entries) => {
            for (key, value) in entries {
                if is_live_value(&key.value) {
                    out.redact(Origin { file, span: key.span });
                }
                if revoked && key.value == "token" && is_token_id(&value.value) {
                    continue;
                }
                let address = key.value == "endpoint"
                    && matches!(&value.value, Value::Scalar { text, .. } if text.contains(['@', '?', '#']));
                if address {
                    redact_all(value, file, out);
                } else if is_secret_word(&key.value) {
                    redact_reference(value, file, out);
                } else {
                    redact_below(value, key.value == "revoke", file, out);
                }
            }
        }
    }
}

/// Keeps everything but the legal keys of a secret reference out of what is printed.
fn redact_reference(node: &Node, file: FileId, out: &mut Diagnostics) {
    let Value::Map(entries) = &node.value else {
        return redact_all(node, file, out);
    };
    for (key, value) in entries {
        let legal = match (key.value.as_str(), &value.value) {
            ("env", Value::Scalar { text, .. }) => is_variable_name(text),
            ("file", Value::Scalar { text, .. }) => text.contains(['/', '.']),
            ("version", Value::Scalar { .. }) => true,
            _ => false,
        };
        if !legal {
            redact_all(value, file, out);
            // `{s3cr3t: }` and `{"id:s3cr3t": 1}`; a slip such as `enw` is too short to be one.
            if key.value.len() >= 8 && !is_secret_word(&key.value) {
                out.redact(Origin { file, span: key.span });
            }
        }
    }
}

/// Returns whether `text` can be the name of an environment variable.
pub(super) fn is_variable_name(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Keeps a value out of what is printed, also where its anchor stands.
pub(super) fn redact_all(node: &Node, file: FileId, out: &mut Diagnostics) {
    if !matches!(node.value, Value::Null) {
        out.redact(Origin { file, span: node.span });
        out.redact(Origin { file, span: node.defined });
    }
}

/// Words that a secret stands behind in text without structure, beside [`WORDS`].
const LINE_WORDS: &[&str] =
    &["token", "api_key", "api-key", "apikey", "access_key", "bearer", "pwd", "://"];

/// Keeps comments that may hold a secret out of what is printed.
pub(super) fn redact_comments(source: &SourceFile, file: FileId, out: &mut Diagnostics) {
    let mut at = 0;
    for line in source.text().split_inclusive('\n') {
        let body = line.trim_end_matches(['\n', '\r']);
        // A `#` in quotes may be taken for a comment: then a piece of a value is not shown, which does no harm.
        let mut marks = body.match_indices('#').map(|(mark, _)| mark);
        let blank_before = |mark: &usize| {
            body.get(..*mark).is_some_and(|head| head.is_empty() || head.ends_with([' ', '\t']))
        };
        if let Some(mark) = marks.find(blank_before) {
            let comment = body.get(mark..).unwrap_or_default();
            let lower = comment.to_ascii_lowercase();
            let mut words = WORDS.iter().chain(LINE_WORDS);
            if words.any(|word| lower.contains(word)) || lower.contains(LIVE_VALUE) {
                let span = Span::new(at + mark + 1, at + body.len());
                out.redact(Origin { file, span });
            }
        }
        at += line.len();
    }
}

/// Keeps what follows a word such as `secret:` out of what is printed, in a file without structure.
pub(super) fn redact_lines(source: &SourceFile, file: FileId, out: &mut Diagnostics) {
    let mut hide = |start, end| out.redact(Origin { file, span: Span::new(start, end) });
    let mut at = 0;
    // After such a word at the end of a line, its value may stand on the next one.
    let mut open = false;
    for line in source.text().split_inclusive('\n') {
        let body = line.trim_end_matches(['\n', '\r']);
        let lower = body.to_ascii_lowercase();
        let word = WORDS.iter().chain(LINE_WORDS).filter_map(|word| lower.find(word)).min();
        if let Some(word) = word {
            let colon = body.get(word..).and_then(|rest| rest.find(':'));
            let start = colon.map_or(word, |colon| word + colon + 1);
            let value = body.get(start..).unwrap_or_default();
            hide(at + body.len() - value.trim_start().len(), at + body.len());
            open = true;
        } else if open {
            let blank = body.len() - body.trim_start().len();
            hide(at + blank, at + body.len());
            open = body.trim().is_empty();
        }
        // A live value may stand under any word, and before a colon.
        if let Some(value) = body.find(LIVE_VALUE) {
            hide(at + value, at + body.len());
        }
        at += line.len();
    }
}
