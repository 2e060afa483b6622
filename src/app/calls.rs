//! Which command asks what.

use super::Failure;
use super::ask::ask;
use crate::cli::ask::Ask;
use crate::client;

/// Asks a running Usher, and prints its answer.
///
/// # Errors
/// [`Failure`]: something is wrong with the command, or there is no answer, or it is "no".
pub async fn call(call: &Ask) -> Result<(), Failure> {
    match call {
        Ask::Usage(args) => ask(&args.asked, client::usage).await,
    }
}
