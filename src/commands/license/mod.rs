//! `usher license`: the commands of a vendor, which need no server. Commands that call a server are in `license_calls`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::license_calls::Call;

pub const EXAMPLES: &str = "\
Examples:
  Once: the key that signs, and the public key for those who install Usher
    usher license keygen --out vendor.pem
  A license
    usher license issue --key vendor.pem --tenant acme \\
      --seats primary=100,extranet=unlimited --tier gold \\
      --expires 2027-12-31 --out acme.lic
  What is in it, and whether it is genuine
    usher license verify acme.lic --keys vendor.jwks
  Where Usher runs, with --license-keys vendor.jwks: put it in force, look
    usher license install acme.lic --tenant acme
    usher license show --tenant acme
    usher license list --tenant acme
    usher license delete trial --tenant acme
  A first request, with the customer's id as the vendor's offer says it
    usher license request --tenant acme --customer-id C-4711 \\
      --seats primary=100 --out first.tlr
  Ask the vendor for 20 seats more, and to move 5 from extranet to primary
    usher license request --tenant acme --seats primary=20 \\
      --move extranet:primary=5 --out acme.tlr
  The same, sent to the vendor by the server; and the license that it has since
    usher license request --tenant acme --seats primary=20 --send
    usher license fetch --tenant acme
  The vendor's answer: the next revision
    usher license issue --key vendor.pem --request acme.tlr --out acme-2.lic
  Take it back
    usher license revoke --key vendor.pem --list vendor.revoked \\
      --tenant acme --license-id acme --revision 2

Days are in UTC. docs/LICENSE-FORMAT.md describes the documents.";

#[derive(Debug, Subcommand)]
pub enum License {
    #[command(flatten)]
    Vendor(Vendor),
    #[command(flatten)]
    Call(Call),
}

/// What needs no server.
#[derive(Debug, Subcommand)]
pub enum Vendor {
    /// Make a key that signs licenses, and its public key for those who install them
    #[command(after_help = EXAMPLES)]
    Keygen(Keygen),
    /// Sign a license: a first one, or the next revision for a customer's request
    #[command(after_help = EXAMPLES)]
    Issue(Box<Issue>),
    /// Show what is in a license; without --keys it may be forged
    #[command(after_help = EXAMPLES)]
    Inspect(Inspect),
    /// Check a license: exit code 0 when it is genuine and in force or will be, 10 when not
    #[command(after_help = EXAMPLES)]
    Verify(Verify),
    /// Take a license back: add it to a signed list, which is made where there is none
    #[command(after_help = EXAMPLES)]
    Revoke(Revoke),
}

#[derive(Debug, Args)]
pub struct Keygen {
    /// File for the private key, readable by its owner only: PKCS#8 in PEM
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// File for the public key, a JWKS [default: the name of --out, ending in .jwks]
    #[arg(long, value_name = "FILE")]
    pub jwks: Option<PathBuf>,
    /// Overwrite both files
    #[arg(long)]
    pub force: bool,
}

#[derive(Debug, Args)]
pub struct Signing {
    /// The key that signs: a file as `usher license keygen` makes it
    #[arg(long, value_name = "FILE")]
    pub key: PathBuf,
    /// More keys that may have signed what is continued here: a JWKS file or a folder of them
    #[arg(long, value_name = "PATH")]
    pub keys: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct Issue {
    #[command(flatten)]
    pub signing: Signing,
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
    pub grant: GrantArgs,
    #[command(flatten)]
    pub holder: HolderArgs,
    #[command(flatten)]
    pub validity: ValidityArgs,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Entitlements")]
pub struct GrantArgs {
    /// Seats of pools: primary=100,extranet=unlimited
    #[arg(long, value_name = "POOL=SEATS", value_delimiter = ',')]
    pub seats: Vec<String>,
    /// What counts in a pool, named or concurrent: primary=named [default: concurrent]
    #[arg(long, value_name = "POOL=PLAN", value_delimiter = ',')]
    pub plan: Vec<String>,
    /// A feature that is on: CRM_ALLOWED
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub feature: Vec<String>,
    /// A numeric limit: MAX_PUBLISH_LOCATIONS=50, or =unlimited
    #[arg(long, value_name = "NAME=NUMBER", value_delimiter = ',')]
    pub limit: Vec<String>,
    /// The package: bronze, silver, gold or platinum [default: bronze]
    #[arg(long, value_name = "TIER")]
    pub tier: Option<String>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Licensee")]
pub struct HolderArgs {
    /// The tenant; a --request brings it
    #[arg(long, value_name = "ID")]
    pub tenant: Option<String>,
    /// Which license it is; a second one of a tenant needs a name of its own [default: as the tenant]
    #[arg(long, value_name = "ID")]
    pub license_id: Option<String>,
    /// Which revision; it replaces every lower one [default: 1, or the next one of the --request]
    #[arg(long, value_name = "NUMBER")]
    pub revision: Option<String>,
    /// The customer's id with the vendor [default: as the tenant]
    #[arg(long, value_name = "ID")]
    pub customer_id: Option<String>,
    /// Whose name it bears [default: as the customer's id]
    #[arg(long, value_name = "NAME")]
    pub registered_to: Option<String>,
    /// A host on which it may be installed; * stands for any characters: '*.example.com' [default: any]
    #[arg(long, value_name = "PATTERN", value_delimiter = ',')]
    pub host: Vec<String>,
    /// The one installation on which it may be installed [default: any]
    #[arg(long, value_name = "UUID")]
    pub instance: Option<String>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Validity")]
pub struct ValidityArgs {
    /// Until the end of this day, or never: 2027-12-31; or until a moment: 2027-12-31T12:00:00Z [default: never]
    #[arg(long, value_name = "DATE")]
    pub expires: Option<String>,
    /// From this day or moment on [default: at once]
    #[arg(long, value_name = "DATE")]
    pub not_before: Option<String>,
}

#[derive(Debug, Args)]
pub struct Inspect {
    /// The license
    pub file: PathBuf,
    /// Check its signature, too: a JWKS file, or a folder of them and of revocation lists
    #[arg(long, value_name = "PATH")]
    pub keys: Option<PathBuf>,
    /// Answer in JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct Verify {
    /// The license
    pub file: PathBuf,
    /// Who may have signed it: a JWKS file, or a folder of them and of revocation lists
    #[arg(long, value_name = "PATH")]
    pub keys: PathBuf,
    /// Answer in JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct Revoke {
    #[command(flatten)]
    pub signing: Signing,
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
