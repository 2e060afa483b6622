//! ListSessions: the live sessions of a tenant.

use super::tenant_query::{QueryContext, TenantQuery};
use crate::ids::{OrganizationNo, PoolNo, UserId, UserNo};
use crate::ledger::model::command::{Cursor, ListSessions, Page, SessionOrder};
use crate::ledger::model::outcome::{Done, SessionView, Status};
use crate::ledger::state::budget::Budget;
use crate::ledger::state::id_filter::IdFilter;
use crate::ledger::state::limit_basis::LimitBasis;
use crate::ledger::state::search::Finder;
use crate::ledger::state::session::{Session, SessionSlot};
use crate::ledger::state::tenant::Tenant;
use crate::ledger::state::walk::{Cut, Key, Walk, Weight, sort_key};

/// Filters of the query, resolved to numbers.
struct Filter {
    pool: IdFilter<PoolNo>,
    user: IdFilter<UserNo>,
    organization: IdFilter<OrganizationNo>,
}

impl TenantQuery for ListSessions {
    fn user(&mut self) -> Option<&mut UserId> {
        self.user.as_mut()
    }

    fn read(&self, tenant: &Tenant, ctx: &mut QueryContext) -> Option<Done<Page<SessionView>>> {
        tenant.list_sessions(self, ctx.walk, ctx.basis, ctx.budget).map(Ok)
    }
}

impl Tenant {
    /// Returns `None` if there are more steps to take.
    fn list_sessions(
        &self,
        query: &ListSessions,
        walk: &mut Walk,
        basis: LimitBasis,
        budget: &mut Budget,
    ) -> Option<Page<SessionView>> {
        let filter = Filter {
            pool: IdFilter::of(query.pool.is_some(), query.pool.as_ref().and_then(|id| self.pools.find(id))),
            user: IdFilter::of(query.user.is_some(), query.user.as_ref().and_then(|id| self.users.find(id))),
            organization: self.wanted_organization(query.organization.as_ref()),
        };
        let cut = Cut::new(query.after.as_ref(), query.descending, query.limit);
        let mut client = Finder::new(std::slice::from_ref(&query.client));
        let named = query.session.map(|id| self.sessions.find(id));
        // One user has few sessions; a tenant can have a million slots.
        let slots = match (&named, &filter.user) {
            (Some(found), _) => Some(found.as_slice()),
            (None, IdFilter::Any) => None,
            (None, IdFilter::Only(user)) => Some(self.users.get(*user).slots.as_slice()),
            (None, IdFilter::Nothing) => Some(&[][..]),
        };
        let rows = slots.map_or(self.sessions.slots(), |slots| u32::try_from(slots.len()).expect("few slots"));
        while let Some(row) = walk.next_row(rows, budget) {
            let slot = slots.map_or(SessionSlot(row), |slots| slots[row as usize]);
            budget.spend(Budget::READ);
            let Some(session) = self.sessions.at(slot).filter(|session| session.is_live()) else { continue };
            let when = match query.order {
                SessionOrder::LastActivity => session.last_activity.0,
                SessionOrder::Started => session.started.0,
                SessionOrder::User => self.users.starts(session.user).id,
            };
            if !query.statuses.is_empty() {
                budget.spend_each(self.users.get(session.user).slots.len(), 20);
            }
            if walk.may_take(cut, when)
                && self.is_wanted(session, query, &filter, basis)
                && is_in_period(session, query, basis, budget)
                && client.is_in(&[&session.client], budget)
            {
                budget.spend(Budget::READ);
                let id = session.id.to_string();
                let name = match query.order {
                    SessionOrder::User => sort_key(session.user_id.as_str(), budget),
                    SessionOrder::LastActivity | SessionOrder::Started => Vec::new(),
                };
                let key = Key { when, name: &name, id: &id };
                if walk.takes(cut, key) {
                    walk.take(cut, key, slot.0, budget);
                }
            }
        }
        (walk.is_through(rows) && walk.is_ready(budget)).then(|| {
            // A slot is reused when its session is gone.
            let there = |key: &Cursor, slot| {
                self.sessions
                    .at(SessionSlot(slot))
                    .filter(|session| session.is_live() && session.id.to_string() == key.id)
            };
            let weigh = |key: &Cursor, slot| there(key, slot).map(|it| Weight::new(200 + it.client.len(), 6));
            walk.page(cut, budget, weigh, |_, slot| self.session_view(self.sessions.get(SessionSlot(slot)), basis.now))
        })
    }

    fn is_wanted(&self, session: &Session, query: &ListSessions, filter: &Filter, basis: LimitBasis) -> bool {
        filter.pool.matches(Some(session.pool))
            && filter.user.matches(Some(session.user))
            && filter.organization.matches(session.organization)
            && query.device.as_ref().is_none_or(|device| session.device == *device)
            && query.idle.is_none_or(|idle| basis.now.tick.since(session.last_activity) >= idle)
            && (query.statuses.is_empty()
                || has(&query.statuses, self.status(self.users.get(session.user), basis.now.tick)))
    }
}

/// True if the session started in the period of the query.
fn is_in_period(session: &Session, query: &ListSessions, basis: LimitBasis, budget: &mut Budget) -> bool {
    if query.started.is_whole() {
        return true;
    }
    budget.spend_each(1, 10);
    query.started.holds(basis.now.wall_of(session.started))
}

/// Away is a part of Active (R23).
fn has(wanted: &[Status], status: Status) -> bool {
    wanted.contains(&status) || (status == Status::Away && wanted.contains(&Status::Active))
}
