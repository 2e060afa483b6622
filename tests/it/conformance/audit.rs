//! The audit.

use usher::ids::{EventNo, OrganizationId, PoolId, SessionId, TenantNo, UserId};
use usher::ledger::change::{Action, Actor, AuditEvent, Reason};
use usher::ledger::outcome::{DenialReason, SessionEndReason};
use usher::ledger::time::WallTime;
use usher::store::{AuditQuery, Store};
use uuid::Uuid;

use super::{Backend, SHARD, Writer, event};

pub fn everything(tenant: u32) -> AuditQuery {
    AuditQuery::all(SHARD, TenantNo(tenant), 1_000)
}

/// The events of one page.
pub async fn page(store: &dyn Store, query: AuditQuery) -> Vec<AuditEvent> {
    store.audit(query).await.expect("an audit").events
}

async fn numbers(store: &dyn Store, query: AuditQuery) -> Vec<u64> {
    page(store, query).await.iter().map(|event| event.no.0).collect()
}

/// 1 and 2: ann's session starts and ends; 3 and 4: bob is denied for two reasons; 5: an administrator's update.
fn story() -> Vec<AuditEvent> {
    let session = Some(SessionId(Uuid::from_u128(77)));
    let about = |no, user, action, reason| AuditEvent {
        action,
        reason,
        user: Some(UserId::stored(user)),
        pool: Some(PoolId::stored("primary")),
        organization: Some(OrganizationId::stored("north")),
        ..event(no, 1)
    };
    let denied = |reason| Some(Reason::Denied(reason));
    vec![
        AuditEvent { session, ..about(1, "ann", Action::SessionStarted, None) },
        AuditEvent {
            session,
            ..about(2, "ann", Action::SessionEnded, Some(Reason::Ended(SessionEndReason::CheckedIn)))
        },
        about(3, "bob", Action::CheckOutDenied, denied(DenialReason::TenantNotFound)),
        AuditEvent { count: 3, ..about(4, "bob", Action::CheckOutDenied, denied(DenialReason::SeatsExhausted)) },
        AuditEvent { actor: Actor("root".into()), detail: "display_name".into(), ..event(5, 1) },
    ]
}

pub async fn events_come_newest_first(backend: Backend) {
    let store = backend.start().await;
    let mut writer = Writer::claim(&*store).await;
    writer.commit(vec![], story()).await;
    let mut wanted = story();
    wanted.reverse();
    assert_eq!(page(&*store, everything(1)).await, wanted);
}

