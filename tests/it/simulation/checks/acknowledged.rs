//! I2: when the client gets an acknowledgment, the change is in the audit, and so (I4) in the rows. That it stays there
//! is checked by [`super::ownership`] for the audit, and by the last recount of a run.

use std::collections::BTreeSet;

use usher::ids::{LicenseId, SessionId};
use usher::ledger::command::{Command, Outcome};
use usher::ledger::outcome::{CheckedIn, CheckedOut, HeartbeatResult, SessionEndReason};

use super::must;
use crate::simulation::audit_replay::{Account, Fact};
use crate::simulation::call::{Answer, Call, CallRequest};

/// `offered`: the sessions that the call's attempts offered.
pub fn is_durable(
    account: &Account,
    call: &Call,
    offered: &BTreeSet<SessionId>,
    answer: &Answer,
) -> Result<(), String> {
    let (CallRequest::Command(command), Answer::Outcome(outcome)) = (&call.request, answer) else { return Ok(()) };
    let audit = Audit { account, call, offered };
    let there = match (command, outcome) {
        (Command::CheckOut(command), Outcome::CheckOut(Ok(answer))) => command.check_only || audit.has_login(answer),
        (Command::CheckIn(command), Outcome::CheckIn(end)) => audit.has_end(command.session, end),
        (Command::CloseSession(command), Outcome::CloseSession(Ok(end))) => audit.has_end(command.session, end),
        (Command::CloseIdle(_), Outcome::CloseIdle(Ok(closed))) => {
            closed.sessions.iter().all(|session| audit.ended(session.id, SessionEndReason::Closed))
        }
        (Command::Heartbeat(command), Outcome::Heartbeat(heartbeats)) => {
            command.heartbeats.iter().zip(heartbeats).all(|((session, _), beat)| audit.has_beat(*session, beat))
        }
        (Command::GrantSeats(command), Outcome::GrantSeats(answers)) => {
            let given = matches!(&answers[..], [Ok(granted)] if granted.decision.is_ok());
            !given || audit.was(Fact::Seat(command.pools[0].clone(), command.users[0].clone()), true)
        }
        (Command::RevokeSeats(command), Outcome::RevokeSeats(answers)) => {
            let taken = matches!(&answers[..], [Ok(_)]);
            !taken || audit.was(Fact::Seat(command.pools[0].clone(), command.users[0].clone()), false)
        }
        (Command::BlockUser(command), Outcome::BlockUser(Ok(_))) => {
            audit.was(Fact::Blocked(command.user.clone()), true)
        }
        (Command::UnblockUser(command), Outcome::UnblockUser(Ok((Ok(_), _)))) => {
            audit.was(Fact::Blocked(command.user.clone()), false)
        }
        (Command::DeleteUser(command), Outcome::DeleteUser(Ok(()))) => {
            audit.was(Fact::Known(command.user.clone()), false)
        }
        (Command::RenameUser(command), Outcome::RenameUser(Ok(_))) => audit.was(Fact::Known(command.new.clone()), true),
        (Command::InstallLicense(command), Outcome::InstallLicense(Ok(_))) => {
            audit.was(Fact::License(command.license.clone(), command.grant.revision), true)
        }
        (Command::DeleteLicense(command), Outcome::DeleteLicense(Ok(_))) => audit.was_without(&command.license),
        (Command::RevokeLicense(command), Outcome::RevokeLicense(Ok(change))) => {
            !change.changed || audit.was_without(&command.license)
        }
        _ => true,
    };
    must(there, || format!("I2 acknowledged, and not in the audit: {command:?} was answered {outcome:?}"))
}

struct Audit<'a> {
    account: &'a Account,
    call: &'a Call,
    offered: &'a BTreeSet<SessionId>,
}

impl Audit<'_> {
    /// Returns whether the fact was so at some time since the call began.
    fn was(&self, fact: Fact, so: bool) -> bool {
        self.account.facts.since(&fact, self.call.known).contains(&so)
    }

    /// Returns whether licenses changed since the call began, or the license is gone now.
    fn was_without(&self, license: &LicenseId) -> bool {
        self.account.licensed_at > self.call.known || !self.account.licenses.contains_key(license)
    }

    fn ended(&self, session: SessionId, reason: SessionEndReason) -> bool {
        self.account.ended.get(&session).is_some_and(|end| end.reason == reason)
    }

    fn has_login(&self, answer: &CheckedOut) -> bool {
        let (Ok(lease), CallRequest::Command(Command::CheckOut(command))) = (&answer.decision, &self.call.request)
        else {
            return true;
        };
        let Some(session) = lease.session else { return false };
        let started = self.account.started.get(&session);
        let asked = command.pools().any(|pool| *pool == lease.pool);
        let same = started.is_some_and(|(live, _)| (&live.user, &live.pool) == (&command.user, &lease.pool));
        let new = !lease.renewed && self.offered.contains(&session);
        asked && same && (new || self.account.renewed.contains_key(&session))
    }

    fn has_end(&self, session: SessionId, end: &CheckedIn) -> bool {
        match end.reason {
            Some(reason) => self.ended(session, reason),
            None => !end.ended_now,
        }
    }

    /// A heartbeat must not keep a session that had ended before the heartbeat was sent (R24).
    fn has_beat(&self, session: SessionId, beat: &HeartbeatResult) -> bool {
        match beat {
            HeartbeatResult::Kept(_) => self.was(Fact::Live(session), true),
            HeartbeatResult::Ended(Some((reason, _))) => self.ended(session, *reason),
            HeartbeatResult::Ended(None) => true,
        }
    }
}
