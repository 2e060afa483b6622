//! Grants or revokes many pairs of a pool and a user, in calls of bounded size, and prints a result for each pair.

use std::ops::Range;

use prost::Name;
use serde_json::Value;

use crate::commands::error::Error;
use crate::commands::output::progress::Progress;
use crate::commands::output::rows::Rows;
use crate::commands::output::table::{Column, left};
use crate::commands::output::{Printer, json, words};
use crate::proto::v1::PoolUsage;

const COLUMNS: [Column; 3] = [left("pool"), left("user"), left("result")];

/// Largest number of pairs in a call.
const MAX_PAIRS: usize = 1_000;

/// Largest number of bytes of user ids in a call: half of the smallest possible limit of requests; the rest is for
/// pools and organizations.
const MAX_ID_BYTES: usize = 32 * 1024;

/// The operation, and the conversion of its results.
pub struct SeatOperation<R: 'static> {
    pub done: &'static str,
    pub to_result: fn(&R) -> PairResult,
}

/// Result of one pair: success or refusal in words; `did` is false if there was nothing to do.
pub struct PairResult<'a> {
    pub pool: &'a str,
    pub user: &'a str,
    pub did: bool,
    pub result: Result<String, String>,
}

/// The answer to a call.
pub struct Batch<R> {
    pub results: Vec<R>,
    pub usage: Vec<PoolUsage>,
}

impl<R: Name + Default> SeatOperation<R> {
    /// Processes all users; `call` does it for some of them.
    pub async fn run(
        &self,
        printer: &mut Printer,
        pools: &[String],
        users: &[String],
        call: impl AsyncFn(Vec<String>) -> Result<Batch<R>, Error>,
    ) -> Result<(), Error> {
        let rows = Rows::new(printer, "results", &COLUMNS).expecting(0, pools).expecting(1, users);
        let mut writing = Writing { operation: self, rows, yes: 0, no: 0, usage: Vec::new() };
        let progress = Progress::new("users", users.len());
        for range in chunks(users, pools.len()) {
            progress.at(range.start);
            match call(users[range].to_vec()).await {
                Ok(batch) => {
                    writing.results(&batch.results)?;
                    writing.usage = batch.usage;
                }
                Err(error) => {
                    drop(progress);
                    return writing.end().and(Err(error));
                }
            }
        }
        drop(progress);
        let (no, all) = (writing.no, writing.rows.count());
        writing.end()?;
        if no > 0 { Err(Error::Denied(format!("{no} of {all} not {}", self.done))) } else { Ok(()) }
    }
}

struct Writing<'a, R: 'static> {
    operation: &'a SeatOperation<R>,
    rows: Rows<'a>,
    /// Number of pairs that were done, and of those that were refused; for all others there was nothing to do.
    yes: u64,
    no: u64,
    /// Usage of the pools, from the last answer.
    usage: Vec<PoolUsage>,
}

impl<R: Name + Default> Writing<'_, R> {
    fn results(&mut self, results: &[R]) -> Result<(), Error> {
        let to_result = self.operation.to_result;
        self.no += results.iter().filter(|result| to_result(result).result.is_err()).count() as u64;
        let did = |result: &&R| to_result(result).did && to_result(result).result.is_ok();
        self.yes += results.iter().filter(did).count() as u64;
        let cells = |result: &R| {
            let PairResult { pool, user, result, .. } = to_result(result);
            vec![pool.to_owned(), user.to_owned(), result.unwrap_or_else(|no| no)]
        };
        self.rows.write(results, cells, json::of)
    }

    fn end(self) -> Result<(), Error> {
        let Self { operation, rows, yes, usage, .. } = self;
        let all = rows.count();
        let mut text = if all == 0 { String::new() } else { format!("\n{yes} of {all} {}\n", operation.done) };
        for pool in &usage {
            let over = if pool.over > 0 { format!(", over by {}", pool.over) } else { String::new() };
            let limit = words::limit(pool.limit, pool.unlimited);
            text.push_str(&format!("{}: {} of {limit} in use{over}\n", pool.pool_id, pool.in_use));
        }
        let usage: Value = usage.iter().map(json::of).collect();
        rows.end(&[("usage", usage)], &text)
    }
}

/// The users of each call.
fn chunks(users: &[String], pools: usize) -> Vec<Range<usize>> {
    let max = (MAX_PAIRS / pools.max(1)).max(1);
    let mut chunks: Vec<Range<usize>> = Vec::new();
    let mut bytes = 0;
    for (at, user) in users.iter().enumerate() {
        bytes += user.len();
        match chunks.last_mut() {
            Some(last) if last.len() < max && bytes <= MAX_ID_BYTES => last.end = at + 1,
            _ => {
                bytes = user.len();
                chunks.push(at..at + 1);
            }
        }
    }
    chunks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_has_as_many_pairs_and_bytes_as_it_may() {
        let users = |count: usize, bytes: usize| vec!["x".repeat(bytes); count];
        let lengths =
            |users: &[String], pools| chunks(users, pools).iter().map(ExactSizeIterator::len).collect::<Vec<_>>();
        assert_eq!(lengths(&[], 1), [0; 0]);
        assert_eq!(lengths(&users(1_000, 5), 1), [1_000]);
        assert_eq!(lengths(&users(1_001, 5), 1), [1_000, 1]);
        assert_eq!(lengths(&users(700, 5), 3), [333, 333, 34]);
        assert_eq!(lengths(&users(3, 5), 2_000), [1, 1, 1]);
        assert_eq!(lengths(&users(300, 254), 1), [129, 129, 42]);
        assert_eq!(lengths(&users(2, 99_999), 1), [1, 1]);
        let chunks = chunks(&users(2_500, 20), 1);
        assert_eq!(chunks, [0..1_000, 1_000..2_000, 2_000..2_500]);
    }
}
