//! Values of a batch's statement: one array per column.

use tokio_postgres::types::ToSql;

use super::batch::{Parts, bit};
use super::bucket::{Buckets, int};
use super::statements::Part;
use crate::ids::{DeviceId, EventNo, LicenseId, OrganizationId, PoolId, ShardId, TenantId, TokenName, UserId};
use crate::ledger::change::{AuditEvent, OrganizationRow, PoolRow, SeatRow, SessionRow, TenantRow, UserRow};
use crate::ledger::license::LicenseRow;
use crate::ledger::license_floors::LicenseFloor;
use crate::ledger::notification::NotificationRow;
use crate::ledger::token::TokenRow;
use crate::store::audit_block::Block;
use crate::store::{Batch, Owner, continuity, encode, notifications, terms, tokens};

type Value<'a> = Box<dyn ToSql + Sync + Send + 'a>;

/// The parts of a batch's statement, and its parameters.
pub struct Put<'a> {
    pub parts: Parts,
    pub values: Vec<Value<'a>>,
}

impl<'a> Put<'a> {
    /// `stored` is the last event of earlier batches; `blocks` are the audit blocks that this batch completes.
    pub fn new(shard: ShardId, owner: Owner, batch: &'a Batch, stored: EventNo, blocks: &'a [Block]) -> Self {
        let position = batch.position;
        let fence: Vec<Value> = vec![
            Box::new(shard.0.cast_signed()),
            Box::new(owner.epoch.0),
            Box::new(owner.token.0),
            Box::new(position.seq.0),
            Box::new(position.tick.0.cast_signed()),
            Box::new(position.wall.0),
            Box::new(position.wall_high.0),
            Box::new(int(position.last_tenant.0)),
            Box::new(position.last_event.0.cast_signed()),
            Box::new(continuity::to_bytes(&position.continuity)),
        ];
        let mut this = Self { parts: 0, values: fence };
        this.rows(batch, stored, blocks);
        this
    }

    /// Adds the values in the order of [`Part`], which is the order of the parameters in the statement.
    fn rows(&mut self, batch: &'a Batch, stored: EventNo, blocks: &'a [Block]) {
        let rows = Buckets::sort(&batch.rows);
        self.delete(&rows);
        self.put(Part::PutTenants, &rows.tenants, tenants);
        self.put(Part::PutLicenses, &rows.licenses, licenses);
        self.put(Part::PutPools, &rows.pools, pools);
        self.put(Part::PutOrganizations, &rows.organizations, organizations);
        self.put(Part::PutUsers, &rows.users, users);
        self.put(Part::PutSeats, &rows.seats, seats);
        self.put(Part::PutSessions, &rows.sessions, sessions);
        self.put(Part::PutNotifications, &rows.notifications, notification_values);
        self.put(Part::PutTokens, &rows.tokens, api_tokens);
        self.put(Part::PutLicenseFloors, &rows.license_floors, license_floors);
        let (again, new) = batch.events.split_at(batch.events.partition_point(|event| event.no <= stored));
        self.put(Part::PutEvents, &new.iter().collect::<Vec<_>>(), audit);
        self.put(Part::PutEventsAgain, &again.iter().collect::<Vec<_>>(), audit);
        let blocks: Vec<&Block> = blocks.iter().collect();
        self.put(Part::PutBlocks, &blocks, audit_blocks);
    }

    fn delete(&mut self, rows: &Buckets<'a>) {
        for part in [
            Part::DeleteTenants,
            Part::DeleteTenantsLicenses,
            Part::DeleteTenantsPools,
            Part::DeleteTenantsOrganizations,
            Part::DeleteTenantsUsers,
            Part::DeleteTenantsSeats,
            Part::DeleteTenantsSessions,
            Part::DeleteTenantsNotifications,
        ] {
            self.put(part, &rows.gone_tenants, |rows| vec![column(rows, |no| no)]);
        }
        self.put(Part::DeleteLicenses, &rows.gone_licenses, |rows| {
            vec![column(rows, |key| key.0), column(rows, |key| key.1), column(rows, |key| key.2)]
        });
        for (part, keys) in
            [(Part::DeleteOrganizations, &rows.gone_organizations), (Part::DeleteUsers, &rows.gone_users)]
        {
            self.put(part, keys, |rows| vec![column(rows, |key| key.0), column(rows, |key| key.1)]);
        }
        for (part, keys) in [(Part::DeleteSeats, &rows.gone_seats), (Part::DeleteSessions, &rows.gone_sessions)] {
            self.put(part, keys, |rows| {
                vec![column(rows, |key| key.0), column(rows, |key| key.1), column(rows, |key| key.2)]
            });
        }
        self.put(Part::DeleteNotifications, &rows.gone_notifications, |rows| {
            vec![column(rows, |key| key.0), column(rows, |key| key.1.to_string())]
        });
        self.put(Part::DeleteTokens, &rows.gone_tokens, |rows| vec![column(rows, |id| id)]);
    }

