//! Blocks of the audit: rebuilds the open block, and searches for blocks that may contain matches.

use std::sync::LazyLock;

use rusqlite::{Connection, Row, named_params};

use super::row_error::damaged;
use crate::ids::{EventNo, ShardId};
use crate::ledger::change::AuditEvent;
use crate::store::audit_block::OpenBlock;
use crate::store::audit_search::{Range, Search};
use crate::store::table::{Table, select};
use crate::store::{AuditQuery, ReadError, StoreError, audit_filter};

const LAST: &str = "/* usher:last_audit_block */
    SELECT coalesce(max(last_event_no), 0) FROM audit_blocks WHERE shard_id = ?1";
static NEWEST: LazyLock<String> = LazyLock::new(|| {
    let select = select::<AuditEvent>();
    format!("/* usher:read_newest_audit */ {select} WHERE shard_id = ?1 AND event_no > ?2 ORDER BY event_no")
});
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
    let mut statement = connection.prepare_cached(&NEWEST)?;
    let mut rows = statement.query((shard.0, last.0.cast_signed()))?;
    while let Some(row) = rows.next()? {
        open.remember(&Table::read(row).map_err(|error| damaged("audit", row, &[0], &error))?);
    }
    Ok(open)
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
