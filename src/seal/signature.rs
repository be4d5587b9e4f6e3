//! SSH signatures as `ssh-keygen -Y sign` makes them, checked without ssh-keygen: which key signed these bytes, in which
//! namespace, and whether an allowed-signers file lists it. Bytes in, verdict out.

use std::collections::BTreeSet;

use jiff::civil::Date;
use ssh_key::{HashAlg, LineEnding, PublicKey, SshSig};
use thiserror::Error;

use super::signers::allows;
use crate::plan::policy::Signer;

/// Why a signature is worth nothing.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SignatureFault {
    /// It is damaged, or no signature.
    #[error("the signature is not in the format of `ssh-keygen -Y sign`")]
    NotASignature,
    /// It was made for something else.
    #[error("the signature is in namespace `{0}`")]
    Namespace(String),
    /// The key did not sign these bytes.
    #[error("the signature is not good")]
    BadSignature,
}

/// The key behind a good signature. Whose key it is, is another question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedBy {
    /// `TYPE BASE64`.
    pub key: String,
    /// `SHA256:...`.
    pub fingerprint: String,
}

/// Why a key that signed well does not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyFault {
    /// It is on no line that was asked.
    Unknown,
    /// Its line does not allow the namespace.
    NotForThis {
        /// Whose key.
        by: String,
    },
    /// Its line does not allow the day.
    NotValid {
        /// Whose key.
        by: String,
        /// `from DATE` or `until DATE`.
        why: String,
    },
}

/// Returns the key that signed these bytes in `namespace`.
///
/// # Errors
/// When it is no signature, one for something else, or not of these bytes.
pub fn signed_by(
    namespace: &str,
    bytes: &[u8],
    signature: &[u8],
) -> Result<SignedBy, SignatureFault> {
    // A signature that went through a tool with other line ends is the same signature.
    let pem = std::str::from_utf8(signature).map_err(|_| SignatureFault::NotASignature)?;
    let pem = pem.replace('\r', "");
    let signature = SshSig::from_pem(&pem).map_err(|_| SignatureFault::NotASignature)?;
    if signature.namespace() != namespace {
        return Err(SignatureFault::Namespace(signature.namespace().chars().take(60).collect()));
    }
    // The outer fields are not signed; one spelling is enough, so that nothing in the file says nothing.
    let canonical = SshSig::new(
        signature.public_key().clone(),
        namespace,
        signature.hash_alg(),
        signature.signature().clone(),
    );
    let canonical = canonical.and_then(|signature| signature.to_pem(LineEnding::LF));
    let same = |other: &str| other.split_whitespace().eq(pem.split_whitespace());
    if !canonical.is_ok_and(|canonical| same(&canonical)) {
        return Err(SignatureFault::NotASignature);
    }
    let key = PublicKey::from(signature.public_key().clone());
    key.verify(namespace, bytes, &signature).map_err(|_| SignatureFault::BadSignature)?;
    let fingerprint = key.fingerprint(HashAlg::Sha256).to_string();
    let key = key.to_openssh().map_err(|_| SignatureFault::NotASignature)?;
    Ok(SignedBy { key: key.trim().to_owned(), fingerprint })
}

/// Returns whose key it is, by those of these lines that list it: one line that allows namespace and day is enough.
///
/// # Errors
/// With why no line is.
pub fn listed<'s>(
    key: &str,
    signers: impl Iterator<Item = &'s Signer>,
    namespace: &str,
    today: Date,
) -> Result<&'s BTreeSet<String>, KeyFault> {
    let mut fault = KeyFault::Unknown;
    for signer in signers.filter(|signer| same_key(&signer.key, key)) {
        let by = || signer.principals.iter().next().cloned().unwrap_or_default();
        fault = if !allows(&signer.namespaces, namespace) {
            KeyFault::NotForThis { by: by() }
        } else if let Some(first) = signer.first_day.filter(|first| *first > today) {
            KeyFault::NotValid { by: by(), why: format!("from {first}") }
        } else if let Some(last) = signer.last_day.filter(|last| *last < today) {
            KeyFault::NotValid { by: by(), why: format!("until {last}") }
        } else {
            return Ok(&signer.principals);
        };
    }
    Err(fault)
}

fn same_key(one: &str, other: &str) -> bool {
    let data = |text: &str| PublicKey::from_openssh(text).map(|key| key.key_data().clone());
    match (data(one), data(other)) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    }
}
