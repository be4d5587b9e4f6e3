//! The plan file that `plan --out` writes and `apply FILE` reads.
//!
//! | reader \ file | 1 | 2 and later |
//! | --- | --- | --- |
//! | this version | read | refused by version |
//!
//! A file is read back only if writing what was read gives the same bytes again. So an edited value, an added key, a cut
//! and a changed byte are all refused, and nothing in a file is silently ignored.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{Digest, SealedPlan};
use crate::model::{Address, deceptive};
use crate::plan::order::in_turn;
use crate::plan::shown::misshown;
use crate::plan::{Bound, Observed, Plan, PlannedOperation};

/// The version of the plan file's format.
pub const FORMAT_VERSION: u32 = 1;

/// A plan file.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "scopeform plan file")]
pub struct Document {
    /// The version of the format, as a whole number.
    pub scopeform_plan: u32,
    /// The version of the tool that made it.
    pub tool_version: String,
    /// SHA-256 of the canonical JSON (RFC 8785) of `bound`: what an approval is given to.
    pub digest: Digest,
    /// SHA-256 of the canonical JSON of `observed`, so that a damaged file is noticed as a whole.
    pub observed_digest: Digest,
    /// The decisions.
    pub bound: Bound,
    /// What was true when the plan was made.
    pub observed: Observed,
}

/// Why a plan file is refused.
#[derive(Debug, Error)]
pub enum DocumentError {
    /// Not JSON, or cut short.
    #[error("the file is not a whole plan file: {0}; it is damaged or cut short")]
    NotJson(String),
    /// JSON, but not a plan.
    #[error("the file is no scopeform plan: {0}")]
    NotAPlan(String),
    /// Of another format version.
    #[error("the file has plan format {found}, this version reads format {FORMAT_VERSION}")]
    Version {
        /// The version in the file.
        found: String,
    },
    /// The content does not match its digest.
    #[error("the file was changed after it was written: its {part} does not match the digest")]
    Edited {
        /// Which part.
        part: &'static str,
    },
    /// An operation is filed under something else than what it writes to, apart from the others of its unit, or out of its turn.
    #[error(
        "the file was not made by this tool: its operation `{0}` stands where it does not belong"
    )]
    Misfiled(String),
    /// What it shows of a unit before and after is not what its operations do to it.
    #[error(
        "the file was not made by this tool: what it shows of `{0}` is not what its operations do"
    )]
    Misshown(Address),
    /// It holds something that this tool did not write.
    #[error("the file is not as this tool writes it: something was added, removed or reformatted")]
    NotVerbatim,
}

/// Returns the plan file's text.
#[must_use]
pub fn write(sealed: &SealedPlan, tool_version: &str) -> String {
    let plan = sealed.plan().clone();
    let document = Document {
        scopeform_plan: FORMAT_VERSION,
        tool_version: tool_version.to_owned(),
        digest: sealed.digest().clone(),
        observed_digest: observed_digest(&plan.observed),
        bound: plan.bound,
        observed: plan.observed,
    };
    text(&document)
}

/// Reads a plan file.
///
/// # Errors
/// When the bytes are not exactly what [`write`] gives for the plan they hold.
pub fn read(bytes: &[u8]) -> Result<SealedPlan, DocumentError> {
    let value: serde_json::Value =
        serde_json::from_slice(bytes).map_err(|e| DocumentError::NotJson(e.to_string()))?;
    let version = value.get("scopeform_plan");
    let version =
        version.ok_or_else(|| DocumentError::NotAPlan("it has no `scopeform_plan`".to_owned()))?;
    if version.as_u64() != Some(u64::from(FORMAT_VERSION)) {
        return Err(DocumentError::Version {
            found: version.to_string().chars().take(20).collect(),
        });
    }
    let document: Document =
        serde_json::from_value(value).map_err(|e| DocumentError::NotAPlan(e.to_string()))?;
    let written = text(&document);
    let (digest, observed) = (document.digest, document.observed_digest);
    let plan = Plan { bound: document.bound, observed: document.observed };
    if observed_digest(&plan.observed) != observed {
        return Err(DocumentError::Edited { part: "observed part" });
    }
    let sealed = SealedPlan::seal(plan);
    if *sealed.digest() != digest {
        return Err(DocumentError::Edited { part: "bound part" });
    }
    if written.as_bytes() != bytes {
        return Err(DocumentError::NotVerbatim);
    }
    if let Some(planned) = misfiled(&sealed.plan().bound) {
        return Err(DocumentError::Misfiled(planned.operation.to_string()));
    }
    // An approval is for the other half; who reads both sides must not be shown less than is done.
    if let Some(unit) = misshown(sealed.plan()) {
        return Err(DocumentError::Misshown(unit.clone()));
    }
    Ok(sealed)
}

/// Returns an operation whose unit or address is not its own, that is apart from the others of its unit, or that is not
/// carried out in its turn: what people read, and in which order things are written, goes by them.
fn misfiled(bound: &Bound) -> Option<&PlannedOperation> {
    let mut over: BTreeSet<&Address> = BTreeSet::new();
    let mut unit: Option<&Address> = None;
    let total = bound.operations.len();
    let found = bound.operations.iter().enumerate().find(|(index, planned)| {
        let operation = &planned.operation;
        let own = planned.unit == operation.unit() && planned.address == operation.address();
        let begins = unit != Some(&planned.unit);
        unit = Some(&planned.unit);
        let apart = begins && !over.insert(&planned.unit);
        !own || operation.platform() != bound.platform || apart || !in_turn(planned, *index, total)
    });
    found.map(|(_, planned)| planned)
}

fn observed_digest(observed: &Observed) -> Digest {
    Digest::of_bytes(&serde_jcs::to_vec(observed).unwrap_or_default())
}

fn text(document: &Document) -> String {
    let mut text = serde_json::to_string_pretty(document).unwrap_or_default();
    text.push('\n');
    // Names of the live system are in it, and people page through files as they do through output.
    deceptive::json(&text).into_owned()
}

/// Returns the JSON Schema of a plan file.
#[must_use]
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Document).to_value()
}
