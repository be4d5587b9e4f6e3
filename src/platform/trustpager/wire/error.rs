//! What the TrustPager control plane says when it refuses. Source: facts.md 3.3.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Confirm;

/// The body of every answer that is not a success.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ErrorAnswer {
    /// What is the matter.
    pub error: ErrorDetail,
}

/// What is the matter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ErrorDetail {
    /// Stable name of the reason.
    pub code: Code,
    /// For people.
    pub message: String,
    /// What to do.
    pub fix: String,
    /// What names the request in the control plane's log.
    pub hint: String,
    /// The HTTP status.
    pub status: u16,
    /// With 409 for a write that was not confirmed: exactly what it would have to confirm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmation: Option<Confirm>,
}

/// Why a request was refused. The last four are not the vendor's: its admin portal has no public protocol.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Code {
    /// The body is not JSON, or too large.
    InvalidBody,
    /// The body lacks a field.
    MissingFields,
    /// The request is not one that can be carried out.
    ValidationError,
    /// No token, or one that nobody knows, that has ended or was revoked.
    Unauthorized,
    /// The token may not do this.
    InsufficientScope,
    /// There is no such thing, or it is another tenant's.
    NotFound,
    /// Not now: it exists already, is settled already, or was not confirmed.
    Conflict,
    /// Too many requests.
    RateLimited,
    /// The control plane failed.
    InternalError,
    /// The path exists, the method does not.
    MethodNotAllowed,
    /// The resource has moved since it was read.
    PreconditionFailed,
    /// The write has no `If-Match`.
    PreconditionRequired,
    /// The control plane cannot store anything now; nothing was changed.
    Unavailable,
}

impl Code {
    /// Returns what the caller can do about it.
    #[must_use]
    pub const fn fix(self) -> &'static str {
        match self {
            Self::InvalidBody => "send a JSON object of at most 1 MiB",
            Self::MissingFields => "add the field that the message names",
            Self::ValidationError => "change the request as the message says",
            Self::Unauthorized => {
                "send a token or key that is in force: `Authorization: Bearer TOKEN`"
            }
            Self::InsufficientScope => {
                "ask an admin for a wider tier or role, or call with another token"
            }
            Self::NotFound => "check the path; a token only sees its own workspace",
            Self::Conflict => "read what is there now and decide again",
            Self::RateLimited => "wait as long as `Retry-After` says",
            Self::InternalError => "try again; if it stays, look into the log of the control plane",
            Self::MethodNotAllowed => "use a method that the path knows",
            Self::PreconditionFailed => "read the resource again and decide on what it is now",
            Self::PreconditionRequired => {
                "send the ETag that the write was decided on: `If-Match: ETAG`"
            }
            Self::Unavailable => "free space or wait, then try again",
        }
    }
}
