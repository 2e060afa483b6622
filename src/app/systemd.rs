//! Notifies systemd, if it set `NOTIFY_SOCKET` (units of `Type=notify`): the service serves, why it does not, that it
//! reads its files again, and that it stops. Without systemd this does nothing.

use sd_notify::NotifyState;
use tokio::sync::watch;

use crate::health::{NotReadyReason, NotReadyReasons};

/// Sends the status whenever it changes, until the stop. Units ordered after this one wait for the first `READY`.
pub(super) async fn follow(mut reasons: watch::Receiver<NotReadyReasons>) {
    loop {
        let now = *reasons.borrow_and_update();
        match now {
            _ if now.has(NotReadyReason::Draining) => return,
            _ if now.serving() => notify(&[NotifyState::Ready, NotifyState::Status("serving")]),
            _ => notify(&[NotifyState::Status(&format!("not serving: {now}"))]),
        }
        if reasons.changed().await.is_err() {
            return;
        }
    }
}

/// SIGHUP came. Since systemd 253 the message must contain the time, or the reload counts as failed.
pub(super) fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(moment) => notify(&[NotifyState::Reloading, moment]),
        Err(error) => tracing::warn!(%error, "could not notify systemd of the reload"),
    }
}

/// The reload is over: the new files are in force, or the previous ones stay.
pub(super) fn reloaded() {
    notify(&[NotifyState::Ready]);
}

/// Sent before anything is drained, so that systemd does not take the end for a failure.
pub(super) fn stopping() {
    notify(&[NotifyState::Stopping, NotifyState::Status("draining")]);
}

/// Sends one datagram. If that fails, the service goes on; systemd itself ends a unit from which it never heard.
fn notify(what: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(what) {
        tracing::warn!(%error, "could not notify systemd");
    }
}
