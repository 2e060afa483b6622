//! The command line. Values stay text here: `config`, and `app::vendor` for licenses, parse all of them, so that one
//! run reports every mistake.

pub mod audit;
pub mod connection;
pub mod license;
pub mod license_calls;
pub mod notifications;
pub mod notify;
pub mod organizations;
pub mod policy;
pub mod seats;
pub mod security;
pub mod server;
pub mod sessions;
pub mod store;
pub mod tenants;
pub mod token;
pub mod usage;
pub mod user_batch;
pub mod users;
pub mod users_files;

use std::path::PathBuf;

use clap::builder::BoolishValueParser;
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use secrecy::SecretString;

/// Lines of at most 78 characters, because clap does not wrap them.
const EXAMPLES: &str = "\
Examples:
  Try it: the embedded store in ./data, and a tenant to try things with
    usher serve --demo
  The embedded store somewhere else
    usher serve --data-dir /var/lib/usher
  PostgreSQL; a second process stands by until the first one is gone
    DATABASE_URL=postgres://usher@db/usher usher serve --migrate-on-start
  What `serve` would run with, and what is wrong with it
    usher check-config
  For containers: exit code 0 when it is serving
    usher healthcheck

Every option is also an environment variable: --drain-timeout is
USHER_DRAIN_TIMEOUT. Of commands that ask a running Usher these are --tenant,
and where it is and who asks. An option beats its variable, a variable the
default.

Without credentials the API listens on this machine only; see the options
under \"Authentication and authorization\", and `usher token --help`.

Exit codes:
  0 ok                    4 address busy             8 shards lost to another
  1 unexpected, refused   5 data directory in use      process
  2 usage, configuration  6 schema newer than this   9 not drained within
  3 store, or the Usher     program                    --drain-timeout
    asked, unreachable    7 schema older: run       10 license not valid
                            `usher migrate`         11 denied, or not all done
                                                    12 the store is damaged
                                                    13 the store did not take
                                                       everything";

/// Usher answers one question for login services: may this login proceed? It counts seats, so that a customer uses
/// what it bought, and no login is refused that should have passed.
#[derive(Debug, Parser)]
#[command(name = "usher", version = crate::VERSION, after_help = EXAMPLES, max_term_width = 120)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

impl Cli {
    /// Like [`Parser::parse`], but no help text shows the value of an environment variable, which may be a secret.
    #[must_use]
    pub fn read() -> Self {
        let matches = Self::shown().get_matches();
        Self::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
    }

    /// The command line, as help texts show it.
    #[must_use]
    pub fn shown() -> clap::Command {
        without_values(Self::command())
    }
}

fn without_values(command: clap::Command) -> clap::Command {
    command.mut_args(|arg| arg.hide_env_values(true)).mut_subcommands(without_values)
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve the gRPC API and the operations port, until SIGTERM or SIGINT
    #[command(after_help = EXAMPLES, allow_negative_numbers = true)]
    Serve(Box<Serve>),
    /// Bring the store's schema up to date, and end
    Migrate(Migrate),
    /// Check, back up and copy a store
    #[command(subcommand, after_help = store::EXAMPLES)]
    Store(store::Store),
    /// Print the configuration that `serve` would run with, secrets hidden; exit code 2 when it is wrong
    #[command(allow_negative_numbers = true)]
    CheckConfig(Box<Serve>),
    /// Ask a running Usher whether it is serving: exit code 0, else 1
    Healthcheck(Healthcheck),
    /// Make, sign, show and check licenses; request, fetch, install, list and delete them on a running Usher
    #[command(subcommand, after_help = license::EXAMPLES)]
    License(license::License),
    #[command(flatten)]
    Client(connection::ClientCommand),
    /// Print the completions for a shell; for bash: `source <(usher completions bash)`
    Completions {
        /// The shell
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
}

#[derive(Debug, Args)]
pub struct Serve {
    #[command(flatten)]
    pub network: Network,
    #[command(flatten)]
    pub security: security::Security,
    #[command(flatten)]
    pub storage: Storage,
    #[command(flatten)]
    pub store_use: StoreUse,
    #[command(flatten)]
    pub licenses: Licenses,
    #[command(flatten)]
    pub notify: notify::NotifyArgs,
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
    /// Show so many pools in /metrics by tenant and name, those with the most seats in use; 0: none, for tenants are
    /// many, and their names are nobody else's business
    #[arg(long, value_name = "NUMBER", env = "USHER_METRICS_TOP_TENANTS", default_value = "0")]
    pub metrics_top_tenants: String,
    /// How long SIGTERM and SIGINT wait for calls to end; a second signal ends at once
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
    /// DATABASE_URL_FILE; other users of the machine can read a password in an option
    #[arg(long, value_name = "URL")]
    pub database_url: Option<SecretString>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Store")]
pub struct StoreUse {
    /// Bring PostgreSQL's schema up to date at the start, as `usher migrate` does; the embedded store always is
    #[arg(long, env = "USHER_MIGRATE_ON_START", value_parser = BoolishValueParser::new())]
    pub migrate_on_start: bool,
    /// Shards, fixed at the first start of a store [default: 1 embedded, 4 on PostgreSQL]
    #[arg(long, value_name = "NUMBER", env = "USHER_SHARDS")]
    pub shards: Option<String>,
    /// Folder on a local disk for a lock file, by which a start knows that the process before it on this machine is gone,
    /// and takes its shards at once, not after 5 seconds; PostgreSQL only [default: the system's for temporary files]
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

#[derive(Debug, Args)]
pub struct Migrate {
    #[command(flatten)]
    pub storage: Storage,
    #[command(flatten)]
    pub log: Log,
}

#[derive(Debug, Args)]
pub struct Healthcheck {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn no_help_shows_the_value_of_a_variable() {
        fn check(command: &clap::Command) -> usize {
            let own = command.get_arguments().filter(|arg| arg.get_env().is_some());
            let hidden = own.map(|arg| assert!(arg.is_hide_env_values_set(), "{} {arg}", command.get_name())).count();
            hidden + command.get_subcommands().map(check).sum::<usize>()
        }
        assert!(check(&Cli::shown()) > 50);
    }

    #[test]
    fn every_option_is_also_an_environment_variable() {
        // `--database-url` has several variables, which `config` reads. Options of client commands need no variable,
        // because requests differ from call to call.
        let asks = |command: &clap::Command| command.get_opts().any(|option| option.get_long() == Some("tenant"));
        for command in Cli::command().get_subcommands().filter(|command| !asks(command)) {
            for option in command.get_opts().filter(|option| option.get_long() != Some("database-url")) {
                let long = option.get_long().expect("an option has a long name");
                let variable = option.get_env().and_then(|name| name.to_str()).unwrap_or_default();
                assert!(variable.starts_with("USHER_"), "--{long} has the variable {variable:?}");
                assert!(option.get_help().is_some(), "--{long} has no help");
            }
        }
    }
}
