//! Changes as SQL statements. A put writes the whole row; repeating it is harmless.
//!
//! SQLite's integers are signed: 64-bit ticks and versions are stored with the same bits.

use rusqlite::{Connection, Params, params};

use crate::ids::ShardId;
use crate::ledger::change::{AuditEvent, Change, OrganizationRow, SeatRow, SessionRow, TenantRow, UserRow};
use crate::ledger::license::LicenseRow;
use crate::ledger::license_floors::LicenseFloor;
use crate::ledger::notification::NotificationRow;
use crate::ledger::token::TokenRow;
use crate::store::{encode, notifications, terms, tokens};

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
const PUT_TENANT: &str = "/* usher:put_tenant */ REPLACE INTO tenants
    (shard_id, tenant_no, tenant_id, display_name, contact, state, policy, created, version, license_fetch)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
const PUT_LICENSE: &str = "/* usher:put_license */ REPLACE INTO licenses
    (shard_id, tenant_no, license_id, revision, standing, revoked_up_to, not_before_ms, expires_ms, entitlements,
     terms, document, installed, installed_by, changed)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)";
const DELETE_LICENSE: &str = "/* usher:delete_license */ DELETE FROM licenses
    WHERE shard_id = ?1 AND tenant_no = ?2 AND license_id = ?3 AND revision = ?4";
const PUT_POOL: &str = "/* usher:put_pool */ REPLACE INTO pools
    (shard_id, tenant_no, pool_no, pool_id) VALUES (?1, ?2, ?3, ?4)";
const PUT_ORGANIZATION: &str = "/* usher:put_organization */ REPLACE INTO organizations
    (shard_id, tenant_no, organization_no, organization_id, display_name, created, version)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
const DELETE_ORGANIZATION: &str = "/* usher:delete_organization */ DELETE FROM organizations
    WHERE shard_id = ?1 AND tenant_no = ?2 AND organization_no = ?3";
const PUT_USER: &str = "/* usher:put_user */ REPLACE INTO users
    (shard_id, tenant_no, user_no, user_id, administrator, blocked, profile, created, version)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
const DELETE_USER: &str = "/* usher:delete_user */ DELETE FROM users
    WHERE shard_id = ?1 AND tenant_no = ?2 AND user_no = ?3";
const PUT_SEAT: &str = "/* usher:put_seat */ REPLACE INTO seats
    (shard_id, tenant_no, user_no, pool_no, granted, grant_event_no, organizations)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
const DELETE_SEAT: &str = "/* usher:delete_seat */ DELETE FROM seats
    WHERE shard_id = ?1 AND tenant_no = ?2 AND user_no = ?3 AND pool_no = ?4";
const PUT_SESSION: &str = "/* usher:put_session */ REPLACE INTO sessions
    (shard_id, tenant_no, user_no, place, session_id, pool_no, organization_no, device_id, client,
     administrator, exempt, started, last_activity, lease_ttl_ms, ended, ended_reason, signed_in)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)";
const DELETE_SESSION: &str = "/* usher:delete_session */ DELETE FROM sessions
    WHERE shard_id = ?1 AND tenant_no = ?2 AND user_no = ?3 AND place = ?4";
const PUT_NOTIFICATION: &str = "/* usher:put_notification */ REPLACE INTO notifications
    (shard_id, tenant_no, topic, event_no, raised, cleared, facts, deliveries)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
const DELETE_NOTIFICATION: &str = "/* usher:delete_notification */ DELETE FROM notifications
    WHERE shard_id = ?1 AND tenant_no = ?2 AND topic = ?3";
const PUT_TOKEN: &str = "/* usher:put_token */ REPLACE INTO tokens
    (shard_id, token_id, name, hash, roles, tenants, created_ms, created_by, expires_ms, revoked_ms, last_used_ms)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
const DELETE_TOKEN: &str = "/* usher:delete_token */ DELETE FROM tokens WHERE shard_id = ?1 AND token_id = ?2";
const PUT_LICENSE_FLOOR: &str = "/* usher:put_license_floor */ REPLACE INTO license_floors
    (shard_id, tenant_id, license_id, revision, revoked_up_to, fingerprint) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
