//! Bloom filter of a block of audit events, with two bytes per key. It is the split-block Bloom filter of Apache
//! Parquet: all bits of a key are in one slice of 32 bytes, so that a lookup reads one slice and not the whole filter.
//! About two lookups in a thousand for absent keys are answered with "maybe".
//!
//! Filters are on disk: neither the hash nor the layout may change.

use crate::ids::{TenantNo, UserId};
use crate::ledger::change::{Action, AuditEvent, Reason};

/// Bytes of a slice: eight words, in each of which a key has one bit.
pub const SLICE: usize = 32;
const BITS_A_KEY: usize = 16;
const SLICE_BITS: usize = SLICE * 8;

/// Odd constants, those of Parquet: each selects five other bits of a key.
const SALTS: [u32; 8] =
    [0x47b6_137b, 0x4497_4d91, 0x8824_ad5b, 0xa2b7_289d, 0x7054_95c7, 0x2df1_424b, 0x9efc_4947, 0x5c6b_fb31];

/// Hash of a value of one tenant by which events can be queried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key(u64);

impl Key {
    /// Key of all events of the tenant.
    #[must_use]
    pub fn tenant(tenant: TenantNo) -> Self {
        Self::of(0, tenant, &[])
    }

    /// Key of all events about a user.
    #[must_use]
    pub fn user(tenant: TenantNo, user: &UserId) -> Self {
        Self::of(1, tenant, user.as_str().as_bytes())
    }

    /// Key of all events of an actor.
    #[must_use]
    pub fn actor(tenant: TenantNo, actor: &str) -> Self {
        Self::of(2, tenant, actor.as_bytes())
    }

    /// Key of all events with an action.
    #[must_use]
    pub fn action(tenant: TenantNo, action: Action) -> Self {
        Self::of(3, tenant, &[action.code()])
    }

    /// Key of a reason, given by [`Reason::code`].
    #[must_use]
    pub fn reason(tenant: TenantNo, reason: u8) -> Self {
        Self::of(4, tenant, &[reason])
    }

    /// Key of all denials, whatever the reason.
    #[must_use]
    pub fn denied(tenant: TenantNo) -> Self {
        Self::of(5, tenant, &[])
    }

    fn of(kind: u64, tenant: TenantNo, bytes: &[u8]) -> Self {
        // FNV-1a; its upper bits need mixing.
        let start = mixed((kind << 32) | u64::from(tenant.0));
        let hash = bytes.iter().fold(start, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3));
        Self(mixed(hash))
    }

    /// Position in a filter, as a fraction of 2^32: of `n` slices the key is in slice `fraction * n / 2^32`.
    #[must_use]
    pub fn fraction(self) -> u32 {
        (self.0 >> 32) as u32
    }

    fn slice(self, slices: usize) -> usize {
        // Less than `slices`, which is a few thousand.
        ((u64::from(self.fraction()) * slices as u64) >> 32) as usize
    }

    /// The key's bit in each of the eight words of its slice.
    fn bits(self) -> [u32; 8] {
        SALTS.map(|salt| 1 << ((self.0 as u32).wrapping_mul(salt) >> 27))
    }
}

