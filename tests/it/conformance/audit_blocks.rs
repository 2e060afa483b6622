//! The index of the audit: no event is missed, whatever blocks it skips; and it skips nearly all blocks.

use std::collections::BTreeMap;
use std::sync::Arc;

use usher::ids::{EventNo, TenantNo, UserId};
use usher::ledger::change::{Action, Actor, AuditEvent, Reason};
use usher::ledger::outcome::{DenialReason, SessionEndReason};
use usher::ledger::time::WallTime;
use usher::store::{AuditPage, AuditQuery, Batch, CommitError, Store, audit_block, audit_search};

use super::audit::everything;
use super::{Backend, SHARD, Writer, event, fenced};
use crate::model::rng::Rng;

const ACTIONS: [Action; 4] =
    [Action::SessionStarted, Action::SessionEnded, Action::CheckOutDenied, Action::LicenseInstalled];

/// All events of a query, page by page, and the number of blocks that were read.
pub async fn all(store: &dyn Store, query: &AuditQuery) -> (Vec<AuditEvent>, usize) {
    let (mut query, mut events, mut blocks) = (query.clone(), Vec::new(), 0);
    loop {
        let AuditPage { events: page, next, blocks: more } = store.audit(query.clone()).await.expect("an audit");
        assert!(page.len() <= query.limit, "{} events", page.len());
        events.extend(page);
        blocks += more;
        let Some(next) = next else { return (events, blocks) };
        assert!(query.before.is_none_or(|before| next < before), "the next page begins where this one did");
        query.before = Some(next);
    }
}

/// Commits events in batches of `batch`, each with the position that its last event needs.
pub async fn fill(writer: &mut Writer<'_>, events: &[AuditEvent], batch: usize) {
    for chunk in events.chunks(batch) {
        writer.position.last_event = chunk.last().expect("a chunk has an event").no;
        writer.position.wall = chunk.last().expect("a chunk has an event").at;
        writer.commit(vec![], chunk.to_vec()).await;
    }
}

fn random(rng: &mut Rng, no: u64) -> AuditEvent {
    let action = *rng.pick(&ACTIONS);
    let denials = [DenialReason::SeatsExhausted, DenialReason::UserNotFound];
    let ends = [SessionEndReason::CheckedIn, SessionEndReason::Closed];
    let rare = rng.below(2_000) == 0;
    // Most users belong to one tenant, and one user is in all of them.
    let user = if rare { 0 } else { 1 + rng.below(300) };
    AuditEvent {
        tenant: TenantNo(if rare { 9 } else { 1 + rng.below(3) as u32 }),
        // The wall clock is set back now and then.
        at: WallTime(1_000 * (no as i64 - rng.below(400) as i64)),
        actor: Actor(if rng.below(3_000) == 0 { "root".into() } else { "login".into() }),
        action: if rare { Action::UserBlocked } else { action },
        reason: match action {
            Action::SessionEnded => Some(Reason::Ended(*rng.pick(&ends))),
            Action::CheckOutDenied => Some(Reason::Denied(*rng.pick(&denials))),
            _ if rare => Some(Reason::Denied(DenialReason::ClockSuspect)),
            _ => None,
        },
        user: (action != Action::LicenseInstalled).then(|| UserId::stored(&format!("user-{user}"))),
        ..event(no, 1)
    }
}

fn random_query(rng: &mut Rng, events: u64) -> AuditQuery {
    let no = 1 + rng.below(events);
    let event = random(rng, no);
    let mut maybe = |percent| rng.percent(percent);
    let (user, actor, action, denied) = (maybe(40), maybe(20), maybe(30), maybe(20));
    let (reason, from, until, before) = (maybe(20), maybe(20), maybe(20), maybe(20));
    AuditQuery {
        user: event.user.clone().filter(|_| user),
        actor: actor.then(|| event.actor.0.to_string()),
        action: action.then_some(event.action),
        denied: denied.then_some(matches!(event.reason, Some(Reason::Denied(_)))),
        reason: event.reason.map(Reason::code).filter(|_| reason),
        from: from.then(|| WallTime(1_000 * rng.below(events) as i64)),
        until: until.then(|| WallTime(1_000 * rng.below(events) as i64)),
        before: before.then(|| EventNo(rng.below(events + 2))),
        limit: *rng.pick(&[50, 333, 1_000]),
        ..everything(event.tenant.0)
    }
}

