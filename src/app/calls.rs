//! Which command asks what.

use std::fs::File;

use super::Failure;
use super::ask::ask;
use crate::cli::ask::Ask;
use crate::cli::audit::{Audit, Export};
use crate::client::{self, Printer};

/// Asks a running Usher, and prints its answer.
///
/// # Errors
/// [`Failure`]: something is wrong with the command, or there is no answer, or it is "no".
pub async fn call(call: &Ask) -> Result<(), Failure> {
    match call {
        Ask::Usage(args) => ask(&args.asked, client::usage).await,
        Ask::Audit(Audit::List(args)) => {
            ask(&args.asked, async |usher, printer| client::audit::list(usher, printer, args).await).await
        }
        Ask::Audit(Audit::Export(args)) => export(args).await,
    }
}

/// Into a file, which is made once there is an Usher to fill it, or to standard output.
async fn export(args: &Export) -> Result<(), Failure> {
    ask(&args.asked, async |usher, printer| {
        let Some(path) = &args.output else { return client::audit::export(usher, printer, args).await };
        let unusable = |error| client::Error::Refused(format!("--output {}: {error}", path.display()));
        let file = File::create(path).map_err(unusable)?;
        client::audit::export(usher, &mut Printer::new(false, None, file), args).await
    })
    .await
}
