//! Tenants and usage.

use prost::Message;
use usher::proto::v1::tenant_service_client::TenantServiceClient;
use usher::proto::v1::*;

use super::{Called, PAGE};
use crate::world::{LARGE, WIDE, World};

pub async fn call(world: &World, name: &str) -> Option<Called> {
    let large = LARGE.to_owned();
    Some(match name {
        "CreateTenant" => {
            let tenant_id = format!("{:t<128}", format!("fresh-{}", world.next()));
            let tenant = Tenant { tenant_id, contact: "c".repeat(1_024), ..Default::default() };
            unary!(world, TenantServiceClient, create_tenant, CreateTenantRequest { tenant: Some(tenant) })
        }
        "GetTenant" => unary!(world, TenantServiceClient, get_tenant, GetTenantRequest { tenant_id: large }),
        "UpdateTenant" => {
            // Changes the policy, so that every pool is visited and every seat and session is counted anew.
            let seconds = 36_000 + i64::try_from(world.next()).unwrap_or(0);
            let policy = Policy {
                max_session: Some(prost_types::Duration { seconds, nanos: 0 }),
                warn_at_percent: (90..100).collect(),
                ..Default::default()
            };
            let tenant = Tenant { tenant_id: large, policy: Some(policy), ..Default::default() };
            let paths = vec!["policy.max_session".into(), "policy.warn_at_percent".into()];
            let update_mask = Some(prost_types::FieldMask { paths });
            let request = UpdateTenantRequest { tenant: Some(tenant), update_mask };
            unary!(world, TenantServiceClient, update_tenant, request)
        }
        "ListTenants" => {
            let request = ListTenantsRequest { page_size: PAGE, text: "nobody".into(), ..Default::default() };
            unary!(world, TenantServiceClient, list_tenants, request)
        }
        "SuspendTenant" => {
            unary!(world, TenantServiceClient, suspend_tenant, SuspendTenantRequest { tenant_id: large })
        }
        "ResumeTenant" => unary!(world, TenantServiceClient, resume_tenant, ResumeTenantRequest { tenant_id: large }),
        "DeleteTenant" => {
            let tenant_id = world.doomed().await;
            unary!(world, TenantServiceClient, delete_tenant, DeleteTenantRequest { tenant_id })
        }
        "GetUsage" => {
            unary!(world, TenantServiceClient, get_usage, GetUsageRequest { tenant_id: WIDE.to_owned() })
        }
        _ => return None,
    })
}
