//! The work of a tick depends only on what is due, and is divided into steps (I9): no caller waits for everything that
//! is due at one moment, and no decision is wrong because it did not wait (R18).

use std::time::Duration;

use usher::ids::{DeviceId, LicenseId, PoolId, SessionId, TenantId, UserId};
use usher::ledger::change::{Actor, Change, Changes, Limit, Plan};
use usher::ledger::command::{
    CheckOut, Command, CreateTenant, GetUsage, InstallLicense, LicenseGrant, Outcome, Query, Request,
};
use usher::ledger::outcome::{CheckedOut, DenialReason, SessionEndReason};
use usher::ledger::policy::{Policy, UnknownUsers};
use usher::ledger::time::Moment;
use usher::ledger::{Budget, Ledger, Reading, Ticking};

use crate::support::ledger::{NOW, config, empty};

/// Enough for several steps of each kind.
const SESSIONS: u64 = 3_000;
const HOUR: Duration = Duration::from_secs(60 * 60);

struct Shard {
    ledger: Ledger,
    now: Moment,
    /// The changes of the last call.
    written: Changes,
}

impl Shard {
    fn new() -> Self {
        Self { ledger: empty(config(2), NOW), now: NOW, written: Changes::default() }
    }

    /// A shard with a tenant whose pool of [`SESSIONS`] seats is full.
    fn full() -> Self {
        let mut shard = Self::new();
        // Sessions have no lease: all of them end ten hours after their start.
        let policy = Policy { lease_ttl: Duration::ZERO, unknown_users: UnknownUsers::Admit, ..Policy::default() };
        shard.submit("acme", CreateTenant { display_name: "".into(), contact: "".into(), policy });
        shard.license(1, SESSIONS);
        for no in 0..SESSIONS {
            let outcome = shard.submit("acme", login(no, false));
            assert!(matches!(&outcome, Outcome::CheckOut(Ok(answer)) if answer.decision.is_ok()), "{outcome:?}");
        }
        shard.tick();
        shard
    }

    /// A shard in which all sessions are overdue, and their users are already marked Idle.
    fn overdue() -> Self {
        let mut shard = Self::full();
        shard.after(2 * HOUR);
        shard.tick();
        shard.after(9 * HOUR);
        shard
    }

    fn license(&mut self, revision: u64, seats: u64) {
        let pools = vec![(PoolId::stored("primary"), Plan::Concurrent, Limit::Seats(seats)).into()];
        let grant = LicenseGrant { revision, pools, ..LicenseGrant::default() };
        self.submit("acme", InstallLicense { license: LicenseId::stored("l"), grant });
    }

    fn after(&mut self, time: Duration) {
        self.now = Moment::new(self.now.tick + time, self.now.wall.plus(time));
    }

    fn submit(&mut self, tenant: &str, command: impl Into<Command>) -> Outcome {
        self.written = Changes::default();
        let request =
            Request { tenant: TenantId::stored(tenant), actor: Actor("test".into()), command: command.into() };
        self.ledger.apply(request, self.now, &mut self.written)
    }

    /// Runs one step of a check-out, and returns its work; `None`: the check-out needs another step.
    fn step(&mut self, login: CheckOut) -> (Option<CheckedOut>, u64) {
        self.written = Changes::default();
        let request = Request { tenant: TenantId::stored("acme"), actor: Actor("test".into()), command: login.into() };
        let before = self.ledger.work();
        let decided = self.ledger.decide(request, self.now, &mut self.written);
        let work = self.ledger.work() - before;
        match decided {
            Ok(Outcome::CheckOut(Ok(answer))) => (Some(answer), work),
            Ok(other) => panic!("{other:?}"),
            Err(_) => (None, work),
        }
    }

