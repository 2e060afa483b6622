//! `usher users update`

use prost_types::FieldMask;

use super::super::{Error, Printer, Rendered, Usher};
use super::get::show;
use crate::cli::users::Update;
use crate::proto::v1::{UpdateUserRequest, User};

/// Changes the given fields of a user.
///
/// # Errors
/// [`Error`]
pub async fn update(usher: &Usher, printer: &mut Printer, args: &Update) -> Result<(), Error> {
    let changes = &args.changes;
    let named = [
        ("given_name", changes.given_name.is_some()),
        ("family_name", changes.family_name.is_some()),
        ("groups", changes.no_groups || !changes.group.is_empty()),
        ("administrator", changes.administrator.is_some()),
        ("attributes", changes.no_attributes || !changes.attribute.is_empty()),
    ];
    let paths = named.iter().filter(|(_, named)| *named).map(|(path, _)| (*path).to_owned()).collect();
    let user = User {
        user_id: args.user.clone(),
        given_name: changes.given_name.clone().unwrap_or_default(),
        family_name: changes.family_name.clone().unwrap_or_default(),
        groups: changes.group.clone(),
        administrator: changes.administrator.as_deref() == Some("yes"),
        attributes: changes.attribute.iter().cloned().collect(),
        ..User::default()
    };
    let request =
        UpdateUserRequest { tenant_id: usher.tenant.clone(), user: Some(user), update_mask: Some(FieldMask { paths }) };
    let changed = usher.answer(usher.directory().update_user(usher.request(request))).await?;
    let text = changed.user.as_ref().map(|user| show(user, printer.width)).unwrap_or_default();
    printer.print(&Rendered::new(&changed, text))
}
