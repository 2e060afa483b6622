//! Rights, and what they are for, in messages between nodes.

use crate::auth::Grant;
use crate::ids::{ShardId, TenantId};
use crate::ledger::access::{Roles, Tenants};
use crate::ledger::change::Actor;
use crate::proto::peer::v1::PeerGrant;

/// A part of a message that this release does not understand. The other node is of another release, or has a defect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct Unknown(pub &'static str);

pub(super) fn peer_grant(grant: &Grant) -> PeerGrant {
    let (all_tenants, tenants) = listed(&grant.tenants);
    PeerGrant { roles: grant.roles.code().into(), all_tenants, tenants }
}

pub(super) fn grant(grant: PeerGrant) -> Result<Grant, Unknown> {
    let roles = u8::try_from(grant.roles).ok().and_then(Roles::from_code);
    let roles = roles.ok_or(Unknown("a role that this release does not know"))?;
    Ok(Grant { roles, tenants: tenants(grant.all_tenants, grant.tenants)? })
}

/// Whether they are all, and the ids if they are some.
pub(super) fn listed(tenants: &Tenants) -> (bool, Vec<String>) {
    match tenants {
        Tenants::All => (true, Vec::new()),
        Tenants::Only(tenants) => (false, tenants.iter().map(|tenant| tenant.as_str().to_owned()).collect()),
    }
}

pub(super) fn tenants(all: bool, ids: Vec<String>) -> Result<Tenants, Unknown> {
    match (all, ids.is_empty()) {
        (true, true) => Ok(Tenants::All),
        (true, false) => Err(Unknown("all tenants, and some")),
        (false, _) => ids.iter().map(|id| tenant(id)).collect::<Result<_, _>>().map(Tenants::Only),
    }
}

/// Longest name of a caller, in bytes: of an access token it has the subject, which others choose.
pub(super) const MAX_ACTOR: usize = 4 * 1024;

/// Name of a caller, as it goes into the audit.
pub(super) fn actor(name: String) -> Result<Actor, Unknown> {
    if name.is_empty() || name.len() > MAX_ACTOR || name.contains(char::is_control) {
        return Err(Unknown("the caller has no name, or one that is no name"));
    }
    let actor = Actor(name.into());
    if actor.is_service() { Err(Unknown("the service itself calls nobody")) } else { Ok(actor) }
}

pub(super) fn tenant(id: &str) -> Result<TenantId, Unknown> {
    TenantId::parse(id).map_err(|_| Unknown("an id that no tenant can have"))
}

pub(super) fn shard(number: u32) -> Result<ShardId, Unknown> {
    number.try_into().map(ShardId).map_err(|_| Unknown("a shard that cannot be one"))
}
