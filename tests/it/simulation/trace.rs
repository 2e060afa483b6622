//! The trace of a run, in words: for people after a failure, and to compare two runs byte by byte.

use std::fmt::{Arguments, Write};

#[derive(Default)]
pub struct Trace {
    text: Option<String>,
    now: u64,
}

impl Trace {
    /// `kept`: whether the trace is read; otherwise it is not written.
    pub fn new(kept: bool) -> Self {
        Self { text: kept.then(String::new), now: 0 }
    }

    pub fn at(&mut self, now: u64) {
        self.now = now;
    }

    pub fn line(&mut self, what: Arguments) {
        if let Some(text) = &mut self.text {
            let (seconds, millis) = (self.now / 1_000, self.now % 1_000);
            writeln!(text, "{seconds:>6}.{millis:03} {what}").expect("a string takes everything");
        }
    }

    pub fn into_text(self) -> String {
        self.text.unwrap_or_default()
    }
}
