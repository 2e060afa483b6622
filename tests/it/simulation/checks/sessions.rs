//! I8: after an owner has reported the end or the start of a session, no process contradicts it in a call that began
//! later. Reported changes are durable, so each answer is compared with the state that was durable when its call began.

use usher::ids::SessionId;
use usher::ledger::command::{Command, Outcome, QueryResult};
use usher::ledger::outcome::{HeartbeatResult, SessionView, Status};

use super::must;
use crate::simulation::audit_replay::{Account, Fact};
use crate::simulation::call::{Answer, Call, CallRequest};

pub fn nothing_stale(account: &Account, call: &Call, answer: &Answer) -> Result<(), String> {
    let always = |session: SessionId, live: bool| {
        account.facts.since(&Fact::Live(session), call.known).iter().all(|was| *was == live)
    };
    match (&call.request, answer) {
        (CallRequest::Command(Command::Heartbeat(command)), Answer::Outcome(Outcome::Heartbeat(heartbeats)))
            if !call.stray =>
        {
            for ((session, _), beat) in command.heartbeats.iter().zip(heartbeats) {
                let stale = match beat {
                    HeartbeatResult::Kept(_) => always(*session, false),
                    HeartbeatResult::Ended(_) => always(*session, true),
                };
                must(!stale, || format!("I8 not so since the call began: {session} was answered {beat:?}"))?;
            }
            Ok(())
        }
        (_, Answer::QueryResult(QueryResult::ListSessions(Ok(page)))) => page.rows.iter().try_for_each(|view| {
            let live = view.status != Status::Inactive;
            must(!always(view.id, !live), || {
                format!("I8 not so since the call began: {:?} of {}", view.status, shown(view))
            })
        }),
        _ => Ok(()),
    }
}

fn shown(view: &SessionView) -> String {
    format!("session {} of {}", view.id, view.user)
}
