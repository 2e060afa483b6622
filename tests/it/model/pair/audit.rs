//! The audit of a command: every change leaves an event, and there is no other event (R21, R35).

use usher::ids::{PoolId, SessionId, TenantNo, UserId};
use usher::ledger::change::{Action, Actor, AuditEvent, Change, Changes, Reason};
use usher::ledger::command::{Command, Outcome};
use usher::ledger::time::Moment;

use super::super::naive::Happened;
use super::{Pair, must, same};

impl Pair {
    /// Checks the events of a command: they are of its tenant (I6) and of this moment, and those of sessions agree with
    /// the model (R35).
    pub(super) fn audited(
        &mut self,
        tenant: TenantNo,
        actor: &Actor,
        command: &Command,
        changes: &Changes,
        now: Moment,
    ) -> Result<(), String> {
        // A row about a tenant id, which outlives the tenant's number.
        let floor = |row: &Change| matches!((row, command), (Change::PutLicenseFloor(_), Command::DeleteTenant(_)));
        let stray = changes.rows.iter().find(|row| owner(row) != tenant && !floor(row));
        must(stray.is_none(), || format!("a row of another tenant: {stray:?}"))?;
        // Counts of older denials are written with the next changes (R21).
        let mut new = changes.events.iter().filter(|event| event.count == 1);
        let stray = new.find(|event| (event.tenant, event.at, &event.actor) != (tenant, now.wall, actor));
        must(stray.is_none(), || format!("an event of another tenant, moment or actor: {stray:?}"))?;
        let silent = !changes.rows.is_empty() && changes.events.is_empty();
        must(
            !silent || matches!(command, Command::Heartbeat(_) | Command::NoteTokenUse(_) | Command::FetchLicense(_)),
            || format!("a change without an event: {:?}", changes.rows),
        )?;
        if matches!(command, Command::DeleteTenant(_)) {
            // One event stands for all sessions that end.
            self.model.log.clear();
        }
        self.sessions_audited(&changes.events)
    }

    pub(super) fn sessions_audited(&mut self, events: &[AuditEvent]) -> Result<(), String> {
        let mut reported: Vec<Happened> = events.iter().filter_map(reported).collect();
        let mut happened = std::mem::take(&mut self.model.log);
        reported.sort_by_key(order);
        happened.sort_by_key(order);
        same("what happened to sessions", &reported, &happened)
    }

    pub(super) fn count_denials(&mut self, tenant: TenantNo, command: &Command, expected: &Outcome) {
        let mut denied = |action: Action, user: &UserId, pool: Option<&PoolId>, reason: Reason| {
            let key = (tenant, action.code(), Some(user.clone()), pool.cloned(), reason.code());
            *self.denials.entry(key).or_default() += 1;
        };
        match (command, expected) {
            (Command::CheckOut(command), Outcome::CheckOut(Ok(answer))) if !command.check_only => {
                if let Err(denial) = &answer.decision {
                    denied(Action::CheckOutDenied, &command.user, Some(&command.pool), Reason::Denied(denial.reason));
                }
            }
            (Command::GrantSeats(command), Outcome::GrantSeats(answers)) => {
                let pairs = command.pools.iter().flat_map(|pool| command.users.iter().map(move |user| (pool, user)));
                for ((pool, user), answer) in pairs.zip(answers) {
                    if let Ok(granted) = answer
                        && let Err(denial) = &granted.decision
                    {
                        denied(Action::SeatGranted, user, Some(pool), Reason::Denied(denial.reason));
                    }
                }
            }
            (Command::SyncUsers(command), Outcome::SyncUsers(Ok(answer))) if command.what_if.is_none() => {
                for (entry, user) in command.entries.iter().zip(&answer.users) {
                    for (pool, reason) in user.iter().flat_map(|user| &user.denials) {
                        denied(Action::SeatGranted, &entry.user, Some(pool), Reason::Denied(*reason));
                    }
                }
            }
            _ => {}
        }
    }
}

fn owner(row: &Change) -> TenantNo {
    match row {
        Change::PutTenant(row) => row.no,
        Change::PutLicense(row) => row.tenant,
        Change::PutPool(row) => row.tenant,
        Change::PutOrganization(row) => row.tenant,
        Change::PutUser(row) => row.tenant,
        Change::PutSeat(row) => row.tenant,
        Change::PutSession(row) => row.tenant,
        Change::PutNotification(row) => row.tenant,
        Change::PutToken(_) | Change::DeleteToken(_) | Change::PutLicenseFloor(_) => TenantNo(0),
        Change::DeleteTenant(no)
        | Change::DeleteLicense(no, ..)
        | Change::DeleteOrganization(no, _)
        | Change::DeleteUser(no, _)
        | Change::DeleteSeat(no, ..)
        | Change::DeleteSession(no, ..)
        | Change::DeleteNotification(no, _) => *no,
    }
}

fn reported(event: &AuditEvent) -> Option<Happened> {
    let session = event.session?;
    match (event.action, event.reason) {
        (Action::SessionStarted, _) => Some(Happened::Started(session)),
        (Action::SessionRenewed, _) => Some(Happened::Renewed(session)),
        (Action::SessionEnded, Some(Reason::Ended(reason))) => Some(Happened::Ended(session, reason)),
        _ => None,
    }
}

fn order(happened: &Happened) -> (SessionId, u8) {
    match happened {
        Happened::Started(id) => (*id, 0),
        Happened::Renewed(id) => (*id, 1),
        Happened::Ended(id, _) => (*id, 2),
    }
}
