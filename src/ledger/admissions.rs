//! Unknown users whom the policy admits at login (`unknown_users = ADMIT`).

use super::change::{Access, Action, Profile};
use super::command::CheckOut;
use super::context::Context;
use super::outcome::{Denial, DenialReason, Done, Refusal};
use super::tenant::Tenant;
use crate::ids::{PoolNo, UserNo};

impl Tenant {
    /// Guard 4 for a user whom the policy admits: in a named pool the new seat needs room (R15).
    pub fn guard_newcomer(&self, pool: Option<PoolNo>, ctx: &Context) -> Result<&Access, Denial> {
        let room = match pool {
            Some(pool) => self.has_seats(pool, 1, ctx.limit_basis()),
            None => !self.pools.is_full(),
        };
        if room { Ok(&Access::All) } else { Err(Denial::because(DenialReason::SeatsExhausted)) }
    }

    /// An unknown user costs a row that stays: there is a budget.
    pub fn guard_admissions(&self, ctx: &mut Context) -> Done<()> {
        ctx.admissions.take(&self.no, ctx.now.tick).map_err(|retry| Refusal::TooOften {
            text: "Too many unknown users were admitted at login; nothing was decided.".to_owned(),
            retry,
        })
    }

    /// Creates the user whom the policy admits, with a seat for all of the tenant.
    pub fn newcomer(&mut self, command: &CheckOut, pool: PoolNo, ctx: &mut Context) -> UserNo {
        let no = self.create(&command.user, false, Profile::default(), "admitted at login", ctx);
        let about = self.about(Action::SeatGranted).user(&command.user).pool(&command.pool);
        let order = ctx.log(about.detail("all organizations"));
        self.put_seat(no, pool, Access::All, order, ctx);
        no
    }
}
