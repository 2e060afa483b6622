//! Shares of scarce resources: one tenant or one caller gets only a part of them. And the data that outlives a tenant.

use tonic::Code;
use usher::proto::v1::session_service_client::SessionServiceClient;
use usher::proto::v1::tenant_service_client::TenantServiceClient;
use usher::proto::v1::token_service_client::TokenServiceClient;
use usher::proto::v1::{self, Role, WatchSessionsRequest, WatchSessionsResponse};

use super::fixture::{AuthenticatedChannel, Fixture, line, shape, token};

type Watching = tonic::Streaming<WatchSessionsResponse>;

async fn watch(line: &AuthenticatedChannel, tenant: &str) -> Result<Watching, tonic::Status> {
    let request = WatchSessionsRequest { tenant_id: tenant.into(), ..Default::default() };
    let mut watching = SessionServiceClient::new(line.clone()).watch_sessions(request).await?.into_inner();
    // The first message shows that the watch has been admitted.
    watching.message().await?;
    Ok(watching)
}

async fn tenants(line: &AuthenticatedChannel, ids: &[&str]) {
    for id in ids {
        let tenant = v1::Tenant { tenant_id: (*id).into(), ..Default::default() };
        let create = v1::CreateTenantRequest { tenant: Some(tenant) };
        TenantServiceClient::new(line.clone()).create_tenant(create).await.expect("a tenant");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_login_service_does_not_take_every_watch() {
    let fixture = Fixture::new();
    let program = fixture.start(&["--max-watchers", "8"]);
    let channel = program.channel();
    let admin = line(&channel, &fixture.admin);
    tenants(&admin, &["acme", "bolt", "cube"]).await;
    let mut applications = Vec::new();
    for (name, tenant) in [("one", "acme"), ("two", "acme"), ("three", "bolt")] {
        applications
            .push(line(&channel, &token(&channel, &fixture.admin, name, &[Role::Application], &[tenant]).await.1));
    }
    let many = line(&channel, &token(&channel, &fixture.admin, "many", &[Role::Application], &[]).await.1);
    let mut held = vec![
        watch(&applications[0], "acme").await.expect("a place"),
        watch(&applications[0], "acme").await.expect("a place"),
    ];
    let refused = watch(&applications[1], "acme").await.expect_err("the tenant has its share");
    assert_eq!(shape(&refused), (Code::Unavailable, "TOO_MANY_WATCHERS".into()));
    assert!(refused.message().starts_with("This tenant has its share"), "{refused:?}");
    held.push(watch(&many, "bolt").await.expect("a place"));
    held.push(watch(&many, "cube").await.expect("a place"));
    let refused = watch(&many, "cube").await.expect_err("the caller has its share");
    assert!(refused.message().starts_with("This caller has its share"), "{refused:?}");
    held.push(watch(&applications[2], "bolt").await.expect("others have theirs"));
    drop(held);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_for_a_deleted_tenant_is_not_good_for_a_later_one_of_its_id() {
    let fixture = Fixture::new();
    let program = fixture.start(&[]);
    let channel = program.channel();
    let admin = line(&channel, &fixture.admin);
    tenants(&admin, &["acme", "bolt"]).await;
    let (_, one) = token(&channel, &fixture.admin, "one", &[Role::Viewer], &["acme"]).await;
    let (id, both) = token(&channel, &fixture.admin, "both", &[Role::Viewer], &["acme", "bolt"]).await;
    let usage = async |token: &str, tenant: &str| {
        let request = v1::GetUsageRequest { tenant_id: tenant.into() };
        let told = TenantServiceClient::new(line(&channel, token)).get_usage(request).await;
        told.map_or_else(|status| shape(&status).1, |_| "yes".to_owned())
    };
    assert_eq!(usage(&one, "acme").await, "yes");
    assert_eq!(usage(&both, "acme").await, "yes");
    let delete = v1::DeleteTenantRequest { tenant_id: "acme".into() };
    TenantServiceClient::new(admin.clone()).delete_tenant(delete).await.expect("it is deleted");
    tenants(&admin, &["acme"]).await;
    assert_eq!(usage(&one, "acme").await, "CREDENTIAL_UNKNOWN");
    assert_eq!(usage(&both, "acme").await, "NOT_ALLOWED");
    assert_eq!(usage(&both, "bolt").await, "yes");
    let list = TokenServiceClient::new(admin).list_tokens(v1::ListTokensRequest::default()).await.expect("a list");
    let left = list.into_inner().tokens;
    assert_eq!(left.len(), 1, "{left:?}");
    assert_eq!((left[0].token_id.as_str(), &left[0].tenant_ids[..]), (id.as_str(), &["bolt".to_owned()][..]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r1_a_token_is_nobody_elses_whatever_its_name() {
    let fixture = Fixture::new();
    let program = fixture.start(&[]);
    let channel = program.channel();
    let create = async |by: &str, name: &str, tenant: &str| {
        let request = v1::CreateTokenRequest {
            name: name.into(),
            roles: vec![Role::Application.into()],
            tenant_ids: vec![tenant.into()],
            ..Default::default()
        };
        let told = TokenServiceClient::new(line(&channel, by)).create_token(request).await;
        told.map_or_else(|status| shape(&status).1, |_| "yes".to_owned())
    };
    let (_, acme) = token(&channel, &fixture.admin, "operator", &[Role::Operator], &["acme"]).await;
    let (_, bolt) = token(&channel, &fixture.admin, "operator", &[Role::Operator], &["bolt"]).await;
    assert_eq!(create(&acme, "login", "acme").await, "yes");
    assert_eq!(create(&acme, "login", "acme").await, "yes");
    assert_eq!(create(&acme, "login", "acme").await, "TOKEN_LIMIT");
    assert_eq!(create(&bolt, "login", "bolt").await, "yes", "nobody took the name away");
    for name in ["admin", "ADMIN", "anonymous", "usher"] {
        assert_eq!(create(&acme, name, "acme").await, "INVALID_REQUEST", "{name}");
    }
}
