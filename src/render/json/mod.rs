//! Documents for machines. Each version is a module with structs of its own: the core can move, a document cannot.
//!
//! A reader ignores fields it does not know while the major version is the one it knows, and refuses another major.

mod build;
mod v1;

use std::fmt;

use serde_json::Value;

use super::neutral;
use crate::plan::Plan;

/// The version of the plan document that is written.
pub const FORMAT_VERSION: &str = "1.0";

/// Writes `plan` as an indented JSON document that ends with a line break.
///
/// # Errors
/// Only when `out` fails.
pub fn plan(out: &mut dyn fmt::Write, plan: &Plan, digest: &str) -> fmt::Result {
    document(out, &build::plan(plan, digest))
}

/// Returns the JSON Schema (2020-12) of the plan document.
#[must_use]
pub fn plan_schema() -> Value {
    let mut schema = schemars::schema_for!(v1::Plan);
    schema.insert("title".to_owned(), Value::from("scopeform plan"));
    schema.to_value()
}

/// Writes any document in the form that all of them share.
pub(super) fn document<T: serde::Serialize>(out: &mut dyn fmt::Write, value: &T) -> fmt::Result {
    let text = serde_json::to_string_pretty(value).map_err(|_| fmt::Error)?;
    out.write_str(&neutral::json(&text))?;
    out.write_char('\n')
}
