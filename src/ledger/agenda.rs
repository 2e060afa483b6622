//! What time itself has to do in a shard: which tenants it comes to next. So a tick costs what is due, and not what there
//! is. Everything here may be early and is never late: what puts a moment off (a heartbeat) touches nothing, and the
//! tenant is put down anew when it was looked at.

use super::notification::Channel;
use super::notifications::Notifications;
use super::schedule::{Schedule, falling, rising};
use super::tenant::Tenant;
use super::time::{Tick, Wall};
use crate::ids::TenantNo;

#[derive(Debug, Default)]
pub(super) struct Agenda {
    /// By when a session may end, a user may become Idle, or something may be told again.
    ticks: Schedule,
    /// By the next date of its licenses, and by the last one that has come, which a corrected clock can lead back behind.
    dates: Schedule,
    past_dates: Schedule,
    /// By when the first open delivery on a channel is due, in the order of [`Channel::ALL`].
    pub deliveries: [Schedule; 2],
    /// By since when the oldest open delivery has been waiting.
    pub waiting: Schedule,
}

impl Agenda {
    /// The tenant at which time has to look now, if there is one.
    pub fn first_due(&self, now: Tick, license_time: Wall) -> Option<TenantNo> {
        let at = |schedule: &Schedule, time: Tick| schedule.first().filter(|(at, _)| *at <= time);
        // Behind the last date is before it: one more, for a date that has come at its very moment.
        let behind = falling(Wall(license_time.0.saturating_add(1)));
        let due = at(&self.ticks, now)
            .or_else(|| at(&self.dates, rising(license_time)))
            .or_else(|| at(&self.past_dates, behind));
        due.map(|(_, no)| TenantNo(no))
    }

    /// Tenants of which a date has come, or is to come again, and which were not looked at since.
    pub fn each_dated(&self, license_time: Wall, mut take: impl FnMut(TenantNo)) {
        let mut all = |no: u32| {
            take(TenantNo(no));
            true
        };
        self.dates.each_due(rising(license_time), &mut all);
        self.past_dates.each_due(falling(Wall(license_time.0.saturating_add(1))), &mut all);
    }

    /// Whether one of the tenant's dates is put down as come, or to come again.
    pub fn is_dated(&self, no: TenantNo, license_time: Wall) -> bool {
        let mut found = false;
        self.each_dated(license_time, |dated| found |= dated == no);
        found
    }

    /// Puts the tenant down anew for what changed.
    pub fn put(&mut self, tenant: &mut Tenant) {
        let no = tenant.no.0;
        if tenant.due < tenant.scheduled {
            self.ticks.set(no, Some(tenant.due));
            tenant.scheduled = tenant.due;
        }
        if std::mem::take(&mut tenant.notifications.changed) {
            self.put_dates(no, &tenant.notifications);
        }
    }

    /// The tenant was looked at: nothing that was put down before counts.
    pub fn move_to(&mut self, tenant: &mut Tenant, due: Tick) {
        (tenant.due, tenant.scheduled) = (due, due);
        self.ticks.set(tenant.no.0, Some(due).filter(|due| *due != Tick::NEVER));
    }

    fn put_dates(&mut self, no: u32, of: &Notifications) {
        // Nothing but what was looked at has dates.
        let looked = of.last_date < of.next_date;
        self.dates.set(no, Some(of.next_date).filter(|date| looked && *date != Wall(i64::MAX)).map(rising));
        self.past_dates.set(no, Some(of.last_date).filter(|date| looked && *date != Wall(i64::MIN)).map(falling));
        for channel in Channel::ALL {
            self.deliveries[channel as usize].set(no, of.next_due(channel));
        }
        self.waiting.set(no, of.oldest());
    }

    /// The tenant is gone.
    pub fn remove(&mut self, no: TenantNo) {
        let [email, webhook] = &mut self.deliveries;
        let all = [&mut self.ticks, &mut self.dates, &mut self.past_dates, email, webhook, &mut self.waiting];
        all.into_iter().for_each(|schedule| schedule.set(no.0, None));
    }
}