    /// Runs a whole tick; returns the number of its steps, and the work of the longest.
    fn tick(&mut self) -> (usize, u64) {
        self.written = Changes::default();
        let (mut ticking, mut steps, mut longest) = (Ticking::new(false), 0, 0);
        loop {
            let before = self.ledger.work();
            let done = self.ledger.tick_on(&mut ticking, self.now, &mut self.written);
            (steps, longest) = (steps + 1, longest.max(self.ledger.work() - before));
            if done {
                return (steps, longest);
            }
        }
    }

    /// Number of sessions that the last call ended.
    fn ended(&self) -> usize {
        let ended = |row: &&Change| matches!(row, Change::PutSession(row) if row.ended.is_some());
        self.written.rows.iter().filter(ended).count()
    }

    fn live(&mut self) -> u64 {
        let totals = self.ledger.totals(self.now);
        self.ledger.check(self.now).unwrap();
        totals.sessions
    }
}

fn login(no: u64, check_only: bool) -> CheckOut {
    CheckOut {
        pool: PoolId::stored("primary"),
        user: UserId::stored(&format!("user{no:05}")),
        device: DeviceId::stored("laptop"),
        organization: None,
        client: "".into(),
        check_only,
        fresh: SessionId::random(),
        alternatives: Vec::new(),
    }
}

#[test]
fn a_tick_of_many_idle_tenants_costs_nothing() {
    let mut shard = Shard::new();
    for no in 0..2_000 {
        let create = CreateTenant { display_name: "".into(), contact: "".into(), policy: Policy::default() };
        shard.submit(&format!("tenant{no}"), create);
    }
    shard.tick();
    for _ in 0..100 {
        shard.after(Duration::from_secs(60));
        assert_eq!(shard.tick(), (1, 0), "steps and work");
    }
    shard.ledger.check(shard.now).unwrap();
}

#[test]
fn a_tick_costs_the_tenants_that_are_due() {
    let mut shard = Shard::full();
    shard.tick();
    for no in 0..1_000 {
        let create = CreateTenant { display_name: "".into(), contact: "".into(), policy: Policy::default() };
        shard.submit(&format!("tenant{no}"), create);
    }
    shard.tick();
    shard.after(Duration::from_secs(10));
    assert_eq!(shard.tick(), (1, 0), "nobody is due");
    let mut alone = Shard::full();
    alone.after(Duration::from_secs(10));
    for shard in [&mut shard, &mut alone] {
        shard.after(2 * HOUR);
    }
    let (beside_others, by_itself) = (shard.tick(), alone.tick());
    assert!(by_itself.1 > 0, "its users become Idle");
    assert_eq!(beside_others, by_itself, "the others are not looked at");
}

#[test]
fn sessions_that_end_at_one_moment_end_in_steps() {
    let mut shard = Shard::overdue();
    let (steps, longest) = shard.tick();
    assert!(steps > 10 && longest <= Budget::MAX_STEP_WORK, "{steps} steps, the longest of {longest}");
    assert_eq!(shard.ended() as u64, SESSIONS);
    assert_eq!(shard.live(), 0);
}

#[test]
fn users_who_become_idle_at_one_moment_do_so_in_steps() {
    let mut shard = Shard::full();
    shard.tick();
    shard.after(2 * HOUR);
    let mut reading = Reading::new(Some(TenantId::stored("acme")), Query::from(GetUsage));
    let mut steps = 1;
    let found = loop {
        let before = shard.ledger.work();
        let found = shard.ledger.read(&mut reading, shard.now);
        assert!(shard.ledger.work() - before <= Budget::MAX_STEP_WORK);
        match found {
            Some(found) => break format!("{found:?}"),
            None => steps += 1,
        }
    };
    assert!(steps > 3, "{steps} steps");
    assert!(found.contains(&format!("active: 0, idle: {SESSIONS}")), "{found}");
}

#[test]
fn r18_a_check_out_waits_for_the_seat_that_it_needs_and_not_for_all() {
    let mut shard = Shard::overdue();
    let (answer, work) = shard.step(login(SESSIONS, false));
    assert!(answer.expect("decided in one step").decision.is_ok());
    assert!(work <= Budget::MAX_STEP_WORK && (shard.ended() as u64) < SESSIONS / 4, "{work}, {} ended", shard.ended());
    shard.tick();
    assert_eq!(shard.live(), 1);
}

