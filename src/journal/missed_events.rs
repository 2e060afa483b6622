//! Events that a shard's memory no longer has, or never had because another process owned the shard then: a watcher reads
//! them from the audit, a page at a time, the oldest first (C13).

use super::recent_events::{RecentEvent, from_audit};
use crate::ids::{EventNo, ShardId, TenantNo};
use crate::ledger::change::Action;
use crate::store::{AuditPage, AuditQuery, StoreError, StoreFuture};

/// Events of a page, of any kind. A watcher holds one page.
const PAGE_EVENTS: usize = 64;

/// Reads a page of the audit.
pub(super) type ReadAudit =
    Box<dyn Fn(AuditQuery) -> StoreFuture<'static, Result<AuditPage, StoreError>> + Send + Sync>;

/// A search in the audit of one tenant. It goes back from the newest missed event, and notes where each page begins,
/// until it reaches the cursor; then it reads the same pages forward.
pub(super) struct MissedEvents {
    audit: ReadAudit,
    shard: ShardId,
    tenant: TenantNo,
    /// For each page that is still to be read, the number behind its newest event. Newest page first.
    pages: Vec<EventNo>,
}

/// Result of a search.
pub(super) enum Found {
    /// All events for watchers of the tenant up to `until`.
    Events { events: Vec<RecentEvent>, until: EventNo },
    /// The audit no longer goes back to the cursor.
    Expired,
}

impl MissedEvents {
    pub fn new(audit: ReadAudit, shard: ShardId, tenant: TenantNo) -> Self {
        Self { audit, shard, tenant, pages: Vec::new() }
    }

    /// Notes that memory has everything again.
    pub fn clear(&mut self) {
        self.pages.clear();
    }

    /// Reads the next events behind `cursor`; `until`: number of the last event that is missing. Safe to cancel: the
    /// next call goes on.
    pub async fn next(&mut self, cursor: EventNo, until: EventNo) -> Result<Found, StoreError> {
        loop {
            let before = self.pages.last().copied().unwrap_or(EventNo(until.0 + 1));
            let query = AuditQuery::all(self.shard, self.tenant, PAGE_EVENTS);
            let page = (self.audit)(AuditQuery { before: Some(before), ..query }).await?;
            if self.pages.is_empty() {
                self.pages.push(before);
            }
            if reaches(&page, cursor) {
                self.pages.pop();
                let missed = page.events.iter().rev().filter(|event| event.no > cursor);
                return Ok(Found::Events {
                    events: missed.filter_map(from_audit).collect(),
                    until: EventNo(before.0.saturating_sub(1)),
                });
            }
            match page.next {
                Some(next) if next < before => self.pages.push(next),
                _ => {
                    self.pages.clear();
                    return Ok(Found::Expired);
                }
            }
        }
    }
}

/// Returns whether the page has everything behind the cursor. The oldest events are deleted first, so nothing is
/// missing behind an event that is still there; nor behind the creation of the tenant.
fn reaches(page: &AuditPage, cursor: EventNo) -> bool {
    page.events.iter().any(|event| event.no <= cursor || event.action == Action::TenantCreated)
        || page.next.is_some_and(|next| next.0 <= cursor.0 + 1)
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::ids::{PoolId, SessionId, UserId};
    use crate::journal::WatchEvent;
    use crate::ledger::change::{Actor, AuditEvent};
    use crate::ledger::time::WallTime;

    fn event(no: u64, action: Action) -> AuditEvent {
        AuditEvent {
            no: EventNo(no),
            tenant: TenantNo(1),
            at: WallTime(0),
            actor: Actor::service(),
            action,
            reason: None,
            user: Some(UserId::stored("ann")),
            pool: Some(PoolId::stored("primary")),
            session: Some(SessionId::random()),
            organization: None,
            count: 1,
            detail: "".into(),
        }
    }

    /// An audit whose pages end early, at any event that is divisible by 10.
    fn audit(events: &Arc<Mutex<Vec<AuditEvent>>>) -> MissedEvents {
        let events = Arc::clone(events);
        let read = move |query: AuditQuery| {
            let behind = query.before.expect("a page has an end");
            let mut page = AuditPage::default();
            for event in events.lock().unwrap().iter().rev().filter(|event| event.no < behind) {
                page.events.push(event.clone());
                if page.events.len() == query.limit || event.no.0.is_multiple_of(10) {
                    page.next = Some(event.no);
                    break;
                }
            }
            let page: StoreFuture<'static, _> = Box::pin(std::future::ready(Ok(page)));
            page
        };
        MissedEvents::new(Box::new(read), ShardId(0), TenantNo(1))
    }

    /// Reads everything behind the cursor. `None`: the audit no longer has it.
    async fn all(missed: &mut MissedEvents, mut cursor: u64, until: u64) -> Option<Vec<u64>> {
        let mut all = Vec::new();
        while cursor < until {
            match missed.next(EventNo(cursor), EventNo(until)).await.unwrap() {
                Found::Expired => return None,
                Found::Events { events, until } => {
                    assert!(events.len() <= PAGE_EVENTS && until.0 > cursor);
                    all.extend(events.iter().map(|event| event.no.0));
                    cursor = until.0;
                }
            }
        }
        Some(all)
    }

    #[tokio::test]
    async fn whatever_the_pages_are_each_event_comes_once_and_in_its_order() {
        let mut events = vec![event(1, Action::TenantCreated)];
        events.extend((2..=500).map(|no| match no % 3 {
            0 => event(no, Action::SessionRenewed),
            _ => event(no, Action::SessionStarted),
        }));
        let mut missed = audit(&Arc::new(Mutex::new(events)));
        for (cursor, until) in [(0, 500), (1, 500), (37, 500), (490, 499), (499, 500), (10, 11), (30, 30)] {
            let expected: Vec<u64> = (cursor + 1..=until).filter(|no| *no > 1 && no % 3 != 0).collect();
            assert_eq!(all(&mut missed, cursor, until).await, Some(expected), "{cursor} to {until}");
        }
    }

    #[tokio::test]
    async fn what_the_audit_has_no_more_is_said() {
        let events = Arc::new(Mutex::new((101..=300).map(|no| event(no, Action::SessionStarted)).collect::<Vec<_>>()));
        let mut missed = audit(&events);
        assert_eq!(all(&mut missed, 50, 300).await, None, "those up to 100 were deleted");
        assert_eq!(all(&mut missed, 101, 300).await.map(|all| all.len()), Some(199), "the search begins anew");
        // They are deleted while a watcher reads.
        let Found::Events { until, .. } = missed.next(EventNo(101), EventNo(300)).await.unwrap() else {
            panic!("they are there")
        };
        events.lock().unwrap().retain(|event| event.no.0 > 200);
        assert_eq!(all(&mut missed, until.0, 300).await, None);
    }

    #[test]
    fn an_event_of_the_audit_says_what_it_does_not_know() {
        let Some(RecentEvent { event: WatchEvent::Started { session, known, .. }, .. }) =
            from_audit(&event(7, Action::SessionStarted))
        else {
            panic!("a start")
        };
        assert_eq!((session.user.as_str(), session.device.as_str(), known), ("ann", "", false));
    }
}
