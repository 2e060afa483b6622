//! ListUsers: the users of a tenant, by what is known of them.

use super::budget::Budget;
use super::command::{ListUsers, Page, UserOrder};
use super::outcome::UserView;
use super::query::{Wanted, has};
use super::search::{contains, fold};
use super::tenant::Tenant;
use super::usage::Sight;
use super::user::User;
use super::walk::{Cut, Key, Walk};
use crate::ids::{OrganizationNo, PoolNo, UserNo};

impl Tenant {
    /// `None`: there are more steps to take.
    pub fn list_users(
        &mut self,
        ask: &ListUsers,
        walk: &mut Walk,
        sight: Sight,
        budget: &mut Budget,
    ) -> Option<Page<UserView>> {
        let pool = Wanted::of(ask.pool.is_some(), ask.pool.as_ref().and_then(|id| self.pools.find(id)));
        let organization = self.wanted_organization(ask.organization.as_ref());
        let cut = Cut::new(ask.after.as_ref(), ask.descending, ask.limit);
        if let (UserOrder::Created, Some(after), 0) = (ask.order, &ask.after, walk.next) {
            walk.next = u32::try_from(after.when).unwrap_or(u32::MAX);
        }
        let numbers = self.users.numbers();
        // Who came last mostly signed in last, too: when the best come first, most of the others are passed over.
        let backwards = ask.order == UserOrder::LastSignIn && ask.descending;
        while let Some(row) = walk.next_row(numbers, budget) {
            let no = if backwards { numbers - 1 - row } else { row };
            let when = match ask.order {
                // Without a look at the user: of many, few signed in late enough for the page.
                UserOrder::LastSignIn => self.users.last_sign_in(UserNo(no)).map_or(0, |tick| tick.0),
                UserOrder::Created => u64::from(no),
                UserOrder::UserId | UserOrder::Name => 0,
            };
            if !walk.may_take(cut, when) {
                continue;
            }
            budget.spend(Budget::LOOK);
            let Some(user) = self.users.at(UserNo(no)) else { continue };
            let name = if ask.order == UserOrder::Name { sort_name(user) } else { String::new() };
            let key = Key { when, name: &name, id: user.id.as_str() };
            if walk.takes(cut, key) && self.matches(user, ask, &pool, &organization, sight) {
                walk.take(cut, key, no);
            }
            if ask.order == UserOrder::Created && walk.is_full(cut) {
                // Whoever comes now is younger than the page: an export of all users looks at each of them once.
                return Some(self.users_page(walk, cut, sight));
            }
        }
        walk.is_through(numbers).then(|| self.users_page(walk, cut, sight))
    }

    fn users_page(&mut self, walk: &mut Walk, cut: Cut, sight: Sight) -> Page<UserView> {
        walk.page(cut, |_, no| {
            self.users.at(UserNo(no))?;
            Some(self.user_view(UserNo(no), sight))
        })
    }

    fn matches(
        &self,
        user: &User,
        ask: &ListUsers,
        pool: &Wanted<PoolNo>,
        organization: &Wanted<OrganizationNo>,
        sight: Sight,
    ) -> bool {
        let seats = || user.seats.iter().filter(|seat| pool.matches(Some(seat.pool)));
        let pool_fits = matches!(pool, Wanted::Any) || seats().next().is_some();
        let organization_fits = match organization {
            Wanted::Any => true,
            Wanted::Only(no) => seats().any(|seat| self.organizations.allows(&seat.access, *no)),
            Wanted::Nothing => false,
        };
        pool_fits
            && organization_fits
            && ask.blocked.is_none_or(|blocked| blocked == user.blocked.is_some())
            && ask.administrator.is_none_or(|administrator| administrator == user.administrator)
            && (!ask.never_signed_in || self.users.last_sign_in(user.no).is_none())
            && (ask.statuses.is_empty() || has(&ask.statuses, self.status(user, sight.now.tick)))
            && ask.group.as_ref().is_none_or(|group| in_group(user, group))
            && has_words(user, ask)
    }
}

fn in_group(user: &User, group: &str) -> bool {
    user.profile.as_ref().is_some_and(|profile| profile.groups.iter().any(|name| **name == *group))
}

fn sort_name(user: &User) -> String {
    let (family, given) = user.profile.as_ref().map_or(("", ""), |known| (&known.family_name, &known.given_name));
    fold(&format!("{family}\u{1}{given}"))
}

/// Words are looked for in the id, the names and the values of attributes; they are folded.
fn has_words(user: &User, ask: &ListUsers) -> bool {
    let found = |word: &String| {
        contains(user.id.as_str(), word)
            || user.profile.as_ref().is_some_and(|known| {
                contains(&known.given_name, word)
                    || contains(&known.family_name, word)
                    || known.attributes.iter().any(|(_, value)| contains(value, word))
            })
    };
    match ask.any_word {
        _ if ask.words.is_empty() => true,
        true => ask.words.iter().any(found),
        false => ask.words.iter().all(found),
    }
}
