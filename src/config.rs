//! Configuration of the service: an option, else an environment variable, else the default. It is validated as a whole,
//! and every mistake is reported. Validation changes nothing; it only reads the files that contain secrets.

pub mod args;
mod exchange;
mod limits;
mod notify;
mod peers;
mod problems;
mod security;
mod storage;
mod traces;
pub(crate) mod values;

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use crate::exchange::FolderUrl;
use crate::ledger::rates::RateLimits;
use crate::store::postgres::DatabaseUrl;
use crate::telemetry::{LogFormat, LogSettings};
use crate::{spans, telemetry};
pub use limits::Limits;
pub use notify::{Email, NotifyConfig};
pub(crate) use notify::{given, secret};
pub use peers::Peers;
pub(crate) use problems::ConfigProblems;
pub use security::Security;
use storage::storage;
pub use storage::{copy_target, store};
use values::{FOREVER, address, days, duration, host_name, number, pace, retention, shortest};

/// The environment: returns the value of a variable. A function, so that tests can supply their own.
pub type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The environment of the process. A variable that is empty, or not UTF-8, counts as not set.
#[allow(clippy::disallowed_methods)] // The only function that may read the environment.
pub fn process_environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// All mistakes in a configuration, for people.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the configuration is wrong:{}", listed(.0))]
pub struct ConfigError(pub Vec<String>);

/// One mistake is shown on the same line, several on a line each.
fn listed(problems: &[String]) -> String {
    let start = if problems.len() == 1 { " " } else { "\n  " };
    problems.iter().map(|problem| format!("{start}{problem}")).collect()
}

/// Configuration of `usher serve`.
#[derive(Debug)]
pub struct Config {
    pub listen: SocketAddr,
    pub ops_listen: SocketAddr,
    /// How other nodes reach this one; only on PostgreSQL.
    pub peers: Peers,
    /// Number of pools that `/metrics` shows by name.
    pub metrics_top_tenants: usize,
    /// Time from the first signal until every call has ended and everything is closed.
    pub drain_timeout: Duration,
    pub storage: Storage,
    /// Number of shards of a new store; `shards_given`: it was set, and is not the default.
    pub shards: u16,
    pub shards_given: bool,
    /// Maximum number of connections for reads to each database.
    pub database_connections: usize,
    /// Folder of the lock file by which a start detects that the previous process on this machine is gone.
    pub state_dir: PathBuf,
    pub demo: bool,
    /// Seats per pool of a tenant without any license (R30).
    pub demo_seats: u64,
    /// How long audit events are kept; `None`: forever.
    pub audit_retention: Option<Duration>,
    /// File or folder of the vendor's public keys.
    pub license_keys: Option<PathBuf>,
    /// The vendor's folder of new licenses.
    pub license_url: Option<FolderUrl>,
    /// The vendor's address, to which license requests are sent (R32). If it is set, a mail server is configured, too.
    pub license_request_to: Option<String>,
    /// Names of this host beside the machine's own (R28).
    pub host_names: Vec<String>,
    /// Authentication, authorization and TLS.
    pub security: Security,
    /// Channels for notifications (R34).
    pub notify: NotifyConfig,
    pub log: LogSettings,
    /// Collector of traces; `None`: nothing is traced.
    pub traces: Option<spans::Settings>,
    pub limits: Limits,
    /// Limits on growth that callers cause: its rate.
    pub rates: RateLimits,
    /// Warnings to log at each start, about files that other users of this machine can read or write.
    pub exposed: Vec<String>,
}

/// Location of the store.
#[derive(Debug)]
pub enum Storage {
    Embedded {
        folder: PathBuf,
    },
    /// The databases in the order of their cells; most installations have one.
    Postgres {
        urls: Vec<DatabaseUrl>,
        migrate_on_start: bool,
    },
}

/// Replaces an address that is invalid. It is local, so that it causes no further warning.
const PLACEHOLDER: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
pub(crate) const UNSPECIFIED: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);
const MINUTE: Duration = Duration::from_secs(60);
pub(crate) const DAY: Duration = Duration::from_secs(24 * 60 * 60);

