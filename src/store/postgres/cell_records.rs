//! The installation records of all cells: made at the first start, and compared at each start. So nobody serves from a
//! database that is missing, in another place, or of another installation.
//!
//! At the first start the record of the first cell is made last: where it is there, all others must be. A copy commits
//! the first cell first, so that a start refuses half of one.

use super::PostgresStore;
use super::installation::Record;
use crate::store::{Cell, Installation, ReadError, StoreError};

/// What one database holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// `None`: it was never used.
    pub record: Option<Record>,
    /// A process has claimed a shard there.
    pub claimed: bool,
}

/// Returns the record of the installation, whose databases are all there and in order. At the first start it is made
/// from `wanted`; of two first starts at once, both get the same.
///
/// # Errors
/// [`ReadError::Unavailable`] also if the databases are not those of one installation.
pub async fn agree(stores: &[&PostgresStore], wanted: Installation) -> Result<Installation, ReadError> {
    if let Some(known) = known(stores).await?? {
        return Ok(known);
    }
    let of = count(stores);
    if of > wanted.shards {
        let why = format!("--shards: {} are too few for {of} databases, each of which has at least one", wanted.shards);
        return Err(StoreError(why).into());
    }
    let mut installation = wanted;
    for (store, cell) in stores.iter().zip(Cell::all(of)).rev() {
        // The first answer decides, whichever start made the record.
        installation = store.read_or_create(Record { installation, cell }).await?.installation;
    }
    // Another start may have gone on beside this one, or the databases were exchanged meanwhile.
    let known = known(stores).await??;
    Ok(known.ok_or_else(|| StoreError("the records of the databases were deleted".into()))?)
}

/// Returns the record of the installation; `None`: this is the first start.
///
/// # Errors
/// The outer error: a database cannot be read. The inner error: see [`check`].
pub async fn known(stores: &[&PostgresStore]) -> Result<Result<Option<Installation>, StoreError>, ReadError> {
    let names: Vec<String> = stores.iter().map(|store| store.connector.url().to_string()).collect();
    let known = check(&names, &read(stores).await?);
    if known.is_ok() {
        return Ok(known);
    }
    // A first start beside this one may have made some of the records between the reads.
    Ok(check(&names, &read(stores).await?))
}

/// Reads what the databases hold, the first one last: where another one was claimed, the first one's record is there.
async fn read(stores: &[&PostgresStore]) -> Result<Vec<Found>, ReadError> {
    let mut found = Vec::with_capacity(stores.len());
    for store in stores.iter().rev() {
        found.push(store.found().await?);
    }
    found.reverse();
    Ok(found)
}

fn count(stores: &[&PostgresStore]) -> u16 {
    u16::try_from(stores.len()).unwrap_or(u16::MAX)
}

/// Compares the records. `None`: this is the first start.
///
/// # Errors
/// The databases are not those of one installation, in their order; the text names the option and the cell.
fn check(names: &[String], found: &[Found]) -> Result<Option<Installation>, StoreError> {
    let of = found.len();
    for (number, Found { record, .. }) in found.iter().enumerate() {
        let Some(Record { cell, .. }) = record else { continue };
        if usize::from(cell.of) != of {
            return Err(wrong(number, &names[number], &format!("is one of {}, and {of} given", databases(cell.of))));
        }
        if usize::from(cell.number) != number {
            let why = format!("is cell {}: the order is that of the first start", cell.number);
            return Err(wrong(number, &names[number], &why));
        }
    }
    let Some(first) = found.first() else { return Ok(None) };
    let others = || found.iter().zip(names).enumerate().skip(1);
    let Some(Record { installation, .. }) = first.record else {
        // Unless a process has served from it, an earlier first start made the record, and did not get to the first cell.
        let served = found.iter().find_map(|found| found.record.filter(|_| found.claimed));
        return match served {
            Some(Record { installation, .. }) => Err(missing(0, &names[0], &installation)),
            None => Ok(None),
        };
    };
    for (number, (Found { record, .. }, name)) in others() {
        match record {
            None => return Err(missing(number, name, &installation)),
            Some(record) if record.installation == installation => {}
            Some(Record { installation: other, .. }) => {
                let (ours, theirs) = (installation.instance, other.instance);
                let why = format!("belongs to another installation, {theirs}, than cell 0, {ours}");
                return Err(wrong(number, name, &why));
            }
        }
    }
    Ok(Some(installation))
}

fn missing(number: usize, name: &str, installation: &Installation) -> StoreError {
    let why = format!("is empty, and the other databases belong to installation {}", installation.instance);
    wrong(number, name, &why)
}

fn wrong(number: usize, name: &str, why: &str) -> StoreError {
    StoreError(format!("--database-url: the database of cell {number}, {name}, {why}"))
}

fn databases(of: u16) -> String {
    if of == 1 {
        "1 database, fixed at the first start".into()
    } else {
        format!("{of} databases, fixed at the first start")
    }
}

#[cfg(test)]
mod tests;
