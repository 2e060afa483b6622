//! Commands and lists of several steps: other calls are served between two steps, tenants take turns, and a command
//! that has begun is finished (decision 34).

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::join_all;
use futures_util::stream::{FuturesUnordered, StreamExt};
use usher::ids::{TenantId, UserId};
use usher::journal::{JournalConfig, JournalError};
use usher::ledger::change::{Action, Change};
use usher::ledger::command::{
    CreateTenant, DeleteTenant, GetUsage, GrantSeats, ListUsers, RevokeSeats, SyncEntry, SyncUsers, UserPatch, WhenFull,
};
use usher::ledger::outcome::{Done, Granted};
use usher::ledger::policy::Policy;

use super::{Process, actor, config, pool, tenant};
use crate::support::memory::{Fault, Memory};

/// Enough users for several full batches.
const MANY: usize = 2_000;
/// Enough users for more than one step.
const SOME: usize = 150;

fn other() -> TenantId {
    TenantId::parse("other").unwrap()
}

fn many() -> Vec<UserId> {
    (0..MANY).map(|no| UserId::stored(&format!("user{no:05}"))).collect()
}

impl Process {
    async fn with_two_tenants(store: &Memory) -> Self {
        let process = Self::with_pool(store, 5).await;
        process.create(&other()).await;
        process
    }

    /// Creates `count` tenants without users, and a queue with room for one call of each.
    async fn with_tenants(store: &Memory, count: usize) -> (Self, Vec<TenantId>) {
        let process = Self::start_with(store, JournalConfig { queue: count, batch: count, ..config() }).await;
        let tenants: Vec<_> = (0..count).map(|no| TenantId::stored(&format!("tenant{no}"))).collect();
        for tenant in &tenants {
            process.create(tenant).await;
        }
        (process, tenants)
    }

    async fn create(&self, tenant: &TenantId) {
        let create = CreateTenant { display_name: "".into(), contact: "".into(), policy: Policy::default() };
        self.journal.submit(&actor(), tenant, create).await.unwrap().unwrap();
    }

    /// Submits a call of several steps for each tenant, all at once; returns how many were not refused as overload.
    async fn grant_some_of_each(&self, tenants: &[TenantId]) -> usize {
        let request = || GrantSeats { pools: vec![pool()], users: many()[..SOME].to_vec(), organizations: vec![] };
        let caller = actor();
        let grants = tenants.iter().map(|tenant| self.journal.submit(&caller, tenant, request()));
        let answers = join_all(grants).await;
        let refused = answers.iter().filter(|answer| matches!(answer, Err(JournalError::Overloaded))).count();
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count() + refused, tenants.len());
        tenants.len() - refused
    }

    fn grant_many<'a>(
        &'a self,
        tenant: &'a TenantId,
    ) -> impl Future<Output = Result<Vec<Done<Granted>>, JournalError>> + 'a {
        let request = GrantSeats { pools: vec![pool()], users: many(), organizations: vec![] };
        async move { self.journal.submit(&actor(), tenant, request).await }
    }

    async fn revoke_many(&self, tenant: &TenantId) {
        let (pools, users) = (vec![pool()], many());
        let revoke = RevokeSeats { pools, users, organizations: vec![], end_sessions: true };
        self.journal.submit(&actor(), tenant, revoke).await.unwrap();
    }

    async fn granted(&self, tenant: &TenantId) -> u64 {
        self.journal.query(tenant, GetUsage).await.unwrap().unwrap().pools.first().map_or(0, |pool| pool.granted)
    }
}

#[tokio::test(start_paused = true)]
async fn a_login_of_another_tenant_goes_between_two_steps() {
    let store = Memory::default();
    let process = Process::with_two_tenants(&store).await;
    let others = other();
    let (grants, login) = tokio::join!(process.grant_many(&others), process.check_out("ann"));
    assert!(login.unwrap().decision.is_ok());
    assert!(grants.unwrap().iter().all(|granted| granted.as_ref().unwrap().decision.is_ok()));
    let disk = store.disk.lock().unwrap();
    let last = |action| disk.events.values().rfind(|event| event.action == action).unwrap().no;
    let (login, grants) = (last(Action::SessionStarted).0, last(Action::SeatGranted).0);
    assert!(login + (MANY as u64) < grants, "the login was decided in between: {login} of {grants}");
    assert!(disk.largest < 1_000, "{} rows and events in one batch", disk.largest);
}

