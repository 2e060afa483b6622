//! ServerService: describes the process and the nodes of the installation, and changes the log filter.

use std::sync::Arc;

use tonic::{Request, Response, Status};

use super::nodes::NodeDirectory;
use super::server_info::ServerInfo;
use super::tenant_access::caller_of_all;
use super::{parse, render};
use crate::proto::v1::{self, server_service_server};
use crate::status::FieldViolations;

/// Describes the process and the nodes, and changes the log filter.
#[derive(Clone)]
pub struct ServerService {
    about: Arc<ServerInfo>,
    nodes: Arc<dyn NodeDirectory>,
}

impl ServerService {
    #[must_use]
    pub fn new(about: Arc<ServerInfo>, nodes: Arc<dyn NodeDirectory>) -> Self {
        Self { about, nodes }
    }
}

#[tonic::async_trait]
impl server_service_server::ServerService for ServerService {
    async fn get_server(
        &self,
        request: Request<v1::GetServerRequest>,
    ) -> Result<Response<v1::GetServerResponse>, Status> {
        caller_of_all(&request)?;
        Ok(Response::new(v1::GetServerResponse { server: Some(render::server(&self.about)) }))
    }

    async fn list_nodes(
        &self,
        request: Request<v1::ListNodesRequest>,
    ) -> Result<Response<v1::ListNodesResponse>, Status> {
        caller_of_all(&request)?;
        Ok(Response::new(render::nodes(self.nodes.nodes())))
    }

    async fn set_log_filter(
        &self,
        request: Request<v1::SetLogFilterRequest>,
    ) -> Result<Response<v1::SetLogFilterResponse>, Status> {
        let caller = caller_of_all(&request)?;
        let (filter, time) = parse::set_log_filter(request.into_inner())?;
        let changed = self.about.log.set(&filter, time).map_err(|problem| {
            let mut problems = FieldViolations::default();
            problems.add("filter", format!("is none: {problem}"));
            problems
        })?;
        tracing::info!(target: "usher::admin", action = "SetLogFilter", actor = &*caller.actor().0, filter, ?time, "done");
        Ok(Response::new(v1::SetLogFilterResponse { previous: changed.previous, current: changed.current }))
    }
}
