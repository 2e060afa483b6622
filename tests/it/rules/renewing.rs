//! Users whose ids an earlier release folded differently (R2, decision 51): a load folds their ids anew, and merges no
//! two users.

use std::collections::BTreeMap;
use std::time::Duration;

use usher::ids::{DeviceId, EventNo, PoolId, Seq, SessionId, ShardId, TenantId, UserId};
use usher::ledger::change::{Action, Actor, AuditEvent, Changes};
use usher::ledger::command::{
    BlockUser, CheckOut, Command, CreateTenant, CreateUser, DeleteUser, FormerIds, GetUser, ListUsers, Operation,
    Outcome, Query, QueryResult, RenameUser, Reply, Request, UserOrder,
};
use usher::ledger::policy::Policy;
use usher::ledger::time::{Moment, Tick, WallTime};
use usher::ledger::{Budget, KeptDenials, Ledger};
use usher::store::Position;

use crate::support::adds_up::adds_up;
use crate::support::ledger::{NOW, config, empty};
use crate::support::rows::Rows;

/// Seats in demo mode: more than any test takes.
const SEATS: u64 = 10_000;

/// A ledger, and the rows and events that a store would contain.
struct Shard {
    ledger: Ledger,
    now: Moment,
    rows: Rows,
    events: BTreeMap<EventNo, AuditEvent>,
}

impl Shard {
    /// A shard with these users, whose ids are stored unchanged.
    fn of(users: &[&str]) -> Self {
        let mut shard =
            Self { ledger: empty(config(SEATS), NOW), now: NOW, rows: Rows::default(), events: BTreeMap::new() };
        shard.add(&tenant(), users);
        shard
    }

    /// Adds another tenant.
    fn add(&mut self, tenant: &TenantId, users: &[&str]) {
        let (display_name, contact, policy) = ("".into(), "".into(), Policy::default());
        let _ = self.apply_in(tenant, CreateTenant { display_name, contact, policy });
        for id in users {
            let (user, pools) = (UserId::stored(id), vec![PoolId::stored("primary")]);
            let _ =
                self.apply_in(tenant, CreateUser { user, administrator: false, profile: Default::default(), pools });
        }
    }

    /// Loads the ledger anew from the rows, as the next process does.
    fn load(&mut self) {
        let (last_tenant, last_event) = (self.ledger.last_tenant(), self.ledger.last_event());
        let wall_high = self.ledger.wall_high();
        let mut load = Ledger::restore(config(SEATS), last_tenant, last_event, wall_high, self.now, Duration::ZERO);
        self.rows.all().into_iter().for_each(|row| load.put(row));
        self.ledger = load.finish();
    }

    /// Runs the unfinished work to its end; returns the number of steps.
    fn run_unfinished(&mut self) -> usize {
        let mut steps = 0;
        while self.ledger.is_unfinished() {
            self.step();
            steps += 1;
        }
        steps
    }

    /// Runs one step of the unfinished work.
    fn step(&mut self) {
        let (mut changes, before) = (Changes::default(), self.ledger.work());
        self.ledger.run_unfinished(self.now, &mut changes);
        assert!(self.ledger.work() - before <= Budget::MAX_STEP_WORK);
        self.keep(changes);
    }

    fn apply(&mut self, command: impl Into<Command>) -> Outcome {
        self.apply_in(&tenant(), command)
    }

    fn apply_in(&mut self, tenant: &TenantId, command: impl Into<Command>) -> Outcome {
        let mut changes = Changes::default();
        let outcome = self.ledger.apply(request(tenant, command), self.now, &mut changes);
        self.keep(changes);
        outcome
    }

    /// Runs one step of a command; `None`: the step did other work that must come first.
    fn decide(&mut self, tenant: &TenantId, command: impl Into<Command>) -> Option<Outcome> {
        let (mut changes, before) = (Changes::default(), self.ledger.work());
        let decided = self.ledger.decide(request(tenant, command), self.now, &mut changes);
        assert!(self.ledger.work() - before <= Budget::MAX_STEP_WORK);
        self.keep(changes);
        decided.ok()
    }

