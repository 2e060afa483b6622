//! Reads the command line and the configuration, starts the logs, runs the command, and returns the exit code.
//! Everything else is in the library.

use std::process::ExitCode;

use anyhow::Context;
use clap::CommandFactory;
use tokio::runtime::Runtime;
use usher::app::{self, Failure, Signals};
use usher::cli::license::License;
use usher::cli::{Cli, Command};
use usher::config::{self, Config, process_environment};
use usher::telemetry;

/// jemalloc, because calls allocate one by one, and other threads free that memory a batch at a time.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Settings of jemalloc, which reads them at its start under this symbol name. Its background thread returns unused
/// memory to the system also when nothing happens; else the memory of a load peak would stay until the next one
/// (decision 33).
// The attribute is `unsafe` because an exported symbol name must be unique; no other symbol has this one.
#[used]
#[unsafe(export_name = "_rjem_malloc_conf")]
pub static ALLOCATOR_SETTINGS: &[u8; 23] = b"background_thread:true\0";

fn main() -> ExitCode {
    // Before anything else, so that a signal during the start of `serve` is handled, too.
    let early = serves().then(Early::listen);
    telemetry::report_panics();
    app::keep_memory_to_itself();
    // Ends the process on --help (exit code 0), --version (0) and a wrong option (2).
    let cli = Cli::read();
    match early.transpose().and_then(|early| run(cli.command, early)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("usher: {failure}");
            failure.exit_code().into()
        }
    }
}

/// True if the command is `serve`. Needed before the command line is parsed, because signals are listened to first.
fn serves() -> bool {
    std::env::args_os().nth(1).is_some_and(|word| word == "serve")
}

/// What `serve` creates before it reads its configuration.
struct Early {
    runtime: Runtime,
    signals: Signals,
}

impl Early {
    fn listen() -> Result<Self, Failure> {
        let runtime = runtime()?;
        let signals = runtime.block_on(async { Signals::listen() })?;
        Ok(Self { runtime, signals })
    }
}

fn run(command: Command, early: Option<Early>) -> Result<(), Failure> {
    match command {
        Command::Serve(args) => {
            let Early { runtime, signals } = early.map_or_else(Early::listen, Ok)?;
            let config = Config::new(&args, &process_environment)?;
            let log = telemetry::start(&config.log);
            block_on_this(runtime, app::serve(config, log, signals))
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
        Command::Client(call) => block_on(app::call(&call)),
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "usher", &mut std::io::stdout());
            Ok(())
        }
    }
}

fn block_on(work: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    block_on_this(runtime()?, work)
}

fn runtime() -> Result<Runtime, Failure> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build().context("no threads")?)
}

fn block_on_this(runtime: Runtime, work: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    let result = runtime.block_on(work);
    // The work has waited for everything that must end; the rest is abandoned on purpose.
    runtime.shutdown_background();
    result
}
