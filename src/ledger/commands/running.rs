//! A command of several steps that has begun.

use super::stepped_command::{SteppedCommand, Steps};
use crate::ids::TenantId;
use crate::ledger::model::command::{Outcome, commands};
use crate::ledger::state::context::Context;
use crate::ledger::state::tenant::Tenant;

macro_rules! define_running {
    (
        installation { $($installation:tt)* }
        tenant { $($tenant:tt)* }
        steps { $($steps:ident -> $steps_answer:ty $(, logged if $steps_done:expr)?;)+ }
        either { $($either:ident -> $either_answer:ty $(, logged if $either_done:expr)?;)+ }
    ) => {
        /// The steps of one command.
        #[derive(Debug)]
        pub(in crate::ledger) enum Running {
            $($steps(<crate::ledger::model::command::$steps as SteppedCommand>::Steps),)+
            $($either(<crate::ledger::model::command::$either as SteppedCommand>::Steps),)+
        }

        impl Running {
            /// Takes one step; without the tenant if it does not exist. Returns `None` if there are more.
            pub fn step(
                &mut self,
                tenant: Option<&mut Tenant>,
                id: &TenantId,
                ctx: &mut Context,
            ) -> Option<Outcome> {
                match self {
                    $(Running::$steps(steps) => step(steps, tenant, id, ctx).map(Outcome::$steps),)+
                    $(Running::$either(steps) => step(steps, tenant, id, ctx).map(Outcome::$either),)+
                }
            }
        }
    };
}

commands!(define_running);

fn step<S: Steps>(steps: &mut S, tenant: Option<&mut Tenant>, id: &TenantId, ctx: &mut Context) -> Option<S::Answer> {
    match tenant {
        Some(tenant) => steps.next_step(tenant, ctx),
        None => steps.next_step_without_tenant(id, ctx),
    }
}
