//! Calls that failed authentication or authorization: counts and logs them, and limits them for each address.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::rate::{Buckets, Rate};
use super::refused::Refused;
use crate::ledger::change::Actor;

/// Rate of failures of one address: enough for a fleet behind one address whose token has just expired. Guessing 256
/// bits is hopeless at any rate.
const RATE: Rate = Rate { burst: 500, each: Duration::from_millis(200) };
/// Maximum number of addresses that are tracked.
const MAX_ADDRESSES: usize = 10_000;

/// Counts of refused calls by reason, and the rates of the addresses that they came from.
#[derive(Debug)]
pub(super) struct Failures {
    counts: [AtomicU64; Refused::REASONS.len()],
    addresses: Buckets<IpAddr>,
}

impl Failures {
    pub fn new() -> Self {
        Self { counts: Default::default(), addresses: Buckets::new(RATE, MAX_ADDRESSES) }
    }

    /// Counts and logs that a call from `address` was refused; `by`: its caller, if known. Returns the reason for the
    /// caller.
    pub fn note(&self, refused: Refused, by: Option<&Actor>, address: IpAddr, method: &str, now: Duration) -> Refused {
        if refused == Refused::TokensUnconfirmed {
            // The credential may be good, and nobody learns anything of it: it counts toward no rate, so that nobody is
            // held off when the index is confirmed again. Whoever confirms it logs that it cannot.
            self.count(refused);
            return refused;
        }
        let reported = match self.addresses.take(network(address), now) {
            // The credential may be good: log nothing. It counts all the same, or clients that invent keys would not be
            // limited.
            Ok(()) if refused.plain() == Refused::KeysPending => refused,
            Ok(()) => {
                let actor = by.map(|actor| &*actor.0);
                tracing::warn!(%address, actor, method, reason = refused.reason(), "authentication or authorization failed");
                refused
            }
            // Log nothing more: an address that fails so often would fill the disk. An authenticated caller still gets
            // the reason.
            Err(_) if by.is_some() => refused,
            Err(retry) => Refused::TooOften { retry },
        };
        self.count(reported);
        reported
    }

    fn count(&self, refused: Refused) {
        self.counts[refused.number()].fetch_add(1, Ordering::Relaxed);
    }

    /// Numbers of refused calls, by the names in [`Refused::REASONS`].
    pub fn counts(&self) -> impl Iterator<Item = (&'static str, u64)> {
        Refused::REASONS.into_iter().zip(&self.counts).map(|(name, count)| (name, count.load(Ordering::Relaxed)))
    }
}

/// Returns the network of an address: the address itself, or the 64-bit prefix of an IPv6 address.
#[must_use]
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.into(),
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_fails_too_often_is_refused_for_that() {
        let failures = Failures::new();
        let note = |address: &str, now| {
            failures.note(Refused::Unknown, None, address.parse().unwrap(), "a/B", Duration::from_millis(now))
        };
        (0..500).for_each(|_| assert_eq!(note("2001:db8::1", 0), Refused::Unknown));
        let retry = Duration::from_millis(200);
        assert_eq!(note("2001:db8::2", 0), Refused::TooOften { retry });
        assert_eq!(note("2001:db8:0:1::1", 0), Refused::Unknown, "another network");
        assert_eq!(note("2001:db8::1", 200), Refused::Unknown, "some time later");
        let counts: Vec<_> = failures.counts().filter(|(_, count)| *count > 0).collect();
        assert_eq!(counts, [("unknown", 502), ("too_often", 1)]);
    }

    #[test]
    fn whoever_makes_up_keys_is_limited_like_any_other() {
        let failures = Failures::new();
        let pending = Refused::Oidc(crate::auth::oidc::Refused::KeysPending);
        let note = || failures.note(pending, None, "192.0.2.1".parse().unwrap(), "a/B", Duration::ZERO);
        (0..500).for_each(|_| assert_eq!(note(), pending));
        assert!(matches!(note(), Refused::TooOften { .. }));
    }

    #[test]
    fn c10_nobody_is_held_off_because_the_server_could_not_confirm_its_tokens() {
        let failures = Failures::new();
        let note = |refused| failures.note(refused, None, "192.0.2.1".parse().unwrap(), "a/B", Duration::ZERO);
        (0..501).for_each(|_| assert_eq!(note(Refused::TokensUnconfirmed), Refused::TokensUnconfirmed));
        assert_eq!(note(Refused::Unknown), Refused::Unknown);
        assert!(failures.counts().any(|counted| counted == ("tokens_unconfirmed", 501)));
    }

    #[test]
    fn an_address_is_the_same_however_it_is_written() {
        let network = |text: &str| network(text.parse().unwrap()).to_string();
        assert_eq!(network("::ffff:192.0.2.1"), "192.0.2.1");
        assert_eq!(network("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
    }
}
