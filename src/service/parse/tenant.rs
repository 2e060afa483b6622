//! Parses requests of TenantService.

use super::list::{Paging, order, paging};
use super::mask::Mask;
use super::policy;
use super::values::{Text, check_text, choice, etag, name};
use crate::ids::TenantId;
use crate::ledger::change::TenantState;
use crate::ledger::command::{CreateTenant, ListTenants, UpdateTenant};
use crate::ledger::search::fold;
use crate::opaque_id::OpaqueIds;
use crate::proto::v1;
use crate::service::page::Shape;
use crate::status::FieldViolations;

/// Bytes of a contact: free text, such as a name, a phone number or an address.
const MAX_CONTACT_BYTES: usize = 1_024;
const MAX_FILTER_BYTES: usize = 256;
const READ_ONLY: [&str; 4] = ["tenant_id", "state", "created_at", "etag"];

/// Parses the tenant of a request that has no other field.
pub fn tenant_id(tenant_id: &str) -> Result<TenantId, FieldViolations> {
    let mut problems = FieldViolations::default();
    let tenant = problems.tenant(tenant_id);
    problems.finish(|| tenant)
}

pub fn create_tenant(request: v1::CreateTenantRequest) -> Result<(TenantId, CreateTenant), FieldViolations> {
    let mut problems = FieldViolations::default();
    let tenant = request.tenant.unwrap_or_default();
    let id = problems.value("tenant.tenant_id", TenantId::parse(&tenant.tenant_id));
    let display_name = name(&mut problems, "tenant.display_name", &tenant.display_name);
    check_text(&mut problems, "tenant.contact", &tenant.contact, Text::Lines, MAX_CONTACT_BYTES);
    let policy = policy::merged(policy::patch(&mut problems, tenant.policy, &Mask::default()));
    policy::check_whole(&mut problems, &policy);
    problems.finish(|| Some((id?, CreateTenant { display_name, contact: tenant.contact.into(), policy })))
}

pub fn update_tenant(request: v1::UpdateTenantRequest) -> Result<(TenantId, UpdateTenant), FieldViolations> {
    let mut problems = FieldViolations::default();
    let mut known = vec!["display_name", "contact"];
    known.extend(policy::PATHS);
    let mask = Mask::parse(&mut problems, request.update_mask, &known, &READ_ONLY);
    let tenant = request.tenant.unwrap_or_default();
    let id = problems.value("tenant.tenant_id", TenantId::parse(&tenant.tenant_id));
    let version = etag(&mut problems, "tenant.etag", &tenant.etag);
    let display_name = mask
        .pick_or_empty("display_name", tenant.display_name)
        .map(|text| name(&mut problems, "tenant.display_name", &text));
    let contact = mask.pick_or_empty("contact", tenant.contact).map(|text| {
        check_text(&mut problems, "tenant.contact", &text, Text::Lines, MAX_CONTACT_BYTES);
        text.into()
    });
    let policy = policy::patch(&mut problems, tenant.policy, &mask);
    problems.finish(|| Some((id?, UpdateTenant { version, display_name, contact, policy })))
}

pub fn list_tenants(
    opaque_ids: &OpaqueIds,
    mut request: v1::ListTenantsRequest,
) -> Result<(ListTenants, Shape), FieldViolations> {
    let mut problems = FieldViolations::default();
    let size = std::mem::take(&mut request.page_size);
    let token = std::mem::take(&mut request.page_token);
    let Paging { shape, after, limit } = paging(&mut problems, opaque_ids, "ListTenants", &request, size, &token);
    check_text(&mut problems, "text", &request.text, Text::Line, MAX_FILTER_BYTES);
    let state = match choice(&mut problems, "state", request.state) {
        None | Some(v1::TenantState::Unspecified) => None,
        Some(v1::TenantState::Active) => Some(TenantState::Active),
        Some(v1::TenantState::Suspended) => Some(TenantState::Suspended),
    };
    // The only order in which the lists of the shards can be merged.
    let ((), descending) = order(&mut problems, &request.order_by, &[("tenant_id", ())], ((), false));
    if descending {
        problems.add("order_by", "must be tenant_id, ascending");
    }
    // The service sets the tenants of the caller.
    let query = ListTenants { text: fold(&request.text), state, after, limit, ..ListTenants::default() };
    problems.finish(|| Some((query, shape)))
}

