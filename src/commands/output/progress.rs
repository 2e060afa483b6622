//! Progress of long work: one line on standard error that is overwritten. It is shown only if standard error is a
//! terminal and standard output is not.

use std::io::{self, IsTerminal, Write};

/// A progress line, which is erased when this value is dropped.
#[derive(Debug)]
pub struct Progress {
    what: &'static str,
    total: Option<usize>,
    shown: bool,
}

impl Progress {
    /// Progress of work with a known end.
    pub fn new(what: &'static str, total: usize) -> Self {
        Self { total: Some(total), ..Self::counting(what) }
    }

    /// Progress of work whose end is not known. If standard output is the same terminal, its rows show enough.
    pub fn counting(what: &'static str) -> Self {
        let shown = io::stderr().is_terminal() && !io::stdout().is_terminal();
        Self { what, total: None, shown }
    }

    /// Shows that `done` items are done.
    pub fn at(&self, done: usize) {
        if self.shown {
            let of = self.total.map_or(String::new(), |total| format!(" of {total}"));
            // Clears the rest of the line, because the previous text may have been longer.
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
