//! `WithdrawTenant`: takes a deleted tenant out of the API tokens.

use tonic::{Request, Response, Status};

use super::{from, not_understood};
use crate::peers::access::{actor, tenant};
use crate::proto::peer::v1::{WithdrawTenantRequest, WithdrawTenantResponse};
use crate::shards::LocalShards;

pub async fn withdraw_tenant(
    shards: &LocalShards,
    request: Request<WithdrawTenantRequest>,
) -> Result<Response<WithdrawTenantResponse>, Status> {
    let node = from(&request)?.node;
    let WithdrawTenantRequest { tenant_id, actor: by } = request.into_inner();
    let read = tenant(&tenant_id).and_then(|gone| Ok((gone, actor(by)?)));
    let (gone, by) = read.map_err(|unknown| not_understood(node, unknown))?;
    shards.withdraw_tenant(&by, &gone).await?;
    Ok(Response::new(WithdrawTenantResponse {}))
}
