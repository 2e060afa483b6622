//! Budgets of clients that have shown no credential yet: connections, open calls, and the rate of calls. Each address
//! has its own share, so that it cannot use up that of another one, and none of this counts against `--max-calls`.
//!
//! A connection leaves these budgets with its first call that is admitted by a credential. Calls of methods that need
//! none, such as health and reflection, and refused calls are anonymous on every connection (decision 38).

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::clock::Clock;

/// Maximum of open anonymous calls: on a connection, from an address, in all. The first one on a connection does not
/// count against the last two: it comes with the connection, so that a probe is answered whatever else its address
/// does.
const MAX_OPEN_ON_CONNECTION: usize = 32;
const MAX_OPEN_OF_ADDRESS: usize = 256;
const MAX_OPEN: usize = 2_048;

/// Rate of anonymous calls of an address: a burst, then one in each interval. Connections of an address beyond this
/// rate are read more slowly.
const CALL_BURST: u32 = 1_000;
const CALL_EACH: Duration = Duration::from_millis(5);
/// The longest time for which a connection is not read.
pub(super) const MAX_PAUSE: Duration = Duration::from_secs(1);

/// Rate of new connections of an address that make a TLS handshake and show no credential: a burst, then one in each
/// interval. Connections that show one do not count, nor do those without TLS, which cost almost nothing.
const CONNECTION_BURST: u32 = 4_096;
const CONNECTION_EACH: Duration = Duration::from_millis(2);

/// Number of addresses without connections whose rates are tracked, in addition to as many as have some.
const MAX_REMEMBERED: usize = 10_000;

/// Budget of all clients without a credential, in all and by address.
#[derive(Debug)]
pub(super) struct AnonymousBudget {
    connections_of_address: usize,
    usage: Mutex<Usage>,
    clock: Clock,
}

#[derive(Debug)]
struct Usage {
    open: usize,
    addresses: HashMap<IpAddr, AddressUsage>,
    /// Number of addresses at which idle ones are removed.
    forget_at: usize,
}

impl Default for Usage {
    fn default() -> Self {
        Self { open: 0, addresses: HashMap::new(), forget_at: MAX_REMEMBERED }
    }
}

impl Usage {
    /// Scans all addresses only when they are twice as many as the last scan left, so that the cost for each new
    /// address stays small.
    fn forget_idle(&mut self, now: Duration) {
        if self.addresses.len() >= self.forget_at {
            self.addresses.retain(|_, of_address| !of_address.is_idle(now));
            self.forget_at = MAX_REMEMBERED.max(2 * self.addresses.len());
        }
    }
}

#[derive(Debug, Default)]
struct AddressUsage {
    connections: usize,
    open: usize,
    /// Time at which the next call or connection would be due at the steady rate (by the monotonic clock).
    next_call: Duration,
    next_connection: Duration,
}

/// Advances `next` by one interval. Returns how long the caller is ahead of its rate, beyond the burst.
fn pace(next: &mut Duration, now: Duration, burst: u32, each: Duration) -> Duration {
    *next = (*next).max(now) + each;
    next.saturating_sub(now + each * burst)
}

impl AddressUsage {
    fn is_idle(&self, now: Duration) -> bool {
        self.connections == 0 && self.open == 0 && self.next_call <= now && self.next_connection <= now
    }
}

impl AnonymousBudget {
    pub fn new(connections_of_address: usize, clock: Clock) -> Arc<Self> {
        Arc::new(Self { connections_of_address, usage: Mutex::default(), clock })
    }

    fn usage(&self) -> MutexGuard<'_, Usage> {
        self.usage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a connection from an address or network. Returns `None` if the address has too many connections, or they
    /// arrive too fast for a handshake with each.
    pub fn connect(self: &Arc<Self>, address: IpAddr, shakes_hands: bool) -> Option<AnonymousConnection> {
        let now = self.clock.monotonic();
        let mut usage = self.usage();
        usage.forget_idle(now);
        let of_address = usage.addresses.entry(address).or_default();
        if of_address.connections >= self.connections_of_address {
            return None;
        }
        if shakes_hands {
            let mut next = of_address.next_connection;
            if !pace(&mut next, now, CONNECTION_BURST, CONNECTION_EACH).is_zero() {
                return None;
            }
            of_address.next_connection = next;
        }
        of_address.connections += 1;
        let is_paced = of_address.next_call > now + CALL_EACH * CALL_BURST;
        let budget = Arc::clone(self);
        Some(AnonymousConnection {
            budget,
            address,
            is_anonymous: AtomicBool::new(true),
            open: AtomicUsize::new(0),
            is_paced,
        })
    }

