//! Selects the blocks of the audit that a query has to read, and limits the work for one page.

use super::AuditQuery;
use super::audit_filter::{self, Key};
use crate::ids::EventNo;

/// Maximum number of blocks whose events are read for one page: about 50,000 events, and less than a tenth of a second.
pub const MAX_BLOCKS: usize = 12;
/// Maximum number of blocks that are checked for one page: about 16 million events.
pub const MAX_BLOCKS_CHECKED: usize = 4_096;

/// A range of consecutive events, from the first to the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    pub first: EventNo,
    pub last: EventNo,
}

/// A search from the newest block to the oldest.
#[derive(Debug)]
pub struct Search {
    keys: Vec<Key>,
    passed: usize,
    /// Blocks to read, newest first.
    pub chosen: Vec<Range>,
    /// `before` for the next page. `None`: there are no more blocks.
    pub rest: Option<EventNo>,
}

impl Search {
    #[must_use]
    pub fn new(query: &AuditQuery) -> Self {
        Self { keys: keys(query), passed: 0, chosen: Vec::new(), rest: None }
    }

    /// Keys that a block must contain, all of them.
    #[must_use]
    pub fn keys(&self) -> &[Key] {
        &self.keys
    }

    /// Checks the next older block whose times fit. `slice` returns the slice of the block's filter for the key with
    /// the given index. Returns whether to go on.
    pub fn pass<S: AsRef<[u8]>>(&mut self, block: Range, slice: impl Fn(usize) -> S) -> bool {
        let fits = |(at, key): (usize, &Key)| audit_filter::may_hold(slice(at).as_ref(), *key);
        let wanted = self.keys.iter().enumerate().all(fits);
        if wanted && self.chosen.len() == MAX_BLOCKS {
            self.rest = Some(EventNo(block.last.0 + 1));
            return false;
        }
        if wanted {
            self.chosen.push(block);
        }
        self.passed += 1;
        if self.passed == MAX_BLOCKS_CHECKED {
            self.rest = Some(block.first);
        }
        self.passed < MAX_BLOCKS_CHECKED
    }
}

/// Keys of a user, an actor, an action, a reason or a denial include the tenant, so they replace the tenant's key.
/// Other filters of a query have no keys in stored filters: they are applied to the events.
fn keys(query: &AuditQuery) -> Vec<Key> {
    let tenant = query.tenant;
    let narrow = [
        query.user.as_ref().map(|user| Key::user(tenant, user)),
        query.actor.as_ref().map(|actor| Key::actor(tenant, actor)),
        query.action.map(|action| Key::action(tenant, action)),
        query.reason.map(|reason| Key::reason(tenant, reason)),
        (query.denied == Some(true)).then(|| Key::denied(tenant)),
    ];
    let narrow: Vec<Key> = narrow.into_iter().flatten().collect();
    if narrow.is_empty() { vec![Key::tenant(tenant)] } else { narrow }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{ShardId, TenantNo, UserId};
    use crate::ledger::change::Action;

    fn query() -> AuditQuery {
        AuditQuery::all(ShardId(0), TenantNo(1), 100)
    }

    fn block(no: u64) -> Range {
        Range { first: EventNo(no * 10 + 1), last: EventNo(no * 10 + 10) }
    }

    /// Passes up to `max` blocks, newest first, whose filters contain `keys`. Returns how many blocks were checked.
    fn passed(search: &mut Search, max: u64, keys: &[Key]) -> u64 {
        let filter = audit_filter::build(keys.iter().copied());
        let wanted = search.keys().to_vec();
        for no in 0..max {
            if !search.pass(block(max - no), |at| audit_filter::slice(&filter, wanted[at]).to_vec()) {
                return no + 1;
            }
        }
        max
    }

    #[test]
    fn a_block_must_hold_all_that_is_asked_for() {
        let (tenant, ann) = (TenantNo(1), UserId::stored("ann"));
        let by_user = AuditQuery { user: Some(ann.clone()), action: Some(Action::SessionEnded), ..query() };
        let (user, action) = (Key::user(tenant, &ann), Key::action(tenant, Action::SessionEnded));
        for (keys, chosen) in [(&[user, action][..], 1), (&[user], 0), (&[action], 0), (&[], 0)] {
            let mut search = Search::new(&by_user);
            passed(&mut search, 1, keys);
            assert_eq!((search.chosen.len(), search.rest), (chosen, None), "{keys:?}");
        }
        // `denied: false` has no key; only the tenant's key applies.
        let mut search = Search::new(&AuditQuery { denied: Some(false), ..query() });
        passed(&mut search, 1, &[Key::tenant(tenant)]);
        assert_eq!(search.chosen, [block(1)]);
    }

    #[test]
    fn so_many_blocks_are_chosen_and_the_rest_begins_at_the_next_one() {
        let mut search = Search::new(&query());
        let max = MAX_BLOCKS as u64;
        assert_eq!(passed(&mut search, max, &[Key::tenant(TenantNo(1))]), max);
        assert_eq!((search.chosen.len(), search.rest), (MAX_BLOCKS, None), "there are no more");
        let mut search = Search::new(&query());
        assert_eq!(passed(&mut search, 50, &[Key::tenant(TenantNo(1))]), max + 1);
        assert_eq!((search.chosen.len(), search.chosen[0]), (MAX_BLOCKS, block(50)));
        assert_eq!(search.rest, Some(EventNo(block(50 - max).last.0 + 1)));
    }

    #[test]
    fn so_many_blocks_are_passed_and_the_rest_begins_below_the_last_one() {
        let mut search = Search::new(&query());
        let max = MAX_BLOCKS_CHECKED as u64;
        assert_eq!(passed(&mut search, max + 5, &[]), max);
        assert_eq!((search.chosen.len(), search.rest), (0, Some(block(6).first)));
    }
}
