//! `usher users rename`

use super::super::{Error, Printer, Rendered, Usher};
use super::get::show;
use crate::cli::users::Rename;
use crate::proto::v1::RenameUserRequest;

/// Changes the id of a user.
///
/// # Errors
/// [`Error::Refused`] if another user has the new id, among others.
pub async fn rename(usher: &Usher, printer: &mut Printer, args: &Rename) -> Result<(), Error> {
    let request = RenameUserRequest {
        tenant_id: usher.tenant.clone(),
        user_id: args.user.clone(),
        new_user_id: args.new_user.clone(),
    };
    let renamed = usher.answer(usher.directory().rename_user(usher.request(request))).await?;
    let text = renamed.user.as_ref().map(|user| show(user, printer.width)).unwrap_or_default();
    printer.print(&Rendered::new(&renamed, text))
}
