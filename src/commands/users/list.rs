//! `usher users list`

use super::super::list::List;
use super::super::table::left;
use super::super::words;
use super::super::{Error, Printer, Usher};
use crate::cli::users::{Cause, Filters, List as Args, Order, SortKey, State, Status};
use crate::proto::v1::{BlockCause, ListUsersRequest, TextMatch, User, UserState, UserStatus};

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

/// Prints users.
///
/// # Errors
/// [`Error`]
pub async fn list(usher: &Usher, printer: &mut Printer, args: &Args) -> Result<(), Error> {
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

/// A request with these filters, for lists and exports.
pub(super) fn filtered(usher: &Usher, filters: &Filters) -> ListUsersRequest {
    let given = |text: &Option<String>| text.clone().unwrap_or_default();
    ListUsersRequest {
        tenant_id: usher.tenant.clone(),
        text: given(&filters.search),
        text_match: if filters.any { TextMatch::Any } else { TextMatch::All }.into(),
        state: filters.state.map_or(UserState::Unspecified, state).into(),
        statuses: filters.status.iter().map(|it| status(*it).into()).collect(),
        organization_id: given(&filters.organization),
        group: given(&filters.group),
        pool_id: given(&filters.pool),
        administrator: match (filters.administrators, filters.no_administrators) {
            (true, _) => Some(true),
            (_, true) => Some(false),
            _ => None,
        },
        never_signed_in: filters.never_signed_in,
        user_id: given(&filters.id),
        name: given(&filters.name),
        block_cause: filters.cause.map_or(BlockCause::Unspecified, cause).into(),
        last_sign_in_from: filters.signed_in_from,
        last_sign_in_before: filters.signed_in_before,
        created_from: filters.created_from,
        created_before: filters.created_before,
        ..ListUsersRequest::default()
    }
}

fn order_by(order: &Order) -> String {
    let by = match order.order {
        SortKey::User => "user_id",
        SortKey::Name => "name",
        SortKey::LastSignIn => "last_sign_in",
    };
    words::direction(by, order.descending)
}

fn state(state: State) -> UserState {
    match state {
        State::Active => UserState::Active,
        State::Blocked => UserState::Blocked,
    }
}

fn cause(cause: Cause) -> BlockCause {
    match cause {
        Cause::Administrator => BlockCause::Administrator,
        Cause::LicenseLimit => BlockCause::LicenseLimit,
        Cause::Directory => BlockCause::Directory,
    }
}

fn status(status: Status) -> UserStatus {
    match status {
        Status::Active => UserStatus::Active,
        Status::Away => UserStatus::Away,
        Status::Idle => UserStatus::Idle,
        Status::Inactive => UserStatus::Inactive,
        Status::Blank => UserStatus::Unspecified,
    }
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
