//! Which audit events are a tenant's. The audit lies in the order of its events, so that a batch writes one place of
//! the file, however many tenants are in it; with a tenant first in the key it would write a page for each of them.
//! So a tenant's events are found by an index, which is written a chunk of events at a time, sorted: in the
//! transaction whose events complete the chunk.

use rusqlite::{Connection, OptionalExtension};

use crate::ids::{EventNo, ShardId};

/// Events that are indexed at once: a few milliseconds of work, and the most that a reader looks through without an
/// index. Part of the file's format: readers tell by it which events are indexed.
const CHUNK: u64 = 4_096;

const LAST_EVENT: &str = "/* usher:last_event */ SELECT last_event_no FROM shards WHERE shard_id = ?1";
const INDEX: &str = "/* usher:index_audit */ INSERT OR IGNORE INTO audit_of_tenants (shard_id, tenant_no, event_no)
    SELECT shard_id, tenant_no, event_no FROM audit WHERE shard_id = ?1 AND event_no > ?2 AND event_no <= ?3
    ORDER BY tenant_no, event_no";

/// The last event that is indexed, as of the last committed batch.
pub fn indexed(connection: &Connection, shard: ShardId) -> rusqlite::Result<EventNo> {
    let last = connection.prepare_cached(LAST_EVENT)?.query_row([shard.0], |row| row.get::<_, i64>(0)).optional()?;
    Ok(complete(EventNo(last.unwrap_or(0).cast_unsigned())))
}

/// The end of the last complete chunk.
fn complete(last: EventNo) -> EventNo {
    EventNo(last.0 - last.0 % CHUNK)
}

/// Indexes the chunks that a batch completes. `indexed`: before the batch; `last`: its last event.
pub fn extend(connection: &Connection, shard: ShardId, indexed: EventNo, last: EventNo) -> rusqlite::Result<()> {
    let until = complete(last);
    if until > indexed {
        let bounds = (shard.0, indexed.0.cast_signed(), until.0.cast_signed());
        connection.prepare_cached(INDEX)?.execute(bounds)?;
    }
    Ok(())
}

/// Indexes one event: of a chunk that is complete already, as with a count that is written again (R21).
pub fn add(connection: &Connection, shard: ShardId, event: EventNo) -> rusqlite::Result<()> {
    let no = event.0.cast_signed();
    connection.prepare_cached(INDEX)?.execute((shard.0, no - 1, no))?;
    Ok(())
}
