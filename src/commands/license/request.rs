//! `usher license request`

use std::path::PathBuf;

use clap::Args;

use super::answers;
use super::option_errors::OptionErrors;
use super::requested_changes::{RequestedChanges, seats_moved, seats_wanted};
use crate::commands::connection::{TenantArgs, Usher, target};
use crate::commands::error::Error;
use crate::commands::output::{Rendered, printer, written};
use crate::failure::Failure;
use crate::files::named::{Output, PUBLIC};

#[derive(Debug, Args)]
pub struct RequestArgs {
    #[command(flatten)]
    pub scope: TenantArgs,
    /// Seats to add to pools: primary=10,crm=7. The tenant's policy sets the smallest number, 5 by default
    #[arg(long, value_name = "POOL=SEATS", value_delimiter = ',')]
    pub seats: Vec<String>,
    /// Seats to move from one pool to another, any number: crm:primary=2 takes 2 from crm and puts them into primary
    #[arg(long = "move", value_name = "FROM:TO=SEATS", value_delimiter = ',')]
    pub moves: Vec<String>,
    /// The version of Usher to update to
    #[arg(long, value_name = "VERSION")]
    pub target_version: Option<String>,
    /// The customer's id with the vendor, for a first request; later ones say what the license says
    #[arg(long, value_name = "ID")]
    pub customer_id: Option<String>,
    /// Send it to the vendor by mail, to the address that the server has (--license-request-to); the answer goes to the
    /// tenant's responsible person
    #[arg(long)]
    pub send: bool,
    /// File for the request, such as acme.tlr [default: standard output, or none with --send]
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Overwrite --out
    #[arg(long)]
    pub force: bool,
}

/// Makes a request, and prints it, writes it to a file or has it sent.
pub async fn run(args: &RequestArgs) -> Result<(), Failure> {
    let mut problems = OptionErrors::default();
    let changes = changes(args, &mut problems);
    let target = target::parse(&args.scope.connection).map_err(|wrong| problems.0.extend(wrong.0)).ok();
    let out = args.out.as_deref();
    let out = out.map(|path| Output { option: "--out", path, mode: PUBLIC, force: args.force });
    problems.0.extend(out.as_ref().and_then(|out| out.check().err()));
    let (Some((target, timeout)), []) = (target, &*problems.0) else { return Err(Failure::Usage(problems.0)) };

    let usher = Usher::connect(&target, &args.scope.tenant, timeout).await?;
    let made = if args.send { send(&usher, &changes).await? } else { request(&usher, &changes).await? };
    let (document, answer) = made;
    let mut printer = printer(args.scope.connection.json);
    let Some(out) = out else {
        return written(if args.scope.connection.json || args.send {
            printer.print(&answer)
        } else {
            printer.text(&document)
        });
    };
    out.write(document.as_bytes()).map_err(|problem| Failure::Usage(vec![problem]))?;
    let file = if args.scope.connection.json { String::new() } else { format!("{}: ", out.path.display()) };
    written(printer.text(&file).and_then(|()| printer.print(&answer)))
}

fn changes(args: &RequestArgs, problems: &mut OptionErrors) -> RequestedChanges {
    RequestedChanges {
        seats: problems.each("--seats", &args.seats, seats_wanted),
        moves: problems.each("--move", &args.moves, seats_moved),
        target_version: args.target_version.clone(),
        customer_id: args.customer_id.clone(),
    }
}

/// Requests a license request; returns the document, and the answer to print.
///
/// # Errors
/// [`Error`]
async fn request(usher: &Usher, changes: &RequestedChanges) -> Result<(String, Rendered), Error> {
    let request = usher.request(changes.of(&usher.tenant));
    let made = usher.answer(usher.licenses().create_license_request(request)).await?;
    let answer = Rendered::new(&made, answers::changes(&usher.tenant, changes));
    Ok((made.document, answer))
}

/// Like [`request`], but the service sends the document to the vendor.
///
/// # Errors
/// [`Error`]
async fn send(usher: &Usher, changes: &RequestedChanges) -> Result<(String, Rendered), Error> {
    let request = usher.request(changes.to_send(&usher.tenant));
    let sent = usher.answer(usher.licenses().send_license_request(request)).await?;
    let answer = Rendered::new(&sent, answers::sent(&sent, answers::changes(&usher.tenant, changes)));
    Ok((sent.document, answer))
}
