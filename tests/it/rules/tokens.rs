//! API tokens, which have no rule of their own: R1, R31 and R35 hold for them as for everything else.

use std::sync::Arc;
use std::time::Duration;

use usher::ids::{EventNo, TenantId, TenantNo, TokenId, TokenName};
use usher::ledger::Ledger;
use usher::ledger::access::{Role, Roles, Tenants};
use usher::ledger::change::{Actor, Change, Changes};
use usher::ledger::command::{
    AllTokens, Command, CreateToken, ListTokens, NoteTokenUse, Outcome, QueryResult, Request, RevokeToken,
    WithdrawTenant,
};
use usher::ledger::outcome::{Done, Refusal};
use usher::ledger::time::{Moment, Tick, WallTime};
use usher::ledger::token::{TokenHash, TokenRow, TokenState, TokenView};

use crate::support::ledger::config;

const MS: Duration = Duration::from_millis(1);
const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const START: i64 = 1_800_000_000_000;

/// A ledger, its clock, and its last changes.
struct Fixture {
    ledger: Ledger,
    now: Moment,
    last: u64,
    written: Changes,
    /// The caller, and the tenants that it is authorized for.
    actor: &'static str,
    within: Tenants,
}

impl Fixture {
    fn new() -> Self {
        let now = Moment::new(Tick(START as u64), WallTime(START));
        Self {
            ledger: empty(now, now.wall, EventNo(0)),
            now,
            last: 0,
            written: Changes::default(),
            actor: "root",
            within: Tenants::All,
        }
    }

    /// Time passes, and the shard's regular work runs.
    fn after(&mut self, time: Duration) {
        self.now = Moment::new(self.now.tick + time, self.now.wall.plus(time));
        self.ledger.tick(self.now, false, &mut Changes::default());
    }

    fn submit(&mut self, command: impl Into<Command>) -> Outcome {
        self.written = Changes::default();
        let request =
            Request { tenant: TenantId::installation(), actor: Actor(self.actor.into()), command: command.into() };
        self.ledger.apply(request, self.now, &mut self.written)
    }

    fn create(&mut self, name: &str, ttl: Option<Duration>) -> Done<TokenView> {
        self.create_for(name, Tenants::All, ttl)
    }

    fn create_for(&mut self, name: &str, tenants: Tenants, ttl: Option<Duration>) -> Done<TokenView> {
        self.last += 1;
        let roles = Roles::NONE.with(Role::Application);
        let (id, name) = (TokenId(self.last), TokenName::parse(name).expect("a name"));
        let Outcome::CreateToken(answer) = self.submit(CreateToken {
            id,
            name,
            hash: TokenHash([7; 32]),
            roles,
            tenants,
            ttl,
            within: self.within.clone(),
        }) else {
            panic!("another answer")
        };
        answer
    }

    fn revoke(&mut self, id: TokenId, within: Tenants) -> Done<TokenView> {
        let Outcome::RevokeToken(answer) = self.submit(RevokeToken { id, within }) else { panic!("another answer") };
        answer
    }

    fn list(&mut self, within: Tenants) -> Vec<TokenView> {
        let query = ListTokens { within, after: None, limit: 100_000 };
        let QueryResult::ListTokens(page) = self.ledger.query(None, query.into(), self.now) else {
            panic!("another answer")
        };
        page.rows
    }

    fn states(&mut self) -> Vec<TokenState> {
        self.list(Tenants::All).into_iter().map(|view| view.state).collect()
    }

    fn rows(&mut self) -> Vec<TokenRow> {
        let QueryResult::AllTokens(known) = self.ledger.query(None, AllTokens.into(), self.now) else {
            panic!("another answer")
        };
        known.rows.into_iter().map(Arc::unwrap_or_clone).collect()
    }

    /// Loads the ledger anew from the rows, as another process does.
    fn restart(&mut self) {
        let (rows, high) = (self.rows(), self.ledger.wall_high());
        let mut load = Ledger::restore(config(2), TenantNo(0), self.ledger.last_event(), high, self.now, HOUR);
        rows.into_iter().for_each(|row| load.put(Change::PutToken(row)));
        self.ledger = load.finish();
    }

