//! Canonical bytes, digest, plan documents, approval.
