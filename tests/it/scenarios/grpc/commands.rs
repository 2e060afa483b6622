//! Each command as the RPC that carries it out.

use usher::ids::{OrganizationId, SessionId, TenantId};
use usher::ledger::change::TenantState;
use usher::ledger::command::{
    CheckOut, Command, CreateUser, GrantSeats, Heartbeat, Outcome, PolicyPatch, RevokeSeats, UpdateTenant, UpdateUser,
};
use usher::ledger::outcome::{
    CheckedOut, Denial, Done, Granted, HeartbeatResult, IdleClosed, OrganizationView, PoolUsage, Revoked, TenantView,
    UserView,
};
use usher::ledger::policy::{CloseActive, UnknownUsers, WhenAlreadySignedIn, WhenFull};
use usher::proto::v1;

use super::{Caller, call, refusals, views};

impl Caller {
    pub fn command(&self, tenant: &TenantId, command: Command) -> Result<Outcome, String> {
        let tenant_id = self.tenant_id(tenant);
        Ok(match command {
            Command::CheckOut(command) => Outcome::CheckOut(self.check_out(tenant_id, command)),
            Command::Heartbeat(command) => Outcome::Heartbeat(self.heartbeat(tenant_id, command)?),
            Command::GrantSeats(command) => Outcome::GrantSeats(self.grant(tenant_id, command)?),
            Command::RevokeSeats(command) => Outcome::RevokeSeats(self.revoke(tenant_id, command)?),
            Command::CheckIn(command) => {
                let request = v1::CheckInRequest { tenant_id, session_id: command.session.to_string() };
                let answer = call(self.server.seats().check_in(request)).map_err(|why| format!("  {why:?}"))?;
                Outcome::CheckIn(views::checked_in(answer.ended_now, answer.end_reason()))
            }
            Command::CloseSession(command) => {
                let id = |session: SessionId| session.to_string();
                let request = v1::CloseSessionRequest {
                    tenant_id,
                    session_id: id(command.session),
                    force: command.force,
                    caller_session_id: command.own_session.map(id).unwrap_or_default(),
                    caller_user_id: text(command.own_user.as_ref()),
                };
                let answer = call(self.server.sessions().close_session(request));
                Outcome::CloseSession(answer.map(|answer| views::checked_in(answer.ended_now, answer.end_reason())))
            }
            Command::CloseIdle(command) => {
                let (pool_id, caller_user_id) = (text(command.pool.as_ref()), text(command.own_user.as_ref()));
                let request = v1::CloseIdleSessionsRequest { tenant_id, pool_id, caller_user_id };
                let answer = call(self.server.sessions().close_idle_sessions(request));
                Outcome::CloseIdle(answer.map(|answer| IdleClosed {
                    count: answer.closed.len() as u64,
                    sessions: answer.closed.into_iter().map(views::session).collect(),
                }))
            }
            other => match self.directory_command(tenant_id.clone(), other) {
                Ok(outcome) => outcome,
                Err(other) => self.tenant_command(tenant, tenant_id, other)?,
            },
        })
    }

    fn check_out(&self, tenant_id: String, command: CheckOut) -> Done<CheckedOut> {
        use v1::check_out_response::Outcome;
        let request = v1::CheckOutRequest {
            tenant_id,
            pool_id: command.pool.to_string(),
            user_id: command.user.to_string(),
            device_id: command.device.to_string(),
            organization_id: text(command.organization.as_ref()),
            check_only: command.check_only,
            client: command.client.to_string(),
            alternative_pool_ids: command.alternatives.iter().map(ToString::to_string).collect(),
        };
        let answer = call(self.server.seats().check_out(request))?;
        Ok(CheckedOut {
            decision: match answer.outcome.expect("a decision") {
                Outcome::Lease(lease) => Ok(views::lease(lease)),
                Outcome::Denial(denial) => Err(views::denial(denial)),
            },
            usage: answer.usage.map(views::pool_usage),
            notices: answer.notices.iter().map(views::notice).collect(),
        })
    }

