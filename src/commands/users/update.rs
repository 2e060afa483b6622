//! `usher users update`

use clap::Args;
use prost_types::FieldMask;

use super::attribute::attribute;
use super::get::show;
use crate::commands::connection::{TenantArgs, Usher, call_tenant};
use crate::commands::error::Error;
use crate::commands::output::{Printer, Rendered};
use crate::failure::Failure;
use crate::proto::v1::{UpdateUserRequest, User};

#[derive(Debug, Args)]
pub struct UpdateArgs {
    /// The user
    #[arg(value_name = "USER")]
    pub user: String,
    #[command(flatten)]
    pub changes: Changes,
    #[command(flatten)]
    pub scope: TenantArgs,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Changes")]
#[group(required = true, multiple = true)]
pub struct Changes {
    /// The given name; empty: none is known
    #[arg(long, value_name = "NAME")]
    pub given_name: Option<String>,
    /// The family name; empty: none is known
    #[arg(long, value_name = "NAME")]
    pub family_name: Option<String>,
    /// A group that the user is in, instead of all that the user was in; several: once each
    #[arg(long, value_name = "NAME", conflicts_with = "no_groups")]
    pub group: Vec<String>,
    /// The user is in no group
    #[arg(long)]
    pub no_groups: bool,
    /// Whether the user is an administrator
    #[arg(long, value_name = "WORD", value_parser = ["yes", "no"])]
    pub administrator: Option<String>,
    /// What else is to be kept with the user, instead of all that was kept; several: once each
    #[arg(long, value_name = "NAME=TEXT", value_parser = attribute, conflicts_with = "no_attributes")]
    pub attribute: Vec<(String, String)>,
    /// Nothing else is kept with the user
    #[arg(long)]
    pub no_attributes: bool,
}

/// Changes the given fields of a user.
pub async fn run(args: &UpdateArgs) -> Result<(), Failure> {
    call_tenant(&args.scope, async |usher, printer| update(usher, printer, args).await).await
}

async fn update(usher: &Usher, printer: &mut Printer, args: &UpdateArgs) -> Result<(), Error> {
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
