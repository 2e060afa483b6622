//! A user as a line of a CSV file.

use prost_types::Timestamp;

use super::user;
use crate::ledger::outcome::UserView;
use crate::proto::v1;
use crate::service::parse::Column;

/// Between several values in a cell.
const BETWEEN: &str = "|";

/// The cells of a user.
pub fn user_cells<'c>(view: UserView, columns: impl Iterator<Item = &'c Column>) -> Vec<String> {
    let user = user(view);
    columns.map(|column| cell(&user, column)).collect()
}

fn cell(user: &v1::User, column: &Column) -> String {
    match column {
        Column::UserId => user.user_id.clone(),
        Column::GivenName => user.given_name.clone(),
        Column::FamilyName => user.family_name.clone(),
        Column::Groups => user.groups.join(BETWEEN),
        Column::Administrator => yes_or_no(user.administrator),
        Column::AccountState => yes_or_no(user.state() == v1::UserState::Active),
        Column::BlockCause => match user.block_cause() {
            v1::BlockCause::Unspecified => String::new(),
            cause => short(cause.as_str_name(), "BLOCK_CAUSE_"),
        },
        Column::Pools => user.seats.iter().map(|seat| seat.pool_id.as_str()).collect::<Vec<_>>().join(BETWEEN),
        Column::Organizations => organizations(&user.seats),
        Column::Status => match user.status() {
            v1::UserStatus::Unspecified => String::new(),
            status => short(status.as_str_name(), "USER_STATUS_"),
        },
        Column::DefaultOrganization => user.default_organization_id.clone(),
        Column::LastSignIn => time(user.last_sign_in_at.as_ref()),
        Column::LastActivity => time(user.last_activity_at.as_ref()),
        Column::Created => time(user.created_at.as_ref()),
        Column::Attribute(key) => user.attributes.get(key).cloned().unwrap_or_default(),
    }
}

fn yes_or_no(yes: bool) -> String {
    if yes { "yes" } else { "no" }.to_owned()
}

/// `BLOCK_CAUSE_LICENSE_LIMIT` as `license_limit`.
fn short(name: &str, prefix: &str) -> String {
    name.trim_start_matches(prefix).to_lowercase()
}

/// Access by any seat; `*`: all of the tenant (R7).
fn organizations(seats: &[v1::Seat]) -> String {
    if seats.iter().any(|seat| seat.all_organizations) {
        return "*".to_owned();
    }
    let mut ids: Vec<&str> = seats.iter().flat_map(|seat| seat.organization_ids.iter().map(String::as_str)).collect();
    ids.sort_unstable();
    ids.dedup();
    ids.join(BETWEEN)
}

/// RFC 3339, UTC; empty for what never happened.
fn time(at: Option<&Timestamp>) -> String {
    at.map(Timestamp::to_string).unwrap_or_default()
}
