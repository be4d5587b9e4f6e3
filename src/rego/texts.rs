//! What rules and their data write as texts: with these they compare what a plan says.

use std::collections::BTreeSet;

use regorus::Source;
use regorus::unstable::{Lexer, TokenKind};
use serde_json::Value as Json;

use crate::plan::policy::Rego;

/// What one file writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Texts<'a> {
    /// The file, as its rules or data are called.
    pub path: &'a str,
    /// Whether it is data, where a text stands for itself, and no rules.
    pub is_data: bool,
    /// Every text, and every key of data.
    pub texts: BTreeSet<String>,
}

/// Returns what each file writes: every text of the rules, comments apart, and every text and key of their data. Of a file
/// that cannot be read, what stands before the mistake.
#[must_use]
pub fn texts(rego: &Rego) -> Vec<Texts<'_>> {
    let rules = rego.modules.iter().map(|module| {
        let mut texts = BTreeSet::new();
        in_rules(&module.path, &module.text, &mut texts);
        Texts { path: &module.path, is_data: false, texts }
    });
    let data = rego.data.iter().map(|file| {
        let mut texts = BTreeSet::new();
        if let Ok(data) = serde_json::from_str(&file.text) {
            in_data(data, &mut texts);
        }
        Texts { path: &file.path, is_data: true, texts }
    });
    rules.chain(data).collect()
}

fn in_rules(path: &str, text: &str, all: &mut BTreeSet<String>) {
    let Ok(source) = Source::from_contents(path.to_owned(), text.to_owned()) else { return };
    let mut lexer = Lexer::new(&source);
    while let Ok(token) = lexer.next_token() {
        let written = token.1.text();
        match token.0 {
            TokenKind::Eof => break,
            // What is no JSON text has been reported where the rules were read.
            TokenKind::String => {
                all.extend(serde_json::from_str::<String>(&format!("\"{written}\"")));
            }
            TokenKind::RawString => {
                all.insert(written.to_owned());
            }
            _ => {}
        }
    }
}

fn in_data(data: Json, all: &mut BTreeSet<String>) {
    match data {
        Json::String(text) => {
            all.insert(text);
        }
        Json::Array(values) => values.into_iter().for_each(|value| in_data(value, all)),
        Json::Object(fields) => {
            for (key, value) in fields {
                all.insert(key);
                in_data(value, all);
            }
        }
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
}
