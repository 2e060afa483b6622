//! Renders the description of the process for ServerService.

use super::time::timestamp;
use crate::proto::v1;
use crate::service::server_info::ServerInfo;

/// The commit that `--version` shows; "unknown" if the program was built outside of a repository.
const COMMIT: &str = env!("USHER_COMMIT");

pub fn server(about: &ServerInfo) -> v1::Server {
    let store = if about.postgres { v1::StoreKind::Postgresql } else { v1::StoreKind::Embedded };
    v1::Server {
        version: env!("CARGO_PKG_VERSION").into(),
        commit: if COMMIT == "unknown" { String::new() } else { COMMIT.into() },
        started_at: Some(timestamp(about.started)),
        store: store.into(),
        shards: about.shards.into(),
        instance_id: about.instance.to_string(),
        log_filter: about.log.now(),
        authentication: about.authentication.iter().map(|kind| (*kind).to_owned()).collect(),
    }
}
