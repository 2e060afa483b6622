//! The statements of a connection that writes. Each has its name in a comment, by which it is found in the server's
//! log.
//!
//! A put takes one array per column and writes whole rows. Repeating a put is harmless, except for new events and
//! blocks of the audit, whose numbers must not exist yet. The arrays are unnested in the select list, in parallel:
//! `FROM unnest(…)` would copy each one first. No statement changes a key, and `sessions` has no other index, so its
//! updates stay within their page (HOT).

use tokio_postgres::{Client, Error, Statement};

use crate::ledger::change::{AuditEvent, OrganizationRow, PoolRow, SeatRow, SessionRow, TenantRow, UserRow};
use crate::ledger::license::LicenseRow;
use crate::ledger::license_floors::LicenseFloor;
use crate::ledger::notification::NotificationRow;
use crate::ledger::token::TokenRow;
use crate::store::audit_block::Block;
use crate::store::table::{Table, names, select};

macro_rules! statements {
    ($($name:ident: $sql:expr;)*) => {
        pub struct Statements {
            $(pub $name: Statement,)*
        }

        impl Statements {
            /// Prepares all statements in one round trip.
            pub async fn prepare(client: &Client) -> Result<Self, Error> {
                let ($($name,)*) = tokio::try_join!(
                    $(prepare(client, format!("/* usher:{} */ {}", stringify!($name), $sql)),)*
                )?;
                Ok(Self { $($name,)* })
            }
        }
    };
}

async fn prepare(client: &Client, sql: String) -> Result<Statement, Error> {
    client.prepare(&sql).await
}

statements! {
    read_shard: "SELECT epoch, owner_token, seq, tick_ms, wall_ms, wall_high_ms, last_tenant_no, last_event_no,
            continuity
        FROM shards WHERE shard_id = $1";
    claim: "WITH claimed AS (UPDATE shards SET epoch = epoch + 1, owner_token = $4
            WHERE shard_id = $1 AND epoch = $2 AND owner_token = $3
            RETURNING epoch, owner_token, seq, tick_ms, wall_ms, wall_high_ms, last_tenant_no, last_event_no,
                continuity),
        named AS (INSERT INTO owners (shard_id, epoch, token, former_token, former_seq, node_id, generation)
            SELECT $1, epoch, owner_token, $3, seq, $5::uuid, $6::bigint FROM claimed
            ON CONFLICT (shard_id) DO UPDATE SET (epoch, token, former_token, former_seq, node_id, generation)
                = (excluded.epoch, excluded.token,
                   CASE WHEN excluded.former_token = $7 THEN owners.former_token ELSE excluded.former_token END,
                   CASE WHEN excluded.former_token = $7 THEN owners.former_seq ELSE excluded.former_seq END,
                   excluded.node_id, excluded.generation))
        SELECT * FROM claimed";
    read_former: "SELECT former_seq FROM owners WHERE shard_id = $1 AND former_token = ANY($2::uuid[])";
    last_block: "SELECT coalesce(max(last_event_no), 0) FROM audit_blocks WHERE shard_id = $1";
    newest_events: select::<AuditEvent>() + " WHERE shard_id = $1 AND event_no > $2 ORDER BY event_no";
    confirm: "UPDATE shards SET owner_token = $3 WHERE shard_id = $1 AND epoch = $2 AND owner_token = $3";
    release: "WITH released AS (UPDATE shards SET owner_token = $4
            WHERE shard_id = $1 AND epoch = $2 AND owner_token = $3 RETURNING seq),
        named AS (UPDATE owners SET (token, former_token, former_seq, node_id, generation)
            = ($4, $3, (SELECT seq FROM released), $5::uuid, $6::bigint)
            WHERE shard_id = $1 AND EXISTS (SELECT FROM released))
        SELECT seq FROM released";
}

/// For a former owner, or a batch that was sent twice, writes NULL into a column that is NOT NULL.
pub const FENCE: &str = "/* usher:fence */ UPDATE shards SET
    seq = CASE WHEN epoch = $2 AND owner_token = $3 AND seq = $4::bigint - 1 THEN $4::bigint ELSE NULL END,
    tick_ms = $5, wall_ms = $6, wall_high_ms = $7, last_tenant_no = $8, last_event_no = $9,
    continuity = $10
    WHERE shard_id = $1";

