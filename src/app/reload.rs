//! Reads files again on SIGHUP while the process runs.

use std::sync::Arc;

use tokio::signal::unix::Signal;

use super::api_security::ApiSecurity;
use super::licensing::Vendors;
use super::systemd;
use crate::journal::Journal;
use crate::licensing::Licensing;

/// Reads the files again on each SIGHUP.
pub(super) async fn on_hangup(
    mut hangups: Signal,
    vendors: Vendors,
    licensing: Arc<Licensing>,
    journal: Arc<Journal>,
    security: Arc<ApiSecurity>,
) {
    while hangups.recv().await.is_some() {
        systemd::reloading();
        security.read_again().await;
        vendors.read_again(&licensing, &journal).await;
        systemd::reloaded();
    }
}
