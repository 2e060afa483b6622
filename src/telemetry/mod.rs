//! Output for operators: log lines on standard error, and metrics.

mod fields;
pub mod filter;
mod histograms;
pub mod metrics;
mod settings;
pub mod table;

use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::IsTerminal;
use std::panic::PanicHookInfo;
use std::sync::Arc;

use tracing::Level;

pub use filter::LogFilter;
pub use settings::{LogFormat, LogSettings};

/// Starts logging to standard error. Standard output is for the results of commands.
///
/// # Panics
/// If called twice, or with a filter that `config` did not accept.
pub fn start(log: &LogSettings) -> Arc<LogFilter> {
    let filter = filter::parse(&log.filter).expect("config accepted the filter");
    let lines = tracing_subscriber::fmt().with_writer(std::io::stderr);
    match log.format {
        LogFormat::Text => {
            let lines = lines.with_ansi(std::io::stderr().is_terminal()).fmt_fields(fields::Quoted);
            let lines = lines.with_env_filter(filter).with_filter_reloading();
            let handle = lines.reload_handle();
            lines.init();
            LogFilter::new(&log.filter, move |filter| drop(handle.reload(filter)))
        }
        LogFormat::Json => {
            // The span of the call is enough: there are no spans around it.
            let lines = lines.json().flatten_event(true).with_span_list(false);
            let lines = lines.with_env_filter(filter).with_filter_reloading();
            let handle = lines.reload_handle();
            lines.init();
            LogFilter::new(&log.filter, move |filter| drop(handle.reload(filter)))
        }
    }
}

/// Makes a panic one log line in the configured format, with a backtrace if RUST_BACKTRACE is set.
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