    fn heartbeat(&self, tenant_id: String, command: Heartbeat) -> Result<Vec<HeartbeatResult>, String> {
        let beat =
            |(session, active): (SessionId, bool)| v1::SessionHeartbeat { session_id: session.to_string(), active };
        let heartbeats = command.heartbeats.into_iter().map(beat).collect();
        let request = v1::BatchHeartbeatRequest { tenant_id, heartbeats };
        let answer = call(self.server.seats().batch_heartbeat(request)).map_err(|why| format!("  {why:?}"))?;
        Ok(answer.results.into_iter().map(views::beat).collect())
    }

    /// A single pair is granted by the RPC for one. A batch tells the use of each pool once, after its last pair.
    fn grant(&self, tenant_id: String, command: GrantSeats) -> Result<Vec<Done<Granted>>, String> {
        use v1::grant_seat_response::Outcome;
        use v1::grant_seat_result::Outcome as OfPair;
        let organization_ids = texts(&command.organizations);
        if let ([pool], [user]) = (&command.pools[..], &command.users[..]) {
            let (pool_id, user_id) = (pool.to_string(), user.to_string());
            let request = v1::GrantSeatRequest { tenant_id, pool_id, user_id, organization_ids };
            return Ok(vec![call(self.server.seats().grant_seat(request)).map(|answer| Granted {
                decision: match answer.outcome.expect("a decision") {
                    Outcome::Seat(seat) => Ok(views::seat(seat)),
                    Outcome::Denial(denial) => Err(views::denial(denial)),
                },
                usage: answer.usage.map(views::pool_usage),
            })]);
        }
        let (pool_ids, user_ids) = (texts(&command.pools), texts(&command.users));
        let request = v1::BatchGrantSeatsRequest { tenant_id, pool_ids, user_ids, organization_ids };
        let answer = call(self.server.seats().batch_grant_seats(request)).map_err(|why| format!("  {why:?}"))?;
        let usage = |pool: &str| use_of(&answer.usage, pool);
        let result = |result: &v1::GrantSeatResult| match result.outcome.clone().expect("a decision") {
            OfPair::Seat(seat) => Ok(Granted { decision: Ok(views::seat(seat)), usage: usage(&result.pool_id) }),
            OfPair::Denial(denial) => {
                Ok(Granted { decision: Err(views::denial(denial)), usage: usage(&result.pool_id) })
            }
            OfPair::Error(error) => Err(refusals::of_item(&error)),
        };
        Ok(answer.results.iter().map(result).collect())
    }

    fn revoke(&self, tenant_id: String, command: RevokeSeats) -> Result<Vec<Done<Revoked>>, String> {
        use v1::revoke_seat_result::Outcome;
        let (organization_ids, end_sessions) = (texts(&command.organizations), command.end_sessions);
        if let ([pool], [user]) = (&command.pools[..], &command.users[..]) {
            let (pool_id, user_id) = (pool.to_string(), user.to_string());
            let request = v1::RevokeSeatRequest { tenant_id, pool_id, user_id, organization_ids, end_sessions };
            return Ok(vec![call(self.server.seats().revoke_seat(request)).map(|answer| Revoked {
                seat: answer.seat.map(views::seat),
                revoked_now: answer.revoked_now,
                usage: answer.usage.map(views::pool_usage).expect("the use of the pool"),
            })]);
        }
        let (pool_ids, user_ids) = (texts(&command.pools), texts(&command.users));
        let request = v1::BatchRevokeSeatsRequest { tenant_id, pool_ids, user_ids, organization_ids, end_sessions };
        let answer = call(self.server.seats().batch_revoke_seats(request)).map_err(|why| format!("  {why:?}"))?;
        let result = |result: &v1::RevokeSeatResult| match result.outcome.clone().expect("an answer") {
            Outcome::Revoked(revoked) => Ok(Revoked {
                seat: revoked.seat.map(views::seat),
                revoked_now: revoked.revoked_now,
                usage: use_of(&answer.usage, &result.pool_id).expect("the use of the pool"),
            }),
            Outcome::Error(error) => Err(refusals::of_item(&error)),
        };
        Ok(answer.results.iter().map(result).collect())
    }

