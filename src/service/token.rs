//! TokenService: creates, lists and revokes API tokens.

use std::sync::Arc;

use secrecy::ExposeSecret;
use tonic::{Request, Response, Status};

use super::context::ServiceContext;
use super::{caller, parse, render};
use crate::auth::token::Token;
use crate::ids::{TenantId, TokenId, random_key};
use crate::ledger::change::Actor;
use crate::ledger::command::{Command, Operation, Outcome, Reply};
use crate::ledger::outcome::Done;
use crate::ledger::token::TokenView;
use crate::proto::v1::{self, token_service_server};
use crate::status;

/// Creates, lists and revokes API tokens.
#[derive(Clone)]
pub struct TokenService {
    context: Arc<ServiceContext>,
}

impl TokenService {
    #[must_use]
    pub fn new(context: Arc<ServiceContext>) -> Self {
        Self { context }
    }

    /// Changes a token, and reloads the token index before the caller gets the answer. It is completed even if the
    /// caller goes away.
    async fn change<C>(&self, actor: Actor, command: C) -> Result<TokenView, Status>
    where
        C: Operation<Kind = Command, Answer = Done<TokenView>> + Send + 'static,
        Outcome: Reply<C>,
    {
        let context = Arc::clone(&self.context);
        let changed = tokio::spawn(async move {
            let view = context.journal().submit(&actor, &TenantId::installation(), command).await??;
            context.shards.reload_tokens().await?;
            Ok(view)
        });
        changed.await.unwrap_or_else(|_| Err(status::internal()))
    }
}

#[tonic::async_trait]
impl token_service_server::TokenService for TokenService {
    async fn create_token(
        &self,
        request: Request<v1::CreateTokenRequest>,
    ) -> Result<Response<v1::CreateTokenResponse>, Status> {
        let caller = caller(&request)?;
        let token = {
            let secret = random_key();
            Token::new(TokenId::random(), secret.expose_secret())
        };
        let command = parse::create_token(request.into_inner(), &token, caller.tenants())?;
        // A caller cannot create a token for more tenants than its own.
        if !command.within.include(&command.tenants) {
            return Err(status::not_allowed());
        }
        let view = self.change(caller.actor().clone(), command).await?;
        let secret = token.text().expose_secret().to_owned();
        Ok(Response::new(v1::CreateTokenResponse { token: Some(render::token(view)), secret }))
    }

    async fn list_tokens(
        &self,
        request: Request<v1::ListTokensRequest>,
    ) -> Result<Response<v1::ListTokensResponse>, Status> {
        let within = caller(&request)?.tenants();
        let (query, shape) = parse::list_tokens(self.context.opaque_ids(), request.into_inner(), within)?;
        let page = self.context.journal().query(&TenantId::installation(), query).await?;
        Ok(Response::new(render::list_tokens(page, &shape)))
    }

    async fn revoke_token(
        &self,
        request: Request<v1::RevokeTokenRequest>,
    ) -> Result<Response<v1::RevokeTokenResponse>, Status> {
        let caller = caller(&request)?;
        let command = parse::revoke_token(&request.get_ref().token_id, caller.tenants())?;
        let view = self.change(caller.actor().clone(), command).await?;
        Ok(Response::new(v1::RevokeTokenResponse { token: Some(render::token(view)) }))
    }
}
