//! What the control plane answers when it does not do what was asked: an external message, and an internal cause that
//! goes to the log and nowhere else.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use rusqlite::ErrorCode;

use crate::model::{InvalidName, ScopeSet};
use crate::platform::odeus::machine::Rejected;
use crate::platform::odeus::wire::{Code, Confirm, ErrorAnswer, ErrorDetail, ErrorTag};
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
    Odeus(ErrorAnswer),
    Trustpager(trustpager::ErrorAnswer),
}

/// Why, in the words of the vendor that the reason is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reason {
    Odeus(Code),
    Trustpager(trustpager::Code),
}

#[derive(Debug, Clone)]
struct Refusal {
    reason: Reason,
    message: String,
    confirmation: Option<Confirm>,
    missing_scopes: ScopeSet,
    retry_after: Option<u64>,
    /// For the log only.
    cause: Option<String>,
}

impl ApiError {
    pub(super) fn new(code: Code, message: impl Into<String>) -> Self {
        Self::because(Reason::Odeus(code), message.into())
    }

    /// A refusal that only TrustPager knows.
    pub(super) fn trustpager(code: trustpager::Code, message: impl Into<String>) -> Self {
        Self::because(Reason::Trustpager(code), message.into())
    }

    fn because(reason: Reason, message: String) -> Self {
        Self(Box::new(Refusal {
            reason,
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
            Code::Internal,
            "the control plane failed; its log says why for this request",
        );
        error.0.cause = Some(cause.to_string());
        error
    }

    pub(super) fn not_found(what: &str, name: &str) -> Self {
        Self::new(Code::NotFound, format!("there is no {what} `{name}` here"))
    }

    pub(super) fn confirmation(exactly: Confirm) -> Self {
        let mut error = Self::new(
            Code::ConfirmationRequired,
            "the write must confirm exactly what it does now; nothing was changed",
        );
        error.0.confirmation = Some(exactly);
        error
    }

    pub(super) fn missing(message: String, missing: ScopeSet) -> Self {
        let mut error = Self::new(Code::InsufficientScope, message);
        error.0.missing_scopes = missing;
        error
    }

    pub(super) fn rate_limited(seconds: u64) -> Self {
        let mut error = Self::new(
            Code::RateLimited,
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
        match dialect {
            Dialect::Odeus => {
                let code = match self.0.reason {
                    Reason::Odeus(code) => code,
                    // No Odeus route has such a reason.
                    Reason::Trustpager(_) => Code::Internal,
                };
                let error = ErrorDetail {
                    kind: code.kind(),
                    code,
                    message: self.0.message.clone(),
                    request_id: request_id.to_owned(),
                    confirmation: self.0.confirmation.clone(),
                    missing_scopes: self.0.missing_scopes.clone(),
                };
                (number(code.status()), Told::Odeus(ErrorAnswer { tag: ErrorTag::Error, error }))
            }
            Dialect::Trustpager => {
                let (code, status) = match self.0.reason {
                    Reason::Odeus(code) => translated(code, &self.0.message),
                    Reason::Trustpager(code) => (code, own_status(code)),
                };
                let confirmation = self.0.confirmation.as_ref();
                let error = trustpager::ErrorDetail {
                    code,
                    message: self.0.message.clone(),
                    fix: code.fix().to_owned(),
                    hint: format!("this request is {request_id} in the log"),
                    status,
                    confirmation: confirmation.map(|exactly| trustpager::Confirm {
                        add: exactly.add.clone(),
                        remove: exactly.remove.clone(),
                    }),
                };
                (number(status), Told::Trustpager(trustpager::ErrorAnswer { error }))
            }
        }
    }
}

/// Returns TrustPager's name and status for a shared reason.
fn translated(code: Code, message: &str) -> (trustpager::Code, u16) {
    use trustpager::Code as Own;
    match code.status() {
        // Another tenant's things are as if they were not there (facts.md 3.3).
        403 if code == Code::OtherWorkspace => (Own::NotFound, 404),
        400 if code == Code::InvalidJson => (Own::InvalidBody, 400),
        // serde's own words; there is no other way to tell.
        422 if message.contains("missing field") => (Own::MissingFields, 400),
        400 | 422 => (Own::ValidationError, 400),
        401 => (Own::Unauthorized, 401),
        403 => (Own::InsufficientScope, 403),
        404 => (Own::NotFound, 404),
        405 => (Own::MethodNotAllowed, 405),
        409 => (Own::Conflict, 409),
        412 => (Own::PreconditionFailed, 412),
        413 => (Own::InvalidBody, 413),
        428 => (Own::PreconditionRequired, 428),
        429 => (Own::RateLimited, 429),
        status @ (503 | 507) => (Own::Unavailable, status),
        _ => (Own::InternalError, 500),
    }
}

/// Returns the status of a reason that only TrustPager has.
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
        let (code, message) = match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => {
                (Code::StorageFull, "the disk is full; nothing was changed, free some space")
            }
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                (Code::Busy, "another process holds the database; nothing was changed, try again")
            }
            Some(
                ErrorCode::SystemIoFailure
                | ErrorCode::ReadOnly
                | ErrorCode::CannotOpen
                | ErrorCode::PermissionDenied
                | ErrorCode::DatabaseCorrupt
                | ErrorCode::NotADatabase,
            ) => (Code::StorageFailed, "the database could not be used; nothing was changed"),
            _ => return Self::internal(error),
        };
        let mut answer = Self::new(code, message);
        answer.0.cause = Some(error.to_string());
        if code == Code::Busy {
            answer.0.retry_after = Some(1);
        }
        answer
    }
}

/// A name in a path that no thing can have names no thing.
impl From<InvalidName> for ApiError {
    fn from(error: InvalidName) -> Self {
        Self::new(Code::NotFound, error.to_string())
    }
}

/// Every rejection but a missing acceptance, which asks for a confirmation instead.
impl From<Rejected> for ApiError {
    fn from(rejected: Rejected) -> Self {
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
                return Self::confirmation(Confirm {
                    accept_missing: missing.clone(),
                    ..Confirm::default()
                });
            }
        };
        Self::new(code, rejected.to_string())
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
