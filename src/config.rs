//! Configuration of the service: an option, else an environment variable, else the default. It is validated as a whole,
//! and every mistake is reported. Validation changes nothing; it only reads the files that contain secrets.

pub mod args;
mod exchange;
mod notify;
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
use crate::{spans, telemetry};
pub use notify::{Email, NotifyConfig};
pub(crate) use notify::{given, secret};
pub(crate) use problems::ConfigProblems;
pub use security::{Security, TlsFiles};
use storage::storage;
pub use storage::{copy_target, store};
use values::{FOREVER, address, days, duration, host_name, number, pace, rate, retention, shortest, size};

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
    /// Number of pools that `/metrics` shows by name.
    pub metrics_top_tenants: usize,
    /// Time from the first signal until every call has ended and everything is closed.
    pub drain_timeout: Duration,
    pub storage: Storage,
    /// Number of shards of a new store; `shards_given`: it was set, and is not the default.
    pub shards: u16,
    pub shards_given: bool,
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
    pub log: Log,
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
#[allow(clippy::large_enum_variant)] // Only one value exists in a process.
pub enum Storage {
    Embedded { folder: PathBuf },
    Postgres { url: DatabaseUrl, migrate_on_start: bool },
}

/// Configuration of the log.
#[derive(Debug)]
pub struct Log {
    pub filter: String,
    pub format: LogFormat,
}

/// Format of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    Text,
    Json,
}

/// Bounds on everything that a client controls.
#[derive(Debug, Clone)]
pub struct Limits {
    pub max_connections: usize,
    /// Connections of one address that have shown no credential yet.
    pub anonymous_connections_of_address: usize,
    pub max_streams: u32,
    pub max_calls: usize,
    pub max_watchers: usize,
    /// Sizes of requests and headers, in bytes.
    pub max_seat_request: usize,
    pub max_request: usize,
    pub max_headers: u32,
    pub max_batch_items: usize,
    pub queue_length: usize,
    pub batch_size: usize,
    pub deadline: Duration,
    pub max_deadline: Duration,
    pub first_call_timeout: Duration,
    pub keepalive_interval: Duration,
    pub keepalive_timeout: Duration,
    pub max_connection_age: Duration,
}

