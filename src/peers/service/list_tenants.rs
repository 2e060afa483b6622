//! `ListTenants`: tenants of the shards that this node owns.

use tonic::{Request, Response, Status};

use super::{from, not_understood};
use crate::peers::shards::tenants;
use crate::proto::peer::v1::{ListTenantsRequest, ListTenantsResponse};
use crate::shards::LocalShards;

pub async fn list_tenants(
    shards: &LocalShards,
    request: Request<ListTenantsRequest>,
) -> Result<Response<ListTenantsResponse>, Status> {
    let node = from(&request)?.node;
    let asked = tenants::parse_request(request.into_inner(), shards.journal().shards());
    let (asked, query) = asked.map_err(|unknown| not_understood(node, unknown))?;
    Ok(Response::new(tenants::answer(shards.list_tenants(&asked, &query).await?)))
}
