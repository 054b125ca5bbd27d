//! The signals that end a service.

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::error::Error;

/// SIGTERM or Ctrl-C.
pub struct Stop {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Stop {
    /// Listens from now on. SIGHUP ends nothing from then on.
    ///
    /// # Errors
    /// [`Error::Failed`] when the system gives no signals.
    pub fn new() -> Result<Self, Error> {
        let signals = |kind| signal(kind).map_err(|source| Error::Failed(format!("no signals: {source}")));
        Ok(Self {
            terminate: signals(SignalKind::terminate())?,
            interrupt: signals(SignalKind::interrupt())?,
            hangup: signals(SignalKind::hangup())?,
        })
    }

    /// Waits until one comes. A SIGHUP is told and passed over: the terminal may be gone, the work goes on.
    pub async fn asked(&mut self) {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return,
                _ = self.interrupt.recv() => return,
                _ = self.hangup.recv() => tracing::info!("SIGHUP: nothing ends; a changed configuration counts from the next start"),
            }
        }
    }
}
