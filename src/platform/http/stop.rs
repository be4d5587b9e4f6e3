//! A way to end the pauses of a client from outside.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

/// A pause shorter than this is taken to its end: what was in flight is settled all the same.
pub(super) const SHORT: Duration = Duration::from_secs(1);

/// Asks every client that was given it to wait for nothing any more: requests that are in flight are finished, and calls
/// that would have to wait end with `Stopped`. Copies ask for the same.
#[derive(Debug, Clone)]
pub struct Stop(Arc<watch::Sender<bool>>);

impl Default for Stop {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }
}

impl Stop {
    /// Asks for it. There is no way back.
    pub fn ask(&self) {
        self.0.send_replace(true);
    }

    /// Ends once somebody has asked.
    pub(super) async fn asked(&self) {
        // The sender lives as long as this value, so it cannot go away while we wait.
        let _ = self.0.subscribe().wait_for(|asked| *asked).await;
    }
}
