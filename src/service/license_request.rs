//! License requests (R32): builds them and mails them to the vendor.

use std::sync::Arc;

use tonic::Status;

use super::context::ServiceContext;
use super::parse::Wanted;
use super::render;
use super::tenant_access::TenantAccess;
use crate::exchange::Mailer;
use crate::ledger::command::{GetLicenseInformation, GetTenant, ListLicenses, NoteLicenseRequest};
use crate::ledger::license_view::LicenseView;
use crate::ledger::notification::Attempt;
use crate::license::Request;
use crate::notify::{RequestMail, is_address};
use crate::proto::v1;
use crate::status;

/// Above the number of license rows of a tenant: at most 100 licenses, each with its newest revision and eight older
/// ones.
const MAX_LICENSE_ROWS: usize = 1_000;
/// Characters of a mail server's response that go into an error, which must fit into a header.
const MAX_ERROR_CHARS: usize = 500;

/// A license request, with what its mail contains in addition.
pub(super) struct PreparedRequest {
    pub request: Request,
    display_name: Box<str>,
    responsible_person: Box<str>,
}

impl PreparedRequest {
    /// Reads the tenant's licenses and usage, checks the wanted changes against them, and builds the request.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` for changes that are not possible; errors of the queries.
    pub async fn new(context: &ServiceContext, access: &TenantAccess, wanted: Wanted) -> Result<Self, Status> {
        let tenant = access.query(GetTenant).await??;
        wanted.check_step(tenant.policy.seat_request_step)?;
        let information = access.query(GetLicenseInformation).await??;
        wanted.check_moves(&information.pools)?;
        wanted.check_customer(&information.customer_id)?;
        let licenses = all(access).await?;
        let request = render::license_request(wanted, information, licenses, &context.installation());
        Ok(Self { request, display_name: tenant.display_name, responsible_person: tenant.policy.responsible_person })
    }
}

async fn all(access: &TenantAccess) -> Result<Vec<LicenseView>, Status> {
    Ok(access.query(ListLicenses { after: None, limit: MAX_LICENSE_ROWS }).await??.rows)
}

/// Sends a request. It continues when its caller goes away, so that the audit always has the result.
pub(super) async fn send(
    context: &ServiceContext,
    access: TenantAccess,
    prepared: PreparedRequest,
) -> Result<v1::SendLicenseRequestResponse, Status> {
    let licensing = Arc::clone(&context.licensing);
    let sending = tokio::spawn(async move {
        match &licensing.exchange().mailer {
            Some(mailer) => mail(mailer, &access, &prepared).await,
            None => Err(status::no_mailer()),
        }
    });
    sending.await.unwrap_or_else(|_| Err(status::internal()))
}

/// Mails the request. Its audit event is durable before the mail is sent (R35).
async fn mail(
    mailer: &Mailer,
    access: &TenantAccess,
    prepared: &PreparedRequest,
) -> Result<v1::SendLicenseRequestResponse, Status> {
    let (document, file_name) = render::request_file(&prepared.request);
    let person = &*prepared.responsible_person;
    let mail = RequestMail {
        to: &mailer.to,
        reply_to: if is_address(person) { person } else { "" },
        display_name: &prepared.display_name,
        requested_by: &access.caller().actor().0,
        request: &prepared.request,
        document: &document,
        file_name: &file_name,
    };
    let note = |failed: Option<Box<str>>| {
        let (to, what) = (mailer.to.as_str().into(), mail.summary().into());
        NoteLicenseRequest { to, what, failed }
    };
    access.submit(note(None)).await??;
    let (why, for_good) = match mailer.smtp.send_request(&mail).await {
        Attempt::Answered => {
            let (sent_to, reply_to) = (mailer.to.clone(), mail.reply_to.to_owned());
            return Ok(v1::SendLicenseRequestResponse { sent_to, reply_to, document, file_name });
        }
        Attempt::Refused(why) => (why, true),
        Attempt::Failed(why) | Attempt::Later(why, _) => (why, false),
    };
    let why: String = why.chars().take(MAX_ERROR_CHARS).collect();
    // A mail was tried: whoever noted that elsewhere would try another one.
    let noted = access.submit(note(Some(why.as_str().into()))).await;
    noted.map_err(|error| status::half_done(error.into()))??;
    Err(if for_good { status::request_refused(&why) } else { status::request_not_sent(&why) })
}
