//! `usher store check` of a store whose deleted tenant is still being removed in steps (decision 35).

use std::collections::BTreeMap;

use usher::ids::{DeviceId, EventNo, PoolId, Seq, SessionId, ShardId, TenantId, TenantNo, UserId};
use usher::ledger::Ledger;
use usher::ledger::change::{Actor, AuditEvent, Change, Changes, TenantState};
use usher::ledger::command::{
    CheckOut, Command, CreateTenant, DeleteTenant, Outcome, Request, SyncEntry, SyncUsers, UserPatch, WantedSeat,
    WhenFull,
};
use usher::ledger::policy::Policy;
use usher::store::Position;

use crate::support::adds_up::adds_up;
use crate::support::ledger::{NOW, config, empty};
use crate::support::rows::Rows;

/// More users than one step of the removal takes.
const USERS: u64 = 1_000;

/// A ledger, and the rows and events that a store would contain.
struct Shard {
    ledger: Ledger,
    rows: Rows,
    events: BTreeMap<EventNo, AuditEvent>,
}

impl Shard {
    fn new() -> Self {
        Self { ledger: empty(config(USERS), NOW), rows: Rows::default(), events: BTreeMap::new() }
    }

    /// Runs one step of a command, and no unfinished work.
    fn decide(&mut self, command: impl Into<Command>) {
        let request = Request { tenant: tenant(), actor: Actor::service(), command: command.into() };
        let mut changes = Changes::default();
        self.ledger.decide(request, NOW, &mut changes).expect("one step");
        self.keep(changes);
    }

    fn apply(&mut self, command: impl Into<Command>) -> Outcome {
        let request = Request { tenant: tenant(), actor: Actor::service(), command: command.into() };
        let mut changes = Changes::default();
        let outcome = self.ledger.apply(request, NOW, &mut changes);
        self.keep(changes);
        outcome
    }

    fn run_unfinished(&mut self) {
        let mut changes = Changes::default();
        self.ledger.run_unfinished(NOW, &mut changes);
        self.keep(changes);
    }

    fn keep(&mut self, changes: Changes) {
        self.rows.apply(&changes.rows);
        self.events.extend(changes.events.into_iter().map(|event| (event.no, event)));
    }

    fn sign_in(&mut self, no: u64) {
        let outcome = self.apply(CheckOut {
            pool: PoolId::stored("primary"),
            user: user(no),
            device: DeviceId::stored("laptop"),
            organization: None,
            client: "".into(),
            check_only: false,
            fresh: SessionId(uuid::Uuid::from_u64_pair(1, no)),
            alternatives: Vec::new(),
        });
        assert!(matches!(&outcome, Outcome::CheckOut(Ok(answer)) if answer.decision.is_ok()), "{outcome:?}");
    }

    fn check(&self, rows: Vec<Change>) -> Result<(), String> {
        let position = Position {
            seq: Seq(1),
            tick: NOW.tick,
            wall: NOW.wall,
            wall_high: self.ledger.wall_high(),
            last_tenant: self.ledger.last_tenant(),
            last_event: self.ledger.last_event(),
            continuity: Default::default(),
        };
        adds_up(ShardId(0), 1, position, rows, &self.events)
    }
}

fn tenant() -> TenantId {
    TenantId::stored("acme")
}

fn user(no: u64) -> UserId {
    UserId::stored(&format!("user{no:05}"))
}

fn create() -> CreateTenant {
    CreateTenant { display_name: "".into(), contact: "".into(), policy: Policy::default() }
}

#[test]
fn rows_of_a_deleted_tenant_that_are_still_there_are_no_damage() {
    let mut shard = Shard::new();
    shard.decide(create());
    let entry = |no| SyncEntry {
        user: user(no),
        patch: UserPatch::default(),
        seats: WantedSeat::each(&[PoolId::stored("primary")], &[]),
        blocked: None,
    };
    shard.apply(SyncUsers { entries: (0..USERS).map(entry).collect(), when_full: WhenFull::Block, what_if: None });
    (0..USERS / 2).for_each(|no| shard.sign_in(no));
    shard.check(shard.rows.all()).unwrap();

    shard.decide(DeleteTenant);
    // Another tenant with the same name is independent of the deleted one.
    shard.decide(create());
    let mut steps = 0;
    while shard.ledger.is_unfinished() {
        shard.check(shard.rows.all()).unwrap_or_else(|what| panic!("after {steps} steps: {what}"));
        if steps == 0 {
            deleted_rows_are_held_against_the_audit(&shard);
        }
        shard.run_unfinished();
        steps += 1;
    }
    assert!(steps > 2, "{steps} steps");
    assert_eq!(shard.rows.all().len(), 1, "the tenant that came after it");
    shard.check(shard.rows.all()).unwrap();
}

/// The check compares a tenant's state with the audit: a tenant that only its row calls deleted, and one that lives on
/// after its deletion, are both reported.
fn deleted_rows_are_held_against_the_audit(shard: &Shard) {
    let with = |state: TenantState, of: u32| -> Vec<Change> {
        let mut rows = shard.rows.all();
        for row in &mut rows {
            if let Change::PutTenant(row) = row
                && row.no == TenantNo(of)
            {
                (row.state, row.id) = (state, TenantId::stored("other"));
            }
        }
        rows
    };
    let reason = shard.check(with(TenantState::Active, 1)).unwrap_err();
    assert!(
        reason.contains("tenants (tenant_no 1): event ") && reason.contains(" deleted it, and the row is there"),
        "{reason}"
    );
    let reason = shard.check(with(TenantState::Deleted, 2)).unwrap_err();
    assert!(
        reason.contains("tenants (tenant_no 2): it is Deleted, and event ") && reason.contains(" left it Active"),
        "{reason}"
    );
}
