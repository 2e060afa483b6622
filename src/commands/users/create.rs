//! `usher users create`

use super::super::words;
use super::super::{Error, Printer, Rendered, Usher};
use super::get::show;
use crate::cli::users::Create;
use crate::proto::v1::create_user_response::Outcome;
use crate::proto::v1::{CreateUserRequest, User};

/// Creates a user.
///
/// # Errors
/// [`Error::Denied`] if a pool is full, among others.
pub async fn create(usher: &Usher, printer: &mut Printer, args: &Create) -> Result<(), Error> {
    let user = User {
        user_id: args.user.clone(),
        given_name: args.given_name.clone(),
        family_name: args.family_name.clone(),
        groups: args.group.clone(),
        administrator: args.administrator,
        attributes: args.attribute.iter().cloned().collect(),
        ..User::default()
    };
    let request = CreateUserRequest { tenant_id: usher.tenant.clone(), user: Some(user), pool_ids: args.pool.clone() };
    let made = usher.answer(usher.directory().create_user(usher.request(request))).await?;
    let (text, denied) = match &made.outcome {
        Some(Outcome::User(user)) => (show(user, printer.width), None),
        Some(Outcome::Denial(denial)) => (String::new(), Some(words::denial(denial))),
        None => (String::new(), Some("denied".to_owned())),
    };
    printer.print(&Rendered::new(&made, text))?;
    denied.map_or(Ok(()), |why| Err(Error::Denied(format!("not created: {why}"))))
}