    /// Commands about users and organizations; `Err` returns another one.
    #[expect(clippy::result_large_err, reason = "it is no error: another command goes to its own service")]
    fn directory_command(&self, tenant_id: String, command: Command) -> Result<Outcome, Command> {
        let mut directory = self.server.directory();
        Ok(match command {
            Command::CreateUser(command) => Outcome::CreateUser(self.create_user(tenant_id, command)),
            Command::UpdateUser(command) => Outcome::UpdateUser(self.update_user(tenant_id, command)),
            Command::RenameUser(command) => {
                let (user_id, new_user_id) = (command.user.to_string(), command.new.to_string());
                let answer = call(directory.rename_user(v1::RenameUserRequest { tenant_id, user_id, new_user_id }));
                Outcome::RenameUser(answer.map(|answer| views::user(answer.user.unwrap_or_default())))
            }
            Command::BlockUser(command) => {
                let (user_id, end_sessions) = (command.user.to_string(), command.end_sessions);
                let answer = call(directory.block_user(v1::BlockUserRequest { tenant_id, user_id, end_sessions }));
                Outcome::BlockUser(answer.map(|answer| views::user(answer.user.unwrap_or_default())))
            }
            Command::UnblockUser(command) => {
                use v1::unblock_user_response::Outcome as Unblocked;
                let user_id = command.user.to_string();
                let answer = call(directory.unblock_user(v1::UnblockUserRequest { tenant_id, user_id }));
                Outcome::UnblockUser(answer.map(|answer| {
                    let decision = match answer.outcome.expect("a decision") {
                        Unblocked::User(user) => Ok(views::user(user)),
                        Unblocked::Denial(denial) => Err(views::denial(denial)),
                    };
                    (decision, answer.usage.into_iter().map(views::pool_usage).collect())
                }))
            }
            Command::DeleteUser(command) => {
                let user_id = command.user.to_string();
                let answer = call(directory.delete_user(v1::DeleteUserRequest { tenant_id, user_id }));
                Outcome::DeleteUser(answer.map(|_| ()))
            }
            Command::CreateOrganization(command) => {
                let (organization_id, display_name) = (command.organization.to_string(), command.display_name.into());
                let organization = v1::Organization { organization_id, display_name, ..Default::default() };
                let request = v1::CreateOrganizationRequest { tenant_id, organization: Some(organization) };
                let answer = call(directory.create_organization(request));
                Outcome::CreateOrganization(answer.map(|answer| organization_view(answer.organization)))
            }
            Command::UpdateOrganization(command) => {
                let organization = v1::Organization {
                    organization_id: command.organization.to_string(),
                    display_name: command.display_name.unwrap_or_default().into(),
                    etag: etag(command.version),
                    ..Default::default()
                };
                let organization = Some(organization);
                let request = v1::UpdateOrganizationRequest { tenant_id, organization, update_mask: None };
                let answer = call(directory.update_organization(request));
                Outcome::UpdateOrganization(answer.map(|answer| organization_view(answer.organization)))
            }
            Command::DeleteOrganization(command) => {
                let organization_id = command.organization.to_string();
                let answer =
                    call(directory.delete_organization(v1::DeleteOrganizationRequest { tenant_id, organization_id }));
                Outcome::DeleteOrganization(answer.map(|_| ()))
            }
            other => return Err(other),
        })
    }

    fn create_user(&self, tenant_id: String, command: CreateUser) -> Done<(Result<UserView, Denial>, Vec<PoolUsage>)> {
        use v1::create_user_response::Outcome;
        let (user_id, administrator) = (command.user.to_string(), command.administrator);
        let user = v1::User { user_id, administrator, ..Default::default() };
        let request = v1::CreateUserRequest { tenant_id, user: Some(user), pool_ids: texts(&command.pools) };
        let answer = call(self.server.directory().create_user(request))?;
        let decision = match answer.outcome.expect("a decision") {
            Outcome::User(user) => Ok(views::user(user)),
            Outcome::Denial(denial) => Err(views::denial(denial)),
        };
        Ok((decision, answer.usage.into_iter().map(views::pool_usage).collect()))
    }

