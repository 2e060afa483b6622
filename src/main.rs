//! Arguments, configuration, telemetry, the application, an exit code. Everything else is in the library.

use std::process::ExitCode;

use anyhow::Context;
use clap::{CommandFactory, Parser};
use usher::app::{self, Failure};
use usher::cli::license::License;
use usher::cli::{Cli, Command};
use usher::config::{self, Config, process_environment};
use usher::telemetry;

/// Calls take memory one by one and give it back a batch at a time, in other threads.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    telemetry::report_panics();
    // Ends the process by itself on --help (0), --version (0) and a wrong option (2).
    let cli = Cli::parse();
    match run(cli.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("usher: {failure}");
            failure.exit_code().into()
        }
    }
}

fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Serve(args) => {
            let config = Config::new(&args, &process_environment)?;
            let log = telemetry::start(&config.log);
            block_on(app::serve(config, log))
        }
        Command::Migrate(args) => {
            let (storage, log) = config::migrate(&args, &process_environment)?;
            telemetry::start(&log);
            block_on(app::migrate(&storage))
        }
        Command::Store(command) => block_on(app::store(&command)),
        Command::CheckConfig(args) => app::check_config(&Config::new(&args, &process_environment)?),
        Command::Healthcheck(args) => {
            let (address, timeout) = config::healthcheck(&args)?;
            block_on(app::healthcheck(address, timeout))
        }
        Command::License(License::Vendor(command)) => app::license(&command),
        Command::License(License::Call(call)) => block_on(app::license_call(&call)),
        Command::Ask(call) => block_on(app::call(&call)),
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "usher", &mut std::io::stdout());
            Ok(())
        }
    }
}

fn block_on(work: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("no threads")?;
    let result = runtime.block_on(work);
    // What is still running was not waited for on purpose.
    runtime.shutdown_background();
    result
}
