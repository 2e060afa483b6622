//! The contents of the store, read by the tests' own SQL, and the service's view of them.

use std::collections::BTreeSet;
use std::path::Path;

use rusqlite::OpenFlags;
use rusqlite::types::ValueRef;
use tokio_postgres::SimpleQueryMessage;
use usher::proto::v1::{DenialReason, SessionEndReason};

use super::{Name, Who};
use crate::support::postgres;
use crate::support::program::Data;

/// A query for both stores. `{id}` stands for a column with a session's id, as text without hyphens.
const SESSIONS: &str = "SELECT t.tenant_id, p.pool_id, u.user_id, s.device_id, {s.session_id}, s.ended_reason
    FROM sessions s JOIN tenants t ON t.shard_id = s.shard_id AND t.tenant_no = s.tenant_no
    JOIN users u ON u.shard_id = s.shard_id AND u.tenant_no = s.tenant_no AND u.user_no = s.user_no
    JOIN pools p ON p.shard_id = s.shard_id AND p.tenant_no = s.tenant_no AND p.pool_no = s.pool_no";
const SEATS: &str = "SELECT t.tenant_id, p.pool_id, u.user_id
    FROM seats s JOIN tenants t ON t.shard_id = s.shard_id AND t.tenant_no = s.tenant_no
    JOIN users u ON u.shard_id = s.shard_id AND u.tenant_no = s.tenant_no AND u.user_no = s.user_no
    JOIN pools p ON p.shard_id = s.shard_id AND p.tenant_no = s.tenant_no AND p.pool_no = s.pool_no
    WHERE u.blocked IS NULL";
const AUDIT: &str = "SELECT t.tenant_id, a.pool_id, a.user_id, a.action, a.reason, {a.session_id}, a.count, a.at_ms
    FROM audit a JOIN tenants t ON t.shard_id = a.shard_id AND t.tenant_no = a.tenant_no
    ORDER BY a.shard_id, a.tenant_no, a.event_no";

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRow {
    pub who: Who,
    pub device: Name,
    pub session: Name,
    /// The reason of its end; `None`: the session is live.
    pub ended: Option<Name>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Started,
    Renewed,
    Ended,
    CheckOutDenied,
    Granted,
    Revoked,
    Other,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    pub who: Who,
    pub action: Action,
    /// Reason of an end or of a denial.
    pub reason: Option<Name>,
    pub denied: bool,
    pub session: Option<Name>,
    pub count: u64,
    /// WallTime time in milliseconds since 1970.
    pub at: i64,
}

/// Usage and sessions as the service shows them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ServiceView {
    /// Tenant, pool, and seats in use.
    pub in_use: Vec<(Name, Name, u64)>,
    /// Live sessions of all tenants of the load.
    pub live: BTreeSet<Name>,
}

#[derive(Debug, Clone, Default)]
pub struct StoreContents {
    pub sessions: Vec<SessionRow>,
    /// Active seats.
    pub seats: BTreeSet<Who>,
    /// Events; for each tenant in the order in which they happened.
    pub audit: Vec<Event>,
    /// The service's view, read while there was no load; `None`: it was not read.
    pub served: Option<ServiceView>,
}

impl StoreContents {
    /// Reads the store at one moment. The store may be in use by the service: this reads like a backup.
    pub async fn read(data: &Data<'_>) -> Self {
        match data {
            Data::Folder(folder) => Self::sqlite(folder),
            Data::Postgres(url) => Self::postgres(url).await,
        }
    }

    fn sqlite(folder: &Path) -> Self {
        // Read-only, so that the write-ahead log of a crash stays as it is for the next start.
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
        let connection = rusqlite::Connection::open_with_flags(folder.join("usher.db"), flags).expect("the database");
        connection.execute_batch("BEGIN").expect("a moment");
        let [sessions, seats, audit] = [SESSIONS, SEATS, AUDIT].map(|sql| {
            let sql = sql.replace('{', "lower(hex(").replace('}', "))");
            let mut statement = connection.prepare(&sql).expect("a statement of this schema");
            let columns = statement.column_count();
            let read = |row: &rusqlite::Row| (0..columns).map(|at| Ok(plain(row.get_ref(at)?))).collect();
            statement.query_map([], read).expect("rows").collect::<rusqlite::Result<Vec<Vec<_>>>>().expect("rows")
        });
        Self::of(&sessions, &seats, &audit)
    }

