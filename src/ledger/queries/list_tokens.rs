//! Queries about the API tokens of the installation.

use std::ops::Bound;

use super::shard_query::ShardQuery;
use crate::ids::TokenId;
use crate::ledger::model::command::{AllTokens, Cursor, ListTokens, Page};
use crate::ledger::model::time::Moment;
use crate::ledger::model::token::{KnownTokens, TokenView};
use crate::ledger::state::budget::Budget;
use crate::ledger::state::ledger::Ledger;
use crate::ledger::state::walk::{Cut, Key, Walk, Weight};

impl ShardQuery for ListTokens {
    fn read(&self, ledger: &Ledger, walk: &mut Walk, now: Moment, budget: &mut Budget) -> Option<Page<TokenView>> {
        let at = ledger.mark.license_time(now);
        let cut = Cut::new(self.after.as_ref(), false, self.limit);
        while !walk.is_over() {
            let from = walk.last.as_deref().and_then(TokenId::parse).map_or(Bound::Unbounded, Bound::Excluded);
            let Some((id, row)) = ledger.tokens.rows.range((from, Bound::Unbounded)).next() else { break };
            if budget.is_spent() {
                return None;
            }
            budget.spend(4 * Budget::READ);
            budget.spend_each(row.tenants.len(), Budget::READ);
            // Of equal length, so that texts sort like the numbers.
            let age = format!("{:020}{id}", row.created.0.max(0));
            let key = Key { when: 0, name: row.name.as_str().as_bytes(), id: &age };
            if walk.takes(cut, key) && self.within.include(&row.tenants) {
                walk.take(cut, key, 0, budget);
            }
            walk.last = Some(id.to_string());
        }
        walk.is_ready(budget).then(|| {
            let shown = |key: &Cursor| ledger.tokens.rows.get(&TokenId::parse(&key.id[20..])?);
            let weigh = |key: &Cursor, _| shown(key).map(|row| Weight::new(500, row.tenants.len()));
            walk.page(cut, budget, weigh, |key, _| shown(key).expect("one that was weighed").view(at))
        })
    }
}

impl ShardQuery for AllTokens {
    fn read(&self, ledger: &Ledger, _: &mut Walk, _: Moment, budget: &mut Budget) -> Option<KnownTokens> {
        budget.spend_each(ledger.tokens.rows.len(), Budget::READ);
        Some(KnownTokens { rows: ledger.tokens.rows.values().cloned().collect(), high: ledger.mark.high() })
    }
}
