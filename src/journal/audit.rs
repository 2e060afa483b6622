//! The audit of a tenant, read from the store. A person who was renamed has events under several ids: each up to the event
//! of its renaming (R2, R35).

use super::{AuditError, Journal};
use crate::ids::{EventNo, OrganizationId, PoolId, SessionId, TenantId, UserId};
use crate::ledger::change::Action;
use crate::ledger::command::FormerIds;
use crate::ledger::former_id::FormerId;
use crate::ledger::time::Wall;
use crate::store::audit_search::MAX_BLOCKS;
use crate::store::{AuditPage, AuditQuery};

/// Which audit events to read; all given filters hold. [`AuditQuery`] without its address.
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
    /// Events that stand for so many, or more.
    pub count: Option<u32>,
    /// Events with this in the detail.
    pub detail: Option<String>,
    pub from: Option<Wall>,
    pub until: Option<Wall>,
    pub limit: usize,
}

/// Where the events of a person stand under one id.
#[derive(Debug, PartialEq, Eq)]
struct Span {
    user: UserId,
    /// Up to this one they stand under an earlier id.
    behind: EventNo,
    /// `None`: up to now.
    last: Option<EventNo>,
}

impl Span {
    /// Whether any of it is before this event.
    fn is_before(&self, event: EventNo) -> bool {
        event > after(self.behind)
    }
}

fn after(event: EventNo) -> EventNo {
    EventNo(event.0.saturating_add(1))
}

/// The newest first: the id that the user has now, and each that the user had.
fn spans(user: UserId, former: &[FormerId]) -> Vec<Span> {
    let lasts = former.iter().map(|former| former.last_event);
    let behind = lasts.clone().chain([EventNo(0)]);
    let ids = [user].into_iter().chain(former.iter().map(|former| former.id.clone()));
    let lasts = [None].into_iter().chain(lasts.map(Some));
    ids.zip(behind).zip(lasts).map(|((user, behind), last)| Span { user, behind, last }).collect()
}

impl Journal {
    /// Reads audit events from the store, newest first: durable by nature. A page may hold fewer events than there are,
    /// and says where to go on. Those about a user are those about the person, also under the ids from before.
    ///
    /// # Errors
    /// [`AuditError`].
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

    /// One span after the other, from the newest that the query reaches, until the page is full or cost what one may.
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
            // Whoever had the id before this person did is another one.
            page.next = (span.behind > EventNo(0)).then(|| after(span.behind));
        }
        Ok(page)
    }

    /// The id that a user has, and those before it; of somebody who is not there every event under the id is wanted.
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
