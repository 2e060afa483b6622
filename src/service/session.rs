//! SessionService: lists, closes and watches sessions.

use std::pin::Pin;
use std::sync::Arc;

use futures_util::Stream;
use tonic::{Request, Response, Status};

use super::context::ServiceContext;
use super::watch::Watch;
use super::{caller, parse, render};
use crate::proto::v1::{self, session_service_server};

/// Lists, closes and watches sessions.
#[derive(Clone)]
pub struct SessionService {
    context: Arc<ServiceContext>,
}

impl SessionService {
    #[must_use]
    pub fn new(context: Arc<ServiceContext>) -> Self {
        Self { context }
    }
}

#[tonic::async_trait]
impl session_service_server::SessionService for SessionService {
    async fn list_sessions(
        &self,
        request: Request<v1::ListSessionsRequest>,
    ) -> Result<Response<v1::ListSessionsResponse>, Status> {
        let caller = caller(&request)?;
        let (tenant, query, shape) = parse::list_sessions(self.context.opaque_ids(), request.into_inner())?;
        let page = self.context.tenant_access(caller, tenant)?.query(query).await??;
        Ok(Response::new(render::list_sessions(page, &shape)))
    }

    async fn close_session(
        &self,
        request: Request<v1::CloseSessionRequest>,
    ) -> Result<Response<v1::CloseSessionResponse>, Status> {
        let caller = caller(&request)?;
        let (tenant, command) = parse::close_session(request.into_inner())?;
        let answer = self.context.tenant_access(caller, tenant)?.submit(command).await??;
        Ok(Response::new(render::closed_session(answer)))
    }

    async fn close_idle_sessions(
        &self,
        request: Request<v1::CloseIdleSessionsRequest>,
    ) -> Result<Response<v1::CloseIdleSessionsResponse>, Status> {
        let caller = caller(&request)?;
        let (tenant, command) = parse::close_idle(request.into_inner())?;
        let closed = self.context.tenant_access(caller, tenant)?.submit(command).await??;
        let (closed_count, sessions) = (closed.count, closed.sessions.into_iter());
        let closed = sessions.map(render::session).collect();
        Ok(Response::new(v1::CloseIdleSessionsResponse { closed, closed_count }))
    }

    type WatchSessionsStream = Pin<Box<dyn Stream<Item = Result<v1::WatchSessionsResponse, Status>> + Send>>;

    async fn watch_sessions(
        &self,
        request: Request<v1::WatchSessionsRequest>,
    ) -> Result<Response<Self::WatchSessionsStream>, Status> {
        let caller = caller(&request)?;
        let (tenant, after, shape) = parse::watch_sessions(self.context.opaque_ids(), request.into_inner())?;
        let access = self.context.tenant_access(caller, tenant)?;
        let permit = self.context.watcher(&access)?;
        let watch = access.watch(after).await?;
        let watch = Watch::new(watch, shape, self.context.shutdown.clone(), permit);
        Ok(Response::new(Box::pin(watch.stream())))
    }
}
