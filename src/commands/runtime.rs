//! The runtime of a command.

use anyhow::Context;
use tokio::runtime::{Builder, Runtime};

use crate::failure::Failure;

/// Builds the runtime.
///
/// # Errors
/// The system gives no threads.
pub fn runtime() -> Result<Runtime, Failure> {
    Ok(Builder::new_multi_thread().enable_all().build().context("no threads")?)
}

/// Runs the work of a command on a runtime of its own.
///
/// # Errors
/// Those of `work`; or the system gives no threads.
pub fn block_on(work: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    block_on_this(runtime()?, work)
}

/// Like [`block_on`], on a runtime that exists.
///
/// # Errors
/// Those of `work`.
pub fn block_on_this(runtime: Runtime, work: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    let result = runtime.block_on(work);
    // The work has waited for everything that must end; the rest is abandoned on purpose.
    runtime.shutdown_background();
    result
}
