//! Raises notifications (R34). An exceeded limit is notified once until there is room again, a warning once until the
//! use falls below its level, and neither more often than once a day; the end of a license 30, 7 and 1 day before it,
//! and when it has come. Without a responsible person and a webhook, nothing is raised.

use std::time::Duration;

use crate::ids::{LicenseId, PoolId, PoolNo, UserId};
use crate::ledger::model::change::{Action, Change, Limit, Plan};
use crate::ledger::model::license::{LicenseRow, Standing};
use crate::ledger::model::notification::{
    Cause, Channel, Deliveries, Delivery, DeliveryState, Facts, NotificationRow, Topic,
};
use crate::ledger::model::outcome::DenialReason;
use crate::ledger::model::time::{Tick, WallTime};
use crate::ledger::state::audit_draft::AuditDraft;
use crate::ledger::state::budget::Budget;
use crate::ledger::state::context::Context;
use crate::ledger::state::license_dates::WARNING_DAYS;
use crate::ledger::state::notifications::FullCheck;
use crate::ledger::state::tenant::Tenant;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// Highest number of obsolete topics that one step deletes.
const MAX_CLEARED_PER_STEP: usize = 64;

impl Tenant {
    /// Notifies of a denial because no seat is free. `cause`: the kind of command that was denied.
    pub fn notify_denied(
        &mut self,
        pool: Option<PoolNo>,
        reason: DenialReason,
        cause: Cause,
        user: &UserId,
        ctx: &mut Context,
    ) {
        let wanting = matches!(reason, DenialReason::SeatsExhausted | DenialReason::SeatOverLimit);
        // An unknown pool has no topic, because clients can invent any number of names (R30).
        let Some(pool) = pool.filter(|_| wanting && self.has_listeners(ctx)) else { return };
        let (plan, limit) = self.entitled(pool, ctx.limit_basis());
        let most = limit.plus(Limit::Seats(self.overdraft(pool, ctx.limit_basis())));
        if most.has_room(self.in_use(pool, plan)) {
            return; // The free seats are for users who wait for one (R33).
        }
        let topic = Topic::Exceeded(self.pools.get(pool).id.clone());
        if self.may_notify(&topic, ctx.now.tick).is_ok() {
            let facts = self.facts(pool, cause, Some(user.clone()), ctx);
            self.notify(topic, facts, None, ctx);
        }
    }

    /// After a step of a command: checks what it may have changed (see `TenantCommand::raises_notifications`), or
    /// has the next tick do so.
    pub fn after_command(&mut self, raises: bool, ctx: &mut Context) {
        if raises {
            ctx.budget.for_notifications();
            self.update_notifications(ctx);
        } else if !self.notifications.moved.is_empty() {
            // A late heartbeat ended its session.
            self.due_by(ctx.now.tick);
        }
    }

    /// Checks what a command, or time, may have changed. Runs after every command, and when something is due in this
    /// tenant. It costs a few comparisons if nothing has changed. What the budget does not pay for takes steps of its
    /// own.
    pub fn update_notifications(&mut self, ctx: &mut Context) {
        let known = &mut self.notifications;
        let dated = !(known.last_date..known.next_date).contains(&ctx.license_time);
        if known.needs_full_check || dated || ctx.now.tick >= known.next_check {
            (known.needs_full_check, known.next_check, known.full_check) =
                (false, Tick::NEVER, Some(FullCheck::Topics));
            (known.warns, known.changed) = (!self.policy.warn_at_percent.is_empty(), true);
            // Limits may have changed.
            self.stale.note_all(&mut self.pools);
            self.note_dates(ctx.license_time);
        }
        if self.notifications.full_check.is_some() {
            self.continue_full_check(ctx);
        }
        if self.notifications.full_check.is_none() {
            self.check_changed_pools(ctx);
        }
        if self.notifications.full_check.is_some() || !self.notifications.moved.is_empty() {
            ctx.mark_unfinished(self.no, &mut self.unfinished);
        }
        self.due_by(self.notifications.next_check);
    }

    fn check_changed_pools(&mut self, ctx: &mut Context) {
        let mut moved = std::mem::take(&mut self.notifications.moved);
        let mut checked = 0;
        for no in &moved {
            if ctx.budget.is_spent() {
                break;
            }
            // A full check has brought the others up to date.
            if self.pools.get(*no).moved {
                self.check_pool_topics(*no, ctx);
            }
            checked += 1;
        }
        moved.drain(..checked);
        self.notifications.moved = moved;
    }

    /// Continues a full check.
    fn continue_full_check(&mut self, ctx: &mut Context) {
        while let Some(full_check) = self.notifications.full_check {
            if ctx.budget.is_spent() {
                return;
            }
            self.notifications.full_check = match full_check {
                FullCheck::Topics if self.forget_obsolete(ctx) => {
                    self.check_license_topics(ctx);
                    Some(FullCheck::Pools(PoolNo(0)))
                }
                FullCheck::Topics => Some(FullCheck::Topics),
                FullCheck::Pools(no) if usize::from(no.0) < self.pools.iter().len() => {
                    self.check_pool_topics(no, ctx);
                    Some(FullCheck::Pools(PoolNo(no.0 + 1)))
                }
                FullCheck::Pools(_) => None,
            };
        }
    }

