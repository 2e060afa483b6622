//! Loads all rows of a shard, in chunks.

use std::time::Duration;

use rusqlite::{Connection, Row};
use tokio::sync::mpsc::Sender;
use uuid::Uuid;

use super::row_error::{damaged, name};
use super::{installation, shards, snapshot};
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
use crate::store::{ReadError, StoreError, encode, notifications, terms, tokens};

/// Rows in one message: enough to make sending cheap, few enough to use little memory.
const CHUNK_ROWS: usize = 2048;

type Parse = fn(&Row<'_>) -> Result<Change, StoreError>;

/// The tables in the order that the trait promises; the rows of each are in the order of the key, so reading is a scan.
/// Of each table: its name, how many of its first columns are its key (without the shard), the statement, and the
/// parser of a row.
const TABLES: [(&str, usize, &str, Parse); 10] = [
    (
        "tenants",
        1,
        "/* usher:load_tenants */
        SELECT tenant_no, tenant_id, display_name, contact, state, policy, created, version, license_fetch
        FROM tenants WHERE shard_id = ?1",
        tenant,
    ),
    (
        "licenses",
        3,
        "/* usher:load_licenses */
        SELECT tenant_no, license_id, revision, standing, revoked_up_to, not_before_ms, expires_ms, entitlements,
               terms, document, installed, installed_by, changed
        FROM licenses WHERE shard_id = ?1",
        license,
    ),
    ("pools", 2, "/* usher:load_pools */ SELECT tenant_no, pool_no, pool_id FROM pools WHERE shard_id = ?1", pool),
    (
        "organizations",
        2,
        "/* usher:load_organizations */
        SELECT tenant_no, organization_no, organization_id, display_name, created, version
        FROM organizations WHERE shard_id = ?1",
        organization,
    ),
    (
        "users",
        2,
        "/* usher:load_users */
        SELECT tenant_no, user_no, user_id, administrator, blocked, profile, created, version
        FROM users WHERE shard_id = ?1",
        user,
    ),
    (
        "seats",
        3,
        "/* usher:load_seats */
        SELECT tenant_no, user_no, pool_no, granted, grant_event_no, organizations FROM seats WHERE shard_id = ?1",
        seat,
    ),
    (
        "sessions",
        3,
        "/* usher:load_sessions */
        SELECT tenant_no, user_no, place, session_id, pool_no, organization_no, device_id, client,
               administrator, exempt, started, last_activity, lease_ttl_ms, ended, ended_reason,
               coalesce(signed_in, started)
        FROM sessions WHERE shard_id = ?1",
        session,
    ),
    (
        "notifications",
        2,
        "/* usher:load_notifications */
        SELECT tenant_no, topic, event_no, raised, cleared, facts, deliveries
        FROM notifications WHERE shard_id = ?1",
        notification,
    ),
    (
        "tokens",
        1,
        "/* usher:load_tokens */
        SELECT token_id, name, hash, roles, tenants, created_ms, created_by, expires_ms, revoked_ms, last_used_ms
        FROM tokens WHERE shard_id = ?1",
        token,
    ),
    (
        "license_floors",
        2,
        "/* usher:load_license_floors */
        SELECT tenant_id, license_id, revision, revoked_up_to, fingerprint FROM license_floors WHERE shard_id = ?1",
        license_floor,
    ),
];

/// Sends the rows, either as they are or as chunks of a snapshot.
pub fn load<P: From<Vec<Change>>>(connection: &Connection, shard: ShardId, rows: &Sender<P>) -> Result<(), ReadError> {
    let mut chunk = Vec::with_capacity(CHUNK_ROWS);
    for (table, keys, sql, parse) in TABLES {
        let key: Vec<usize> = (0..keys).collect();
        let mut statement = connection.prepare(sql)?;
        let mut found = statement.query([shard.0])?;
        while let Some(row) = found.next()? {
            chunk.push(parse(row).map_err(|error| damaged(table, row, &key, &error))?);
            if chunk.len() == CHUNK_ROWS {
                send(rows, std::mem::replace(&mut chunk, Vec::with_capacity(CHUNK_ROWS)))?;
            }
        }
    }
    if chunk.is_empty() { Ok(()) } else { Ok(send(rows, chunk)?) }
}

/// Each table with a statement that names all its columns.
pub fn statements() -> impl Iterator<Item = (&'static str, &'static str)> {
    let rows = TABLES.iter().map(|(table, _, sql, _)| (*table, *sql));
    rows.chain([
        ("shards", shards::READ),
        ("installation", installation::READ),
        ("audit", snapshot::READ_EVENTS),
        ("audit_blocks", snapshot::READ_BLOCKS),
        ("audit_floor", snapshot::READ_FLOOR),
    ])
}

fn send<P: From<Vec<Change>>>(rows: &Sender<P>, chunk: Vec<Change>) -> Result<(), StoreError> {
    rows.blocking_send(chunk.into()).map_err(|_| StoreError("nobody takes the rows".into()))
}

fn tenant(row: &Row<'_>) -> Result<Change, StoreError> {
    Ok(Change::PutTenant(TenantRow {
        no: TenantNo(row.get(0)?),
        id: TenantId::stored(text(row, 1)?),
        display_name: text(row, 2)?.into(),
        contact: text(row, 3)?.into(),
        state: encode::tenant_state(row.get(4)?)?,
        policy: encode::policy_from_text(text(row, 5)?)?,
        created: tick(row, 6)?,
        version: bits(row, 7)?,
        license_fetch: optional_text(row, 8)?.map(encode::license_fetch_from_text).transpose()?,
    }))
}

fn license(row: &Row<'_>) -> Result<Change, StoreError> {
    Ok(Change::PutLicense(LicenseRow {
        tenant: TenantNo(row.get(0)?),
        id: LicenseId::stored(text(row, 1)?),
        revision: bits(row, 2)?,
        standing: encode::standing(row.get(3)?)?,
        revoked_up_to: row.get::<_, Option<i64>>(4)?.map(i64::cast_unsigned),
        not_before: row.get::<_, Option<i64>>(5)?.map(Wall),
        expires: row.get::<_, Option<i64>>(6)?.map(Wall),
        entitlements: encode::entitlements_from_text(text(row, 7)?)?,
        terms: terms::from_text(text(row, 8)?, text(row, 9)?)?.into(),
        installed: tick(row, 10)?,
        installed_by: Actor(text(row, 11)?.into()),
        changed: tick(row, 12)?,
    }))
}

fn pool(row: &Row<'_>) -> Result<Change, StoreError> {
    Ok(Change::PutPool(PoolRow {
        tenant: TenantNo(row.get(0)?),
        no: PoolNo(row.get(1)?),
        id: PoolId::stored(text(row, 2)?),
    }))
}

fn organization(row: &Row<'_>) -> Result<Change, StoreError> {
    Ok(Change::PutOrganization(OrganizationRow {
        tenant: TenantNo(row.get(0)?),
        no: OrganizationNo(row.get(1)?),
        id: OrganizationId::stored(text(row, 2)?),
        display_name: text(row, 3)?.into(),
        created: tick(row, 4)?,
        version: bits(row, 5)?,
    }))
}

fn user(row: &Row<'_>) -> Result<Change, StoreError> {
    let (profile, former) = encode::profile_from_text(optional_text(row, 5)?)?;
    Ok(Change::PutUser(UserRow {
        tenant: TenantNo(row.get(0)?),
        no: UserNo(row.get(1)?),
        id: UserId::stored(text(row, 2)?),
        administrator: row.get(3)?,
        blocked: encode::block_cause(row.get(4)?)?,
        profile,
        former,
        created: tick(row, 6)?,
        version: bits(row, 7)?,
    }))
}

fn seat(row: &Row<'_>) -> Result<Change, StoreError> {
    Ok(Change::PutSeat(SeatRow {
        tenant: TenantNo(row.get(0)?),
        user: UserNo(row.get(1)?),
        pool: PoolNo(row.get(2)?),
        granted: tick(row, 3)?,
        order: EventNo(bits(row, 4)?),
        access: encode::access_from_text(optional_text(row, 5)?)?,
    }))
}

fn session(row: &Row<'_>) -> Result<Change, StoreError> {
    Ok(Change::PutSession(SessionRow {
        tenant: TenantNo(row.get(0)?),
        user: UserNo(row.get(1)?),
        no: row.get(2)?,
        id: SessionId(Uuid::from_bytes(row.get(3)?)),
        pool: PoolNo(row.get(4)?),
        organization: row.get::<_, Option<u32>>(5)?.map(OrganizationNo),
        device: DeviceId::stored(text(row, 6)?),
        client: text(row, 7)?.into(),
        administrator: row.get(8)?,
        exempt: row.get(9)?,
        started: tick(row, 10)?,
        signed_in: tick(row, 15)?,
        last_activity: tick(row, 11)?,
        lease_ttl: Duration::from_millis(bits(row, 12)?),
        ended: encode::ended(row.get(13)?, row.get(14)?)?,
    }))
}

fn notification(row: &Row<'_>) -> Result<Change, StoreError> {
    Ok(Change::PutNotification(NotificationRow {
        tenant: TenantNo(row.get(0)?),
        topic: notifications::topic(text(row, 1)?)?,
        event: EventNo(bits(row, 2)?),
        raised: tick(row, 3)?,
        cleared: row.get(4)?,
        facts: notifications::facts_from_text(text(row, 5)?)?,
        deliveries: notifications::deliveries_from_text(text(row, 6)?)?,
    }))
}

fn token(row: &Row<'_>) -> Result<Change, StoreError> {
    let wall = |column| row.get::<_, Option<i64>>(column).map(|ms| ms.map(Wall));
    Ok(Change::PutToken(TokenRow {
        id: TokenId(bits(row, 0)?),
        name: TokenName::stored(text(row, 1)?),
        hash: tokens::hash(&row.get::<_, Vec<u8>>(2)?)?,
        roles: tokens::roles(row.get(3)?)?,
        tenants: tokens::tenants_from_text(optional_text(row, 4)?)?,
        created: Wall(row.get(5)?),
        created_by: Actor(text(row, 6)?.into()),
        expires: wall(7)?,
        revoked: wall(8)?,
        last_used: wall(9)?,
    }))
}

fn license_floor(row: &Row<'_>) -> Result<Change, StoreError> {
    Ok(Change::PutLicenseFloor(LicenseFloor {
        tenant: TenantId::stored(text(row, 0)?),
        license: LicenseId::stored(text(row, 1)?),
        revision: bits(row, 2)?,
        revoked_up_to: row.get::<_, Option<i64>>(3)?.map(i64::cast_unsigned),
        fingerprint: bits(row, 4)?,
    }))
}

fn tick(row: &Row<'_>, column: usize) -> rusqlite::Result<Tick> {
    bits(row, column).map(Tick)
}

fn bits(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    row.get::<_, i64>(column).map(i64::cast_unsigned)
}

/// The text is borrowed from SQLite's memory.
pub fn text<'a>(row: &'a Row<'_>, column: usize) -> Result<&'a str, StoreError> {
    optional_text(row, column)?.ok_or_else(|| StoreError(format!("{}: is empty", name(row, column))))
}

pub fn optional_text<'a>(row: &'a Row<'_>, column: usize) -> Result<Option<&'a str>, StoreError> {
    row.get_ref(column)?.as_str_or_null().map_err(|error| StoreError(format!("{}: {error}", name(row, column))))
}
