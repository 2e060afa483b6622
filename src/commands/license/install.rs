//! `usher license install`

use std::path::{Path, PathBuf};

use clap::Args;

use super::answers;
use crate::commands::connection::{TenantArgs, Usher, call_at, target};
use crate::commands::error::Error;
use crate::commands::output::{Printer, Rendered};
use crate::failure::Failure;
use crate::files::named::{read, read_input};
use crate::license::LICENSE;
use crate::proto::v1::InstallLicenseRequest;

#[derive(Debug, Args)]
pub struct InstallArgs {
    /// The license, also as it stands in a mail, with text around it; - is standard input
    pub file: PathBuf,
    #[command(flatten)]
    pub scope: TenantArgs,
}

/// Installs a license from a file.
pub async fn run(args: &InstallArgs) -> Result<(), Failure> {
    let target = target::parse(&args.scope.connection).map_err(|wrong| wrong.0);
    let document = document(&args.file).map_err(|problem| vec![problem]);
    let (target, document) = match (target, document) {
        (Ok(target), Ok(document)) => (target, document),
        (target, document) => {
            return Err(Failure::Usage([target.err(), document.err()].into_iter().flatten().flatten().collect()));
        }
    };
    let install = async |usher: &Usher, printer: &mut Printer| install(usher, printer, document).await;
    let file = if is_input(&args.file) { "standard input".into() } else { args.file.display().to_string() };
    call_at(&args.scope, target, install).await.map_err(|failure| match failure {
        Failure::LicenseNotValid(why) => Failure::LicenseNotValid(format!("{file}: {why}")),
        other => other,
    })
}

/// Reads one byte more than a license can have; the service refuses such a text.
fn document(file: &Path) -> Result<String, String> {
    if is_input(file) { read_input("FILE", LICENSE.max_bytes()) } else { read("FILE", file, LICENSE.max_bytes()) }
}

fn is_input(file: &Path) -> bool {
    file == Path::new("-")
}

/// Installs a license.
///
/// # Errors
/// [`Error::NotValid`], among others.
async fn install(usher: &Usher, printer: &mut Printer, document: String) -> Result<(), Error> {
    let request = usher.request(InstallLicenseRequest { tenant_id: usher.tenant.clone(), document });
    let installed = usher.answer(usher.licenses().install_license(request)).await?;
    printer.print(&Rendered::new(&installed, answers::installed(&installed)))
}