#[tokio::test(start_paused = true)]
async fn what_has_begun_is_finished_when_its_caller_goes_away() {
    let store = Memory::default();
    let process = Process::with_two_tenants(&store).await;
    assert!(process.grant_many(&other()).now_or_never().is_none(), "submitted, and given up");
    let mut granted = 0;
    for _ in 0..100 {
        granted = process.granted(&other()).await;
        if granted == MANY as u64 {
            return;
        }
    }
    panic!("{granted} of {MANY} are granted");
}

#[tokio::test(start_paused = true)]
async fn commands_of_several_steps_see_none_of_their_tenant_half_done() {
    let store = Memory::default();
    let process = Process::with_two_tenants(&store).await;
    let (first, second) = (other(), other());
    let (first, second) = tokio::join!(process.grant_many(&first), process.grant_many(&second));
    let of = |at: usize, answers: &[Done<Granted>]| answers[at].as_ref().unwrap().usage.as_ref().unwrap().granted;
    let (first, second) = (first.unwrap(), second.unwrap());
    assert_eq!((of(0, &first), of(MANY - 1, &first), of(0, &second)), (1, MANY as u64, MANY as u64));
}

#[tokio::test(start_paused = true)]
async fn a_stop_finishes_what_was_submitted() {
    let store = Memory::default();
    let process = Process::with_two_tenants(&store).await;
    let others = other();
    let (grants, written) = tokio::join!(process.grant_many(&others), process.journal.stop());
    assert!(written, "the store has all of it");
    assert_eq!(grants.unwrap().len(), MANY);
    let again = Process::start(&store).await;
    assert_eq!(again.granted(&other()).await, MANY as u64);
}

#[tokio::test(start_paused = true)]
async fn many_lists_of_one_tenant_delay_another_one_by_a_step_each() {
    let store = Memory::default();
    let process = Process::with_two_tenants(&store).await;
    for tenant in [tenant(), other()] {
        let entries = (0..12_000).map(|no| SyncEntry {
            user: UserId::stored(&format!("user{no:05}")),
            patch: UserPatch::default(),
            seats: vec![],
            blocked: None,
        });
        let request = SyncUsers { entries: entries.collect(), when_full: WhenFull::Block, what_if: None };
        process.journal.submit(&actor(), &tenant, request).await.unwrap().unwrap();
    }
    let list = |tenant: TenantId| {
        let query = ListUsers { words: vec!["nobody".into()], limit: 10, ..ListUsers::default() };
        let journal = process.journal.clone();
        async move { (journal.query(&tenant, query).await.map(|_| ()), tenant) }
    };
    // Together with the sixth list, five are more than the queue holds; they begin first.
    let mut lists: FuturesUnordered<_> = (0..5).map(|_| list(tenant())).collect();
    lists.push(list(other()));
    assert_eq!(lists.next().await.unwrap(), (Ok(()), other()), "its own five steps, and not those of the others");
    assert!(lists.all(|(answer, _)| async move { answer.is_ok() }).await);
}

#[tokio::test(start_paused = true)]
async fn a_turn_has_one_budget_for_what_is_new_and_for_what_waits() {
    let store = Memory::default();
    let (process, tenants) = Process::with_tenants(&store, 200).await;
    store.disk.lock().unwrap().largest = 0;
    assert_eq!(process.grant_some_of_each(&tenants).await, 200);
    // One turn takes about a hundred full steps, of some 25 rows and events each.
    let largest = store.disk.lock().unwrap().largest;
    assert!((2_000..3_500).contains(&largest), "{largest} rows and events in one batch");
}

/// While logins wait, batches are small, so that a login waits for few rows of other callers; otherwise larger batches
/// cost less in all.
#[tokio::test(start_paused = true)]
async fn batches_are_small_while_others_wait_for_them() {
    let store = Memory::default();
    let process = Process::with_two_tenants(&store).await;
    store.commits_take(Duration::from_millis(5));
    let largest = || std::mem::take(&mut store.disk.lock().unwrap().largest);
    largest();
    process.grant_many(&other()).await.unwrap();
    let alone = largest();
    let others = other();
    let mut revoked = pin!(process.revoke_many(&others));
    let beside = loop {
        tokio::select! {
            biased;
            login = process.check_out("ann") => assert!(login.unwrap().decision.is_ok()),
            () = &mut revoked => break largest(),
        }
    };
    // With logins: sixteen rows, a step of twenty-four, and a login. Alone: four times sixteen, and a step.
    assert!(beside <= 50 && (150..350).contains(&alone), "{beside} rows and events in one batch, alone {alone}");
}

