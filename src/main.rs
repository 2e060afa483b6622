//! Reads the command line, runs the command, and returns the exit code. Everything else is in the library.

use std::process::ExitCode;

use usher::commands::{self, Bootstrap, Cli};
use usher::core_dumps::disable_core_dumps;
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
    let bootstrap = Bootstrap::of_process();
    telemetry::report_panics();
    disable_core_dumps();
    // Ends the process on --help (exit code 0), --version (0) and a wrong option (2).
    let cli = Cli::read();
    match bootstrap.and_then(|bootstrap| commands::run(cli.command, bootstrap)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("usher: {failure}");
            failure.exit_code().into()
        }
    }
}
