//! State in memory only: the shard's regular work writes it, and a restart may lose it within bounds.

use std::collections::BTreeMap;
use std::time::Duration;

use usher::ids::{SessionId, TenantNo};
use usher::ledger::Ledger;
use usher::ledger::change::{Action, Changes, SessionRow};
use usher::ledger::command::{Command, Outcome};
use usher::ledger::outcome::{CheckedIn, HeartbeatResult, Refusal};
use usher::ledger::time::{Moment, Tick};

use usher::ids::{Seq, ShardId};
use usher::store::Position;

use super::super::naive::{Session, Tenant};
use super::super::rows::{Denied, Rows};
use super::{GRACE, Pair, must, same};
use crate::support::adds_up::adds_up;

/// Activity that a crash may lose: the period of the checkpoint.
const CHECKPOINT: Duration = Duration::from_secs(30);
/// Time between two looks for silent clients.
const LISTENING_PAUSE: Duration = Duration::from_secs(10);

impl Pair {
    /// Checks that `usher store check` would find no problem in the rows and events.
    pub fn adds_up(&self, now: Moment) -> Result<(), String> {
        let position = Position {
            seq: Seq(1),
            tick: now.tick,
            wall: now.wall,
            wall_high: self.ledger.wall_high(),
            last_tenant: self.ledger.last_tenant(),
            last_event: self.ledger.last_event(),
            continuity: Default::default(),
        };
        adds_up(ShardId(0), 1, position, self.rows.all(), &self.rows.events)
    }

    /// Notes the sessions whose user or tenant is deleted now: their ends are remembered until a restart.
    pub(super) fn note_ended_sessions(&mut self, tenant: Option<TenantNo>, command: &Command) {
        let user = match command {
            Command::DeleteUser(command) => Some(&command.user),
            Command::DeleteTenant(_) => None,
            _ => return,
        };
        let goes = |row: &&SessionRow| {
            Some(row.tenant) == tenant && user.is_none_or(|user| self.rows.user_of(row).is_some_and(|of| of == user))
        };
        self.ended_sessions.extend(self.rows.sessions.values().filter(goes).map(|row| row.id));
    }

    /// Adapts the expected answer where a restart may have forgotten the end of a session without a row. A wrong reason
    /// is never allowed (R24).
    pub(super) fn excuse(&self, tenant: TenantNo, command: &Command, outcome: &Outcome, expected: &mut Outcome) {
        match (command, outcome, expected) {
            (
                Command::CheckIn(command),
                Outcome::CheckIn(CheckedIn { reason: None, .. }),
                Outcome::CheckIn(expected),
            ) if !expected.ended_now && self.may_forget(tenant, command.session) => {
                expected.reason = None;
            }
            (Command::Heartbeat(command), Outcome::Heartbeat(answers), Outcome::Heartbeat(expected)) => {
                for ((session, _), (answer, expected)) in command.heartbeats.iter().zip(answers.iter().zip(expected)) {
                    let ended =
                        *answer == HeartbeatResult::Ended(None) && matches!(expected, HeartbeatResult::Ended(_));
                    if ended && self.may_forget(tenant, *session) {
                        *expected = HeartbeatResult::Ended(None);
                    }
                }
            }
            (Command::CloseSession(command), Outcome::CloseSession(Err(refusal)), Outcome::CloseSession(expected))
                if matches!(refusal, Refusal::NotFound { kind: "session", .. }) =>
            {
                let ended_session = self.ended_sessions.contains(&command.session);
                if ended_session || self.may_forget(tenant, command.session) {
                    *expected = Err(refusal.clone());
                }
            }
            _ => {}
        }
    }

    fn may_forget(&self, tenant: TenantNo, session: SessionId) -> bool {
        let unknown = !self.model.ended.iter().any(|ended| ended.session.id == session);
        let gone = self.rows.session(tenant, session).is_none();
        gone && (unknown || self.lost.contains(&session))
    }

    pub(super) fn tick(&mut self, all: bool, now: Moment) -> Result<(), String> {
        let mut changes = Changes::default();
        self.ledger.tick(now, all, &mut changes);
        self.model.tick(now);
        self.last_tick = now.tick;
        self.sessions_audited(&changes.events)?;
        self.note_ahead(&changes);
        self.rows.take(changes)?;
        if all { self.everything_written() } else { Ok(()) }
    }

