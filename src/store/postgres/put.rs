//! The statements of a batch with their values: one array for each column.

use std::pin::Pin;

use tokio_postgres::types::ToSql;
use tokio_postgres::{Error, Statement};

use super::bucket::{Buckets, int};
use super::connection::Connection;
use crate::ids::{DeviceId, LicenseId, OrganizationId, PoolId, ShardId, TenantId, UserId};
use crate::ledger::change::{
    AuditEvent, LicenseRow, OrganizationRow, PoolRow, SeatRow, SessionRow, TenantRow, UserRow,
};
use crate::store::{Batch, Owner, encode};

/// A statement on its way; the answer is the number of rows. Sent when first polled.
pub type Step<'a> = Pin<Box<dyn Future<Output = Result<u64, Error>> + Send + 'a>>;

type Value<'a> = Box<dyn ToSql + Sync + Send + 'a>;

/// Collects the statements of one batch.
pub struct Steps<'a> {
    connection: &'a Connection,
    shard: i16,
    steps: Vec<Step<'a>>,
}

impl<'a> Steps<'a> {
    /// BEGIN and the fence.
    pub fn begin(connection: &'a Connection, shard: ShardId, owner: Owner, batch: &Batch) -> Self {
        let mut steps = Self { connection, shard: shard.0.cast_signed(), steps: Vec::with_capacity(32) };
        steps.steps.push(Box::pin(async { connection.client.batch_execute("BEGIN").await.map(|()| 0) }));
        let position = batch.position;
        steps.push(
            &connection.statements.fence,
            vec![
                Box::new(owner.epoch.0),
                Box::new(owner.token.0),
                Box::new(position.seq.0),
                Box::new(position.tick.0.cast_signed()),
                Box::new(position.wall.0),
                Box::new(position.wall_high.0),
                Box::new(int(position.last_tenant.0)),
                Box::new(position.last_event.0.cast_signed()),
            ],
        );
        steps
    }

    /// Statements for the tables that have rows; deletions first, so that a key is free before it is used again.
    pub fn rows(mut self, batch: &'a Batch) -> Vec<Step<'a>> {
        let rows = Buckets::sort(&batch.rows);
        self.delete(&rows);
        let sql = &self.connection.statements;
        self.put(&sql.put_tenants, &rows.tenants, tenants);
        self.put(&sql.put_licenses, &rows.licenses, licenses);
        self.put(&sql.put_pools, &rows.pools, pools);
        self.put(&sql.put_organizations, &rows.organizations, organizations);
        self.put(&sql.put_users, &rows.users, users);
        self.put(&sql.put_seats, &rows.seats, seats);
        self.put(&sql.put_sessions, &rows.sessions, sessions);
        let events: Vec<&AuditEvent> = batch.events.iter().collect();
        self.put(&sql.put_events, &events, audit);
        self.steps
    }

    fn delete(&mut self, rows: &Buckets<'a>) {
        let sql = &self.connection.statements;
        if !rows.gone_tenants.is_empty() {
            for statement in [
                &sql.delete_tenants,
                &sql.delete_tenants_licenses,
                &sql.delete_tenants_pools,
                &sql.delete_tenants_organizations,
                &sql.delete_tenants_users,
                &sql.delete_tenants_seats,
                &sql.delete_tenants_sessions,
            ] {
                self.push(statement, vec![Box::new(rows.gone_tenants.clone())]);
            }
        }
        self.put(&sql.delete_licenses, &rows.gone_licenses, |rows| vec![column(rows, |k| k.0), column(rows, |k| k.1)]);
        for (statement, keys) in
            [(&sql.delete_organizations, &rows.gone_organizations), (&sql.delete_users, &rows.gone_users)]
        {
            self.put(statement, keys, |rows| vec![column(rows, |k| k.0), column(rows, |k| k.1)]);
        }
        for (statement, keys) in [(&sql.delete_seats, &rows.gone_seats), (&sql.delete_sessions, &rows.gone_sessions)] {
            self.put(statement, keys, |rows| vec![column(rows, |k| k.0), column(rows, |k| k.1), column(rows, |k| k.2)]);
        }
    }

    fn put<R: Copy>(&mut self, statement: &'a Statement, rows: &[R], columns: impl Fn(&[R]) -> Vec<Value<'a>>) {
        if !rows.is_empty() {
            self.push(statement, columns(rows));
        }
    }

    fn push(&mut self, statement: &'a Statement, mut values: Vec<Value<'a>>) {
        values.insert(0, Box::new(self.shard));
        self.steps.push(Box::pin(self.connection.client.execute_raw(statement, values)));
    }
}

fn column<'a, R: Copy, T: ToSql + Sync + Send + 'a>(rows: &[R], value: impl Fn(R) -> T) -> Value<'a> {
    Box::new(rows.iter().map(|row| value(*row)).collect::<Vec<T>>())
}