    /// The audit events of the last call: tenant number, actor, action, and detail.
    fn audited(&self) -> Vec<String> {
        let audited = self.written.events.iter();
        audited
            .map(|event| format!("{} {} {:?}: {}", event.tenant, event.actor.0, event.action, event.detail))
            .collect()
    }
}

fn empty(now: Moment, high: WallTime, last: EventNo) -> Ledger {
    Ledger::restore(config(2), TenantNo(0), last, high, now, HOUR).finish()
}

fn reason(answer: Done<TokenView>) -> &'static str {
    match answer {
        Ok(_) => "yes",
        Err(Refusal::Precondition { reason, .. }) => reason.name(),
        Err(Refusal::NotFound { kind, .. }) => kind,
        Err(Refusal::Invalid { field, .. }) => field,
        Err(Refusal::TooOften { .. }) => "too often",
        Err(other) => panic!("{other:?}"),
    }
}

fn only(tenants: &[&str]) -> Tenants {
    Tenants::Only(tenants.iter().map(|id| TenantId::stored(id)).collect())
}

#[test]
fn two_tokens_of_a_name_are_good_at_a_time() {
    let mut fixture = Fixture::new();
    let first = fixture.create("login", None).unwrap();
    assert_eq!(reason(fixture.create("login", Some(HOUR))), "yes");
    assert_eq!(reason(fixture.create("login", None)), "TOKEN_LIMIT");
    assert!(fixture.written.is_empty(), "a refusal writes nothing");
    assert_eq!(reason(fixture.create("console", None)), "yes", "another name has two of its own");
    fixture.revoke(first.id, Tenants::All).unwrap();
    assert_eq!(reason(fixture.create("login", None)), "yes", "a revoked one leaves room");
    assert_eq!(reason(fixture.create("login", None)), "TOKEN_LIMIT");
    fixture.after(HOUR);
    assert_eq!(reason(fixture.create("login", None)), "yes", "and so does one that expired");
}

#[test]
fn a_token_expires_at_its_moment() {
    let mut fixture = Fixture::new();
    let made = fixture.create("login", Some(HOUR)).unwrap();
    assert_eq!((made.created, made.expires), (WallTime(START), Some(WallTime(START).plus(HOUR))));
    fixture.after(HOUR - MS);
    assert_eq!(fixture.states(), [TokenState::Active]);
    fixture.after(MS);
    assert_eq!(fixture.states(), [TokenState::Expired]);
    for (ttl, expected) in [
        (Duration::ZERO, "ttl"),
        (Duration::from_micros(999), "ttl"),
        (MS, "yes"),
        (36_500 * DAY, "yes"),
        (36_500 * DAY + MS, "ttl"),
    ] {
        assert_eq!(reason(fixture.create(&format!("for {ttl:?}"), Some(ttl))), expected, "{ttl:?}");
    }
}

#[test]
fn r31_a_clock_that_is_set_back_revives_no_token() {
    let mut fixture = Fixture::new();
    fixture.create("login", Some(DAY)).unwrap();
    fixture.after(DAY);
    assert_eq!(reason(fixture.create("console", None)), "yes");
    fixture.now.wall = WallTime(START - 365 * DAY.as_millis() as i64);
    assert_eq!(fixture.states(), [TokenState::Active, TokenState::Expired]);
    fixture.restart();
    fixture.after(MS);
    assert_eq!(fixture.states(), [TokenState::Active, TokenState::Expired], "after a restart, too");
    let late = fixture.create("late", Some(HOUR)).unwrap();
    assert_eq!(late.state, TokenState::Active, "what is made then lasts as long as it should");
    fixture.after(2 * HOUR);
    assert_eq!(fixture.states()[1], TokenState::Expired);
}

#[test]
fn to_revoke_a_token_twice_is_to_revoke_it_once() {
    let mut fixture = Fixture::new();
    let made = fixture.create("login", Some(DAY)).unwrap();
    fixture.after(HOUR);
    let once = fixture.revoke(made.id, Tenants::All).unwrap();
    assert_eq!((once.state, once.revoked), (TokenState::Revoked, Some(fixture.now.wall)));
    fixture.after(2 * DAY);
    assert_eq!(fixture.revoke(made.id, Tenants::All).unwrap(), once);
    assert!(fixture.written.is_empty());
    assert_eq!(reason(fixture.revoke(TokenId(99), Tenants::All)), "token");
    fixture.restart();
    assert_eq!(fixture.list(Tenants::All), [once], "and it stays so");
}