const PUT_EVENT: &str = "/* usher:put_event */ REPLACE INTO audit
    (shard_id, tenant_no, event_no, at_ms, actor, action, reason, user_id, pool_id, session_id, organization_id,
     count, detail)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)";

pub fn write(connection: &Connection, shard: ShardId, change: &Change) -> rusqlite::Result<()> {
    let run = Run { connection, shard };
    match change {
        Change::PutTenant(row) => run.tenant(row),
        Change::DeleteTenant(no) => DELETE_TENANT.iter().try_for_each(|sql| run.sql(sql, params![shard.0, no.0])),
        Change::PutLicense(row) => run.license(row),
        Change::DeleteLicense(tenant, id, revision) => {
            run.sql(DELETE_LICENSE, params![shard.0, tenant.0, id.as_str(), revision.cast_signed()])
        }
        Change::PutPool(row) => run.sql(PUT_POOL, params![shard.0, row.tenant.0, row.no.0, row.id.as_str()]),
        Change::PutOrganization(row) => run.organization(row),
        Change::DeleteOrganization(tenant, no) => run.sql(DELETE_ORGANIZATION, params![shard.0, tenant.0, no.0]),
        Change::PutUser(row) => run.user(row),
        Change::DeleteUser(tenant, no) => run.sql(DELETE_USER, params![shard.0, tenant.0, no.0]),
        Change::PutSeat(row) => run.seat(row),
        Change::DeleteSeat(tenant, user, pool) => run.sql(DELETE_SEAT, params![shard.0, tenant.0, user.0, pool.0]),
        Change::PutSession(row) => run.session(row),
        Change::DeleteSession(tenant, user, session_no) => {
            run.sql(DELETE_SESSION, params![shard.0, tenant.0, user.0, session_no])
        }
        Change::PutNotification(row) => run.notification(row),
        Change::DeleteNotification(tenant, topic) => {
            run.sql(DELETE_NOTIFICATION, params![shard.0, tenant.0, topic.to_string()])
        }
        Change::PutToken(row) => run.token(row),
        Change::DeleteToken(id) => run.sql(DELETE_TOKEN, params![shard.0, id.0.cast_signed()]),
        Change::PutLicenseFloor(row) => run.license_floor(row),
    }
}

pub fn write_event(connection: &Connection, shard: ShardId, event: &AuditEvent) -> rusqlite::Result<()> {
    Run { connection, shard }.sql(
        PUT_EVENT,
        params![
            shard.0,
            event.tenant.0,
            event.no.0.cast_signed(),
            event.at.0,
            &*event.actor.0,
            event.action.code(),
            event.reason.map(|reason| reason.code()),
            event.user.as_ref().map(|id| id.as_str()),
            event.pool.as_ref().map(|id| id.as_str()),
            event.session.as_ref().map(|id| id.0.as_bytes()),
            event.organization.as_ref().map(|id| id.as_str()),
            event.count,
            &*event.detail,
        ],
    )
}

struct Run<'a> {
    connection: &'a Connection,
    shard: ShardId,
}

