//! The JSON Schemas under `schemas/` are what the program generates. `UPDATE=1` writes them.

use std::path::Path;

use serde_json::Value;

/// Generates one schema.
type Generator = fn() -> Value;

/// The schema files and what generates each.
const SCHEMAS: &[(&str, Generator)] = &[
    ("scopeform.schema.json", scopeform::config::config_schema),
    ("world.schema.json", scopeform::config::world::world_schema),
    ("catalog.schema.json", scopeform::config::catalog::catalog_schema),
    ("diagnostics.schema.json", scopeform::render::diagnostic::document_schema),
    ("snapshot.schema.json", scopeform::snapshot::schema),
    ("plan-file.schema.json", scopeform::seal::document::schema),
    ("report.schema.json", scopeform::render::report::schema),
    ("apply-stream.schema.json", scopeform::render::stream::schema),
    ("trustpager-status.schema.json", scopeform::render::status::trustpager::schema),
    ("journal.schema.json", scopeform::apply::journal::schema),
    ("run.schema.json", scopeform::render::history::schema),
    ("runs.schema.json", scopeform::render::history::list_schema),
    ("undo.schema.json", scopeform::render::undo::schema),
];

/// What is published beside the schemas: the description of the control plane.
const DESCRIPTION: (&str, Generator) =
    ("control-plane.openapi.json", scopeform::server::openapi_document);

#[test]
#[expect(clippy::disallowed_methods, reason = "tests read and write files")]
fn schemas_are_fresh() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas");
    let update = std::env::var_os("UPDATE").is_some();
    for (name, generate) in SCHEMAS.iter().chain([&DESCRIPTION]) {
        let path = folder.join(name);
        let fresh = serde_json::to_string_pretty(&generate()).unwrap() + "\n";
        if update {
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(&path, &fresh).unwrap();
        }
        let stored = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(stored == fresh, "schemas/{name} is stale; run with UPDATE=1");
    }
}

#[test]
fn every_schema_is_a_schema() {
    for (name, generate) in SCHEMAS {
        let schema = generate();
        assert!(jsonschema::meta::is_valid(&schema), "{name}");
        assert!(schema["title"].as_str().is_some_and(|title| title.starts_with("scopeform")));
    }
}
