//! The columns of audit blocks. The filter is the last one: SQLite keeps it on overflow pages, which are read only when
//! it is needed.

use super::table;
use crate::ids::EventNo;
use crate::ledger::time::WallTime;
use crate::store::audit_block::Block;

table! {
    "audit_blocks", key 1,
    row: Block {
        last_event_no: u64 = row.last.0,
        first_event_no: u64 = row.first.0,
        oldest_ms: i64 = row.oldest.0,
        newest_ms: i64 = row.newest.0,
        closed_ms: i64 = row.closed.0,
        filter: &[u8] = &row.filter,
    },
    Block {
        first: EventNo(first_event_no),
        last: EventNo(last_event_no),
        oldest: WallTime(oldest_ms),
        newest: WallTime(newest_ms),
        closed: WallTime(closed_ms),
        filter: filter.into(),
    }
}
