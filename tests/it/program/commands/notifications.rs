//! `usher notifications`

use usher::proto::v1::tenant_service_client::TenantServiceClient;
use usher::proto::v1::{GrantSeatRequest, Policy, Tenant, UpdateTenantRequest};

use super::Console;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_told_is_listed_and_sent_again() {
    let console = Console::open();
    assert_eq!(console.says("notifications list"), "no notifications\n");
    let policy = Policy { responsible_person: "boss@demo.example".into(), ..Policy::default() };
    let tenant = Tenant { tenant_id: "demo".into(), policy: Some(policy), ..Tenant::default() };
    let update = UpdateTenantRequest { tenant: Some(tenant), ..Default::default() };
    TenantServiceClient::new(console.program.channel()).update_tenant(update).await.unwrap();
    let (tenant_id, pool_id, user_id) = ("demo".into(), "crm".into(), "cid@demo.example".into());
    let grant = GrantSeatRequest { tenant_id, pool_id, user_id, ..Default::default() };
    console.program.seats().grant_seat(grant).await.unwrap();
    let said = console.says("notifications list");
    assert!(said.starts_with("topic         raised                what"), "{said}");
    assert!(said.contains("seat refused for cid@demo.example, 3/3  open   not sent\n"), "{said}");
    let output = console.tells("notifications list");
    let one = &output["notifications"][0];
    assert_eq!((&one["topic"], &one["cause"]), (&"exceeded/crm".into(), &"NOTIFICATION_CAUSE_GRANT".into()));
    assert_eq!(console.says("notifications list --state dead"), "no notifications\n");
    let refused = console.refuses("notifications redeliver exceeded/crm", 1);
    assert!(refused.ends_with("(NO_NOTIFICATION_CHANNEL)"), "{refused}");
    assert!(console.refuses("notifications redeliver what", 1).contains("topic"));
    assert!(console.refuses("notifications redeliver exceeded/primary", 1).contains("NOT_FOUND"));
}
