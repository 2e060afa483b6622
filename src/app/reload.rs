//! Reads files again on SIGHUP while the process runs.

use std::sync::Arc;

use tokio::signal::unix::Signal;

use super::api_security::ApiSecurity;
use super::licensing::Vendors;
use super::systemd;
use crate::cluster::Node;
use crate::journal::Journal;
use crate::licensing::Licensing;
use crate::store::nodes::FileHashes;

/// Reads the files again on each SIGHUP.
pub(super) async fn on_hangup(
    mut hangups: Signal,
    vendors: Vendors,
    licensing: Arc<Licensing>,
    journal: Arc<Journal>,
    security: Arc<ApiSecurity>,
    nodes: Vec<Arc<Node>>,
) {
    announce(&nodes, &security, &vendors, &licensing);
    while hangups.recv().await.is_some() {
        systemd::reloading();
        security.read_again().await;
        vendors.read_again(&licensing, &journal).await;
        announce(&nodes, &security, &vendors, &licensing);
        systemd::reloaded();
    }
}

/// Has the other nodes compare the files in force with theirs (C10).
fn announce(nodes: &[Arc<Node>], security: &ApiSecurity, vendors: &Vendors, licensing: &Licensing) {
    for node in nodes {
        let license_keys = vendors.hash(&licensing.trust());
        node.set_files(FileHashes { license_keys, access: security.access_hash() });
    }
}