    fn disconnect(&self, address: IpAddr, has_shown_credential: bool) {
        let now = self.clock.monotonic();
        let mut usage = self.usage();
        let Some(of_address) = usage.addresses.get_mut(&address) else { return };
        of_address.connections -= 1;
        if has_shown_credential {
            of_address.next_connection = of_address.next_connection.saturating_sub(CONNECTION_EACH);
        }
        if of_address.is_idle(now) {
            usage.addresses.remove(&address);
        }
    }

    fn open(&self, address: IpAddr) -> bool {
        let mut usage = self.usage();
        if usage.open >= MAX_OPEN {
            return false;
        }
        let of_address = usage.addresses.entry(address).or_default();
        if of_address.open >= MAX_OPEN_OF_ADDRESS {
            return false;
        }
        of_address.open += 1;
        usage.open += 1;
        true
    }

    fn close(&self, address: IpAddr) {
        let mut usage = self.usage();
        usage.open -= 1;
        if let Some(of_address) = usage.addresses.get_mut(&address) {
            of_address.open -= 1;
        }
    }

    fn charge(&self, address: IpAddr) -> Duration {
        let now = self.clock.monotonic();
        let mut usage = self.usage();
        let of_address = usage.addresses.entry(address).or_default();
        // The debt is capped, because a pause is at most `MAX_PAUSE`.
        of_address.next_call = of_address.next_call.min(now + CALL_EACH * CALL_BURST + MAX_PAUSE);
        pace(&mut of_address.next_call, now, CALL_BURST, CALL_EACH).min(MAX_PAUSE)
    }
}

/// A connection's part of the budget.
#[derive(Debug)]
pub(super) struct AnonymousConnection {
    budget: Arc<AnonymousBudget>,
    address: IpAddr,
    /// True: no credential was accepted on it yet.
    is_anonymous: AtomicBool,
    /// Open anonymous calls on this connection.
    open: AtomicUsize,
    /// True: its address already exceeds its rate.
    pub is_paced: bool,
}

impl AnonymousConnection {
    /// Marks the connection as authenticated after a call was admitted by its credential: it leaves the budget.
    pub fn has_shown_credential(&self) {
        if self.is_anonymous.load(Ordering::Relaxed) && self.is_anonymous.swap(false, Ordering::Relaxed) {
            self.budget.disconnect(self.address, true);
        }
    }

    /// Counts an anonymous call. Returns how long the connection must not be read. An authenticated connection is read
    /// at once, because others may call through it, as through a proxy.
    pub fn charge(&self) -> Duration {
        if self.is_anonymous.load(Ordering::Relaxed) { self.budget.charge(self.address) } else { Duration::ZERO }
    }

    /// Takes a permit for an anonymous call while it is open; `None` if there is none.
    pub fn open(self: &Arc<Self>) -> Option<AnonymousCall> {
        let before = self.open.fetch_add(1, Ordering::Relaxed);
        let is_shared = before > 0;
        // If it is dropped on an early return, it gives back what it took.
        let mut call = AnonymousCall { connection: Arc::clone(self), is_shared: false };
        if before >= MAX_OPEN_ON_CONNECTION || (is_shared && !self.budget.open(self.address)) {
            return None;
        }
        call.is_shared = is_shared;
        Some(call)
    }
}

impl Drop for AnonymousConnection {
    fn drop(&mut self) {
        if *self.is_anonymous.get_mut() {
            self.budget.disconnect(self.address, false);
        }
    }
}

/// An open anonymous call.
#[derive(Debug)]
pub(super) struct AnonymousCall {
    connection: Arc<AnonymousConnection>,
    /// True: it is not the first one of the connection, and counts against the address and the total.
    is_shared: bool,
}

impl Drop for AnonymousCall {
    fn drop(&mut self) {
        self.connection.open.fetch_sub(1, Ordering::Relaxed);
        if self.is_shared {
            self.connection.budget.close(self.connection.address);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;
    use crate::ledger::time::WallTime;

    fn budget(connections: usize) -> (Arc<AnonymousBudget>, Arc<ManualClock>) {
        let (clock, manual) = Clock::manual(WallTime(0));
        (AnonymousBudget::new(connections, clock), manual)
    }

    fn address(number: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, number])
    }

    fn connect(budget: &Arc<AnonymousBudget>, number: u8) -> Arc<AnonymousConnection> {
        Arc::new(budget.connect(address(number), true).expect("room for a connection"))
    }

    #[test]
    fn an_address_has_its_share_of_connections_until_they_show_a_credential() {
        let (budget, _) = budget(2);
        let (one, two) = (connect(&budget, 1), connect(&budget, 1));
        assert!(budget.connect(address(1), true).is_none());
        let _other = connect(&budget, 2);
        two.has_shown_credential();
        two.has_shown_credential();
        let three = connect(&budget, 1);
        assert!(budget.connect(address(1), true).is_none());
        drop((one, two));
        let _four = connect(&budget, 1);
        drop(three);
        assert_eq!(budget.usage().addresses[&address(1)].connections, 1);
    }

