//! The ledger: a pure, synchronous state machine that decides. It has no clock, no randomness, no I/O, no async code
//! and no logs. Time and fresh ids are arguments, effects are returned as data, and the same commands at the same
//! moments always have the same result.

pub mod access;
mod activate_users;
mod admissions;
mod agenda;
mod budget;
pub mod change;
mod check_in;
mod check_out;
mod checkpoint;
mod clock_mark;
mod close_idle;
mod close_session;
pub mod command;
mod context;
pub mod continuity;
mod deadlines;
mod delete_license;
mod delete_licenses;
mod delete_organization;
mod deliveries;
mod denials;
mod end_sessions;
mod ended_sessions;
mod entitlement;
mod execution;
mod fetch_license;
pub mod former_id;
mod grant_seats;
mod grants;
mod headcount;
mod heartbeat;
mod install_license;
pub mod invariants;
mod kept_denials;
mod lease;
mod leaving;
mod leaving_tenants;
pub mod license;
pub mod license_fetch;
pub mod license_floors;
mod license_information;
pub mod license_view;
mod licenses;
mod limit;
mod list_sessions;
mod list_users;
mod live;
mod map;
pub mod notification;
mod notifications;
mod notify;
mod numbers;
mod organization;
mod organizations;
pub mod outcome;
mod overdue;
mod paged_vec;
pub mod policy;
mod pool;
mod query;
pub mod rates;
mod rename_user;
mod renewal;
mod restore;
mod revoke_license;
mod revoke_seats;
mod role;
mod schedule;
pub mod search;
mod session;
mod sync_plan;
mod sync_users;
mod tally;
mod tenant;
mod tenants;
mod tick;
pub mod time;
pub mod token;
mod tokens;
mod totals;
mod unknown_tenant;
mod usage;
mod user;
mod user_orders;
mod users;
mod walk;
pub mod wall_line;
mod what_if;

pub use budget::Budget;
pub use execution::Execution;
pub use kept_denials::KeptDenials;
pub use map::Seed;
pub use query::Reading;
pub use renewal::FormerIdKept;
pub use restore::Restore;
pub use tick::Ticking;
pub use totals::{PoolUsageEntry, Totals};

use std::collections::VecDeque;

use agenda::Agenda;
use change::{Action, Actor, Change, Changes, TenantRow, TenantState};
use checkpoint::Queue;
use clock_mark::ClockMark;
use command::{Command, CreateTenant, Outcome, Request};
use context::{AuditDraft, Context};
use denials::Denials;
use ended_sessions::EndedSessions;
use map::Map;
use outcome::{Done, Refusal, TenantView};
use rates::Limiter;
use renewal::Renewal;
use tally::Tally;
use tenant::Tenant;
use time::{Moment, Wall};
use tokens::Tokens;

use crate::ids::{EventNo, TenantId, TenantNo};

/// Tenant number 0 belongs to no tenant. Audit events of calls for unknown tenants have it, and, on the first shard,
/// the audit events of the installation.
const NOBODY: TenantNo = TenantNo(0);

/// Settings of a ledger; fixed while it lives.
#[derive(Debug, Clone, Copy)]
pub struct Config {
    /// Seats per pool of a tenant without any license (R30).
    pub demo_seats: u64,
    /// Channels by which notifications can be sent (R34).
    pub channels: notification::Channels,
    /// Rates and bounds of what callers can make grow.
    pub rates: rates::RateLimits,
    /// Seed of the hash maps: secret and random in a running service, fixed in a test.
    pub seed: Seed,
}

