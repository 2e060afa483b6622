//! RenameUser: the person stays, with seats, sessions and history; only the id is another one (R2). Sessions hold a copy of
//! the id, and a user can have a thousand of them: these follow in steps, and until then tell the id that they had.

use super::budget::Budget;
use super::change::Action;
use super::command::{Outcome, RenameUser};
use super::execution::Steps;
use super::former_id::{FormerId, MAX_FORMER_IDS, renamed};
use super::outcome::{Done, Refusal};
use super::step::Step;
use super::tenant::Tenant;
use crate::ids::{TenantId, UserId, UserNo};

/// A user being renamed.
#[derive(Debug)]
pub(super) struct Renaming {
    ask: RenameUser,
    /// Who has the new id already.
    renamed: Option<UserNo>,
    /// How many of the user's places tell it.
    places: usize,
}

impl Renaming {
    pub fn new(ask: RenameUser) -> Self {
        Self { ask, renamed: None, places: 0 }
    }
}

impl Steps for Renaming {
    fn go_on(&mut self, tenant: &mut Tenant, step: &mut Step) -> Option<Outcome> {
        let no = match self.renamed {
            Some(no) => no,
            None => match tenant.rename_user(&self.ask, step) {
                Ok(no) => *self.renamed.insert(no),
                Err(refusal) => return Some(Outcome::RenameUser(Err(refusal))),
            },
        };
        if tenant.users.at(no).is_none() {
            // Deleted between two steps.
            return Some(Outcome::RenameUser(Err(Refusal::not_found("user", &self.ask.new))));
        }
        if !tenant.rename_sessions(no, &mut self.places, step.budget) {
            return None;
        }
        Some(Outcome::RenameUser(Ok(tenant.user_view(no, step.sight()))))
    }

    fn go_on_nowhere(&mut self, tenant: &TenantId, _: &mut Step) -> Option<Outcome> {
        Some(Outcome::RenameUser(Err(Refusal::not_found("tenant", tenant))))
    }
}

impl Tenant {
    fn rename_user(&mut self, ask: &RenameUser, step: &mut Step) -> Done<UserNo> {
        let Some(no) = self.users.find(&ask.user) else { return self.renamed_before(ask) };
        if ask.new == ask.user {
            return Ok(no);
        }
        if self.users.find(&ask.new).is_some() {
            return Err(Refusal::exists("user", &ask.new));
        }
        // Events up to this one stand under the former id.
        let event = step.log(self.about(Action::UserRenamed).user(&ask.user).detail(renamed(&ask.new)));
        self.users.rename(no, ask.new.clone());
        self.change_user(no, step, |user| {
            let kept = user.former.len().saturating_sub(MAX_FORMER_IDS - 1);
            let former = FormerId { id: ask.user.clone(), last_event: event };
            user.former = user.former.iter().skip(kept).cloned().chain([former]).collect();
        });
        Ok(no)
    }

    /// The same call once more changes nothing, and answers the same.
    fn renamed_before(&self, ask: &RenameUser) -> Done<UserNo> {
        let named = self.users.find(&ask.new);
        let before = named.filter(|no| self.users.get(*no).former.last().is_some_and(|former| former.id == ask.user));
        before.ok_or_else(|| Refusal::not_found("user", &ask.user))
    }

    /// The sessions in the user's places from this one on tell the id that the user has now. Whether all of them do.
    fn rename_sessions(&mut self, no: UserNo, from: &mut usize, budget: &mut Budget) -> bool {
        let user = self.users.get(no);
        let first = *from;
        for slot in &user.places[first.min(user.places.len())..] {
            if budget.is_spent() && *from > first {
                return false;
            }
            budget.spend(2 * Budget::LOOK);
            self.sessions.get_mut(*slot).user_id = user.id.clone();
            *from += 1;
        }
        true
    }

    /// The ids that a user had before, the latest first.
    pub fn former_ids(&self, user: &UserId) -> Vec<FormerId> {
        let known = self.users.find(user).map(|no| self.users.get(no));
        known.map_or_else(Vec::new, |user| user.former.iter().rev().cloned().collect())
    }
}