    fn update_user(&self, tenant_id: String, command: UpdateUser) -> Done<UserView> {
        let patch = command.patch;
        let named = [
            ("administrator", patch.administrator.is_some()),
            ("given_name", patch.given_name.is_some()),
            ("family_name", patch.family_name.is_some()),
            ("groups", patch.groups.is_some()),
        ];
        let paths = named.into_iter().filter(|(_, named)| *named).map(|(path, _)| path.to_owned()).collect();
        let user = v1::User {
            user_id: command.user.to_string(),
            administrator: patch.administrator.unwrap_or_default(),
            given_name: patch.given_name.unwrap_or_default().into(),
            family_name: patch.family_name.unwrap_or_default().into(),
            groups: patch.groups.unwrap_or_default().into_iter().map(Into::into).collect(),
            etag: etag(command.version),
            ..Default::default()
        };
        let update_mask = Some(prost_types::FieldMask { paths });
        let request = v1::UpdateUserRequest { tenant_id, user: Some(user), update_mask };
        call(self.server.directory().update_user(request)).map(|answer| views::user(answer.user.unwrap_or_default()))
    }

    /// Commands about a tenant and its licenses.
    fn tenant_command(&self, tenant: &TenantId, tenant_id: String, command: Command) -> Result<Outcome, String> {
        let mut tenants = self.server.tenants();
        Ok(match command {
            Command::CreateTenant(command) => {
                let (display_name, contact) = (command.display_name.into(), command.contact.into());
                let made = v1::Tenant { tenant_id, display_name, contact, ..Default::default() };
                let answer = call(tenants.create_tenant(v1::CreateTenantRequest { tenant: Some(made) }));
                Outcome::CreateTenant(answer.map(|answer| tenant_view(tenant, answer.tenant)))
            }
            Command::UpdateTenant(UpdateTenant { version, policy, .. }) => {
                let update_mask = cleared(&policy);
                let policy = Some(policy_of(policy));
                let changed = v1::Tenant { tenant_id, etag: etag(version), policy, ..Default::default() };
                let request = v1::UpdateTenantRequest { tenant: Some(changed), update_mask };
                let answer = call(tenants.update_tenant(request));
                Outcome::UpdateTenant(answer.map(|answer| tenant_view(tenant, answer.tenant)))
            }
            Command::SuspendTenant(command) if command.suspend => {
                let answer = call(tenants.suspend_tenant(v1::SuspendTenantRequest { tenant_id }));
                Outcome::SuspendTenant(answer.map(|answer| tenant_view(tenant, answer.tenant)))
            }
            Command::SuspendTenant(_) => {
                let answer = call(tenants.resume_tenant(v1::ResumeTenantRequest { tenant_id }));
                Outcome::SuspendTenant(answer.map(|answer| tenant_view(tenant, answer.tenant)))
            }
            Command::DeleteTenant(_) => {
                let answer = call(tenants.delete_tenant(v1::DeleteTenantRequest { tenant_id }));
                Outcome::DeleteTenant(answer.map(|_| ()))
            }
            Command::InstallLicense(command) => Outcome::InstallLicense(self.install(tenant_id, &command)),
            Command::DeleteLicense(command) => {
                Outcome::DeleteLicense(self.delete_license(tenant_id, command.license.to_string()))
            }
            Command::DeleteLicenses(_) => Outcome::DeleteLicenses(self.delete_licenses(tenant_id)),
            other => return Err(format!("  no RPC does {other:?}")),
        })
    }
}

/// The use of a pool after a batch.
fn use_of(usage: &[v1::PoolUsage], pool: &str) -> Option<PoolUsage> {
    usage.iter().find(|usage| usage.pool_id == pool).cloned().map(views::pool_usage)
}

