//! Standard output.

use std::io::{self, IsTerminal, Write};

use super::Printer;
use crate::commands::error::Error;
use crate::failure::Failure;

/// Prints `text`. A closed standard output is no failure.
pub fn say(text: &str) {
    let mut output = io::stdout().lock();
    let _ = output.write_all(text.as_bytes()).and_then(|()| output.flush());
}

/// A printer to standard output. Tables are cut to the width of a terminal, and to nothing else.
pub fn printer(json: bool) -> Printer {
    let terminal = io::stdout().is_terminal();
    let size = terminal.then(|| rustix::termios::tcgetwinsize(io::stdout()).ok()).flatten();
    Printer::new(json, size.map(|size| usize::from(size.ws_col)).filter(|columns| *columns > 0), io::stdout())
}

/// Maps the result. A reader that closed its end, such as `head`, is no failure.
pub fn written(done: Result<(), Error>) -> Result<(), Failure> {
    match done {
        Err(Error::Unwritten(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        done => Ok(done?),
    }
}
