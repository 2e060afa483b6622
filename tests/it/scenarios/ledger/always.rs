//! Properties that hold for every command of every scenario, so that no scenario has to state them.

use usher::ledger::change::{Actor, Change, Changes, Reason};
use usher::ledger::command::{CheckOut, Command, Outcome};
use usher::ledger::notification::DeliveryState;
use usher::ledger::outcome::{CheckedOut, Done, Notice, PoolUsage};
use usher::ledger::time::Moment;

use super::stored::Stored;
use crate::scenarios::answers::Answer;

pub type Pools = Vec<PoolUsage>;

/// Returns whether the command must be safe to repeat, as every mutating call is. Exceptions: a check-out, which renews
/// its session (R16), and a heartbeat, which has no state of its own.
pub fn may_be_repeated(command: &Command) -> bool {
    !matches!(command, Command::CheckOut(_) | Command::Heartbeat(_))
}

/// Returns whether the command can leave a pool's limit below its use (R14).
pub fn changes_licenses(command: &Command) -> bool {
    matches!(
        command,
        Command::InstallLicense(_) | Command::DeleteLicense(_) | Command::DeleteLicenses(_) | Command::RevokeLicense(_)
    )
}

/// Checks that a "no" changes nothing, except that overdue sessions end first (R18).
pub fn no_changes_nothing(answers: &[Answer], changes: &Changes) -> Result<(), String> {
    let overdue = |row: &Change| {
        // A denial raises a notification, which is recorded (R34).
        let notified = matches!(row, Change::PutNotification(_));
        notified || matches!(row, Change::PutSession(session) if session.ended.is_some())
    };
    if answers.iter().any(|answer| answer.success) || changes.rows.iter().all(overdue) {
        return Ok(());
    }
    Err(format!("  nothing was done, but something changed: {:?}", changes.rows))
}

/// R35: checks that every change of state leaves an event, numbered without a gap, with its time and its actor. An
/// event that is written again only has a higher count (R21).
pub fn audited(changes: &Changes, stored: &Stored, actor: &Actor, now: Moment) -> Result<(), String> {
    let mut last = stored.events.keys().last().copied().unwrap_or_default();
    let sleeping = |row: &Change| match row {
        Change::PutSession(session) => session.ended.is_none(),
        // The start of a delivery is audited together with its end.
        Change::PutNotification(row) => row.deliveries.iter().any(|one| one.state == DeliveryState::UnderWay),
        _ => false,
    };
    let mut new = 0;
    for event in &changes.events {
        if let Some(known) = stored.events.get(&event.no) {
            let same = usher::ledger::change::AuditEvent { count: known.count, ..event.clone() };
            if same != *known || event.count <= known.count || !matches!(event.reason, Some(Reason::Denied(_))) {
                return Err(format!("  R21: {known:?} was written again as {event:?}"));
            }
            continue;
        }
        new += 1;
        last.0 += 1;
        if event.no != last || event.at != now.wall || event.actor != *actor {
            return Err(format!("  R35: not the next event, not now, or not by {actor:?}: {event:?}"));
        }
    }
    // The checkpoint of last activity needs no event.
    if new == 0 && !changes.rows.iter().all(sleeping) {
        return Err(format!("  R35: these changes left no event: {:?}", changes.rows));
    }
    Ok(())
}

/// R13 (I1): checks that no command raises a pool's use above its limit. Only an administrator passes when the license
/// has expired (R29).
pub fn within_limits(before: &Pools, after: &Pools, outcome: &Outcome) -> Result<(), String> {
    if matches!(outcome, Outcome::CheckOut(Ok(answer)) if answer.notices.contains(&Notice::LicenseExpired)) {
        return Ok(());
    }
    for usage in after {
        let was = before.iter().find(|before| before.pool == usage.pool).map_or(0, |before| before.in_use);
        if usage.over > 0 && usage.in_use > was {
            return Err(format!("  R13: from {was} above the limit: {usage:?}"));
        }
    }
    Ok(())
}

/// R16, R20: checks that a question changes nothing, and that a session that is not renewed is the fresh one.
pub fn a_check_out_takes_the_fresh_session_or_none(
    command: &CheckOut,
    answer: &Done<CheckedOut>,
    changes: &Changes,
) -> Result<(), String> {
    if command.check_only && !changes.is_empty() {
        return Err(format!("  R20: a question changed something: {changes:?}"));
    }
    match answer {
        Ok(CheckedOut { decision: Ok(lease), .. }) if !command.check_only => {
            let fresh = lease.session == Some(command.fresh);
            if fresh == lease.renewed {
                Err(format!("  R16: {lease:?} is not the session it should be"))
            } else {
                Ok(())
            }
        }
        _ => Ok(()),
    }
}
