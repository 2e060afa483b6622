//! ListUsers: the users of a tenant, filtered and sorted by their properties.

use super::tenant_query::{QueryContext, TenantQuery};
use crate::ids::{OrganizationNo, PoolNo, UserNo};
use crate::ledger::model::command::{Cursor, ListUsers, Page, UserOrder};
use crate::ledger::model::outcome::{Done, Status, UserView};
use crate::ledger::state::budget::Budget;
use crate::ledger::state::id_filter::IdFilter;
use crate::ledger::state::limit_basis::LimitBasis;
use crate::ledger::state::search::Finder;
use crate::ledger::state::tenant::Tenant;
use crate::ledger::state::user::User;
use crate::ledger::state::walk::{Cut, Key, PartialRow, Walk, Weight, sort_key};

impl TenantQuery for ListUsers {
    fn read(&self, tenant: &Tenant, ctx: &mut QueryContext) -> Option<Done<Page<UserView>>> {
        tenant.list_users(self, ctx.walk, ctx.basis, ctx.budget).map(Ok)
    }
}

impl Tenant {
    /// Returns `None` if there are more steps to take.
    fn list_users(
        &self,
        query: &ListUsers,
        walk: &mut Walk,
        basis: LimitBasis,
        budget: &mut Budget,
    ) -> Option<Page<UserView>> {
        let pool = IdFilter::of(query.pool.is_some(), query.pool.as_ref().and_then(|id| self.pools.find(id)));
        let organization = self.wanted_organization(query.organization.as_ref());
        let cut = Cut::new(query.after.as_ref(), query.descending, query.limit);
        if let (UserOrder::Created, Some(after), 0) = (query.order, &query.after, walk.next) {
            walk.next = u32::try_from(after.when).unwrap_or(u32::MAX);
        }
        let numbers = self.users.numbers();
        let mut finder = Finder::new(&query.words);
        let mut parts = [&query.id, &query.name].map(|part| Finder::new(std::slice::from_ref(part)));
        // Users with a high number mostly signed in last, too: from the end, most other users can be skipped.
        let backwards = query.order == UserOrder::LastSignIn && query.descending;
        // In order of creation every further user comes after a full page, so an export reads each user once.
        let is_full = |walk: &Walk| query.order == UserOrder::Created && walk.is_full(cut);
        while !is_full(walk)
            && let Some(row) = walk.next_row(numbers, budget)
        {
            let no = UserNo(if backwards { numbers - 1 - row } else { row });
            if let Some(gone) = self.users.gone(no) {
                walk.next = if backwards { numbers - gone.start.0 } else { gone.end.0 };
                continue;
            }
            // Does not read the user: few of many users come early enough in the order for the page.
            let when = match query.order {
                UserOrder::LastSignIn => self.users.last_sign_in(no).map_or(0, |tick| tick.0),
                UserOrder::UserId => self.users.starts(no).id,
                UserOrder::Name => self.users.starts(no).name,
                UserOrder::Created => u64::from(no.0),
            };
            if !walk.may_take(cut, when) {
                if backwards
                    && let Some((around, latest)) = self.users.around(no)
                    && walk.takes_none_up_to(cut, latest.0)
                {
                    walk.next = numbers - around.start.0;
                }
                continue;
            }
            budget.spend(Budget::READ);
            let Some(user) = self.users.at(no) else { continue };
            // A sort key of a text costs more than a search.
            let by_text = matches!(query.order, UserOrder::UserId | UserOrder::Name);
            let key = Key { when, name: &[], id: user.id.as_str() };
            if !by_text && !walk.takes(cut, key)
                || !self.matches(user, query, &pool, &organization, basis, budget)
                || !self.is_in_period(user, query, basis, budget)
                || !has_parts(user, query, &mut parts, budget)
            {
                continue;
            }
            match has_words(user, query, &mut finder, walk, row, budget) {
                Some(true) => {
                    let name = name_key(user, query.order, budget);
                    let key = Key { name: &name, ..key };
                    if walk.takes(cut, key) {
                        walk.take(cut, key, no.0, budget);
                    }
                }
                Some(false) => {}
                None => {
                    // The next step continues with this user.
                    walk.next = row;
                    return None;
                }
            }
        }
        let over = walk.is_through(numbers) || is_full(walk);
        (over && walk.is_ready(budget)).then(|| {
            let weigh = |_: &Cursor, no| self.users.at(UserNo(no)).map(weight);
            walk.page(cut, budget, weigh, |_, no| self.user_view_in(UserNo(no), &organization, basis))
        })
    }