#[test]
fn r18_with_more_overdue_than_a_step_ends_nobody_hears_that_the_pool_is_full() {
    let mut shard = Shard::full();
    shard.license(2, 10);
    shard.after(11 * HOUR);
    let (mut steps, mut ended) = (1, 0);
    loop {
        let (answer, work) = shard.step(login(SESSIONS, false));
        ended += shard.ended();
        assert!(work <= Budget::MAX_STEP_WORK, "{work}");
        let Some(answer) = answer else {
            steps += 1;
            continue;
        };
        assert!(answer.decision.is_ok(), "{answer:?}");
        break;
    }
    assert!(steps > 5 && ended as u64 > SESSIONS - 10, "{steps} steps, {ended} ended");
    shard.tick();
    assert_eq!(shard.live(), 1);
}

#[test]
fn r20_a_question_is_answered_in_steps_too_and_what_ends_meanwhile_ends_by_itself() {
    let mut shard = Shard::full();
    shard.license(2, 10);
    shard.after(11 * HOUR);
    let mut steps = 1;
    let answer = loop {
        let (answer, work) = shard.step(login(SESSIONS, true));
        assert!(work <= Budget::MAX_STEP_WORK, "{work}");
        assert!(shard.written.events.iter().all(|event| event.actor.is_service()), "the question did nothing");
        match answer {
            Some(answer) => break answer,
            None => steps += 1,
        }
    };
    assert!(steps > 5 && answer.decision.is_ok(), "{steps} steps: {answer:?}");
}

#[test]
fn when_the_pool_is_full_of_live_sessions_the_answer_comes_at_once() {
    let mut shard = Shard::full();
    shard.after(HOUR / 2);
    let (answer, _) = shard.step(login(SESSIONS, false));
    let denial = answer.expect("decided").decision.unwrap_err();
    assert_eq!((denial.reason, denial.retry_after), (DenialReason::SeatsExhausted, Some(9 * HOUR + HOUR / 2)));
}

#[test]
fn the_reason_of_each_end_is_its_own_however_many_there_are() {
    let mut shard = Shard::full();
    shard.after(11 * HOUR);
    shard.tick();
    let reasons = shard.written.rows.iter().filter_map(|row| match row {
        Change::PutSession(row) => row.ended,
        _ => None,
    });
    assert!(reasons.clone().count() > 0 && reasons.clone().all(|(_, why)| why == SessionEndReason::MaxDuration));
}

#[test]
fn a_scrape_costs_what_has_changed() {
    let mut shard = Shard::full();
    for no in 0..1_000 {
        let create = CreateTenant { display_name: "".into(), contact: "".into(), policy: Policy::default() };
        shard.submit(&format!("tenant{no}"), create);
    }
    shard.tick();
    let before = shard.ledger.totals(shard.now);
    assert_eq!((before.tenants, before.sessions, before.seats_in_use), (1_001, SESSIONS, SESSIONS));
    assert_eq!((before.pools_full, before.pools_nearly_full), (1, 1));
    let work = shard.ledger.work();
    assert!(shard.ledger.tally(shard.now));
    assert_eq!(shard.ledger.work(), work, "nothing has changed");
    shard.license(2, 2 * SESSIONS);
    let work = shard.ledger.work();
    assert!(shard.ledger.tally(shard.now));
    assert!(shard.ledger.work() - work < 1_000, "one pool is counted anew");
    let after = shard.ledger.tallied(shard.now);
    assert_eq!((after.seats_limit, after.pools_full, after.pools_nearly_full), (2 * SESSIONS, 0, 0));
    let busiest = shard.ledger.busiest(10, shard.now);
    assert_eq!(
        busiest.iter().map(|pool| (pool.in_use, pool.limit)).collect::<Vec<_>>(),
        [(SESSIONS, Limit::Seats(2 * SESSIONS))]
    );
}
