//! Brings each command to where it is decided, as the table of commands says.

use super::execution::Execution;
use super::installation_command::InstallationCommand;
use super::running::Running;
use super::stepped_command::SteppedCommand;
use super::tenant_command::TenantCommand;
use crate::ids::{TenantId, UserId};
use crate::ledger::model::change::{Actor, Changes};
use crate::ledger::model::command::{Command, Outcome, commands};
use crate::ledger::model::time::Moment;
use crate::ledger::state::ledger::Ledger;

macro_rules! define_dispatch {
    (
        installation { $($installation:ident -> $installation_answer:ty $(, logged if $installation_done:expr)?;)+ }
        tenant { $($tenant:ident -> $tenant_answer:ty $(, logged if $tenant_done:expr)?;)+ }
        steps { $($steps:ident -> $steps_answer:ty $(, logged if $steps_done:expr)?;)+ }
        either { $($either:ident -> $either_answer:ty $(, logged if $either_done:expr)?;)+ }
    ) => {
        impl Ledger {
            /// Decides about a command that takes one step; begins any other.
            pub(in crate::ledger) fn dispatch(
                &mut self,
                tenant: TenantId,
                actor: Actor,
                command: Command,
                now: Moment,
                out: &mut Changes,
            ) -> Result<Outcome, Box<Execution>> {
                match command {
                    $(Command::$installation(command) => {
                        Ok(Outcome::$installation(command.apply(self, tenant, &actor, now, out)))
                    })+
                    $(Command::$tenant(command) => {
                        self.decide_in_tenant(tenant, actor, command, now, out).map(Outcome::$tenant)
                    })+
                    $(Command::$steps(command) => {
                        let raises = SteppedCommand::raises_notifications(&command);
                        Err(Execution::begun(tenant, actor, raises, Running::$steps(command.begin())))
                    })+
                    $(Command::$either(command) if command.is_long() => {
                        let raises = SteppedCommand::raises_notifications(&command);
                        Err(Execution::begun(tenant, actor, raises, Running::$either(command.begin())))
                    }
                    Command::$either(command) => {
                        self.decide_in_tenant(tenant, actor, command, now, out).map(Outcome::$either)
                    })+
                }
            }
        }

        impl Command {
            /// True if the caller chooses how much work the command is: it takes several steps, see [`Execution`].
            #[must_use]
            pub fn takes_steps(&self) -> bool {
                match self {
                    $(Command::$installation(_) => false,)+
                    $(Command::$tenant(_) => false,)+
                    $(Command::$steps(_) => true,)+
                    $(Command::$either(command) => command.is_long(),)+
                }
            }

            /// True for a command that only reports what would happen, and changes nothing (R20, R33).
            #[must_use]
            pub fn is_question(&self) -> bool {
                match self {
                    $(Command::$installation(_) => false,)+
                    $(Command::$tenant(command) => TenantCommand::is_question(command),)+
                    $(Command::$steps(command) => SteppedCommand::is_question(command),)+
                    $(Command::$either(command) => TenantCommand::is_question(command),)+
                }
            }

            /// All user ids of the command.
            pub(in crate::ledger) fn users(&mut self) -> Vec<&mut UserId> {
                match self {
                    $(Command::$installation(_) => Vec::new(),)+
                    $(Command::$tenant(command) => TenantCommand::users(command),)+
                    $(Command::$steps(command) => SteppedCommand::users(command),)+
                    $(Command::$either(command) => TenantCommand::users(command),)+
                }
            }
        }
    };
}

commands!(define_dispatch);
