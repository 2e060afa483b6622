//! Users and organizations.

use prost::Message;
use usher::proto::v1::directory_service_client::DirectoryServiceClient;
use usher::proto::v1::*;

use super::{Called, PAGE};
use crate::world::{LARGE, WIDE, World, organization, pool, wide_user};

/// Seats of a user that is created.
const SEATS: usize = 256;

pub async fn call(world: &World, name: &str) -> Option<Called> {
    let (large, wide) = (LARGE.to_owned(), WIDE.to_owned());
    let words = || (0..8).map(|word| format!("nobody{word}")).collect::<Vec<_>>().join(" ");
    Some(match name {
        "CreateUser" => {
            let user = world.stuffed(world.next());
            let pool_ids = (0..SEATS).map(pool).collect();
            let request = CreateUserRequest { tenant_id: wide, user: Some(user), pool_ids };
            unary!(world, DirectoryServiceClient, create_user, request)
        }
        "GetUser" => {
            let request = GetUserRequest { tenant_id: wide, user_id: wide_user(0), ..Default::default() };
            unary!(world, DirectoryServiceClient, get_user, request)
        }
        "UpdateUser" => {
            let mut user = world.stuffed(world.next());
            user.user_id = wide_user(1);
            let update_mask = Some(prost_types::FieldMask { paths: vec!["groups".into(), "attributes".into()] });
            let request = UpdateUserRequest { tenant_id: wide, user: Some(user), update_mask };
            unary!(world, DirectoryServiceClient, update_user, request)
        }
        "RenameUser" => {
            let [here, there] = [wide_user(3), format!("renamed{:07}@example.com", world.next())];
            let rename = |from: &String, to: &String| RenameUserRequest {
                tenant_id: wide.clone(),
                user_id: from.clone(),
                new_user_id: to.clone(),
            };
            let there_and_back = async {
                unary!(world, DirectoryServiceClient, rename_user, rename(&here, &there))?;
                unary!(world, DirectoryServiceClient, rename_user, rename(&there, &here))
            };
            there_and_back.await
        }
        "ListUsers" => {
            let request = ListUsersRequest {
                tenant_id: large,
                page_size: PAGE,
                text: words(),
                text_match: TextMatch::Any.into(),
                order_by: "name desc".into(),
                ..Default::default()
            };
            unary!(world, DirectoryServiceClient, list_users, request)
        }
        "BlockUser" | "UnblockUser" => {
            // Blocks and unblocks in turn, so that each call changes something.
            let user_id = wide_user(2);
            let request = BlockUserRequest { tenant_id: wide.clone(), user_id: user_id.clone(), end_sessions: true };
            let both = async {
                unary!(world, DirectoryServiceClient, block_user, request)?;
                let request = UnblockUserRequest { tenant_id: wide, user_id };
                unary!(world, DirectoryServiceClient, unblock_user, request)
            };
            both.await
        }
        "DeleteUser" => {
            let user = world.stuffed(world.next());
            let user_id = user.user_id.clone();
            let pool_ids = (0..SEATS).map(pool).collect();
            let request = CreateUserRequest { tenant_id: wide.clone(), user: Some(user), pool_ids };
            let both = async {
                unary!(world, DirectoryServiceClient, create_user, request)?;
                let request = DeleteUserRequest { tenant_id: wide, user_id };
                unary!(world, DirectoryServiceClient, delete_user, request)
            };
            both.await
        }
        "SyncUsers" => {
            let entry = |number: usize| SyncEntry {
                user: Some(world.stuffed(number)),
                pool_ids: (0..32).map(pool).collect(),
                organization_ids: (0..32).map(organization).collect(),
                ..SyncEntry::default()
            };
            let message =
                SyncUsersRequest { tenant_id: wide, entries: (0..32).map(entry).collect(), ..Default::default() };
            unary!(world, DirectoryServiceClient, sync_users, tokio_stream::iter([message]))
        }
        "ExportUsers" => {
            let request = ExportUsersRequest { tenant_id: large, ..Default::default() };
            stream!(world, DirectoryServiceClient, export_users, request)
        }
        "CreateOrganization" => {
            let organization_id = format!("{:o<128}", format!("fresh-{}", world.next()));
            let organization = Organization { organization_id, display_name: "n".repeat(256), ..Default::default() };
            let request = CreateOrganizationRequest { tenant_id: wide, organization: Some(organization) };
            unary!(world, DirectoryServiceClient, create_organization, request)
        }
        "UpdateOrganization" => {
            let display_name = format!("{:n<256}", world.next());
            let organization = Organization { organization_id: organization(0), display_name, ..Default::default() };
            let update_mask = Some(prost_types::FieldMask { paths: vec!["display_name".into()] });
            let request = UpdateOrganizationRequest { tenant_id: wide, organization: Some(organization), update_mask };
            unary!(world, DirectoryServiceClient, update_organization, request)
        }
        "ListOrganizations" => {
            let request =
                ListOrganizationsRequest { tenant_id: wide, page_size: PAGE, text: "o".into(), ..Default::default() };
            unary!(world, DirectoryServiceClient, list_organizations, request)
        }
        "DeleteOrganization" => {
            // First deletes organizations that many seats name, and later new ones; each deletion walks over all users.
            let number = world.next();
            let known = organization(1 + number % 100);
            let request = DeleteOrganizationRequest { tenant_id: wide.clone(), organization_id: known };
            let deleted: Called = unary!(world, DirectoryServiceClient, delete_organization, request);
            if deleted.is_ok() {
                return Some(deleted);
            }
            let organization_id = format!("fresh-{number}");
            let new = Organization { organization_id: organization_id.clone(), ..Default::default() };
            let request = CreateOrganizationRequest { tenant_id: wide.clone(), organization: Some(new) };
            let both = async {
                unary!(world, DirectoryServiceClient, create_organization, request)?;
                let request = DeleteOrganizationRequest { tenant_id: wide, organization_id };
                unary!(world, DirectoryServiceClient, delete_organization, request)
            };
            both.await
        }
        _ => return None,
    })
}