pub async fn each_filter_holds(backend: Backend) {
    let store = backend.start().await;
    let mut writer = Writer::claim(&*store).await;
    writer.commit(vec![], story()).await;
    let all = everything(1);
    let code = |reason: Reason| Some(reason.code());
    let cases: Vec<(AuditQuery, &[u64])> = vec![
        (AuditQuery { before: Some(EventNo(3)), ..all.clone() }, &[2, 1]),
        (AuditQuery { before: Some(EventNo(1)), ..all.clone() }, &[]),
        (AuditQuery { before: Some(EventNo(u64::MAX)), ..all.clone() }, &[5, 4, 3, 2, 1]),
        (AuditQuery { user: Some(UserId::stored("ann")), ..all.clone() }, &[2, 1]),
        (AuditQuery { user: Some(UserId::stored("an")), ..all.clone() }, &[]),
        (AuditQuery { actor: Some("root".into()), ..all.clone() }, &[5]),
        (AuditQuery { action: Some(Action::SessionStarted), ..all.clone() }, &[1]),
        (AuditQuery { denied: Some(true), ..all.clone() }, &[4, 3]),
        (AuditQuery { denied: Some(false), ..all.clone() }, &[5, 2, 1]),
        (AuditQuery { reason: code(Reason::Denied(DenialReason::SeatsExhausted)), ..all.clone() }, &[4]),
        (AuditQuery { reason: code(Reason::Ended(SessionEndReason::CheckedIn)), ..all.clone() }, &[2]),
        (AuditQuery { from: Some(WallTime(3_000)), ..all.clone() }, &[5, 4, 3]),
        (AuditQuery { until: Some(WallTime(3_000)), ..all.clone() }, &[2, 1]),
        (AuditQuery { pool: Some(PoolId::stored("primary")), ..all.clone() }, &[4, 3, 2, 1]),
        (AuditQuery { pool: Some(PoolId::stored("crm")), ..all.clone() }, &[]),
        (AuditQuery { session: Some(SessionId(Uuid::from_u128(77))), ..all.clone() }, &[2, 1]),
        (AuditQuery { session: Some(SessionId(Uuid::from_u128(78))), ..all.clone() }, &[]),
        (AuditQuery { organization: Some(OrganizationId::stored("north")), ..all.clone() }, &[4, 3, 2, 1]),
        (AuditQuery { organization: Some(OrganizationId::stored("nort")), ..all.clone() }, &[]),
        (AuditQuery { count: Some(1), ..all.clone() }, &[5, 4, 3, 2, 1]),
        (AuditQuery { count: Some(3), ..all.clone() }, &[4]),
        (AuditQuery { count: Some(4), ..all.clone() }, &[]),
        (AuditQuery { detail: Some("play_n".into()), ..all.clone() }, &[5]),
        (AuditQuery { detail: Some("%".into()), ..all.clone() }, &[]),
        (AuditQuery { limit: 2, ..all.clone() }, &[5, 4]),
        (AuditQuery { limit: 0, ..all.clone() }, &[]),
        (AuditQuery { limit: usize::MAX, ..all.clone() }, &[5, 4, 3, 2, 1]),
    ];
    for (query, wanted) in cases {
        assert_eq!(numbers(&*store, query.clone()).await, wanted, "{query:?}");
    }
}

pub async fn filters_add_up(backend: Backend) {
    let store = backend.start().await;
    let mut writer = Writer::claim(&*store).await;
    writer.commit(vec![], story()).await;
    let query = AuditQuery {
        before: Some(EventNo(4)),
        user: Some(UserId::stored("bob")),
        actor: Some("login".into()),
        action: Some(Action::CheckOutDenied),
        denied: Some(true),
        reason: Some(Reason::Denied(DenialReason::TenantNotFound).code()),
        from: Some(WallTime(3_000)),
        until: Some(WallTime(3_001)),
        ..everything(1)
    };
    assert_eq!(numbers(&*store, query.clone()).await, [3]);
    let nobody = AuditQuery { user: Some(UserId::stored("ann")), ..query };
    assert_eq!(numbers(&*store, nobody).await, [0; 0]);
}

pub async fn pages_follow_each_other(backend: Backend) {
    let store = backend.start().await;
    let mut writer = Writer::claim(&*store).await;
    writer.commit(vec![], (1..=25).map(|no| event(no, 1)).collect()).await;
    let mut seen = Vec::new();
    let mut before = None;
    loop {
        let page = numbers(&*store, AuditQuery { before, limit: 10, ..everything(1) }).await;
        let Some(last) = page.last() else { break };
        before = Some(EventNo(*last));
        seen.extend(page);
        // Events that are written in between are newer than every page.
        let next = 25 + seen.len() as u64;
        writer.commit(vec![], vec![event(next, 1)]).await;
    }
    assert_eq!(seen, (1..=25).rev().collect::<Vec<_>>());
}

/// R21: a denial's event is sent again with a higher count.
pub async fn an_events_count_grows(backend: Backend) {
    let store = backend.start().await;
    let mut writer = Writer::claim(&*store).await;
    for count in [1, 2, 1_000] {
        writer.commit(vec![], vec![AuditEvent { count, ..event(1, 1) }, event(u64::from(count) + 1, 1)]).await;
    }
    let events = page(&*store, everything(1)).await;
    assert_eq!(events.last(), Some(&AuditEvent { count: 1_000, ..event(1, 1) }));
    assert_eq!(events.len(), 4);
}

