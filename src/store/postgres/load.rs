//! Loads all rows of a shard, in chunks, as the server sends them.

use std::pin::pin;
use std::time::Duration;

use futures_util::TryStreamExt;
use tokio::sync::mpsc::Sender;
use tokio::time::timeout;
use tokio_postgres::{Client, Row};

use super::error::{Failure, damaged};
use super::{installation, node_rows, snapshot};
use crate::ids::{
    DeviceId, EventNo, LicenseId, OrganizationId, OrganizationNo, PoolId, PoolNo, SessionId, ShardId, TenantId,
    TenantNo, TokenId, TokenName, UserId, UserNo,
};
use crate::ledger::change::{Actor, Change, OrganizationRow, PoolRow, SeatRow, SessionRow, TenantRow, UserRow};
use crate::ledger::license::LicenseRow;
use crate::ledger::license_floors::LicenseFloor;
use crate::ledger::notification::NotificationRow;
use crate::ledger::time::{Tick, Wall};
use crate::ledger::token::TokenRow;
use crate::store::{StoreError, encode, notifications, terms, tokens};

/// Rows in one message: enough to make sending cheap, few enough to use little memory.
const CHUNK_ROWS: usize = 2048;
/// Time to wait for the next row. The first row of a large table may take a while.
const ROW_TIMEOUT: Duration = Duration::from_secs(30);

type Parse = fn(&Row) -> Result<Change, Failure>;

/// The tables in the order that the trait promises. Of each: its name, how many of its first columns are its key
/// (without the shard), the statement, and the parser of a row.
const TABLES: [(&str, usize, &str, Parse); 10] = [
    (
        "tenants",
        1,
        "/* usher:load_tenants */
        SELECT tenant_no, tenant_id, display_name, contact, state, policy, created, version, license_fetch
        FROM tenants WHERE shard_id = $1",
        tenant,
    ),
    (
        "licenses",
        3,
        "/* usher:load_licenses */
        SELECT tenant_no, license_id, revision, standing, revoked_up_to, not_before_ms, expires_ms, entitlements,
               terms, document, installed, installed_by, changed
        FROM licenses WHERE shard_id = $1",
        license,
    ),
    ("pools", 2, "/* usher:load_pools */ SELECT tenant_no, pool_no, pool_id FROM pools WHERE shard_id = $1", pool),
    (
        "organizations",
        2,
        "/* usher:load_organizations */
        SELECT tenant_no, organization_no, organization_id, display_name, created, version
        FROM organizations WHERE shard_id = $1",
        organization,
    ),
    (
        "users",
        2,
        "/* usher:load_users */
        SELECT tenant_no, user_no, user_id, administrator, blocked, profile, created, version
        FROM users WHERE shard_id = $1",
        user,
    ),
    (
        "seats",
        3,
        "/* usher:load_seats */
        SELECT tenant_no, user_no, pool_no, granted, grant_event_no, organizations FROM seats WHERE shard_id = $1",
        seat,
    ),
    (
        "sessions",
        3,
        "/* usher:load_sessions */
        SELECT tenant_no, user_no, place, session_id, pool_no, organization_no, device_id, client,
               administrator, exempt, started, last_activity, lease_ttl_ms, ended, ended_reason,
               coalesce(signed_in, started)
        FROM sessions WHERE shard_id = $1",
        session,
    ),
    (
        "notifications",
        2,
        "/* usher:load_notifications */
        SELECT tenant_no, topic, event_no, raised, cleared, facts, deliveries
        FROM notifications WHERE shard_id = $1",
        notification,
    ),
    (
        "tokens",
        1,
        "/* usher:load_tokens */
        SELECT token_id, name, hash, roles, tenants, created_ms, created_by, expires_ms, revoked_ms, last_used_ms
        FROM tokens WHERE shard_id = $1",
        token,
    ),
    (
        "license_floors",
        2,
        "/* usher:load_license_floors */
        SELECT tenant_id, license_id, revision, revoked_up_to, fingerprint FROM license_floors WHERE shard_id = $1",
        license_floor,
    ),
];

