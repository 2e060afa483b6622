//! `usher healthcheck`

use std::net::SocketAddr;
use std::time::Duration;

use clap::Args;
use tonic::transport::Endpoint;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use super::output::say;
use crate::config::values::{address, duration};
use crate::config::{ConfigError, ConfigProblems, DAY, UNSPECIFIED, reachable};
use crate::failure::Failure;
use crate::https;

#[derive(Debug, Args)]
pub struct HealthcheckArgs {
    /// Address of the gRPC API; 0.0.0.0 and [::] stand for this machine
    #[arg(long, value_name = "ADDRESS", env = "USHER_LISTEN", default_value = "127.0.0.1:50051")]
    pub address: String,
    /// The certificate of the API, if it speaks TLS: then the operations port is asked instead, which is plaintext
    #[arg(long, value_name = "FILE", env = "USHER_TLS_CERT")]
    pub tls_cert: Option<String>,
    /// Address of the operations port
    #[arg(long, value_name = "ADDRESS", env = "USHER_OPS_LISTEN", default_value = "127.0.0.1:9464")]
    pub ops_address: String,
    /// How long to wait for the answer
    #[arg(long, value_name = "DURATION", env = "USHER_HEALTHCHECK_TIMEOUT", default_value = "3s")]
    pub timeout: String,
}

/// The endpoint that `usher healthcheck` calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Probed {
    /// The health service of the API.
    Api(SocketAddr),
    /// The operations port.
    Operations(SocketAddr),
}

/// Checks that a running server is serving.
///
/// # Errors
/// [`Failure::NotServing`] in every other case, a timeout included.
pub async fn run(args: &HealthcheckArgs) -> Result<(), Failure> {
    let (probed, timeout) = parse(args)?;
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

/// Parses the configuration of `usher healthcheck`: the endpoint, and the longest wait.
///
/// # Errors
/// [`ConfigError`] lists everything that is wrong.
fn parse(args: &HealthcheckArgs) -> Result<(Probed, Duration), ConfigError> {
    let mut problems = ConfigProblems::default();
    let api = problems.take("--address", address(&args.address), UNSPECIFIED);
    let operations = problems.take("--ops-address", address(&args.ops_address), UNSPECIFIED);
    let timeout = problems.take("--timeout", duration(&args.timeout, DAY), DAY);
    let tls = args.tls_cert.as_ref().is_some_and(|file| !file.is_empty());
    let probed = if tls { Probed::Operations(reachable(operations)) } else { Probed::Api(reachable(api)) };
    problems.none_or((probed, timeout))
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
