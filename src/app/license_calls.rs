//! `usher license request`, `install`, `list` and `delete`: files and options here, the calls in `client`.

use std::path::Path;
use std::time::Duration;

use http::uri::Authority;

use super::Failure;
use super::answers::say;
use super::vendor::files::{Output, PUBLIC, read, read_input};
use super::vendor::terms::Problems;
use crate::cli::license_calls::{Asked, Call, Delete, Install, Request};
use crate::client::{self, Answer, Licenses, Wishes, seats_moved, seats_wanted};
use crate::config;
use crate::license::LICENSE;

/// Asks a running Usher, and prints its answer.
///
/// # Errors
/// [`Failure`]: everything that is wrong with the command, or there is no answer, or it is "no".
pub async fn license_call(call: &Call) -> Result<(), Failure> {
    match call {
        Call::Request(args) => request(args).await,
        Call::Install(args) => install(args).await,
        Call::List(args) => answer(&args.asked, target(&args.asked)?, Licenses::list).await,
        Call::Delete(args) => delete(args).await,
    }
}

type Target = (Authority, Duration);

fn target(asked: &Asked) -> Result<Target, Failure> {
    config::call(asked).map_err(|wrong| Failure::Usage(wrong.0))
}

async fn answer(
    asked: &Asked,
    (address, timeout): Target,
    work: impl AsyncFnOnce(Licenses) -> Result<Answer, client::Error>,
) -> Result<(), Failure> {
    let answer = Licenses::within(timeout, &address, &asked.tenant, work).await?;
    say(&shown(asked, &answer));
    Ok(())
}

fn shown(asked: &Asked, answer: &Answer) -> String {
    if asked.json { format!("{:#}\n", answer.json) } else { answer.for_people.clone() }
}

async fn request(args: &Request) -> Result<(), Failure> {
    let mut problems = Problems::default();
    let wishes = wishes(args, &mut problems);
    let target = config::call(&args.asked).map_err(|wrong| problems.0.extend(wrong.0)).ok();
    let out = args.out.as_deref();
    let out = out.map(|path| Output { option: "--out", path, mode: PUBLIC, force: args.force });
    problems.0.extend(out.as_ref().and_then(|out| out.check().err()));
    let (Some((address, timeout)), []) = (target, &*problems.0) else { return Err(Failure::Usage(problems.0)) };

    let work = async |licenses: Licenses| licenses.request(&wishes).await;
    let (document, answer) = Licenses::within(timeout, &address, &args.asked.tenant, work).await?;
    let Some(out) = out else {
        say(&if args.asked.json { shown(&args.asked, &answer) } else { document });
        return Ok(());
    };
    out.write(document.as_bytes()).map_err(|problem| Failure::Usage(vec![problem]))?;
    let file = if args.asked.json { String::new() } else { format!("{}: ", out.path.display()) };
    say(&format!("{file}{}", shown(&args.asked, &answer)));
    Ok(())
}

fn wishes(args: &Request, problems: &mut Problems) -> Wishes {
    Wishes {
        seats: problems.each("--seats", &args.seats, seats_wanted),
        moves: problems.each("--move", &args.moves, seats_moved),
        target_version: args.target_version.clone(),
    }
}

async fn install(args: &Install) -> Result<(), Failure> {
    let target = config::call(&args.asked).map_err(|wrong| wrong.0);
    let document = document(&args.file).map_err(|problem| vec![problem]);
    let (target, document) = match (target, document) {
        (Ok(target), Ok(document)) => (target, document),
        (target, document) => {
            return Err(Failure::Usage([target.err(), document.err()].into_iter().flatten().flatten().collect()));
        }
    };
    let installed = answer(&args.asked, target, async |licenses| licenses.install(document).await).await;
    let file = if is_input(&args.file) { "standard input".into() } else { args.file.display().to_string() };
    installed.map_err(|failure| match failure {
        Failure::LicenseNotValid(why) => Failure::LicenseNotValid(format!("{file}: {why}")),
        other => other,
    })
}

/// A byte more than a license can have is enough: the service refuses it.
fn document(file: &Path) -> Result<String, String> {
    if is_input(file) { read_input("FILE", LICENSE.most()) } else { read("FILE", file, LICENSE.most()) }
}

fn is_input(file: &Path) -> bool {
    file == Path::new("-")
}

async fn delete(args: &Delete) -> Result<(), Failure> {
    let target = target(&args.asked)?;
    match &args.license {
        Some(license) => answer(&args.asked, target, async |licenses| licenses.delete(license).await).await,
        // `--all`: one of the two is there.
        None => answer(&args.asked, target, Licenses::delete_all).await,
    }
}
