//! What the control plane answers when it does not do what was asked: an external message, and an internal cause that
//! goes to the log and nowhere else.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use rusqlite::ErrorCode;

use crate::model::{InvalidName, ScopeDelta, ScopeSet};
use crate::platform::odeus::wire as odeus;
use crate::platform::trustpager::wire as trustpager;

/// A refused or failed request.
#[derive(Debug, Clone)]
pub(super) struct ApiError(Box<Refusal>);

/// Whose words a refusal is told in. The reasons are shared; every vendor has names, statuses and a shape of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    Odeus,
    Trustpager,
}

impl Dialect {
    /// Returns the dialect of a path.
    pub(super) fn of(path: &str) -> Self {
        if path.starts_with("/trustpager/") { Self::Trustpager } else { Self::Odeus }
    }
}

/// What a refusal's body is in one of the dialects.
#[derive(Debug, Clone, serde::Serialize)]
#[serde(untagged)]
pub(super) enum Told {
    Odeus(odeus::ErrorAnswer),
    Trustpager(trustpager::ErrorAnswer),
}

/// Why, where it is the same on every platform. Each has its own name for it, and sometimes a status of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    /// The body is not JSON.
    InvalidJson,
    /// The body is JSON but not a request of this route, or the query is none of it.
    InvalidRequest,
    /// The body is too large.
    BodyTooLarge,
    /// The `cursor` is none of ours.
    InvalidCursor,
    /// The `limit` is no number, zero or too large.
    InvalidLimit,
    /// Calls from browsers are refused.
    BrowserOrigin,
    /// The token may only read.
    ReadOnlyToken,
    /// The token belongs to another workspace.
    OtherWorkspace,
    /// No such route, workspace or thing.
    NotFound,
    /// The path exists, the method does not.
    MethodNotAllowed,
    /// The write does something else than was confirmed.
    ConfirmationRequired,
    /// The resource has moved since it was read.
    PreconditionFailed,
    /// The write has no `If-Match`.
    PreconditionRequired,
    /// Too many requests.
    RateLimited,
    /// A bug, or a database that cannot be read.
    Internal,
    /// The database could not be written: nothing was changed.
    StorageFailed,
    /// Another process holds the database: nothing was changed.
    Busy,
    /// The disk is full: nothing was changed.
    StorageFull,
}

/// A reason that all platforms share, or one that only one of them knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Why {
    Shared(Reason),
    Odeus(odeus::Code),
    Trustpager(trustpager::Code),
}

#[derive(Debug, Clone)]
struct Refusal {
    why: Why,
    message: String,
    /// What the write would have to confirm: what it does to scopes, and missing scopes that it newly accepts.
    confirmation: Option<(ScopeDelta, ScopeSet)>,
    missing_scopes: ScopeSet,
    retry_after: Option<u64>,
    /// For the log only.
    cause: Option<String>,
}

