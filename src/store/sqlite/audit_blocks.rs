//! Blocks of the audit: written with the batch that completes them, and searched.

use rusqlite::{Connection, Row, named_params, params};

use super::audit;
use super::row_error::damaged;
use crate::ids::{EventNo, ShardId};
use crate::store::audit_block::{Block, OpenBlock};
use crate::store::audit_search::{Range, Search};
use crate::store::{AuditQuery, ReadError, StoreError, audit_filter};

const LAST: &str = "/* usher:last_audit_block */
    SELECT coalesce(max(last_event_no), 0) FROM audit_blocks WHERE shard_id = ?1";
const NEWEST: &str = "/* usher:read_newest_audit */
    SELECT tenant_no, event_no, at_ms, actor, action, reason, user_id, pool_id, session_id, organization_id, count,
        detail
    FROM audit WHERE shard_id = ?1 AND event_no > ?2 ORDER BY event_no";
const PUT: &str = "/* usher:put_audit_block */ INSERT INTO audit_blocks
    (shard_id, last_event_no, first_event_no, oldest_ms, newest_ms, closed_ms, filter)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
/// The filter is the last column: SQLite keeps it on overflow pages, which are read only for blocks whose times fit.
const SEARCH: &str = "/* usher:search_audit */ SELECT first_event_no, last_event_no, filter FROM audit_blocks
    WHERE shard_id = :shard AND last_event_no <= :last AND first_event_no < :before
      AND (:from IS NULL OR newest_ms >= :from) AND (:until IS NULL OR oldest_ms < :until)
    ORDER BY last_event_no DESC";

/// Last event that is in a block; zero: there is no block.
pub fn last(connection: &Connection, shard: ShardId) -> rusqlite::Result<EventNo> {
    connection.prepare_cached(LAST)?.query_row([shard.0], |row| number(row, 0))
}

/// Rebuilds the open block, to which the next events belong, from the stored events.
pub fn resume(connection: &Connection, shard: ShardId) -> Result<OpenBlock, ReadError> {
    let last = last(connection, shard)?;
    let mut open = OpenBlock::after(last);
    let mut statement = connection.prepare_cached(NEWEST)?;
    let mut rows = statement.query((shard.0, last.0.cast_signed()))?;
    while let Some(row) = rows.next()? {
        open.remember(&audit::event(row).map_err(|error| damaged("audit", row, &[1], &error))?);
    }
    Ok(open)
}

pub fn put(connection: &Connection, shard: ShardId, block: &Block) -> rusqlite::Result<()> {
    let (first, last) = (block.first.0.cast_signed(), block.last.0.cast_signed());
    let times = (block.oldest.0, block.newest.0, block.closed.0);
    let row = params![shard.0, last, first, times.0, times.1, times.2, block.filter];
    connection.prepare_cached(PUT)?.execute(row).map(|_| ())
}

/// Searches for blocks that may contain matches, in descending order from the block that ends with the event `last`.
pub fn search(connection: &Connection, query: &AuditQuery, last: EventNo) -> Result<Search, StoreError> {
    let mut search = Search::new(query);
    let keys = search.keys().to_vec();
    let mut statement = connection.prepare_cached(SEARCH)?;
    let mut rows = statement.query(named_params! {
        ":shard": query.shard.0,
        ":last": last.0.cast_signed(),
        ":before": query.before.map_or(i64::MAX, |no| i64::try_from(no.0).unwrap_or(i64::MAX)),
        ":from": query.from.map(|wall| wall.0),
        ":until": query.until.map(|wall| wall.0),
    })?;
    while let Some(row) = rows.next()? {
        let block = Range { first: number(row, 0)?, last: number(row, 1)? };
        let filter = row.get_ref(2)?.as_blob().map_err(|_| StoreError("audit_blocks.filter: unreadable".into()))?;
        if !search.pass(block, |at| audit_filter::slice(filter, keys[at])) {
            break;
        }
    }
    Ok(search)
}

pub fn number(row: &Row<'_>, column: usize) -> rusqlite::Result<EventNo> {
    row.get::<_, i64>(column).map(|no| EventNo(no.cast_unsigned()))
}
