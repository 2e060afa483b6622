//! ExportUsers: the CSV export of users.

use usher::proto::v1::{self, UserState};

use super::test_server::{Store, TestServer, entry, message};

fn columns(names: &[&str]) -> v1::ExportUsersRequest {
    v1::ExportUsersRequest { columns: names.iter().map(|name| (*name).to_owned()).collect(), ..Default::default() }
}

async fn columns_filters_and_delimiters(store: Store) {
    let server = TestServer::start(store).await;
    let mut bad = entry("zed@demo.example", &["primary"]);
    let user = bad.user.as_mut().unwrap();
    (user.given_name, user.family_name) = ("=cmd()".into(), "O;Neil, \"Z\"".into());
    user.attributes.insert("desk".into(), "-12".into());
    server.sync(message(vec![bad, entry("yan@demo.example", &["crm"])])).await.unwrap();
    let seats =
        server.export(columns(&["email", "account_state", "block_cause", "pools", "organizations"])).await.unwrap();
    let expected = "email,account_state,block_cause,pools,organizations\r\n\
        ann@demo.example,yes,,primary|crm,north|south\r\n";
    assert!(seats.starts_with(expected), "{seats}");
    assert!(seats.contains("\r\nyan@demo.example,no,license_limit,crm,*\r\n"), "{seats}");
    let wild = v1::ExportUsersRequest {
        text: "neil".into(),
        delimiter: ";".into(),
        ..columns(&["family_name", "given_name", "attributes.desk", "attributes.none", "administrator"])
    };
    let wild = server.export(wild).await.unwrap();
    let expected = "family_name;given_name;attributes.desk;attributes.none;administrator\r\n\
        \"O;Neil, \"\"Z\"\"\";'=cmd();'-12;;no\r\n";
    assert_eq!(wild, expected);
    let nobody =
        server.export(v1::ExportUsersRequest { text: "nobody".into(), ..columns(&["user_id"]) }).await.unwrap();
    assert_eq!(nobody, "user_id\r\n");
    let south = v1::ExportUsersRequest {
        organization_id: "south".into(),
        administrator: Some(false),
        state: UserState::Active.into(),
        ..columns(&["user_id", "status", "last_sign_in_at"])
    };
    let lines = server.export(south).await.unwrap();
    assert_eq!(lines.lines().nth(1), Some("ann@demo.example,inactive,"), "{lines}");
    assert!(lines.contains("\r\ncid@demo.example,,\r\n"), "R23: blank where access is off: {lines}");
}

#[tokio::test]
async fn columns_filters_and_delimiters_on_sqlite() {
    columns_filters_and_delimiters(Store::Sqlite).await;
}

#[tokio::test]
async fn columns_filters_and_delimiters_on_postgres() {
    columns_filters_and_delimiters(Store::Postgres).await;
}

#[tokio::test]
async fn every_user_once_and_in_the_order_of_creation() {
    let server = TestServer::start(Store::Sqlite).await;
    let ids: Vec<String> = (0..2_500).map(|no| format!("user{}@demo.example", (no * 7) % 2_500)).collect();
    server.sync(message(ids.iter().map(|id| entry(id, &[])).collect())).await.unwrap();
    let file = server.export(columns(&["user_id"])).await.unwrap();
    let exported: Vec<&str> = file.lines().filter(|line| line.starts_with("user") && *line != "user_id").collect();
    assert_eq!(exported, ids);
}

#[tokio::test]
async fn what_cannot_be_exported() {
    let server = TestServer::start(Store::Sqlite).await;
    let status = server.export(columns(&["shoe_size"])).await.unwrap_err();
    assert!(status.message().contains("columns[0] must be one of user_id, email,"), "{status:?}");
    let request = v1::ExportUsersRequest { tenant_id: "nobody".into(), ..Default::default() };
    let status = server.directory.clone().export_users(request).await.unwrap_err();
    assert_eq!(status.code(), tonic::Code::NotFound, "before the first byte");
}
