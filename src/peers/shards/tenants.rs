//! Lists of tenants, as nodes ask each other for them.

use super::policy;
use crate::ids::ShardId;
use crate::ledger::change::TenantState;
use crate::ledger::command::{Cursor, ListTenants, Page};
use crate::ledger::outcome::TenantView;
use crate::ledger::time::WallTime;
use crate::peers::access::{Unknown, listed, shard, tenant, tenants};
use crate::proto::peer::v1 as wire;
use crate::shards::TenantsOfShards;

/// Tenants of one answer: as many as the public RPC gives at most.
const MAX_LIMIT: u32 = 1_000;

pub fn request(shards: &[ShardId], query: &ListTenants) -> wire::ListTenantsRequest {
    let ListTenants { text, state: among_state, among, after, limit } = query;
    let (all_tenants, tenants) = listed(among);
    wire::ListTenantsRequest {
        shards: shards.iter().map(|shard| shard.0.into()).collect(),
        text: text.clone(),
        state: among_state.map_or(wire::TenantState::Unspecified, state).into(),
        all_tenants,
        tenants,
        after: after.as_ref().map(|after| after.id.clone()),
        limit: u32::try_from(*limit).unwrap_or(MAX_LIMIT),
    }
}

/// Reads which shards are asked for what. `shards`: how many there are.
pub fn parse_request(request: wire::ListTenantsRequest, shards: u16) -> Result<(Vec<ShardId>, ListTenants), Unknown> {
    let mut asked = request.shards.into_iter().map(shard).collect::<Result<Vec<_>, _>>()?;
    asked.sort_unstable();
    asked.dedup();
    if asked.last().is_some_and(|last| last.0 >= shards) {
        return Err(Unknown("a shard that does not exist"));
    }
    if request.limit > MAX_LIMIT {
        return Err(Unknown("a limit that is too high"));
    }
    let query = ListTenants {
        text: request.text,
        state: parse_state(request.state)?,
        among: tenants(request.all_tenants, request.tenants)?,
        after: request.after.map(cursor),
        limit: request.limit as usize,
    };
    Ok((asked, query))
}

pub fn answer(listed: TenantsOfShards) -> wire::ListTenantsResponse {
    let TenantsOfShards { shards, page: Page { rows, next } } = listed;
    wire::ListTenantsResponse {
        shards: shards.into_iter().map(|shard| shard.0.into()).collect(),
        tenants: rows.into_iter().map(view).collect(),
        after: next.map(|next| next.id),
    }
}

pub fn parse_answer(answer: wire::ListTenantsResponse) -> Result<TenantsOfShards, Unknown> {
    let shards = answer.shards.into_iter().map(shard).collect::<Result<_, _>>()?;
    let rows = answer.tenants.into_iter().map(parse_view).collect::<Result<_, _>>()?;
    Ok(TenantsOfShards { shards, page: Page { rows, next: answer.after.map(cursor) } })
}

fn view(view: TenantView) -> wire::Tenant {
    let TenantView { id, display_name, contact, state: its_state, policy, created, version } = view;
    wire::Tenant {
        id: id.as_str().to_owned(),
        display_name: display_name.into(),
        contact: contact.into(),
        state: state(its_state).into(),
        policy: Some(policy::policy(policy)),
        created_ms: created.0,
        version,
    }
}

fn parse_view(view: wire::Tenant) -> Result<TenantView, Unknown> {
    Ok(TenantView {
        id: tenant(&view.id)?,
        display_name: view.display_name.into(),
        contact: view.contact.into(),
        state: parse_state(view.state)?.ok_or(Unknown("a tenant without a state"))?,
        policy: policy::parse(view.policy.ok_or(Unknown("a tenant without a policy"))?)?,
        created: WallTime(view.created_ms),
        version: view.version,
    })
}

fn state(state: TenantState) -> wire::TenantState {
    match state {
        TenantState::Active => wire::TenantState::Active,
        TenantState::Suspended => wire::TenantState::Suspended,
        TenantState::Deleted => wire::TenantState::Deleted,
    }
}

