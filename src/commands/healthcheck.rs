//! What commands print on standard output, and the commands that only print: `check-config`, `migrate`, `healthcheck`.

use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tonic::transport::Endpoint;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use super::Failure;
use super::api_security::ApiSecurity;
use super::licensing::Vendors;
use crate::VERSION;
use crate::clock::Clock;
use crate::config::{Config, LogFormat, Probed, Storage, reachable};
use crate::store::{postgres, sqlite};
use crate::{demo, https};

/// Prints what was started: the addresses, the location of the data, and commands to try. With logs in JSON it writes
/// one log line instead, so that the output contains nothing but JSON.
pub(super) fn started(config: &Config, api: SocketAddr, ops: SocketAddr, shards: u16) {
    let data = match &config.storage {
        Storage::Embedded { folder } => {
            std::path::absolute(folder).unwrap_or_else(|_| folder.clone()).display().to_string()
        }
        Storage::Postgres { url, .. } => url.to_string(),
    };
    if config.log.format == LogFormat::Json {
        tracing::info!(%api, %ops, data, shards, "started");
        return;
    }
    let kind = if matches!(config.storage, Storage::Embedded { .. }) { "embedded" } else { "PostgreSQL" };
    let mut text = format!(
        "usher {VERSION}\n  gRPC        {api}\n  operations  http://{ops}/ (livez, readyz, metrics)\n  data        {data} \
         ({kind}, {shards} shard{})\n",
        if shards == 1 { "" } else { "s" }
    );
    // The commands to try send no credential, and use plaintext.
    if config.demo && !config.security.authenticates() && config.security.tls.is_none() {
        text.push_str("\nTry it:\n");
        demo::calls_to_try(reachable(api)).iter().for_each(|call| text.push_str(&format!("  {call}\n")));
    }
    say(&text);
}

/// Prints `text`. A closed standard output is no failure.
pub(super) fn say(text: &str) {
    let mut output = std::io::stdout().lock();
    let _ = output.write_all(text.as_bytes()).and_then(|()| output.flush());
}

/// Prints the configuration that `serve` would run with. Warns of its files that others can read or write and should
/// not, and of a certificate that has expired. `config` was validated before, except for the keys in its files.
///
/// # Errors
/// [`Failure::LicenseKeys`], [`Failure::Tls`], [`Failure::Access`]
pub fn check_config(config: &Config) -> Result<(), Failure> {
    let settings = config.settings();
    say(&settings.iter().map(|(name, value)| format!("{name} = {value}\n")).collect::<String>());
    // Beside the settings, so that these can be read by a program.
    config.exposed.iter().for_each(|exposed| eprintln!("usher: {exposed}"));
    Vendors::new(config.license_keys.clone(), None).read()?;
    let security = ApiSecurity::read(config, Arc::default(), Clock::system())?;
    if let Some(warning) = security.warning() {
        eprintln!("usher: {warning}");
    }
    Ok(())
}

/// Migrates the schema of the store to this release.
///
/// # Errors
/// [`Failure`]: the store cannot be opened.
pub async fn migrate(storage: &Storage) -> Result<(), Failure> {
    let migrated = match storage {
        Storage::Embedded { folder } => {
            let folder = folder.clone();
            tokio::task::spawn_blocking(move || sqlite::migrate(&folder)).await.context("migrating")??
        }
        Storage::Postgres { url, .. } => postgres::migrate(url).await?,
    };
    if migrated.from == migrated.to {
        say(&format!("{storage}: schema version {}, nothing to do\n", migrated.to));
    } else {
        say(&format!("{storage}: schema version {} is now {}\n", migrated.from, migrated.to));
    }
    Ok(())
}

/// Checks that a running server is serving.
///
/// # Errors
/// [`Failure::NotServing`] in every other case, a timeout included.
pub async fn healthcheck(probed: Probed, timeout: Duration) -> Result<(), Failure> {
    let (Probed::Api(address) | Probed::Operations(address)) = probed;
    let fail = |why: &str| Failure::NotServing(format!("{address}: {why}"));
    let probe = tokio::time::timeout(timeout, async {
        match probed {
            Probed::Api(address) => is_healthy(address).await,
            Probed::Operations(address) => is_ready(address).await,
        }
    });
    match probe.await.map_err(|_| fail("no answer in time"))?.map_err(|error| fail(&format!("{error:#}")))? {
        true => {
            say(&format!("{address}: serving\n"));
            Ok(())
        }
        false => Err(fail("not serving")),
    }
}

async fn is_healthy(address: SocketAddr) -> anyhow::Result<bool> {
    let channel = Endpoint::from_shared(format!("http://{address}"))?.connect().await?;
    let answer = HealthClient::new(channel).check(HealthCheckRequest::default()).await;
    let answer = answer.map_err(|status| anyhow::anyhow!("{}", status.message().to_owned()))?.into_inner();
    Ok(answer.status() == ServingStatus::Serving)
}

async fn is_ready(address: SocketAddr) -> anyhow::Result<bool> {
    let page = format!("http://{address}/readyz").parse()?;
    let answer = https::client().get(page).await.map_err(|error| anyhow::anyhow!(https::whole(&error)))?;
    Ok(answer.status().is_success())
}