impl Run<'_> {
    fn sql(&self, sql: &str, params: impl Params) -> rusqlite::Result<()> {
        self.connection.prepare_cached(sql)?.execute(params).map(|_| ())
    }

    fn tenant(&self, row: &TenantRow) -> rusqlite::Result<()> {
        self.sql(
            PUT_TENANT,
            params![
                self.shard.0,
                row.no.0,
                row.id.as_str(),
                &*row.display_name,
                &*row.contact,
                encode::tenant_state_code(row.state),
                encode::policy_to_text(&row.policy),
                row.created.0.cast_signed(),
                row.version.cast_signed(),
                row.license_fetch.as_ref().map(encode::license_fetch_to_text),
            ],
        )
    }

    fn license(&self, row: &LicenseRow) -> rusqlite::Result<()> {
        self.sql(
            PUT_LICENSE,
            params![
                self.shard.0,
                row.tenant.0,
                row.id.as_str(),
                row.revision.cast_signed(),
                row.standing.code(),
                row.revoked_up_to.map(u64::cast_signed),
                row.not_before.map(|wall| wall.0),
                row.expires.map(|wall| wall.0),
                encode::entitlements_to_text(&row.entitlements),
                terms::to_text(&row.terms),
                &*row.terms.document,
                row.installed.0.cast_signed(),
                &*row.installed_by.0,
                row.changed.0.cast_signed(),
            ],
        )
    }

    fn organization(&self, row: &OrganizationRow) -> rusqlite::Result<()> {
        self.sql(
            PUT_ORGANIZATION,
            params![
                self.shard.0,
                row.tenant.0,
                row.no.0,
                row.id.as_str(),
                &*row.display_name,
                row.created.0.cast_signed(),
                row.version.cast_signed(),
            ],
        )
    }

    fn user(&self, row: &UserRow) -> rusqlite::Result<()> {
        self.sql(
            PUT_USER,
            params![
                self.shard.0,
                row.tenant.0,
                row.no.0,
                row.id.as_str(),
                row.administrator,
                row.blocked.map(encode::block_code),
                encode::profile_to_text(&row.profile, &row.former),
                row.created.0.cast_signed(),
                row.version.cast_signed(),
            ],
        )
    }

    fn seat(&self, row: &SeatRow) -> rusqlite::Result<()> {
        self.sql(
            PUT_SEAT,
            params![
                self.shard.0,
                row.tenant.0,
                row.user.0,
                row.pool.0,
                row.granted.0.cast_signed(),
                row.order.0.cast_signed(),
                encode::access_to_text(&row.access),
            ],
        )
    }

    fn session(&self, row: &SessionRow) -> rusqlite::Result<()> {
        self.sql(
            PUT_SESSION,
            params![
                self.shard.0,
                row.tenant.0,
                row.user.0,
                row.no,
                row.id.0.as_bytes(),
                row.pool.0,
                row.organization.map(|no| no.0),
                row.device.as_str(),
                &*row.client,
                row.administrator,
                row.exempt,
                row.started.0.cast_signed(),
                row.last_activity.0.cast_signed(),
                encode::millis(row.lease_ttl).cast_signed(),
                row.ended.map(|(at, _)| at.0.cast_signed()),
                row.ended.map(|(_, reason)| reason.code()),
                row.signed_in.0.cast_signed(),
            ],
        )
    }

    fn notification(&self, row: &NotificationRow) -> rusqlite::Result<()> {
        self.sql(
            PUT_NOTIFICATION,
            params![
                self.shard.0,
                row.tenant.0,
                row.topic.to_string(),
                row.event.0.cast_signed(),
                row.raised.0.cast_signed(),
                row.cleared,
                notifications::facts_to_text(&row.facts),
                notifications::deliveries_to_text(&row.deliveries),
            ],
        )
    }

    fn license_floor(&self, row: &LicenseFloor) -> rusqlite::Result<()> {
        self.sql(
            PUT_LICENSE_FLOOR,
            params![
                self.shard.0,
                row.tenant.as_str(),
                row.license.as_str(),
                row.revision.cast_signed(),
                row.revoked_up_to.map(u64::cast_signed),
                row.fingerprint.cast_signed(),
            ],
        )
    }

    fn token(&self, row: &TokenRow) -> rusqlite::Result<()> {
        self.sql(
            PUT_TOKEN,
            params![
                self.shard.0,
                row.id.0.cast_signed(),
                row.name.as_str(),
                row.hash.0,
                row.roles.code(),
                tokens::tenants_to_text(&row.tenants),
                row.created.0,
                &*row.created_by.0,
                row.expires.map(|wall| wall.0),
                row.revoked.map(|wall| wall.0),
                row.last_used.map(|wall| wall.0),
            ],
        )
    }
}
