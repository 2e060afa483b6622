//! I4: usage as it is shown, the recount of the rows, and the fold of the audit are the same.

use std::collections::{BTreeMap, BTreeSet};

use usher::ids::{EventNo, PoolId, PoolNo, TenantNo, UserId, UserNo};
use usher::ledger::change::Change;
use usher::ledger::license::Standing;
use usher::ledger::outcome::PoolUsage;

use super::{must, same};
use crate::simulation::audit_replay::{Account, AuditReplay, Live};
use crate::support::rows::Rows;

/// Compares the rows of a shard with the fold of its audit.
pub fn compare(rows: &Rows, replay: &AuditReplay) -> Result<(), String> {
    let mut found: BTreeMap<TenantNo, Found> = BTreeMap::new();
    for row in rows.iter().filter(|row| !matches!(row, Change::PutToken(_))) {
        let (tenant, take) = Found::place(row);
        take(found.entry(tenant).or_default(), row)?;
    }
    same("I4 tenants", found.len(), replay.tenants.len())?;
    for (no, account) in &replay.tenants {
        found.get(no).ok_or_else(|| format!("I4 no rows of tenant {no}"))?.compare(account)?;
    }
    Ok(())
}

/// One tenant's rows, with names instead of numbers.
#[derive(Default)]
struct Found<'a> {
    pools: BTreeMap<PoolNo, &'a PoolId>,
    users: BTreeMap<UserNo, &'a UserId>,
    blocked: BTreeSet<&'a UserId>,
    seats: BTreeSet<(&'a PoolId, &'a UserId)>,
    /// Number of current licenses: former revisions are not compared with the audit.
    licenses: usize,
    live: usize,
    sessions: Vec<&'a usher::ledger::change::SessionRow>,
}

type Take<'a> = fn(&mut Found<'a>, &'a Change) -> Result<(), String>;

impl<'a> Found<'a> {
    fn place(row: &'a Change) -> (TenantNo, Take<'a>) {
        let tenant = match row {
            Change::PutTenant(row) => row.no,
            Change::PutLicense(row) => row.tenant,
            Change::PutPool(row) => row.tenant,
            Change::PutUser(row) => row.tenant,
            Change::PutSeat(row) => row.tenant,
            Change::PutSession(row) => row.tenant,
            other => panic!("not a row of this simulation: {other:?}"),
        };
        (tenant, Self::take)
    }

    /// Takes a row. Rows come in the order of a load: pools and users before the rows that refer to them.
    fn take(&mut self, row: &'a Change) -> Result<(), String> {
        match row {
            Change::PutLicense(row) => self.licenses += usize::from(row.standing == Standing::Current),
            Change::PutPool(row) => drop(self.pools.insert(row.no, &row.id)),
            Change::PutUser(row) => {
                self.users.insert(row.no, &row.id);
                if row.blocked.is_some() {
                    self.blocked.insert(&row.id);
                }
            }
            Change::PutSeat(row) => {
                let user = self.users.get(&row.user).ok_or("I4 a seat of nobody")?;
                self.seats.insert((self.pools[&row.pool], user));
            }
            Change::PutSession(row) => {
                must(self.users.contains_key(&row.user), || format!("I4 a session of nobody: {row:?}"))?;
                self.live += usize::from(row.ended.is_none());
                self.sessions.push(row);
            }
            _ => {}
        }
        Ok(())
    }

    fn compare(&self, account: &Account) -> Result<(), String> {
        same("I4 licenses", self.licenses, account.licenses.len())?;
        let users: BTreeSet<&UserId> = self.users.values().copied().collect();
        must(users.iter().copied().eq(&account.users), || format!("I4 users: {users:?} {:?}", account.users))?;
        let blocked = self.blocked.iter().copied().eq(&account.blocked);
        must(blocked, || format!("I4 blocked: {:?} {:?}", self.blocked, account.blocked))?;
        let seats = self.seats.iter().copied().eq(account.seats.iter().map(|(pool, user)| (pool, user)));
        must(seats, || format!("I4 seats: {:?} {:?}", self.seats, account.seats))?;
        same("I4 live sessions", self.live, account.live.len())?;
        let mut logins = BTreeSet::new();
        for row in &self.sessions {
            let live = Live { user: self.users[&row.user].clone(), pool: self.pools[&row.pool].clone() };
            match row.ended {
                None => {
                    same("I4 a live session", Some(&live), account.live.get(&row.id))?;
                    let first = logins.insert((row.user, row.pool, &row.device));
                    must(first, || format!("R16 two seats of one device: {row:?}"))?;
                }
                Some((_, reason)) => {
                    let reported = account.ended.get(&row.id).map(|end| end.reason);
                    same("I4 an ended session", Some(reason), reported)?;
                }
            }
        }
        Ok(())
    }
}

/// Checks a usage that was shown: it was right at some time since `from`, the last event that its process certainly
/// knew.
pub fn shown(account: &Account, usage: &PoolUsage, from: EventNo) -> Result<(), String> {
    let so = account.in_use.since(&usage.pool, from);
    must(so.contains(&usage.in_use), || {
        format!("I4 usage shown: {} in {}/{}, the audit says {so:?}", usage.in_use, account.id, usage.pool)
    })
}
