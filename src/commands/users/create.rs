//! `usher users create`

use clap::Args;

use super::attribute::attribute;
use super::get::show;
use crate::commands::connection::{TenantArgs, Usher, call_tenant};
use crate::commands::error::Error;
use crate::commands::output::{Printer, Rendered, words};
use crate::failure::Failure;
use crate::proto::v1::create_user_response::Outcome;
use crate::proto::v1::{CreateUserRequest, User};

#[derive(Debug, Args)]
pub struct CreateArgs {
    /// The user: the email, or a login name without spaces
    #[arg(value_name = "USER")]
    pub user: String,
    #[arg(long, value_name = "NAME", default_value = "", hide_default_value = true)]
    /// The given name
    pub given_name: String,
    /// The family name
    #[arg(long, value_name = "NAME", default_value = "", hide_default_value = true)]
    pub family_name: String,
    /// A group that the user is in; several: once each
    #[arg(long, value_name = "NAME")]
    pub group: Vec<String>,
    /// The user is an administrator
    #[arg(long)]
    pub administrator: bool,
    /// A pool in which the user gets a seat; several: once each
    #[arg(long, value_name = "ID")]
    pub pool: Vec<String>,
    /// What else is to be kept with the user; several: once each
    #[arg(long, value_name = "NAME=TEXT", value_parser = attribute)]
    pub attribute: Vec<(String, String)>,
    #[command(flatten)]
    pub scope: TenantArgs,
}

/// Creates a user.
///
/// # Errors
/// [`Failure::Denied`] if a pool is full, among others.
pub async fn run(args: &CreateArgs) -> Result<(), Failure> {
    call_tenant(&args.scope, async |usher, printer| create(usher, printer, args).await).await
}

async fn create(usher: &Usher, printer: &mut Printer, args: &CreateArgs) -> Result<(), Error> {
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
