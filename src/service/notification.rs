//! NotificationService: what people were told, and whether it reached them (R34).

use std::sync::Arc;

use tonic::{Request, Response, Status};

use super::context::ServiceContext;
use super::{caller, parse, render};
use crate::ids::{EventNo, TenantId};
use crate::proto::v1::{self, notification_service_server};

/// Notifications, for administrators and operators.
#[derive(Clone)]
pub struct NotificationService {
    context: Arc<ServiceContext>,
}

impl NotificationService {
    #[must_use]
    pub fn new(context: Arc<ServiceContext>) -> Self {
        Self { context }
    }

    /// Names a message of the tenant.
    fn message_id<'a>(&'a self, tenant: &'a TenantId) -> impl Fn(EventNo) -> String + 'a {
        |event| self.context.journal.message_id(tenant, event)
    }
}

#[tonic::async_trait]
impl notification_service_server::NotificationService for NotificationService {
    async fn list_notifications(
        &self,
        request: Request<v1::ListNotificationsRequest>,
    ) -> Result<Response<v1::ListNotificationsResponse>, Status> {
        let (tenant, query, shape) = parse::list_notifications(request.into_inner())?;
        let page = self.context.journal.ask(&tenant, query).await??;
        Ok(Response::new(render::list_notifications(page, shape, self.message_id(&tenant))))
    }

    async fn redeliver_notification(
        &self,
        request: Request<v1::RedeliverNotificationRequest>,
    ) -> Result<Response<v1::RedeliverNotificationResponse>, Status> {
        let actor = caller(&request);
        let (tenant, command) = parse::redeliver_notification(request.into_inner())?;
        let view = self.context.journal.submit(&actor, &tenant, command).await??;
        let notification = Some(render::notification(view, &self.message_id(&tenant)));
        Ok(Response::new(v1::RedeliverNotificationResponse { notification }))
    }
}
