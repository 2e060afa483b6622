//! Dates at which something about a tenant's licenses changes, or how they are shown.

use std::time::Duration;

use super::entitlement::EXPIRY_NOTICE_PERIOD;
use super::tenant::Tenant;
use crate::ledger::model::license::{LicenseRow, Standing};
use crate::ledger::model::time::WallTime;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// Days before the end of a license at which it is notified, in the order in which they come.
pub(in crate::ledger) const WARNING_DAYS: [u16; 3] = [30, 7, 1];

impl Tenant {
    /// Notes the dates of licenses before and after `at`: nothing changes between them.
    pub fn note_dates(&mut self, at: WallTime) {
        let current = self.licenses.heads().iter().filter(|row| row.standing == Standing::Current);
        let dates = current.flat_map(dates);
        let next = dates.clone().filter(|date| *date > at).min();
        self.notifications.last_date = dates.filter(|date| *date <= at).max().unwrap_or(WallTime(i64::MIN));
        self.notifications.next_date = next.unwrap_or(WallTime(i64::MAX));
    }
}

/// Dates at which something about a license changes, or how it is shown.
fn dates(row: &LicenseRow) -> impl Iterator<Item = WallTime> + Clone {
    let before = row.expires.into_iter().flat_map(|end| WARNING_DAYS.map(|days| end.minus(DAY * u32::from(days))));
    let soon = row.not_before.map(|from| from.minus(EXPIRY_NOTICE_PERIOD));
    row.not_before.into_iter().chain(soon).chain(before).chain(row.expires)
}
