//! Reads a tenant's audit from the store. A user who was renamed has events under several ids: under each former id
//! those up to the event of the renaming (R2, R35).

use super::{AuditError, Journal};
use crate::ids::{EventNo, OrganizationId, PoolId, SessionId, TenantId, UserId};
use crate::ledger::change::Action;
use crate::ledger::command::FormerIds;
use crate::ledger::former_id::FormerId;
use crate::ledger::time::WallTime;
use crate::store::audit_search::MAX_BLOCKS;
use crate::store::{AuditPage, AuditQuery};

/// Filter for audit events; an event must match every field that is set. Like [`AuditQuery`], but without shard and
/// tenant.
#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    pub before: Option<EventNo>,
    pub user: Option<UserId>,
    pub pool: Option<PoolId>,
    pub session: Option<SessionId>,
    pub organization: Option<OrganizationId>,
    pub actor: Option<String>,
    pub action: Option<Action>,
    pub denied: Option<bool>,
    pub reason: Option<u8>,
    /// Events that stand for at least this many.
    pub count: Option<u32>,
    /// Events whose detail contains this text.
    pub detail: Option<String>,
    pub from: Option<WallTime>,
    pub until: Option<WallTime>,
    pub limit: usize,
}

/// Range of events that a user has under one id.
#[derive(Debug, PartialEq, Eq)]
struct Span {
    user: UserId,
    /// Number of the last event under the preceding id. The range begins after it.
    behind: EventNo,
    /// Number of the last event of the range. `None`: up to now.
    last: Option<EventNo>,
}

impl Span {
    /// Returns whether any event of the range is before `event`.
    fn is_before(&self, event: EventNo) -> bool {
        event > after(self.behind)
    }
}

fn after(event: EventNo) -> EventNo {
    EventNo(event.0.saturating_add(1))
}

/// Ranges of a user's events, newest first: under the present id, then under each former id.
fn spans(user: UserId, former: &[FormerId]) -> Vec<Span> {
    let lasts = former.iter().map(|former| former.last_event);
    let behind = lasts.clone().chain([EventNo(0)]);
    let ids = [user].into_iter().chain(former.iter().map(|former| former.id.clone()));
    let lasts = [None].into_iter().chain(lasts.map(Some));
    ids.zip(behind).zip(lasts).map(|((user, behind), last)| Span { user, behind, last }).collect()
}

impl Journal {
    /// Reads audit events from the store, newest first; all of them are durable. A page may have fewer events than
    /// `limit`, and says where to continue. A filter by user finds the events of the person, also under former ids.
    ///
    /// # Errors
    /// [`AuditError`]
    pub async fn audit(&self, tenant: &TenantId, filter: AuditFilter) -> Result<AuditPage, AuditError> {
        let no = self.number(tenant).await?.ok_or(AuditError::NoSuchTenant)?;
        let (user, spans) = match filter.user {
            Some(user) => {
                let (user, former) = self.former_ids(tenant, user).await?;
                (Some(user.clone()), spans(user, &former))
            }
            None => (None, Vec::new()),
        };
        let query = AuditQuery {
            shard: tenant.shard(self.shards()),
            tenant: no,
            before: filter.before,
            user,
            pool: filter.pool,
            session: filter.session,
            organization: filter.organization,
            actor: filter.actor,
            action: filter.action,
            denied: filter.denied,
            reason: filter.reason,
            count: filter.count,
            detail: filter.detail,
            from: filter.from,
            until: filter.until,
            limit: filter.limit,
        };
        if spans.len() < 2 {
            return Ok(self.store.audit(query).await?);
        }
        self.audit_of(query, &spans).await
    }

    /// Reads one range after the other, from the newest one that the query reaches, until the page is full or its
    /// budget of blocks is used up.
    async fn audit_of(&self, query: AuditQuery, spans: &[Span]) -> Result<AuditPage, AuditError> {
        let mut page = AuditPage { next: query.before, ..AuditPage::default() };
        for span in spans.iter().filter(|span| query.before.is_none_or(|before| span.is_before(before))) {
            let limit = query.limit - page.events.len();
            if limit == 0 || page.blocks >= MAX_BLOCKS {
                break;
            }
            let before = page.next.into_iter().chain(span.last.map(after)).min();
            let part = AuditQuery { user: Some(span.user.clone()), before, limit, ..query.clone() };
            let AuditPage { events, next, blocks } = self.store.audit(part).await?;
            page.blocks += blocks;
            page.events.extend(events.into_iter().take_while(|event| event.no > span.behind));
            page.next = next.filter(|next| span.is_before(*next));
            if page.next.is_some() {
                break;
            }
            // Events under this id before the range belong to another user, who had the id earlier.
            page.next = (span.behind > EventNo(0)).then(|| after(span.behind));
        }
        Ok(page)
    }

    /// Present id of a user, and the former ids. If the user does not exist, the given id alone: all events under it
    /// match.
    async fn former_ids(&self, tenant: &TenantId, user: UserId) -> Result<(UserId, Vec<FormerId>), AuditError> {
        if *tenant == TenantId::installation() {
            return Ok((user, Vec::new()));
        }
        let former = self.query(tenant, FormerIds { user: user.clone() }).await?;
        Ok(former.unwrap_or_else(|_| (user, Vec::new())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_id_has_the_events_up_to_its_renaming() {
        let id = UserId::stored;
        let former = |text: &str, last| FormerId { id: id(text), last_event: EventNo(last) };
        let span = |text: &str, behind, last: Option<u64>| Span {
            user: id(text),
            behind: EventNo(behind),
            last: last.map(EventNo),
        };
        assert_eq!(spans(id("ann"), &[]), [span("ann", 0, None)]);
        let there_and_back = [former("anna", 9), former("ann", 4)];
        let expected = [span("ann", 9, None), span("anna", 4, Some(9)), span("ann", 0, Some(4))];
        assert_eq!(spans(id("ann"), &there_and_back), expected);
    }
}