    fn put<R: Copy>(&mut self, part: Part, rows: &[R], columns: impl Fn(&[R]) -> Vec<Value<'a>>) {
        if !rows.is_empty() {
            debug_assert!(self.parts < bit(part), "parameters stand in the order of the parts");
            self.parts |= bit(part);
            self.values.extend(columns(rows));
        }
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
        column(rows, |row| row.license_fetch.as_ref().map(encode::license_fetch_to_text)),
    ]
}

fn licenses<'a>(rows: &[&'a LicenseRow]) -> Vec<Value<'a>> {
    vec![
        column(rows, |row| int(row.tenant.0)),
        column(rows, |row| LicenseId::as_str(&row.id)),
        column(rows, |row| row.revision.cast_signed()),
        column(rows, |row| i16::from(row.standing.code())),
        column(rows, |row| row.revoked_up_to.map(u64::cast_signed)),
        column(rows, |row| row.not_before.map(|wall| wall.0)),
        column(rows, |row| row.expires.map(|wall| wall.0)),
        column(rows, |row| encode::entitlements_to_text(&row.entitlements)),
        column(rows, |row| terms::to_text(&row.terms)),
        column(rows, |row| &*row.terms.document),
        column(rows, |row| row.installed.0.cast_signed()),
        column(rows, |row| &*row.installed_by.0),
        column(rows, |row| row.changed.0.cast_signed()),
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
        column(rows, |row| encode::profile_to_text(&row.profile, &row.former)),
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
        column(rows, |row| i32::from(row.no)),
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
        column(rows, |row| row.signed_in.0.cast_signed()),
    ]
}

fn notification_values<'a>(rows: &[&'a NotificationRow]) -> Vec<Value<'a>> {
    vec![
        column(rows, |row| int(row.tenant.0)),
        column(rows, |row| row.topic.to_string()),
        column(rows, |row| row.event.0.cast_signed()),
        column(rows, |row| row.raised.0.cast_signed()),
        column(rows, |row| row.cleared),
        column(rows, |row| notifications::facts_to_text(&row.facts)),
        column(rows, |row| notifications::deliveries_to_text(&row.deliveries)),
    ]
}

fn api_tokens<'a>(rows: &[&'a TokenRow]) -> Vec<Value<'a>> {
    vec![
        column(rows, |row| row.id.0.cast_signed()),
        column(rows, |row| TokenName::as_str(&row.name)),
        column(rows, |row| &row.hash.0[..]),
        column(rows, |row| i16::from(row.roles.code())),
        column(rows, |row| tokens::tenants_to_text(&row.tenants)),
        column(rows, |row| row.created.0),
        column(rows, |row| &*row.created_by.0),
        column(rows, |row| row.expires.map(|wall| wall.0)),
        column(rows, |row| row.revoked.map(|wall| wall.0)),
        column(rows, |row| row.last_used.map(|wall| wall.0)),
    ]
}

fn license_floors<'a>(rows: &[&'a LicenseFloor]) -> Vec<Value<'a>> {
    vec![
        column(rows, |row| TenantId::as_str(&row.tenant)),
        column(rows, |row| LicenseId::as_str(&row.license)),
        column(rows, |row| row.revision.cast_signed()),
        column(rows, |row| row.revoked_up_to.map(u64::cast_signed)),
        column(rows, |row| row.fingerprint.cast_signed()),
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

fn audit_blocks<'a>(rows: &[&'a Block]) -> Vec<Value<'a>> {
    vec![
        column(rows, |block| block.last.0.cast_signed()),
        column(rows, |block| block.first.0.cast_signed()),
        column(rows, |block| block.oldest.0),
        column(rows, |block| block.newest.0),
        column(rows, |block| block.closed.0),
        column(rows, |block| &*block.filter),
    ]
}
