//! Changes as SQL statements. A put writes the whole row; repeating it is harmless.

use std::marker::PhantomData;
use std::sync::LazyLock;

use rusqlite::{Connection, Params, params, params_from_iter};

use crate::ids::ShardId;
use crate::ledger::change::{AuditEvent, Change, OrganizationRow, PoolRow, SeatRow, SessionRow, TenantRow, UserRow};
use crate::ledger::license::LicenseRow;
use crate::ledger::license_floors::LicenseFloor;
use crate::ledger::notification::NotificationRow;
use crate::ledger::token::TokenRow;
use crate::store::audit_block::Block;
use crate::store::table::{ColumnValue, Table, names};

/// The tables whose rows belong to a tenant number. Not the audit, which outlives the tenant.
const DELETE_TENANT: [&str; 8] = [
    "/* usher:delete_tenant */ DELETE FROM tenants WHERE shard_id = ?1 AND tenant_no = ?2",
    "/* usher:delete_tenant */ DELETE FROM licenses WHERE shard_id = ?1 AND tenant_no = ?2",
    "/* usher:delete_tenant */ DELETE FROM pools WHERE shard_id = ?1 AND tenant_no = ?2",
    "/* usher:delete_tenant */ DELETE FROM organizations WHERE shard_id = ?1 AND tenant_no = ?2",
    "/* usher:delete_tenant */ DELETE FROM users WHERE shard_id = ?1 AND tenant_no = ?2",
    "/* usher:delete_tenant */ DELETE FROM seats WHERE shard_id = ?1 AND tenant_no = ?2",
    "/* usher:delete_tenant */ DELETE FROM sessions WHERE shard_id = ?1 AND tenant_no = ?2",
    "/* usher:delete_tenant */ DELETE FROM notifications WHERE shard_id = ?1 AND tenant_no = ?2",
];
static TENANTS: LazyLock<Sql<TenantRow>> = LazyLock::new(Sql::new);
static LICENSES: LazyLock<Sql<LicenseRow>> = LazyLock::new(Sql::new);
static POOLS: LazyLock<Sql<PoolRow>> = LazyLock::new(Sql::new);
static ORGANIZATIONS: LazyLock<Sql<OrganizationRow>> = LazyLock::new(Sql::new);
static USERS: LazyLock<Sql<UserRow>> = LazyLock::new(Sql::new);
static SEATS: LazyLock<Sql<SeatRow>> = LazyLock::new(Sql::new);
static SESSIONS: LazyLock<Sql<SessionRow>> = LazyLock::new(Sql::new);
static NOTIFICATIONS: LazyLock<Sql<NotificationRow>> = LazyLock::new(Sql::new);
static TOKENS: LazyLock<Sql<TokenRow>> = LazyLock::new(Sql::new);
static LICENSE_FLOORS: LazyLock<Sql<LicenseFloor>> = LazyLock::new(Sql::new);
static EVENTS: LazyLock<Sql<AuditEvent>> = LazyLock::new(Sql::new);
static BLOCKS: LazyLock<String> = LazyLock::new(|| format!("/* usher:put_audit_block */ INSERT {}", into::<Block>()));

/// The statements of a table, made once from its list of columns.
struct Sql<T> {
    put: String,
    delete: String,
    row: PhantomData<fn(&T)>,
}

impl<T: Table> Sql<T> {
    fn new() -> Self {
        let table = T::NAME;
        let key: String =
            T::COLUMNS[..T::KEY].iter().zip(2..).map(|(column, no)| format!(" AND {} = ?{no}", column.name)).collect();
        Self {
            put: format!("/* usher:put_{table} */ REPLACE {}", into::<T>()),
            delete: format!("/* usher:delete_{table} */ DELETE FROM {table} WHERE shard_id = ?1{key}"),
            row: PhantomData,
        }
    }
}

fn into<T: Table>() -> String {
    let values: String = (2..).take(T::COLUMNS.len()).map(|number| format!(", ?{number}")).collect();
    format!("INTO {} (shard_id, {}) VALUES (?1{values})", T::NAME, names(T::COLUMNS))
}

pub fn write(connection: &Connection, shard: ShardId, change: &Change) -> rusqlite::Result<()> {
    let run = Run { connection, shard };
    match change {
        Change::PutTenant(row) => run.put(&TENANTS, row),
        Change::DeleteTenant(no) => DELETE_TENANT.iter().try_for_each(|sql| run.sql(sql, params![shard.0, no.0])),
        Change::PutLicense(row) => run.put(&LICENSES, row),
        Change::DeleteLicense(tenant, id, revision) => {
            run.sql(&LICENSES.delete, params![shard.0, tenant.0, id.as_str(), revision.cast_signed()])
        }
        Change::PutPool(row) => run.put(&POOLS, row),
        Change::PutOrganization(row) => run.put(&ORGANIZATIONS, row),
        Change::DeleteOrganization(tenant, no) => run.sql(&ORGANIZATIONS.delete, params![shard.0, tenant.0, no.0]),
        Change::PutUser(row) => run.put(&USERS, row),
        Change::DeleteUser(tenant, no) => run.sql(&USERS.delete, params![shard.0, tenant.0, no.0]),
        Change::PutSeat(row) => run.put(&SEATS, row),
        Change::DeleteSeat(tenant, user, pool) => run.sql(&SEATS.delete, params![shard.0, tenant.0, user.0, pool.0]),
        Change::PutSession(row) => run.put(&SESSIONS, row),
        Change::DeleteSession(tenant, user, session_no) => {
            run.sql(&SESSIONS.delete, params![shard.0, tenant.0, user.0, session_no.0])
        }
        Change::PutNotification(row) => run.put(&NOTIFICATIONS, row),
        Change::DeleteNotification(tenant, topic) => {
            run.sql(&NOTIFICATIONS.delete, params![shard.0, tenant.0, topic.to_string()])
        }
        Change::PutToken(row) => run.put(&TOKENS, row),
        Change::DeleteToken(id) => run.sql(&TOKENS.delete, params![shard.0, id.0.cast_signed()]),
        Change::PutLicenseFloor(row) => run.put(&LICENSE_FLOORS, row),
    }
}

pub fn write_event(connection: &Connection, shard: ShardId, event: &AuditEvent) -> rusqlite::Result<()> {
    Run { connection, shard }.put(&EVENTS, event)
}

/// Blocks are written once: the number must not exist yet.
pub fn write_block(connection: &Connection, shard: ShardId, block: &Block) -> rusqlite::Result<()> {
    Run { connection, shard }.row(&BLOCKS, block)
}

struct Run<'a> {
    connection: &'a Connection,
    shard: ShardId,
}

impl Run<'_> {
    fn sql(&self, sql: &str, params: impl Params) -> rusqlite::Result<()> {
        self.connection.prepare_cached(sql)?.execute(params).map(|_| ())
    }

    fn put<T: Table>(&self, sql: &Sql<T>, row: &T) -> rusqlite::Result<()> {
        self.row(&sql.put, row)
    }

    fn row<T: Table>(&self, sql: &str, row: &T) -> rusqlite::Result<()> {
        let mut values = Vec::with_capacity(1 + T::COLUMNS.len());
        values.push(ColumnValue::Number(self.shard.0.into()));
        row.write(&mut values);
        self.sql(sql, params_from_iter(values))
    }
}
