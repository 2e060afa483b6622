//! `usher license issue`

use std::path::{Path, PathBuf};

use clap::Args;

use super::claims_text;
use super::option_errors::OptionErrors;
use super::signing::{SigningArgs, signing};
use super::terms::{TermsArgs, terms};
use crate::clock::Clock;
use crate::commands::output::say;
use crate::failure::Failure;
use crate::files::named::{Output, PUBLIC, read};
use crate::license::{LICENSE, MAX_REQUEST_BYTES, Request, Trust, armored, issue, sign};

#[derive(Debug, Args)]
pub struct IssueArgs {
    #[command(flatten)]
    pub signing: SigningArgs,
    /// A customer's request: its license is revised, with the seats that it adds and moves; options override it
    #[arg(long, value_name = "FILE")]
    pub request: Option<PathBuf>,
    /// File for the license [default: standard output]
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Put the license between two lines that say what it is, for mail
    #[arg(long)]
    pub armor: bool,
    /// Overwrite --out
    #[arg(long)]
    pub force: bool,
    #[command(flatten)]
    pub terms: TermsArgs,
}

/// Issues a license, and writes it to a file or to standard output.
pub fn run(args: &IssueArgs) -> Result<(), Failure> {
    let now = Clock::system().wall();
    let mut problems = OptionErrors::default();
    let terms = terms(&args.terms, &mut problems);
    let key = signing(&args.signing).map_err(|wrong| problems.0.extend(wrong)).ok();
    let request = args.request.as_deref().map(request).transpose();
    let request = request.map_err(|problem| problems.0.push(problem)).ok();
    let out = args.out.as_deref();
    let out = out.map(|path| Output { option: "--out", path, mode: PUBLIC, force: args.force });
    problems.0.extend(out.as_ref().and_then(|out| out.check().err()));
    let (Some((key, trust)), Some(request), []) = (key, request, &*problems.0) else {
        return Err(Failure::Usage(problems.0));
    };

    let usage = |problem| Failure::Usage(vec![problem]);
    let claims = issue(&terms, request.as_ref(), &trust, now).map_err(|error| Failure::Usage(error.0))?;
    let compact = sign(&key, LICENSE, &claims.to_json());
    // The size is known only now. A license that a server would refuse is not written.
    let verified = Trust::new([key.public().clone()]).verify(&compact).map_err(|error| usage(error.to_string()))?;
    let document = if args.armor { armored(&compact) } else { format!("{compact}\n") };
    match out {
        Some(out) => {
            out.write(document.as_bytes()).map_err(usage)?;
            say(&format!("{}\n{}", out.path.display(), claims_text::claims(&verified.claims, now)));
        }
        None => say(&document),
    }
    Ok(())
}

fn request(path: &Path) -> Result<Request, String> {
    let text = read("--request", path, MAX_REQUEST_BYTES)?;
    Request::parse(text.as_bytes()).map_err(|wrong| format!("--request: {}: {wrong}", path.display()))
}
