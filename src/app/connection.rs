//! The one way in which commands ask a running Usher and print what it answers.

use std::io::{self, IsTerminal};
use std::time::Duration;

use super::Failure;
use crate::cli::connection::{ConnectionArgs, TenantArgs};
use crate::client::{self, Printer, Target, Usher};
use crate::config::{self, process_environment};

/// Connects, and does the work.
///
/// # Errors
/// [`Failure`]: the options are wrong, or there is no answer, or it is "no".
pub(super) async fn call_tenant(
    scope: &TenantArgs,
    work: impl AsyncFnOnce(&Usher, &mut Printer) -> Result<(), client::Error>,
) -> Result<(), Failure> {
    call_for(&scope.tenant, &scope.connection, work).await
}

/// For what belongs to no tenant.
pub(super) const INSTALLATION: &str = "";

/// The same about another tenant, or about the [`INSTALLATION`].
pub(super) async fn call_for(
    tenant: &str,
    connection: &ConnectionArgs,
    work: impl AsyncFnOnce(&Usher, &mut Printer) -> Result<(), client::Error>,
) -> Result<(), Failure> {
    let (target, timeout) = config::call(connection, &process_environment).map_err(|wrong| Failure::Usage(wrong.0))?;
    let usher = Usher::connect(&target, tenant, timeout).await?;
    written(work(&usher, &mut printer(connection.json)).await)
}

/// The same for commands that have more options to be wrong, and tell all at once.
pub(super) async fn call_at(
    scope: &TenantArgs,
    (target, timeout): (Target, Duration),
    work: impl AsyncFnOnce(&Usher, &mut Printer) -> Result<(), client::Error>,
) -> Result<(), Failure> {
    let usher = Usher::connect(&target, &scope.tenant, timeout).await?;
    written(work(&usher, &mut printer(scope.connection.json)).await)
}

/// Standard output. Tables are cut to a terminal, and to nothing else.
pub(super) fn printer(json: bool) -> Printer {
    let terminal = io::stdout().is_terminal();
    let size = terminal.then(|| rustix::termios::tcgetwinsize(io::stdout()).ok()).flatten();
    Printer::new(json, size.map(|size| usize::from(size.ws_col)).filter(|columns| *columns > 0), io::stdout())
}

/// A reader who has seen enough and went away, such as `head`, is no failure.
pub(super) fn written(done: Result<(), client::Error>) -> Result<(), Failure> {
    match done {
        Err(client::Error::Unwritten(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        done => Ok(done?),
    }
}
