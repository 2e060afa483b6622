//! What operators see: log lines on standard error, and metrics.

mod histograms;
pub mod metrics;
pub mod table;

use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::IsTerminal;
use std::panic::PanicHookInfo;

use tracing::Level;
use tracing_subscriber::EnvFilter;

use crate::config::{Log, LogFormat};

/// Log lines go to standard error from here on. Standard output is for what a command answers.
///
/// # Panics
/// When called twice, or with a filter that `config` did not accept.
pub fn start(log: &Log) {
    // What libraries find worth a line is told by whoever uses them. A filter that names one again overrides this.
    let filter = format!("refinery_core=warn,tokio_postgres=warn,{}", log.filter);
    let filter = EnvFilter::try_new(filter).expect("config accepted the filter");
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match log.format {
        LogFormat::Text => lines.with_ansi(std::io::stderr().is_terminal()).init(),
        LogFormat::Json => lines.json().flatten_event(true).init(),
    }
}

/// A panic is one line, in the form of the log; with RUST_BACKTRACE set, and a backtrace.
pub fn report_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let message = message(panic);
        let backtrace = Backtrace::capture();
        match (tracing::enabled!(Level::ERROR), backtrace.status() == BacktraceStatus::Captured) {
            (true, true) => tracing::error!(place, %backtrace, "panic: {message}"),
            (true, false) => tracing::error!(place, "panic: {message}"),
            (false, true) => eprintln!("usher: panic at {place}: {message}\n{backtrace}"),
            (false, false) => eprintln!("usher: panic at {place}: {message}"),
        }
    }));
}

fn message(panic: &PanicHookInfo) -> String {
    panic.payload_as_str().unwrap_or("no message").replace('\n', " ")
}