    #[test]
    fn a_connection_has_one_call_of_its_own_and_the_others_are_of_its_address_and_of_all() {
        let (budget, _) = budget(1_000);
        let connections: Vec<_> = (0..20).map(|_| connect(&budget, 1)).collect();
        let mut calls: Vec<_> = connections.iter().map(|connection| connection.open().expect("its own")).collect();
        assert_eq!(budget.usage().open, 0);
        for connection in &connections {
            calls.extend(std::iter::from_fn(|| connection.open()));
        }
        assert_eq!((calls.len(), budget.usage().open), (20 + MAX_OPEN_OF_ADDRESS, MAX_OPEN_OF_ADDRESS));
        let on_first = calls.iter().filter(|call| Arc::ptr_eq(&call.connection, &connections[0])).count();
        assert_eq!(on_first, MAX_OPEN_ON_CONNECTION);
        // A probe from the same address has its own permit, and other addresses have theirs, until all are used.
        let probe = connect(&budget, 1);
        let probed = probe.open().expect("its own");
        assert!(probe.open().is_none());
        for number in 2..=9 {
            for _ in 0..9 {
                let connection = connect(&budget, number);
                calls.extend(std::iter::from_fn(|| connection.open()));
            }
        }
        assert_eq!(budget.usage().open, MAX_OPEN);
        drop((calls, probed));
        assert_eq!(budget.usage().open, 0);
        drop((connections, probe));
        assert!(budget.usage().addresses.values().all(|of_address| of_address.open + of_address.connections == 0));
    }

    #[test]
    fn who_calls_too_fast_is_to_wait_and_nobody_else() {
        let (budget, clock) = budget(10);
        let (fast, again, other) = (connect(&budget, 1), connect(&budget, 1), connect(&budget, 2));
        (0..CALL_BURST).for_each(|_| assert_eq!(fast.charge(), Duration::ZERO));
        assert_eq!((fast.charge(), again.charge()), (CALL_EACH, 2 * CALL_EACH));
        assert_eq!(other.charge(), Duration::ZERO);
        assert!(connect(&budget, 1).is_paced && !connect(&budget, 2).is_paced);
        (0..10_000).for_each(|_| assert!(fast.charge() <= MAX_PAUSE));
        clock.advance(MAX_PAUSE + 2 * CALL_EACH);
        assert_eq!(fast.charge(), Duration::ZERO, "no debt is longer than the longest pause");
        again.has_shown_credential();
        (0..10_000).for_each(|_| assert_eq!(again.charge(), Duration::ZERO));
    }

    #[test]
    fn connections_that_never_show_a_credential_have_a_pace() {
        let (budget, clock) = budget(10);
        (0..CONNECTION_BURST).for_each(|_| drop(connect(&budget, 1)));
        assert!(budget.connect(address(1), true).is_none() && budget.connect(address(1), false).is_some());
        drop(connect(&budget, 2));
        clock.advance(CONNECTION_EACH);
        for _ in 0..100 {
            connect(&budget, 1).has_shown_credential();
        }
        drop(connect(&budget, 1));
        assert!(budget.connect(address(1), true).is_none());
        clock.advance(CONNECTION_EACH * CONNECTION_BURST * 2);
        drop(connect(&budget, 1));
        clock.advance(CONNECTION_EACH);
        drop(connect(&budget, 3));
        budget.usage().addresses.retain(|_, of_address| !of_address.is_idle(budget.clock.monotonic()));
        assert_eq!(budget.usage().addresses.len(), 1, "who is idle is forgotten");
    }

    #[test]
    fn addresses_that_are_not_idle_are_looked_at_seldom() {
        let (budget, clock) = budget(10);
        let address = |no: u32| IpAddr::from(no.to_be_bytes());
        let connect = |no| budget.connect(address(no), true).expect("room for a connection");
        let held: Vec<_> = (0..MAX_REMEMBERED as u32).map(connect).collect();
        drop(connect(1_000_000));
        assert_eq!(budget.usage().forget_at, 2 * MAX_REMEMBERED, "one look, which found nobody idle");
        (1_000_001..1_005_000).for_each(|no| drop(connect(no)));
        assert_eq!(budget.usage().addresses.len(), MAX_REMEMBERED + 5_000);
        clock.advance(CONNECTION_EACH);
        drop(held);
        (1_005_000..1_020_001).for_each(|no| drop(connect(no)));
        assert!(budget.usage().addresses.len() <= 2 * MAX_REMEMBERED);
    }
}
