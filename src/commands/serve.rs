//! `usher serve`

use tokio::runtime::Runtime;

use super::output::say;
use super::runtime::{block_on_this, runtime};
use crate::app::{self, Signals, Started};
use crate::config::args::Serve;
use crate::config::{Config, Storage, process_environment, reachable};
use crate::failure::Failure;
use crate::telemetry::LogFormat;
use crate::{VERSION, demo, telemetry};

/// What `serve` creates before it reads its configuration, so that a signal meanwhile is handled, too.
pub struct Bootstrap {
    runtime: Runtime,
    signals: Signals,
}

impl Bootstrap {
    /// `None`: the command is not `serve`. Looks at the first word only, because the command line is not parsed yet.
    ///
    /// # Errors
    /// The system gives no threads, or no signals.
    pub fn of_process() -> Result<Option<Self>, Failure> {
        let serves = std::env::args_os().nth(1).is_some_and(|word| word == "serve");
        serves.then(Self::listen).transpose()
    }

    fn listen() -> Result<Self, Failure> {
        let runtime = runtime()?;
        let signals = runtime.block_on(async { Signals::listen() })?;
        Ok(Self { runtime, signals })
    }
}

/// Serves until a signal, or until this process loses its shards.
///
/// # Errors
/// [`Failure`]
pub fn run(args: &Serve, bootstrap: Option<Bootstrap>) -> Result<(), Failure> {
    let Bootstrap { runtime, signals } = bootstrap.map_or_else(Bootstrap::listen, Ok)?;
    let config = Config::new(args, &process_environment)?;
    let log = telemetry::start(&config.log);
    block_on_this(runtime, app::serve(config, log, signals, announce))
}

/// Prints what was started: the addresses, the location of the data, and commands to try. With logs in JSON it writes
/// one log line instead, so that the output contains nothing but JSON.
fn announce(config: &Config, &Started { api, ops, shards }: &Started) {
    let data = match &config.storage {
        Storage::Embedded { folder } => {
            std::path::absolute(folder).unwrap_or_else(|_| folder.clone()).display().to_string()
        }
        Storage::Postgres { .. } => config.storage.to_string(),
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
