//! A batch: one transaction behind the fence, in one round trip.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

use futures_util::future::{join, try_join_all};

use super::connection::Connection;
use super::error::{Failure, lasting};
use super::put::Steps;
use crate::ids::ShardId;
use crate::store::{Batch, CommitError, Owner};

/// BEGIN, the fence, the rows and COMMIT are sent without waiting for an answer in between. The first error aborts
/// the transaction; the server then answers COMMIT with success and rolls back, so a COMMIT counts only when every
/// statement before it succeeded.
///
/// The inner error: the server refused the batch, and the connection is well. A failure: the outcome is unknown.
pub async fn commit(
    connection: &Connection,
    shard: ShardId,
    owner: Owner,
    batch: &Batch,
) -> Result<Result<(), CommitError>, Failure> {
    let steps = Steps::begin(connection, shard, owner, batch).rows(batch);
    // Answers stand in the order of the statements, so the first error is the cause, not "the transaction is aborted".
    let mut steps = try_join_all(steps);
    // Polling once sends everything, in order.
    let early = poll_fn(|cx| match Pin::new(&mut steps).poll(cx) {
        Poll::Ready(answers) => Poll::Ready(Some(answers)),
        Poll::Pending => Poll::Ready(None),
    })
    .await;
    die_here!(BeforeCommit);
    let client = &connection.client;
    let (answers, ended) = match early {
        None => join(steps, client.batch_execute("COMMIT")).await,
        Some(Ok(answers)) => (Ok(answers), client.batch_execute("COMMIT").await),
        // One statement could not be sent: committing the others would tear the batch apart.
        Some(Err(error)) => {
            client.batch_execute("ROLLBACK").await?;
            if error.as_db_error().is_none() && !error.is_closed() {
                return Ok(Err(CommitError::Refused(error.into())));
            }
            (Err(error), Ok(()))
        }
    };
    match answers {
        Err(error) => lasting(&error).map(Err).ok_or(Failure::Database(error)),
        // BEGIN, then the fence. No row: somebody deleted the shard; there is nothing to own.
        Ok(rows) if rows.get(1) != Some(&1) => Ok(Err(CommitError::Fenced)),
        Ok(_) => ended.map(Ok).map_err(Failure::Database),
    }
}
