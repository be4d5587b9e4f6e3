//! The live system as the engine sees it: something to read, and something else to write.
//!
//! Two traits on purpose. Planning takes a [`Read`] and so cannot name a writer; only apply takes a [`Write`], and only
//! together with an approved plan.

use std::time::Duration;

use thiserror::Error;

use crate::model::{Effect, ScopeDelta, ScopeSet};

/// Reads a workspace.
pub trait Read {
    /// What one read returns.
    type Snapshot;

    /// Reads the whole workspace: one request per page of each collection, nothing per item.
    fn read(&self) -> impl Future<Output = Result<Reading<Self::Snapshot>, ProviderError>> + Send;

    /// Returns how many requests have left so far: reads and writes, those that failed and those sent again included.
    fn sent(&self) -> u32;
}

/// A snapshot and what it took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading<S> {
    /// What the platform said.
    pub snapshot: S,
    /// How many requests that takes when nothing fails.
    pub calls: u32,
}

/// Writes to a workspace.
pub trait Write {
    /// One write.
    type Operation;
    /// What an answer shows of the thing that was written.
    type Resource;

    /// Carries out one write exactly once: never repeats it, whatever goes wrong.
    ///
    /// `revision` is sent as `If-Match`; `expected` is the confirmation (SEMANTICS section 3) and what the answer is
    /// compared with.
    fn write(
        &self,
        operation: &Self::Operation,
        revision: &str,
        expected: &Effect,
    ) -> impl Future<Output = Result<Written<Self::Resource>, ProviderError>> + Send;

    /// Returns whether what only the answer to `operation` held has arrived where it belongs, for a write that an earlier
    /// run has done. Most answers hold nothing of the sort.
    ///
    /// # Errors
    /// In words, with what to do, when it is lost.
    fn kept(&self, operation: &Self::Operation) -> Result<(), String> {
        let _ = operation;
        Ok(())
    }
}

/// The platform's answer to a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written<R> {
    /// What the platform says the write did.
    pub scopes: ScopeDelta,
    /// What the platform recorded as newly accepted.
    pub accepts: ScopeSet,
    /// How many active tokens have taken the write over at once, where the platform counts them.
    pub re_resolved: Option<u64>,
    /// The version token for the next write to the same resource.
    pub revision: String,
    /// The whole of what was written to, as the platform says it is now. A write may do more than it was asked to.
    pub resource: R,
}

/// Says what a platform asks for that was not waited for.
fn asked(retry_after: Option<Duration>) -> String {
    let seconds = |wait: Duration| {
        let seconds =
            crate::plan::count(usize::try_from(whole(wait)).unwrap_or(0), "second", "seconds");
        format!("; it asks to wait {seconds}, which `--deadline` does not leave")
    };
    retry_after.map_or_else(String::new, seconds)
}

/// Returns whole seconds, rounded up.
fn whole(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}

/// Why a request to the live system failed. Messages name the path asked, never a token or a body.
#[derive(Debug, Error)]
pub enum ProviderError {
    /// 401: the token is missing, wrong or expired.
    #[error("the live system does not accept the token: {message}")]
    Unauthorized {
        /// The platform's words.
        message: String,
    },
    /// 403: the token may not do this.
    #[error("the token is not allowed to do this: {message}")]
    Forbidden {
        /// The platform's words.
        message: String,
    },
    /// 404: no such workspace or thing.
    #[error("not found: {path}: {message}")]
    NotFound {
        /// The path asked.
        path: String,
        /// The platform's words.
        message: String,
    },
    /// 412: the resource has moved since it was read.
    #[error("the resource has changed since it was read: {path}")]
    PreconditionFailed {
        /// The path asked.
        path: String,
    },
    /// 409: the write would do something else than what was confirmed.
    #[error("the platform asks for another confirmation than the plan's: {path}")]
    ConfirmationRequired {
        /// The path asked.
        path: String,
        /// What the write would change now.
        delta: ScopeDelta,
        /// What would have to be accepted as missing now.
        accept_missing: ScopeSet,
    },
    /// 400, 422, 428: the platform refuses the write whatever is confirmed.
    #[error("the platform refuses the request ({status}): {message}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// The platform's words.
        message: String,
    },
    /// 429, also after waiting.
    #[error("the platform's rate limit is reached{}", asked(*retry_after))]
    RateLimited {
        /// How long it asks to wait.
        retry_after: Option<Duration>,
    },
    /// 5xx, or 408: it, or a gateway before it, failed or gave up, and what was asked may have been done.
    #[error("the platform failed ({status}) at {path}")]
    Server {
        /// The HTTP status.
        status: u16,
        /// The path asked.
        path: String,
        /// How long it asks to wait.
        retry_after: Option<Duration>,
    },
    /// No answer in time, or the connection broke after the request may have been read.
    #[error("no answer from {path}: {reason}")]
    NoAnswer {
        /// The path asked.
        path: String,
        /// What happened.
        reason: String,
        /// Whether the answer took too long, as opposed to a connection that broke.
        timed_out: bool,
    },
    /// The request did not leave: refused connection, no such host, TLS failure.
    #[error("cannot reach {endpoint}: {reason}")]
    Unreachable {
        /// Scheme, host and port.
        endpoint: String,
        /// What happened.
        reason: String,
    },
    /// The request was not sent, or not sent again: it would have had to wait, and somebody asked to stop.
    #[error("interrupted where it would have had to wait; the request was not sent")]
    Stopped,
    /// The answer is not what the protocol says.
    #[error("{path} did not answer as the protocol says: expected {expected}, got {got}")]
    Protocol {
        /// The path asked.
        path: String,
        /// What the protocol says.
        expected: String,
        /// What came, cut short.
        got: String,
    },
}

impl ProviderError {
    /// Returns whether the write may have happened although no usable answer came: it is settled by reading.
    #[must_use]
    pub const fn is_unknown(&self) -> bool {
        match self {
            Self::NoAnswer { .. } | Self::Server { .. } | Self::Protocol { .. } => true,
            Self::Unauthorized { .. }
            | Self::Forbidden { .. }
            | Self::NotFound { .. }
            | Self::PreconditionFailed { .. }
            | Self::ConfirmationRequired { .. }
            | Self::Refused { .. }
            | Self::RateLimited { .. }
            | Self::Unreachable { .. }
            | Self::Stopped => false,
        }
    }

    /// Returns whether the platform may still be at work on the request: reading then tells what is, not what will be.
    #[must_use]
    pub const fn may_come_late(&self) -> bool {
        matches!(
            self,
            Self::NoAnswer { timed_out: true, .. } | Self::Server { status: 408 | 504, .. }
        )
    }

    /// Returns whether the live system is out of reach or refuses the credentials (exit code 8), as opposed to having
    /// answered something else.
    #[must_use]
    pub const fn is_access(&self) -> bool {
        match self {
            Self::Unauthorized { .. }
            | Self::Forbidden { .. }
            | Self::Unreachable { .. }
            | Self::NoAnswer { .. }
            | Self::RateLimited { .. }
            | Self::Server { .. }
            | Self::Protocol { .. }
            | Self::NotFound { .. } => true,
            Self::PreconditionFailed { .. }
            | Self::ConfirmationRequired { .. }
            | Self::Refused { .. }
            | Self::Stopped => false,
        }
    }
}