    fn has_listeners(&self, ctx: &Context) -> bool {
        ctx.channels.webhook || !self.policy.responsible_person.is_empty()
    }

    /// Once until the topic's condition ends, and at most once a day. `Err`: the time at which it is allowed.
    fn may_notify(&self, topic: &Topic, now: Tick) -> Result<(), Tick> {
        match self.notifications.get(topic) {
            None => Ok(()),
            Some(row) if !row.cleared => Err(Tick::NEVER),
            Some(row) if now.since(row.raised) < DAY => Err(row.raised + DAY),
            Some(_) => Ok(()),
        }
    }

    fn facts(&self, pool: PoolNo, cause: Cause, user: Option<UserId>, ctx: &Context) -> Facts {
        let (plan, limit) = self.entitled(pool, ctx.limit_basis());
        Facts::Pool { cause, plan, limit, in_use: self.in_use(pool, plan), user }
    }

    /// Raises a notification. With `quiet` it is recorded and not sent, for that reason.
    fn notify(&mut self, topic: Topic, facts: Facts, quiet: Option<&str>, ctx: &mut Context) {
        let deliveries = if quiet.is_none() { self.fresh_deliveries(ctx) } else { Deliveries::default() };
        let quiet = quiet.map_or(String::new(), |why| format!("; not sent, {why}"));
        let what = format!("{}{quiet}", describe(&facts));
        let event = ctx.log(self.about_topic(Action::NotificationRaised, &topic, &what));
        let row =
            NotificationRow { tenant: self.no, topic, event, raised: ctx.now.tick, cleared: false, facts, deliveries };
        self.put_notification(row, ctx);
    }

    fn fresh_deliveries(&self, ctx: &Context) -> Deliveries {
        let mut deliveries = Deliveries::default();
        for channel in Channel::ALL {
            *deliveries.at(channel) = self.reaches(channel, ctx).then(|| fresh_delivery(ctx.now.tick));
        }
        deliveries
    }

    /// True if the channel is configured and the tenant has a receiver for it.
    pub fn reaches(&self, channel: Channel, ctx: &Context) -> bool {
        match channel {
            Channel::Email => ctx.channels.email && !self.policy.responsible_person.is_empty(),
            Channel::Webhook => ctx.channels.webhook,
        }
    }

    pub fn put_notification(&mut self, row: NotificationRow, ctx: &mut Context) {
        ctx.put(Change::PutNotification(row.clone()));
        self.notifications.put(row);
    }

    pub fn about_topic(&self, action: Action, topic: &Topic, detail: &str) -> AuditDraft {
        let about = self.about(action).detail(format!("{topic}: {detail}"));
        match topic.pool() {
            Some(pool) => about.pool(pool),
            None => about,
        }
    }

    /// Records that the condition of a topic has ended.
    fn clear(&mut self, topic: &Topic, ctx: &mut Context) {
        let Some(row) = self.notifications.get(topic).filter(|row| !row.cleared) else { return };
        let row = NotificationRow { cleared: true, ..row.clone() };
        self.put_notification(row, ctx);
        ctx.log(self.about_topic(Action::NotificationCleared, topic, "over"));
    }

    fn check_pool_topics(&mut self, no: PoolNo, ctx: &mut Context) {
        self.pools.get_mut(no).moved = false;
        ctx.budget.spend_each(1 + self.policy.warn_at_percent.len(), 3 * Budget::READ);
        let (plan, limit) = self.entitled(no, ctx.limit_basis());
        let in_use = self.in_use(no, plan);
        let most = limit.plus(Limit::Seats(self.overdraft(no, ctx.limit_basis())));
        let pool = self.pools.get(no).id.clone();
        let facts = |cause| Facts::Pool { cause, plan, limit, in_use, user: None };
        let (exceeded, overdraft) = (Topic::Exceeded(pool.clone()), Topic::Overdraft(pool.clone()));
        if most.has_room(in_use) {
            self.clear(&exceeded, ctx);
        } else if most.over(in_use) > 0 {
            self.notify_when_allowed(exceeded, facts(Cause::LimitShrank), None, ctx);
        }
        if limit.over(in_use) == 0 {
            self.clear(&overdraft, ctx);
        } else if most != limit {
            self.notify_when_allowed(overdraft, facts(Cause::Overdraft), None, ctx);
        }
        self.warn(&pool, plan, limit, in_use, ctx);
    }

