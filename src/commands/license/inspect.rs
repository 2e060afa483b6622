//! `usher license inspect`

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use super::claims_text;
use super::signing::trusted;
use crate::clock::Clock;
use crate::commands::output::say;
use crate::failure::Failure;
use crate::files::named::read;
use crate::ledger::time::WallTime;
use crate::license::{Claims, LICENSE, Rejection, Trust, unchecked};

#[derive(Debug, Args)]
pub struct InspectArgs {
    /// The license
    pub file: PathBuf,
    /// Check its signature, too: a JWKS file, or a folder of them and of revocation lists
    #[arg(long, value_name = "PATH")]
    pub keys: Option<PathBuf>,
    /// Answer in JSON
    #[arg(long)]
    pub json: bool,
}

/// Shows a license.
pub fn run(args: &InspectArgs) -> Result<(), Failure> {
    show(&args.file, args.keys.as_deref(), args.json)
}

/// Shows a license; with `keys`, also verifies it.
pub fn show(file: &Path, keys: Option<&Path>, json: bool) -> Result<(), Failure> {
    let now = Clock::system().wall();
    let text = read("FILE", file, LICENSE.max_bytes());
    let trust = keys.map(trusted).transpose();
    let (text, trust) = match (text, trust) {
        (Ok(text), Ok(trust)) => (text, trust),
        (text, trust) => return Err(Failure::Usage([text.err(), trust.err()].into_iter().flatten().collect())),
    };
    let read = unverified_claims(&text);
    let verdict = trust.map(|trust| checked(&text, &trust, now));
    // Without keys, the only check is whether the license can be read.
    let rejection = verdict.as_ref().map_or_else(|| read.as_ref().err(), |verdict| verdict.as_ref().err());
    let shown = read.as_ref().ok();
    say(&if json { as_json(shown, keys.is_some(), rejection) } else { as_text(shown, keys.is_some(), rejection, now) });
    match rejection {
        None => Ok(()),
        Some(rejection) => Err(Failure::LicenseNotValid(format!(
            "{}: not valid: {rejection} ({})",
            file.display(),
            rejection.reason()
        ))),
    }
}

/// The claims of a document and the id of the key that it names, without verification.
fn unverified_claims(text: &str) -> Result<(Claims, String), Rejection> {
    let document = unchecked(text, LICENSE)?;
    Ok((Claims::parse(&document.payload)?, document.kid))
}

/// Checks that the license is genuine, and in force now or later.
fn checked(text: &str, trust: &Trust, now: WallTime) -> Result<(), Rejection> {
    let claims = trust.verify(text)?.claims;
    trust.not_revoked(&claims)?;
    claims.not_expired(now)
}

fn as_json(shown: Option<&(Claims, String)>, checked: bool, rejection: Option<&Rejection>) -> String {
    // Without keys, it is unknown whether the license is valid.
    let valid = match rejection {
        Some(_) => json!(false),
        None if checked => json!(true),
        None => json!(null),
    };
    let answer = json!({
        "valid": valid,
        "reason": rejection.map(|rejection| rejection.reason().name()),
        "message": rejection.map(ToString::to_string),
        "kid": shown.map(|(_, kid)| kid),
        "claims": shown.map(|(claims, _)| claims.to_json()),
    });
    format!("{answer:#}\n")
}

fn as_text(shown: Option<&(Claims, String)>, checked: bool, rejection: Option<&Rejection>, now: WallTime) -> String {
    let Some((claims, kid)) = shown else { return String::new() };
    let verdict = match rejection {
        Some(rejection) => format!("NO: {rejection}"),
        None if checked => "yes: the signature was checked, and is genuine".into(),
        None => "NOT CHECKED: anybody can have written this; --keys checks the signature".into(),
    };
    format!("{}signed with    {kid}\nvalid          {verdict}\n", claims_text::claims(claims, now))
}
