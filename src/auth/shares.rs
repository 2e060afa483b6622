//! Permits in limited number: one tenant and one caller may have only a share of them, so that the rest stays for
//! others (decision 41).

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Caller;
use crate::ids::TenantId;

/// One tenant may have a quarter, and so may one caller.
const SHARE_DIVISOR: usize = 4;

/// A number of permits, which are returned when dropped.
#[derive(Debug)]
pub struct SharedPermits {
    total: usize,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    tenants: HashMap<TenantId, usize>,
    callers: HashMap<Arc<str>, usize>,
}

/// Reason for which no permit is free.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Full {
    /// All permits are taken.
    All,
    /// The tenant has its share, of this number.
    Tenant(usize),
    /// The caller has its share, of this number.
    Caller(usize),
}

/// Permits that are taken for one call.
#[derive(Debug)]
pub struct Permit {
    permits: Arc<SharedPermits>,
    count: usize,
    tenant: Option<TenantId>,
    /// `None`: the caller is anonymous, so that callers cannot be told apart.
    caller: Option<Arc<str>>,
}

impl SharedPermits {
    #[must_use]
    pub fn new(total: usize) -> Arc<Self> {
        Arc::new(Self { total, taken: Mutex::default() })
    }

    /// Number of permits that one tenant, or one caller, may have: at least one.
    #[must_use]
    pub fn share(&self) -> usize {
        (self.total / SHARE_DIVISOR).max(1)
    }

    /// Takes `count` permits for a call of this caller about this tenant.
    ///
    /// # Errors
    /// [`Full`]
    pub fn acquire(self: &Arc<Self>, caller: &Caller, tenant: Option<&TenantId>, count: usize) -> Result<Permit, Full> {
        let caller = (!caller.principal.is_anonymous()).then(|| Arc::clone(&caller.actor().0));
        let (share, mut taken) = (self.share(), self.lock());
        if taken.all + count > self.total {
            return Err(Full::All);
        }
        let has = |held: Option<&usize>| held.copied().unwrap_or(0) + count > share;
        if tenant.is_some_and(|tenant| has(taken.tenants.get(tenant))) {
            return Err(Full::Tenant(share));
        }
        if caller.as_ref().is_some_and(|caller| has(taken.callers.get(caller))) {
            return Err(Full::Caller(share));
        }
        taken.all += count;
        if let Some(tenant) = tenant {
            *taken.tenants.entry(tenant.clone()).or_default() += count;
        }
        if let Some(caller) = &caller {
            *taken.callers.entry(Arc::clone(caller)).or_default() += count;
        }
        Ok(Permit { permits: Arc::clone(self), count, tenant: tenant.cloned(), caller })
    }

    /// Number of permits that are taken.
    #[must_use]
    pub fn taken(&self) -> usize {
        self.lock().all
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut taken = self.permits.lock();
        taken.all -= self.count;
        if let Some(tenant) = self.tenant.take() {
            give_back(&mut taken.tenants, tenant, self.count);
        }
        if let Some(caller) = self.caller.take() {
            give_back(&mut taken.callers, caller, self.count);
        }
    }
}

fn give_back<K: Hash + Eq>(held: &mut HashMap<K, usize>, key: K, count: usize) {
    if let Entry::Occupied(mut entry) = held.entry(key) {
        *entry.get_mut() -= count;
        if *entry.get() == 0 {
            entry.remove();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Principal;
    use super::*;
    use crate::ledger::access::{Roles, Tenants};
    use crate::ledger::change::Actor;

    fn caller(name: &str) -> Caller {
        let principal = match name {
            "" => Principal::anonymous(),
            name => Principal::new(Actor(name.into()), Roles::ALL, Tenants::All),
        };
        Caller { principal: Arc::new(principal), needs: Roles::ALL }
    }

    fn tenant(id: &str) -> TenantId {
        TenantId::parse(id).unwrap()
    }

    #[test]
    fn one_tenant_and_one_caller_have_a_quarter_and_the_rest_is_for_others() {
        let permits = SharedPermits::new(8);
        let take = |name: &str, id: &str| permits.acquire(&caller(name), Some(&tenant(id)), 1);
        let mut held = vec![take("a", "t1").unwrap(), take("a", "t2").unwrap()];
        assert_eq!(take("a", "t3").unwrap_err(), Full::Caller(2));
        held.push(take("b", "t1").unwrap());
        assert_eq!(take("b", "t1").unwrap_err(), Full::Tenant(2));
        held.extend([take("b", "t3").unwrap(), take("c", "t3").unwrap(), take("c", "t4").unwrap()]);
        held.extend([take("d", "t5").unwrap(), take("d", "t6").unwrap()]);
        assert_eq!(take("e", "t7").unwrap_err(), Full::All);
        held.remove(0);
        take("a", "t9").expect("what is given back can be taken again");
        held.clear();
        let taken = permits.lock();
        assert!(taken.all == 0 && taken.tenants.is_empty() && taken.callers.is_empty(), "{taken:?}");
    }

    #[test]
    fn there_is_one_for_everybody_and_none_where_there_is_none() {
        let one = SharedPermits::new(1);
        let held = one.acquire(&caller("a"), Some(&tenant("t")), 1).unwrap();
        assert_eq!(one.acquire(&caller("b"), None, 1).unwrap_err(), Full::All);
        drop(held);
        assert_eq!(SharedPermits::new(0).acquire(&caller("a"), None, 1).unwrap_err(), Full::All);
    }

    #[test]
    fn a_caller_without_an_identity_has_no_share_but_the_tenants() {
        let permits = SharedPermits::new(8);
        let take = |id: &str| permits.acquire(&caller(""), Some(&tenant(id)), 1);
        let _held = [take("t1").unwrap(), take("t1").unwrap(), take("t2").unwrap(), take("t2").unwrap()];
        assert_eq!(take("t1").unwrap_err(), Full::Tenant(2));
    }
}