fn text<T: ToString>(id: Option<&T>) -> String {
    id.map(ToString::to_string).unwrap_or_default()
}

fn texts<T: ToString>(ids: &[T]) -> Vec<String> {
    ids.iter().map(ToString::to_string).collect()
}

fn etag(version: Option<u64>) -> String {
    text(version.as_ref())
}

pub fn organization_view(organization: Option<v1::Organization>) -> OrganizationView {
    let organization = organization.unwrap_or_default();
    OrganizationView {
        id: OrganizationId::stored(&organization.organization_id),
        display_name: organization.display_name.into(),
        created: organization.created_at.map(views::wall).unwrap_or_default(),
        version: organization.etag.parse().unwrap_or_default(),
    }
}

/// No line reads a tenant's policy.
fn tenant_view(id: &TenantId, tenant: Option<v1::Tenant>) -> TenantView {
    let tenant = tenant.unwrap_or_default();
    let suspended = tenant.state() == v1::TenantState::Suspended;
    TenantView {
        id: id.clone(),
        state: if suspended { TenantState::Suspended } else { TenantState::Active },
        display_name: tenant.display_name.into(),
        contact: tenant.contact.into(),
        policy: Default::default(),
        created: tenant.created_at.map(views::wall).unwrap_or_default(),
        version: tenant.etag.parse().unwrap_or_default(),
    }
}

/// The fields whose new value is the empty one, which only a mask can say.
fn cleared(patch: &PolicyPatch) -> Option<prost_types::FieldMask> {
    let named = [
        ("policy.warn_at_percent", patch.warn_at_percent.as_ref().is_some_and(|percents| percents.is_empty())),
        ("policy.responsible_person", patch.responsible_person.as_ref().is_some_and(|person| person.is_empty())),
    ];
    let paths: Vec<_> = named.into_iter().filter(|(_, named)| *named).map(|(path, _)| path.to_owned()).collect();
    (!paths.is_empty()).then_some(prost_types::FieldMask { paths })
}

fn policy_of(patch: PolicyPatch) -> v1::Policy {
    let length = |length: std::time::Duration| prost_types::Duration::try_from(length).expect("a length of time");
    v1::Policy {
        lease_ttl: patch.lease_ttl.map(length),
        max_session: patch.max_session.map(length),
        away_after: patch.away_after.map(length),
        idle_after: patch.idle_after.map(length),
        idle_timeout: patch.idle_timeout.map(|timeout| length(timeout.unwrap_or_default())),
        max_devices_per_user: patch.max_devices_per_user,
        when_already_signed_in: patch.when_already_signed_in.map_or(0, |value| match value {
            WhenAlreadySignedIn::Deny => v1::WhenAlreadySignedIn::Deny.into(),
            WhenAlreadySignedIn::TakeOver => v1::WhenAlreadySignedIn::TakeOver.into(),
        }),
        when_full: patch.when_full.map_or(0, |value| match value {
            WhenFull::Deny => v1::WhenFull::Deny.into(),
            WhenFull::ReclaimIdle => v1::WhenFull::ReclaimIdle.into(),
        }),
        close_active: patch.close_active.map_or(0, |value| match value {
            CloseActive::Refuse => v1::CloseActive::Refuse.into(),
            CloseActive::Allow => v1::CloseActive::Allow.into(),
        }),
        unknown_users: patch.unknown_users.map_or(0, |value| match value {
            UnknownUsers::Deny => v1::UnknownUsers::Deny.into(),
            UnknownUsers::Admit => v1::UnknownUsers::Admit.into(),
        }),
        administrators_count_in_named: patch.administrators_count_in_named,
        administrators_count_in_concurrent: patch.administrators_count_in_concurrent,
        responsible_person: patch.responsible_person.unwrap_or_default().into(),
        seat_request_step: patch.seat_request_step,
        warn_at_percent: patch.warn_at_percent.unwrap_or_default().iter().map(|percent| u32::from(*percent)).collect(),
    }
}