/// Sends the rows, either as they are or as chunks of a snapshot.
pub async fn load<P: From<Vec<Change>>>(client: &Client, shard: ShardId, rows: &Sender<P>) -> Result<(), Failure> {
    let mut chunk = Vec::with_capacity(CHUNK_ROWS);
    for (table, keys, sql, parse) in TABLES {
        let key: Vec<usize> = (0..keys).collect();
        let statement = client.prepare(sql).await?;
        let found = client.query_raw(&statement, [shard.0.cast_signed()]).await?;
        let mut found = pin!(found);
        while let Some(row) = timeout(ROW_TIMEOUT, found.try_next()).await.map_err(|_| silent())?? {
            chunk.push(parse(&row).map_err(|error| damaged(table, &row, &key, error))?);
            if chunk.len() == CHUNK_ROWS {
                send(rows, std::mem::replace(&mut chunk, Vec::with_capacity(CHUNK_ROWS))).await?;
            }
        }
    }
    if chunk.is_empty() { Ok(()) } else { send(rows, chunk).await }
}

/// Each table with a statement that names all its columns.
pub fn statements() -> impl Iterator<Item = (&'static str, &'static str)> {
    let rows = TABLES.iter().map(|(table, _, sql, _)| (*table, *sql));
    rows.chain([
        ("shards", snapshot::READ_SHARD),
        ("installation", installation::READ),
        ("audit", snapshot::READ_EVENTS),
        ("audit_blocks", snapshot::READ_BLOCKS),
        ("audit_floor", snapshot::READ_FLOOR),
        ("owners", node_rows::READ_OWNERS),
        ("nodes", node_rows::READ_NODES),
    ])
}

fn silent() -> StoreError {
    StoreError("no answer in time".into())
}

async fn send<P: From<Vec<Change>>>(rows: &Sender<P>, chunk: Vec<Change>) -> Result<(), Failure> {
    rows.send(chunk.into()).await.map_err(|_| Failure::Store(StoreError("nobody takes the rows".into())))
}

fn tenant(row: &Row) -> Result<Change, Failure> {
    Ok(Change::PutTenant(TenantRow {
        no: TenantNo(number(row, 0)?),
        id: TenantId::stored(row.try_get(1)?),
        display_name: row.try_get::<_, &str>(2)?.into(),
        contact: row.try_get::<_, &str>(3)?.into(),
        state: encode::tenant_state(row.try_get::<_, i16>(4)?.into())?,
        policy: encode::policy_from_text(row.try_get(5)?)?,
        created: tick(row, 6)?,
        version: bits(row, 7)?,
        license_fetch: row.try_get::<_, Option<&str>>(8)?.map(encode::license_fetch_from_text).transpose()?,
    }))
}

fn license(row: &Row) -> Result<Change, Failure> {
    Ok(Change::PutLicense(LicenseRow {
        tenant: TenantNo(number(row, 0)?),
        id: LicenseId::stored(row.try_get(1)?),
        revision: bits(row, 2)?,
        standing: encode::standing(row.try_get::<_, i16>(3)?.into())?,
        revoked_up_to: row.try_get::<_, Option<i64>>(4)?.map(i64::cast_unsigned),
        not_before: row.try_get::<_, Option<i64>>(5)?.map(Wall),
        expires: row.try_get::<_, Option<i64>>(6)?.map(Wall),
        entitlements: encode::entitlements_from_text(row.try_get(7)?)?,
        terms: terms::from_text(row.try_get(8)?, row.try_get(9)?)?.into(),
        installed: tick(row, 10)?,
        installed_by: Actor(row.try_get::<_, &str>(11)?.into()),
        changed: tick(row, 12)?,
    }))
}

fn pool(row: &Row) -> Result<Change, Failure> {
    Ok(Change::PutPool(PoolRow {
        tenant: TenantNo(number(row, 0)?),
        no: PoolNo(small(row, 1)?),
        id: PoolId::stored(row.try_get(2)?),
    }))
}

fn organization(row: &Row) -> Result<Change, Failure> {
    Ok(Change::PutOrganization(OrganizationRow {
        tenant: TenantNo(number(row, 0)?),
        no: OrganizationNo(number(row, 1)?),
        id: OrganizationId::stored(row.try_get(2)?),
        display_name: row.try_get::<_, &str>(3)?.into(),
        created: tick(row, 4)?,
        version: bits(row, 5)?,
    }))
}

