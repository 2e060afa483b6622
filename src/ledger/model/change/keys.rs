//! What a change is about.

use super::Change;
use crate::ids::TenantNo;

impl Change {
    /// True for a change that deletes rows: it contains only their key.
    #[must_use]
    pub fn is_deletion(&self) -> bool {
        matches!(
            self,
            Change::DeleteTenant(_)
                | Change::DeleteLicense(..)
                | Change::DeleteOrganization(..)
                | Change::DeleteUser(..)
                | Change::DeleteSeat(..)
                | Change::DeleteSession(..)
                | Change::DeleteNotification(..)
                | Change::DeleteToken(_)
        )
    }

    /// Number of the tenant that the row belongs to; `None`: it belongs to no number.
    #[must_use]
    pub fn tenant(&self) -> Option<TenantNo> {
        Some(match self {
            Change::PutTenant(row) => row.no,
            Change::PutLicense(row) => row.tenant,
            Change::PutPool(row) => row.tenant,
            Change::PutOrganization(row) => row.tenant,
            Change::PutUser(row) => row.tenant,
            Change::PutSeat(row) => row.tenant,
            Change::PutSession(row) => row.tenant,
            Change::PutNotification(row) => row.tenant,
            Change::DeleteTenant(no)
            | Change::DeleteLicense(no, ..)
            | Change::DeleteOrganization(no, _)
            | Change::DeleteUser(no, _)
            | Change::DeleteSeat(no, ..)
            | Change::DeleteSession(no, ..)
            | Change::DeleteNotification(no, _) => *no,
            Change::PutToken(_) | Change::DeleteToken(_) | Change::PutLicenseFloor(_) => return None,
        })
    }
}
