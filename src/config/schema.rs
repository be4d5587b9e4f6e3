//! JSON Schemas (2020-12) of the documents that people write, from the same declarations that read them.

use serde_json::{Value as Json, json};

use super::raw::{RawHeader, RawOdeus};
use super::shape::object_schema;
use crate::platform::Kind;

pub(super) fn document(title: &str, schema: Json) -> Json {
    let mut document = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
    });
    if let (Json::Object(document), Json::Object(schema)) = (&mut document, schema) {
        document.extend(schema);
    }
    document
}

/// Returns the schema of a configuration document.
#[must_use]
pub fn config_schema() -> Json {
    let (mut properties, required) = RawHeader::properties();
    let mut shapes = Vec::new();
    for kind in Kind::ALL {
        let (body, lines) = match kind {
            Kind::Odeus => (
                RawOdeus::properties().0,
                "The scopes, actions and sharing of one workspace on Odeus.",
            ),
            Kind::Trustpager => (
                serde_json::Map::new(),
                "The tiers, tokens and API keys of one workspace on TrustPager.",
            ),
        };
        if let Some(platform) = properties.get_mut("platform").and_then(Json::as_object_mut) {
            platform.remove("enum");
            platform.insert("const".into(), json!(kind.name()));
        }
        let mut all = properties.clone();
        all.extend(body);
        shapes.push(object_schema(&[lines], &all, &required));
    }
    // One platform needs no choice; with several, editors pick the shape whose `platform` fits.
    let schema = match shapes.len() {
        1 => shapes.remove(0),
        _ => json!({ "oneOf": shapes }),
    };
    document("scopeform configuration", schema)
}