pub async fn an_events_extremes_survive(backend: Backend) {
    let store = backend.start().await;
    let mut writer = Writer::claim(&*store).await;
    let text = "𝄞".repeat(32);
    let mut events = Vec::new();
    let reasons = DenialReason::ALL.map(Reason::Denied).into_iter().chain(SessionEndReason::ALL.map(Reason::Ended));
    for (no, reason) in (1..).zip(reasons) {
        events.push(AuditEvent { reason: Some(reason), ..event(no, 1) });
    }
    for (no, action) in (100..).zip(Action::ALL) {
        events.push(AuditEvent { action, ..event(no, 1) });
    }
    events.push(AuditEvent {
        no: EventNo(i64::MAX as u64 - 1),
        at: WallTime(i64::MIN),
        actor: Actor(text.as_str().into()),
        user: Some(UserId::stored(&"é".repeat(127))),
        pool: Some(PoolId::stored(&text)),
        session: Some(SessionId(Uuid::max())),
        organization: Some(OrganizationId::stored(&text)),
        count: u32::MAX,
        detail: "'\"\\\n\t".repeat(1_000).into(),
        ..event(1, 1)
    });
    writer.commit(vec![], events.clone()).await;
    events.reverse();
    assert_eq!(page(&*store, everything(1)).await, events);
}

pub async fn events_stay_with_their_tenant(backend: Backend) {
    let store = backend.start().await;
    let mut writer = Writer::claim(&*store).await;
    writer.commit(vec![], vec![event(1, 1), event(2, 2), event(3, 1)]).await;
    assert_eq!(numbers(&*store, everything(1)).await, [3, 1]);
    assert_eq!(numbers(&*store, everything(2)).await, [2]);
    assert_eq!(numbers(&*store, everything(3)).await, [0; 0]);
}

/// More events than a store may leave without an index, in batches that end at any event, and a count that is written
/// again long after.
pub async fn many_events_of_many_tenants_are_found(backend: Backend) {
    const EVENTS: u64 = 10_000;
    let store = backend.start().await;
    let mut writer = Writer::claim(&*store).await;
    let tenant = |no: u64| u32::try_from(1 + no * no % 7).expect("small");
    let user = |no: u64| UserId::stored(if no.is_multiple_of(1_000) { "ann" } else { "bob" });
    let all: Vec<_> = (1..=EVENTS).map(|no| AuditEvent { user: Some(user(no)), ..event(no, tenant(no)) }).collect();
    for batch in all.chunks(700) {
        writer.position.last_event = batch.last().expect("a chunk has an event").no;
        writer.commit(vec![], batch.to_vec()).await;
    }
    let again = AuditEvent { count: 5, ..all[17].clone() };
    writer.commit(vec![], vec![again]).await;
    for no in 1..=7 {
        let expected: Vec<u64> = (1..=EVENTS).rev().filter(|event| tenant(*event) == no).collect();
        let mut found = Vec::new();
        loop {
            let before = found.last().copied().map(EventNo);
            let page = numbers(&*store, AuditQuery { before, limit: 333, ..everything(no) }).await;
            if page.is_empty() {
                break;
            }
            found.extend(page);
        }
        assert_eq!(found, expected, "tenant {no}");
        let ann = AuditQuery { user: Some(UserId::stored("ann")), ..everything(no) };
        let expected: Vec<u64> = expected.into_iter().filter(|event| event.is_multiple_of(1_000)).collect();
        assert_eq!(numbers(&*store, ann).await, expected, "tenant {no}");
    }
    let first = AuditQuery { before: Some(EventNo(19)), limit: 1, ..everything(tenant(18)) };
    assert_eq!(page(&*store, first).await[0].count, 5);
}
