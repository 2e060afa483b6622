//! Estimates the bytes that a store has to write: the cost of a commit depends on bytes as much as on rows.

use super::{Access, AuditEvent, Change, Changes, Profile, TenantRow, UserRow};
use crate::ledger::model::access::Tenants;
use crate::ledger::model::token::TokenRow;

/// Bytes of a row or an event without long texts: its numbers, its ids, and its index entries.
const ROW: usize = 256;
const FORMER_ID: usize = 32;
/// Bytes of an organization's number in the text of a seat, with a comma.
const ORGANIZATION: usize = 5;

impl Changes {
    /// True if the changes take less than about `bytes` in the store. Stops counting as soon as it knows.
    #[must_use]
    pub fn take_less_than(&self, bytes: usize) -> bool {
        let each = self.rows.iter().map(Change::bytes).chain(self.events.iter().map(AuditEvent::bytes));
        each.scan(0_usize, |sum, bytes| {
            *sum += bytes;
            Some(*sum)
        })
        .all(|sum| sum < bytes)
    }
}

impl Change {
    /// About as many bytes as the row takes in the store, and in memory.
    #[must_use]
    pub fn bytes(&self) -> usize {
        ROW + texts(self)
    }
}

impl AuditEvent {
    /// About as many bytes as the event takes in the store, and in memory.
    #[must_use]
    pub fn bytes(&self) -> usize {
        ROW + self.detail.len()
    }
}

fn of_profile(known: &Profile) -> usize {
    let attributes: usize = known.attributes.iter().map(|(key, text)| key.len() + text.len()).sum();
    known.given_name.len()
        + known.family_name.len()
        + known.groups.iter().map(|it| it.len()).sum::<usize>()
        + attributes
}

fn of_token(row: &TokenRow) -> usize {
    match &row.tenants {
        Tenants::All => 0,
        Tenants::Only(ids) => ids.iter().map(|id| id.as_str().len()).sum(),
    }
}

/// Bytes of the parts that can be longer than a few dozen bytes.
fn texts(row: &Change) -> usize {
    match row {
        Change::PutTenant(TenantRow { display_name, contact, .. }) => display_name.len() + contact.len(),
        Change::PutLicense(row) => row.terms.document.len(),
        Change::PutOrganization(row) => row.display_name.len(),
        Change::PutUser(UserRow { profile, former, .. }) => of_profile(profile) + former.len() * FORMER_ID,
        Change::PutSeat(row) => match &row.access {
            Access::All => 0,
            Access::Only(organizations) => organizations.len() * ORGANIZATION,
        },
        Change::PutSession(row) => row.client.len(),
        Change::PutToken(row) => of_token(row),
        Change::DeleteTenant(_)
        | Change::DeleteLicense(..)
        | Change::PutPool(_)
        | Change::DeleteOrganization(..)
        | Change::DeleteUser(..)
        | Change::DeleteSeat(..)
        | Change::DeleteSession(..)
        | Change::PutNotification(_)
        | Change::DeleteNotification(..)
        | Change::DeleteToken(_)
        | Change::PutLicenseFloor(_) => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{EventNo, OrganizationNo, PoolNo, TenantNo, UserNo};
    use crate::ledger::model::change::SeatRow;
    use crate::ledger::model::time::Tick;

    fn seat(access: Access) -> Change {
        let (tenant, user, pool) = (TenantNo(1), UserNo(1), PoolNo(1));
        Change::PutSeat(SeatRow { tenant, user, pool, granted: Tick(1), order: EventNo(1), access })
    }

    #[test]
    fn a_row_takes_what_its_texts_take() {
        let check = |rows: Vec<Change>, bytes: usize| {
            let changes = Changes { rows, events: Vec::new() };
            assert_eq!((changes.take_less_than(bytes), changes.take_less_than(bytes + 1)), (bytes == 0, true));
        };
        check(vec![], 0);
        check(vec![seat(Access::All); 3], 3 * ROW);
        let all = (1..=500).map(OrganizationNo).collect();
        check(vec![seat(Access::Only(all))], ROW + 2_500);
    }
}
