//! Each query as the RPC that answers it.

use usher::ids::TenantId;
use usher::ledger::command::{Query, QueryResult};
use usher::ledger::license_view::{Entitlements, LicenseInformation};
use usher::ledger::outcome::{Done, LicenseState, TenantUsage, UserTotals};
use usher::proto::v1;

use super::{Caller, call, documents, views};

impl Caller {
    pub fn read(&self, tenant: &TenantId, query: Query) -> Result<QueryResult, String> {
        let tenant_id = self.tenant_id(tenant);
        Ok(match query {
            Query::GetUsage(_) => QueryResult::GetUsage(self.usage(tenant_id)),
            Query::GetUser(query) => {
                let organization_id = query.organization.map(|id| id.to_string()).unwrap_or_default();
                let request = v1::GetUserRequest { tenant_id, user_id: query.user.to_string(), organization_id };
                let answer = call(self.server.directory().get_user(request));
                QueryResult::GetUser(answer.map(|answer| views::user(answer.user.unwrap_or_default())))
            }
            Query::GetLicenseInformation(_) => QueryResult::GetLicenseInformation(self.information(tenant_id)),
            Query::GetEntitlements(_) => {
                let answer = call(self.server.licenses().get_entitlements(v1::GetEntitlementsRequest { tenant_id }));
                QueryResult::GetEntitlements(answer.map(|answer| Entitlements {
                    state: state(answer.license_state()),
                    tier: documents::tier(answer.tier()),
                    features: documents::words(answer.features),
                    limits: documents::limits(answer.limits),
                }))
            }
            Query::ListSessions(query) => QueryResult::ListSessions(self.list_sessions(tenant_id, query)),
            Query::ListUsers(query) => QueryResult::ListUsers(self.list_users(tenant_id, query)),
            Query::ListOrganizations(query) => {
                QueryResult::ListOrganizations(self.list_organizations(tenant_id, query))
            }
            Query::ListLicenses(query) => QueryResult::ListLicenses(self.list_licenses(tenant_id, query)),
            other => return Err(format!("  no RPC answers {other:?}")),
        })
    }

    fn usage(&self, tenant_id: String) -> Done<TenantUsage> {
        let usage = call(self.server.tenants().get_usage(v1::GetUsageRequest { tenant_id }))?;
        let license = state(usage.license_state());
        let users = usage.users.unwrap_or_default();
        Ok(TenantUsage {
            license,
            notices: usage.notices.iter().map(views::notice).collect(),
            pools: usage.pools.into_iter().map(views::pool_usage).collect(),
            users: UserTotals {
                total: users.total,
                active: users.active,
                blocked: users.blocked,
                administrators: users.administrators,
                active_ordinary: users.active_ordinary,
                with_access: users.with_access,
                status_active: users.status_active,
                status_idle: users.status_idle,
                status_inactive: users.status_inactive,
            },
        })
    }

    fn information(&self, tenant_id: String) -> Done<LicenseInformation> {
        let request = v1::GetLicenseInformationRequest { tenant_id };
        let answer = call(self.server.licenses().get_license_information(request))?;
        Ok(LicenseInformation {
            given: Entitlements {
                state: state(answer.license_state()),
                tier: documents::tier(answer.tier()),
                features: documents::words(answer.features),
                limits: documents::limits(answer.limits),
            },
            customer_id: answer.customer_id.into(),
            registered_to: answer.registered_to.into(),
            hosts: documents::words(answer.hosts),
            pools: answer.pools.into_iter().map(views::pool_usage).collect(),
            first_end: answer.expires_in.map(views::duration),
            last_end: None,
            updated: answer.last_updated_at.map(views::wall),
            fetch: None,
        })
    }
}

fn state(state: v1::LicenseState) -> LicenseState {
    match state {
        v1::LicenseState::Demo => LicenseState::Demo,
        v1::LicenseState::Valid => LicenseState::Valid,
        v1::LicenseState::NotYetValid => LicenseState::NotYetValid,
        v1::LicenseState::Expired => LicenseState::Expired,
        v1::LicenseState::Unspecified => panic!("a tenant's licenses have a state"),
    }
}
