//! Renamings of users: events from before a renaming contain a former id, and rows contain the present one.

use std::collections::HashMap;

use crate::ids::{EventNo, TenantNo};

/// Maps hashes of names to those of later names; see [`super::subjects::hash_of`].
#[derive(Debug, Default)]
pub struct Renamings {
    /// Renamings by former name, in the order of their events.
    to: HashMap<(TenantNo, u64), Vec<(EventNo, u64)>>,
}

impl Renamings {
    /// Records that the event renamed `old` to `new` (hashes of names).
    pub fn note(&mut self, tenant: TenantNo, event: EventNo, old: u64, new: u64) {
        self.to.entry((tenant, old)).or_default().push((event, new));
    }

    /// Present hash of a name that an event contains.
    pub fn now(&self, tenant: TenantNo, event: EventNo, hash: u64) -> u64 {
        let (mut at, mut hash) = (event, hash);
        let later = |at: EventNo, hash| self.to.get(&(tenant, hash))?.iter().find(|(event, _)| *event > at).copied();
        while let Some((event, new)) = later(at, hash) {
            (at, hash) = (event, new);
        }
        hash
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_followed_from_the_event_that_says_it() {
        let (one, two) = (TenantNo(1), TenantNo(2));
        let mut renamings = Renamings::default();
        // Ann becomes Anna, another Ann becomes Bea, and Anna becomes Ann again.
        let [ann, anna, bea] = [10, 11, 12];
        renamings.note(one, EventNo(3), ann, anna);
        renamings.note(one, EventNo(6), ann, bea);
        renamings.note(one, EventNo(8), anna, ann);
        for (event, hash, now) in [(1, ann, ann), (4, ann, bea), (7, ann, ann), (5, anna, ann), (9, anna, anna)] {
            assert_eq!(renamings.now(one, EventNo(event), hash), now, "event {event}");
        }
        assert_eq!(renamings.now(two, EventNo(1), ann), ann);
    }
}
