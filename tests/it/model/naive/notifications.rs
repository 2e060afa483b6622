//! Notifications (R34): those that are raised after each command, from the levels at that time. The model has no
//! channel, so that none is ever sent; `tests/it/rules/delivering.rs` tests deliveries.

use std::time::Duration;

use usher::error_reason::ErrorReason;
use usher::ids::{EventNo, LicenseId, PoolId, TenantId};
use usher::ledger::change::{Limit, Plan};
use usher::ledger::command::{BeginDelivery, Command, EndDelivery, ListNotifications, Outcome, RedeliverNotification};
use usher::ledger::notification::{Cause, Dispatch, Facts, NotificationView, Topic};
use usher::ledger::outcome::{DenialReason, Done, PoolUsage};
use usher::ledger::time::{Moment, Tick};

use super::count::{has_room, over};
use super::licenses::sum;
use super::{Glance, License, Model, Tenant, missing, rule};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

#[derive(Clone)]
pub struct NotificationState {
    topic: Topic,
    raised: Tick,
    cleared: bool,
    facts: Facts,
}

impl Model {
    /// Applies a command about deliveries of notifications.
    pub fn on_notifications(&mut self, id: &TenantId, command: &Command, _: Moment) -> Option<Outcome> {
        Some(match command {
            Command::BeginDelivery(command) => Outcome::BeginDelivery(self.begin_delivery(id, command)),
            Command::EndDelivery(command) => Outcome::EndDelivery(self.end_delivery(id, command)),
            Command::RedeliverNotification(command) => Outcome::RedeliverNotification(self.redeliver(id, command)),
            _ => return None,
        })
    }

    /// Raises notifications after a command: for its denials first, and then for the state at its end.
    pub fn notify(&mut self, id: &TenantId, command: &Command, outcome: &Outcome, now: Moment) {
        let Ok(at) = self.find(id) else { return };
        let glance = self.glance(now);
        let tenant = &mut self.tenants[at];
        match (command, outcome) {
            (Command::CreateTenant(_) | Command::Heartbeat(_), _) => return,
            (command, _) if command.is_question() => return,
            (Command::CheckOut(command), Outcome::CheckOut(Ok(answer))) => {
                if let (Err(denial), Some(usage)) = (&answer.decision, &answer.usage) {
                    tenant.notify_denial(denial.reason, usage, Cause::CheckOut, &command.user, now);
                }
            }
            (Command::GrantSeats(command), Outcome::GrantSeats(answers)) => {
                let users = command.pools.iter().flat_map(|_| &command.users);
                for (user, answer) in users.zip(answers) {
                    if let Ok(granted) = answer
                        && let (Err(denial), Some(usage)) = (&granted.decision, &granted.usage)
                    {
                        tenant.notify_denial(denial.reason, usage, Cause::Grant, user, now);
                    }
                }
            }
            (Command::CreateUser(command), Outcome::CreateUser(Ok((Err(denial), usage)))) => {
                let of = |pool: &PoolId| usage.iter().find(|usage| usage.pool == *pool);
                let full = command.pools.iter().filter_map(of).find(|usage| is_full(usage));
                full.into_iter()
                    .for_each(|usage| tenant.notify_denial(denial.reason, usage, Cause::Grant, &command.user, now));
            }
            (Command::UnblockUser(command), Outcome::UnblockUser(Ok((Err(_), usage)))) => {
                for usage in usage.iter().filter(|usage| is_full(usage)) {
                    let reason = tenant.want_of(&usage.pool, &glance);
                    tenant.notify_denial(reason, usage, Cause::Grant, &command.user, now);
                }
            }
            _ => {}
        }
        tenant.look_around(&glance);
    }

    pub fn begin_delivery(&self, id: &TenantId, _: &BeginDelivery) -> Done<Option<Dispatch>> {
        self.find(id).map(|_| None)
    }

    pub fn end_delivery(&self, id: &TenantId, _: &EndDelivery) -> Done<()> {
        self.find(id).map(|_| ())
    }

    pub fn redeliver(&self, id: &TenantId, command: &RedeliverNotification) -> Done<NotificationView> {
        let tenant = &self.tenants[self.find(id)?];
        let known = tenant.notifications.iter().any(|notification| notification.topic == command.topic);
        Err(if known { rule(ErrorReason::NoNotificationChannel) } else { missing("notification", &command.topic) })
    }

    pub fn list_notifications(
        &self,
        id: &TenantId,
        query: &ListNotifications,
        now: Moment,
    ) -> Done<Vec<NotificationView>> {
        let tenant = &self.tenants[self.find(id)?];
        let mut notifications: Vec<&NotificationState> =
            tenant.notifications.iter().filter(|_| query.state.is_none()).collect();
        notifications.sort_by_key(|notification| (notification.raised, notification.topic.to_string()));
        let view = |notification: &NotificationState| NotificationView {
            topic: notification.topic.clone(),
            event: EventNo(0),
            raised: now.wall_of(notification.raised),
            cleared: notification.cleared,
            facts: notification.facts.clone(),
            deliveries: Vec::new(),
        };
        Ok(notifications.into_iter().rev().map(view).collect())
    }
}

fn is_full(usage: &PoolUsage) -> bool {
    usage.plan == Plan::Named && !has_room(usage.limit, usage.in_use)
}

