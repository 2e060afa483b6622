//! A batch: one statement, and with it one transaction, in one round trip.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use super::audit_blocks;
use super::connection::Connection;
use super::error::{Failure, lasting};
use super::put::Put;
use crate::ids::ShardId;
use crate::store::{Batch, CommitError, Owner};

/// The answer is there when the transaction is committed: the client waits for the server to be ready again, not only
/// for the statement to be done.
///
/// The inner error: the server refused the batch, and the connection is well. A failure: the outcome is unknown.
pub async fn commit(
    connection: &mut Connection,
    shard: ShardId,
    owner: Owner,
    batch: &Batch,
) -> Result<Result<(), CommitError>, Failure> {
    // What becomes of it is known only when this batch is committed.
    let mut open = match connection.open_block.take() {
        Some(open) => open,
        None => audit_blocks::resume(connection, shard).await?,
    };
    let stored = open.last();
    let blocks = open.extend(batch);
    let put = Put::new(shard, owner, batch, stored, &blocks);
    let Connection { client, prepared, .. } = connection;
    // A round trip more for the first batch of its kind.
    let statement = prepared.get(client, put.parts).await?;
    die_here!(BeforeCommit);
    let mut executing = pin!(client.execute_raw(&statement, put.values));
    // Polled once, it is encoded and sent. What ends there was not sent: a value that has no place in a message.
    let early = poll_fn(|cx| Poll::Ready(executing.as_mut().poll(cx))).await;
    let answer = match early {
        Poll::Ready(Err(error)) if error.as_db_error().is_none() && !error.is_closed() => {
            return Ok(Err(CommitError::Refused(error.into())));
        }
        Poll::Ready(answer) => answer,
        Poll::Pending => executing.await,
    };
    match answer {
        Ok(1) => {
            connection.open_block = Some(open);
            Ok(Ok(()))
        }
        // No row: somebody deleted the shard; there is nothing to own.
        Ok(_) => Ok(Err(CommitError::Fenced)),
        Err(error) => lasting(&error).map(Err).ok_or_else(|| error.into()),
    }
}