    async fn postgres(url: &str) -> Self {
        let client = postgres::connect(url).await;
        client.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await.expect("a moment");
        let mut tables = Vec::new();
        for sql in [SESSIONS, SEATS, AUDIT] {
            let sql = sql.replace('{', "replace(").replace('}', "::text, '-', '')");
            let messages = client.simple_query(&sql).await.expect("a statement of this schema");
            let rows = messages.iter().filter_map(|message| match message {
                SimpleQueryMessage::Row(row) => {
                    Some((0..row.len()).map(|at| row.get(at).map(str::to_owned)).collect::<Vec<_>>())
                }
                _ => None,
            });
            tables.push(rows.collect::<Vec<_>>());
        }
        Self::of(&tables[0], &tables[1], &tables[2])
    }

    fn of(sessions: &[Vec<Option<String>>], seats: &[Vec<Option<String>>], audit: &[Vec<Option<String>>]) -> Self {
        let sessions = sessions.iter().map(|row| SessionRow {
            who: who(row),
            device: name(&row[3]),
            session: name(&row[4]),
            ended: row[5].as_deref().map(|code| end_reason(code.parse().expect("a number"))),
        });
        Self {
            sessions: sessions.collect(),
            seats: seats.iter().map(|row| who(row)).collect(),
            audit: audit.iter().map(|row| event(row)).collect(),
            served: None,
        }
    }
}

fn plain(value: ValueRef) -> Option<String> {
    match value {
        ValueRef::Null => None,
        ValueRef::Integer(number) => Some(number.to_string()),
        ValueRef::Text(text) => Some(String::from_utf8_lossy(text).into_owned()),
        other => panic!("{other:?} is in no column"),
    }
}

fn name(column: &Option<String>) -> Name {
    column.as_deref().unwrap_or_default().into()
}

fn who(row: &[Option<String>]) -> Who {
    Who { tenant: name(&row[0]), pool: name(&row[1]), user: name(&row[2]) }
}

fn event(row: &[Option<String>]) -> Event {
    let number = |at: usize| row[at].as_deref().map(|text| text.parse::<i64>().expect("a number"));
    let reason = number(4);
    // Codes above 100 are reasons of an end, those below are reasons of a denial.
    let denied = reason.is_some_and(|code| code < 100);
    let action = match number(3) {
        Some(1) => Action::Started,
        Some(2) => Action::Renewed,
        Some(3) => Action::Ended,
        Some(4) => Action::CheckOutDenied,
        Some(10) => Action::Granted,
        Some(11) => Action::Revoked,
        _ => Action::Other,
    };
    Event {
        who: who(row),
        action,
        reason: reason.map(|code| if denied { denial(code) } else { end_reason(code - 100) }),
        denied,
        session: row[5].as_deref().filter(|id| !id.is_empty()).map(Name::from),
        count: number(6).and_then(|count| count.try_into().ok()).expect("a count"),
        at: number(7).expect("a time"),
    }
}

/// Returns the contract's name of a reason, without its prefix.
pub fn end_reason(code: i64) -> Name {
    let reason = i32::try_from(code).ok().and_then(|code| SessionEndReason::try_from(code).ok());
    reason.expect("a reason").as_str_name().trim_start_matches("SESSION_END_REASON_").into()
}

pub fn denial(code: i64) -> Name {
    let reason = i32::try_from(code).ok().and_then(|code| DenialReason::try_from(code).ok());
    reason.expect("a reason").as_str_name().trim_start_matches("DENIAL_REASON_").into()
}
