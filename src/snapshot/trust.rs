//! Whether a snapshot was made by somebody who may make one: its signature, and an allowed-signers file.

use std::collections::BTreeSet;

use jiff::civil::Date;
use thiserror::Error;

use crate::plan::policy::Signer;
use crate::seal::signature::{KeyFault, SignatureFault, listed, signed_by};

/// The namespace of signatures under snapshots. Another than that of approvals, so that the key of a machine that takes
/// snapshots need not be one that approves plans.
pub const NAMESPACE: &str = "scopeform-snapshot";

/// Why nobody vouches for a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Distrust {
    /// The signature file is damaged.
    #[error("its signature is not in the format of `ssh-keygen -Y sign`")]
    NotASignature,
    /// The signature was made for something else.
    #[error("its signature is in namespace `{0}`, not in `{NAMESPACE}`")]
    Namespace(String),
    /// The key did not sign these bytes.
    #[error(
        "its signature is not good: the file was changed or cut short after it was signed, or another key signed it"
    )]
    BadSignature,
    /// Nobody's key.
    #[error("key {key}, which signed it, is not in `{file}`")]
    UnknownKey {
        /// Its fingerprint.
        key: String,
        /// The allowed-signers file.
        file: String,
    },
    /// The key may not sign snapshots.
    #[error("key {key} of `{by}` may not sign in namespace `{NAMESPACE}`")]
    NotForThis {
        /// Whose key.
        by: String,
        /// Its fingerprint.
        key: String,
    },
    /// The key is not valid today.
    #[error("key {key} of `{by}` is not valid today ({why})")]
    KeyNotValid {
        /// Whose key.
        by: String,
        /// Its fingerprint.
        key: String,
        /// `from DATE` or `until DATE`.
        why: String,
    },
}

/// Returns who signed these bytes as a snapshot: the principals of the line of `signers` that lists the key.
///
/// `file` is what messages call the allowed-signers file.
///
/// # Errors
/// When the signature is not good, or its key may not vouch for snapshots today.
pub fn vouched(
    bytes: &[u8],
    signature: &[u8],
    signers: &[Signer],
    file: &str,
    today: Date,
) -> Result<BTreeSet<String>, Distrust> {
    let signed = signed_by(NAMESPACE, bytes, signature).map_err(|fault| match fault {
        SignatureFault::NotASignature => Distrust::NotASignature,
        SignatureFault::Namespace(other) => Distrust::Namespace(other),
        SignatureFault::BadSignature => Distrust::BadSignature,
    })?;
    let key = signed.fingerprint;
    listed(&signed.key, signers.iter(), NAMESPACE, today).cloned().map_err(|fault| match fault {
        KeyFault::Unknown => Distrust::UnknownKey { key, file: file.to_owned() },
        KeyFault::NotForThis { by } => Distrust::NotForThis { by, key },
        KeyFault::NotValid { by, why } => Distrust::KeyNotValid { by, key, why },
    })
}
