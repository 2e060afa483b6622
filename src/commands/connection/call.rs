//! The one function through which commands connect to a running server and print its answers.

use std::io::{self, IsTerminal};
use std::time::Duration;

use super::Failure;
use crate::cli::connection::{ConnectionArgs, TenantArgs};
use crate::client::{self, Printer, Target, Usher};
use crate::config::{self, process_environment};

/// Connects, and runs `work`.
///
/// # Errors
/// [`Failure`]: the options are wrong, there is no answer, or the answer is "no".
pub(super) async fn call_tenant(
    scope: &TenantArgs,
    work: impl AsyncFnOnce(&Usher, &mut Printer) -> Result<(), client::Error>,
) -> Result<(), Failure> {
    call_for(&scope.tenant, &scope.connection, work).await
}

/// The empty tenant, for commands about the installation.
pub(super) const INSTALLATION: &str = "";

/// Like [`call_tenant`], for another tenant, or for the [`INSTALLATION`].
pub(super) async fn call_for(
    tenant: &str,
    connection: &ConnectionArgs,
    work: impl AsyncFnOnce(&Usher, &mut Printer) -> Result<(), client::Error>,
) -> Result<(), Failure> {
    let (target, timeout) = config::call(connection, &process_environment).map_err(|wrong| Failure::Usage(wrong.0))?;
    let usher = Usher::connect(&target, tenant, timeout).await?;
    written(work(&usher, &mut printer(connection.json)).await)
}

/// Like [`call_tenant`], for commands with options of their own: reports all wrong options at once.
pub(super) async fn call_at(
    scope: &TenantArgs,
    (target, timeout): (Target, Duration),
    work: impl AsyncFnOnce(&Usher, &mut Printer) -> Result<(), client::Error>,
) -> Result<(), Failure> {
    let usher = Usher::connect(&target, &scope.tenant, timeout).await?;
    written(work(&usher, &mut printer(scope.connection.json)).await)
}

/// A printer to standard output. Tables are cut to the width of a terminal, and to nothing else.
pub(super) fn printer(json: bool) -> Printer {
    let terminal = io::stdout().is_terminal();
    let size = terminal.then(|| rustix::termios::tcgetwinsize(io::stdout()).ok()).flatten();
    Printer::new(json, size.map(|size| usize::from(size.ws_col)).filter(|columns| *columns > 0), io::stdout())
}

/// Maps the result. A reader that closed its end, such as `head`, is no failure.
pub(super) fn written(done: Result<(), client::Error>) -> Result<(), Failure> {
    match done {
        Err(client::Error::Unwritten(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        done => Ok(done?),
    }
}
