//! `usher sessions watch`

use std::time::Duration;

use clap::Args;
use tonic::{Code, Request};

use crate::commands::connection::{TenantArgs, Usher, call_tenant};
use crate::commands::error::Error;
use crate::commands::output::table::plain;
use crate::commands::output::{Printer, json, words};
use crate::failure::Failure;
use crate::proto::v1::watch_sessions_response::Event;
use crate::proto::v1::{Session, SessionEndedEvent, WatchSessionsRequest, WatchSessionsResponse};

#[derive(Debug, Args)]
pub struct WatchArgs {
    #[command(flatten)]
    pub scope: TenantArgs,
}

/// Prints the start and the end of every session. After a lost connection it resumes after the last message, until it
/// is interrupted.
///
/// # Errors
/// [`Failure`]: there is no first answer, or the service refused.
pub async fn run(args: &WatchArgs) -> Result<(), Failure> {
    call_tenant(&args.scope, watch).await
}

/// Wait before a new attempt: the first one, and the longest.
const INITIAL_BACKOFF: Duration = Duration::from_millis(100);
const MAX_BACKOFF: Duration = Duration::from_secs(5);

async fn watch(usher: &Usher, printer: &mut Printer) -> Result<(), Error> {
    let mut watch = WatchCursor { cursor: String::new(), wait: INITIAL_BACKOFF, reported: false };
    loop {
        match watch.follow(usher, printer).await {
            Ok(()) => {}
            Err(Error::Undecided(why)) if !watch.cursor.is_empty() => {
                if !watch.reported {
                    eprintln!("{why}; going on as soon as it answers");
                }
                watch.reported = true;
            }
            Err(error) => return Err(error),
        }
        tokio::time::sleep(watch.wait).await;
        watch.wait = (watch.wait * 2).min(MAX_BACKOFF);
    }
}

/// State of the watch, which outlives a connection.
struct WatchCursor {
    /// Cursor of the last message.
    cursor: String,
    /// Wait before the next attempt.
    wait: Duration,
    /// The loss of the connection was reported.
    reported: bool,
}

impl WatchCursor {
    /// Follows one stream from the cursor on; each message moves the cursor. The stream ends normally when the server
    /// stops, or when the connection reaches its maximum age.
    async fn follow(&mut self, usher: &Usher, printer: &mut Printer) -> Result<(), Error> {
        let request = WatchSessionsRequest { tenant_id: usher.tenant.clone(), cursor: self.cursor.clone() };
        // Without a deadline, because the stream has no end.
        let mut stream = usher.answer(usher.sessions().watch_sessions(Request::new(request))).await?;
        loop {
            let message: WatchSessionsResponse = match stream.message().await {
                Ok(Some(message)) => message,
                Ok(None) => return Ok(()),
                Err(status) if status.code() == Code::Unavailable => return Ok(()),
                Err(status) => return Err(status.into()),
            };
            (self.wait, self.reported) = (INITIAL_BACKOFF, false);
            self.cursor.clone_from(&message.cursor);
            if printer.json {
                printer.text(&format!("{}\n", json::of(&message)))?;
            } else if let Some(line) = message.event.as_ref().and_then(line) {
                printer.text(&(plain(&line) + "\n"))?;
            }
        }
    }
}

/// The line for an event; `None`: it is of no interest to people.
fn line(event: &Event) -> Option<String> {
    match event {
        Event::Started(started) => {
            let session = started.session.as_ref()?;
            Some(format!("{}  started  {}", words::time_or(session.started_at, ""), who(session)))
        }
        Event::Ended(ended) => {
            let SessionEndedEvent { session, ended_at, .. } = ended;
            let why = words::end(ended.reason());
            Some(format!("{}  ended    {}: {why}", words::time_or(*ended_at, ""), who(session.as_ref()?)))
        }
        Event::ListAgain(_) => Some("some events were missed: list the sessions again".into()),
        Event::Watching(_) => None,
    }
}

fn who(session: &Session) -> String {
    let Session { session_id, user_id, pool_id, organization_id, device_id, .. } = session;
    let at = if organization_id.is_empty() { String::new() } else { format!(" at {organization_id}") };
    format!("{session_id}  {user_id} in {pool_id} on {device_id}{at}")
}

#[cfg(test)]
mod tests {
    use prost_types::Timestamp;

    use super::*;
    use crate::proto::v1::{ListAgain, SessionEndReason, SessionStarted, WatchStarted};

    #[test]
    fn a_line_says_what_happened_to_whom() {
        let at = Some(Timestamp { seconds: 1_800_000_000, nanos: 1 });
        let session = Session {
            session_id: "S".into(),
            user_id: "ann".into(),
            pool_id: "crm".into(),
            device_id: "laptop".into(),
            started_at: at,
            ..Session::default()
        };
        let north = Session { organization_id: "north".into(), ..session.clone() };
        let started = Event::Started(SessionStarted { session: Some(north) });
        let expected = "2027-01-15T08:00:00Z  started  S  ann in crm on laptop at north";
        assert_eq!(line(&started).as_deref(), Some(expected));
        let reason = SessionEndReason::LeaseExpired.into();
        let ended = Event::Ended(SessionEndedEvent { session: Some(session), reason, ended_at: at });
        let expected = "2027-01-15T08:00:00Z  ended    S  ann in crm on laptop: no heartbeat";
        assert_eq!(line(&ended).as_deref(), Some(expected));
        assert!(line(&Event::ListAgain(ListAgain {})).is_some_and(|line| line.contains("missed")));
        assert_eq!(line(&Event::Watching(WatchStarted {})), None);
    }
}
