//! `usher license`: the commands of those who sign licenses, which need no server, and those that call a server.

mod answers;
mod claims_text;
mod delete;
mod fetch;
mod inspect;
mod install;
mod issue;
mod keygen;
mod list;
mod option_errors;
mod request;
mod requested_changes;
mod revoke;
mod show;
mod signing;
mod terms;
mod verify;

use clap::Subcommand;

use crate::failure::Failure;

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
    /// Make a key that signs licenses, and its public key for those who install them
    #[command(after_help = EXAMPLES)]
    Keygen(keygen::KeygenArgs),
    /// Sign a license: a first one, or the next revision for a customer's request
    #[command(after_help = EXAMPLES)]
    Issue(Box<issue::IssueArgs>),
    /// Show what is in a license; without --keys it may be forged
    #[command(after_help = EXAMPLES)]
    Inspect(inspect::InspectArgs),
    /// Check a license: exit code 0 when it is genuine and in force or will be, 10 when not
    #[command(after_help = EXAMPLES)]
    Verify(verify::VerifyArgs),
    /// Take a license back: add it to a signed list, which is made where there is none
    #[command(after_help = EXAMPLES)]
    Revoke(revoke::RevokeArgs),
    /// Ask a running Usher for a document that asks the vendor for more seats, a move of seats, or a renewal; with --send it
    /// goes to the vendor at once
    #[command(after_help = EXAMPLES)]
    Request(request::RequestArgs),
    /// Show what was bought and what is in use: the license page
    #[command(after_help = EXAMPLES)]
    Show(show::ShowArgs),
    /// Have a running Usher look for a newer license in the vendor's folder, and install it: exit code 10 when it is refused
    #[command(after_help = EXAMPLES)]
    Fetch(fetch::FetchArgs),
    /// Install a license: exit code 10 when it is refused
    #[command(after_help = EXAMPLES)]
    Install(install::InstallArgs),
    /// List a tenant's licenses, each with its revisions
    #[command(after_help = EXAMPLES)]
    List(list::ListArgs),
    /// Delete a license, or all of them: nobody is thrown out, and nothing new is granted beyond what is left
    #[command(after_help = EXAMPLES)]
    Delete(delete::DeleteArgs),
}

impl License {
    /// Runs the command.
    ///
    /// # Errors
    /// [`Failure`]
    pub async fn run(&self) -> Result<(), Failure> {
        match self {
            License::Keygen(args) => keygen::run(args),
            License::Issue(args) => issue::run(args),
            License::Inspect(args) => inspect::run(args),
            License::Verify(args) => verify::run(args),
            License::Revoke(args) => revoke::run(args),
            License::Request(args) => request::run(args).await,
            License::Show(args) => show::run(args).await,
            License::Fetch(args) => fetch::run(args).await,
            License::Install(args) => install::run(args).await,
            License::List(args) => list::run(args).await,
            License::Delete(args) => delete::run(args).await,
        }
    }
}
