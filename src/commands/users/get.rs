//! `usher users get`

use clap::Args;

use crate::commands::connection::{TenantArgs, Usher, call_tenant};
use crate::commands::error::Error;
use crate::commands::output::particulars::particulars;
use crate::commands::output::table::{Column, Table, left};
use crate::commands::output::{Printer, Rendered, words};
use crate::failure::Failure;
use crate::proto::v1::{GetUserRequest, Seat, User};

#[derive(Debug, Args)]
pub struct GetArgs {
    /// The user
    #[arg(value_name = "USER")]
    pub user: String,
    /// Tell the status in this organization: blank where access is off [default: the whole tenant]
    #[arg(long, value_name = "ID")]
    pub organization: Option<String>,
    #[command(flatten)]
    pub scope: TenantArgs,
}

/// Prints a user.
pub async fn run(args: &GetArgs) -> Result<(), Failure> {
    call_tenant(&args.scope, async |usher, printer| get(usher, printer, args).await).await
}

const SEATS: [Column; 3] = [left("seat in"), left("granted at"), left("organizations")];

async fn get(usher: &Usher, printer: &mut Printer, args: &GetArgs) -> Result<(), Error> {
    let request = GetUserRequest {
        tenant_id: usher.tenant.clone(),
        user_id: args.user.clone(),
        organization_id: args.organization.clone().unwrap_or_default(),
    };
    let got = usher.answer(usher.directory().get_user(usher.request(request))).await?;
    let text = got.user.as_ref().map(|user| show(user, printer.width)).unwrap_or_default();
    printer.print(&Rendered::new(&got, text))
}

/// A user as text: a line for each property, and a table of seats.
pub fn show(user: &User, width: Option<usize>) -> String {
    let attributes = user.attributes.iter().map(|(name, text)| ("attribute", format!("{name}={text}")));
    let known = [
        ("user", user.user_id.clone()),
        ("warning", words::user_id_warnings(user)),
        ("name", words::name(user)),
        ("state", words::state(user)),
        ("status", words::status(user.status()).to_owned()),
        ("administrator", if user.administrator { "yes" } else { "no" }.to_owned()),
        ("groups", user.groups.join(", ")),
        ("lands in", user.default_organization_id.clone()),
        ("last sign-in", words::time_or(user.last_sign_in_at, "never")),
        ("last activity", words::time_or(user.last_activity_at, "never")),
        ("created", words::time_or(user.created_at, "")),
    ];
    let known = known.into_iter().filter(|(name, text)| *name != "warning" || !text.is_empty());
    let text = particulars(known.chain(attributes));
    if user.seats.is_empty() {
        return text + "no seats\n";
    }
    let seats: Vec<_> = user.seats.iter().map(seat).collect();
    text + "\n" + &Table::new(&SEATS).lines(&seats, width)
}

fn seat(seat: &Seat) -> Vec<String> {
    let access = if seat.all_organizations { "all".to_owned() } else { seat.organization_ids.join(", ") };
    let over = if seat.over_limit { "over the limit: cannot sign in" } else { "" };
    vec![seat.pool_id.clone(), words::time_or(seat.granted_at, ""), access, over.into()]
}
