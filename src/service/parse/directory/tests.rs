//! Requests about users: which are accepted, and which are refused.

use prost_types::FieldMask;

use super::super::testing::{bad, list, opaque_ids};
use super::*;
use crate::ledger::command::Period;
use crate::ledger::outcome::Status;
use crate::ledger::time::WallTime;

const LIMITS: Limits = Limits { batch_items: 3, watchers: 1, caller_rate: None, user_rate: None };

fn ann() -> v1::User {
    v1::User { user_id: "Ann@Acme.example".into(), ..Default::default() }
}

fn create(user: v1::User, pools: &[&str]) -> Result<CreateUser, FieldViolations> {
    let request = v1::CreateUserRequest { tenant_id: "acme".into(), user: Some(user), pool_ids: list(pools) };
    create_user(request, &LIMITS).map(|(_, command)| command)
}

#[test]
fn a_new_user() {
    let user = v1::User {
        given_name: "Ann".into(),
        family_name: "Bell".into(),
        groups: list(&["sales", "staff", "sales"]),
        administrator: true,
        attributes: BTreeMap::from([("b".into(), "2\n".into()), ("a".into(), String::new())]),
        ..ann()
    };
    let command = create(user, &["crm", "primary", "crm"]).unwrap();
    assert_eq!(command.user.as_str(), "ann@acme.example");
    assert!(command.administrator);
    assert_eq!(command.profile.groups, ["sales".into(), "staff".into()]);
    assert_eq!(command.profile.attributes, [("a".into(), "".into()), ("b".into(), "2\n".into())]);
    assert_eq!(command.pools, [PoolId::stored("crm"), PoolId::stored("primary")], "each pool once");
}

#[test]
fn a_new_user_names_every_bad_field() {
    let long = "x".repeat(257);
    let user = v1::User {
        user_id: String::new(),
        given_name: long.clone(),
        family_name: "a\nb".into(),
        groups: list(&["", "ok", &long]),
        attributes: BTreeMap::from([
            (String::new(), String::new()),
            ("key".into(), "x".repeat(1_025)),
            ("x".repeat(65), String::new()),
        ]),
        ..Default::default()
    };
    assert_eq!(
        bad(create(user, &["crm", " "])),
        [
            "user.user_id",
            "user.given_name",
            "user.family_name",
            "user.groups[0]",
            "user.groups[2]",
            "user.attributes",
            "user.attributes[\"key\"]",
            "user.attributes",
            "pool_ids[1]"
        ]
    );
    let attributes = (0..51).map(|key| (key.to_string(), String::new())).collect();
    let user = v1::User { groups: vec!["g".into(); 101], attributes, ..ann() };
    assert_eq!(bad(create(user, &["a", "b", "c", "d"])), ["user.groups", "user.attributes", "pool_ids"]);
    let nobody = v1::CreateUserRequest::default();
    assert_eq!(bad(create_user(nobody, &LIMITS)), ["tenant_id", "user.user_id"]);
}

fn update(user: v1::User, paths: &[&str]) -> Result<UpdateUser, FieldViolations> {
    let update_mask = Some(FieldMask { paths: list(paths) });
    let request = v1::UpdateUserRequest { tenant_id: "acme".into(), user: Some(user), update_mask };
    update_user(request).map(|(_, command)| command)
}

#[test]
fn an_update_takes_what_is_named_or_else_what_is_set() {
    let user = || v1::User { given_name: "Ann".into(), etag: "3".into(), ..ann() };
    let patch = update(user(), &[]).unwrap().patch;
    assert_eq!((patch.given_name.as_deref(), patch.family_name, patch.administrator), (Some("Ann"), None, None));
    let command = update(user(), &["administrator", "groups", "attributes"]).unwrap();
    let patch = command.patch;
    assert_eq!((command.version, patch.given_name, patch.administrator), (Some(3), None, Some(false)));
    assert_eq!((patch.groups, patch.attributes), (Some(vec![]), Some(vec![])));
}

#[test]
fn an_update_names_every_bad_field() {
    for path in ["user_id", "state", "seats", "default_organization_id", "etag", "name", "user.groups"] {
        assert_eq!(bad(update(ann(), &[path])), ["update_mask"], "{path}");
    }
    let user = v1::User {
        user_id: "a b".into(),
        given_name: "\t".into(),
        groups: list(&[""]),
        etag: "x".into(),
        ..Default::default()
    };
    assert_eq!(bad(update(user, &[])), ["user.user_id", "user.etag", "user.given_name", "user.groups[0]"]);
}

fn at(seconds: i64) -> Option<prost_types::Timestamp> {
    Some(prost_types::Timestamp { seconds, nanos: 0 })
}

