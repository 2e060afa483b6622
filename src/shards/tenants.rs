//! One page of tenants from several.

use crate::ledger::command::{Cursor, Page};
use crate::ledger::outcome::TenantView;

/// Merges pages that start at the same cursor into the first `limit` tenants by id.
pub(super) fn merge(pages: Vec<Page<TenantView>>, limit: usize) -> Page<TenantView> {
    // A page that was cut says nothing of the tenants after its end, which others may have passed.
    let cuts = pages.iter().filter_map(|page| page.next.as_ref().map(|next| next.id.clone()));
    let end = cuts.min();
    let mut rows: Vec<TenantView> = pages.into_iter().flat_map(|page| page.rows).collect();
    rows.retain(|tenant| end.as_ref().is_none_or(|end| tenant.id.as_str() <= &**end));
    rows.sort_unstable_by(|a, b| a.id.cmp(&b.id));
    let more = end.is_some() || rows.len() > limit;
    rows.truncate(limit);
    let last = rows.last().map(|tenant| tenant.id.as_str().to_owned()).or(end);
    let next = last.filter(|_| more).map(|id| Cursor { id, ..Cursor::default() });
    Page { rows, next }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::TenantId;
    use crate::ledger::change::TenantState;
    use crate::ledger::policy::Policy;
    use crate::ledger::time::WallTime;

    fn page(ids: &[&str], more: bool) -> Page<TenantView> {
        let row = |id: &&str| TenantView {
            id: TenantId::stored(id),
            display_name: "".into(),
            contact: "".into(),
            state: TenantState::Active,
            policy: Policy::default(),
            created: WallTime(0),
            version: 1,
        };
        let next = || Cursor { id: (*ids.last().unwrap()).to_owned(), ..Cursor::default() };
        Page { rows: ids.iter().map(row).collect(), next: more.then(next) }
    }

    fn check(pages: Vec<Page<TenantView>>, limit: usize, ids: &[&str], next: Option<&str>) {
        let merged = merge(pages, limit);
        assert_eq!(merged.rows.iter().map(|row| row.id.as_str()).collect::<Vec<_>>(), ids);
        assert_eq!(merged.next.map(|cursor| cursor.id).as_deref(), next);
    }

    #[test]
    fn pages_of_shards_become_one() {
        check(vec![], 2, &[], None);
        check(vec![page(&["b"], false), page(&["a"], false)], 2, &["a", "b"], None);
        check(vec![page(&["b", "d"], false), page(&["a", "c"], false)], 2, &["a", "b"], Some("b"));
        check(vec![page(&["a", "b"], true), page(&["c"], false)], 2, &["a", "b"], Some("b"));
        check(vec![page(&["a", "b"], true), page(&[], false)], 2, &["a", "b"], Some("b"));
    }

    /// A page can be shorter than its limit, because its rows are long.
    #[test]
    fn no_tenant_is_skipped_behind_the_end_of_a_short_page() {
        check(vec![page(&["a"], true), page(&["b", "c"], false)], 3, &["a"], Some("a"));
        check(vec![page(&["b"], true), page(&["a", "c"], true), page(&["d"], false)], 4, &["a", "b"], Some("b"));
    }
}
