//! Copies the chunks of another store into an unused database, in one transaction: the copy is complete or absent, and
//! no process can serve from half of it.

use tokio::sync::mpsc::Sender;
use tokio_postgres::Client;
use tokio_util::task::AbortOnDropHandle;
use uuid::Uuid;

use super::batch::Prepared;
use super::connection::Connector;
use super::error::Failure;
use super::installation::{self, Record};
use super::put::Put;
use super::{DatabaseUrl, migration, schema, snapshot};
use crate::ids::{Epoch, EventNo, InstanceId, OwnerToken, Seq, ShardId};
use crate::ledger::change::{AuditEvent, Change};
use crate::store::audit_block::Block;
use crate::store::open::OpenError;
use crate::store::snapshot::SnapshotChunk;
use crate::store::{Batch, Cell, Owner, Position, StoreError};

/// A copy that vanished holds a lock that every start waits for; the timeouts limit how long.
const BEGIN: &str = "/* usher:begin_copy */ BEGIN;
    SET LOCAL statement_timeout = 0;
    SET LOCAL lock_timeout = '10s';
    SET LOCAL idle_in_transaction_session_timeout = '60s';
    SET LOCAL plan_cache_mode = force_generic_plan;
    SELECT set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') = 'off'";
/// Of several databases the others wait while one is written or read.
const PATIENT: &str = "/* usher:patient_copy */ SET LOCAL idle_in_transaction_session_timeout = '12h'";
/// Sets epoch and seq of the source; the shard keeps its nil owner token, because no process serves from here yet.
const SET_POSITION: &str = "/* usher:set_position */ UPDATE shards SET epoch = $2, seq = $3 WHERE shard_id = $1";
const SET_FLOOR: &str = "/* usher:set_floor */ UPDATE audit_floor SET first_event_no = $2 WHERE shard_id = $1";

/// Reason why a copy failed.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The database was used before.
    #[error("the database holds an installation already ({0}): a copy goes into an empty database")]
    Used(InstanceId),
    /// Nothing was written.
    #[error("nothing was copied: {0}")]
    Broken(StoreError),
    /// Either everything was written, or nothing.
    #[error("the answer to COMMIT was lost: {0}; `usher store check` tells whether the copy is there")]
    Unknown(StoreError),
    /// The first of several databases were written, this one perhaps not. No process serves from them.
    #[error(
        "the copy is not complete, and nobody can serve from it: cell {0}: {1}. Make all databases anew, and copy again"
    )]
    Half(u16, StoreError),
}

impl From<StoreError> for CopyError {
    fn from(error: StoreError) -> Self {
        CopyError::Broken(error)
    }
}

impl From<Failure> for CopyError {
    fn from(failure: Failure) -> Self {
        CopyError::Broken(failure.into())
    }
}

impl From<tokio_postgres::Error> for CopyError {
    fn from(error: tokio_postgres::Error) -> Self {
        CopyError::Broken(error.into())
    }
}

/// A copy in progress into one database. Other connections see none of it before [`Copy::commit`].
pub struct Copy {
    cell: Cell,
    client: Client,
    _driver: AbortOnDropHandle<Option<StoreError>>,
    prepared: Prepared,
    at: Option<CopyPosition>,
}

/// The shard that is being written.
struct CopyPosition {
    shard: ShardId,
    epoch: Epoch,
    position: Position,
    floor: EventNo,
    /// Number of the last batch in this database.
    seq: Seq,
}

/// Owner of a newly created shard: with it the copy passes the fence.
const NO_OWNER: Owner = Owner { epoch: Epoch(0), token: OwnerToken(Uuid::nil()) };

