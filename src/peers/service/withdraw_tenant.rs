//! `WithdrawTenant`: takes a deleted tenant out of the API tokens.

use tonic::{Request, Response, Status};

use super::{from, not_understood};
use crate::ledger::change::Actor;
use crate::peers::access::tenant;
use crate::proto::peer::v1::{WithdrawTenantRequest, WithdrawTenantResponse};
use crate::shards::LocalShards;

pub async fn withdraw_tenant(
    shards: &LocalShards,
    request: Request<WithdrawTenantRequest>,
) -> Result<Response<WithdrawTenantResponse>, Status> {
    let node = from(&request)?.node;
    let WithdrawTenantRequest { tenant_id, actor } = request.into_inner();
    let gone = tenant(&tenant_id).map_err(|unknown| not_understood(node, unknown))?;
    shards.withdraw_tenant(&Actor(actor.into()), &gone).await?;
    Ok(Response::new(WithdrawTenantResponse {}))
}
