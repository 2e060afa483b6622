//! Which state of the store the database's file holds by itself, without its log. Every checkpoint writes the rows of
//! `shards` into it, for every batch changes one: they tell a file that a checkpoint wrote from one that somebody put back.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use super::error::is_misfit;
use crate::ids::{Epoch, InstanceId, Seq, ShardId};
use crate::store::{Owner, Position};

const READ: &str = "/* usher:read_stamp */
    SELECT shard_id, epoch, seq, (SELECT instance_id FROM installation LIMIT 1) FROM shards";

/// Where the shards stand. Empty: nothing was brought into the file yet.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stamp {
    installation: Option<Vec<u8>>,
    shards: BTreeMap<ShardId, (Epoch, Seq)>,
}

impl Stamp {
    /// Reads the file as it is, whatever is in its log. It is opened by SQLite: to close a file of its own would let go of
    /// the locks that this process has on it.
    pub fn read(path: &Path) -> rusqlite::Result<Self> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let file = Connection::open_with_flags(format!("file:{}?immutable=1", encoded(path)), flags)?;
        let mut statement = match file.prepare(READ) {
            // There is no such table.
            Err(error) if is_misfit(&error) => return Ok(Self::default()),
            prepared => prepared?,
        };
        let mut stamp = Self::default();
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            stamp.shards.insert(ShardId(row.get(0)?), (Epoch(row.get(1)?), Seq(row.get(2)?)));
            stamp.installation = row.get(3)?;
        }
        Ok(stamp)
    }

    pub fn belongs_to(&mut self, installation: InstanceId) {
        self.installation = Some(installation.0.as_bytes().to_vec());
    }

    /// A shard was claimed, or a batch of its owner's is there.
    pub fn stands(&mut self, shard: ShardId, owner: Owner, position: &Position) {
        self.shards.insert(shard, (owner.epoch, position.seq));
    }

    pub fn is_empty(&self) -> bool {
        self.shards.is_empty()
    }

    /// Everything that was in the other one is in this one, too.
    pub fn holds(&self, other: &Self) -> bool {
        let installations = self.installation.as_ref().zip(other.installation.as_ref());
        installations.is_none_or(|(here, there)| here == there)
            && other.shards.iter().all(|(shard, at)| self.shards.get(shard).is_some_and(|here| here >= at))
    }
}

/// A path as a part of a URI, whatever is in its name.
fn encoded(path: &Path) -> String {
    let mut text = String::new();
    for byte in path.as_os_str().as_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'_' | b'-' => text.push(char::from(*byte)),
            // A text takes whatever is written into it.
            byte => drop(write!(text, "%{byte:02x}")),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp(installation: Option<u8>, shards: &[(u16, i64, i64)]) -> Stamp {
        let shards = shards.iter().map(|(shard, epoch, seq)| (ShardId(*shard), (Epoch(*epoch), Seq(*seq))));
        Stamp { installation: installation.map(|byte| vec![byte; 16]), shards: shards.collect() }
    }

    #[test]
    fn a_stamp_holds_what_is_not_later_and_of_the_same_store() {
        let now = stamp(Some(7), &[(0, 2, 10), (1, 5, 3)]);
        for held in [
            Stamp::default(),
            stamp(None, &[(0, 2, 10)]),
            stamp(Some(7), &[(0, 1, 99), (1, 5, 3)]),
            stamp(Some(7), &[(0, 2, 9)]),
            now.clone(),
        ] {
            assert!(now.holds(&held), "{held:?}");
        }
        for other in [
            stamp(Some(7), &[(0, 2, 11)]),
            stamp(Some(7), &[(0, 3, 1)]),
            stamp(Some(7), &[(2, 0, 0)]),
            stamp(Some(8), &[]),
        ] {
            assert!(!now.holds(&other), "{other:?}");
        }
    }

    #[test]
    fn what_is_only_in_the_log_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("what? #1 % ä.db");
        let writer = Connection::open(&path).unwrap();
        let make = "PRAGMA journal_mode = WAL; CREATE TABLE installation (instance_id); CREATE TABLE shards
            (shard_id, epoch, seq); INSERT INTO installation VALUES (x'07'); INSERT INTO shards VALUES (0, 1, 5)";
        writer.execute_batch(make).unwrap();
        assert_eq!(Stamp::read(&path).unwrap(), Stamp::default());
        let checkpoint = || writer.query_row("PRAGMA wal_checkpoint", [], |_| Ok(())).unwrap();
        checkpoint();
        writer.execute_batch("UPDATE shards SET seq = 6").unwrap();
        let five = Stamp { installation: Some(vec![7]), ..stamp(None, &[(0, 1, 5)]) };
        assert_eq!(Stamp::read(&path).unwrap(), five);
        checkpoint();
        let six = Stamp::read(&path).unwrap();
        assert!(six.holds(&five) && !five.holds(&six), "{six:?}");
    }
}
