//! Checks at the start that the server allows as many connections as the processes of the installation may open. A
//! server that is full refuses the connection of a heartbeat, too, and a process without heartbeats is declared dead.

use tokio_postgres::{Client, Error, Row};

use crate::store::StoreError;
use crate::store::nodes::NodeState;

/// Connections for heartbeats of a process.
const HEARTBEATS: i64 = 1;

/// Reads the limits that apply to this user and database, and how many processes serve. The limit of a role does not
/// apply to a superuser, who also gets the connections that are reserved.
const READ: &str =
    "/* usher:read_limits */ SELECT current_setting('max_connections')::bigint - CASE WHEN rolsuper THEN 0
            ELSE current_setting('superuser_reserved_connections')::bigint
                + coalesce(current_setting('reserved_connections', true), '0')::bigint END,
        CASE WHEN rolsuper THEN -1 ELSE rolconnlimit END::bigint, datconnlimit::bigint,
        (SELECT count(*) FROM nodes WHERE state <> $1)
    FROM pg_roles, pg_database WHERE rolname = current_user AND datname = current_database()";

/// Connections that one process may open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Need {
    pub shards: u16,
    pub reads: usize,
}

impl Need {
    /// Everything that the process may open.
    fn most(self) -> i64 {
        i64::from(self.shards) + i64::try_from(self.reads).unwrap_or(i64::MAX / 2) + HEARTBEATS
    }

    /// With fewer the process cannot serve all shards.
    fn least(self) -> i64 {
        i64::from(self.shards) + 1 + HEARTBEATS
    }
}

/// What the server allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Limits {
    server: i64,
    /// Below zero: no limit.
    role: i64,
    database: i64,
    /// Other processes that serve.
    others: i64,
}

impl Limits {
    fn read(row: &Row) -> Result<Self, Error> {
        let [server, role, database, others] = [0, 1, 2, 3].map(|column| row.try_get(column));
        Ok(Self { server: server?, role: role?, database: database?, others: others? })
    }

    /// The narrowest limit, and its name.
    fn narrowest(self) -> (i64, &'static str) {
        let all = [
            (self.server, "max_connections without what is reserved"),
            (self.role, "the role's CONNECTION LIMIT"),
            (self.database, "the database's CONNECTION LIMIT"),
        ];
        let narrowest = all.into_iter().filter(|(limit, _)| *limit >= 0).min_by_key(|(limit, _)| *limit);
        narrowest.unwrap_or((i64::MAX, "no limit"))
    }

    /// Text for an operator if the processes do not fit; as an error if not even this one does.
    fn hold(self, need: Need) -> Result<Option<String>, StoreError> {
        let ((limit, name), Need { shards, reads }) = (self.narrowest(), need);
        let (least, most, processes) = (need.least(), need.most(), self.others + 1);
        if limit < least {
            return Err(StoreError(format!(
                "PostgreSQL allows {limit} connections ({name}), and a process with {shards} shards needs at least \
                 {least}: one for each shard, one for heartbeats, and one for reads"
            )));
        }
        let all = most.saturating_mul(processes);
        Ok((limit < all).then(|| {
            format!(
                "PostgreSQL allows {limit} connections ({name}), and {processes} processes may open {all}: \
                 ({shards} shards + {reads} for reads + {HEARTBEATS} for heartbeats) each; there is room for {}. Raise \
                 the limit, or lower --database-connections",
                limit / most
            )
        }))
    }
}

/// Warns if the processes that serve and this one do not fit. A database that does not say its limits is not asked
/// again.
///
/// # Errors
/// Not even this process fits; the text has the numbers.
pub async fn check(client: &Client, need: Need) -> Result<(), StoreError> {
    let limits = match client.query_one(READ, &[&NodeState::Dead.code()]).await.and_then(|row| Limits::read(&row)) {
        Ok(limits) => limits,
        Err(error) => {
            tracing::debug!(error = %StoreError::from(error), "the database does not say how many connections it allows");
            return Ok(());
        }
    };
    if let Some(warning) = limits.hold(need)? {
        tracing::warn!("{warning}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEED: Need = Need { shards: 16, reads: 4 };

    fn limits(server: i64, others: i64) -> Limits {
        Limits { server, role: -1, database: -1, others }
    }

    #[test]
    fn every_process_with_its_shards_reads_and_heartbeats_must_fit() {
        assert_eq!(limits(21, 0).hold(NEED), Ok(None));
        assert_eq!(limits(63, 2).hold(NEED), Ok(None));
        let warning = limits(62, 2).hold(NEED).unwrap().unwrap();
        assert!(warning.contains("allows 62 connections (max_connections without what is reserved)"), "{warning}");
        assert!(warning.contains("3 processes may open 63") && warning.contains("room for 2."), "{warning}");
    }

    #[test]
    fn a_process_that_cannot_open_what_it_needs_is_refused() {
        assert!(limits(18, 0).hold(NEED).unwrap().is_some(), "fewer reads at once still serve");
        let refused = limits(17, 0).hold(NEED).unwrap_err();
        assert!(refused.0.contains("allows 17") && refused.0.contains("needs at least 18"), "{refused}");
    }

    #[test]
    fn the_narrowest_limit_counts() {
        let role = Limits { role: 5, ..limits(100, 0) };
        assert!(role.hold(NEED).unwrap_err().0.contains("5 connections (the role's CONNECTION LIMIT)"));
        let database = Limits { database: 20, role: 30, ..limits(100, 0) };
        assert!(database.hold(NEED).unwrap().unwrap().contains("20 connections (the database's CONNECTION LIMIT)"));
        // No limit is not a limit of -1.
        assert_eq!(Limits { role: -1, database: -1, ..limits(100, 0) }.narrowest().0, 100);
    }
}
