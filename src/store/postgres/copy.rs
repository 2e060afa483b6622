//! Another store's pieces, written into a database that nobody has used yet: one transaction, so they are there as a whole
//! or not at all, and nobody can serve from half of them.

use tokio::sync::mpsc::Sender;
use tokio_postgres::Client;
use tokio_util::task::AbortOnDropHandle;
use uuid::Uuid;

use super::batch::Prepared;
use super::connection::Connector;
use super::error::Failure;
use super::put::Put;
use super::{DatabaseUrl, installation, schema, snapshot};
use crate::ids::{Epoch, EventNo, InstanceId, OwnerToken, Seq, ShardId};
use crate::ledger::change::{AuditEvent, Change};
use crate::store::audit_block::Block;
use crate::store::open::OpenError;
use crate::store::snapshot::SnapshotChunk;
use crate::store::{Batch, Owner, Position, StoreError};

/// A copy that has vanished holds a lock that every start waits for: not for long.
const BEGIN: &str = "/* usher:begin_copy */ BEGIN;
    SET LOCAL statement_timeout = 0;
    SET LOCAL lock_timeout = '10s';
    SET LOCAL idle_in_transaction_session_timeout = '60s';
    SET LOCAL plan_cache_mode = force_generic_plan;
    SELECT set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') = 'off'";
/// The shard's row as it is there, but for its owner: nobody serves from here yet.
const PLACE: &str = "/* usher:place_shard */ UPDATE shards SET epoch = $2, seq = $3 WHERE shard_id = $1";
const PLACE_FLOOR: &str = "/* usher:place_floor */ UPDATE audit_floor SET first_event_no = $2 WHERE shard_id = $1";

#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Somebody has used the database.
    #[error("the database holds an installation already ({0}): a copy goes into an empty database")]
    Used(InstanceId),
    /// Nothing was written.
    #[error("nothing was copied: {0}")]
    Broken(StoreError),
    /// Everything was written, or nothing.
    #[error("the answer to COMMIT was lost: {0}; `usher store check` tells whether the copy is there")]
    Unknown(StoreError),
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

/// A copy under way. Nothing of it is there before [`Copy::commit`].
pub struct Copy {
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
    /// Of the last batch here.
    seq: Seq,
}

/// Who has a shard that was founded a moment ago: the fence lets the copy through.
const NOBODY: Owner = Owner { epoch: Epoch(0), token: OwnerToken(Uuid::nil()) };

impl Copy {
    /// Makes the schema where there is none, and begins.
    ///
    /// # Errors
    /// The database cannot be used, or was used before.
    pub async fn begin(url: &DatabaseUrl) -> Result<Self, CopyError> {
        let connector = Connector::new(url);
        let (client, driver) = connector.plain().await.map_err(OpenError::Unreachable)?;
        // Of an older schema, as a copy leaves one that was killed, only what every version has can be read.
        if schema::version(&client).await? > 0
            && let Some(found) = installation::instance(&client).await?
        {
            return Err(CopyError::Used(found));
        }
        schema::migrate(&connector).await?;
        client.batch_execute(BEGIN).await?;
        Ok(Self { client, _driver: driver, prepared: Prepared::default(), at: None })
    }

    /// Writes a piece.
    ///
    /// # Errors
    /// Nothing was copied, and nothing will be.
    pub async fn put(&mut self, chunk: SnapshotChunk) -> Result<(), CopyError> {
        die_here!(Copying);
        match chunk {
            SnapshotChunk::Installation(Some(installation)) => {
                match installation::create_or_read(&self.client, installation).await? {
                    Some(found) => Err(CopyError::Used(found.instance)),
                    None => Ok(()),
                }
            }
            // They belong to nobody, and stay where they are.
            SnapshotChunk::Installation(None) | SnapshotChunk::Strays(..) => Ok(()),
            SnapshotChunk::Shard(shard, Owner { epoch, .. }, position, floor) => {
                self.place().await?;
                self.at = Some(CopyPosition { shard, epoch, position: *position, floor, seq: Seq(0) });
                // A shard without any rows has its place, too.
                self.batch(Vec::new(), Vec::new(), &[]).await
            }
            SnapshotChunk::Rows(rows) => self.batch(rows, Vec::new(), &[]).await,
            SnapshotChunk::Blocks(blocks) => self.batch(Vec::new(), Vec::new(), &blocks).await,
            SnapshotChunk::Events(events) => self.batch(Vec::new(), events, &[]).await,
        }
    }

    /// Sends what was written, as the database has it, to be held against what it is a copy of.
    ///
    /// # Errors
    /// Nothing was copied, and nothing will be.
    pub async fn read(&mut self, chunks: &Sender<SnapshotChunk>) -> Result<(), CopyError> {
        self.place().await?;
        snapshot::read(&self.client, chunks).await.map_err(|failure| CopyError::Broken(failure.into()))
    }

    /// From here on the copy is there.
    ///
    /// # Errors
    /// The server refused it, or its answer was lost.
    pub async fn commit(self) -> Result<(), CopyError> {
        die_here!(BeforeCopied);
        let committed = self.client.batch_execute("/* usher:commit_copy */ COMMIT").await;
        die_here!(AfterCopied);
        committed.map_err(|error| match error.as_db_error() {
            Some(_) => CopyError::Broken(error.into()),
            None => CopyError::Unknown(error.into()),
        })
    }

    /// One statement, as a shard's writer sends it, through the same fence.
    async fn batch(&mut self, rows: Vec<Change>, events: Vec<AuditEvent>, blocks: &[Block]) -> Result<(), CopyError> {
        let Some(at) = &mut self.at else { return Ok(()) };
        at.seq = Seq(at.seq.0 + 1);
        let batch = Batch { position: Position { seq: at.seq, ..at.position }, rows, events };
        // No event comes twice.
        let put = Put::new(at.shard, NOBODY, &batch, EventNo(0), blocks);
        let statement = self.prepared.get(&self.client, put.parts).await?;
        self.client.execute_raw(&statement, put.values).await?;
        Ok(())
    }

    /// The shard is written: it stands where it stood.
    async fn place(&mut self) -> Result<(), CopyError> {
        let Some(at) = self.at.take() else { return Ok(()) };
        let shard = at.shard.0.cast_signed();
        self.client.execute(PLACE, &[&shard, &at.epoch.0, &at.position.seq.0]).await?;
        self.client.execute(PLACE_FLOOR, &[&shard, &at.floor.0.cast_signed()]).await?;
        Ok(())
    }
}