#[test]
fn r1_a_token_for_other_tenants_is_as_good_as_not_there() {
    let mut fixture = Fixture::new();
    let acme = fixture.create_for("acme's", only(&["acme"]), None).unwrap();
    let both = fixture.create_for("both's", only(&["acme", "bolt"]), None).unwrap();
    let all = fixture.create_for("all's", Tenants::All, None).unwrap();
    assert_eq!(fixture.list(only(&["acme", "cord"])), std::slice::from_ref(&acme));
    assert_eq!(fixture.list(Tenants::All).len(), 3);
    for id in [both.id, all.id, TokenId(99)] {
        assert_eq!(reason(fixture.revoke(id, only(&["acme"]))), "token");
        assert!(fixture.written.is_empty());
    }
    assert_eq!(reason(fixture.revoke(both.id, only(&["acme", "bolt", "cord"]))), "yes");
    assert_eq!(reason(fixture.revoke(acme.id, only(&["acme"]))), "yes");
}

#[test]
fn r35_every_change_of_a_token_leaves_an_event_of_the_installation() {
    let mut fixture = Fixture::new();
    let made = fixture.create_for("login", only(&["acme", "bolt"]), Some(HOUR)).unwrap();
    let id = made.id;
    let detail = format!("{id} login: application; acme, bolt; expires after 3600 s");
    assert_eq!(fixture.audited(), [format!("0 root TokenCreated: {detail}")]);
    let used = fixture.now.wall;
    fixture.submit(NoteTokenUse { uses: vec![(id, used), (TokenId(99), used)] });
    assert_eq!((fixture.audited().len(), fixture.written.rows.len()), (0, 1), "a use is no change, and leaves a row");
    fixture.submit(NoteTokenUse { uses: vec![(id, used.minus(MS))] });
    assert!(fixture.written.is_empty(), "what is older is known");
    assert_eq!(fixture.list(Tenants::All)[0].last_used, Some(used));
    fixture.revoke(id, Tenants::All).unwrap();
    assert_eq!(fixture.audited(), [format!("0 root TokenRevoked: {id} login")]);
    fixture.after(30 * DAY);
    fixture.create("console", None).unwrap();
    assert_eq!(fixture.list(Tenants::All).len(), 2, "remembered for thirty days");
    fixture.after(MS);
    fixture.create("cron", None).unwrap();
    let forgotten = format!("0 root TokenDeleted: {id} login");
    assert_eq!(
        fixture.audited(),
        [forgotten, "0 root TokenCreated: 0000000000000003 cron: application; all tenants; never expires".into()]
    );
    assert_eq!(fixture.list(Tenants::All).len(), 2);
    assert_eq!(fixture.written.rows[0], Change::DeleteToken(id));
}

#[test]
fn there_are_ten_thousand_tokens_at_most_and_ended_ones_make_room() {
    let mut fixture = Fixture::new();
    for no in 0..10_000 {
        fixture.create(&format!("{no}"), None).unwrap();
    }
    assert_eq!(reason(fixture.create("one more", None)), "TOO_MANY_TOKENS");
    let (early, late) = (TokenId(5), TokenId(4));
    fixture.revoke(early, Tenants::All).unwrap();
    fixture.after(MS);
    fixture.revoke(late, Tenants::All).unwrap();
    assert_eq!(reason(fixture.create("one more", None)), "yes");
    assert_eq!(fixture.written.rows[0], Change::DeleteToken(early), "the one that ended first");
    assert_eq!(fixture.rows().len(), 10_000);
}