impl Config {
    /// # Errors
    /// [`ConfigError`] lists everything that is wrong.
    pub fn new(args: &args::Serve, environment: Environment) -> Result<Self, ConfigError> {
        let mut problems = ConfigProblems::default();
        let storage = storage(&args.storage, args.store_use.migrate_on_start, environment, &mut problems);
        let default_shards = if matches!(storage, Storage::Embedded { .. }) { 1 } else { 4 };
        let shards = args.store_use.shards.as_deref().map(|text| number(text, 1, 1024));
        let listen = problems.take("--listen", address(&args.network.listen), PLACEHOLDER);
        let ops_listen = problems.take("--ops-listen", address(&args.network.ops_listen), UNSPECIFIED);
        let mut config = Config {
            listen,
            ops_listen,
            peers: Peers::new(&args.network, listen, ops_listen, &storage, &mut problems),
            metrics_top_tenants: problems.take(
                "--metrics-top-tenants",
                number(&args.network.metrics_top_tenants, 0, 1_000),
                0,
            ),
            drain_timeout: problems.take("--drain-timeout", duration(&args.network.drain_timeout, DAY), DAY),
            shards: problems.take("--shards", shards.clone().unwrap_or(Ok(default_shards)), 1),
            shards_given: shards.is_some(),
            database_connections: problems.take(
                "--database-connections",
                number(&args.store_use.database_connections, 1, 100),
                1,
            ),
            state_dir: args.store_use.state_dir.clone().unwrap_or_else(std::env::temp_dir),
            storage,
            demo: args.store_use.demo,
            demo_seats: problems.take("--demo-seats", number(&args.store_use.demo_seats, 0, u64::from(u32::MAX)), 0),
            audit_retention: problems.take("--audit-retention", retention(&args.store_use.audit_retention), None),
            license_keys: args.licenses.license_keys.as_deref().filter(|path| !path.is_empty()).map(PathBuf::from),
            license_url: given(&args.licenses.license_url)
                .and_then(|url| problems.some("--license-url", FolderUrl::parse(url))),
            license_request_to: given(&args.licenses.license_request_to).map(str::to_owned),
            host_names: args
                .licenses
                .host_name
                .iter()
                // An empty variable counts as not set.
                .filter(|name| !name.is_empty())
                .filter_map(|name| problems.some("--host-name", host_name(name)))
                .collect(),
            security: Security::new(&args.security, listen, environment, &mut problems),
            notify: NotifyConfig::new(&args.notify, environment, &mut problems),
            log: log(&args.log, &mut problems),
            traces: traces::traces(environment, &mut problems),
            limits: Limits::new(&args.limits, &mut problems),
            rates: limits::rates(&args.limits, &mut problems),
            exposed: Vec::new(),
        };
        if let Storage::Postgres { urls, .. } = &config.storage
            && usize::from(config.shards) < urls.len()
            && !problems.mentions("--shards")
        {
            let (shards, databases) = (config.shards, urls.len());
            problems.add(format!(
                "--shards: {shards} are too few for {databases} databases, each of which has at least one"
            ));
        }
        if config.listen == config.ops_listen && config.listen.port() != 0 {
            problems.add(format!("--listen and --ops-listen: both are {}", config.listen));
        }
        if let Some(path) = &config.license_keys {
            problems.check_trusted_file("--license-keys", path);
        }
        exchange::check(&config, &mut problems);
        config.exposed = std::mem::take(&mut problems.exposed);
        problems.none_or(config)
    }

    /// Every setting as text, under the name of its option; secrets are hidden. Durations and sizes are in a form that
    /// the option accepts.
    #[must_use]
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        let mut settings = vec![
            ("listen", self.listen.to_string()),
            ("ops-listen", self.ops_listen.to_string()),
            ("metrics-top-tenants", self.metrics_top_tenants.to_string()),
            ("drain-timeout", shortest(self.drain_timeout)),
        ];
        match &self.storage {
            Storage::Embedded { folder } => settings.push(("data-dir", folder.display().to_string())),
            Storage::Postgres { migrate_on_start, .. } => {
                settings.extend(self.peers.settings());
                settings.extend([
                    ("database-url", self.storage.to_string()),
                    ("migrate-on-start", migrate_on_start.to_string()),
                    ("database-connections", self.database_connections.to_string()),
                    ("state-dir", self.state_dir.display().to_string()),
                ]);
            }
        }
        settings.extend([
            ("shards", self.shards.to_string()),
            ("demo", self.demo.to_string()),
            ("demo-seats", self.demo_seats.to_string()),
            ("audit-retention", self.audit_retention.map_or_else(|| FOREVER.to_owned(), days)),
            ("license-keys", self.license_keys.as_ref().map(|path| path.display().to_string()).unwrap_or_default()),
            ("license-url", self.license_url.as_ref().map(ToString::to_string).unwrap_or_default()),
            ("license-request-to", self.license_request_to.clone().unwrap_or_default()),
            ("host-name", self.host_names.join(",")),
        ]);
        settings.extend(self.security.settings());
        settings.extend(self.notify.settings());
        settings.extend([("log", self.log.filter.clone()), ("log-format", self.log.format.to_string())]);
        settings.extend(self.limits.settings());
        settings
            .extend([("denial-event-rate", pace(self.rates.denials)), ("admission-rate", pace(self.rates.admissions))]);
        settings
    }
}

/// Parses the configuration of `usher migrate`.
///
/// # Errors
/// [`ConfigError`] lists everything that is wrong.
pub fn migrate(
    store: &args::Storage,
    logs: &args::Log,
    environment: Environment,
) -> Result<(Storage, LogSettings), ConfigError> {
    let mut problems = ConfigProblems::default();
    let storage = storage(store, true, environment, &mut problems);
    let log = log(logs, &mut problems);
    problems.none_or((storage, log))
}

/// The address at which a listener on this machine is reached: for one that listens on all addresses, the loopback
/// address.
#[must_use]
pub fn reachable(address: SocketAddr) -> SocketAddr {
    match address {
        SocketAddr::V4(v4) if v4.ip().is_unspecified() => (Ipv4Addr::LOCALHOST, v4.port()).into(),
        SocketAddr::V6(v6) if v6.ip().is_unspecified() => (Ipv6Addr::LOCALHOST, v6.port()).into(),
        other => other,
    }
}

fn log(args: &args::Log, problems: &mut ConfigProblems) -> LogSettings {
    // An empty variable counts as not set.
    let filter = if args.log.is_empty() { "info" } else { &args.log };
    let format = match args.log_format.as_str() {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        other => Err(format!("{other:?} is neither text nor json")),
    };
    if let Err(problem) = telemetry::filter::parse(filter) {
        problems.add(format!("--log: {problem}"));
    }
    LogSettings { filter: filter.to_owned(), format: problems.take("--log-format", format, LogFormat::Text) }
}

/// Location of the data, for people; without the password.
impl fmt::Display for Storage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Storage::Embedded { folder } => write!(f, "{}", folder.display()),
            Storage::Postgres { urls, .. } => {
                f.write_str(&urls.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))
            }
        }
    }
}

#[cfg(test)]
mod tests;
