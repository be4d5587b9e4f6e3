//! What the control plane answers when it does not do what was asked: an external message, and an internal cause that
//! goes to the log and nowhere else.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use rusqlite::ErrorCode;

use crate::model::{InvalidName, ScopeSet};
use crate::platform::odeus::machine::Rejected;
use crate::platform::odeus::wire::{Code, Confirm, ErrorAnswer, ErrorDetail, ErrorTag};

/// A refused or failed request.
#[derive(Debug, Clone)]
pub(super) struct ApiError(Box<Refusal>);

#[derive(Debug, Clone)]
struct Refusal {
    code: Code,
    message: String,
    confirmation: Option<Confirm>,
    missing_scopes: ScopeSet,
    retry_after: Option<u64>,
    /// For the log only.
    cause: Option<String>,
}

impl ApiError {
    pub(super) fn new(code: Code, message: impl Into<String>) -> Self {
        Self(Box::new(Refusal {
            code,
            message: message.into(),
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

    /// Returns the code.
    pub(super) fn code(&self) -> Code {
        self.0.code
    }

    /// Returns the body as the protocol says.
    pub(super) fn answer(&self, request_id: &str) -> ErrorAnswer {
        ErrorAnswer {
            tag: ErrorTag::Error,
            error: ErrorDetail {
                kind: self.0.code.kind(),
                code: self.0.code,
                message: self.0.message.clone(),
                request_id: request_id.to_owned(),
                confirmation: self.0.confirmation.clone(),
                missing_scopes: self.0.missing_scopes.clone(),
            },
        }
    }
}

/// Returns the status of a code.
pub(super) fn status(code: Code) -> StatusCode {
    StatusCode::from_u16(code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// Carries the error to the outermost layer, which knows the request id and writes the body.
impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = status(self.0.code).into_response();
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