    /// Raises warnings: of several levels that are reached at once, only the highest is sent.
    fn warn(&mut self, pool: &PoolId, plan: Plan, limit: Limit, in_use: u64, ctx: &mut Context) {
        let reached = |percent: u8| match limit {
            Limit::Seats(0) | Limit::Unlimited => false,
            Limit::Seats(seats) => u128::from(in_use) * 100 >= u128::from(seats) * u128::from(percent),
        };
        let percents = self.policy.warn_at_percent.clone();
        let highest = percents.iter().copied().filter(|percent| reached(*percent)).max();
        for percent in percents {
            let topic = Topic::Warning(percent, pool.clone());
            if reached(percent) {
                let facts = Facts::Pool { cause: Cause::Level, plan, limit, in_use, user: None };
                let quiet = (Some(percent) != highest).then_some("a higher level is reached");
                self.notify_when_allowed(topic, facts, quiet, ctx);
            } else {
                self.clear(&topic, ctx);
            }
        }
    }

    /// Raises a notification now, or notes the time at which it is allowed.
    fn notify_when_allowed(&mut self, topic: Topic, facts: Facts, quiet: Option<&str>, ctx: &mut Context) {
        if !self.has_listeners(ctx) {
            return;
        }
        match self.may_notify(&topic, ctx.now.tick) {
            Ok(()) => self.notify(topic, facts, quiet, ctx),
            Err(later) => self.notifications.next_check = self.notifications.next_check.min(later),
        }
    }

    fn check_license_topics(&mut self, ctx: &mut Context) {
        let at = ctx.license_time;
        let current = self.licenses.heads().iter().filter(|row| row.standing == Standing::Current);
        let due = |row: &LicenseRow| due(row, at).map(|(topic, facts)| (topic, facts, row.installed == ctx.now.tick));
        let due: Vec<(Topic, Facts, bool)> = current.filter_map(due).collect();
        for (topic, facts, fresh) in due {
            let Facts::License { days, .. } = facts else { continue };
            let known = self.notifications.get(&topic).map(|row| &row.facts);
            let known =
                known.is_some_and(|known| matches!(known, Facts::License { days: known, .. } if *known <= days));
            if !known && self.has_listeners(ctx) {
                // Whoever installs a license for a week knows when it ends.
                self.notify(topic, facts, fresh.then_some("it was installed so"), ctx);
            }
        }
    }

    /// Deletes topics of licenses that no longer exist or have ended, and of levels that the policy no longer has.
    /// Returns true if all of them are deleted.
    fn forget_obsolete(&mut self, ctx: &mut Context) -> bool {
        ctx.budget.spend_each(self.notifications.iter().count(), 10);
        let is_current = |id: &LicenseId, revision: u64, ended: bool| {
            let head =
                self.licenses.head(id).filter(|row| row.standing == Standing::Current && row.revision == revision);
            head.is_some_and(|row| row.expires.is_some_and(|end| ended == (ctx.license_time >= end)))
        };
        let stays = |topic: &Topic| match topic {
            Topic::Exceeded(_) | Topic::Overdraft(_) => true,
            Topic::Warning(percent, _) => self.policy.warn_at_percent.contains(percent),
            Topic::LicenseExpiring(id, revision) => is_current(id, *revision, false),
            Topic::LicenseExpired(id, revision) => is_current(id, *revision, true),
        };
        let gone = self.notifications.iter().map(|row| &row.topic).filter(|t| !stays(t));
        let gone: Vec<Topic> = gone.take(MAX_CLEARED_PER_STEP + 1).cloned().collect();
        let complete = gone.len() <= MAX_CLEARED_PER_STEP;
        for topic in gone.into_iter().take(MAX_CLEARED_PER_STEP) {
            self.notifications.remove(&topic);
            ctx.log(self.about_topic(Action::NotificationCleared, &topic, "over"));
            ctx.put(Change::DeleteNotification(self.no, topic));
        }
        complete
    }
}

pub(in crate::ledger) fn fresh_delivery(now: Tick) -> Delivery {
    Delivery { state: DeliveryState::Pending, since: now, attempts: 0, next: now, error: "".into() }
}

/// The notification about a license that is due at a time; of the days before its end, the last one that has come.
fn due(row: &LicenseRow, at: WallTime) -> Option<(Topic, Facts)> {
    let expires = row.expires?;
    if at >= expires {
        return Some((Topic::LicenseExpired(row.id.clone(), row.revision), Facts::License { expires, days: 0 }));
    }
    let came = |days: &u16| expires.minus(DAY * u32::from(*days)) <= at;
    let days = WARNING_DAYS.into_iter().filter(came).min()?;
    Some((Topic::LicenseExpiring(row.id.clone(), row.revision), Facts::License { expires, days }))
}

/// Text for the audit.
fn describe(facts: &Facts) -> String {
    match facts {
        Facts::Pool { limit, in_use, cause, .. } => {
            let why = match cause {
                Cause::CheckOut => "a check-out was refused",
                Cause::Grant => "a grant was refused",
                Cause::Sync => "an entry of a sync was refused",
                Cause::LimitShrank => "the limit shrank",
                Cause::Level => "in use",
                Cause::Overdraft => "above the limit, as the license allows",
            };
            format!("{why}, {in_use}/{limit}")
        }
        Facts::License { days: 0, .. } => "it has ended".into(),
        Facts::License { days: 1, .. } => "1 day before its end".into(),
        Facts::License { days, .. } => format!("{days} days before its end"),
    }
}
