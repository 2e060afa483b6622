//! Renders answers of TenantService.

use super::seat::{notice, pool_usage};
use super::time::{duration, timestamp};
use crate::ids::TenantId;
use crate::ledger::command::Page;
use crate::ledger::outcome::{TenantUsage, TenantView};
use crate::ledger::policy::{CloseActive, Policy, UnknownUsers, WhenAlreadySignedIn, WhenFull};
use crate::proto::v1;
use crate::service::names::{license_state, tenant_state};
use crate::service::page::Shape;

pub fn tenant(view: TenantView) -> v1::Tenant {
    v1::Tenant {
        tenant_id: view.id.as_str().to_owned(),
        display_name: view.display_name.into(),
        contact: view.contact.into(),
        state: tenant_state(view.state).into(),
        policy: Some(policy(view.policy)),
        created_at: Some(timestamp(view.created)),
        etag: view.version.to_string(),
    }
}

pub fn list_tenants(page: Page<TenantView>, shape: &Shape) -> v1::ListTenantsResponse {
    v1::ListTenantsResponse {
        tenants: page.rows.into_iter().map(tenant).collect(),
        next_page_token: page.next.map_or_else(String::new, |next| shape.token(&next)),
    }
}

pub fn usage(tenant: &TenantId, mut usage: TenantUsage) -> v1::GetUsageResponse {
    usage.pools.sort_unstable_by(|a, b| a.pool.cmp(&b.pool));
    let notices = usage.notices.iter().map(|rendered| notice(*rendered, &usage.pools)).collect();
    v1::GetUsageResponse {
        tenant_id: tenant.as_str().to_owned(),
        pools: usage.pools.into_iter().map(pool_usage).collect(),
        users: Some(v1::UserTotals {
            total: usage.users.total,
            active: usage.users.active,
            blocked: usage.users.blocked,
            administrators: usage.users.administrators,
            active_ordinary: usage.users.active_ordinary,
            with_access: usage.users.with_access,
            status_active: usage.users.status_active,
            status_idle: usage.users.status_idle,
            status_inactive: usage.users.status_inactive,
        }),
        license_state: license_state(usage.license).into(),
        notices,
    }
}

/// Renders a policy; every field is set, including those with default values.
fn policy(policy: Policy) -> v1::Policy {
    v1::Policy {
        lease_ttl: Some(duration(policy.lease_ttl)),
        max_session: Some(duration(policy.max_session)),
        away_after: Some(duration(policy.away_after)),
        idle_after: Some(duration(policy.idle_after)),
        idle_timeout: Some(duration(policy.idle_timeout.unwrap_or_default())),
        max_devices_per_user: Some(policy.max_devices_per_user),
        when_already_signed_in: match policy.when_already_signed_in {
            WhenAlreadySignedIn::Deny => v1::WhenAlreadySignedIn::Deny,
            WhenAlreadySignedIn::TakeOver => v1::WhenAlreadySignedIn::TakeOver,
        }
        .into(),
        when_full: match policy.when_full {
            WhenFull::Deny => v1::WhenFull::Deny,
            WhenFull::ReclaimIdle => v1::WhenFull::ReclaimIdle,
        }
        .into(),
        close_active: match policy.close_active {
            CloseActive::Refuse => v1::CloseActive::Refuse,
            CloseActive::Allow => v1::CloseActive::Allow,
        }
        .into(),
        unknown_users: match policy.unknown_users {
            UnknownUsers::Deny => v1::UnknownUsers::Deny,
            UnknownUsers::Admit => v1::UnknownUsers::Admit,
        }
        .into(),
        administrators_count_in_named: Some(policy.administrators_count_in_named),
        administrators_count_in_concurrent: Some(policy.administrators_count_in_concurrent),
        responsible_person: policy.responsible_person.into(),
        seat_request_step: Some(policy.seat_request_step),
        warn_at_percent: policy.warn_at_percent.iter().map(|percent| u32::from(*percent)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::parse;

    #[test]
    fn a_policy_comes_back_as_it_was_given() {
        let check = |given: Policy| {
            let message =
                v1::Tenant { tenant_id: "acme".into(), policy: Some(policy(given.clone())), ..Default::default() };
            let request = v1::CreateTenantRequest { tenant: Some(message) };
            assert_eq!(parse::create_tenant(request).unwrap().1.policy, given);
        };
        check(Policy::default());
        check(Policy {
            lease_ttl: std::time::Duration::ZERO,
            idle_timeout: Some(std::time::Duration::from_millis(1_500)),
            when_already_signed_in: WhenAlreadySignedIn::TakeOver,
            when_full: WhenFull::ReclaimIdle,
            close_active: CloseActive::Allow,
            unknown_users: UnknownUsers::Admit,
            administrators_count_in_named: false,
            administrators_count_in_concurrent: true,
            responsible_person: "boss@acme.example".into(),
            seat_request_step: 1,
            warn_at_percent: [75, 90].into(),
            ..Policy::default()
        });
    }
}
