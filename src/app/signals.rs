//! The signals that end the process, and the one that has files read again. Listened to before anything else is done, so that
//! none of them ends the process by itself.

use anyhow::Context;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::Failure;

/// From here on the signals do not end the process by themselves.
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
    /// SIGHUP. `None`: somebody else listens to it now.
    hangup: Option<Signal>,
}

impl Signals {
    /// Within a runtime.
    ///
    /// # Errors
    /// When the operating system does not let us.
    pub fn listen() -> Result<Self, Failure> {
        let listen = |kind| signal(kind).context("cannot listen to signals");
        Ok(Self {
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
            hangup: Some(listen(SignalKind::hangup())?),
        })
    }

    /// SIGHUP, once.
    pub(super) fn take_hangup(&mut self) -> Option<Signal> {
        self.hangup.take()
    }

    /// The name of the next signal that ends the process.
    pub(super) async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}
