//! Commits a batch: one statement, and with it one transaction, in one round trip.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use super::audit_blocks;
use super::connection::Connection;
use super::error::{Failure, lasting};
use super::put::Put;
use crate::ids::ShardId;
use crate::store::{Batch, CommitError, Owner};

/// Commits the batch. The answer arrives after the transaction was committed: the client waits until the server is
/// ready again, not only for the statement's end.
///
/// The inner error means that the server refused the batch, and the connection is sound. A failure means that the
/// outcome is unknown.
pub async fn commit(
    connection: &mut Connection,
    shard: ShardId,
    owner: Owner,
    batch: &Batch,
) -> Result<Result<(), CommitError>, Failure> {
    // The open block is kept only if this batch is committed.
    let mut open = match connection.open_block.take() {
        Some(open) => open,
        None => audit_blocks::resume(connection, shard).await?,
    };
    let stored = open.last();
    let blocks = open.extend(batch);
    let put = Put::new(shard, owner, batch, stored, &blocks);
    let Connection { client, prepared, .. } = connection;
    // The first batch of its kind costs one more round trip.
    let statement = prepared.get(client, put.parts).await?;
    fail_point!("before-commit");
    let mut executing = pin!(client.execute_raw(&statement, put.values));
    // The first poll encodes and sends the statement. An error here was not sent: a value cannot be encoded.
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
        // No row: the shard's row was deleted, so there is nothing to own.
        Ok(_) => Ok(Err(CommitError::Fenced)),
        Err(error) => lasting(&error).map(Err).ok_or_else(|| error.into()),
    }
}
