//! The command line: a folder or a file per command, with its options and what it runs.
//!
//! A command that calls a running server is one file: its options, the request that it makes from them, and the answer
//! that it prints, as a [`List`](output::list::List) of rows or [`Rendered`](output::Rendered). The `mod.rs` of its
//! folder lists it. It uses nothing of the service but the contract.

mod audit;
mod check_config;
mod completions;
pub mod connection;
pub mod error;
mod healthcheck;
mod license;
mod migrate;
mod notifications;
mod organizations;
pub mod output;
mod policy;
mod runtime;
mod seats;
mod serve;
mod server;
mod sessions;
mod store;
mod tenants;
mod token;
mod usage;
mod user_batch;
pub mod users;
mod value_parsers;

pub use serve::Bootstrap;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::config::args::Serve;
use crate::failure::Failure;
use runtime::block_on;

/// Lines of at most 78 characters, because clap does not wrap them.
const EXAMPLES: &str = "\
Examples:
  Try it: the embedded store in ./data, and a tenant to try things with
    usher serve --demo
  The embedded store somewhere else
    usher serve --data-dir /var/lib/usher
  PostgreSQL; more processes on the same database share the work
    DATABASE_URL=postgres://usher@db/usher usher serve --migrate-on-start
  Show the configuration that `serve` would use, and its mistakes
    usher check-config
  For containers: exit code 0 when it is serving
    usher healthcheck

Every option is also an environment variable: --drain-timeout is
USHER_DRAIN_TIMEOUT. For commands that call a running Usher these are --tenant
and the options under \"Connection\". An option overrides its variable, and a
variable overrides the default.

Without credentials the API listens on this machine only; see the options
under \"Authentication and authorization\", and `usher token --help`.

Exit codes:
  0 ok                    4 address busy             8 --solo, and another
  1 unexpected, refused   5 data directory in use      process serves
  2 usage, configuration  6 schema newer than this   9 not drained within
  3 store or server         program                    --drain-timeout
    unreachable           7 schema older: run       10 license not valid
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
    Migrate(migrate::MigrateArgs),
    /// Check, back up and copy a store
    #[command(subcommand, after_help = store::EXAMPLES)]
    Store(store::Store),
    /// Print the configuration that `serve` would run with, secrets hidden; exit code 2 when it is wrong
    #[command(allow_negative_numbers = true)]
    CheckConfig(Box<Serve>),
    /// Ask a running Usher whether it is serving: exit code 0, else 1
    Healthcheck(healthcheck::HealthcheckArgs),
    /// Make, sign, show and check licenses; request, fetch, install, list and delete them on a running Usher
    #[command(subcommand, after_help = license::EXAMPLES)]
    License(license::License),
    /// List, show, make, change, rename, block, unblock and delete users
    #[command(subcommand, after_help = users::EXAMPLES)]
    Users(users::Users),
    /// Grant and recall seats of many users in several pools
    #[command(subcommand, after_help = seats::EXAMPLES)]
    Seats(seats::Seats),
    /// List, close and watch live sessions
    #[command(subcommand, after_help = sessions::EXAMPLES)]
    Sessions(sessions::Sessions),
    /// List, make, rename and delete the organizations of a tenant
    #[command(subcommand, after_help = organizations::EXAMPLES)]
    Organizations(organizations::Organizations),
    /// Show and change the rules of a tenant, and who is notified when seats run out
    #[command(subcommand, after_help = policy::EXAMPLES)]
    Policy(policy::Policy),
    /// Show what a tenant uses of what it bought: seats of each pool, users, and how its license stands
    #[command(after_help = usage::EXAMPLE)]
    Usage(usage::UsageArgs),
    /// List who did what, and when; write it as a file
    #[command(subcommand, after_help = audit::EXAMPLES)]
    Audit(audit::Audit),
    /// Notifications, such as that no seat was free, and whether they reached people
    #[command(subcommand, after_help = notifications::EXAMPLES)]
    Notifications(notifications::Notifications),
    /// List, make, change, suspend, resume and delete tenants
    #[command(subcommand, after_help = tenants::EXAMPLES)]
    Tenants(tenants::Tenants),
    /// The process that answers: what it is, and what it logs
    #[command(subcommand, after_help = server::EXAMPLES)]
    Server(server::Server),
    /// Make, list and revoke API tokens
    #[command(subcommand, after_help = token::EXAMPLES)]
    Token(token::Token),
    /// Print the completions for a shell; for bash: `source <(usher completions bash)`
    Completions(completions::CompletionsArgs),
}

/// Runs a command. `bootstrap`: what [`Bootstrap::of_process`] created.
///
/// # Errors
/// [`Failure`], with the exit code of the process.
pub fn run(command: Command, bootstrap: Option<Bootstrap>) -> Result<(), Failure> {
    match command {
        Command::Serve(args) => serve::run(&args, bootstrap),
        Command::Migrate(args) => block_on(migrate::run(&args)),
        Command::Store(command) => block_on(command.run()),
        Command::CheckConfig(args) => check_config::run(&args),
        Command::Healthcheck(args) => block_on(healthcheck::run(&args)),
        Command::License(command) => block_on(command.run()),
        Command::Users(command) => block_on(command.run()),
        Command::Seats(command) => block_on(command.run()),
        Command::Sessions(command) => block_on(command.run()),
        Command::Organizations(command) => block_on(command.run()),
        Command::Policy(command) => block_on(command.run()),
        Command::Usage(args) => block_on(usage::run(&args)),
        Command::Audit(command) => block_on(command.run()),
        Command::Notifications(command) => block_on(command.run()),
        Command::Tenants(command) => block_on(command.run()),
        Command::Server(command) => block_on(command.run()),
        Command::Token(command) => block_on(command.run()),
        Command::Completions(args) => {
            completions::run(&args, Cli::command());
            Ok(())
        }
    }
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
