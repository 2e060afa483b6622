//! `usher license request`, `show`, `fetch`, `install`, `list` and `delete`: files and options here, the calls in
//! `client`.

use std::path::Path;

use super::Failure;
use super::connection::{call_at, call_tenant, printer, written};
use super::vendor::files::{Output, PUBLIC, read, read_input};
use super::vendor::terms::OptionErrors;
use crate::cli::license_calls::{Call, Delete, Install, Request};
use crate::client::license::{self, RequestedChanges, seats_moved, seats_wanted};
use crate::client::{Printer, Usher};
use crate::config::{self, process_environment};
use crate::license::LICENSE;

/// Runs a license command that calls a running server, and prints the answer.
///
/// # Errors
/// [`Failure`]: all mistakes in the command, or there is no answer, or the answer is "no".
pub async fn license_call(call: &Call) -> Result<(), Failure> {
    match call {
        Call::Request(args) => request(args).await,
        Call::Show(args) => call_tenant(&args.scope, license::show).await,
        Call::Fetch(args) => call_tenant(&args.scope, license::fetch).await,
        Call::Install(args) => install(args).await,
        Call::List(args) => call_tenant(&args.scope, license::list).await,
        Call::Delete(args) => delete(args).await,
    }
}

async fn request(args: &Request) -> Result<(), Failure> {
    let mut problems = OptionErrors::default();
    let changes = changes(args, &mut problems);
    let target =
        config::call(&args.scope.connection, &process_environment).map_err(|wrong| problems.0.extend(wrong.0)).ok();
    let out = args.out.as_deref();
    let out = out.map(|path| Output { option: "--out", path, mode: PUBLIC, force: args.force });
    problems.0.extend(out.as_ref().and_then(|out| out.check().err()));
    let (Some((target, timeout)), []) = (target, &*problems.0) else { return Err(Failure::Usage(problems.0)) };

    let usher = Usher::connect(&target, &args.scope.tenant, timeout).await?;
    let made =
        if args.send { license::send(&usher, &changes).await? } else { license::request(&usher, &changes).await? };
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

fn changes(args: &Request, problems: &mut OptionErrors) -> RequestedChanges {
    RequestedChanges {
        seats: problems.each("--seats", &args.seats, seats_wanted),
        moves: problems.each("--move", &args.moves, seats_moved),
        target_version: args.target_version.clone(),
        customer_id: args.customer_id.clone(),
    }
}

async fn install(args: &Install) -> Result<(), Failure> {
    let target = config::call(&args.scope.connection, &process_environment).map_err(|wrong| wrong.0);
    let document = document(&args.file).map_err(|problem| vec![problem]);
    let (target, document) = match (target, document) {
        (Ok(target), Ok(document)) => (target, document),
        (target, document) => {
            return Err(Failure::Usage([target.err(), document.err()].into_iter().flatten().flatten().collect()));
        }
    };
    let install = async |usher: &Usher, printer: &mut Printer| license::install(usher, printer, document).await;
    let file = if is_input(&args.file) { "standard input".into() } else { args.file.display().to_string() };
    call_at(&args.scope, target, install).await.map_err(|failure| match failure {
        Failure::LicenseNotValid(why) => Failure::LicenseNotValid(format!("{file}: {why}")),
        other => other,
    })
}

/// Reads one byte more than a license can have; the service refuses such a text.
fn document(file: &Path) -> Result<String, String> {
    if is_input(file) { read_input("FILE", LICENSE.most()) } else { read("FILE", file, LICENSE.most()) }
}

fn is_input(file: &Path) -> bool {
    file == Path::new("-")
}

async fn delete(args: &Delete) -> Result<(), Failure> {
    match &args.license {
        Some(license) => {
            call_tenant(&args.scope, async |usher, printer| license::delete(usher, printer, license).await).await
        }
        // clap requires an id or `--all`, so this is `--all`.
        None => call_tenant(&args.scope, license::delete_all).await,
    }
}