impl Tenant {
    pub fn notify_denial(
        &mut self,
        reason: DenialReason,
        usage: &PoolUsage,
        cause: Cause,
        user: &usher::ids::UserId,
        now: Moment,
    ) {
        let wanting = matches!(reason, DenialReason::SeatsExhausted | DenialReason::SeatOverLimit);
        if wanting && !has_room(sum(usage.limit, Limit::Seats(usage.overdraft)), usage.in_use) {
            let (plan, limit, in_use) = (usage.plan, usage.limit, usage.in_use);
            let facts = Facts::Pool { cause, plan, limit, in_use, user: Some(user.clone()) };
            self.notify(Topic::Exceeded(usage.pool.clone()), facts, now.tick);
        }
    }

    /// Raises a notification once until it is cleared, and at most once a day.
    fn notify(&mut self, topic: Topic, facts: Facts, now: Tick) {
        let before = self.notifications.iter().find(|notification| notification.topic == topic);
        let again = before.is_none_or(|notification| notification.cleared && now.since(notification.raised) >= DAY);
        if again && !self.policy.responsible_person.is_empty() {
            self.notifications.retain(|notification| notification.topic != topic);
            self.notifications.push(NotificationState { topic, raised: now, cleared: false, facts });
        }
    }

    pub fn look_around(&mut self, glance: &Glance) {
        self.look_at_licenses(glance);
        for pool in self.pools.clone() {
            self.look_at_pool(&pool, glance);
        }
    }

    fn look_at_pool(&mut self, pool: &PoolId, glance: &Glance) {
        let (plan, limit) = self.entitlement(pool, glance);
        let in_use = self.in_use(pool, plan);
        let facts = |cause| Facts::Pool { cause, plan, limit, in_use, user: None };
        let overdraft = self.overdraft(pool, glance);
        let most = sum(limit, Limit::Seats(overdraft));
        if over(limit, in_use) > 0 && overdraft > 0 {
            self.notify(Topic::Overdraft(pool.clone()), facts(Cause::Overdraft), glance.now.tick);
        }
        if over(most, in_use) > 0 {
            self.notify(Topic::Exceeded(pool.clone()), facts(Cause::LimitShrank), glance.now.tick);
        }
        for percent in self.policy.warn_at_percent.clone() {
            let reached = matches!(limit, Limit::Seats(1..)) && in_use * 100 >= seats(limit) * u64::from(percent);
            if reached {
                self.notify(Topic::Warning(percent, pool.clone()), facts(Cause::Level), glance.now.tick);
            }
            let topic = Topic::Warning(percent, pool.clone());
            self.notifications
                .iter_mut()
                .filter(|notification| notification.topic == topic && !reached)
                .for_each(|notification| notification.cleared = true);
        }
        let warnings = self.policy.warn_at_percent.clone();
        self.notifications.retain(
            |notification| !matches!(&notification.topic, Topic::Warning(percent, _) if !warnings.contains(percent)),
        );
        for (topic, is_over) in [
            (Topic::Exceeded(pool.clone()), has_room(most, in_use)),
            (Topic::Overdraft(pool.clone()), over(limit, in_use) == 0),
        ] {
            self.notifications
                .iter_mut()
                .filter(|notification| notification.topic == topic && is_over)
                .for_each(|notification| notification.cleared = true);
        }
    }

    fn look_at_licenses(&mut self, glance: &Glance) {
        let papers: Vec<License> = self.deciding().filter(|paper| paper.revoked.is_none()).cloned().collect();
        let due: Vec<(Topic, Facts)> = papers.iter().filter_map(|paper| due(paper, glance)).collect();
        let about = |topic: &Topic, id: &LicenseId, revision: u64, ended: bool| match topic {
            Topic::LicenseExpiring(of, its) => !ended && of == id && *its == revision,
            Topic::LicenseExpired(of, its) => ended && of == id && *its == revision,
            _ => false,
        };
        self.notifications.retain(|notification| {
            let here = |paper: &License| {
                let ended = paper.grant.expires.map(|end| glance.license_time >= end);
                ended.is_some_and(|ended| about(&notification.topic, &paper.id, paper.grant.revision, ended))
            };
            notification.topic.pool().is_some() || papers.iter().any(here)
        });
        for (topic, facts) in due {
            let days = |facts: &Facts| if let Facts::License { days, .. } = facts { *days } else { u16::MAX };
            let known = self
                .notifications
                .iter()
                .find(|notification| notification.topic == topic)
                .map(|notification| days(&notification.facts));
            if known.is_none_or(|known| days(&facts) < known) && !self.policy.responsible_person.is_empty() {
                self.notifications.retain(|notification| notification.topic != topic);
                self.notifications.push(NotificationState { topic, raised: glance.now.tick, cleared: false, facts });
            }
        }
    }
}

pub fn seats(limit: Limit) -> u64 {
    if let Limit::Seats(seats) = limit { seats } else { 0 }
}

/// The notification that is due: 30, 7 and 1 day before a license ends, and at its end.
fn due(paper: &License, glance: &Glance) -> Option<(Topic, Facts)> {
    let (expires, at) = (paper.grant.expires?, glance.license_time);
    let (id, revision) = (paper.id.clone(), paper.grant.revision);
    if at >= expires {
        return Some((Topic::LicenseExpired(id, revision), Facts::License { expires, days: 0 }));
    }
    let days = [1, 7, 30].into_iter().find(|days| expires.minus(DAY * u32::from(*days)) <= at)?;
    Some((Topic::LicenseExpiring(id, revision), Facts::License { expires, days }))
}
