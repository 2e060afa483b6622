//! `usher users rename`

use clap::Args;

use super::get::show;
use crate::commands::connection::{TenantArgs, Usher, call_tenant};
use crate::commands::error::Error;
use crate::commands::output::{Printer, Rendered};
use crate::failure::Failure;
use crate::proto::v1::RenameUserRequest;

#[derive(Debug, Args)]
pub struct RenameArgs {
    /// The user, by the id until now
    #[arg(value_name = "USER")]
    pub user: String,
    /// The id from now on: the email, or a login name without spaces. One that somebody has is refused
    #[arg(value_name = "NEW-ID")]
    pub new_user: String,
    #[command(flatten)]
    pub scope: TenantArgs,
}

/// Changes the id of a user.
///
/// # Errors
/// [`Failure::Refused`] if another user has the new id, among others.
pub async fn run(args: &RenameArgs) -> Result<(), Failure> {
    call_tenant(&args.scope, async |usher, printer| rename(usher, printer, args).await).await
}

async fn rename(usher: &Usher, printer: &mut Printer, args: &RenameArgs) -> Result<(), Error> {
    let request = RenameUserRequest {
        tenant_id: usher.tenant.clone(),
        user_id: args.user.clone(),
        new_user_id: args.new_user.clone(),
    };
    let renamed = usher.answer(usher.directory().rename_user(usher.request(request))).await?;
    let text = renamed.user.as_ref().map(|user| show(user, printer.width)).unwrap_or_default();
    printer.print(&Rendered::new(&renamed, text))
}
