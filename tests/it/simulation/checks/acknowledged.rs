//! I2: what was acknowledged is in the audit, and so (I4) in the rows, when the client hears of it. That it stays there
//! is held by [`super::ownership`] for the audit, and by the last recount of a run.

use usher::ids::{LicenseId, SessionId};
use usher::ledger::command::{Command, Outcome};
use usher::ledger::outcome::{Beat, CheckedIn, CheckedOut, SessionEndReason};

use super::must;
use crate::simulation::books::{Account, Fact};
use crate::simulation::call::{Answer, Asked, Call};

pub fn is_durable(account: &Account, call: &Call, answer: &Answer) -> Result<(), String> {
    let (Asked::Command(command), Answer::Outcome(outcome)) = (&call.asked, answer) else { return Ok(()) };
    let audit = Audit { account, call };
    let there = match (command, outcome) {
        (Command::CheckOut(ask), Outcome::CheckOut(Ok(answer))) => ask.check_only || audit.has_login(answer),
        (Command::CheckIn(ask), Outcome::CheckIn(end)) => audit.has_end(ask.session, end),
        (Command::CloseSession(ask), Outcome::CloseSession(Ok(end))) => audit.has_end(ask.session, end),
        (Command::CloseIdle(_), Outcome::CloseIdle(Ok(closed))) => {
            closed.sessions.iter().all(|session| audit.ended(session.id, SessionEndReason::Closed))
        }
        (Command::Heartbeat(ask), Outcome::Heartbeat(beats)) => {
            ask.beats.iter().zip(beats).all(|((session, _), beat)| audit.has_beat(*session, beat))
        }
        (Command::GrantSeats(ask), Outcome::GrantSeats(answers)) => {
            let given = matches!(&answers[..], [Ok(granted)] if granted.decision.is_ok());
            !given || audit.was(Fact::Seat(ask.pools[0].clone(), ask.users[0].clone()), true)
        }
        (Command::RevokeSeats(ask), Outcome::RevokeSeats(answers)) => {
            let taken = matches!(&answers[..], [Ok(_)]);
            !taken || audit.was(Fact::Seat(ask.pools[0].clone(), ask.users[0].clone()), false)
        }
        (Command::BlockUser(ask), Outcome::BlockUser(Ok(_))) => audit.was(Fact::Blocked(ask.user.clone()), true),
        (Command::UnblockUser(ask), Outcome::UnblockUser(Ok((Ok(_), _)))) => {
            audit.was(Fact::Blocked(ask.user.clone()), false)
        }
        (Command::DeleteUser(ask), Outcome::DeleteUser(Ok(()))) => audit.was(Fact::Known(ask.user.clone()), false),
        (Command::RenameUser(ask), Outcome::RenameUser(Ok(_))) => audit.was(Fact::Known(ask.new.clone()), true),
        (Command::InstallLicense(ask), Outcome::InstallLicense(Ok(_))) => {
            audit.was(Fact::License(ask.license.clone(), ask.grant.revision), true)
        }
        (Command::DeleteLicense(ask), Outcome::DeleteLicense(Ok(_))) => audit.was_without(&ask.license),
        (Command::RevokeLicense(ask), Outcome::RevokeLicense(Ok(change))) => {
            !change.changed || audit.was_without(&ask.license)
        }
        _ => true,
    };
    must(there, || format!("I2 acknowledged, and not in the audit: {command:?} was answered {outcome:?}"))
}

struct Audit<'a> {
    account: &'a Account,
    call: &'a Call,
}

impl Audit<'_> {
    /// At some time since the call began.
    fn was(&self, fact: Fact, so: bool) -> bool {
        self.account.facts.since(&fact, self.call.known).contains(&so)
    }

    /// Any change of licenses since then will do; else it must be gone now.
    fn was_without(&self, license: &LicenseId) -> bool {
        self.account.licensed_at > self.call.known || !self.account.licenses.contains_key(license)
    }

    fn ended(&self, session: SessionId, reason: SessionEndReason) -> bool {
        self.account.ended.get(&session).is_some_and(|end| end.reason == reason)
    }

    fn has_login(&self, answer: &CheckedOut) -> bool {
        let (Ok(lease), Asked::Command(Command::CheckOut(ask))) = (&answer.decision, &self.call.asked) else {
            return true;
        };
        let Some(session) = lease.session else { return false };
        let started = self.account.started.get(&session);
        let same = started.is_some_and(|(live, _)| (&live.user, &live.pool) == (&ask.user, &ask.pool));
        let new = !lease.renewed && session == ask.fresh;
        same && (new || self.account.renewed.contains_key(&session))
    }

    fn has_end(&self, session: SessionId, end: &CheckedIn) -> bool {
        match end.reason {
            Some(reason) => self.ended(session, reason),
            None => !end.ended_now,
        }
    }

    /// Nobody keeps a session that had ended before it was asked (R24).
    fn has_beat(&self, session: SessionId, beat: &Beat) -> bool {
        match beat {
            Beat::Kept(_) => self.was(Fact::Live(session), true),
            Beat::Ended(Some((reason, _))) => self.ended(session, *reason),
            Beat::Ended(None) => true,
        }
    }
}
