//! How far long work is, on standard error: one line that is written over, and only where somebody looks at it and at
//! nothing else.

use std::io::{self, IsTerminal, Write};

/// Gone when it is dropped.
#[derive(Debug)]
pub struct Progress {
    what: &'static str,
    total: Option<usize>,
    shown: bool,
}

impl Progress {
    /// Rows on the same terminal are progress enough.
    pub fn new(what: &'static str, total: usize) -> Self {
        Self { total: Some(total), ..Self::counting(what) }
    }

    /// Of work whose end nobody knows.
    pub fn counting(what: &'static str) -> Self {
        let shown = io::stderr().is_terminal() && !io::stdout().is_terminal();
        Self { what, total: None, shown }
    }

    pub fn at(&self, done: usize) {
        if self.shown {
            let of = self.total.map_or(String::new(), |total| format!(" of {total}"));
            // To the end of the line: what stood there before may be longer.
            let _ = write!(io::stderr(), "\r{done}{of} {}\x1b[K", self.what);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.shown {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}