/// MurmurHash3's 64-bit finalizer: every bit of the input affects every bit of the output.
fn mixed(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    bits = (bits ^ (bits >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    bits ^ (bits >> 33)
}

/// All keys by which an event can be found.
pub fn keys(event: &AuditEvent) -> impl Iterator<Item = Key> {
    let tenant = event.tenant;
    let denied = matches!(event.reason, Some(Reason::Denied(_)));
    [
        Some(Key::tenant(tenant)),
        event.user.as_ref().map(|user| Key::user(tenant, user)),
        Some(Key::actor(tenant, &event.actor.0)),
        Some(Key::action(tenant, event.action)),
        event.reason.map(|reason| Key::reason(tenant, reason.code())),
        denied.then(|| Key::denied(tenant)),
    ]
    .into_iter()
    .flatten()
}

/// Builds a filter of these keys; each key must occur only once.
pub fn build(keys: impl ExactSizeIterator<Item = Key>) -> Vec<u8> {
    let slices = (keys.len() * BITS_A_KEY).div_ceil(SLICE_BITS).max(1);
    let mut filter = vec![0; slices * SLICE];
    for key in keys {
        let slice = &mut filter[key.slice(slices) * SLICE..][..SLICE];
        for (word, bit) in slice.chunks_exact_mut(4).zip(key.bits()) {
            word.iter_mut().zip(bit.to_le_bytes()).for_each(|(byte, bits)| *byte |= bits);
        }
    }
    filter
}

/// The slice of a filter that contains the key if the filter does.
#[must_use]
pub fn slice(filter: &[u8], key: Key) -> &[u8] {
    let slices = filter.len() / SLICE;
    filter.get(key.slice(slices) * SLICE..).and_then(|rest| rest.get(..SLICE)).unwrap_or_default()
}

/// Returns whether the filter may contain the key. A slice of another length (another release, or damage) excludes
/// nothing.
#[must_use]
pub fn may_hold(slice: &[u8], key: Key) -> bool {
    slice.len() != SLICE
        || slice
            .chunks_exact(4)
            .zip(key.bits())
            .all(|(word, bit)| word.iter().zip(bit.to_le_bytes()).all(|(byte, bits)| byte & bits == bits))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn users(range: std::ops::Range<u32>) -> impl ExactSizeIterator<Item = Key> {
        let of = |no| Key::user(TenantNo(no % 7), &UserId::stored(&format!("user-{no}@example.com")));
        range.map(of).collect::<Vec<_>>().into_iter()
    }

    fn holds(filter: &[u8], key: Key) -> bool {
        may_hold(slice(filter, key), key)
    }

    #[test]
    fn what_is_there_is_found_and_little_else() {
        for count in [1, 10, 1_000, 4_096, 20_000] {
            let filter = build(users(0..count));
            assert!(filter.len() <= usize::try_from(count).unwrap() * 2 + SLICE, "{count} keys: {}", filter.len());
            assert!(users(0..count).all(|key| holds(&filter, key)), "{count} keys");
            let wrong = users(100_000..200_000).filter(|key| holds(&filter, *key)).count();
            assert!(wrong < 300, "{count} keys: {wrong} of 100000 are there by mistake");
        }
    }

    #[test]
    fn nothing_is_in_an_empty_filter() {
        let filter = build(users(0..0));
        assert_eq!(filter, [0; SLICE]);
        assert!(!users(0..1_000).any(|key| holds(&filter, key)));
    }

    #[test]
    fn a_damaged_filter_rules_nothing_out() {
        let key = Key::tenant(TenantNo(1));
        assert!(holds(&[], key) && holds(&[0; SLICE - 1], key) && may_hold(&[0; SLICE + 1], key));
    }

    #[test]
    fn keys_of_another_kind_or_tenant_are_others() {
        let (one, two, ann) = (TenantNo(1), TenantNo(2), UserId::stored("ann"));
        let keys = [
            Key::tenant(one),
            Key::tenant(two),
            Key::user(one, &ann),
            Key::user(two, &ann),
            Key::actor(one, "ann"),
            Key::action(one, Action::SessionStarted),
            Key::reason(one, Action::SessionStarted.code()),
            Key::denied(one),
        ];
        for (at, key) in keys.iter().enumerate() {
            let others: Vec<Key> = keys.iter().filter(|other| *other != key).copied().collect();
            assert_eq!(others.len(), keys.len() - 1, "{at}: another key is the same");
            assert!(!holds(&build(others.into_iter()), *key), "{at}");
        }
    }

    /// Every later release must be able to read a filter that a release wrote.
    #[test]
    fn the_layout_never_changes() {
        assert_eq!(Key::user(TenantNo(7), &UserId::stored("ann@example.com")).0, 0xbaec_2155_377e_07c3);
        let filter = build([Key::tenant(TenantNo(1)), Key::denied(TenantNo(2))].into_iter());
        let text: String = filter.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(text, "0200040000011000020004000200040000030000000010081000000400200001");
    }
}
