//! The signals that end the process, and SIGHUP, which makes it read files again. Handlers are installed before
//! anything else, so that none of these signals ends the process by default.

use anyhow::Context;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::failure::Failure;

/// As long as this exists, no signal ends the process by default.
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
    /// SIGHUP; `None` after [`Signals::take_hangup`].
    hangup: Option<Signal>,
}

impl Signals {
    /// Installs the handlers. Must run within a runtime.
    ///
    /// # Errors
    /// The operating system refused.
    pub fn listen() -> Result<Self, Failure> {
        let listen = |kind| signal(kind).context("cannot listen for signals");
        Ok(Self {
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
            hangup: Some(listen(SignalKind::hangup())?),
        })
    }

    /// SIGHUP; `Some` only at the first call.
    pub(super) fn take_hangup(&mut self) -> Option<Signal> {
        self.hangup.take()
    }

    /// Waits for the next signal that ends the process, and returns its name.
    pub(super) async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}
