//! I6: no answer reveals anything about another tenant. Users, pools and devices have the same names in every tenant
//! here, so that their names would not show it; the client text of every session names its tenant.

use usher::ids::{SessionId, TenantId};
use usher::ledger::command::{Outcome, QueryResult};
use usher::ledger::outcome::{CheckedIn, CheckedOut, HeartbeatResult, SessionView};

use super::{must, same};
use crate::simulation::call::{Answer, Call};
use crate::simulation::clients::{Clients, client};

pub fn keep_apart(call: &Call, answer: &Answer, clients: &Clients) -> Result<(), String> {
    let tenant = &call.tenant;
    match answer {
        Answer::Outcome(Outcome::CheckOut(Ok(CheckedOut { decision: Ok(lease), .. }))) => {
            same("I6 whose lease", &lease.tenant, tenant)?;
            lease.session.map_or(Ok(()), |session| issued(clients, tenant, session))
        }
        Answer::Outcome(Outcome::CheckOut(Ok(CheckedOut { decision: Err(denial), .. }))) => {
            views(clients, tenant, &denial.own_sessions)
        }
        Answer::Outcome(Outcome::Heartbeat(heartbeats)) => {
            for beat in heartbeats {
                must(!call.stray || *beat == HeartbeatResult::Ended(None), || {
                    format!("I6 a heartbeat for another tenant's session was answered {beat:?}")
                })?;
                if let HeartbeatResult::Kept(lease) = beat {
                    same("I6 whose lease", &lease.tenant, tenant)?;
                    lease.session.map_or(Ok(()), |session| issued(clients, tenant, session))?;
                }
            }
            Ok(())
        }
        Answer::Outcome(Outcome::CheckIn(ended)) if call.stray => {
            same("I6 another tenant's session", ended, &CheckedIn { ended_now: false, reason: None })
        }
        Answer::Outcome(Outcome::CloseIdle(Ok(closed))) => views(clients, tenant, &closed.sessions),
        Answer::QueryResult(QueryResult::ListSessions(Ok(page))) => views(clients, tenant, &page.rows),
        _ => Ok(()),
    }
}

fn views(clients: &Clients, tenant: &TenantId, sessions: &[SessionView]) -> Result<(), String> {
    for session in sessions {
        same("I6 whose session", &session.client, &client(tenant))?;
        issued(clients, tenant, session.id)?;
    }
    Ok(())
}

fn issued(clients: &Clients, tenant: &TenantId, session: SessionId) -> Result<(), String> {
    same("I6 whose session", clients.issued.get(&session).map(|login| &login.tenant), Some(tenant))
}