    fn query<Q: Operation<Kind = Query>>(&mut self, query: Q) -> Q::Answer
    where
        QueryResult: Reply<Q>,
    {
        self.ledger.query(Some(&tenant()), query.into(), self.now).into_answer().expect("an answer")
    }

    fn keep(&mut self, changes: Changes) {
        self.rows.apply(&changes.rows);
        self.events.extend(changes.events.into_iter().map(|event| (event.no, event)));
    }

    /// Signs in with this text; returns the id of the user, and whether a session was renewed.
    fn signs_in(&mut self, text: &str) -> (String, bool) {
        match self.apply(login(parsed(text))) {
            Outcome::CheckOut(Ok(answer)) => {
                let lease = answer.decision.expect("a seat");
                (lease.user.to_string(), lease.renewed)
            }
            other => panic!("{other:?}"),
        }
    }

    fn listed(&mut self) -> Vec<String> {
        let mut query = ListUsers { order: UserOrder::Created, limit: 1_000, ..ListUsers::default() };
        let mut listed = Vec::new();
        loop {
            let page = self.query(query.clone()).unwrap();
            listed.extend(page.rows.into_iter().map(|user| user.id.to_string()));
            query.after = page.next;
            if query.after.is_none() {
                return listed;
            }
        }
    }

    fn kept(&self) -> Vec<[String; 2]> {
        self.ledger.kept_ids().into_iter().map(|kept| [kept.user.to_string(), kept.other.to_string()]).collect()
    }

    /// The user ids and details of the events of an action, in their order.
    fn audited(&self, action: Action) -> Vec<(&str, &str)> {
        let events = self.events.values().filter(|event| event.action == action);
        events.map(|event| (event.user.as_ref().map_or("", UserId::as_str), &*event.detail)).collect()
    }

    fn adds_up(&self) {
        let position = Position {
            seq: Seq(1),
            tick: self.now.tick,
            wall: self.now.wall,
            wall_high: self.ledger.wall_high(),
            last_tenant: self.ledger.last_tenant(),
            last_event: self.ledger.last_event(),
            continuity: Default::default(),
        };
        adds_up(ShardId(0), 1, position, self.rows.all(), &self.events).unwrap();
    }
}

fn tenant() -> TenantId {
    TenantId::stored("acme")
}

fn parsed(text: &str) -> UserId {
    UserId::parse(text).unwrap()
}

fn request(tenant: &TenantId, command: impl Into<Command>) -> Request {
    Request { tenant: tenant.clone(), actor: Actor("root".into()), command: command.into() }
}

fn login(user: UserId) -> CheckOut {
    CheckOut {
        pool: PoolId::stored("primary"),
        user,
        device: DeviceId::stored("laptop"),
        organization: None,
        client: "".into(),
        check_only: false,
        fresh: SessionId::random(),
        alternatives: Vec::new(),
    }
}

/// Enough ids for many steps.
fn many() -> Vec<String> {
    (0..2_000).map(|no| format!("ς{no:04}@x")).collect()
}

fn is_yes(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::CheckOut(Ok(answer)) if answer.decision.is_ok())
}

fn texts(users: &[String]) -> Vec<&str> {
    users.iter().map(String::as_str).collect()
}

#[test]
fn a_load_gives_users_the_ids_of_today() {
    let mut shard = Shard::of(&["οδυσσευς@x", "ann@xn--mnchen-3ya.example", "an\u{200b}n@x", "bob@x"]);
    for id in ["οδυσσευς@x", "bob@x"] {
        // Signs in with the id as an earlier release folded it.
        assert!(is_yes(&shard.apply(login(UserId::stored(id)))));
    }
    shard.load();
    assert_eq!(shard.listed(), ["οδυσσευσ@x", "ann@münchen.example", "ann@x", "bob@x"]);
    assert_eq!((shard.signs_in("ΟΔΥΣΣΕΥΣ@X"), shard.kept()), (("οδυσσευσ@x".to_owned(), true), vec![]));
    let renamed = [
        ("οδυσσευς@x", "is now οδυσσευσ@x"),
        ("ann@xn--mnchen-3ya.example", "is now ann@münchen.example"),
        ("an\u{200b}n@x", "is now ann@x"),
    ];
    assert_eq!(shard.audited(Action::UserRenamed), renamed);
    // Sessions from before the load and from after it belong to the same user.
    shard.adds_up();
    let (id, former) = shard.query(FormerIds { user: parsed("οδυσσευς@x") }).unwrap();
    assert_eq!((id.as_str(), former.len(), former[0].id.as_str()), ("οδυσσευσ@x", 1, "οδυσσευς@x"));
    // The new ids are stored: another load changes nothing.
    shard.load();
    assert_eq!((shard.run_unfinished(), shard.audited(Action::UserRenamed).len()), (0, 3));
    assert_eq!(shard.signs_in("Οδυσσευς@x"), ("οδυσσευσ@x".to_owned(), true));
    shard.adds_up();
}

