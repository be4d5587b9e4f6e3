//! JSON Schemas (2020-12) of the documents that people write, from the same declarations that read them.

use serde_json::{Map as JsonMap, Value as Json, json};

use super::raw::{RawHeader, RawOdeus};
use super::shape::{object_schema, prose};
use super::trustpager::RawTrustpager;
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

/// Returns the schema of a document whose `platform` decides the rest of it: one `if` and `then` per platform rather than
/// a choice of shapes, so that editors complete the keys of the platform that is named and tell what is wrong with them.
/// A document without the word is read as `default`.
pub(super) fn by_platform(
    lines: &[&str],
    shared: &JsonMap<String, Json>,
    required: &[&str],
    default: Option<Kind>,
    shape: impl Fn(Kind) -> Json,
) -> Json {
    let branches = Kind::ALL.iter().map(|&kind| {
        let is = |kind: Kind| {
            json!({ "required": ["platform"], "properties": { "platform": { "const": kind.name() } } })
        };
        let condition = if default == Some(kind) {
            let others = Kind::ALL.iter().filter(|other| **other != kind).map(|other| is(*other));
            json!({ "not": { "anyOf": others.collect::<Vec<_>>() } })
        } else {
            is(kind)
        };
        json!({ "if": condition, "then": shape(kind) })
    });
    json!({
        "type": "object",
        "description": prose(lines),
        "required": required,
        "properties": shared,
        "allOf": branches.collect::<Vec<_>>(),
    })
}

/// Returns the schema of a configuration document.
#[must_use]
pub fn config_schema() -> Json {
    let (shared, required) = RawHeader::properties();
    let shape = |kind: Kind| {
        let (body, lines) = match kind {
            Kind::Odeus => (
                RawOdeus::properties().0,
                "The scopes, actions and sharing of one workspace on Odeus.",
            ),
            Kind::Trustpager => (
                RawTrustpager::properties(),
                "The tiers, tokens and API keys of one workspace on TrustPager.",
            ),
        };
        let mut all = shared.clone();
        all.extend(body);
        object_schema(&[lines], &all, &required)
    };
    let lines = "What is wanted in one workspace, or a part of it.";
    document("scopeform configuration", by_platform(&[lines], &shared, &required, None, shape))
}
