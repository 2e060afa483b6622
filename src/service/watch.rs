//! Stream of WatchSessions: starts and ends of a tenant's sessions, as messages with cursors.

use futures_util::{Stream, StreamExt, future, stream};
use tokio_util::sync::CancellationToken;
use tonic::Status;

use super::page::Shape;
use super::render;
use crate::auth::shares::Permit;
use crate::ids::EventNo;
use crate::journal::{SessionWatch, WatchEvent};
use crate::ledger::command::Cursor;
use crate::proto::v1::{self, watch_sessions_response::Event};
use crate::status;

/// A watch in progress. It buffers nothing: the journal's buffer of events is bounded, and a watcher that is too slow
/// receives `ListAgain`.
pub struct Watch {
    watch: SessionWatch,
    shape: Shape,
    shutdown: CancellationToken,
    over: bool,
    _permit: Permit,
}

impl Watch {
    pub fn new(watch: SessionWatch, shape: Shape, shutdown: CancellationToken, permit: Permit) -> Self {
        Self { watch, shape, shutdown, over: false, _permit: permit }
    }

    /// Returns the messages. The stream ends with `UNAVAILABLE` when the server drains or has no more events; the
    /// client then reconnects and resumes.
    pub fn stream(self) -> impl Stream<Item = Result<v1::WatchSessionsResponse, Status>> {
        let begun = message(&self.shape, self.watch.cursor(), Event::Watching(v1::WatchStarted {}));
        let rest =
            stream::unfold(self, |mut watch| async move { watch.next().await.map(|response| (response, watch)) });
        stream::once(future::ready(Ok(begun))).chain(rest)
    }

    async fn next(&mut self) -> Option<Result<v1::WatchSessionsResponse, Status>> {
        if self.over {
            return None;
        }
        let event = tokio::select! {
            biased;
            () = self.shutdown.cancelled() => WatchEvent::Closed,
            event = self.watch.next() => event,
        };
        let response = response(&self.shape, event);
        self.over = response.is_none();
        Some(response.ok_or_else(status::watch_ended))
    }
}

fn response(shape: &Shape, event: WatchEvent) -> Option<v1::WatchSessionsResponse> {
    let (cursor, event) = match event {
        WatchEvent::Started { cursor, session, .. } => {
            (cursor, Event::Started(v1::SessionStarted { session: Some(render::session(session)) }))
        }
        WatchEvent::Ended { cursor, session, known, reason, at } => {
            let v1::SessionEnded { reason, ended_at } = render::ended(Some((reason, at)));
            let mut session = render::session(session);
            if !known {
                // The audit says when the session ended, and nothing of the time before.
                (session.started_at, session.last_activity_at, session.idle) = (None, None, None);
            }
            let session = Some(session);
            (cursor, Event::Ended(v1::SessionEndedEvent { session, reason, ended_at }))
        }
        WatchEvent::ListAgain { cursor } => (cursor, Event::ListAgain(v1::ListAgain {})),
        WatchEvent::Closed => return None,
    };
    Some(message(shape, cursor, event))
}

fn message(shape: &Shape, cursor: EventNo, event: Event) -> v1::WatchSessionsResponse {
    let cursor = shape.token(&Cursor { when: cursor.0, ..Cursor::default() });
    v1::WatchSessionsResponse { event: Some(event), cursor }
}
