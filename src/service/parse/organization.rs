//! Parses requests of DirectoryService about organizations.

use super::list::{Paging, order, paging};
use super::mask::Mask;
use super::values::{MAX_NAME_BYTES, Text, check_text, etag, name};
use crate::ids::{OrganizationId, TenantId};
use crate::ledger::command::{
    CreateOrganization, DeleteOrganization, ListOrganizations, OrganizationOrder, UpdateOrganization,
};
use crate::ledger::search::fold;
use crate::opaque_id::OpaqueIds;
use crate::proto::v1;
use crate::service::page::Shape;
use crate::status::FieldViolations;

const ORDERS: [(&str, OrganizationOrder); 2] =
    [("display_name", OrganizationOrder::DisplayName), ("organization_id", OrganizationOrder::OrganizationId)];
const READ_ONLY: [&str; 3] = ["organization_id", "created_at", "etag"];

pub fn create_organization(
    request: v1::CreateOrganizationRequest,
) -> Result<(TenantId, CreateOrganization), FieldViolations> {
    let mut problems = FieldViolations::default();
    let tenant = problems.tenant(&request.tenant_id);
    let given = request.organization.unwrap_or_default();
    let organization = problems.value("organization.organization_id", OrganizationId::parse(&given.organization_id));
    let display_name = name(&mut problems, "organization.display_name", &given.display_name);
    problems.finish(|| Some((tenant?, CreateOrganization { organization: organization?, display_name })))
}

pub fn update_organization(
    request: v1::UpdateOrganizationRequest,
) -> Result<(TenantId, UpdateOrganization), FieldViolations> {
    let mut problems = FieldViolations::default();
    let tenant = problems.tenant(&request.tenant_id);
    let mask = Mask::parse(&mut problems, request.update_mask, &["display_name"], &READ_ONLY);
    let given = request.organization.unwrap_or_default();
    let organization = problems.value("organization.organization_id", OrganizationId::parse(&given.organization_id));
    let version = etag(&mut problems, "organization.etag", &given.etag);
    let display_name = mask
        .pick_or_empty("display_name", given.display_name)
        .map(|text| name(&mut problems, "organization.display_name", &text));
    problems.finish(|| Some((tenant?, UpdateOrganization { organization: organization?, version, display_name })))
}

pub fn list_organizations(
    opaque_ids: &OpaqueIds,
    mut request: v1::ListOrganizationsRequest,
) -> Result<(TenantId, ListOrganizations, Shape), FieldViolations> {
    let mut problems = FieldViolations::default();
    let size = std::mem::take(&mut request.page_size);
    let token = std::mem::take(&mut request.page_token);
    let Paging { shape, after, limit } = paging(&mut problems, opaque_ids, "ListOrganizations", &request, size, &token);
    let tenant = problems.tenant(&request.tenant_id);
    check_text(&mut problems, "text", &request.text, Text::Line, MAX_NAME_BYTES);
    let by_name = (OrganizationOrder::DisplayName, false);
    let (order, descending) = order(&mut problems, &request.order_by, &ORDERS, by_name);
    problems.finish(|| {
        Some((tenant?, ListOrganizations { text: fold(&request.text), order, descending, after, limit }, shape))
    })
}

pub fn delete_organization(
    request: v1::DeleteOrganizationRequest,
) -> Result<(TenantId, DeleteOrganization), FieldViolations> {
    let mut problems = FieldViolations::default();
    let tenant = problems.tenant(&request.tenant_id);
    let organization = problems.value("organization_id", OrganizationId::parse(&request.organization_id));
    problems.finish(|| Some((tenant?, DeleteOrganization { organization: organization? })))
}

#[cfg(test)]
mod tests {
    use prost_types::FieldMask;

    use super::super::testing::{bad, list, opaque_ids};
    use super::*;

    #[test]
    fn organizations_are_created_and_deleted_by_id() {
        let given =
            v1::Organization { organization_id: "north".into(), display_name: "North".into(), ..Default::default() };
        let request = v1::CreateOrganizationRequest { tenant_id: "acme".into(), organization: Some(given) };
        let (_, command) = create_organization(request).unwrap();
        assert_eq!((command.organization.as_str(), &*command.display_name), ("north", "North"));
        let empty = v1::CreateOrganizationRequest::default();
        assert_eq!(bad(create_organization(empty)), ["tenant_id", "organization.organization_id"]);
        let empty = v1::DeleteOrganizationRequest::default();
        assert_eq!(bad(delete_organization(empty)), ["tenant_id", "organization_id"]);
    }

    #[test]
    fn an_update_of_an_organization() {
        let update = |given: v1::Organization, paths: &[&str]| {
            let update_mask = Some(FieldMask { paths: list(paths) });
            let tenant_id = "acme".into();
            update_organization(v1::UpdateOrganizationRequest { tenant_id, organization: Some(given), update_mask })
        };
        let north = || v1::Organization { organization_id: "north".into(), ..Default::default() };
        assert_eq!(update(north(), &[]).unwrap().1.display_name, None);
        assert_eq!(update(north(), &["display_name"]).unwrap().1.display_name.as_deref(), Some(""));
        let given = v1::Organization { display_name: "\0".into(), etag: "x".into(), ..Default::default() };
        assert_eq!(
            bad(update(given, &["created_at", "display_name"])),
            ["update_mask", "organization.organization_id", "organization.etag", "organization.display_name"]
        );
    }

    #[test]
    fn a_list_of_organizations() {
        let request =
            v1::ListOrganizationsRequest { tenant_id: "acme".into(), text: "NoR".into(), ..Default::default() };
        let (_, query, _) = list_organizations(&opaque_ids(), request.clone()).unwrap();
        assert_eq!(
            (query.text.as_str(), query.order, query.descending),
            ("nor", OrganizationOrder::DisplayName, false)
        );
        let by_id = v1::ListOrganizationsRequest { order_by: "organization_id desc".into(), ..request };
        let (_, query, _) = list_organizations(&opaque_ids(), by_id).unwrap();
        assert_eq!((query.order, query.descending), (OrganizationOrder::OrganizationId, true));
        let request = v1::ListOrganizationsRequest {
            tenant_id: String::new(),
            page_size: -1,
            page_token: "?".into(),
            order_by: "created_at".into(),
            text: "\n".into(),
        };
        assert_eq!(
            bad(list_organizations(&opaque_ids(), request)),
            ["page_size", "page_token", "tenant_id", "text", "order_by"]
        );
    }
}
