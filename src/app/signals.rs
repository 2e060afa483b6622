//! The signals that end the process. Listened to before anything is started, so that none is missed.

use anyhow::Context;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::Failure;

pub(super) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

/// SIGHUP, which does not end the process any more: it has its files read again.
pub(super) fn hangups() -> Result<Signal, Failure> {
    Ok(signal(SignalKind::hangup()).context("cannot listen to signals")?)
}

impl Signals {
    /// From here on the signals do not end the process by themselves.
    pub fn listen() -> Result<Self, Failure> {
        let listen = |kind| signal(kind).context("cannot listen to signals");
        Ok(Self { terminate: listen(SignalKind::terminate())?, interrupt: listen(SignalKind::interrupt())? })
    }

    /// The name of the next signal.
    pub async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}