fn tenants<'a>(rows: &[&'a TenantRow]) -> Vec<Value<'a>> {
    vec![
        column(rows, |row| int(row.no.0)),
        column(rows, |row| TenantId::as_str(&row.id)),
        column(rows, |row| &*row.display_name),
        column(rows, |row| &*row.contact),
        column(rows, |row| i16::from(encode::tenant_state_code(row.state))),
        column(rows, |row| encode::policy_to_text(&row.policy)),
        column(rows, |row| row.created.0.cast_signed()),
        column(rows, |row| row.version.cast_signed()),
    ]
}

fn licenses<'a>(rows: &[&'a LicenseRow]) -> Vec<Value<'a>> {
    vec![
        column(rows, |row| int(row.tenant.0)),
        column(rows, |row| LicenseId::as_str(&row.id)),
        column(rows, |row| row.revision.cast_signed()),
        column(rows, |row| row.not_before.map(|wall| wall.0)),
        column(rows, |row| row.expires.map(|wall| wall.0)),
        column(rows, |row| encode::entitlements_to_text(&row.entitlements)),
    ]
}

fn pools<'a>(rows: &[&'a PoolRow]) -> Vec<Value<'a>> {
    vec![
        column(rows, |row| int(row.tenant.0)),
        column(rows, |row| i32::from(row.no.0)),
        column(rows, |row| PoolId::as_str(&row.id)),
    ]
}

fn organizations<'a>(rows: &[&'a OrganizationRow]) -> Vec<Value<'a>> {
    vec![
        column(rows, |row| int(row.tenant.0)),
        column(rows, |row| int(row.no.0)),
        column(rows, |row| OrganizationId::as_str(&row.id)),
        column(rows, |row| &*row.display_name),
        column(rows, |row| row.created.0.cast_signed()),
        column(rows, |row| row.version.cast_signed()),
    ]
}

fn users<'a>(rows: &[&'a UserRow]) -> Vec<Value<'a>> {
    vec![
        column(rows, |row| int(row.tenant.0)),
        column(rows, |row| int(row.no.0)),
        column(rows, |row| UserId::as_str(&row.id)),
        column(rows, |row| row.administrator),
        column(rows, |row| row.blocked.map(|cause| i16::from(encode::block_code(cause)))),
        column(rows, |row| encode::profile_to_text(&row.profile)),
        column(rows, |row| row.created.0.cast_signed()),
        column(rows, |row| row.version.cast_signed()),
    ]
}

fn seats<'a>(rows: &[&'a SeatRow]) -> Vec<Value<'a>> {
    vec![
        column(rows, |row| int(row.tenant.0)),
        column(rows, |row| int(row.user.0)),
        column(rows, |row| i32::from(row.pool.0)),
        column(rows, |row| row.granted.0.cast_signed()),
        column(rows, |row| row.order.0.cast_signed()),
        column(rows, |row| encode::access_to_text(&row.access)),
    ]
}

fn sessions<'a>(rows: &[&'a SessionRow]) -> Vec<Value<'a>> {
    vec![
        column(rows, |row| int(row.tenant.0)),
        column(rows, |row| int(row.user.0)),
        column(rows, |row| i32::from(row.place)),
        column(rows, |row| row.id.0),
        column(rows, |row| i32::from(row.pool.0)),
        column(rows, |row| row.organization.map(|no| int(no.0))),
        column(rows, |row| DeviceId::as_str(&row.device)),
        column(rows, |row| &*row.client),
        column(rows, |row| row.administrator),
        column(rows, |row| row.exempt),
        column(rows, |row| row.started.0.cast_signed()),
        column(rows, |row| row.last_activity.0.cast_signed()),
        column(rows, |row| encode::millis(row.lease_ttl).cast_signed()),
        column(rows, |row| row.ended.map(|(at, _)| at.0.cast_signed())),
        column(rows, |row| row.ended.map(|(_, reason)| i16::from(reason.code()))),
    ]
}

fn audit<'a>(rows: &[&'a AuditEvent]) -> Vec<Value<'a>> {
    vec![
        column(rows, |event| int(event.tenant.0)),
        column(rows, |event| event.no.0.cast_signed()),
        column(rows, |event| event.at.0),
        column(rows, |event| &*event.actor.0),
        column(rows, |event| i16::from(event.action.code())),
        column(rows, |event| event.reason.map(|reason| i16::from(reason.code()))),
        column(rows, |event| event.user.as_ref().map(UserId::as_str)),
        column(rows, |event| event.pool.as_ref().map(PoolId::as_str)),
        column(rows, |event| event.session.map(|id| id.0)),
        column(rows, |event| event.organization.as_ref().map(OrganizationId::as_str)),
        column(rows, |event| i64::from(event.count)),
        column(rows, |event| &*event.detail),
    ]
}
