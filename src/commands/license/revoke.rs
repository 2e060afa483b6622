//! `usher license revoke`

use std::path::{Path, PathBuf};

use clap::Args;

use super::option_errors::OptionErrors;
use super::signing::{SigningArgs, signing};
use super::terms::revision_number;
use crate::clock::Clock;
use crate::commands::output::say;
use crate::failure::Failure;
use crate::files::named::{Output, PUBLIC, read};
use crate::ids::{LicenseId, TenantId};
use crate::license::{REVOCATIONS, Revocations, Revoked, Trust, parse_text, sign};

#[derive(Debug, Args)]
pub struct RevokeArgs {
    #[command(flatten)]
    pub signing: SigningArgs,
    /// The list; what is in it stays
    #[arg(long, value_name = "FILE")]
    pub list: PathBuf,
    /// The tenant
    #[arg(long, value_name = "ID")]
    pub tenant: String,
    /// Which license
    #[arg(long, value_name = "ID")]
    pub license_id: String,
    /// This revision and every lower one
    #[arg(long, value_name = "NUMBER")]
    pub revision: String,
    /// Why, for people
    #[arg(long, value_name = "TEXT")]
    pub why: Option<String>,
}

/// Adds a license to a revocation list, and signs the list anew.
pub fn run(args: &RevokeArgs) -> Result<(), Failure> {
    let now = Clock::system().wall();
    let mut problems = OptionErrors::default();
    let tenant = problems.take("--tenant", Some(&args.tenant), TenantId::parse);
    let license = problems.take("--license-id", Some(&args.license_id), LicenseId::parse);
    let through = problems.take("--revision", Some(&args.revision), revision_number);
    let why = problems.take("--why", args.why.as_deref(), parse_text);
    let key = signing(&args.signing).map_err(|wrong| problems.0.extend(wrong)).ok();
    let (Some(tenant), Some(license), Some(through), Some((key, trust)), []) =
        (tenant, license, through, key, &*problems.0)
    else {
        return Err(Failure::Usage(problems.0));
    };

    let usage = |problem| Failure::Usage(vec![problem]);
    let mut list = existing(&args.list, &trust).map_err(usage)?;
    list.add(tenant.clone(), license.clone(), Revoked { through, why });
    let document = sign(&key, REVOCATIONS, &list.to_json(now));
    // A list that a server would refuse, such as one that became too large, is not written.
    Trust::new([key.public().clone()])
        .open_revocations(&document)
        .map_err(|error| usage(format!("--list: {error}")))?;
    // Overwriting is safe: the new list contains everything of the old one.
    let out = Output { option: "--list", path: &args.list, mode: PUBLIC, force: true };
    out.write(format!("{document}\n").as_bytes()).map_err(usage)?;
    say(&shown(&args.list, &list));
    Ok(())
}

/// The revocations in the list so far; a missing file is an empty list. A list signed with an untrusted key is refused.
fn existing(path: &Path, trust: &Trust) -> Result<Revocations, String> {
    if !path.exists() {
        return Ok(Revocations::default());
    }
    let text = read("--list", path, REVOCATIONS.max_bytes())?;
    trust.open_revocations(&text).map_err(|rejection| format!("--list: {}: {rejection}", path.display()))
}

fn shown(path: &Path, list: &Revocations) -> String {
    let mut text = format!("{}: {} revoked\n", path.display(), list.len());
    for (tenant, license, revoked) in list.iter() {
        let why = revoked.why.as_deref().map(|why| format!(": {why}")).unwrap_or_default();
        text.push_str(&format!("  tenant {tenant}, license {license}, up to revision {}{why}\n", revoked.through));
    }
    text
}
