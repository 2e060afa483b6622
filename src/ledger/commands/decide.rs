//! Decides about a command: of the installation, or of a tenant.

use super::unknown_tenant;
use crate::ids::{TenantId, TenantNo};
use crate::ledger::model::change::{Action, Actor, Change, Changes, TenantRow, TenantState};
use crate::ledger::model::command::{Command, CreateTenant, Outcome, Request};
use crate::ledger::model::outcome::{Done, Refusal, TenantView};
use crate::ledger::model::time::Moment;
use crate::ledger::state::audit_draft::AuditDraft;
use crate::ledger::state::context::Context;
use crate::ledger::state::ledger::Ledger;
use crate::ledger::state::tenant::Tenant;

impl Ledger {
    /// Decides about a command that takes one step; see [`Command::takes_steps`]. [`Self::run_unfinished`] does the
    /// work that it leaves unfinished.
    ///
    /// # Errors
    /// Returns the request when more is overdue than this step could end first (R18): submit it again.
    pub fn decide(&mut self, request: Request, now: Moment, out: &mut Changes) -> Result<Outcome, Box<Request>> {
        if !self.is_renewed(&request.tenant, now, out) {
            return Err(Box::new(request));
        }
        self.mark.observe(now);
        self.budget.begin();
        let Request { tenant: id, actor, mut command } = request;
        self.resolve_user_ids(&id, &mut command);
        let command = match command {
            Command::CreateTenant(command) => {
                return Ok(Outcome::CreateTenant(self.create_tenant(id, command, &actor, now, out)));
            }
            Command::CreateToken(new) => return Ok(Outcome::CreateToken(self.create_token(new, &actor, now, out))),
            Command::RevokeToken(old) => return Ok(Outcome::RevokeToken(self.revoke_token(&old, &actor, now, out))),
            Command::NoteTokenUse(command) => {
                self.note_token_use(command, out);
                return Ok(Outcome::NoteTokenUse(()));
            }
            Command::WithdrawTenant(command) => {
                return Ok(Outcome::WithdrawTenant(self.withdraw_tenant(&command, &actor, now, out)));
            }
            of_a_tenant => of_a_tenant,
        };
        let (found, mut ctx) = self.context(&id, &actor, now, out);
        let Some(tenant) = found else {
            return Ok(unknown_tenant::answer(&id, command, &mut ctx));
        };
        if matches!(command, Command::DeleteTenant(_)) {
            self.delete_tenant(&id, &actor, now, out);
            return Ok(Outcome::DeleteTenant(Ok(())));
        }
        let no = tenant.no;
        if !tenant.is_ready(&command, &mut ctx) {
            if command.is_question() {
                // A question ends nothing (R20), so a tick of the tenant ends what is overdue.
                self.budget.begin();
                self.tick_tenant(no, now, out);
            }
            self.update_shard_state(no);
            return Err(Box::new(Request { tenant: id, actor, command }));
        }
        let can_notify = command.can_notify();
        let outcome = dispatch(tenant, command, &mut ctx);
        tenant.after_command(can_notify, &mut ctx);
        self.update_shard_state(no);
        Ok(outcome)
    }

    fn create_tenant(
        &mut self,
        id: TenantId,
        command: CreateTenant,
        actor: &Actor,
        now: Moment,
        out: &mut Changes,
    ) -> Done<TenantView> {
        if self.by_id.contains_key(&id) {
            return Err(Refusal::exists("tenant", id));
        }
        command.policy.check()?;
        let row = TenantRow {
            no: TenantNo(u32::try_from(self.tenants.len()).expect("fewer than 2^32 tenants")),
            id: id.clone(),
            display_name: command.display_name,
            contact: command.contact,
            state: TenantState::Active,
            policy: command.policy,
            created: now.tick,
            version: 1,
            license_fetch: None,
        };
        self.insert(row.clone());
        let (_, mut ctx) = self.context(&id, actor, now, out);
        ctx.log(AuditDraft::new(row.no, Action::TenantCreated).detail(id.as_str()));
        ctx.put(Change::PutTenant(row.clone()));
        self.update_shard_state(row.no);
        Ok(Tenant::new(row, self.config.seed).view(now))
    }
}

fn dispatch(tenant: &mut Tenant, command: Command, ctx: &mut Context) -> Outcome {
    match command {
        Command::CheckOut(command) => Outcome::CheckOut(tenant.check_out(command, ctx)),
        Command::CheckIn(command) => Outcome::CheckIn(tenant.check_in(&command, ctx)),
        Command::Heartbeat(command) => Outcome::Heartbeat(tenant.heartbeat(&command, ctx)),
        Command::CloseSession(command) => Outcome::CloseSession(tenant.close_session(&command, ctx)),
        Command::SuspendTenant(command) => Outcome::SuspendTenant(Ok(tenant.suspend(&command, ctx))),
        Command::CreateUser(command) => Outcome::CreateUser(tenant.create_user(command, ctx)),
        Command::UpdateUser(command) => Outcome::UpdateUser(tenant.update_user(command, ctx)),
        Command::RenameUser(command) => Outcome::RenameUser(tenant.rename_user(&command, ctx)),
        Command::UnblockUser(command) => Outcome::UnblockUser(tenant.unblock_user(&command, ctx)),
        Command::CreateOrganization(command) => Outcome::CreateOrganization(tenant.create_organization(command, ctx)),
        Command::UpdateOrganization(command) => Outcome::UpdateOrganization(tenant.update_organization(command, ctx)),
        Command::InstallLicense(command) => Outcome::InstallLicense(tenant.install_license(&command, ctx)),
        Command::DeleteLicense(command) => Outcome::DeleteLicense(tenant.delete_license(&command, ctx)),
        Command::RevokeLicense(command) => Outcome::RevokeLicense(tenant.revoke_license(&command, ctx)),
        Command::FetchLicense(command) => Outcome::FetchLicense(Ok(tenant.fetch_license(&command, ctx))),
        Command::NoteLicenseRequest(command) => {
            tenant.note_license_request(&command, ctx);
            Outcome::NoteLicenseRequest(Ok(()))
        }
        Command::BeginDelivery(command) => Outcome::BeginDelivery(Ok(tenant.begin_delivery(&command, ctx))),
        Command::EndDelivery(command) => {
            tenant.end_delivery(&command, ctx);
            Outcome::EndDelivery(Ok(()))
        }
        Command::RedeliverNotification(command) => Outcome::RedeliverNotification(tenant.redeliver(&command, ctx)),
        Command::CreateTenant(_)
        | Command::DeleteTenant(_)
        | Command::CreateToken(_)
        | Command::RevokeToken(_)
        | Command::NoteTokenUse(_)
        | Command::WithdrawTenant(_) => unreachable!("the ledger's own commands"),
        Command::GrantSeats(_)
        | Command::RevokeSeats(_)
        | Command::CloseIdle(_)
        | Command::SyncUsers(_)
        | Command::ActivateUsers(_)
        | Command::BlockUnlisted(_)
        | Command::DeleteLicenses(_)
        | Command::DeleteOrganization(_)
        | Command::BlockUser(_)
        | Command::DeleteUser(_)
        | Command::UpdateTenant(_) => unreachable!("commands of several steps"),
    }
}