#[test]
fn two_who_are_one_by_now_are_not_merged() {
    let mut shard = Shard::of(&["οδυσσευς@x", "οδυσσευσ@x"]);
    shard.load();
    assert_eq!(shard.listed(), ["οδυσσευς@x", "οδυσσευσ@x"], "who has the id of today keeps it");
    assert_eq!(shard.kept(), [["οδυσσευς@x", "οδυσσευσ@x"]]);
    assert_eq!(shard.run_unfinished(), 0);
    // Each user signs in as before.
    assert_eq!(shard.signs_in("Οδυσσευς@x"), ("οδυσσευς@x".to_owned(), false));
    assert_eq!(shard.signs_in("ΟΔΥΣΣΕΥΣ@x"), ("οδυσσευσ@x".to_owned(), false));
    assert_eq!(shard.signs_in("οδυσσευς@X"), ("οδυσσευς@x".to_owned(), true));
    assert_eq!(
        shard.query(GetUser { user: parsed("οδυσσευς@x"), organization: None }).unwrap().id.as_str(),
        "οδυσσευς@x"
    );
    assert_eq!(shard.query(FormerIds { user: parsed("οδυσσευς@x") }).unwrap().0.as_str(), "οδυσσευς@x");
    let user = parsed("οδυσσευς@x");
    let taken = CreateUser { user, administrator: false, profile: Default::default(), pools: vec![] };
    assert!(matches!(shard.apply(taken), Outcome::CreateUser(Err(_))));
    let _ = shard.apply(BlockUser { user: parsed("οδυσσευς@x"), end_sessions: false });
    assert_eq!(shard.audited(Action::UserBlocked), [("οδυσσευς@x", "")]);
    shard.adds_up();
    // After one of them is renamed, the other one gets today's id.
    let _ = shard.apply(RenameUser { user: parsed("οδυσσευς@x"), new: parsed("other@x") });
    assert_eq!((shard.listed(), shard.kept()), (vec!["other@x".to_owned(), "οδυσσευσ@x".into()], vec![]));
    assert_eq!(shard.signs_in("οδυσσευς@x"), ("οδυσσευσ@x".to_owned(), true));
    shard.adds_up();
}

#[test]
fn a_denial_that_waits_for_the_store_is_of_the_one_who_was_meant() {
    let mut shard = Shard::of(&["οδυσσευς@x", "οδυσσευσ@x"]);
    shard.load();
    let _ = shard.apply(BlockUser { user: parsed("οδυσσευς@x"), end_sessions: false });
    let check_out = login(parsed("οδυσσευς@x"));
    let (request, mut kept, mut changes) =
        (request(&tenant(), check_out.clone()), KeptDenials::default(), Changes::default());
    assert!(shard.ledger.deny((&request, &check_out), shard.now, &mut kept, &mut changes).is_some());
    let users: Vec<_> = changes.events.iter().map(|event| event.user.as_ref().map(UserId::as_str)).collect();
    assert_eq!(users, [Some("οδυσσευς@x")]);
}

