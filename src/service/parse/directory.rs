//! Parses requests of DirectoryService about users.

use std::collections::{BTreeMap, HashSet};
use std::hash::Hash;

use super::list::{Paging, order, paging, part, period, statuses, words};
use super::mask::Mask;
use super::values::{self, MAX_NAME_BYTES, Text, check_text, choice, etag};
use crate::ids::{OrganizationId, PoolId, TenantId, UserId};
use crate::ledger::change::{BlockCause, Profile};
use crate::ledger::command::{
    BlockUser, CreateUser, DeleteUser, GetUser, ListUsers, RenameUser, UnblockUser, UpdateUser, UserOrder, UserPatch,
};
use crate::opaque_id::OpaqueIds;
use crate::proto::v1;
use crate::service::limits::Limits;
use crate::service::page::Shape;
use crate::status::FieldViolations;

/// Maximum number of pools in which one user is given a seat at once.
pub(super) const MAX_POOLS: usize = 256;
const MAX_GROUPS: usize = 100;
const MAX_GROUP_BYTES: usize = 128;
const MAX_ATTRIBUTES: usize = UserPatch::MAX_ATTRIBUTES;
const MAX_ATTRIBUTE_KEY_BYTES: usize = 64;
const MAX_ATTRIBUTE_BYTES: usize = 1_024;

pub(super) const UPDATABLE: [&str; 6] =
    ["given_name", "family_name", "groups", "administrator", "attributes", "attributes.*"];
const READ_ONLY: [&str; 10] = [
    "user_id",
    "state",
    "block_cause",
    "seats",
    "status",
    "default_organization_id",
    "last_sign_in_at",
    "last_activity_at",
    "created_at",
    "etag",
];

const ORDERS: [(&str, UserOrder); 3] =
    [("last_sign_in", UserOrder::LastSignIn), ("user_id", UserOrder::UserId), ("name", UserOrder::Name)];

pub fn create_user(request: v1::CreateUserRequest, limits: &Limits) -> Result<(TenantId, CreateUser), FieldViolations> {
    let mut problems = FieldViolations::default();
    let tenant = problems.tenant(&request.tenant_id);
    let user = request.user.unwrap_or_default();
    let id = problems.value("user.user_id", UserId::parse(&user.user_id));
    let profile = Profile {
        given_name: values::name(&mut problems, "user.given_name", &user.given_name),
        family_name: values::name(&mut problems, "user.family_name", &user.family_name),
        groups: groups(&mut problems, user.groups),
        attributes: attributes(&mut problems, user.attributes),
    };
    let mut pools = problems.each("pool_ids", &request.pool_ids, limits.batch_items.min(MAX_POOLS), PoolId::parse);
    keep_first(&mut pools);
    problems.finish(|| Some((tenant?, CreateUser { user: id?, administrator: user.administrator, profile, pools })))
}

pub fn get_user(request: v1::GetUserRequest) -> Result<(TenantId, GetUser), FieldViolations> {
    let mut problems = FieldViolations::default();
    let tenant = problems.tenant(&request.tenant_id);
    let user = problems.value("user_id", UserId::parse(&request.user_id));
    let organization = problems.optional("organization_id", &request.organization_id, OrganizationId::parse);
    problems.finish(|| Some((tenant?, GetUser { user: user?, organization })))
}

pub fn update_user(request: v1::UpdateUserRequest) -> Result<(TenantId, UpdateUser), FieldViolations> {
    let mut problems = FieldViolations::default();
    let tenant = problems.tenant(&request.tenant_id);
    let mask = Mask::parse(&mut problems, request.update_mask, &UPDATABLE, &READ_ONLY);
    let user = request.user.unwrap_or_default();
    let id = problems.value("user.user_id", UserId::parse(&user.user_id));
    let version = etag(&mut problems, "user.etag", &user.etag);
    let patch = patch(&mut problems, &mask, user);
    problems.finish(|| Some((tenant?, UpdateUser { user: id?, version, patch })))
}

/// Returns the changes of the user's record that the mask names.
pub(super) fn patch(problems: &mut FieldViolations, mask: &Mask, user: v1::User) -> UserPatch {
    let v1::User { administrator, given_name, family_name, groups: in_groups, attributes: known, .. } = user;
    let mut text = |field, value: &str| values::name(problems, field, value);
    let given_name = mask.pick_or_empty("given_name", given_name).map(|value| text("user.given_name", &value));
    let family_name = mask.pick_or_empty("family_name", family_name).map(|value| text("user.family_name", &value));
    let single = |name: &str| (name.to_owned(), known.get(name).cloned().unwrap_or_default());
    let some: BTreeMap<String, String> = mask.entries("attributes").map(single).collect();
    UserPatch {
        administrator: mask.pick_or_empty("administrator", administrator),
        given_name,
        family_name,
        groups: mask.pick_or_empty("groups", in_groups).map(|list| groups(problems, list)),
        some_attributes: attributes(problems, some),
        attributes: mask.pick_or_empty("attributes", known).map(|map| attributes(problems, map)),
    }
}

