//! Unknown users, whom the policy `unknown_users = ADMIT` admits at login.

use crate::ids::{PoolNo, UserId, UserNo};
use crate::ledger::model::change::{Access, Action, Profile};
use crate::ledger::model::outcome::{Denial, DenialReason, Done, Refusal};
use crate::ledger::state::context::Context;
use crate::ledger::state::tenant::Tenant;

impl Tenant {
    /// Guard 4 for an unknown user whom the policy admits: a named pool needs a free seat (R15).
    pub fn guard_newcomer(&self, pool: Option<PoolNo>, ctx: &Context) -> Result<&Access, Denial> {
        let room = match pool {
            Some(pool) => self.has_seats(pool, 1, ctx.limit_basis()),
            None => !self.pools.is_full(),
        };
        if room { Ok(&Access::All) } else { Err(Denial::because(DenialReason::SeatsExhausted)) }
    }

    /// Takes one from the tenant's budget of admissions: each leaves a user row permanently.
    pub fn guard_admissions(&self, ctx: &mut Context) -> Done<()> {
        ctx.admissions.take(&self.no, ctx.now.tick).map_err(|retry| Refusal::TooOften {
            text: "Too many unknown users were admitted at login; nothing was decided.".to_owned(),
            retry,
        })
    }

    /// Creates the admitted user, with a seat for all of the tenant.
    pub fn newcomer(&mut self, user: &UserId, pool: PoolNo, ctx: &mut Context) -> UserNo {
        let no = self.create(user, false, Profile::default(), "admitted at login", ctx);
        let about = self.about(Action::SeatGranted).user(user).pool(&self.pools.get(pool).id);
        let order = ctx.log(about.detail("all organizations"));
        self.put_seat(no, pool, Access::All, order, ctx);
        no
    }
}