/// Replaces an address that is invalid. It is local, so that it causes no further warning.
const NOBODY: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
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
        let listen = problems.take("--listen", address(&args.network.listen), NOBODY);
        let mut config = Config {
            listen,
            ops_listen: problems.take("--ops-listen", address(&args.network.ops_listen), UNSPECIFIED),
            metrics_top_tenants: problems.take(
                "--metrics-top-tenants",
                number(&args.network.metrics_top_tenants, 0, 1_000),
                0,
            ),
            drain_timeout: problems.take("--drain-timeout", duration(&args.network.drain_timeout, DAY), DAY),
            shards: problems.take("--shards", shards.clone().unwrap_or(Ok(default_shards)), 1),
            shards_given: shards.is_some(),
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
            limits: limits(&args.limits, &mut problems),
            rates: rates(&args.limits, &mut problems),
            exposed: Vec::new(),
        };
        if config.listen == config.ops_listen && config.listen.port() != 0 {
            problems.add(format!("--listen and --ops-listen: both are {}", config.listen));
        }
        if let Some(path) = &config.license_keys {
            problems.look_at_trusted("--license-keys", path);
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
            Storage::Postgres { migrate_on_start, .. } => settings.extend([
                ("database-url", self.storage.to_string()),
                ("migrate-on-start", migrate_on_start.to_string()),
                ("state-dir", self.state_dir.display().to_string()),
            ]),
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

impl Limits {
    fn settings(&self) -> [(&'static str, String); 16] {
        [
            ("max-connections", self.max_connections.to_string()),
            ("max-streams", self.max_streams.to_string()),
            ("max-calls", self.max_calls.to_string()),
            ("max-watchers", self.max_watchers.to_string()),
            ("max-seat-request", self.max_seat_request.to_string()),
            ("max-request", self.max_request.to_string()),
            ("max-headers", self.max_headers.to_string()),
            ("max-batch-items", self.max_batch_items.to_string()),
            ("queue-length", self.queue_length.to_string()),
            ("batch-size", self.batch_size.to_string()),
            ("deadline", shortest(self.deadline)),
            ("max-deadline", shortest(self.max_deadline)),
            ("first-call-timeout", shortest(self.first_call_timeout)),
            ("keepalive-interval", shortest(self.keepalive_interval)),
            ("keepalive-timeout", shortest(self.keepalive_timeout)),
            ("max-connection-age", shortest(self.max_connection_age)),
        ]
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
) -> Result<(Storage, Log), ConfigError> {
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

fn log(args: &args::Log, problems: &mut ConfigProblems) -> Log {
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
    Log { filter: filter.to_owned(), format: problems.take("--log-format", format, LogFormat::Text) }
}

fn limits(args: &args::Limits, problems: &mut ConfigProblems) -> Limits {
    const KIB: u64 = 1024;
    const GIB: u64 = KIB * KIB * KIB;
    let max_connections = problems.take("--max-connections", number(&args.max_connections, 1, 1_000_000), 1);
    let limits = Limits {
        max_connections,
        anonymous_connections_of_address: (max_connections / 8).max(1_024).min(max_connections),
        max_streams: problems.take("--max-streams", number(&args.max_streams, 1, 1_000_000), 1),
        max_calls: problems.take("--max-calls", number(&args.max_calls, 1, 10_000_000), 1),
        max_watchers: problems.take("--max-watchers", number(&args.max_watchers, 0, 1_000_000), 0),
        max_seat_request: problems.take("--max-seat-request", size(&args.max_seat_request, KIB, GIB), 0),
        max_request: problems.take("--max-request", size(&args.max_request, KIB, GIB), 0),
        max_headers: problems.take("--max-headers", size(&args.max_headers, KIB, GIB), 0),
        max_batch_items: problems.take("--max-batch-items", number(&args.max_batch_items, 1, 10_000), 1),
        queue_length: problems.take("--queue-length", number(&args.queue_length, 1, 10_000_000), 1),
        batch_size: problems.take("--batch-size", number(&args.batch_size, 1, 100_000), 1),
        deadline: problems.take("--deadline", duration(&args.deadline, DAY), DAY),
        max_deadline: problems.take("--max-deadline", duration(&args.max_deadline, DAY), DAY),
        first_call_timeout: problems.take("--first-call-timeout", duration(&args.first_call_timeout, DAY), DAY),
        keepalive_interval: problems.take("--keepalive-interval", duration(&args.keepalive_interval, DAY), DAY),
        keepalive_timeout: problems.take("--keepalive-timeout", duration(&args.keepalive_timeout, 60 * MINUTE), DAY),
        max_connection_age: problems.take("--max-connection-age", duration(&args.max_connection_age, 365 * DAY), DAY),
    };
    let read = !problems.mentions("--deadline") && !problems.mentions("--max-deadline");
    if read && limits.deadline > limits.max_deadline {
        let (deadline, max) = (shortest(limits.deadline), shortest(limits.max_deadline));
        problems.add(format!("--deadline: {deadline} is longer than --max-deadline, which is {max}"));
    }
    limits
}

fn rates(args: &args::Limits, problems: &mut ConfigProblems) -> RateLimits {
    let standard = RateLimits::DEFAULT;
    RateLimits {
        denials: problems.take("--denial-event-rate", rate(&args.denial_event_rate), standard.denials),
        admissions: problems.take("--admission-rate", rate(&args.admission_rate), standard.admissions),
        ..standard
    }
}

/// Location of the data, for people; without the password.
impl fmt::Display for Storage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Storage::Embedded { folder } => write!(f, "{}", folder.display()),
            Storage::Postgres { url, .. } => url.fmt(f),
        }
    }
}

impl fmt::Display for LogFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            LogFormat::Text => "text",
            LogFormat::Json => "json",
        })
    }
}

#[cfg(test)]
mod tests;
