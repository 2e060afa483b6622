//! What happened in a run, in words: for people when it failed, and to compare two runs byte by byte.

use std::fmt::{Arguments, Write};

#[derive(Default)]
pub struct Trace {
    text: Option<String>,
    now: u64,
}

impl Trace {
    /// A run whose trace nobody reads does not write one.
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
