//! `usher users list`

use clap::{Args, ValueEnum};

use super::filters::{Filters, filtered};
use crate::commands::connection::{TenantArgs, Usher, call_tenant};
use crate::commands::error::Error;
use crate::commands::output::list::List;
use crate::commands::output::table::left;
use crate::commands::output::{Printer, words};
use crate::failure::Failure;
use crate::proto::v1::{ListUsersRequest, User};

#[derive(Debug, Args)]
pub struct ListArgs {
    #[command(flatten)]
    pub filters: Filters,
    #[command(flatten)]
    pub order: Order,
    #[command(flatten)]
    pub scope: TenantArgs,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Order")]
pub struct Order {
    /// By what
    #[arg(long, value_name = "ORDER", default_value = "user")]
    pub order: SortKey,
    /// The other way round: the latest sign-in first
    #[arg(long)]
    pub descending: bool,
    /// Only the first so many [default: all]
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..))]
    pub limit: Option<u64>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum SortKey {
    User,
    Name,
    LastSignIn,
}

/// Prints users.
pub async fn run(args: &ListArgs) -> Result<(), Failure> {
    call_tenant(&args.scope, async |usher, printer| list(usher, printer, args).await).await
}

const USERS: List<User> = List {
    name: "users",
    columns: &[
        left("user"),
        left("name"),
        left("state"),
        left("status"),
        left("last sign-in"),
        left("role"),
        left("seats"),
    ],
    row,
    none: "no users",
};

async fn list(usher: &Usher, printer: &mut Printer, args: &ListArgs) -> Result<(), Error> {
    let page = async |page_size: i32, page_token| {
        let request = ListUsersRequest { page_size, page_token, ..wanted(usher, &args.filters, &args.order) };
        let page = usher.answer(usher.directory().list_users(usher.request(request))).await?;
        Ok((page.users, page.next_page_token))
    };
    USERS.print(printer, args.order.limit, page).await
}

fn wanted(usher: &Usher, filters: &Filters, order: &Order) -> ListUsersRequest {
    ListUsersRequest { order_by: order_by(order), ..filtered(usher, filters) }
}

fn order_by(order: &Order) -> String {
    let by = match order.order {
        SortKey::User => "user_id",
        SortKey::Name => "name",
        SortKey::LastSignIn => "last_sign_in",
    };
    words::direction(by, order.descending)
}

/// Warnings about an id follow the last column.
fn row(user: &User) -> Vec<String> {
    let seats: Vec<_> = user.seats.iter().map(words::seat).collect();
    vec![
        user.user_id.clone(),
        words::name(user),
        words::state(user),
        words::status(user.status()).into(),
        words::time_or(user.last_sign_in_at, "never"),
        if user.administrator { "administrator".into() } else { String::new() },
        seats.join(", "),
        words::user_id_warnings(user),
    ]
}