#[test]
fn of_two_who_have_not_the_id_of_today_the_older_one_gets_it() {
    let mut shard = Shard::of(&["σς@x", "ςσ@x"]);
    shard.load();
    assert_eq!(
        (shard.listed(), shard.kept()),
        (vec!["σσ@x".to_owned(), "ςσ@x".into()], vec![["ςσ@x".into(), "σσ@x".into()]])
    );
    shard.run_unfinished();
    shard.adds_up();
    // After that user is deleted, the next load gives the other user the id.
    let _ = shard.apply(DeleteUser { user: parsed("ΣΣ@x") });
    assert_eq!(shard.listed(), ["ςσ@x"]);
    shard.load();
    assert_eq!((shard.listed(), shard.kept()), (vec!["σσ@x".to_owned()], vec![]));
    shard.run_unfinished();
    shard.adds_up();
}

#[test]
fn many_are_renamed_in_steps_and_before_anything_else_of_their_tenant() {
    let users = many();
    let mut shard = Shard::of(&texts(&users));
    shard.load();
    let (last, mut steps) = (shard.ledger.last_event(), 0);
    let outcome = loop {
        match shard.decide(&tenant(), login(parsed("Σ0000@x"))) {
            Some(outcome) => break outcome,
            None => steps += 1,
        }
    };
    assert!(is_yes(&outcome));
    assert!(steps > 4, "{steps} steps");
    let renamed = shard.events.range(EventNo(last.0 + 1)..).take(users.len());
    assert!(renamed.into_iter().all(|(_, event)| event.action == Action::UserRenamed));
    shard.adds_up();
}

#[test]
fn nobody_waits_for_the_ids_of_another_tenant() {
    let (users, other) = (many(), TenantId::stored("other"));
    let mut shard = Shard::of(&texts(&users));
    shard.add(&other, &["ann@x"]);
    shard.load();
    let outcome = shard.decide(&other, login(parsed("ann@x")));
    assert!(outcome.is_some_and(|outcome| is_yes(&outcome)));
    assert_eq!(shard.audited(Action::UserRenamed).len(), 0);
    // The events of a user who is not renamed yet are found under both ids.
    let user = parsed("Σ1999@x");
    let (id, former) = shard.query(FormerIds { user: user.clone() }).unwrap();
    assert_eq!((id.as_str(), former.len(), former[0].id.as_str()), ("σ1999@x", 1, "ς1999@x"));
    assert!(shard.run_unfinished() > 4);
    let (_, written) = shard.query(FormerIds { user }).unwrap();
    let between = shard.events.range(EventNo(former[0].last_event.0 + 1)..written[0].last_event);
    let of_the_user = |event: &&AuditEvent| event.user.as_ref().is_some_and(|id| id.as_str().contains("1999"));
    assert_eq!(between.map(|(_, event)| event).filter(of_the_user).count(), 0);
    shard.adds_up();
}

#[test]
fn a_load_that_was_broken_off_is_done_again() {
    let users = many();
    let mut shard = Shard::of(&texts(&users));
    shard.load();
    shard.step();
    let done = shard.audited(Action::UserRenamed).len();
    assert!((1..users.len()).contains(&done), "{done}");
    shard.load();
    shard.run_unfinished();
    assert_eq!(shard.audited(Action::UserRenamed).len(), users.len(), "each once");
    let listed = shard.listed();
    assert!(listed.len() == users.len() && listed.iter().all(|id| id.starts_with('σ')));
    shard.adds_up();
}

#[test]
fn time_ends_nothing_under_an_id_that_is_not_written() {
    let mut shard = Shard::of(&["οδυσσευς@x"]);
    assert!(is_yes(&shard.apply(login(UserId::stored("οδυσσευς@x")))));
    shard.load();
    let last = shard.ledger.last_event();
    shard.now = Moment::new(Tick(NOW.tick.0 + 3_600_000), WallTime(NOW.wall.0 + 3_600_000));
    let mut changes = Changes::default();
    shard.ledger.tick(shard.now, false, &mut changes);
    shard.keep(changes);
    let events = shard.events.range(EventNo(last.0 + 1)..).map(|(_, event)| (event.action, event.user.as_ref()));
    let events: Vec<_> = events.map(|(action, user)| (action, user.map_or("", UserId::as_str))).collect();
    assert_eq!(events, [(Action::UserRenamed, "οδυσσευς@x"), (Action::SessionEnded, "οδυσσευσ@x")]);
    shard.adds_up();
}
