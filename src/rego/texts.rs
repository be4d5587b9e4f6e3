//! What rules and their data write as texts: with these they compare what a plan says.

use std::collections::BTreeSet;

use regorus::Source;
use regorus::unstable::{Lexer, TokenKind};
use serde_json::Value as Json;

use crate::plan::policy::Rego;

/// Returns every text that the rules write, comments apart, and every text and key of their data. Of a file that cannot be
/// read, what stands before the mistake.
#[must_use]
pub fn texts(rego: &Rego) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for module in &rego.modules {
        in_rules(&module.path, &module.text, &mut all);
    }
    for file in &rego.data {
        if let Ok(data) = serde_json::from_str(&file.text) {
            in_data(data, &mut all);
        }
    }
    all
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