impl Copy {
    /// Creates the schema if there is none, and begins the copy.
    ///
    /// # Errors
    /// The database cannot be used, or was used before.
    pub async fn begin(url: &DatabaseUrl, cell: Cell) -> Result<Self, CopyError> {
        let connector = Connector::new(url);
        let (client, driver) = connector.plain().await.map_err(OpenError::Unreachable)?;
        // A copy that was killed may have left an older schema; only columns of all versions can be read there.
        if schema::version(&client).await? > 0
            && let Some(found) = installation::instance(&client).await?
        {
            return Err(CopyError::Used(found));
        }
        migration::migrate(&connector).await?;
        client.batch_execute(BEGIN).await?;
        if cell != Cell::ONLY {
            client.batch_execute(PATIENT).await?;
        }
        Ok(Self { cell, client, _driver: driver, prepared: Prepared::default(), at: None })
    }

    /// Writes a chunk.
    ///
    /// # Errors
    /// Nothing was copied, and nothing will be.
    pub async fn put(&mut self, chunk: SnapshotChunk) -> Result<(), CopyError> {
        fail_point!("copying");
        match chunk {
            SnapshotChunk::Installation(Some(installation)) => {
                let record = Record { installation, cell: self.cell };
                match installation::create_or_read(&self.client, record).await? {
                    Some(found) => Err(CopyError::Used(found.installation.instance)),
                    None => Ok(()),
                }
            }
            // Rows that belong to no shard are not copied.
            SnapshotChunk::Installation(None) | SnapshotChunk::UnownedRows(..) => Ok(()),
            SnapshotChunk::Shard(shard, Owner { epoch, .. }, position, floor) => {
                self.set_position().await?;
                self.at = Some(CopyPosition { shard, epoch, position: *position, floor, seq: Seq(0) });
                // Writes a position even for a shard without rows.
                self.batch(Vec::new(), Vec::new(), &[]).await
            }
            SnapshotChunk::Rows(rows) => self.batch(rows, Vec::new(), &[]).await,
            SnapshotChunk::Blocks(blocks) => self.batch(Vec::new(), Vec::new(), &blocks).await,
            SnapshotChunk::Events(events) => self.batch(Vec::new(), events, &[]).await,
        }
    }

    /// Sends what was written, as it is in the database, for a comparison with the source.
    ///
    /// # Errors
    /// Nothing was copied, and nothing will be.
    pub async fn read(&mut self, chunks: &Sender<SnapshotChunk>) -> Result<(), CopyError> {
        self.set_position().await?;
        snapshot::read(&self.client, chunks).await.map_err(|failure| CopyError::Broken(failure.into()))
    }

    /// Commits the copy: from here on it exists.
    ///
    /// # Errors
    /// The server refused it, or its answer was lost.
    pub async fn commit(self) -> Result<(), CopyError> {
        fail_point!("before-copied");
        let committed = self.client.batch_execute("/* usher:commit_copy */ COMMIT").await;
        fail_point!("after-copied");
        committed.map_err(|error| match error.as_db_error() {
            Some(_) => CopyError::Broken(error.into()),
            None => CopyError::Unknown(error.into()),
        })
    }

    /// Sends one statement, as the writer of a shard does, through the same fence.
    async fn batch(&mut self, rows: Vec<Change>, events: Vec<AuditEvent>, blocks: &[Block]) -> Result<(), CopyError> {
        let Some(at) = &mut self.at else { return Ok(()) };
        at.seq = Seq(at.seq.0 + 1);
        let batch = Batch { position: Position { seq: at.seq, ..at.position }, rows, events };
        // No event is sent twice, so all count as new.
        let put = Put::new(at.shard, NO_OWNER, &batch, EventNo(0), blocks);
        let statement = self.prepared.get(&self.client, put.parts).await?;
        self.client.execute_raw(&statement, put.values).await?;
        Ok(())
    }

    /// Ends the shard that is being written: gives it the position that it has in the source.
    async fn set_position(&mut self) -> Result<(), CopyError> {
        let Some(at) = self.at.take() else { return Ok(()) };
        let shard = at.shard.0.cast_signed();
        self.client.execute(SET_POSITION, &[&shard, &at.epoch.0, &at.position.seq.0]).await?;
        self.client.execute(SET_FLOOR, &[&shard, &at.floor.0.cast_signed()]).await?;
        Ok(())
    }
}
