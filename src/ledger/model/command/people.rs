//! User ids in queries.

use super::Query;
use crate::ids::UserId;

impl Query {
    /// The user id of the query.
    pub(in crate::ledger) fn person(&mut self) -> Option<&mut UserId> {
        match self {
            Query::GetUser(query) => Some(&mut query.user),
            Query::FormerIds(query) => Some(&mut query.user),
            Query::ListSessions(query) => query.user.as_mut(),
            Query::ListUsers(_)
            | Query::ListOrganizations(_)
            | Query::ListLicenses(_)
            | Query::GetLicenseInformation(_)
            | Query::GetEntitlements(_)
            | Query::DueFetches(_)
            | Query::ListTenants(_)
            | Query::GetTenant(_)
            | Query::GetUsage(_)
            | Query::ListNotifications(_)
            | Query::DueNotifications(_)
            | Query::ListTokens(_)
            | Query::AllTokens(_) => None,
        }
    }
}