pub fn list_users(
    opaque_ids: &OpaqueIds,
    mut request: v1::ListUsersRequest,
) -> Result<(TenantId, ListUsers, Shape), FieldViolations> {
    let mut problems = FieldViolations::default();
    let size = std::mem::take(&mut request.page_size);
    let token = std::mem::take(&mut request.page_token);
    let Paging { shape, after, limit } = paging(&mut problems, opaque_ids, "ListUsers", &request, size, &token);
    let tenant = problems.tenant(&request.tenant_id);
    check_text(&mut problems, "text", &request.text, Text::Line, MAX_NAME_BYTES);
    let words = words(&mut problems, &request.text);
    let any_word = match choice(&mut problems, "text_match", request.text_match) {
        None | Some(v1::TextMatch::Unspecified | v1::TextMatch::All) => false,
        Some(v1::TextMatch::Any) => true,
    };
    let blocked = match choice(&mut problems, "state", request.state) {
        None | Some(v1::UserState::Unspecified) => None,
        Some(v1::UserState::Active) => Some(false),
        Some(v1::UserState::Blocked) => Some(true),
    };
    let statuses = statuses(&mut problems, &request.statuses);
    let organization = problems.optional("organization_id", &request.organization_id, OrganizationId::parse);
    check_text(&mut problems, "group", &request.group, Text::Line, MAX_GROUP_BYTES);
    let pool = problems.optional("pool_id", &request.pool_id, PoolId::parse);
    let id = part(&mut problems, "user_id", &request.user_id);
    let name = part(&mut problems, "name", &request.name);
    let cause = match choice(&mut problems, "block_cause", request.block_cause) {
        None | Some(v1::BlockCause::Unspecified) => None,
        Some(v1::BlockCause::Administrator) => Some(BlockCause::Administrator),
        Some(v1::BlockCause::LicenseLimit) => Some(BlockCause::LicenseLimit),
        Some(v1::BlockCause::Directory) => Some(BlockCause::Directory),
    };
    let signed_in = period(&mut problems, "last_sign_in", request.last_sign_in_from, request.last_sign_in_before);
    let created = period(&mut problems, "created", request.created_from, request.created_before);
    let (order, descending) = order(&mut problems, &request.order_by, &ORDERS, (UserOrder::UserId, false));
    problems.finish(|| {
        let query = ListUsers {
            words,
            any_word,
            blocked,
            statuses,
            organization,
            group: (!request.group.is_empty()).then_some(request.group),
            pool,
            administrator: request.administrator,
            never_signed_in: request.never_signed_in,
            id,
            name,
            cause,
            signed_in,
            created,
            order,
            descending,
            after,
            limit,
        };
        Some((tenant?, query, shape))
    })
}

pub fn rename_user(request: v1::RenameUserRequest) -> Result<(TenantId, RenameUser), FieldViolations> {
    let mut problems = FieldViolations::default();
    let tenant = problems.tenant(&request.tenant_id);
    let user = problems.value("user_id", UserId::parse(&request.user_id));
    let new = problems.value("new_user_id", UserId::parse(&request.new_user_id));
    problems.finish(|| Some((tenant?, RenameUser { user: user?, new: new? })))
}

pub fn block_user(request: v1::BlockUserRequest) -> Result<(TenantId, BlockUser), FieldViolations> {
    let end_sessions = request.end_sessions;
    one_user(&request.tenant_id, &request.user_id, |user| BlockUser { user, end_sessions })
}

pub fn unblock_user(request: v1::UnblockUserRequest) -> Result<(TenantId, UnblockUser), FieldViolations> {
    one_user(&request.tenant_id, &request.user_id, |user| UnblockUser { user })
}

pub fn delete_user(request: v1::DeleteUserRequest) -> Result<(TenantId, DeleteUser), FieldViolations> {
    one_user(&request.tenant_id, &request.user_id, |user| DeleteUser { user })
}

fn one_user<C>(
    tenant_id: &str,
    user_id: &str,
    command: impl FnOnce(UserId) -> C,
) -> Result<(TenantId, C), FieldViolations> {
    let mut problems = FieldViolations::default();
    let tenant = problems.tenant(tenant_id);
    let user = problems.value("user_id", UserId::parse(user_id));
    problems.finish(|| Some((tenant?, command(user?))))
}

/// Removes repeated items; the first of each stays, in order.
pub(super) fn keep_first<T: Clone + Eq + Hash>(list: &mut Vec<T>) {
    let mut seen = HashSet::new();
    list.retain(|item| seen.insert(item.clone()));
}

/// Parses the groups: each once, in the given order.
fn groups(problems: &mut FieldViolations, given: Vec<String>) -> Vec<Box<str>> {
    let mut groups: Vec<Box<str>> = Vec::new();
    if given.len() > MAX_GROUPS {
        problems.add("user.groups", format!("must hold at most {MAX_GROUPS} items"));
        return groups;
    }
    for (at, group) in given.into_iter().enumerate() {
        let field = format!("user.groups[{at}]");
        if group.is_empty() {
            problems.add(field, "must not be empty");
            continue;
        }
        check_text(problems, &field, &group, Text::Line, MAX_GROUP_BYTES);
        groups.push(group.into());
    }
    keep_first(&mut groups);
    groups
}

/// Parses the attributes, sorted by key.
fn attributes(problems: &mut FieldViolations, given: BTreeMap<String, String>) -> Vec<(Box<str>, Box<str>)> {
    if given.len() > MAX_ATTRIBUTES {
        problems.add("user.attributes", format!("must hold at most {MAX_ATTRIBUTES} entries"));
        return Vec::new();
    }
    for (key, value) in &given {
        if key.is_empty() || key.len() > MAX_ATTRIBUTE_KEY_BYTES || key.chars().any(char::is_control) {
            let text = format!("must have keys of 1 to {MAX_ATTRIBUTE_KEY_BYTES} bytes without control characters");
            problems.add("user.attributes", text);
        } else {
            check_text(problems, &format!("user.attributes[{key:?}]"), value, Text::Lines, MAX_ATTRIBUTE_BYTES);
        }
    }
    given.into_iter().map(|(key, value)| (key.into(), value.into())).collect()
}

#[cfg(test)]
mod tests;