fn parse_state(state: i32) -> Result<Option<TenantState>, Unknown> {
    Ok(match wire::TenantState::try_from(state) {
        Ok(wire::TenantState::Unspecified) => None,
        Ok(wire::TenantState::Active) => Some(TenantState::Active),
        Ok(wire::TenantState::Suspended) => Some(TenantState::Suspended),
        Ok(wire::TenantState::Deleted) => Some(TenantState::Deleted),
        Err(_) => return Err(Unknown("a state that this release does not know")),
    })
}

fn cursor(id: String) -> Cursor {
    Cursor { id, ..Cursor::default() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::TenantId;
    use crate::ledger::access::Tenants;
    use crate::ledger::policy::Policy;

    fn known(id: &str, state: TenantState) -> TenantView {
        TenantView {
            id: TenantId::stored(id),
            display_name: "Acme".into(),
            contact: "ann@example.com".into(),
            state,
            policy: Policy { max_devices_per_user: 3, ..Policy::default() },
            created: WallTime(-7),
            version: u64::MAX,
        }
    }

    #[test]
    fn a_query_arrives_as_it_was_asked() {
        let shards = [ShardId(0), ShardId(3)];
        let only = Tenants::Only([TenantId::stored("acme"), TenantId::stored("bolt")].into());
        for (state, among, after) in [
            (None, Tenants::All, None),
            (Some(TenantState::Suspended), only, Some(cursor("acme".into()))),
            (Some(TenantState::Active), Tenants::NONE, Some(Cursor::default())),
        ] {
            let query = ListTenants { text: "ac".into(), state, among, after, limit: 50 };
            let (asked, read) = parse_request(request(&shards, &query), 4).unwrap();
            assert_eq!((asked, format!("{read:?}")), (shards.to_vec(), format!("{query:?}")));
        }
    }

    #[test]
    fn a_query_that_cannot_be_one_is_an_error() {
        let good = || request(&[ShardId(0)], &ListTenants { limit: 10, ..ListTenants::default() });
        assert!(parse_request(good(), 4).is_ok());
        for bad in [
            wire::ListTenantsRequest { shards: vec![4], ..good() },
            wire::ListTenantsRequest { shards: vec![1 << 16], ..good() },
            wire::ListTenantsRequest { limit: MAX_LIMIT + 1, ..good() },
            wire::ListTenantsRequest { state: 4, ..good() },
            wire::ListTenantsRequest { tenants: vec!["acme".into()], ..good() },
            wire::ListTenantsRequest { all_tenants: false, tenants: vec![String::new()], ..good() },
        ] {
            assert!(parse_request(bad.clone(), 4).is_err(), "{bad:?}");
        }
        let twice = wire::ListTenantsRequest { shards: vec![2, 1, 2], ..good() };
        assert_eq!(parse_request(twice, 4).unwrap().0, [ShardId(1), ShardId(2)], "each once");
    }

    #[test]
    fn tenants_arrive_as_they_are() {
        for next in [None, Some(cursor("bolt".into()))] {
            let rows = vec![known("acme", TenantState::Active), known("bolt", TenantState::Deleted)];
            let listed = TenantsOfShards { shards: vec![ShardId(7)], page: Page { rows, next } };
            assert_eq!(parse_answer(answer(listed.clone())), Ok(listed));
        }
    }

    #[test]
    fn a_tenant_of_which_a_part_is_not_understood_is_an_error() {
        let good = || view(known("acme", TenantState::Active));
        for bad in [
            wire::Tenant { id: String::new(), ..good() },
            wire::Tenant { state: 0, ..good() },
            wire::Tenant { state: 9, ..good() },
            wire::Tenant { policy: None, ..good() },
        ] {
            let answer = wire::ListTenantsResponse { shards: vec![1], tenants: vec![good(), bad], after: None };
            assert!(parse_answer(answer).is_err());
        }
    }
}
