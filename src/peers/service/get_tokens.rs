//! `GetTokens`: the API tokens, from the node that keeps them.

use tonic::{Request, Response, Status};

use super::from;
use crate::auth::TokenEdition;
use crate::peers::shards::tokens;
use crate::proto::peer::v1::{GetTokensRequest, GetTokensResponse};
use crate::shards::LocalShards;

pub async fn get_tokens(
    shards: &LocalShards,
    request: Request<GetTokensRequest>,
) -> Result<Response<GetTokensResponse>, Status> {
    from(&request)?;
    let update = shards.tokens_since(TokenEdition(request.get_ref().edition)).await?;
    Ok(Response::new(tokens::update(update)))
}
