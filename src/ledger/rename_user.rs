//! RenameUser: the person stays, with seats, sessions and history; only the id is another one (R2).

use super::budget::Budget;
use super::change::Action;
use super::command::RenameUser;
use super::context::Context;
use super::former_id::{FormerId, MAX_FORMER_IDS, renamed};
use super::outcome::{Done, Refusal, UserView};
use super::tenant::Tenant;
use crate::ids::{UserId, UserNo};

impl Tenant {
    pub fn rename_user(&mut self, command: &RenameUser, ctx: &mut Context) -> Done<UserView> {
        let Some(no) = self.users.find(&command.user) else { return self.renamed_before(command, ctx) };
        if command.new == command.user {
            return Ok(self.user_view(no, ctx.limit_basis()));
        }
        if self.users.find(&command.new).is_some() {
            return Err(Refusal::exists("user", &command.new));
        }
        self.users.rename(no, command.new.clone());
        self.rename_sessions(no, ctx.budget);
        self.note_renaming(no, command.user.clone(), ctx);
        Ok(self.user_view(no, ctx.limit_basis()))
    }

    /// Writes that a user had another id before.
    pub fn note_renaming(&mut self, no: UserNo, old: UserId, ctx: &mut Context) {
        // Events up to this one stand under the former id.
        let event = ctx.log(self.about(Action::UserRenamed).user(&old).detail(renamed(&self.users.get(no).id)));
        self.change_user(no, ctx, |user| {
            let former = FormerId { id: old, last_event: event };
            let kept = user.former.len().saturating_sub(MAX_FORMER_IDS - 1);
            user.former = user.former.iter().skip(kept).cloned().chain([former]).collect();
        });
    }

    /// The same call once more changes nothing, and answers the same.
    fn renamed_before(&self, command: &RenameUser, ctx: &Context) -> Done<UserView> {
        let named = self.users.find(&command.new);
        let before =
            named.filter(|no| self.users.get(*no).former.last().is_some_and(|former| former.id == command.user));
        let no = before.ok_or_else(|| Refusal::not_found("user", &command.user))?;
        Ok(self.user_view(no, ctx.limit_basis()))
    }

    /// Sessions hold a copy of the id; a user has a thousand of them at most, so that it is done in this step.
    pub fn rename_sessions(&mut self, no: UserNo, budget: &mut Budget) {
        let user = self.users.get(no);
        budget.spend_each(user.slots.len(), 2 * Budget::LOOK);
        for slot in &user.slots {
            self.sessions.get_mut(*slot).user_id = user.id.clone();
        }
    }
}
