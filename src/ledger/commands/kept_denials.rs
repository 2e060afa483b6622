//! Denials that were answered while the store accepted no changes (R21): their audit events wait until it does. A
//! bounded number of bytes is kept; of the events beyond it, each tenant gets one event for each action and reason,
//! with their number.

use std::collections::BTreeMap;

use crate::ids::TenantNo;
use crate::ledger::model::change::{Action, Actor, AuditEvent, Changes, Reason};
use crate::ledger::model::command::{CheckOut, Command, Outcome, Request};
use crate::ledger::model::outcome::DenialReason;
use crate::ledger::model::time::Moment;
use crate::ledger::state::audit_draft::AuditDraft;
use crate::ledger::state::ledger::{Ledger, NO_TENANT};

/// Highest number of bytes of kept events in one shard.
const MAX_BYTES: usize = 2 << 20;

/// Denials of one shard that wait to be written.
#[derive(Debug, Default)]
pub struct KeptDenials {
    /// Events of batches that were dropped; each gets a new number when it is written.
    events: Vec<AuditEvent>,
    /// Bytes of `events`.
    bytes: usize,
    /// Bytes of the events in the open batch.
    open_bytes: usize,
    /// Numbers of denials that were not kept one by one, by tenant, action and reason code.
    dropped: BTreeMap<(TenantNo, Action, u8), u32>,
}

impl KeptDenials {
    /// Keeps the denials of a batch that will not be written, and of the open batch behind it.
    pub fn keep(&mut self, events: impl IntoIterator<Item = AuditEvent>) {
        self.open_bytes = 0;
        for event in events {
            let Some(Reason::Denied(reason)) = event.reason else { continue };
            if self.has_room(&event) {
                self.bytes += bytes(&event);
                self.events.push(event);
            } else {
                self.drop_one((event.tenant, event.action, reason), event.count);
            }
        }
    }

    pub fn is_empty(&self) -> bool {
        self.events.is_empty() && self.dropped.is_empty()
    }

    /// Number of denials that were not kept one by one.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped.values().map(|count| u64::from(*count)).sum()
    }

    fn has_room(&self, event: &AuditEvent) -> bool {
        self.bytes + self.open_bytes + bytes(event) <= MAX_BYTES
    }

    fn drop_one(&mut self, (tenant, action, reason): (TenantNo, Action, DenialReason), count: u32) {
        let dropped = self.dropped.entry((tenant, action, reason.code())).or_default();
        *dropped = dropped.saturating_add(count);
    }
}

/// Approximate bytes of an event in memory.
fn bytes(event: &AuditEvent) -> usize {
    let text = |text: Option<&str>| text.map_or(0, str::len);
    size_of::<AuditEvent>()
        + event.detail.len()
        + text(event.user.as_ref().map(|user| user.as_str()))
        + text(event.pool.as_ref().map(|pool| pool.as_str()))
}

impl Ledger {
    /// Decides about a check-out while nothing can be written, and answers it if it is denied: that ends no session and
    /// notifies nobody. Returns `None` if the check-out would be admitted, or if more is overdue than this step can
    /// end.
    pub fn deny(
        &mut self,
        (request, check_out): (&Request, &CheckOut),
        now: Moment,
        kept: &mut KeptDenials,
        out: &mut Changes,
    ) -> Option<Outcome> {
        if !self.is_written(&request.tenant) {
            return None;
        }
        let mut command = Command::CheckOut(CheckOut { check_only: true, ..check_out.clone() });
        self.resolve_user_ids(&request.tenant, &mut command);
        let user = command.users().first().map_or_else(|| check_out.user.clone(), |user| (**user).clone());
        let (tenant, actor) = (request.tenant.clone(), request.actor.clone());
        let question = Request { tenant, actor, command };
        // With `check_only` it changes nothing, except that it may have to end what is overdue.
        let answer = self.decide(question, now, out).ok()?;
        let Outcome::CheckOut(Ok(checked)) = &answer else { return None };
        let reason = checked.decision.as_ref().err()?.reason;
        let no = self.by_id.get(&request.tenant).copied();
        let mut about = AuditDraft::new(no.unwrap_or(NO_TENANT), Action::CheckOutDenied).denied(reason);
        about = about.user(&user).pool(&check_out.pool);
        if no.is_none() {
            about = about.detail(request.tenant.as_str());
        }
        let (_, mut ctx) = self.context(&request.tenant, &request.actor, now, out);
        let events = ctx.out.events.len();
        if kept.bytes + kept.open_bytes < MAX_BYTES {
            ctx.log_denial(about);
            kept.open_bytes += out.events[events..].iter().map(bytes).sum::<usize>();
        } else {
            kept.drop_one((about.tenant, about.action, reason), 1);
        }
        Some(answer)
    }

    /// Writes the kept denials when the store accepts changes again. Numbers are new; times are those of the denials.
    pub fn write_kept(&mut self, kept: KeptDenials, now: Moment, out: &mut Changes) {
        for event in kept.events {
            self.last_event.0 += 1;
            out.events.push(AuditEvent { no: self.last_event, ..event });
        }
        for ((tenant, action, code), count) in kept.dropped {
            self.last_event.0 += 1;
            out.events.push(AuditEvent {
                no: self.last_event,
                tenant,
                at: now.wall,
                actor: Actor::service(),
                action,
                reason: DenialReason::from_code(code).map(Reason::Denied),
                user: None,
                pool: None,
                session: None,
                organization: None,
                count,
                detail: "denied while the store took nothing; not kept one by one".into(),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{EventNo, UserId};
    use crate::ledger::model::time::{Tick, WallTime};

    fn event(no: u64, action: Action) -> AuditEvent {
        let about = AuditDraft::new(TenantNo(1), action).denied(DenialReason::SeatsExhausted);
        let about = about.user(&UserId::stored(&format!("user{no:06}")));
        about.event(EventNo(no), Moment::new(Tick(0), WallTime(0)), &Actor::service())
    }

    #[test]
    fn what_was_open_is_counted_once_and_what_is_dropped_keeps_its_name() {
        let each = bytes(&event(0, Action::CheckOutDenied));
        let room = MAX_BYTES / each;
        // As if half of them had been denied into the open batch.
        let mut kept = KeptDenials { open_bytes: room / 2 * each, ..KeptDenials::default() };
        kept.keep((0..room as u64).map(|no| event(no, Action::CheckOutDenied)));
        assert_eq!((kept.events.len(), kept.dropped()), (room, 0));
        kept.keep((0..3).map(|no| event(no, Action::SeatGranted)));
        kept.keep((0..2).map(|no| event(no, Action::CheckOutDenied)));
        let dropped: Vec<_> = kept.dropped.iter().map(|((_, action, _), count)| (*action, *count)).collect();
        assert_eq!(dropped, [(Action::CheckOutDenied, 2), (Action::SeatGranted, 3)]);
    }
}