/// The tenants of one shard, in memory.
#[derive(Debug)]
pub struct Ledger {
    config: Config,
    /// By tenant number. Number 0 and deleted tenants are `None`; a number is never reused.
    tenants: Vec<Option<Box<Tenant>>>,
    by_id: Map<TenantId, TenantNo>,
    /// API tokens of the installation; only on the first shard.
    tokens: Tokens,
    floors: license_floors::AllFloors,
    last_event: EventNo,
    mark: ClockMark,
    denials: Denials,
    /// Budget of each tenant for users admitted at login.
    admissions: Limiter<TenantNo>,
    redeliveries: deliveries::Redeliveries,
    ended_sessions: EndedSessions,
    checkpoint: Queue,
    /// Budget of the current step, and the sum of all work so far.
    budget: Budget,
    /// Queue of the tenants that have unfinished work, each once (`Tenant::unfinished`).
    unfinished: VecDeque<TenantNo>,
    renewal: Renewal,
    agenda: Agenda,
    tally: Tally,
}

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
            self.file(no);
            return Err(Box::new(Request { tenant: id, actor, command }));
        }
        let looks = command.looks();
        let outcome = dispatch(tenant, command, &mut ctx);
        tenant.after_command(looks, &mut ctx);
        self.file(no);
        Ok(outcome)
    }

    /// Returns the tenant with this id and the context of a command: two values, so that both can be borrowed at once.
    fn context<'a>(
        &'a mut self,
        id: &TenantId,
        actor: &'a Actor,
        now: Moment,
        out: &'a mut Changes,
    ) -> (Option<&'a mut Tenant>, Context<'a>) {
        // No tenant has the number `NOBODY`, so an unknown id finds none.
        let no = self.by_id.get(id).copied().unwrap_or(NOBODY);
        self.step_of(no, actor, now, out)
    }

    fn step_of<'a>(
        &'a mut self,
        no: TenantNo,
        actor: &'a Actor,
        now: Moment,
        out: &'a mut Changes,
    ) -> (Option<&'a mut Tenant>, Context<'a>) {
        let tenant = self.tenants[no.0 as usize].as_deref_mut();
        let ctx = Context {
            now,
            actor,
            demo_seats: self.config.demo_seats,
            channels: self.config.channels,
            license_time: self.mark.license_time(now),
            last_event: &mut self.last_event,
            denials: &mut self.denials,
            admissions: &mut self.admissions,
            redeliveries: &mut self.redeliveries,
            ended_sessions: &mut self.ended_sessions,
            checkpoint: &mut self.checkpoint,
            budget: &mut self.budget,
            unfinished: &mut self.unfinished,
            out,
        };
        (tenant, ctx)
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
        self.file(row.no);
        Ok(Tenant::new(row, self.config.seed).view(now))
    }

    fn insert(&mut self, row: TenantRow) {
        let index = row.no.0 as usize;
        if self.tenants.len() <= index {
            self.tenants.resize_with(index + 1, || None);
        }
        if row.state != TenantState::Deleted {
            self.by_id.insert(row.id.clone(), row.no);
        }
        let floors = self.floors.of(&row.id);
        let mut tenant = Tenant::new(row, self.config.seed);
        tenant.licenses.set_floors(floors);
        self.tenants[index] = Some(Box::new(tenant));
        self.tally.begin();
    }

    fn tenant(&mut self, id: &TenantId) -> Done<&mut Tenant> {
        let no = self.by_id.get(id).copied().ok_or_else(|| Refusal::not_found("tenant", id))?;
        Ok(self.tenants[no.0 as usize].as_deref_mut().expect("a tenant that is listed"))
    }

    /// Number of the tenant, or of the installation, under which its audit events are stored.
    #[must_use]
    pub fn tenant_no(&self, id: &TenantId) -> Option<TenantNo> {
        if *id == TenantId::installation() { Some(NOBODY) } else { self.by_id.get(id).copied() }
    }

    /// Highest tenant number that was ever assigned.
    #[must_use]
    pub fn last_tenant(&self) -> TenantNo {
        TenantNo(u32::try_from(self.tenants.len() - 1).expect("fewer than 2^32 tenants"))
    }

    /// Work charged so far, in units of [`Budget`].
    #[must_use]
    pub fn work(&self) -> u64 {
        self.budget.total()
    }

    #[must_use]
    pub fn last_event(&self) -> EventNo {
        self.last_event
    }

    /// The high-water mark of wall time (R31).
    #[must_use]
    pub fn wall_high(&self) -> Wall {
        self.mark.high()
    }

    /// Time by which the wall clock is behind the high-water mark; zero for a clock that was not set back (R31).
    #[must_use]
    pub fn clock_behind(&self, now: Moment) -> std::time::Duration {
        self.mark.behind(now)
    }

    fn limit_basis(&self, now: Moment) -> usage::LimitBasis {
        usage::LimitBasis { now, license_time: self.mark.license_time(now), demo_seats: self.config.demo_seats }
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
