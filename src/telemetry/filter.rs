//! Log filter: set by `--log` at the start, and changeable at run time, for a time or permanently.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio_util::task::AbortOnDropHandle;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

/// Libraries whose log lines repeat what Usher logs, or contain what must not be logged, such as headers. A filter that
/// names one of them overrides this.
const QUIET: &str = "refinery_core=warn,tokio_postgres=warn,h2=warn,hyper=warn,hyper_util=warn,hyper_rustls=warn,\
                     rustls=warn,tokio_rustls=warn,tonic=warn,tower=warn,lettre=warn";
/// In bytes; filters are ASCII.
const MAX_FILTER_BYTES: usize = 1_024;

/// Parses a filter such as `info`, or `warn,usher::journal=debug`.
///
/// # Errors
/// Description of the error in the filter.
pub fn parse(filter: &str) -> Result<EnvFilter, String> {
    if filter.is_empty() || filter.len() > MAX_FILTER_BYTES {
        return Err(format!("must have 1 to {MAX_FILTER_BYTES} characters"));
    }
    if !filter.is_ascii() {
        // The library panics at some other characters.
        return Err(format!("{filter:?} contains characters that are not allowed in a filter"));
    }
    directives(filter)?;
    EnvFilter::try_new(filter).map_err(|error| format!("{filter:?}: {error}"))?;
    let quiet = !matches!(filter, "off" | "error");
    let whole = if quiet { format!("{QUIET},{filter}") } else { filter.to_owned() };
    EnvFilter::try_new(whole).map_err(|error| format!("{filter:?}: {error}"))
}

/// Checks each part of the filter, because the library accepts mistakes and then logs nothing: it reads an unknown
/// level as a module, and white space as a part of a module's name.
fn directives(filter: &str) -> Result<(), String> {
    let is_level = |part: &str| !part.is_empty() && part.parse::<LevelFilter>().is_ok();
    let is_module = |part: &str| part.contains(['=', '[']) && !part.contains(char::is_whitespace);
    match filter.split(',').find(|part| !is_level(part) && !is_module(part)) {
        None => Ok(()),
        Some(part) => Err(format!(
            "{part:?} is neither a level (off, error, warn, info, debug or trace) nor a module with its level, such as \
             usher::journal=debug"
        )),
    }
}

/// The filter in force.
pub struct LogFilter {
    put: Box<dyn Fn(EnvFilter) + Send + Sync>,
    state: Mutex<State>,
}

struct State {
    /// The permanent filter, to which a temporary one returns.
    for_good: String,
    now: String,
    /// Number of changes: a timer that ends checks that its own change is still the last.
    changes: u64,
    going_back: Option<AbortOnDropHandle<()>>,
}

/// Result of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    pub previous: String,
    pub current: String,
}

impl LogFilter {
    /// `put` activates a filter.
    #[must_use]
    pub fn new(filter: &str, put: impl Fn(EnvFilter) + Send + Sync + 'static) -> Arc<Self> {
        let state = State { for_good: filter.to_owned(), now: filter.to_owned(), changes: 0, going_back: None };
        Arc::new(Self { put: Box::new(put), state: Mutex::new(state) })
    }

    /// Text of the filter in force.
    #[must_use]
    pub fn now(&self) -> String {
        self.state().now.clone()
    }

    /// Sets the filter, for `time` or permanently. After `time` the permanent filter is in force again. Needs a
    /// runtime.
    ///
    /// # Errors
    /// Description of the error in the filter.
    pub fn set(self: &Arc<Self>, filter: &str, time: Option<Duration>) -> Result<Changed, String> {
        let parsed = parse(filter)?;
        let mut state = self.state();
        state.changes += 1;
        let back = |time| tokio::spawn(Arc::clone(self).go_back(time, state.changes));
        let back = time.map(|time| AbortOnDropHandle::new(back(time)));
        state.going_back = back;
        if time.is_none() {
            state.for_good = filter.to_owned();
        }
        let previous = std::mem::replace(&mut state.now, filter.to_owned());
        (self.put)(parsed);
        Ok(Changed { previous, current: filter.to_owned() })
    }

    async fn go_back(self: Arc<Self>, time: Duration, change: u64) {
        tokio::time::sleep(time).await;
        let mut state = self.state();
        if state.changes != change {
            return;
        }
        state.now = state.for_good.clone();
        if let Ok(parsed) = parse(&state.now) {
            (self.put)(parsed);
        }
        tracing::info!(filter = state.now, "the log filter was reset");
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc;

    use super::*;

    #[test]
    fn a_filter_is_read_or_what_is_wrong_is_said() {
        for filter in ["info", "INFO", "3", "off", "warn,usher::journal=debug", "h2=trace", "usher[{tenant}]=debug"] {
            assert!(parse(filter).is_ok(), "{filter}");
        }
        for (filter, problem) in [
            ("", "must have 1"),
            ("usher=loud", "\"usher=loud\": "),
            ("\u{e4}=info", "contains characters"),
            ("infoo", "\"infoo\" is neither a level"),
            ("usher", "\"usher\" is neither a level"),
            ("usher::journal=debug,inf", "\"inf\" is neither a level"),
            ("warn, usher::journal=debug", "\" usher::journal=debug\" is neither a level"),
            (" info", "\" info\" is neither a level"),
            (",", "\"\" is neither a level"),
            (&"a".repeat(1_025), "1024"),
        ] {
            let message = parse(filter).unwrap_err();
            assert!(message.contains(problem), "{message}");
        }
    }

    #[test]
    fn libraries_are_quiet_unless_they_are_named() {
        let shown = |filter: &str| parse(filter).unwrap().to_string();
        assert!(shown("debug").contains("h2=warn"));
        assert!(shown("debug,h2=trace").contains("h2=trace") && !shown("debug,h2=trace").contains("h2=warn"));
        assert_eq!(shown("off"), "off");
    }

    #[tokio::test(start_paused = true)]
    async fn after_its_time_a_filter_goes_back_to_the_one_that_was_set_for_good() {
        let (put, mut puts) = mpsc::unbounded_channel();
        let filter = LogFilter::new("info", move |filter| drop(put.send(filter.to_string())));
        let mut next = async || puts.recv().await.unwrap().split(',').next_back().unwrap().to_owned();
        let minutes = |minutes: u64| Some(Duration::from_secs(60 * minutes));
        assert_eq!(filter.set("debug", minutes(10)).unwrap().previous, "info");
        assert_eq!(next().await, "debug");
        // Another change in between: its time applies.
        assert_eq!(filter.set("trace", minutes(1)).unwrap().previous, "debug");
        assert_eq!((next().await, filter.now()), ("trace".to_owned(), "trace".to_owned()));
        assert_eq!((next().await, filter.now()), ("info".to_owned(), "info".to_owned()));
        filter.set("error", minutes(1)).unwrap();
        filter.set("warn", None).unwrap();
        assert!(filter.set("usher=loud", None).is_err());
        tokio::time::advance(Duration::from_secs(3_600)).await;
        assert_eq!(filter.now(), "warn", "for good");
    }
}
