//! Renders a user as a row of a CSV file.

use prost_types::Timestamp;

use super::user;
use crate::cells::{BETWEEN, EVERY, OF, escaped, joined};
use crate::ledger::outcome::UserView;
use crate::proto::v1;
use crate::service::parse::Column;

/// Returns the cells of a user.
pub fn user_cells<'c>(view: UserView, columns: impl Iterator<Item = &'c Column>) -> Vec<String> {
    let user = user(view);
    columns.map(|column| cell(&user, column)).collect()
}

fn cell(user: &v1::User, column: &Column) -> String {
    match column {
        Column::UserId => user.user_id.clone(),
        Column::GivenName => user.given_name.clone(),
        Column::FamilyName => user.family_name.clone(),
        Column::Groups => joined(user.groups.iter().map(String::as_str)),
        Column::Administrator => yes_or_no(user.administrator),
        Column::AccountState => yes_or_no(user.state() == v1::UserState::Active),
        Column::BlockCause => match user.block_cause() {
            v1::BlockCause::Unspecified => String::new(),
            cause => short(cause.as_str_name(), "BLOCK_CAUSE_"),
        },
        Column::Pools => joined(user.seats.iter().map(|seat| seat.pool_id.as_str())),
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

/// Renders the access that the seats give: once if it is the same for all seats; otherwise `POOL=ORGANIZATION`, and
/// `POOL=` for a seat without access. `*` means all of the tenant (R7).
fn organizations(seats: &[v1::Seat]) -> String {
    let Some((first, others)) = seats.split_first() else { return String::new() };
    let pools: Vec<&str> = seats.iter().map(|seat| seat.pool_id.as_str()).collect();
    let same = access(first);
    let is_same = |other: &v1::Seat| other.all_organizations == first.all_organizations && access(other) == same;
    let values: Vec<String> = if same != [""] && others.iter().all(is_same) {
        same.iter().map(|id| plain(id, first.all_organizations, &pools)).collect()
    } else {
        seats.iter().flat_map(of_pool).collect()
    };
    values.join(&BETWEEN.to_string())
}

/// The organizations of a seat, sorted; one empty id if it has none.
fn access(seat: &v1::Seat) -> Vec<&str> {
    if seat.all_organizations {
        return vec![EVERY];
    }
    let mut ids: Vec<&str> = seat.organization_ids.iter().map(String::as_str).collect();
    ids.sort_unstable();
    if ids.is_empty() { vec![""] } else { ids }
}

/// Renders an organization of all seats. An id that could be read as `POOL=ORGANIZATION` or as `*` is escaped.
fn plain(id: &str, is_every: bool, pools: &[&str]) -> String {
    let looks_like_two = id.split_once(OF).is_some_and(|(pool, _)| pools.contains(&pool.trim()));
    match id {
        EVERY if is_every => EVERY.to_owned(),
        EVERY => escaped(id, &['*']),
        _ if looks_like_two => escaped(id, &[OF]),
        _ => escaped(id, &[]),
    }
}

fn of_pool(seat: &v1::Seat) -> Vec<String> {
    let pool = escaped(&seat.pool_id, &[OF]);
    access(seat).into_iter().map(|id| format!("{pool}{OF}{}", plain(id, seat.all_organizations, &[]))).collect()
}

/// RFC 3339, UTC; empty for an event that never happened.
fn time(at: Option<&Timestamp>) -> String {
    at.map(Timestamp::to_string).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seat(pool: &str, organizations: Option<&[&str]>) -> v1::Seat {
        v1::Seat {
            pool_id: pool.into(),
            all_organizations: organizations.is_none(),
            organization_ids: organizations.unwrap_or_default().iter().map(|id| (*id).to_owned()).collect(),
            ..v1::Seat::default()
        }
    }

    fn check(seats: &[v1::Seat], expected: &str) {
        assert_eq!(organizations(seats), expected);
    }

    #[test]
    fn access_is_shown_once_where_it_is_the_same() {
        check(&[], "");
        check(&[seat("crm", None)], "*");
        check(&[seat("crm", None), seat("primary", None)], "*");
        check(&[seat("crm", Some(&["south", "north"])), seat("primary", Some(&["north", "south"]))], "north|south");
        check(&[seat("crm", None), seat("primary", Some(&["south", "north"]))], "crm=*|primary=north|primary=south");
        check(&[seat("crm", Some(&[])), seat("primary", None)], "crm=|primary=*");
        check(&[seat("crm", Some(&[]))], "crm=");
    }

    #[test]
    fn organizations_that_look_like_something_else() {
        check(&[seat("crm", Some(&["*"]))], "\\*");
        check(&[seat("crm", Some(&["*"])), seat("primary", None)], "crm=\\*|primary=*");
        check(&[seat("crm", Some(&["OU=a|b", "crm =x"]))], "OU=a\\|b|crm \\=x");
        check(&[seat("a=b", None), seat("c", Some(&["a=b"]))], "a\\=b=*|c=a=b");
    }
}