impl ApiError {
    /// A refusal for a reason that every platform knows.
    pub(super) fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self::because(Why::Shared(reason), message.into())
    }

    /// A refusal that only Odeus knows.
    pub(super) fn odeus(code: odeus::Code, message: impl Into<String>) -> Self {
        Self::because(Why::Odeus(code), message.into())
    }

    /// A refusal that only TrustPager knows.
    pub(super) fn trustpager(code: trustpager::Code, message: impl Into<String>) -> Self {
        Self::because(Why::Trustpager(code), message.into())
    }

    fn because(why: Why, message: String) -> Self {
        Self(Box::new(Refusal {
            why,
            message,
            confirmation: None,
            missing_scopes: ScopeSet::new(),
            retry_after: None,
            cause: None,
        }))
    }

    /// A bug, or something in the database that cannot be read. The caller learns no more than that.
    pub(super) fn internal(cause: impl std::fmt::Display) -> Self {
        let mut error = Self::new(
            Reason::Internal,
            "the control plane failed; its log says why for this request",
        );
        error.0.cause = Some(cause.to_string());
        error
    }

    pub(super) fn not_found(what: &str, name: &str) -> Self {
        Self::new(Reason::NotFound, format!("there is no {what} `{name}` here"))
    }

    /// The write must confirm exactly this: what it does to scopes, and which missing ones it newly accepts.
    pub(super) fn confirmation(scopes: ScopeDelta, accepts: ScopeSet) -> Self {
        let mut error = Self::new(
            Reason::ConfirmationRequired,
            "the write must confirm exactly what it does now; nothing was changed",
        );
        error.0.confirmation = Some((scopes, accepts));
        error
    }

    /// An action of Odeus lacks scopes.
    pub(super) fn missing(message: String, missing: ScopeSet) -> Self {
        let mut error = Self::odeus(odeus::Code::InsufficientScope, message);
        error.0.missing_scopes = missing;
        error
    }

    pub(super) fn rate_limited(seconds: u64) -> Self {
        let mut error = Self::new(
            Reason::RateLimited,
            format!("too many requests; try again in {seconds} seconds"),
        );
        error.0.retry_after = Some(seconds);
        error
    }

    /// Returns the cause that belongs in the log.
    pub(super) fn cause(&self) -> Option<&str> {
        self.0.cause.as_deref()
    }

    /// Returns how many seconds to wait before trying again.
    pub(super) fn retry_after(&self) -> Option<u64> {
        self.0.retry_after
    }

    /// Returns the message for people.
    pub(super) fn message(&self) -> &str {
        &self.0.message
    }

    /// Returns status and body in a dialect.
    pub(super) fn told(&self, dialect: Dialect, request_id: &str) -> (StatusCode, Told) {
        let number =
            |status| StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let Refusal { why, message, confirmation, missing_scopes, retry_after: _, cause: _ } =
            &*self.0;
        match dialect {
            Dialect::Odeus => {
                let code = match *why {
                    Why::Shared(reason) => odeus_code(reason),
                    Why::Odeus(code) => code,
                    // No Odeus route has such a reason.
                    Why::Trustpager(_) => odeus::Code::Internal,
                };
                let exactly = confirmation.as_ref();
                let error = odeus::ErrorDetail {
                    kind: code.kind(),
                    code,
                    message: message.clone(),
                    request_id: request_id.to_owned(),
                    confirmation: exactly
                        .map(|(scopes, accepts)| odeus::Confirm::of(scopes, accepts)),
                    missing_scopes: missing_scopes.clone(),
                };
                let answer = odeus::ErrorAnswer { tag: odeus::ErrorTag::Error, error };
                (number(code.status()), Told::Odeus(answer))
            }
            Dialect::Trustpager => {
                let (code, status) = match *why {
                    Why::Shared(reason) => trustpager_code(reason, message),
                    // No TrustPager route has such a reason.
                    Why::Odeus(_) => (trustpager::Code::InternalError, 500),
                    Why::Trustpager(code) => (code, own_status(code)),
                };
                let exactly = confirmation.as_ref();
                let error = trustpager::ErrorDetail {
                    code,
                    message: message.clone(),
                    fix: code.fix().to_owned(),
                    hint: format!("this request is {request_id} in the log"),
                    status,
                    confirmation: exactly.map(|(scopes, _)| trustpager::Confirm::of(scopes)),
                };
                (number(status), Told::Trustpager(trustpager::ErrorAnswer { error }))
            }
        }
    }
}

/// Returns Odeus' name for a shared reason; the status goes with the name.
const fn odeus_code(reason: Reason) -> odeus::Code {
    use odeus::Code as Own;
    match reason {
        Reason::InvalidJson => Own::InvalidJson,
        Reason::InvalidRequest => Own::InvalidRequest,
        Reason::BodyTooLarge => Own::BodyTooLarge,
        Reason::InvalidCursor => Own::InvalidCursor,
        Reason::InvalidLimit => Own::InvalidLimit,
        Reason::BrowserOrigin => Own::BrowserOrigin,
        Reason::ReadOnlyToken => Own::ReadOnlyToken,
        Reason::OtherWorkspace => Own::OtherWorkspace,
        Reason::NotFound => Own::NotFound,
        Reason::MethodNotAllowed => Own::MethodNotAllowed,
        Reason::ConfirmationRequired => Own::ConfirmationRequired,
        Reason::PreconditionFailed => Own::PreconditionFailed,
        Reason::PreconditionRequired => Own::PreconditionRequired,
        Reason::RateLimited => Own::RateLimited,
        Reason::Internal => Own::Internal,
        Reason::StorageFailed => Own::StorageFailed,
        Reason::Busy => Own::Busy,
        Reason::StorageFull => Own::StorageFull,
    }
}

