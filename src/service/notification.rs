//! NotificationService: lists notifications and their deliveries, and sends them again (R34).

use std::sync::Arc;

use tonic::{Request, Response, Status};

use super::context::ServiceContext;
use super::{caller, parse, render};
use crate::proto::v1::{self, notification_service_server};

/// Lists notifications, and sends them again.
#[derive(Clone)]
pub struct NotificationService {
    context: Arc<ServiceContext>,
}

impl NotificationService {
    #[must_use]
    pub fn new(context: Arc<ServiceContext>) -> Self {
        Self { context }
    }
}

#[tonic::async_trait]
impl notification_service_server::NotificationService for NotificationService {
    async fn list_notifications(
        &self,
        request: Request<v1::ListNotificationsRequest>,
    ) -> Result<Response<v1::ListNotificationsResponse>, Status> {
        let caller = caller(&request)?;
        let (tenant, query, shape) = parse::list_notifications(self.context.opaque_ids(), request.into_inner())?;
        let access = self.context.tenant_access(caller, tenant)?;
        let page = access.query(query).await??;
        Ok(Response::new(render::list_notifications(page, &shape, |event| access.message_id(event))))
    }

    async fn redeliver_notification(
        &self,
        request: Request<v1::RedeliverNotificationRequest>,
    ) -> Result<Response<v1::RedeliverNotificationResponse>, Status> {
        let caller = caller(&request)?;
        let (tenant, command) = parse::redeliver_notification(request.into_inner())?;
        let access = self.context.tenant_access(caller, tenant)?;
        let view = access.submit(command).await??;
        let notification = Some(render::notification(view, &|event| access.message_id(event)));
        Ok(Response::new(v1::RedeliverNotificationResponse { notification }))
    }
}
