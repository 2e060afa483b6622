//! Settings of the log.

use std::fmt;

/// Configuration of the log.
#[derive(Debug)]
pub struct LogSettings {
    /// A filter that [`parse`](super::filter::parse) accepts.
    pub filter: String,
    pub format: LogFormat,
}

/// Format of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    Text,
    Json,
}

impl fmt::Display for LogFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            LogFormat::Text => "text",
            LogFormat::Json => "json",
        })
    }
}
