//! Blocks of the audit: rebuilds the open block, and searches for blocks that may contain matches.

use deadpool_postgres::ClientWrapper;
use tokio_postgres::{Error, Row};

use super::connection::Connection;
use super::error::{Failure, damaged};
use crate::ids::{EventNo, ShardId};
use crate::store::audit_block::OpenBlock;
use crate::store::audit_filter::Key;
use crate::store::audit_search::{Range, Search};
use crate::store::table::Table;
use crate::store::{AuditQuery, StoreError};

/// Blocks in one query: most searches end among the first ones.
const CHUNK_BLOCKS: i64 = 256;
const LAST: &str = "/* usher:last_audit_block */
    SELECT coalesce(max(last_event_no), 0) FROM audit_blocks WHERE shard_id = $1";
/// Of each filter only the slices that the keys need, at the offsets of [`crate::store::audit_filter::slice`].
const SEARCH: &str = "/* usher:search_audit */
    SELECT first_event_no, last_event_no, ARRAY(
        SELECT substring(filter FROM (1 + 32 * (fraction * (octet_length(filter) / 32) >> 32))::integer FOR 32)
        FROM unnest($3::bigint[]) WITH ORDINALITY AS keys(fraction, number) ORDER BY number)
    FROM audit_blocks
    WHERE shard_id = $1 AND last_event_no <= $2 AND first_event_no < $4
      AND ($5::bigint IS NULL OR newest_ms >= $5) AND ($6::bigint IS NULL OR oldest_ms < $6)
    ORDER BY last_event_no DESC LIMIT $7";

/// Rebuilds the open block, to which the next events belong, from the stored events. No other process writes meanwhile:
/// the caller owns the shard, or the fence refuses the batch that is based on this answer.
pub async fn resume(connection: &Connection, shard: ShardId) -> Result<OpenBlock, Failure> {
    let (sql, client, number) = (&connection.statements, &connection.client, shard.0.cast_signed());
    let last: i64 = client.query_one(&sql.last_block, &[&number]).await?.try_get(0)?;
    let mut open = OpenBlock::after(EventNo(last.cast_unsigned()));
    for row in client.query(&sql.newest_events, &[&number, &last]).await? {
        open.remember(&Table::read(&row).map_err(|error| damaged("audit", &row, &[0], error.into()))?);
    }
    Ok(open)
}

/// Last event that is in a block; zero: there is no block.
pub async fn last(client: &ClientWrapper, shard: ShardId) -> Result<EventNo, StoreError> {
    let statement = client.prepare_cached(LAST).await?;
    Ok(number(&client.query_one(&statement, &[&shard.0.cast_signed()]).await?, 0)?)
}

/// Searches for blocks that may contain matches, in descending order from the block that ends with the event `last`.
pub async fn search(client: &ClientWrapper, query: &AuditQuery, last: EventNo) -> Result<Search, StoreError> {
    let mut search = Search::new(query);
    let fractions: Vec<i64> = search.keys().iter().map(|key| Key::fraction(*key).into()).collect();
    let (from, until) = (query.from.map(|wall| wall.0), query.until.map(|wall| wall.0));
    let before = query.before.map_or(i64::MAX, |no| i64::try_from(no.0).unwrap_or(i64::MAX));
    let (shard, mut last) = (query.shard.0.cast_signed(), last.0.cast_signed());
    let statement = client.prepare_cached(SEARCH).await?;
    loop {
        let rows =
            client.query(&statement, &[&shard, &last, &fractions, &before, &from, &until, &CHUNK_BLOCKS]).await?;
        for row in &rows {
            let block = Range { first: number(row, 0)?, last: number(row, 1)? };
            let slices: Vec<&[u8]> = row.try_get(2)?;
            if !search.pass(block, |at| slices[at]) {
                return Ok(search);
            }
            last = block.first.0.cast_signed() - 1;
        }
        if rows.len() < CHUNK_BLOCKS as usize {
            return Ok(search);
        }
    }
}

fn number(row: &Row, column: usize) -> Result<EventNo, Error> {
    row.try_get::<_, i64>(column).map(|no| EventNo(no.cast_unsigned()))
}
