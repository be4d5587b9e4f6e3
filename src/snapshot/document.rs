//! The snapshot file that `scopeform snapshot` writes and `plan --snapshot` reads.
//!
//! | reader \ file | 1 | 2 | 3 and later |
//! | --- | --- | --- | --- |
//! | this version | refused by version: people have no domains there, so all of them would be guests | read | refused by version |
//!
//! A file is read back only if writing what was read gives the same bytes again, so nothing in it is silently ignored. The
//! signature is over these bytes, in a file of its own beside it, where `ssh-keygen -Y verify` takes it.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::pseudonym::Recipe;
use super::{odeus, trustpager};
use crate::model::{WorkspaceId, deceptive};
use crate::platform::Kind;
use crate::seal::Digest;

/// The version of the snapshot file's format.
pub const FORMAT_VERSION: u32 = 2;

/// A snapshot file.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "scopeform snapshot")]
pub struct Document {
    /// The version of the format, as a whole number.
    pub scopeform_snapshot: u32,
    /// The version of the tool that made it.
    pub tool_version: String,
    /// SHA-256 of the canonical JSON (RFC 8785) of `snapshot`, so that a damaged file is noticed without a signature too.
    pub digest: Digest,
    /// What was taken.
    pub snapshot: Taken,
}

/// What was live, when and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Taken {
    /// Which kind of live system.
    pub platform: Kind,
    /// Which tenant.
    pub workspace: WorkspaceId,
    /// Where the live system answers, as the files say it.
    pub endpoint: String,
    /// When reading began (UTC), to the second.
    #[schemars(with = "String")]
    pub taken: Timestamp,
    /// How many requests reading takes.
    pub reads: u32,
    /// How its pseudonyms are made.
    pub pseudonyms: Recipe,
    /// The workspace.
    pub content: Content,
}

/// A workspace of one platform.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Content {
    /// Of Odeus.
    Odeus(odeus::Content),
    /// Of TrustPager.
    Trustpager(trustpager::Content),
}

impl Content {
    const fn kind(&self) -> Kind {
        match self {
            Self::Odeus(_) => Kind::Odeus,
            Self::Trustpager(_) => Kind::Trustpager,
        }
    }
}

/// Why a snapshot file is refused.
#[derive(Debug, Error)]
pub enum SnapshotError {
    /// Not JSON, or cut short.
    #[error("the file is not a whole snapshot: {0}; it is damaged or cut short")]
    NotJson(String),
    /// JSON, but no snapshot.
    #[error("the file is no scopeform snapshot: {0}")]
    NotASnapshot(String),
    /// Of another format version.
    #[error("the file has snapshot format {found}, this version reads format {FORMAT_VERSION}")]
    Version {
        /// The version in the file.
        found: String,
    },
    /// The content does not match its digest.
    #[error("the file was changed after it was written: it does not match its digest")]
    Edited,
    /// It holds something that this tool did not write.
    #[error("the file is not as this tool writes it: something was added, removed or reformatted")]
    NotVerbatim,
}

/// Returns the snapshot file's text and its digest.
#[must_use]
pub fn write(taken: Taken, tool_version: &str) -> (String, Digest) {
    let digest = digest_of(&taken);
    let document = Document {
        scopeform_snapshot: FORMAT_VERSION,
        tool_version: tool_version.to_owned(),
        digest: digest.clone(),
        snapshot: taken,
    };
    (text(&document), digest)
}

/// Reads a snapshot file. Who made it is not looked at here: that is [`super::vouched`]'s question, to be asked first.
///
/// # Errors
/// When the bytes are not exactly what [`write`] gives for what they hold.
pub fn read(bytes: &[u8]) -> Result<(Taken, Digest), SnapshotError> {
    let value: serde_json::Value =
        serde_json::from_slice(bytes).map_err(|e| SnapshotError::NotJson(e.to_string()))?;
    let version = value
        .get("scopeform_snapshot")
        .ok_or_else(|| SnapshotError::NotASnapshot("it has no `scopeform_snapshot`".to_owned()))?;
    if version.as_u64() != Some(u64::from(FORMAT_VERSION)) {
        let found = version.to_string().chars().take(20).collect();
        return Err(SnapshotError::Version { found });
    }
    let document: Document =
        serde_json::from_value(value).map_err(|e| SnapshotError::NotASnapshot(e.to_string()))?;
    if digest_of(&document.snapshot) != document.digest {
        return Err(SnapshotError::Edited);
    }
    if text(&document).as_bytes() != bytes {
        return Err(SnapshotError::NotVerbatim);
    }
    let Document { digest, snapshot: taken, .. } = document;
    if taken.content.kind() != taken.platform {
        let message = format!("it is of {} and holds {}", taken.platform, taken.content.kind());
        return Err(SnapshotError::NotASnapshot(message));
    }
    Ok((taken, digest))
}

fn digest_of(taken: &Taken) -> Digest {
    Digest::of_bytes(&serde_jcs::to_vec(taken).unwrap_or_default())
}

fn text(document: &Document) -> String {
    let mut text = serde_json::to_string_pretty(document).unwrap_or_default();
    text.push('\n');
    // Names of the live system are in it, and people page through files as they do through output.
    deceptive::json(&text).into_owned()
}

/// Returns the JSON Schema of a snapshot file.
#[must_use]
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Document).to_value()
}
