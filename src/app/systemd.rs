//! What systemd is told where it waits to hear (`NOTIFY_SOCKET`, in units of `Type=notify`): that the service serves,
//! what keeps it from serving, that it reads its files again, that it stops. Started by anything else, it tells nobody.

use sd_notify::NotifyState;
use tokio::sync::watch;

use crate::health::{NotReadyReason, NotReadyReasons};

/// Tells whether it serves, whenever that changes, until it stops. What starts after this unit waits for the first time.
pub(super) async fn follow(mut reasons: watch::Receiver<NotReadyReasons>) {
    loop {
        let now = *reasons.borrow_and_update();
        match now {
            _ if now.has(NotReadyReason::Draining) => return,
            _ if now.serving() => notify(&[NotifyState::Ready, NotifyState::Status("serving")]),
            // It waits for another process to end, for as long as that takes: nothing is wrong with it.
            _ if now.has(NotReadyReason::Standby) => {
                notify(&[NotifyState::Ready, NotifyState::Status(&format!("{now}"))])
            }
            _ => notify(&[NotifyState::Status(&format!("not serving: {now}"))]),
        }
        if reasons.changed().await.is_err() {
            return;
        }
    }
}

/// SIGHUP came. Since systemd 253 the moment is part of it, or the reload counts as failed.
pub(super) fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(moment) => notify(&[NotifyState::Reloading, moment]),
        Err(error) => tracing::warn!(%error, "systemd is not told of the reload"),
    }
}

/// Whatever was read again is in force, or what was before stays.
pub(super) fn reloaded() {
    notify(&[NotifyState::Ready]);
}

/// Before anything is drained: systemd does not take the end for a failure.
pub(super) fn stopping() {
    notify(&[NotifyState::Stopping, NotifyState::Status("draining")]);
}

/// One datagram. That it does not arrive is no reason not to serve; systemd ends a unit from which it never heard.
fn notify(what: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(what) {
        tracing::warn!(%error, "systemd is not told");
    }
}
