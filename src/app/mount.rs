//! Mounts the services in the server: the route of each, with the maximum size of its requests.

use std::sync::Arc;

use tonic_reflection::server::Builder;
use tonic_reflection::server::v1::{ServerReflection, ServerReflectionServer};
use tonic_reflection::server::v1alpha::{
    ServerReflection as ServerReflectionAlpha, ServerReflectionServer as ServerReflectionServerAlpha,
};

use crate::health::Readiness;
use crate::proto::REFLECTED;
use crate::proto::v1::audit_service_server::AuditServiceServer;
use crate::proto::v1::directory_service_server::DirectoryServiceServer;
use crate::proto::v1::license_service_server::LicenseServiceServer;
use crate::proto::v1::notification_service_server::NotificationServiceServer;
use crate::proto::v1::seat_service_server::SeatServiceServer;
use crate::proto::v1::server_service_server::ServerServiceServer;
use crate::proto::v1::session_service_server::SessionServiceServer;
use crate::proto::v1::tenant_service_server::TenantServiceServer;
use crate::proto::v1::token_service_server::TokenServiceServer;
use crate::server::{Limits, Methods, Routes};
use crate::service::health::HealthService;
use crate::service::{
    AuditService, DirectoryService, LicenseService, NodeDirectory, NotificationService, SeatService, ServerInfo,
    ServerService, ServiceContext, SessionService, TenantService, TokenService,
};
use tonic_health::pb::health_server::HealthServer;

/// Bytes of a request to the health, reflection and server services: a name, and little else.
const MAX_NAME_REQUEST: usize = 4 * 1024;

/// All methods: of the contract, of health, and of reflection.
#[must_use]
pub fn methods() -> Methods {
    let reflection =
        [tonic_reflection::pb::v1::FILE_DESCRIPTOR_SET, tonic_reflection::pb::v1alpha::FILE_DESCRIPTOR_SET];
    Methods::read(&[&REFLECTED[..], &reflection].concat()).expect("compiled in")
}

/// Routes of the services that work before anything is loaded: health and reflection.
#[must_use]
pub fn early(methods: &Methods, readiness: &Readiness) -> Routes<HealthServer<HealthService>> {
    let health = HealthService::server(methods.services(), readiness).max_decoding_message_size(MAX_NAME_REQUEST);
    Routes::new(health).with(reflection()).with(reflection_alpha())
}

/// Routes of all services. The seat service comes first: calls of it are not boxed.
#[must_use]
pub fn all(
    context: &Arc<ServiceContext>,
    about: &Arc<ServerInfo>,
    nodes: &Arc<dyn NodeDirectory>,
    limits: &Limits,
    methods: &Methods,
    readiness: &Readiness,
) -> Routes<SeatServiceServer<SeatService>> {
    let context = || Arc::clone(context);
    let health = HealthService::server(methods.services(), readiness).max_decoding_message_size(MAX_NAME_REQUEST);
    Routes::new(SeatServiceServer::new(SeatService::new(context())).max_decoding_message_size(limits.max_seat_request))
        .with(SessionServiceServer::new(SessionService::new(context())).max_decoding_message_size(limits.max_request))
        .with(
            DirectoryServiceServer::new(DirectoryService::new(context())).max_decoding_message_size(limits.max_request),
        )
        .with(LicenseServiceServer::new(LicenseService::new(context())).max_decoding_message_size(limits.max_request))
        .with(TenantServiceServer::new(TenantService::new(context())).max_decoding_message_size(limits.max_request))
        .with(
            NotificationServiceServer::new(NotificationService::new(context()))
                .max_decoding_message_size(limits.max_request),
        )
        .with(TokenServiceServer::new(TokenService::new(context())).max_decoding_message_size(limits.max_request))
        .with(AuditServiceServer::new(AuditService::new(context())).max_decoding_message_size(limits.max_request))
        .with(
            ServerServiceServer::new(ServerService::new(Arc::clone(about), Arc::clone(nodes)))
                .max_decoding_message_size(MAX_NAME_REQUEST),
        )
        .with(health)
        .with(reflection())
        .with(reflection_alpha())
}

fn described() -> Builder<'static> {
    REFLECTED.into_iter().fold(Builder::configure(), Builder::register_encoded_file_descriptor_set)
}

fn reflection() -> ServerReflectionServer<impl ServerReflection> {
    described().build_v1().expect("compiled in").max_decoding_message_size(MAX_NAME_REQUEST)
}

fn reflection_alpha() -> ServerReflectionServerAlpha<impl ServerReflectionAlpha> {
    described().build_v1alpha().expect("compiled in").max_decoding_message_size(MAX_NAME_REQUEST)
}

#[cfg(test)]
mod tests;