/// Returns whether the event matches the filter of the query.
fn wanted(query: &AuditQuery, event: &AuditEvent) -> bool {
    let denied = matches!(event.reason, Some(Reason::Denied(_)));
    event.tenant == query.tenant
        && query.before.is_none_or(|before| event.no < before)
        && query.user.as_ref().is_none_or(|user| event.user.as_ref() == Some(user))
        && query.actor.as_ref().is_none_or(|actor| **actor == *event.actor.0)
        && query.action.is_none_or(|action| event.action == action)
        && query.denied.is_none_or(|wanted| denied == wanted)
        && query.reason.is_none_or(|reason| event.reason.map(Reason::code) == Some(reason))
        && query.from.is_none_or(|from| event.at >= from)
        && query.until.is_none_or(|until| event.at < until)
}

/// Random events in batches of any size; between them restarts, other owners, batches that the fence or the store
/// refuses, and events that are written again.
pub async fn every_query_finds_what_a_walk_through_everything_finds(backend: Backend) {
    let mut rng = Rng::new(5);
    let mut stored: BTreeMap<EventNo, AuditEvent> = BTreeMap::new();
    let mut next = 1;
    let mut store = backend.start().await;
    backend
        .sql(
            "CREATE TABLE refused (detail TEXT CHECK (detail <> 'no'));
             CREATE TRIGGER refuse BEFORE INSERT ON audit WHEN new.detail = 'no'
             BEGIN INSERT INTO refused VALUES (new.detail); END",
            "ALTER TABLE audit ADD CHECK (detail <> 'no')",
        )
        .await;
    for _ in 0..8 {
        let mut writer = Writer::claim(&*store).await;
        for _ in 0..8 {
            // A gap, as a refused batch leaves it in the numbers of events.
            next += rng.below(3);
            let size = *rng.pick(&[1, 2, 30, 500, 500, 1_200, 9_000]) * u64::from(next < 30_000);
            let mut events: Vec<_> = (next..next + size).map(|no| random(&mut rng, no)).collect();
            let again = stored.iter().nth(rng.below(1 + stored.len() as u64) as usize).map(|(_, event)| event.clone());
            events.extend(again.map(|event| AuditEvent { count: event.count + 1, ..event }));
            events.sort_by_key(|event| event.no);
            match rng.below(6) {
                0 => {
                    let refused = AuditEvent { detail: "no".into(), ..random(&mut rng, next + size) };
                    events.push(refused);
                    let sent = writer.send(&writer.batch(vec![], events)).await;
                    assert!(matches!(sent, Err(CommitError::Refused(_))), "{sent:?}");
                    continue;
                }
                1 => {
                    let sent_before = Batch { position: writer.position, rows: vec![], events };
                    fenced(store.commit(SHARD, writer.owner, Arc::new(sent_before)).await);
                    continue;
                }
                2 => writer = Writer::claim(&*store).await,
                _ => {}
            }
            let batch = writer.batch(vec![], events);
            writer.send(&batch).await.expect("a commit");
            stored.extend(batch.events.iter().map(|event| (event.no, event.clone())));
            next += size;
        }
        if rng.percent(50) {
            store.close().await;
            drop(store);
            store = backend.open().await;
        }
    }
    assert!(stored.len() > 5 * audit_block::MAX_BLOCK_EVENTS, "only {} events", stored.len());
    for _ in 0..80 {
        let query = random_query(&mut rng, next);
        let expected: Vec<_> = stored.values().rev().filter(|event| wanted(&query, event)).collect();
        let (found, _) = all(&*store, &query).await;
        assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{query:?}");
    }
}

