//! The connection of a shard that writes: runs one job after the other, and is opened again after it broke.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, mpsc};
use tokio::time::timeout;

use super::connection::{Connection, Connector};
use super::error::{Failure, is_refusal};
use super::{audit_blocks, commit, load, shards};
use crate::ids::ShardId;
use crate::ledger::change::Change;
use crate::store::nodes::NodeRef;
use crate::store::{Batch, ClaimError, Claimant, CommitError, LoadPart, Owner, Position, ReadError, StoreError};

/// Time to wait for an answer before the connection is closed. An early timeout loses nothing: the outcome is then
/// determined by a claim, which waits for what the server still processes.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(5);

type Job<'a, T> = Pin<Box<dyn Future<Output = Result<T, Failure>> + Send + 'a>>;

/// Failure of a job.
enum JobError {
    Read(ReadError),
    /// The server refused it ([`is_refusal`]): nothing was changed.
    Refused(StoreError),
}

impl From<Failure> for JobError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Database(error) if is_refusal(&error) => JobError::Refused(error.into()),
            failure => JobError::Read(failure.into()),
        }
    }
}

impl From<JobError> for ReadError {
    fn from(error: JobError) -> Self {
        match error {
            JobError::Read(error) => error,
            JobError::Refused(error) => ReadError::Unavailable(error),
        }
    }
}

impl From<JobError> for ClaimError {
    fn from(error: JobError) -> Self {
        match error {
            JobError::Read(error) => error.into(),
            JobError::Refused(error) => ClaimError::NotWritable(error),
        }
    }
}

impl From<JobError> for CommitError {
    fn from(error: JobError) -> Self {
        match error {
            JobError::Read(error) => error.into(),
            // Whatever part of the batch was sent, the server did not execute it.
            JobError::Refused(error) => CommitError::NotWritable(error),
        }
    }
}

/// The writing connection of one shard, opened when it is first needed.
pub struct Writer {
    shard: ShardId,
    connector: Arc<Connector>,
    connection: Mutex<Option<Connection>>,
}

impl Writer {
    pub fn new(shard: ShardId, connector: Arc<Connector>) -> Self {
        Self { shard, connector, connection: Mutex::new(None) }
    }

    pub async fn claim(&self, over: Option<Owner>, by: Claimant) -> Result<(Owner, Position), ClaimError> {
        let shard = self.shard;
        let claim = self.run(Some(RESPONSE_TIMEOUT), |to| {
            Box::pin(async move {
                let claimed = shards::claim(to, shard, over, by).await?;
                // Reads what the next batch needs: a shard whose next batch cannot be written is not claimed.
                to.open_block = Some(audit_blocks::resume(to, shard).await?);
                Ok(claimed)
            })
        });
        claim.await?.map_err(ClaimError::Taken)
    }

    pub async fn load(&self, rows: mpsc::Sender<Vec<Change>>) -> Result<(), ReadError> {
        let shard = self.shard;
        // No limit for the whole load: each row has a timeout of its own.
        Ok(self.run(None, |to| Box::pin(async move { load::load(&to.client, shard, &rows).await })).await?)
    }

    /// Uses the connection that a claim needs next, so that it is open by then.
    pub async fn load_ahead(&self, parts: mpsc::Sender<LoadPart>) -> Result<(), ReadError> {
        let shard = self.shard;
        Ok(self.run(None, |to| Box::pin(async move { load::load_ahead(&to.client, shard, &parts).await })).await?)
    }

    pub async fn commit(&self, owner: Owner, batch: Arc<Batch>) -> Result<(), CommitError> {
        let shard = self.shard;
        let commit = self
            .run(Some(RESPONSE_TIMEOUT), |to| Box::pin(async move { commit::commit(to, shard, owner, &batch).await }))
            .await;
        commit?
    }

    pub async fn release(&self, owner: Owner, to: Option<NodeRef>) -> Result<bool, StoreError> {
        let shard = self.shard;
        let released = self
            .run(Some(RESPONSE_TIMEOUT), |on| Box::pin(async move { shards::release(on, shard, owner, to).await }))
            .await;
        Ok(released.map_err(ReadError::from)?)
    }

    pub async fn close(&self) {
        if let Some(connection) = self.connection.lock().await.take() {
            connection.close().await;
        }
    }

    /// Runs a job. The connection is put back only after a job that answered: after a failure or a timeout, or if the
    /// future is dropped, it is closed.
    async fn run<T>(
        &self,
        limit: Option<Duration>,
        job: impl for<'a> FnOnce(&'a mut Connection) -> Job<'a, T> + Send,
    ) -> Result<T, JobError> {
        let mut held = self.connection.lock().await;
        let mut connection = match held.take() {
            Some(connection) if !connection.is_closed() => connection,
            _ => self.connector.connect().await?,
        };
        let answer = match limit {
            None => job(&mut connection).await,
            Some(limit) => match timeout(limit, job(&mut connection)).await {
                Ok(answer) => answer,
                Err(_) => {
                    let error = StoreError(format!("{}: no answer in time", self.connector.url()));
                    return Err(JobError::Read(error.into()));
                }
            },
        };
        match answer {
            Ok(answer) => {
                *held = Some(connection);
                Ok(answer)
            }
            // The next job opens a new connection, to whatever server has the address then.
            Err(Failure::Database(error)) if is_refusal(&error) => Err(JobError::Refused(error.into())),
            Err(failure) => Err(JobError::Read(connection.give_up(failure).await)),
        }
    }
}
