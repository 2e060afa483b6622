//! Lists that are read in steps, between which the tenant changes (decision 26).

use std::collections::BTreeSet;

use usher::ids::{DeviceId, PoolId, SessionId, TenantId, UserId};
use usher::ledger::change::{Actor, Changes};
use usher::ledger::command::{
    CheckIn, CheckOut, Command, CreateTenant, CreateUser, DeleteUser, ListSessions, ListUsers, Outcome, Query,
    QueryResult, Request, SyncEntry, SyncUsers, UserOrder, UserPatch, WantedSeat, WhenFull,
};
use usher::ledger::policy::Policy;
use usher::ledger::time::Moment;
use usher::ledger::{Ledger, Reading};

use crate::support::ledger::{NOW, config, empty};

/// More than one step of each kind takes.
const USERS: u64 = 12_000;

struct Fixture {
    ledger: Ledger,
    now: Moment,
}

impl Fixture {
    fn new() -> Self {
        let mut fixture = Self { ledger: empty(config(USERS), NOW), now: NOW };
        let (display_name, contact, policy) = ("Acme".into(), "".into(), Policy::default());
        fixture.submit(CreateTenant { display_name, contact, policy });
        let entry = |no| SyncEntry {
            user: user(no),
            patch: UserPatch::default(),
            seats: WantedSeat::each(&[PoolId::stored("primary")], &[]),
            blocked: None,
        };
        fixture.submit(SyncUsers {
            entries: (0..USERS).map(entry).collect(),
            when_full: WhenFull::Block,
            what_if: None,
        });
        fixture
    }

    fn submit(&mut self, command: impl Into<Command>) -> Outcome {
        let request = Request { tenant: tenant(), actor: Actor::service(), command: command.into() };
        self.ledger.apply(request, self.now, &mut Changes::default())
    }

    fn sign_in(&mut self, no: u64) {
        let outcome = self.submit(CheckOut {
            pool: PoolId::stored("primary"),
            user: user(no),
            device: DeviceId::stored("laptop"),
            organization: None,
            client: "".into(),
            check_only: false,
            fresh: session(no),
            alternatives: Vec::new(),
        });
        assert!(matches!(&outcome, Outcome::CheckOut(Ok(answer)) if answer.decision.is_ok()), "{outcome:?}");
    }

    /// Reads a list; `between` runs after each step that is not the last. Returns the list, and the number of steps.
    fn read(&mut self, query: impl Into<Query>, mut between: impl FnMut(&mut Self, usize)) -> (QueryResult, usize) {
        let mut reading = Reading::new(Some(tenant()), query.into());
        for step in 1.. {
            if let Some(found) = self.ledger.read(&mut reading, self.now) {
                return (found, step);
            }
            between(self, step);
        }
        unreachable!("a list ends");
    }
}

/// Reads all pages; `between` runs after each step that is not the last of its page.
fn all_users(
    fixture: &mut Fixture,
    mut query: ListUsers,
    mut between: impl FnMut(&mut Fixture, usize),
) -> (Vec<String>, usize) {
    let (mut listed, mut steps) = (Vec::new(), 0);
    loop {
        let (found, _) = fixture.read(query.clone(), |fixture, _| {
            steps += 1;
            between(fixture, steps);
        });
        let QueryResult::ListUsers(Ok(page)) = found else { panic!("{found:?}") };
        listed.extend(page.rows.iter().map(|user| user.id.to_string()));
        query.after = page.next;
        if query.after.is_none() {
            return (listed, steps);
        }
    }
}

fn tenant() -> TenantId {
    TenantId::stored("acme")
}

fn user(no: u64) -> UserId {
    UserId::stored(&format!("user{no:05}"))
}

fn session(no: u64) -> SessionId {
    SessionId(uuid::Uuid::from_u64_pair(1, no))
}

fn users(found: QueryResult) -> Vec<String> {
    let QueryResult::ListUsers(Ok(page)) = found else { panic!("{found:?}") };
    page.rows.iter().map(|user| user.id.to_string()).collect()
}

#[test]
fn users_who_come_and_go_disturb_nobody_else() {
    let mut fixture = Fixture::new();
    let all = ListUsers { order: UserOrder::UserId, limit: usize::MAX, ..ListUsers::default() };
    let (listed, steps) = all_users(&mut fixture, all, |fixture, step| {
        // Deletes a user who was read already and one who was not, and creates a new one.
        fixture.submit(DeleteUser { user: user(step as u64) });
        fixture.submit(DeleteUser { user: user(USERS - step as u64) });
        let (user, profile) = (user(USERS + step as u64), Default::default());
        fixture.submit(CreateUser { user, administrator: false, profile, pools: vec![] });
    });
    let distinct: BTreeSet<&String> = listed.iter().collect();
    let gone = |no: u64| (1..=steps as u64).any(|step| no == step || no == USERS - step);
    let expected: BTreeSet<String> =
        (0..USERS).filter(|no| !gone(*no)).map(user).map(|user| user.to_string()).collect();
    assert!(steps > 3, "{steps} steps");
    assert_eq!(distinct.len(), listed.len(), "nobody twice");
    assert!(expected.iter().all(|user| distinct.contains(user)), "nobody who stays is left out");
    let strangers = distinct.iter().filter(|user| !expected.contains(**user)).count();
    assert!(strangers <= 2 * steps, "who is new may be there, and who was deleted behind the page");
}

#[test]
fn the_latest_come_first_whoever_signs_in_meanwhile() {
    let mut fixture = Fixture::new();
    for no in 0..USERS {
        fixture.now.tick.0 += 1;
        fixture.sign_in((no * 1_237) % USERS);
    }
    let latest = || ListUsers { order: UserOrder::LastSignIn, descending: true, limit: 50, ..ListUsers::default() };
    let (quiet, _) = fixture.read(latest(), |_, _| {});
    let expected: Vec<String> = (0..50).map(|back| user(((USERS - 1 - back) * 1_237) % USERS).to_string()).collect();
    assert_eq!(users(quiet), expected);
    let filtered = ListUsers { words: vec!["user".into()], ..latest() };
    let (busy, steps) = fixture.read(filtered, |fixture, step| {
        fixture.submit(DeleteUser { user: UserId::stored(expected[step].as_str()) });
    });
    let listed = users(busy);
    assert!(expected.iter().filter(|user| !expected[1..=steps].contains(user)).all(|user| listed.contains(user)));
}

#[test]
fn a_session_that_ended_meanwhile_is_not_listed() {
    let mut fixture = Fixture::new();
    (0..USERS).for_each(|no| fixture.sign_in(no));
    let mut query = ListSessions { limit: usize::MAX, ..ListSessions::default() };
    let (mut ids, mut rows, mut steps) = (BTreeSet::new(), 0, 0);
    loop {
        let (found, _) = fixture.read(query.clone(), |fixture, _| {
            steps += 1;
            fixture.submit(CheckIn { session: session(steps) });
        });
        let QueryResult::ListSessions(Ok(page)) = found else { panic!("{found:?}") };
        rows += page.rows.len();
        ids.extend(page.rows.iter().map(|session| session.id));
        query.after = page.next;
        if query.after.is_none() {
            break;
        }
    }
    assert_eq!(ids.len(), rows, "none twice");
    assert!(steps > 3 && (steps + 1..USERS).all(|no| ids.contains(&session(no))), "none that lives is left out");
}