    fn matches(
        &self,
        user: &User,
        query: &ListUsers,
        pool: &IdFilter<PoolNo>,
        organization: &IdFilter<OrganizationNo>,
        basis: LimitBasis,
        budget: &mut Budget,
    ) -> bool {
        budget.spend_each(user.seats.len(), 20);
        if !query.statuses.is_empty() {
            budget.spend_each(user.slots.len(), 20);
        }
        if query.group.is_some() {
            budget.spend_each(user.profile.as_ref().map_or(0, |known| known.groups.len()), 10);
        }
        let pool_fits = matches!(pool, IdFilter::Any) || user.seats.iter().any(|seat| pool.matches(Some(seat.pool)));
        let status = || self.shown_status(user, organization, basis.now.tick);
        pool_fits
            && !matches!(organization, IdFilter::Nothing)
            && query.blocked.is_none_or(|blocked| blocked == user.blocked.is_some())
            && query.cause.is_none_or(|cause| user.blocked == Some(cause))
            && query.administrator.is_none_or(|administrator| administrator == user.administrator)
            && (!query.never_signed_in || self.users.last_sign_in(user.no).is_none())
            && (query.statuses.is_empty() || has(&query.statuses, status()))
            && query.group.as_ref().is_none_or(|group| in_group(user, group))
    }

    /// True if the user signed in and was created in the periods of the query.
    fn is_in_period(&self, user: &User, query: &ListUsers, basis: LimitBasis, budget: &mut Budget) -> bool {
        if query.signed_in.is_whole() && query.created.is_whole() {
            return true;
        }
        budget.spend_each(2, 10);
        let signed_in = || self.users.last_sign_in(user.no).map(|tick| basis.now.wall_of(tick));
        (query.signed_in.is_whole() || signed_in().is_some_and(|at| query.signed_in.holds(at)))
            && (query.created.is_whole() || query.created.holds(basis.now.wall_of(user.created)))
    }
}

/// Sort key of the text order; empty for an order by time.
fn name_key(user: &User, order: UserOrder, budget: &mut Budget) -> Vec<u8> {
    match order {
        UserOrder::UserId => sort_key(user.id.as_str(), budget),
        UserOrder::Name => sort_key(&user.sort_name(), budget),
        UserOrder::LastSignIn | UserOrder::Created => Vec::new(),
    }
}

/// True if the id and the name contain the given parts.
fn has_parts(user: &User, query: &ListUsers, [id, name]: &mut [Finder; 2], budget: &mut Budget) -> bool {
    if !id.is_in(&[user.id.as_str()], budget) {
        return false;
    }
    if query.name.is_empty() {
        return true;
    }
    let (given, family) = user.profile.as_ref().map_or(("", ""), |known| (&known.given_name, &known.family_name));
    budget.spend_each(given.len() + family.len(), 1);
    name.is_in(&[&format!("{given} {family}")], budget)
}

/// Away is a part of Active (R23).
fn has(wanted: &[Option<Status>], status: Option<Status>) -> bool {
    wanted.contains(&status) || (status == Some(Status::Away) && wanted.contains(&Some(Status::Active)))
}

fn in_group(user: &User, group: &str) -> bool {
    user.profile.as_ref().is_some_and(|profile| profile.groups.iter().any(|name| takes_in(group, name)))
}

/// A group includes its subgroups: `sales` includes `sales/eu`, and not `salesforce`.
fn takes_in(group: &str, name: &str) -> bool {
    name.strip_prefix(group).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// True if the id, the names and the values of attributes contain the words, which are folded. `None`: the budget of
/// the step was spent before the whole user was searched.
fn has_words(
    user: &User,
    query: &ListUsers,
    finder: &mut Finder,
    walk: &mut Walk,
    row: u32,
    budget: &mut Budget,
) -> Option<bool> {
    if query.words.is_empty() {
        return Some(true);
    }
    let all = u64::MAX >> (64 - query.words.len().min(64));
    let enough = |found: u64| if query.any_word { found != 0 } else { found == all };
    let from = walk.partial.take().filter(|partial| partial.row == row);
    let PartialRow { text: mut next, mut found, .. } = from.unwrap_or(PartialRow { row, text: 0, found: 0 });
    loop {
        let text = text_at(user, next);
        if let Some(text) = text {
            next += 1;
            finder.add(text, budget);
            if !finder.is_full() {
                continue;
            }
        }
        found = finder.search(found, budget);
        if enough(found) {
            return Some(true);
        }
        if text.is_none() {
            return Some(false);
        }
        if budget.is_spent() {
            walk.partial = Some(PartialRow { row, text: next, found });
            return None;
        }
    }
}

/// The texts that are searched for words, by index.
fn text_at(user: &User, index: usize) -> Option<&str> {
    match (index, user.profile.as_deref()) {
        (0, _) => Some(user.id.as_str()),
        (1, Some(known)) => Some(&known.given_name),
        (2, Some(known)) => Some(&known.family_name),
        (value, Some(known)) => known.attributes.get(value - 3).map(|(_, value)| &**value),
        (_, None) => None,
    }
}

/// Weight of a user in a page.
pub(in crate::ledger) fn weight(user: &User) -> Weight {
    let particulars = user.profile.as_ref().map_or(0, |known| {
        let groups: usize = known.groups.iter().map(|group| group.len() + 20).sum();
        let attributes: usize = known.attributes.iter().map(|(key, value)| key.len() + value.len() + 20).sum();
        known.given_name.len() + known.family_name.len() + groups + attributes
    });
    let organizations: usize = user.seats.iter().map(|seat| seat.access.len()).sum();
    let slots = user.slots.len() / 2;
    let texts = particulars + user.id.as_str().len() + 120 * user.seats.len();
    Weight::new(texts, 3 * user.seats.len() + organizations + slots)
}