/// 200,000 events of a busy tenant, and in the middle one of a rare tenant, a rare user, a rare reason.
pub async fn few_blocks_are_looked_into(backend: Backend) {
    const EVENTS: u64 = 200_000;
    const MIDDLE: u64 = 100_000;
    let store = backend.start().await;
    let mut writer = Writer::claim(&*store).await;
    let user = |no: u64| Some(UserId::stored(&format!("user-{}@example.com", no * 7_919 % 50_000)));
    let event = |no| AuditEvent { user: user(no), action: Action::SessionStarted, ..event(no, 1) };
    let mut events: Vec<_> = (1..=EVENTS).map(event).collect();
    let middle = MIDDLE as usize;
    events[middle].user = Some(UserId::stored("rare@example.com"));
    events[middle + 1].reason = Some(Reason::Denied(DenialReason::ClockSuspect));
    events[middle + 2].tenant = TenantNo(2);
    events[middle + 3].actor = Actor("root".into());
    events[middle + 4].action = Action::LicenseDeleted;
    fill(&mut writer, &events, 5_000).await;

    let all_blocks = EVENTS as usize / audit_block::MAX_BLOCK_EVENTS;
    let busy = everything(1);
    let newest = store.audit(AuditQuery { limit: 100, ..busy.clone() }).await.unwrap();
    assert_eq!((newest.events.len(), newest.blocks), (100, 0), "the newest page needs no block");
    for (what, query) in [
        ("a rare user", AuditQuery { user: Some(UserId::stored("rare@example.com")), ..busy.clone() }),
        ("a rare reason", AuditQuery { reason: Some(3), ..busy.clone() }),
        ("a denial", AuditQuery { denied: Some(true), ..busy.clone() }),
        ("a rare tenant", everything(2)),
        ("a rare actor", AuditQuery { actor: Some("root".into()), ..busy.clone() }),
        ("a rare action", AuditQuery { action: Some(Action::LicenseDeleted), ..busy.clone() }),
    ] {
        let page = store.audit(query).await.unwrap();
        assert_eq!((page.events.len(), page.next), (1, None), "{what}");
        assert!(page.blocks <= 3, "{what}: {} of {all_blocks} blocks", page.blocks);
    }
    let nobody = store.audit(AuditQuery { user: Some(UserId::stored("nobody@example.com")), ..busy.clone() }).await;
    assert!(nobody.as_ref().is_ok_and(|page| page.events.is_empty() && page.blocks <= 1), "{nobody:?}");
    let (from, until) = (events[middle].at, events[middle + 50].at);
    let range = store.audit(AuditQuery { from: Some(from), until: Some(until), ..busy }).await.unwrap();
    assert_eq!((range.events.len(), range.next), (49, None), "all of the range but the other tenant's event");
    assert!(range.blocks <= 2, "a time range: {} of {all_blocks} blocks", range.blocks);
}

/// Every block may contain a match, and none does.
pub async fn an_answer_is_a_bounded_amount_of_work(backend: Backend) {
    let store = backend.start().await;
    let mut writer = Writer::claim(&*store).await;
    let blocks = 2 * audit_search::MAX_BLOCKS + 3;
    let events = (blocks * audit_block::MAX_BLOCK_EVENTS) as u64;
    let user = |no: u64| Some(UserId::stored(if no.is_multiple_of(2) { "ann" } else { "bob" }));
    let about = |no: u64| AuditEvent {
        action: if no.is_multiple_of(2) { Action::SessionStarted } else { Action::SessionEnded },
        user: user(no),
        ..event(no, 1)
    };
    fill(&mut writer, &(1..=events).map(about).collect::<Vec<_>>(), 8_000).await;
    // Ann has only starts, so that no event is an end of ann's session.
    let query = AuditQuery { user: Some(UserId::stored("ann")), action: Some(Action::SessionEnded), ..everything(1) };
    let mut before = None;
    let mut looked = Vec::new();
    loop {
        let page = store.audit(AuditQuery { before, ..query.clone() }).await.unwrap();
        assert_eq!(page.events, []);
        looked.push(page.blocks);
        before = page.next;
        if before.is_none() {
            break;
        }
    }
    assert_eq!(looked, [audit_search::MAX_BLOCKS, audit_search::MAX_BLOCKS, 3]);
}
