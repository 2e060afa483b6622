//! Changes of a tenant's licenses.

use super::context::Context;
use super::licenses::{Licenses, MAX_FORMER_REVISIONS};
use crate::ids::LicenseId;
use crate::ledger::model::change::Change;
use crate::ledger::model::license::{LicenseRow, Standing};
use crate::ledger::model::outcome::Refusal;

/// Cost of one entitlement when the index of pools is rebuilt, in units of `Budget`.
const INDEX_COST: u32 = 15;

impl Licenses {
    /// Makes a revision the head of its license. The former head is remembered.
    pub fn install(&mut self, row: LicenseRow, ctx: &mut Context) {
        let id = row.id.clone();
        if let Some(former) = self.take_newest(&id) {
            self.remember(former, ctx);
        }
        ctx.put(Change::PutLicense(row.clone()));
        self.heads.reserve_exact(1);
        self.heads.push(row);
        ctx.budget.spend_each(self.len(), INDEX_COST);
        self.index();
        self.forget(&id, MAX_FORMER_REVISIONS, ctx);
    }

    fn take_newest(&mut self, id: &LicenseId) -> Option<LicenseRow> {
        let head = self.heads.iter().position(|row| row.id == *id).map(|at| self.heads.remove(at));
        let deleted = |row: &LicenseRow| row.id == *id && row.standing == Standing::Deleted;
        head.or_else(|| self.past.iter().position(deleted).map(|at| self.past.remove(at)))
    }

    fn remember(&mut self, mut former: LicenseRow, ctx: &mut Context) {
        match former.standing {
            // The new head keeps older revisions away. It may be this very row: the last change of a row counts.
            Standing::Deleted => return ctx.put(gone(&former)),
            Standing::Current => {
                former.standing = Standing::Superseded;
                former.changed = ctx.now.tick;
                ctx.put(Change::PutLicense(former.clone()));
            }
            Standing::Revoked | Standing::Superseded => {}
        }
        self.past.push(former);
    }

    /// Keeps the `keep` newest former revisions of a license.
    fn forget(&mut self, id: &LicenseId, keep: usize, ctx: &mut Context) {
        let mut revisions: Vec<u64> = self.past.iter().filter(|row| row.id == *id).map(|row| row.revision).collect();
        revisions.sort_unstable_by(|a, b| b.cmp(a));
        let Some(last) = revisions.get(keep) else { return };
        self.past.retain(|row| {
            let stays = row.id != *id || row.revision > *last;
            if !stays {
                ctx.put(gone(row));
            }
            stays
        });
    }

    /// Deletes a license with its former revisions, and remembers its revision.
    ///
    /// # Errors
    /// There is no such license, or it is deleted already.
    pub fn delete(&mut self, id: &LicenseId, ctx: &mut Context) -> Result<(), Refusal> {
        let found = self.heads.iter().position(|row| row.id == *id);
        let mut row = self.heads.remove(found.ok_or_else(|| Refusal::not_found("license", id))?);
        ctx.budget.spend_each(self.len(), INDEX_COST);
        self.index();
        self.forget(id, 0, ctx);
        row.standing = Standing::Deleted;
        row.changed = ctx.now.tick;
        ctx.put(Change::PutLicense(row.clone()));
        self.past.push(row);
        Ok(())
    }

    /// Revokes every revision up to `up_to`. A deleted license stays deleted, and can no longer be installed again.
    /// Returns false if nothing changed.
    pub fn revoke(&mut self, id: &LicenseId, up_to: u64, ctx: &mut Context) -> bool {
        let mut changed = false;
        for row in self.heads.iter_mut().chain(&mut self.past) {
            if row.id != *id || row.revision > up_to || row.revoked_up_to >= Some(up_to) {
                continue;
            }
            row.revoked_up_to = Some(up_to);
            if row.standing != Standing::Deleted {
                row.standing = Standing::Revoked;
            }
            row.changed = ctx.now.tick;
            ctx.put(Change::PutLicense(row.clone()));
            changed = true;
        }
        changed
    }
}

fn gone(row: &LicenseRow) -> Change {
    Change::DeleteLicense(row.tenant, row.id.clone(), row.revision)
}
