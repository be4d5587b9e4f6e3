//! The published description of the control plane is the one the code gives.

#![expect(clippy::disallowed_methods, reason = "the test reads and writes the published file")]

use std::path::Path;

fn documents() -> [(&'static str, serde_json::Value, usize); 2] {
    [
        ("schemas/control-plane.openapi.json", scopeform::server::openapi_document(), 20),
        ("schemas/trustpager.openapi.json", scopeform::server::trustpager_openapi_document(), 26),
    ]
}

#[test]
fn the_published_documents_are_fresh() {
    for (file, document, _) in documents() {
        is_fresh(file, &document);
    }
}

fn is_fresh(file: &str, document: &serde_json::Value) {
    let text = format!("{}\n", serde_json::to_string_pretty(document).unwrap());
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &text).unwrap();
    }
    let published = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(published == text, "{file} is stale; run the tests with UPDATE=1");
}

#[test]
fn every_reference_leads_somewhere() {
    fn walk(value: &serde_json::Value, found: &mut Vec<String>) {
        match value {
            serde_json::Value::Object(fields) => {
                for (key, field) in fields {
                    match field.as_str() {
                        Some(target) if key == "$ref" => found.push(target.to_owned()),
                        _ => walk(field, found),
                    }
                }
            }
            serde_json::Value::Array(items) => items.iter().for_each(|item| walk(item, found)),
            _ => {}
        }
    }
    for (file, document, _) in documents() {
        let mut references = Vec::new();
        walk(&document, &mut references);
        assert!(references.len() > 50, "{file}: {}", references.len());
        for reference in references {
            let pointer = reference.strip_prefix('#').unwrap();
            assert!(document.pointer(pointer).is_some(), "{file}: {reference}");
        }
    }
}

#[test]
fn operations_have_names_of_their_own() {
    for (file, document, routes) in documents() {
        let mut ids = Vec::new();
        for item in document["paths"].as_object().unwrap().values() {
            for operation in item.as_object().unwrap().values() {
                ids.push(operation["operationId"].as_str().unwrap().to_owned());
                assert!(operation["responses"].get("401").is_some());
            }
        }
        let count = ids.len();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), count, "{file}");
        assert_eq!(count, routes, "{file}");
    }
}
