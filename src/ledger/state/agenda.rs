//! Schedules the work of a shard that time causes: which tenant is due next. So a tick costs what is due, not what
//! exists. A time here may be early but is never late: what postpones it (a heartbeat) does not change it, and the
//! tenant is scheduled again after the tick has looked at it.

use super::notifications::Notifications;
use super::schedule::{Schedule, falling, rising};
use super::tenant::Tenant;
use crate::ids::TenantNo;
use crate::ledger::model::notification::Channel;
use crate::ledger::model::time::{Tick, WallTime};

/// Schedules of a shard, over the numbers of its tenants.
#[derive(Debug, Default)]
pub(in crate::ledger) struct Agenda {
    /// Tenants by the time at which a session may end, a user may become Idle, or a notification may be repeated.
    ticks: Schedule,
    /// Tenants by the next date of their licenses, and by the last date that has come; a corrected clock can go back to
    /// before it.
    dates: Schedule,
    past_dates: Schedule,
    /// Tenants by the time at which their first open delivery is due; one schedule for each of [`Channel::ALL`].
    pub deliveries: [Schedule; 2],
    /// Tenants by the time since which their oldest open delivery has been waiting.
    pub waiting: Schedule,
}

impl Agenda {
    /// The tenant at which a tick has to look now, if any.
    pub fn first_due(&self, now: Tick, license_time: WallTime) -> Option<TenantNo> {
        let at = |schedule: &Schedule, time: Tick| schedule.first().filter(|(at, _)| *at <= time);
        // Before the last date: strictly, because a date has come at its own millisecond.
        let behind = falling(WallTime(license_time.0.saturating_add(1)));
        let due = at(&self.ticks, now)
            .or_else(|| at(&self.dates, rising(license_time)))
            .or_else(|| at(&self.past_dates, behind));
        due.map(|(_, no)| no)
    }

    /// Tenants with a date that has come, or that lies ahead again, and that no tick has looked at since.
    pub fn each_dated(&self, license_time: WallTime, mut take: impl FnMut(TenantNo)) {
        let mut all = |no: TenantNo| {
            take(no);
            true
        };
        self.dates.each_due(rising(license_time), &mut all);
        self.past_dates.each_due(falling(WallTime(license_time.0.saturating_add(1))), &mut all);
    }

    /// True if a date of the tenant has come, or lies ahead again, by the schedule.
    pub fn is_dated(&self, no: TenantNo, license_time: WallTime) -> bool {
        let mut found = false;
        self.each_dated(license_time, |dated| found |= dated == no);
        found
    }

    /// Updates the schedule of a tenant that has changed.
    pub fn put(&mut self, tenant: &mut Tenant) {
        let no = tenant.no;
        if tenant.due < tenant.scheduled {
            self.ticks.set(no, Some(tenant.due));
            tenant.scheduled = tenant.due;
        }
        if std::mem::take(&mut tenant.notifications.changed) {
            self.put_dates(no, &tenant.notifications);
        }
    }

    /// Schedules a tenant after a tick has looked at it: earlier notes no longer count.
    pub fn move_to(&mut self, tenant: &mut Tenant, due: Tick) {
        (tenant.due, tenant.scheduled) = (due, due);
        self.ticks.set(tenant.no, Some(due).filter(|due| *due != Tick::NEVER));
    }

    fn put_dates(&mut self, no: TenantNo, of: &Notifications) {
        // A tenant that no tick has checked yet has no dates.
        let checked = of.last_date < of.next_date;
        self.dates.set(no, Some(of.next_date).filter(|date| checked && *date != WallTime(i64::MAX)).map(rising));
        self.past_dates.set(no, Some(of.last_date).filter(|date| checked && *date != WallTime(i64::MIN)).map(falling));
        for channel in Channel::ALL {
            self.deliveries[channel as usize].set(no, of.next_due(channel));
        }
        self.waiting.set(no, of.oldest());
    }

    /// Removes a deleted tenant.
    pub fn remove(&mut self, no: TenantNo) {
        let [email, webhook] = &mut self.deliveries;
        let all = [&mut self.ticks, &mut self.dates, &mut self.past_dates, email, webhook, &mut self.waiting];
        all.into_iter().for_each(|schedule| schedule.set(no, None));
    }
}