#[test]
fn tokens_are_listed_by_name_and_of_one_name_the_oldest_first() {
    let mut fixture = Fixture::new();
    for name in ["b", "a", "b", "a"] {
        fixture.create(name, None).unwrap();
        fixture.after(HOUR);
    }
    let mut ids = Vec::new();
    let mut after = None;
    loop {
        let query = ListTokens { within: Tenants::All, after, limit: 1 };
        let QueryResult::ListTokens(page) = fixture.ledger.query(None, query.into(), fixture.now) else {
            panic!("another answer")
        };
        ids.extend(page.rows.iter().map(|view| view.id.0));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(ids, [2, 4, 1, 3]);
}

#[test]
fn r1_a_name_is_one_in_the_scope_of_its_tenants() {
    let mut fixture = Fixture::new();
    for _ in 0..2 {
        assert_eq!(reason(fixture.create_for("login", only(&["acme"]), None)), "yes");
    }
    assert_eq!(reason(fixture.create_for("login", only(&["acme"]), None)), "TOKEN_LIMIT");
    // A token name of another tenant can be used, and its use reveals nothing (R1).
    for tenants in [only(&["other"]), only(&["acme", "other"]), Tenants::All] {
        assert_eq!(reason(fixture.create_for("login", tenants, None)), "yes");
    }
}

#[test]
fn r1_who_has_not_all_tenants_leaves_room_for_others() {
    let mut fixture = Fixture::new();
    (fixture.actor, fixture.within) = ("mallory", only(&["acme", "other"]));
    // The rate: two hundred at once, then one each 18 s.
    for no in 0..200 {
        assert_eq!(reason(fixture.create_for(&format!("t{no}"), only(&["acme"]), None)), "yes");
    }
    assert_eq!(reason(fixture.create_for("one more", only(&["other"]), None)), "too often", "of this creator");
    fixture.actor = "alice";
    assert_eq!(
        reason(fixture.create_for("one more", only(&["acme", "other"]), None)),
        "TOO_MANY_TOKENS",
        "of this tenant"
    );
    assert_eq!(reason(fixture.create_for("one more", only(&["other"]), None)), "yes");
    // Over hours, up to the quotas.
    fixture.after(10 * HOUR);
    assert_eq!(reason(fixture.create_for("later", only(&["acme"]), None)), "TOO_MANY_TOKENS");
    let good = fixture.states().len();
    assert_eq!(good, 201);
    (fixture.actor, fixture.within) = ("root", Tenants::All);
    for no in 0..1_000 {
        assert_eq!(reason(fixture.create(&format!("r{no}"), None)), "yes", "who has all tenants has no quota");
    }
}

#[test]
fn a_token_that_is_refused_for_one_budget_takes_nothing_of_another() {
    let mut fixture = Fixture::new();
    (fixture.actor, fixture.within) = ("alice", only(&["acme", "other"]));
    for no in 0..200 {
        let made = fixture.create_for(&format!("t{no}"), only(&["other"]), None).unwrap();
        fixture.revoke(made.id, Tenants::All).unwrap();
    }
    fixture.actor = "bob";
    for no in 0..200 {
        assert_eq!(reason(fixture.create_for(&format!("b{no}"), only(&["acme", "other"]), None)), "too often");
    }
    assert_eq!(reason(fixture.create_for("bob's", only(&["acme"]), None)), "yes");
}

#[test]
fn r1_a_deleted_tenant_is_in_no_token_any_more() {
    let mut fixture = Fixture::new();
    fixture.create_for("login", only(&["acme"]), None).expect("a token");
    let both = fixture.create_for("both", only(&["acme", "other"]), None).expect("a token");
    let other = fixture.create_for("other", only(&["other"]), None).expect("a token");
    let all = fixture.create("root", None).expect("a token");
    fixture.submit(WithdrawTenant { gone: TenantId::stored("acme"), after: None });
    let id = |no: u64| TokenId(no);
    assert_eq!(
        fixture.audited(),
        [
            format!("0 root TokenDeleted: {} login: tenant acme was deleted", id(1)),
            format!("0 root TokenUpdated: {} both: tenant acme was deleted", id(2)),
        ]
    );
    let left: Vec<_> = fixture.rows().into_iter().map(|row| (row.id, row.tenants)).collect();
    assert_eq!(left, [(both.id, only(&["other"])), (other.id, only(&["other"])), (all.id, Tenants::All)]);
    fixture.submit(WithdrawTenant { gone: TenantId::stored("acme"), after: None });
    assert!(fixture.written.rows.is_empty() && fixture.written.events.is_empty(), "once");
}
