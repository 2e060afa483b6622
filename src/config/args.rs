//! Options of `usher serve`, each also an environment variable. Values stay text here: the configuration parses all of
//! them, so that one run reports every mistake.

mod notify;
mod security;

use std::path::PathBuf;

use clap::Args;
use clap::builder::BoolishValueParser;
use secrecy::SecretString;

pub use notify::NotifyArgs;
pub use security::Security;

#[derive(Debug, Args)]
pub struct Serve {
    #[command(flatten)]
    pub network: Network,
    #[command(flatten)]
    pub security: Security,
    #[command(flatten)]
    pub storage: Storage,
    #[command(flatten)]
    pub store_use: StoreUse,
    #[command(flatten)]
    pub licenses: Licenses,
    #[command(flatten)]
    pub notify: NotifyArgs,
    #[command(flatten)]
    pub log: Log,
    #[command(flatten)]
    pub limits: Limits,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Network")]
pub struct Network {
    /// Address of the gRPC API (HTTP/2, and gRPC-Web over HTTP/1.1)
    #[arg(long, value_name = "ADDRESS", env = "USHER_LISTEN", default_value = "127.0.0.1:50051")]
    pub listen: String,
    /// Address of the operations port, plaintext: /livez, /readyz, /metrics
    #[arg(long, value_name = "ADDRESS", env = "USHER_OPS_LISTEN", default_value = "127.0.0.1:9464")]
    pub ops_listen: String,
    /// Address for the other nodes of the installation, mutual TLS; PostgreSQL only [default: that of --listen, with the
    /// next port]
    #[arg(long, value_name = "ADDRESS", env = "USHER_PEER_LISTEN")]
    pub peer_listen: Option<String>,
    /// Where the other nodes reach --peer-listen [default: its address; where that is all addresses, the one from which
    /// this machine connects to the database]
    #[arg(long, value_name = "HOST:PORT", env = "USHER_PEER_ADVERTISE")]
    pub peer_advertise: Option<String>,
    /// Be the only node: do not start while another one serves, and end when another one takes a shard (exit code 8);
    /// PostgreSQL only
    #[arg(long, env = "USHER_SOLO", value_parser = BoolishValueParser::new())]
    pub solo: bool,
    /// Show so many pools in /metrics by tenant and name, those with the most seats in use; 0: none, for tenants are
    /// many, and their names are nobody else's business
    #[arg(long, value_name = "NUMBER", env = "USHER_METRICS_TOP_TENANTS", default_value = "0")]
    pub metrics_top_tenants: String,
    /// How long a stop may take (SIGTERM, SIGINT): shards go to other nodes, calls end; a second signal ends at once
    #[arg(long, value_name = "DURATION", env = "USHER_DRAIN_TIMEOUT", default_value = "20s")]
    pub drain_timeout: String,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Storage")]
pub struct Storage {
    /// Folder of the embedded store, made where it is missing; one process at a time [default: ./data]
    #[arg(long, value_name = "FOLDER", env = "USHER_DATA_DIR")]
    pub data_dir: Option<PathBuf>,
    /// PostgreSQL instead of the embedded store: postgres://user:password@host/database. As a variable
    /// USHER_DATABASE_URL or DATABASE_URL, and as a file that holds it USHER_DATABASE_URL_FILE or
    /// DATABASE_URL_FILE; other users of the machine can read a password in an option. Several databases, each with a
    /// part of the shards: once each, or separated by white space, always in the order of the first start
    #[arg(long, value_name = "URL")]
    pub database_url: Vec<SecretString>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Store")]
pub struct StoreUse {
    /// Bring PostgreSQL's schema up to date at the start, as `usher migrate` does; the embedded store always is
    #[arg(long, env = "USHER_MIGRATE_ON_START", value_parser = BoolishValueParser::new())]
    pub migrate_on_start: bool,
    /// Shards, fixed at the first start of a store: parts of the tenants, each with one owner [default: 1 embedded, 4 on
    /// PostgreSQL]
    #[arg(long, value_name = "NUMBER", env = "USHER_SHARDS")]
    pub shards: Option<String>,
    /// Connections to each PostgreSQL for reads; on each node one for each shard and one for heartbeats come on top
    #[arg(long, value_name = "NUMBER", env = "USHER_DATABASE_CONNECTIONS", default_value = "4")]
    pub database_connections: String,
    /// Folder on a local disk for a lock file, by which a start knows that the process before it on this machine is gone,
    /// and takes its shards at once, not after 5 seconds; one for each node; PostgreSQL only [default: the system's for
    /// temporary files]
    #[arg(long, value_name = "FOLDER", env = "USHER_STATE_DIR")]
    pub state_dir: Option<PathBuf>,
    /// Make the tenant `demo` if it is not there, and print calls to try
    #[arg(long, env = "USHER_DEMO", value_parser = BoolishValueParser::new())]
    pub demo: bool,
    /// Seats per pool of a tenant without any license; 0: none
    #[arg(long, value_name = "NUMBER", env = "USHER_DEMO_SEATS", default_value = "2")]
    pub demo_seats: String,
    /// How long audit events are kept, from 1d on; forever: none is ever deleted
    #[arg(long, value_name = "DURATION", env = "USHER_AUDIT_RETENTION", default_value = "400d")]
    pub audit_retention: String,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Licensing")]
pub struct Licenses {
    /// Public keys of the vendor: a JWKS file, or a folder of them and of revocation lists. Read again on SIGHUP.
    /// Without it no license can be installed; those that are installed stay in force
    #[arg(long, value_name = "PATH", env = "USHER_LICENSE_KEYS")]
    pub license_keys: Option<String>,
    /// Folder of the vendor's in which new licenses are looked for once a day, as INSTANCE/TENANT.lic: https://…, or http://
    /// to this machine. What is there is verified like any license. Without it nothing is looked for
    #[arg(long, value_name = "URL", env = "USHER_LICENSE_URL")]
    pub license_url: Option<String>,
    /// The vendor's email address, to which license requests are sent by the mail server of --smtp-url. Without it none is
    #[arg(long, value_name = "ADDRESS", env = "USHER_LICENSE_REQUEST_TO")]
    pub license_request_to: Option<String>,
    /// A name of this host, beside the machine's own: licenses can be bound to hosts. Several: once each, or with
    /// commas
    #[arg(long, value_name = "NAME", env = "USHER_HOST_NAME", value_delimiter = ',')]
    pub host_name: Vec<String>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Logging, on standard error")]
pub struct Log {
    /// Level, also per module: info, or warn,usher::journal=debug
    #[arg(long, value_name = "FILTER", env = "USHER_LOG", default_value = "info")]
    pub log: String,
    /// Form of a line: text or json
    #[arg(long, value_name = "FORM", env = "USHER_LOG_FORMAT", default_value = "text")]
    pub log_format: String,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Limits")]
pub struct Limits {
    /// Connections at once; one more is closed at once. Each needs a file descriptor: as many as the hard limit
    /// allows (`ulimit -Hn`), less those that the process itself needs
    #[arg(long, value_name = "NUMBER", env = "USHER_MAX_CONNECTIONS", default_value = "16384")]
    pub max_connections: String,
    /// Calls at once on one connection; the client queues the others
    #[arg(long, value_name = "NUMBER", env = "USHER_MAX_STREAMS", default_value = "1024")]
    pub max_streams: String,
    /// Calls at once on all connections; one more is answered UNAVAILABLE at once
    #[arg(long, value_name = "NUMBER", env = "USHER_MAX_CALLS", default_value = "16384")]
    pub max_calls: String,
    /// Watchers of sessions at once
    #[arg(long, value_name = "NUMBER", env = "USHER_MAX_WATCHERS", default_value = "1000")]
    pub max_watchers: String,
    /// Size of a request of SeatService
    #[arg(long, value_name = "SIZE", env = "USHER_MAX_SEAT_REQUEST", default_value = "64KiB")]
    pub max_seat_request: String,
    /// Size of a request of every other service
    #[arg(long, value_name = "SIZE", env = "USHER_MAX_REQUEST", default_value = "4MiB")]
    pub max_request: String,
    /// Size of all headers of a call
    #[arg(long, value_name = "SIZE", env = "USHER_MAX_HEADERS", default_value = "16KiB")]
    pub max_headers: String,
    /// Items in a batch call
    #[arg(long, value_name = "NUMBER", env = "USHER_MAX_BATCH_ITEMS", default_value = "1000")]
    pub max_batch_items: String,
    /// Denials of one tenant that have an audit event of their own: so many at once, and then again as time passes. Those
    /// beyond are counted in one event for each reason and minute
    #[arg(long, value_name = "RATE", env = "USHER_DENIAL_EVENT_RATE", default_value = "20000/h")]
    pub denial_event_rate: String,
    /// Users that one tenant admits at login (unknown_users = ADMIT); one more is answered RESOURCE_EXHAUSTED
    #[arg(long, value_name = "RATE", env = "USHER_ADMISSION_RATE", default_value = "10000/h")]
    pub admission_rate: String,
    /// Commands that may wait for one shard; one more is answered UNAVAILABLE at once
    #[arg(long, value_name = "NUMBER", env = "USHER_QUEUE_LENGTH", default_value = "8192")]
    pub queue_length: String,
    /// Commands in one transaction of a shard
    #[arg(long, value_name = "NUMBER", env = "USHER_BATCH_SIZE", default_value = "1024")]
    pub batch_size: String,
    /// Deadline of a call that brings none
    #[arg(long, value_name = "DURATION", env = "USHER_DEADLINE", default_value = "10s")]
    pub deadline: String,
    /// The longest deadline that a call may bring; a longer one is cut to it
    #[arg(long, value_name = "DURATION", env = "USHER_MAX_DEADLINE", default_value = "1m")]
    pub max_deadline: String,
    /// How long a new connection may take to make its first call
    #[arg(long, value_name = "DURATION", env = "USHER_FIRST_CALL_TIMEOUT", default_value = "10s")]
    pub first_call_timeout: String,
    /// After what time of silence a connection is asked whether it is alive
    #[arg(long, value_name = "DURATION", env = "USHER_KEEPALIVE_INTERVAL", default_value = "30s")]
    pub keepalive_interval: String,
    /// How long a connection may take to answer that it is alive
    #[arg(long, value_name = "DURATION", env = "USHER_KEEPALIVE_TIMEOUT", default_value = "20s")]
    pub keepalive_timeout: String,
    /// Age at which a connection is asked to go, give or take a tenth, so that clients spread over several servers
    #[arg(long, value_name = "DURATION", env = "USHER_MAX_CONNECTION_AGE", default_value = "30m")]
    pub max_connection_age: String,
}