fn user(row: &Row) -> Result<Change, Failure> {
    let (profile, former) = encode::profile_from_text(row.try_get(5)?)?;
    Ok(Change::PutUser(UserRow {
        tenant: TenantNo(number(row, 0)?),
        no: UserNo(number(row, 1)?),
        id: UserId::stored(row.try_get(2)?),
        administrator: row.try_get(3)?,
        blocked: encode::block_cause(row.try_get::<_, Option<i16>>(4)?.map(i64::from))?,
        profile,
        former,
        created: tick(row, 6)?,
        version: bits(row, 7)?,
    }))
}

fn seat(row: &Row) -> Result<Change, Failure> {
    Ok(Change::PutSeat(SeatRow {
        tenant: TenantNo(number(row, 0)?),
        user: UserNo(number(row, 1)?),
        pool: PoolNo(small(row, 2)?),
        granted: tick(row, 3)?,
        order: EventNo(bits(row, 4)?),
        access: encode::access_from_text(row.try_get(5)?)?,
    }))
}

fn session(row: &Row) -> Result<Change, Failure> {
    Ok(Change::PutSession(SessionRow {
        tenant: TenantNo(number(row, 0)?),
        user: UserNo(number(row, 1)?),
        no: small(row, 2)?,
        id: SessionId(row.try_get(3)?),
        pool: PoolNo(small(row, 4)?),
        organization: row.try_get::<_, Option<i32>>(5)?.map(|no| OrganizationNo(no.cast_unsigned())),
        device: DeviceId::stored(row.try_get(6)?),
        client: row.try_get::<_, &str>(7)?.into(),
        administrator: row.try_get(8)?,
        exempt: row.try_get(9)?,
        started: tick(row, 10)?,
        signed_in: tick(row, 15)?,
        last_activity: tick(row, 11)?,
        lease_ttl: Duration::from_millis(bits(row, 12)?),
        ended: encode::ended(row.try_get(13)?, row.try_get::<_, Option<i16>>(14)?.map(i64::from))?,
    }))
}

fn notification(row: &Row) -> Result<Change, Failure> {
    Ok(Change::PutNotification(NotificationRow {
        tenant: TenantNo(number(row, 0)?),
        topic: notifications::topic(row.try_get(1)?)?,
        event: EventNo(bits(row, 2)?),
        raised: tick(row, 3)?,
        cleared: row.try_get(4)?,
        facts: notifications::facts_from_text(row.try_get(5)?)?,
        deliveries: notifications::deliveries_from_text(row.try_get(6)?)?,
    }))
}

fn token(row: &Row) -> Result<Change, Failure> {
    let wall = |column| row.try_get::<usize, Option<i64>>(column).map(|ms| ms.map(Wall));
    Ok(Change::PutToken(TokenRow {
        id: TokenId(bits(row, 0)?),
        name: TokenName::stored(row.try_get(1)?),
        hash: tokens::hash(row.try_get(2)?)?,
        roles: tokens::roles(row.try_get::<_, i16>(3)?.into())?,
        tenants: tokens::tenants_from_text(row.try_get(4)?)?,
        created: Wall(row.try_get(5)?),
        created_by: Actor(row.try_get::<_, &str>(6)?.into()),
        expires: wall(7)?,
        revoked: wall(8)?,
        last_used: wall(9)?,
    }))
}

fn license_floor(row: &Row) -> Result<Change, Failure> {
    Ok(Change::PutLicenseFloor(LicenseFloor {
        tenant: TenantId::stored(row.try_get(0)?),
        license: LicenseId::stored(row.try_get(1)?),
        revision: bits(row, 2)?,
        revoked_up_to: row.try_get::<_, Option<i64>>(3)?.map(i64::cast_unsigned),
        fingerprint: bits(row, 4)?,
    }))
}

fn tick(row: &Row, column: usize) -> Result<Tick, Failure> {
    bits(row, column).map(Tick)
}

fn bits(row: &Row, column: usize) -> Result<u64, Failure> {
    Ok(row.try_get::<_, i64>(column)?.cast_unsigned())
}

fn number(row: &Row, column: usize) -> Result<u32, Failure> {
    Ok(row.try_get::<_, i32>(column)?.cast_unsigned())
}

fn small(row: &Row, column: usize) -> Result<u16, Failure> {
    let value: i32 = row.try_get(column)?;
    u16::try_from(value).map_err(|_| Failure::Store(StoreError(format!("column {column}: {value} is out of range"))))
}
