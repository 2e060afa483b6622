//! `NoteTokenUse`: when API tokens were used at another node.

use tonic::{Request, Response, Status};

use super::from;
use crate::peers::shards::tokens;
use crate::proto::peer::v1::{NoteTokenUseRequest, NoteTokenUseResponse};
use crate::shards::LocalShards;

pub async fn note_token_use(
    shards: &LocalShards,
    request: Request<NoteTokenUseRequest>,
) -> Result<Response<NoteTokenUseResponse>, Status> {
    from(&request)?;
    shards.note_token_use(&tokens::parse_uses(&request.get_ref().uses)).await?;
    Ok(Response::new(NoteTokenUseResponse {}))
}