    /// Checks that after the last tick before a stop the rows have everything.
    fn everything_written(&self) -> Result<(), String> {
        let counted = |of: &BTreeMap<Denied, u64>| {
            let mut of = of.clone();
            of.retain(|(_, action, ..), _| {
                [Action::CheckOutDenied.code(), Action::SeatGranted.code()].contains(action)
            });
            of
        };
        same("the count of denials (R21)", &counted(&self.rows.denials()), &counted(&self.denials))?;
        for tenant in &self.model.tenants {
            let number = self.ledger.tenant_no(&tenant.id).ok_or("no such tenant")?;
            for session in &tenant.sessions {
                let row = self.rows.session(number, session.id).ok_or("a live session without a row")?;
                same("written activity", &row.last_activity, &session.last_activity)?;
            }
        }
        Ok(())
    }

    /// Loads a new ledger from the rows. State in memory only may be lost, within its bounds.
    pub(super) fn restart(&mut self, now: Moment) -> Result<(), String> {
        let ahead = self.finish_ahead(now)?;
        self.ledger = ahead.unwrap_or_else(|| self.load(now));
        for tenant in &mut self.model.tenants {
            let number = self.ledger.tenant_no(&tenant.id).ok_or("a tenant was lost")?;
            adopt(tenant, number, &self.rows, self.last_tick, now)?;
        }
        self.model.restart(now, GRACE);
        self.denials = self.rows.denials();
        self.lost.append(&mut self.ended_sessions);
        Ok(())
    }

    fn load(&self, now: Moment) -> Ledger {
        let (last_tenant, last_event) = (self.ledger.last_tenant(), self.ledger.last_event());
        let mut load = Ledger::restore(self.config, last_tenant, last_event, self.ledger.wall_high(), now, GRACE);
        for row in self.rows.all() {
            load.put(row);
        }
        load.finish()
    }
}

/// Takes over from the rows what a crash may lose: activity since the last checkpoint, and the user's last
/// organization.
fn adopt(tenant: &mut Tenant, number: TenantNo, rows: &Rows, last_tick: Tick, now: Moment) -> Result<(), String> {
    let policy = tenant.policy.lease_ttl;
    for session in &mut tenant.sessions {
        let row = rows.session(number, session.id).ok_or("a session was lost (I2)")?;
        adopt_session(session, row, policy, last_tick, now)?;
    }
    for user in &mut tenant.users {
        let theirs = |row: &&SessionRow| row.tenant == number && rows.user_of(row) == Some(&user.id);
        let theirs: Vec<&SessionRow> = rows.sessions.values().filter(theirs).collect();
        let written = theirs.iter().map(|row| row.last_activity).max();
        must(written <= user.last_activity, || "activity that never was".into())?;
        user.last_activity = written;
        // The order of renewals is forgotten; the session started last counts (R8).
        let latest = theirs.iter().max_by_key(|row| row.started).and_then(|row| row.organization);
        user.last_organization = latest.map(|no| rows.organization(number, no));
    }
    Ok(())
}

fn adopt_session(
    session: &mut Session,
    row: &SessionRow,
    policy: Duration,
    last_tick: Tick,
    now: Moment,
) -> Result<(), String> {
    let due = last_tick.since(session.last_activity) >= CHECKPOINT;
    let written = row.last_activity == session.last_activity;
    must(written || row.last_activity < session.last_activity && !due, || {
        format!("activity of {:?} was not written: {row:?}", session.last_activity)
    })?;
    // I5: a client may still rely on the lease of its last answer.
    let leased = row.silent_since.unwrap_or(now.tick) + row.lease_ttl.max(policy) + GRACE;
    let for_good = row.lease_ttl.is_zero() || policy.is_zero();
    must(for_good || session.promised.is_some_and(|promised| promised <= leased), || {
        format!("a lease promised to {} until {:?} is shortened (I5): {row:?}", session.id, session.promised)
    })?;
    let half = Duration::from_millis(u64::try_from(session.lease_ttl.as_millis() / 2).expect("a lease"));
    let silent_for = |at: Tick| at.since(session.heard);
    let right = match row.silent_since {
        Some(since) => since == session.heard && silent_for(now.tick) >= half,
        None => session.lease_end.is_none() || silent_for(last_tick) < half + LISTENING_PAUSE,
    };
    must(right, || format!("the client was heard at {:?} (C15): {row:?}", session.heard))?;
    session.silent_since = row.silent_since;
    session.last_activity = row.last_activity;
    session.lease_ttl = row.lease_ttl;
    Ok(())
}
