//! SeatService: the methods that login services call most often.

use std::sync::Arc;

use tonic::{Request, Response, Status};

use super::context::ServiceContext;
use super::decisions::DecisionLog;
use super::tenant_access::TenantAccess;
use super::{caller, parse, render};
use crate::ledger::command::GetTenant;
use crate::ledger::outcome::Done;
use crate::ledger::policy::WhenAlreadySignedIn;
use crate::proto::v1::{self, seat_service_server};
use crate::status::{self, Repeated};

/// Decides logins, keeps sessions, and grants seats.
#[derive(Clone)]
pub struct SeatService {
    context: Arc<ServiceContext>,
}

impl SeatService {
    #[must_use]
    pub fn new(context: Arc<ServiceContext>) -> Self {
        Self { context }
    }
}

#[tonic::async_trait]
impl seat_service_server::SeatService for SeatService {
    async fn check_out(&self, request: Request<v1::CheckOutRequest>) -> Result<Response<v1::CheckOutResponse>, Status> {
        let caller = caller(&request)?;
        let is_repeated = request.extensions().get::<Repeated>().is_some();
        let (tenant, command) = parse::check_out(request.into_inner())?;
        // `check_only` takes no seat: it counts toward no rate and in no metric (R20).
        let counts = !command.check_only;
        let access = self.context.tenant_access(caller, tenant)?;
        if counts {
            self.context.rates.check(access.caller(), access.tenant(), &command.user)?;
        }
        if is_repeated && takes_over(&access).await? {
            return Err(status::outcome_unknown());
        }
        let log = DecisionLog::of(access.tenant(), &command);
        let answer = access.submit(command).await??;
        if counts {
            self.context.decisions.count(&answer);
        }
        if let Some(log) = log {
            log.log(&answer);
        }
        Ok(Response::new(render::checked_out(answer)))
    }

    async fn check_in(&self, request: Request<v1::CheckInRequest>) -> Result<Response<v1::CheckInResponse>, Status> {
        let caller = caller(&request)?;
        let (tenant, command) = parse::check_in(request.into_inner())?;
        let answer = self.context.tenant_access(caller, tenant)?.submit(command).await?;
        Ok(Response::new(render::checked_in(answer)))
    }

    async fn heartbeat(
        &self,
        request: Request<v1::HeartbeatRequest>,
    ) -> Result<Response<v1::HeartbeatResponse>, Status> {
        let caller = caller(&request)?;
        let (tenant, command) = parse::heartbeat(request.into_inner())?;
        let mut answer = self.context.tenant_access(caller, tenant)?.submit(command).await?;
        Ok(Response::new(render::heartbeat(answer.pop().ok_or_else(status::internal)?)))
    }

    async fn batch_heartbeat(
        &self,
        request: Request<v1::BatchHeartbeatRequest>,
    ) -> Result<Response<v1::BatchHeartbeatResponse>, Status> {
        let caller = caller(&request)?;
        let (tenant, command, malformed) = parse::batch_heartbeat(request.into_inner(), &self.context.limits)?;
        let sessions: Vec<_> = command.heartbeats.iter().map(|(session, _)| *session).collect();
        let answer = self.context.tenant_access(caller, tenant)?.submit(command).await?;
        Ok(Response::new(render::heartbeat_batch(&sessions, &malformed, answer)))
    }

    async fn grant_seat(
        &self,
        request: Request<v1::GrantSeatRequest>,
    ) -> Result<Response<v1::GrantSeatResponse>, Status> {
        let caller = caller(&request)?;
        let (tenant, command) = parse::grant_seat(request.into_inner(), &self.context.limits)?;
        let answer = self.context.tenant_access(caller, tenant)?.submit(command).await?;
        Ok(Response::new(render::granted(only(answer)?)))
    }

    async fn revoke_seat(
        &self,
        request: Request<v1::RevokeSeatRequest>,
    ) -> Result<Response<v1::RevokeSeatResponse>, Status> {
        let caller = caller(&request)?;
        let (tenant, command) = parse::revoke_seat(request.into_inner(), &self.context.limits)?;
        let answer = self.context.tenant_access(caller, tenant)?.submit(command).await?;
        Ok(Response::new(render::revoked(only(answer)?)))
    }