#[tokio::test(start_paused = true)]
async fn no_more_than_512_are_under_way_at_once() {
    let store = Memory::default();
    let (process, tenants) = Process::with_tenants(&store, 600).await;
    let made = process.grant_some_of_each(&tenants).await;
    assert!((512..560).contains(&made), "{made} of 600");
}

#[tokio::test(start_paused = true)]
async fn while_the_shard_is_loaded_again_nothing_turns() {
    let store = Memory::default();
    let process = Process::with_two_tenants(&store).await;
    process.grant_many(&other()).await.unwrap();
    // The refusal discards the memory, and with it the unfinished deletion.
    store.fail_next(Fault::Refuse);
    store.hold_loads(true);
    let deleted = process.journal.submit(&actor(), &other(), DeleteTenant).await;
    assert!(matches!(deleted, Err(JournalError::Failed)), "{deleted:?}");
    let turns = || process.journal.stats()[0].step_micros.cumulated().1;
    let before = turns();
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert!(turns() - before < 10, "{} turns", turns() - before);
    store.hold_loads(false);
    store.resume_commits();
    assert!(process.check_out("ann").await.unwrap().decision.is_ok());
    assert_eq!(process.granted(&other()).await, MANY as u64, "nothing was deleted");
}

#[tokio::test(start_paused = true)]
async fn a_stop_does_not_clear_a_deleted_tenant_away_and_the_next_start_does() {
    let store = Memory::default();
    let process = Process::with_two_tenants(&store).await;
    process.grant_many(&other()).await.unwrap();
    let (caller, others) = (actor(), other());
    let (deleted, written) =
        tokio::join!(process.journal.submit(&caller, &others, DeleteTenant), process.journal.stop());
    deleted.unwrap().unwrap();
    assert!(written, "everything else is");
    let left = users_of(&store);
    assert!(left > MANY / 4, "{left} of {MANY} users are left");
    let again = Process::start(&store).await;
    for _ in 0..1_000 {
        if users_of(&store) == 3 {
            break;
        }
        again.usage().await.unwrap();
    }
    assert_eq!(users_of(&store), 3, "those of the neighbor");
}

fn users_of(store: &Memory) -> usize {
    let disk = store.disk.lock().unwrap();
    disk.rows.iter().filter(|row| matches!(row, Change::PutUser(_))).count()
}

#[tokio::test(start_paused = true)]
async fn a_deleted_tenant_is_gone_at_once_and_its_rows_go_on_after_a_crash() {
    let store = Memory::default();
    let process = Process::with_two_tenants(&store).await;
    process.grant_many(&other()).await.unwrap();
    // The first commit stalls, and then the one after it.
    store.fail_next(Fault::Stall);
    let (caller, others) = (actor(), other());
    let mut deleted = Box::pin(process.journal.submit(&caller, &others, DeleteTenant));
    tokio::select! {
        answer = &mut deleted => panic!("answered before the commit: {answer:?}"),
        () = store.has_stalled() => {}
    }
    store.fail_next(Fault::Stall);
    store.resume_commits();
    deleted.await.unwrap().unwrap();
    assert_eq!(users_of(&store), MANY + 3, "the rows are there still");
    let again = Process::start(&store.other()).await;
    assert!(again.journal.query(&other(), GetUsage).await.unwrap().is_err(), "nobody sees it");
    again.create(&others).await;
    for _ in 0..1_000 {
        if users_of(&store) == 3 {
            break;
        }
        again.usage().await.unwrap();
    }
    assert_eq!(users_of(&store), 3, "those of the neighbor");
    let largest = store.disk.lock().unwrap().largest;
    assert!(largest < 1_500, "{largest} rows and events in one batch");
    assert_eq!(again.granted(&other()).await, 0, "a tenant of its own");
}
