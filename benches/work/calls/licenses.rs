//! Licenses.

use prost::Message;
use usher::proto::v1::license_service_client::LicenseServiceClient;
use usher::proto::v1::*;

use super::{Called, PAGE};
use crate::world::{WIDE, World};

/// The license that is installed and deleted.
const THIRD: &str = "third";

pub async fn call(world: &World, name: &str) -> Option<Called> {
    let wide = WIDE.to_owned();
    Some(match name {
        "InstallLicense" => {
            let document = world.license(THIRD);
            unary!(world, LicenseServiceClient, install_license, InstallLicenseRequest { tenant_id: wide, document })
        }
        "ListLicenses" => {
            let request = ListLicensesRequest { tenant_id: wide, page_size: PAGE, ..Default::default() };
            unary!(world, LicenseServiceClient, list_licenses, request)
        }
        "DeleteLicense" => {
            let license_id = THIRD.to_owned();
            unary!(world, LicenseServiceClient, delete_license, DeleteLicenseRequest { tenant_id: wide, license_id })
        }
        "DeleteLicenses" => {
            unary!(world, LicenseServiceClient, delete_licenses, DeleteLicensesRequest { tenant_id: wide })
        }
        "CreateLicenseRequest" => {
            let request = CreateLicenseRequestRequest { tenant_id: wide, ..Default::default() };
            unary!(world, LicenseServiceClient, create_license_request, request)
        }
        "SendLicenseRequest" => {
            let request = SendLicenseRequestRequest { tenant_id: wide, ..Default::default() };
            unary!(world, LicenseServiceClient, send_license_request, request)
        }
        "FetchLicense" => {
            unary!(world, LicenseServiceClient, fetch_license, FetchLicenseRequest { tenant_id: wide })
        }
        "GetLicenseInformation" => {
            let request = GetLicenseInformationRequest { tenant_id: wide };
            unary!(world, LicenseServiceClient, get_license_information, request)
        }
        "GetEntitlements" => {
            unary!(world, LicenseServiceClient, get_entitlements, GetEntitlementsRequest { tenant_id: wide })
        }
        _ => return None,
    })
}