/// Returns TrustPager's name and status for a shared reason.
fn trustpager_code(reason: Reason, message: &str) -> (trustpager::Code, u16) {
    use trustpager::Code as Own;
    let code = match reason {
        // Another tenant's things are as if they were not there (facts.md 3.3).
        Reason::OtherWorkspace | Reason::NotFound => Own::NotFound,
        Reason::InvalidJson => Own::InvalidBody,
        Reason::BodyTooLarge => return (Own::InvalidBody, 413),
        // serde's own words; there is no other way to tell.
        Reason::InvalidRequest if message.contains("missing field") => Own::MissingFields,
        Reason::InvalidRequest | Reason::InvalidCursor | Reason::InvalidLimit => {
            Own::ValidationError
        }
        Reason::BrowserOrigin | Reason::ReadOnlyToken => Own::InsufficientScope,
        Reason::MethodNotAllowed => Own::MethodNotAllowed,
        Reason::ConfirmationRequired => Own::Conflict,
        Reason::PreconditionFailed => Own::PreconditionFailed,
        Reason::PreconditionRequired => Own::PreconditionRequired,
        Reason::RateLimited => Own::RateLimited,
        Reason::Internal | Reason::StorageFailed => Own::InternalError,
        Reason::Busy => Own::Unavailable,
        Reason::StorageFull => return (Own::Unavailable, 507),
    };
    (code, own_status(code))
}

/// Returns the status that usually goes with one of TrustPager's names.
const fn own_status(code: trustpager::Code) -> u16 {
    use trustpager::Code as Own;
    match code {
        Own::InvalidBody | Own::MissingFields | Own::ValidationError => 400,
        Own::Unauthorized => 401,
        Own::InsufficientScope => 403,
        Own::NotFound => 404,
        Own::MethodNotAllowed => 405,
        Own::Conflict => 409,
        Own::PreconditionFailed => 412,
        Own::PreconditionRequired => 428,
        Own::RateLimited => 429,
        Own::InternalError => 500,
        Own::Unavailable => 503,
    }
}

/// Carries the error to the outermost layer, which knows the request id and writes the body.
impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        // The number is only for the layers in between.
        let (status, _) = self.told(Dialect::Odeus, "");
        let mut response = status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<rusqlite::Error> for ApiError {
    fn from(error: rusqlite::Error) -> Self {
        let (reason, message) = match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => {
                (Reason::StorageFull, "the disk is full; nothing was changed, free some space")
            }
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                (Reason::Busy, "another process holds the database; nothing was changed, try again")
            }
            Some(
                ErrorCode::SystemIoFailure
                | ErrorCode::ReadOnly
                | ErrorCode::CannotOpen
                | ErrorCode::PermissionDenied
                | ErrorCode::DatabaseCorrupt
                | ErrorCode::NotADatabase,
            ) => (Reason::StorageFailed, "the database could not be used; nothing was changed"),
            _ => return Self::internal(error),
        };
        let mut answer = Self::new(reason, message);
        answer.0.cause = Some(error.to_string());
        if reason == Reason::Busy {
            answer.0.retry_after = Some(1);
        }
        answer
    }
}

/// A name in a path that no thing can have names no thing.
impl From<InvalidName> for ApiError {
    fn from(error: InvalidName) -> Self {
        Self::new(Reason::NotFound, error.to_string())
    }
}

/// Every rejection but a missing acceptance, which asks for a confirmation instead.
impl From<crate::platform::odeus::machine::Rejected> for ApiError {
    fn from(rejected: crate::platform::odeus::machine::Rejected) -> Self {
        use crate::platform::odeus::machine::Rejected;
        use odeus::Code;
        let code = match &rejected {
            Rejected::UnknownAction { .. } => Code::UnknownAction,
            Rejected::NativeAction(_) => Code::NativeAction,
            Rejected::NoManagedClient(_) => Code::NoManagedClient,
            Rejected::ScopesNotManaged => Code::ScopesNotManaged,
            Rejected::NotOauth => Code::NotOauth,
            Rejected::NotFixed => Code::NotFixed,
            Rejected::EmptyList => Code::EmptyList,
            Rejected::Placeholder(_) => Code::UnresolvedPlaceholder,
            Rejected::CannotAccept { .. } => Code::CannotAccept,
            Rejected::NotPending(_) => Code::NotPending,
            Rejected::MissingNotAccepted { missing, .. } => {
                return Self::confirmation(ScopeDelta::default(), missing.clone());
            }
        };
        Self::odeus(code, rejected.to_string())
    }
}

/// What TrustPager's machine refuses.
impl From<crate::platform::trustpager::machine::Rejected> for ApiError {
    fn from(rejected: crate::platform::trustpager::machine::Rejected) -> Self {
        use crate::platform::trustpager::machine::Rejected;
        let code = match &rejected {
            Rejected::UnknownResource(_)
            | Rejected::NotOnLadder { .. }
            | Rejected::UnknownVerb { .. }
            | Rejected::NotThisClient => trustpager::Code::ValidationError,
            Rejected::NoSuchToken(_) => trustpager::Code::NotFound,
        };
        Self::trustpager(code, rejected.to_string())
    }
}