#[cfg(test)]
mod tests {
    use prost_types::FieldMask;

    use super::super::testing::{bad, list, opaque_ids};
    use super::*;

    fn acme() -> v1::Tenant {
        v1::Tenant { tenant_id: "acme".into(), ..Default::default() }
    }

    #[test]
    fn a_new_tenant() {
        let tenant = v1::Tenant { display_name: "Acme".into(), contact: "Ann\n+1 555".into(), ..acme() };
        let (id, command) = create_tenant(v1::CreateTenantRequest { tenant: Some(tenant) }).unwrap();
        assert_eq!(id.as_str(), "acme");
        assert_eq!((&*command.display_name, &*command.contact), ("Acme", "Ann\n+1 555"));
    }

    #[test]
    fn a_new_tenant_names_every_bad_field() {
        let policy = v1::Policy {
            max_devices_per_user: Some(0),
            idle_after: Some(prost_types::Duration { seconds: 60, nanos: 0 }),
            ..Default::default()
        };
        let tenant = v1::Tenant {
            display_name: "x".repeat(257),
            contact: "x".repeat(1_025),
            policy: Some(policy),
            ..Default::default()
        };
        assert_eq!(
            bad(create_tenant(v1::CreateTenantRequest { tenant: Some(tenant) })),
            [
                "tenant.tenant_id",
                "tenant.display_name",
                "tenant.contact",
                "tenant.policy.max_devices_per_user",
                "tenant.policy.away_after"
            ]
        );
        assert_eq!(bad(create_tenant(v1::CreateTenantRequest { tenant: None })), ["tenant.tenant_id"]);
    }

    fn update(tenant: v1::Tenant, paths: &[&str]) -> Result<UpdateTenant, FieldViolations> {
        let update_mask = Some(FieldMask { paths: list(paths) });
        update_tenant(v1::UpdateTenantRequest { tenant: Some(tenant), update_mask }).map(|(_, command)| command)
    }

    #[test]
    fn an_update_without_a_mask_takes_what_is_set() {
        let tenant = v1::Tenant { contact: "Bob".into(), etag: "7".into(), ..acme() };
        let command = update(tenant, &[]).unwrap();
        assert_eq!((command.version, command.display_name, command.contact.as_deref()), (Some(7), None, Some("Bob")));
        assert_eq!(command.policy.lease_ttl, None);
    }

    #[test]
    fn an_update_with_a_mask_takes_what_is_named() {
        let tenant = v1::Tenant { contact: "Bob".into(), ..acme() };
        let command = update(tenant, &["display_name", "policy.seat_request_step"]).unwrap();
        assert_eq!((command.version, command.display_name.as_deref(), command.contact), (None, Some(""), None));
        assert_eq!((command.policy.seat_request_step, command.policy.when_full), (Some(5), None));
    }

    #[test]
    fn an_update_names_every_bad_field() {
        for path in ["tenant_id", "state", "created_at", "etag", "policy.lease", "tenant.contact", "*"] {
            assert_eq!(bad(update(acme(), &[path])), ["update_mask"], "{path}");
        }
        let tenant =
            v1::Tenant { tenant_id: " ".into(), display_name: "\n".into(), etag: "new".into(), ..Default::default() };
        assert_eq!(
            bad(update(tenant, &["nonsense", "display_name"])),
            ["update_mask", "tenant.tenant_id", "tenant.etag", "tenant.display_name"]
        );
    }

    #[test]
    fn a_list_of_tenants() {
        let request = v1::ListTenantsRequest {
            text: "ACME".into(),
            state: v1::TenantState::Suspended.into(),
            order_by: "tenant_id".into(),
            ..Default::default()
        };
        let (query, _) = list_tenants(&opaque_ids(), request).unwrap();
        assert_eq!((query.text.as_str(), query.state), ("acme", Some(TenantState::Suspended)));
        let request = v1::ListTenantsRequest {
            page_size: -1,
            page_token: "?".into(),
            order_by: "tenant_id desc".into(),
            text: "x".repeat(257),
            state: 9,
        };
        assert_eq!(bad(list_tenants(&opaque_ids(), request)), ["page_size", "page_token", "text", "state", "order_by"]);
    }

    #[test]
    fn the_tenant_alone() {
        assert_eq!(tenant_id("acme").unwrap().as_str(), "acme");
        assert_eq!(bad(tenant_id("")), ["tenant_id"]);
    }
}
