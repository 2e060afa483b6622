//! Keeps loaded rows up to date with the batches that the shard's owner commits meanwhile. A process that is about to
//! own a shard loads it while the owner still serves; when its turn comes, only [`Restore::try_finish`] is left to do.
//!
//! Why the result is that of a load after the last batch: rows and changes are absolute states, and a batch has each
//! key once. So the state of a key is decided by the last batch that has it, or by the load if none has it, and to take
//! a batch is to replace the rows of its keys. Whatever is derived from several rows, such as counters, is computed when
//! the load is finished, from the rows as they are then. (Numbers of users and organizations are never given again, even
//! where a load would not know any more that they were given.)
//!
//! In a batch, deletions are taken first, rows before the rows that they refer to; then the other rows, in the order of
//! a load. So each row is checked as a load checks it. Only the ids of users may contradict each other in between: a user
//! may take the id that another one gives up in the same batch.

use super::Restore;
use super::validate::ticks;
use crate::ids::{EventNo, TenantId, TenantNo, UserNo};
use crate::ledger::model::change::{Change, TenantRow, TenantState, UserRow};
use crate::ledger::model::time::{Moment, Tick, WallTime};
use crate::ledger::state::clock_mark::ClockMark;
use crate::ledger::state::tenant::Tenant;

/// A user whose new id another user of the tenant has, until the end of the batch.
struct SharedId {
    tenant: TenantNo,
    user: UserNo,
    other: UserNo,
}

impl Restore {
    /// Takes a batch that was committed after all rows so far. Its rows are in the order of a batch: by table and key.
    /// `last_tenant` and `last_event`: the highest numbers that were given, as of this batch.
    ///
    /// # Errors
    /// Returns the inconsistency between the rows. Part of the batch may have been taken, so this load is of no use any
    /// more.
    pub fn try_follow(&mut self, rows: Vec<Change>, last_tenant: TenantNo, last_event: EventNo) -> Result<(), String> {
        self.note_given(last_tenant, last_event);
        let (gone, rows): (Vec<_>, Vec<_>) = rows.into_iter().partition(Change::is_deletion);
        gone.iter().rev().try_for_each(|row| self.forget(row))?;
        let mut shared = Vec::new();
        for row in rows {
            shared.extend(self.replace(row)?);
        }
        match shared.into_iter().find_map(|ids| self.still_shared(&ids)) {
            Some(what) => Err(what),
            None => Ok(()),
        }
    }

    /// Sets the time at which the load ends, and the persisted mark of wall time. Those of its beginning have passed.
    pub fn set_time(&mut self, wall_high: WallTime, now: Moment) {
        self.now = now;
        self.ledger.mark = ClockMark::load(wall_high, now);
    }

    /// Notes until when the shard was served, as far as is known: the time of its last batch.
    pub fn set_served_until(&mut self, tick: Tick) {
        self.unserved = self.now.tick.since(tick);
    }

    fn note_given(&mut self, last_tenant: TenantNo, last_event: EventNo) {
        let (tenants, len) = (&mut self.ledger.tenants, last_tenant.0 as usize + 1);
        if tenants.len() < len {
            tenants.resize_with(len, || None);
        }
        self.ledger.last_event = self.ledger.last_event.max(last_event);
    }

    fn held(&mut self, no: TenantNo) -> Option<&mut Tenant> {
        self.ledger.tenants.get_mut(no.0 as usize)?.as_deref_mut()
    }

    /// Removes a row, if it is there: a batch can delete what it would have added.
    fn forget(&mut self, row: &Change) -> Result<(), String> {
        if let Change::DeleteTenant(no) = row {
            self.forget_tenant(*no);
        } else if let Change::DeleteToken(id) = row {
            self.ledger.tokens.remove(*id);
        } else if let Some(no) = row.tenant()
            && let Some(tenant) = self.held(no)
        {
            tenant.forget(row).map_err(|what| format!("tenant {}: {what}", tenant.id))?;
        }
        Ok(())
    }

    fn forget_tenant(&mut self, no: TenantNo) {
        let Some(mut tenant) = self.ledger.tenants.get_mut(no.0 as usize).and_then(Option::take) else { return };
        self.ledger.tally.remove(&mut tenant);
        self.free_id(&tenant.id, no);
    }

    /// A deleted tenant's id may be that of another tenant by now.
    fn free_id(&mut self, id: &TenantId, no: TenantNo) {
        if self.ledger.by_id.get(id) == Some(&no) {
            self.ledger.by_id.remove(id);
        }
    }

    /// Adds a row, or replaces the row with the same key.
    fn replace(&mut self, row: Change) -> Result<Option<SharedId>, String> {
        match row {
            Change::PutTenant(row) if self.held(row.no).is_some() => self.replace_tenant(row).map(|()| None),
            Change::PutUser(row) => self.replace_user(row),
            row => {
                if let Change::PutToken(row) = &row {
                    self.ledger.tokens.remove(row.id);
                }
                let tenant = row.tenant().and_then(|no| self.held(no));
                let changes = tenant.is_none_or(|tenant| tenant.make_room_for(&row));
                if changes { self.try_put(row).map(|()| None) } else { Ok(None) }
            }
        }
    }

    fn replace_tenant(&mut self, row: TenantRow) -> Result<(), String> {
        if let Some(what) = ticks([row.created], [row.version]) {
            return Err(format!("tenant {}: {what}", row.id));
        }
        if row.state == TenantState::Deleted {
            self.free_id(&row.id, row.no);
        }
        let Some(tenant) = self.held(row.no).filter(|tenant| tenant.id == row.id) else {
            return Err(format!("tenant {}: its number {} is another tenant's", row.id, row.no));
        };
        (tenant.display_name, tenant.contact) = (row.display_name, row.contact);
        (tenant.state, tenant.policy) = (row.state, row.policy);
        (tenant.created, tenant.version) = (row.created, row.version);
        tenant.license_fetch = row.license_fetch.map(Box::new);
        Ok(())
    }

    fn replace_user(&mut self, row: UserRow) -> Result<Option<SharedId>, String> {
        let wrong = self.given(row.no.0, "user").or_else(|| ticks([row.created], [row.version]));
        let Some(tenant) = self.held(row.tenant) else { return self.try_put(Change::PutUser(row)).map(|()| None) };
        if let Some(what) = wrong {
            return Err(format!("tenant {}: {what}", tenant.id));
        }
        let (no, user) = (row.tenant, row.no);
        let other = tenant.users.find(&row.id).filter(|other| *other != user);
        if tenant.users.at(user).is_some() {
            tenant.replace_user(row)
        } else {
            self.put(Change::PutUser(row))
        }
        Ok(other.map(|other| SharedId { tenant: no, user, other }))
    }

    fn still_shared(&mut self, ids: &SharedId) -> Option<String> {
        let tenant = self.held(ids.tenant)?;
        let id = &tenant.users.at(ids.user)?.id;
        let shared = tenant.users.at(ids.other).is_some_and(|other| other.id == *id);
        shared.then(|| format!("tenant {}: user {id} is there twice", tenant.id))
    }
}
