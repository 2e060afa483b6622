//! Copies the chunks of another store into the databases of an installation, each shard into that of its cell: one
//! transaction for each database, and none over two.

use tokio::sync::mpsc::Sender;

use super::DatabaseUrl;
use super::copy::{Copy, CopyError};
use crate::store::snapshot::SnapshotChunk;
use crate::store::{Cell, Installation, StoreError};

/// A copy in progress. Nobody sees any of it before [`CopyToCells::commit`].
pub struct CopyToCells {
    copies: Vec<Copy>,
    shards: u16,
    /// The cell of the shard whose chunks come now.
    at: usize,
}

impl CopyToCells {
    /// See [`Copy::begin`].
    ///
    /// # Errors
    /// One of the databases cannot be used, or was used before.
    pub async fn begin(urls: &[DatabaseUrl]) -> Result<Self, CopyError> {
        let cells = Cell::all(u16::try_from(urls.len()).unwrap_or(u16::MAX));
        let mut copies = Vec::with_capacity(urls.len());
        for (url, cell) in urls.iter().zip(cells) {
            copies.push(Copy::begin(url, cell).await?);
        }
        Ok(Self { copies, shards: 0, at: 0 })
    }

    /// Writes a chunk.
    ///
    /// # Errors
    /// Nothing was copied, and nothing will be.
    pub async fn put(&mut self, chunk: SnapshotChunk) -> Result<(), CopyError> {
        match chunk {
            SnapshotChunk::Installation(Some(installation)) => self.create(installation).await,
            SnapshotChunk::Shard(shard, ..) => {
                let number = Cell::number_of(shard, self.shards, self.cells());
                self.at = usize::from(number);
                self.copies[self.at].put(chunk).await
            }
            chunk => self.copies[self.at].put(chunk).await,
        }
    }

    /// Sends what was written, as it is in the databases, for a comparison with the source.
    ///
    /// # Errors
    /// Nothing was copied, and nothing will be.
    pub async fn read(&mut self, chunks: &Sender<SnapshotChunk>) -> Result<(), CopyError> {
        for copy in &mut self.copies {
            copy.read(chunks).await?;
        }
        Ok(())
    }

    /// Commits the copy, the first cell first: a start refuses a first cell without the others.
    ///
    /// # Errors
    /// The server refused it, or its answer was lost.
    pub async fn commit(self) -> Result<(), CopyError> {
        for (cell, copy) in (0..).zip(self.copies) {
            copy.commit().await.map_err(|error| match error {
                CopyError::Broken(why) | CopyError::Unknown(why) if cell > 0 => CopyError::Half(cell, why),
                error => error,
            })?;
        }
        Ok(())
    }

    async fn create(&mut self, installation: Installation) -> Result<(), CopyError> {
        let (cells, shards) = (self.cells(), installation.shards);
        if cells > shards {
            let why = format!("the store has {shards} shards, too few for {cells} databases");
            return Err(CopyError::Broken(StoreError(why)));
        }
        self.shards = shards;
        for copy in &mut self.copies {
            copy.put(SnapshotChunk::Installation(Some(installation))).await?;
        }
        Ok(())
    }

    fn cells(&self) -> u16 {
        u16::try_from(self.copies.len()).unwrap_or(u16::MAX)
    }
}
