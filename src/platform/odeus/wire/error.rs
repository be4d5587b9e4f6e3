//! What the control plane says when it refuses: one shape, one list of codes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Confirm;
use crate::model::ScopeSet;

/// The body of every answer that is not a success.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ErrorAnswer {
    /// Always `error`.
    #[serde(rename = "type")]
    pub tag: ErrorTag,
    /// What is the matter.
    pub error: ErrorDetail,
}

/// The word that marks an error body.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErrorTag {
    /// The only word.
    #[default]
    Error,
}

/// What is the matter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ErrorDetail {
    /// The vendor's grouping.
    #[serde(rename = "type")]
    pub kind: ErrorKind,
    /// Stable name of the reason.
    pub code: Code,
    /// For people.
    pub message: String,
    /// Names the request in the control plane's log.
    pub request_id: String,
    /// With `confirmation_required`: exactly what the write would have to confirm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmation: Option<Confirm>,
    /// With `insufficient_scope`: exactly the scopes that are missing.
    #[serde(default, skip_serializing_if = "ScopeSet::is_empty")]
    pub missing_scopes: ScopeSet,
}

/// The vendor's grouping of errors (facts.md 1.12).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// The request is wrong, or wrong now.
    InvalidRequestError,
    /// Nobody knows the token.
    AuthenticationError,
    /// The token may not do this.
    PermissionError,
    /// There is no such thing.
    NotFoundError,
    /// Too many requests.
    RateLimitError,
    /// The control plane failed.
    ApiError,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $status:literal,)*) => {
        /// Why a request was refused.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum Code {
            $($(#[$doc])* $name,)*
        }

        impl Code {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// Returns the HTTP status that goes with the code.
            #[must_use]
            pub const fn status(self) -> u16 {
                match self {
                    $(Self::$name => $status,)*
                }
            }
        }
    };
}

codes! {
    /// The body is not JSON.
    InvalidJson = 400,
    /// The `cursor` is none of ours.
    InvalidCursor = 400,
    /// The `limit` is no number, zero or too large.
    InvalidLimit = 400,
    /// No token, or one that nobody knows.
    Unauthenticated = 401,
    /// The token has ended.
    TokenExpired = 401,
    /// Calls from browsers are refused.
    BrowserOrigin = 403,
    /// Only workspace admins may do this.
    AdminRequired = 403,
    /// The token may only read.
    ReadOnlyToken = 403,
    /// The token belongs to another workspace.
    OtherWorkspace = 403,
    /// The route needs the token of a user.
    UserTokenRequired = 403,
    /// The route needs the vendor's token.
    VendorTokenRequired = 403,
    /// The integration or the action is not shared with the user.
    NotShared = 403,
    /// A required scope is neither requested nor accepted as missing, or not granted.
    InsufficientScope = 403,
    /// No such route, workspace or thing.
    NotFound = 404,
    /// The path exists, the method does not.
    MethodNotAllowed = 405,
    /// The user has no connection.
    NotConnected = 409,
    /// The connection was made with another OAuth client.
    ReconnectRequired = 409,
    /// The integration has no OAuth client.
    NotConfigured = 409,
    /// The write does something else than was confirmed.
    ConfirmationRequired = 409,
    /// The resource has moved since it was read.
    PreconditionFailed = 412,
    /// The body is too large.
    BodyTooLarge = 413,
    /// The body is JSON but not a request of this route.
    InvalidRequest = 422,
    /// The integration has no such action.
    UnknownAction = 422,
    /// Native actions have no switch.
    NativeAction = 422,
    /// The vendor's client cannot be used here.
    NoManagedClient = 422,
    /// Scopes cannot be managed for this integration yet.
    ScopesNotManaged = 422,
    /// The integration does not use OAuth.
    NotOauth = 422,
    /// The client is not in fixed mode.
    NotFixed = 422,
    /// A list of fixed scopes must name at least one.
    EmptyList = 422,
    /// A scope still holds a placeholder.
    UnresolvedPlaceholder = 422,
    /// A scope is accepted as missing that cannot be missing.
    CannotAccept = 422,
    /// A scope is confirmed that is not pending.
    NotPending = 422,
    /// A share list names somebody who is not in the workspace.
    UnknownPrincipal = 422,
    /// The last admin cannot be removed.
    LastAdmin = 422,
    /// A secret is empty or has no label.
    InvalidSecret = 422,
    /// The published integration contradicts itself.
    InvalidCatalog = 422,
    /// The write has no `If-Match`.
    PreconditionRequired = 428,
    /// Too many requests.
    RateLimited = 429,
    /// A bug, or a database that cannot be read.
    Internal = 500,
    /// The database could not be written: nothing was changed.
    StorageFailed = 500,
    /// Another process holds the database: nothing was changed.
    Busy = 503,
    /// The disk is full: nothing was changed.
    StorageFull = 507,
}

impl Code {
    /// Returns the vendor's grouping of the code.
    #[must_use]
    pub const fn kind(self) -> ErrorKind {
        match self.status() {
            401 => ErrorKind::AuthenticationError,
            403 => ErrorKind::PermissionError,
            404 => ErrorKind::NotFoundError,
            429 => ErrorKind::RateLimitError,
            500..=599 => ErrorKind::ApiError,
            _ => ErrorKind::InvalidRequestError,
        }
    }
}
