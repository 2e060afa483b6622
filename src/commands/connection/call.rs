//! The one function through which commands connect to a running server and print its answers.

use std::time::Duration;

use super::{ConnectionArgs, Target, TenantArgs, Usher, target};
use crate::commands::error::Error;
use crate::commands::output::{Printer, printer, written};
use crate::failure::Failure;

/// Connects, and runs `work`.
///
/// # Errors
/// [`Failure`]: the options are wrong, there is no answer, or the answer is "no".
pub(crate) async fn call_tenant(
    scope: &TenantArgs,
    work: impl AsyncFnOnce(&Usher, &mut Printer) -> Result<(), Error>,
) -> Result<(), Failure> {
    call_for(&scope.tenant, &scope.connection, work).await
}

/// The empty tenant, for commands about the installation.
pub(crate) const INSTALLATION: &str = "";

/// Like [`call_tenant`], for another tenant, or for the [`INSTALLATION`].
pub(crate) async fn call_for(
    tenant: &str,
    connection: &ConnectionArgs,
    work: impl AsyncFnOnce(&Usher, &mut Printer) -> Result<(), Error>,
) -> Result<(), Failure> {
    let (target, timeout) = target::parse(connection).map_err(|wrong| Failure::Usage(wrong.0))?;
    let usher = Usher::connect(&target, tenant, timeout).await?;
    written(work(&usher, &mut printer(connection.json)).await)
}

/// Like [`call_tenant`], for commands with options of their own: reports all wrong options at once.
pub(crate) async fn call_at(
    scope: &TenantArgs,
    (target, timeout): (Target, Duration),
    work: impl AsyncFnOnce(&Usher, &mut Printer) -> Result<(), Error>,
) -> Result<(), Failure> {
    let usher = Usher::connect(&target, &scope.tenant, timeout).await?;
    written(work(&usher, &mut printer(scope.connection.json)).await)
}