    async fn batch_grant_seats(
        &self,
        request: Request<v1::BatchGrantSeatsRequest>,
    ) -> Result<Response<v1::BatchGrantSeatsResponse>, Status> {
        let caller = caller(&request)?;
        let (tenant, command, malformed) = parse::batch_grant_seats(request.into_inner(), &self.context.limits)?;
        let (pools, users) = (command.pools.clone(), command.users.clone());
        let answers = self.context.tenant_access(caller, tenant)?.submit(command).await?;
        Ok(Response::new(render::granted_batch(&pools, &users, &malformed, answers)))
    }

    async fn batch_revoke_seats(
        &self,
        request: Request<v1::BatchRevokeSeatsRequest>,
    ) -> Result<Response<v1::BatchRevokeSeatsResponse>, Status> {
        let caller = caller(&request)?;
        let (tenant, command, malformed) = parse::batch_revoke_seats(request.into_inner(), &self.context.limits)?;
        let (pools, users) = (command.pools.clone(), command.users.clone());
        let answers = self.context.tenant_access(caller, tenant)?.submit(command).await?;
        Ok(Response::new(render::revoked_batch(&pools, &users, &malformed, answers)))
    }
}

/// True if check-outs of the tenant end sessions on other devices (R17). Such a check-out is not carried out twice: the
/// second would end what was signed in since the first.
async fn takes_over(access: &TenantAccess) -> Result<bool, Status> {
    let tenant = access.query(GetTenant).await?;
    Ok(tenant.is_ok_and(|tenant| tenant.policy.when_already_signed_in == WhenAlreadySignedIn::TakeOver))
}

/// Returns the answer for the only pair of a command.
///
/// # Errors
/// A refusal of the pair is the error of the call; without an answer, `INTERNAL`.
fn only<T>(mut answers: Vec<Done<T>>) -> Result<T, Status> {
    Ok(answers.pop().ok_or_else(status::internal)??)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::auth::rate::Rate;
    use crate::auth::{Caller, Principal};
    use crate::clock::Clock;
    use crate::ledger::access::Roles;
    use crate::license::Trust;
    use crate::licensing::Licensing;
    use crate::proto::v1::seat_service_server::SeatService as _;
    use crate::service::limits::Limits;
    use crate::shards::{AllShards, tests::holds};
    use crate::store::sqlite::SqliteStore;
    use crate::store::{Installation, Store};

    /// Rates are kept where the shard is: a call that is forwarded is counted there, and once.
    #[tokio::test]
    async fn a_check_out_for_the_shard_of_another_node_counts_toward_no_rate() {
        let folder = tempfile::tempdir().unwrap();
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(folder.path()).unwrap());
        let installation = store.installation(Installation::new(1)).await.unwrap();
        let clock = Clock::system();
        let local = holds(&store, installation, &clock, &[]).await;
        let shards = AllShards::of_one_process(Arc::clone(local.journal()), Arc::clone(local.tokens()));
        let once = Some(Rate { burst: 1, each: Duration::from_secs(3_600) });
        let limits = Limits { caller_rate: once, user_rate: once, ..Limits::default() };
        let licensing = Arc::new(Licensing::new(Trust::default(), Vec::new(), clock));
        let service = SeatService::new(ServiceContext::new(shards, licensing, limits, Default::default()));
        for _ in 0..3 {
            let mut request = Request::new(v1::CheckOutRequest {
                tenant_id: "acme".into(),
                pool_id: "crm".into(),
                user_id: "ann".into(),
                device_id: "pc".into(),
                ..Default::default()
            });
            let principal = Arc::new(Principal::anonymous());
            request.extensions_mut().insert(Caller { principal, needs: Roles::ALL });
            let refused = service.check_out(request).await.unwrap_err();
            assert_eq!(refused.metadata().get("usher-routing").unwrap(), "not-applied 0", "{refused:?}");
        }
    }
}
