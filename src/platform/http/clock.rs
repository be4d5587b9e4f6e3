//! The time that the client waits by, so that tests need not wait.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::OnceLock;
use std::time::Duration;

use tokio::time::Instant;

/// A clock, and a way to let its time pass.
pub trait Clock: Send + Sync + fmt::Debug {
    /// Returns the time since some fixed moment.
    fn now(&self) -> Duration;

    /// Ends once `wait` has passed.
    fn wait(&self, wait: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;
}

/// The clock of this machine. Every value of it tells the same time.
#[derive(Debug, Clone, Copy, Default)]
pub struct Monotonic;

static START: OnceLock<Instant> = OnceLock::new();

impl Clock for Monotonic {
    fn now(&self) -> Duration {
        START.get_or_init(Instant::now).elapsed()
    }

    fn wait(&self, wait: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(tokio::time::sleep(wait))
    }
}
