//! Lists, page by page.

use usher::ledger::change::BlockCause;
use usher::ledger::command::{
    Cursor, ListLicenses, ListOrganizations, ListSessions, ListUsers, OrganizationOrder, Page, SessionOrder, UserOrder,
};
use usher::ledger::license_view::LicenseView;
use usher::ledger::outcome::{Done, OrganizationView, SessionView, Status, UserView};
use usher::proto::v1;

use super::commands::organization_view;
use super::{Caller, call, documents, views};

impl Caller {
    pub fn list_sessions(&self, tenant_id: String, query: ListSessions) -> Done<Page<SessionView>> {
        let order = match query.order {
            SessionOrder::LastActivity => "last_activity",
            SessionOrder::Started => "started_at",
            SessionOrder::User => "user",
        };
        let request = v1::ListSessionsRequest {
            tenant_id,
            page_size: size(query.limit),
            page_token: token(query.after),
            order_by: ordered(order, query.descending),
            pool_id: text(query.pool),
            user_id: text(query.user),
            organization_id: text(query.organization),
            statuses: query.statuses.into_iter().map(|one| status(Some(one))).collect(),
            device_id: text(query.device),
            idle_at_least: query.idle.map(|idle| idle.try_into().expect("a length of time")),
            ..Default::default()
        };
        let page = call(self.server.sessions().list_sessions(request))?;
        Ok(Page { rows: page.sessions.into_iter().map(views::session).collect(), next: next(page.next_page_token) })
    }

    pub fn list_users(&self, tenant_id: String, query: ListUsers) -> Done<Page<UserView>> {
        let order = match query.order {
            UserOrder::LastSignIn => "last_sign_in",
            UserOrder::UserId => "user_id",
            UserOrder::Name => "name",
            UserOrder::Created => "created_at",
        };
        let state = query.blocked.map_or(v1::UserState::Unspecified, |blocked| {
            if blocked { v1::UserState::Blocked } else { v1::UserState::Active }
        });
        let cause = query.cause.map_or(v1::BlockCause::Unspecified, |cause| match cause {
            BlockCause::Administrator => v1::BlockCause::Administrator,
            BlockCause::LicenseLimit => v1::BlockCause::LicenseLimit,
            BlockCause::Directory => v1::BlockCause::Directory,
        });
        let request = v1::ListUsersRequest {
            tenant_id,
            page_size: size(query.limit),
            page_token: token(query.after),
            order_by: ordered(order, query.descending),
            text: query.words.join(" "),
            text_match: if query.any_word { v1::TextMatch::Any } else { v1::TextMatch::All }.into(),
            state: state.into(),
            statuses: query.statuses.into_iter().map(status).collect(),
            organization_id: text(query.organization),
            group: query.group.unwrap_or_default(),
            pool_id: text(query.pool),
            administrator: query.administrator,
            never_signed_in: query.never_signed_in,
            user_id: query.id,
            name: query.name,
            block_cause: cause.into(),
            ..Default::default()
        };
        let page = call(self.server.directory().list_users(request))?;
        Ok(Page { rows: page.users.into_iter().map(views::user).collect(), next: next(page.next_page_token) })
    }

    pub fn list_organizations(&self, tenant_id: String, query: ListOrganizations) -> Done<Page<OrganizationView>> {
        let order = match query.order {
            OrganizationOrder::DisplayName => "display_name",
            OrganizationOrder::OrganizationId => "organization_id",
        };
        let request = v1::ListOrganizationsRequest {
            tenant_id,
            page_size: size(query.limit),
            page_token: token(query.after),
            order_by: ordered(order, query.descending),
            text: query.text,
        };
        let page = call(self.server.directory().list_organizations(request))?;
        let rows = page.organizations.into_iter().map(|one| organization_view(Some(one))).collect();
        Ok(Page { rows, next: next(page.next_page_token) })
    }

    pub fn list_licenses(&self, tenant_id: String, query: ListLicenses) -> Done<Page<LicenseView>> {
        let (page_size, page_token) = (size(query.limit), token(query.after));
        let request = v1::ListLicensesRequest { tenant_id, page_size, page_token };
        let page = call(self.server.licenses().list_licenses(request))?;
        Ok(Page { rows: page.licenses.into_iter().map(documents::license).collect(), next: next(page.next_page_token) })
    }
}

fn size(limit: usize) -> i32 {
    i32::try_from(limit).expect("a number of rows")
}

/// A page token takes the place of the ledger's cursor.
fn token(after: Option<Cursor>) -> String {
    after.unwrap_or_default().id
}

fn next(token: String) -> Option<Cursor> {
    (!token.is_empty()).then(|| Cursor { id: token, ..Cursor::default() })
}

fn ordered(order: &str, descending: bool) -> String {
    if descending { format!("{order} desc") } else { order.to_owned() }
}

fn text<T: ToString>(id: Option<T>) -> String {
    id.map(|id| id.to_string()).unwrap_or_default()
}

fn status(status: Option<Status>) -> i32 {
    match status {
        None => v1::UserStatus::Unspecified,
        Some(Status::Active) => v1::UserStatus::Active,
        Some(Status::Away) => v1::UserStatus::Away,
        Some(Status::Idle) => v1::UserStatus::Idle,
        Some(Status::Inactive) => v1::UserStatus::Inactive,
    }
    .into()
}