/// Deletes the rows whose `column` is in the array `$2`.
fn delete_any(table: &str, column: &str, kind: &str) -> String {
    format!("DELETE FROM {table} WHERE shard_id = $1 AND {column} = ANY($2::{kind}[])")
}

/// Deletes the rows whose keys are in the arrays `$2` and following.
fn delete<T: Table>() -> String {
    let (table, key) = (T::NAME, &T::COLUMNS[..T::KEY]);
    let arrays: Vec<String> =
        key.iter().zip(2..).map(|(column, number)| format!("${number}::{}[]", column.sql_type)).collect();
    let same: String = key.iter().map(|column| format!(" AND t.{0} = gone.{0}", column.name)).collect();
    let (arrays, key) = (arrays.join(", "), names(key));
    format!("DELETE FROM {table} AS t USING unnest({arrays}) AS gone({key}) WHERE t.shard_id = $1{same}")
}

fn insert<T: Table>() -> String {
    let arrays: String =
        (2..).zip(T::COLUMNS).map(|(number, column)| format!(", unnest(${number}::{}[])", column.sql_type)).collect();
    format!("INSERT INTO {} (shard_id, {}) SELECT $1::smallint{arrays}", T::NAME, names(T::COLUMNS))
}

/// Inserts the rows, and replaces those that exist.
fn put<T: Table>() -> String {
    let (key, others) = T::COLUMNS.split_at(T::KEY);
    let new: Vec<String> = others.iter().map(|column| format!("{0} = excluded.{0}", column.name)).collect();
    format!("{} ON CONFLICT (shard_id, {}) DO UPDATE SET {}", insert::<T>(), names(key), new.join(", "))
}

macro_rules! parts {
    ($($name:ident: $sql:expr;)*) => {
        /// A kind of change that a batch can make to a table.
        #[derive(Debug, Clone, Copy)]
        pub enum Part {
            $($name,)*
        }

        /// Names and statements of the parts, in the order of [`Part`]. A statement is made once for each kind of batch
        /// that a connection prepares.
        pub const PARTS: &[(&str, fn() -> String)] = &[$((stringify!($name), $sql),)*];
    };
}

parts! {
    DeleteTenants: || delete_any("tenants", "tenant_no", "integer");
    DeleteTenantsLicenses: || delete_any("licenses", "tenant_no", "integer");
    DeleteTenantsPools: || delete_any("pools", "tenant_no", "integer");
    DeleteTenantsOrganizations: || delete_any("organizations", "tenant_no", "integer");
    DeleteTenantsUsers: || delete_any("users", "tenant_no", "integer");
    DeleteTenantsSeats: || delete_any("seats", "tenant_no", "integer");
    DeleteTenantsSessions: || delete_any("sessions", "tenant_no", "integer");
    DeleteTenantsNotifications: || delete_any("notifications", "tenant_no", "integer");

    DeleteLicenses: delete::<LicenseRow>;
    DeleteOrganizations: delete::<OrganizationRow>;
    DeleteUsers: delete::<UserRow>;
    DeleteSeats: delete::<SeatRow>;
    DeleteSessions: delete::<SessionRow>;
    DeleteNotifications: delete::<NotificationRow>;
    DeleteTokens: || delete_any("tokens", "token_id", "bigint");

    PutTenants: put::<TenantRow>;
    PutLicenses: put::<LicenseRow>;
    PutPools: put::<PoolRow>;
    PutOrganizations: put::<OrganizationRow>;
    PutUsers: put::<UserRow>;
    PutSeats: put::<SeatRow>;
    PutSessions: put::<SessionRow>;
    PutNotifications: put::<NotificationRow>;
    PutTokens: put::<TokenRow>;
    PutLicenseFloors: put::<LicenseFloor>;
    // A new event needs no search for an existing row, which saves a third of the time.
    PutEvents: insert::<AuditEvent>;
    PutEventsAgain: put::<AuditEvent>;
    PutBlocks: insert::<Block>;
}