#[test]
fn a_list_of_users_by_each_column() {
    let request = v1::ListUsersRequest {
        tenant_id: "acme".into(),
        user_id: "ANN@".into(),
        name: "Zoë".into(),
        block_cause: v1::BlockCause::Directory.into(),
        last_sign_in_from: at(1),
        created_before: at(2),
        ..Default::default()
    };
    let (_, query, _) = list_users(&opaque_ids(), request).unwrap();
    assert_eq!((&*query.id, &*query.name, query.cause), ("ann@", "zoe", Some(BlockCause::Directory)));
    assert_eq!(query.signed_in, Period { from: Some(WallTime(1_000)), until: None });
    assert_eq!(query.created, Period { from: None, until: Some(WallTime(2_000)) });
}

#[test]
fn a_list_of_users() {
    let request = v1::ListUsersRequest {
        tenant_id: "acme".into(),
        text: " Ann  BELL ".into(),
        text_match: v1::TextMatch::Any.into(),
        state: v1::UserState::Blocked.into(),
        statuses: vec![v1::UserStatus::Inactive.into()],
        group: "sales".into(),
        administrator: Some(false),
        never_signed_in: true,
        order_by: "last_sign_in desc".into(),
        ..Default::default()
    };
    let (_, query, _) = list_users(&opaque_ids(), request).unwrap();
    assert_eq!((query.words, query.any_word), (list(&["ann", "bell"]), true));
    assert_eq!((query.blocked, query.statuses), (Some(true), vec![Some(Status::Inactive)]));
    assert_eq!((query.group.as_deref(), query.administrator), (Some("sales"), Some(false)));
    assert!(query.never_signed_in && query.descending && query.order == UserOrder::LastSignIn);
    let request = v1::ListUsersRequest { tenant_id: "acme".into(), ..Default::default() };
    let (_, query, _) = list_users(&opaque_ids(), request).unwrap();
    assert_eq!((query.order, query.descending, query.group, query.blocked), (UserOrder::UserId, false, None, None));
}

#[test]
fn words_are_looked_for_once_and_are_few() {
    let words = |text: &str| {
        let request = v1::ListUsersRequest { tenant_id: "acme".into(), text: text.into(), ..Default::default() };
        list_users(&opaque_ids(), request).map(|(_, query, _)| query.words)
    };
    assert_eq!(words("Zoe zoe ZOË bell").unwrap(), list(&["zoe", "bell"]));
    assert_eq!(words("a b c d e f g h A B").unwrap().len(), 8);
    assert_eq!(bad(words("a b c d e f g h i")), ["text"]);
    assert_eq!(bad(words(&"a ".repeat(129))), ["text"], "too long");
}

#[test]
fn a_list_of_users_names_every_bad_field() {
    let request = v1::ListUsersRequest {
        tenant_id: String::new(),
        page_size: -1,
        page_token: "?".into(),
        order_by: "age".into(),
        text: "x".repeat(257),
        text_match: 9,
        state: 9,
        statuses: vec![9],
        organization_id: " ".into(),
        group: "x".repeat(129),
        pool_id: " ".into(),
        administrator: None,
        never_signed_in: false,
        user_id: "\n".into(),
        name: "x".repeat(257),
        block_cause: 9,
        last_sign_in_from: at(2),
        last_sign_in_before: at(2),
        created_from: Some(prost_types::Timestamp { seconds: 0, nanos: -1 }),
        created_before: at(i64::MAX),
    };
    assert_eq!(
        bad(list_users(&opaque_ids(), request)),
        [
            "page_size",
            "page_token",
            "tenant_id",
            "text",
            "text_match",
            "state",
            "statuses[0]",
            "organization_id",
            "group",
            "pool_id",
            "user_id",
            "name",
            "block_cause",
            "last_sign_in_before",
            "created_from",
            "created_before",
            "order_by"
        ]
    );
}

#[test]
fn calls_about_one_user() {
    let both = ["tenant_id", "user_id"];
    assert_eq!(bad(block_user(v1::BlockUserRequest::default())), both);
    assert_eq!(bad(unblock_user(v1::UnblockUserRequest::default())), both);
    assert_eq!(bad(delete_user(v1::DeleteUserRequest::default())), both);
    let request = v1::GetUserRequest { organization_id: " ".into(), ..Default::default() };
    assert_eq!(bad(get_user(request)), ["tenant_id", "user_id", "organization_id"]);
    let request = v1::RenameUserRequest { user_id: "a b".into(), ..Default::default() };
    assert_eq!(bad(rename_user(request)), ["tenant_id", "user_id", "new_user_id"]);
    let request =
        v1::RenameUserRequest { tenant_id: "acme".into(), user_id: "Ann".into(), new_user_id: " ANNA ".into() };
    let (_, command) = rename_user(request).unwrap();
    assert_eq!((command.user.as_str(), command.new.as_str()), ("ann", "anna"));
    let request = v1::BlockUserRequest { tenant_id: "acme".into(), user_id: "Ann".into(), end_sessions: true };
    let (_, command) = block_user(request).unwrap();
    assert_eq!((command.user.as_str(), command.end_sessions), ("ann", true));
}
