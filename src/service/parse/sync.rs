//! Parses requests of SyncUsers.

use super::directory::{MAX_POOLS, UPDATABLE, keep_first, patch};
use super::mask::Mask;
use super::seat::{MAX_NAMED, check_named};
use super::values::choice;
use crate::ids::{OrganizationId, PoolId, TenantId, UserId};
use crate::ledger::command::{SyncEntry, WantedSeat, WhenFull};
use crate::proto::v1;
use crate::service::limits::Limits;
use crate::status::FieldViolations;

/// Settings of a whole sync, from its first message.
#[derive(Debug)]
pub struct SyncTerms {
    pub tenant: TenantId,
    pub mask: Mask,
    pub full: bool,
    pub block_unlisted: bool,
    /// Maximum number of users that `block_unlisted` may block; `None`: the default share.
    pub max_blocked: Option<u32>,
    pub when_full: WhenFull,
    pub dry_run: bool,
    pub omit_unchanged: bool,
}

/// Parses the first message of a sync, without its entries.
pub fn sync_terms(first: v1::SyncUsersRequest) -> Result<SyncTerms, FieldViolations> {
    let mut problems = FieldViolations::default();
    let tenant = problems.tenant(&first.tenant_id);
    let mask = Mask::parse(&mut problems, first.update_mask, &UPDATABLE, &[]);
    if first.block_unlisted && !first.full {
        problems.add("block_unlisted", "must not be set without full: the entries are not all that there are");
    }
    let when_full = match choice(&mut problems, "when_full", first.when_full) {
        None | Some(v1::SyncWhenFull::Unspecified | v1::SyncWhenFull::Block) => WhenFull::Block,
        Some(v1::SyncWhenFull::Refuse) => WhenFull::Refuse,
    };
    let v1::SyncUsersRequest { full, block_unlisted, max_blocked, dry_run, omit_unchanged, .. } = first;
    problems.finish(|| {
        let tenant = tenant?;
        Some(SyncTerms { tenant, mask, full, block_unlisted, max_blocked, when_full, dry_run, omit_unchanged })
    })
}

/// Checks a later message: it must have the same tenant, or none.
pub fn same_sync(terms: &SyncTerms, message: &v1::SyncUsersRequest) -> Result<(), FieldViolations> {
    let mut problems = FieldViolations::default();
    let tenant = TenantId::parse(&message.tenant_id);
    if !message.tenant_id.is_empty() && tenant.as_ref() != Ok(&terms.tenant) {
        problems.add("tenant_id", "must be that of the first message, or empty");
    }
    problems.finish(|| Some(()))
}

/// Parses one entry; its errors do not affect other entries.
pub fn sync_entry(entry: v1::SyncEntry, mask: &Mask, limits: &Limits) -> Result<SyncEntry, FieldViolations> {
    let mut problems = FieldViolations::default();
    let user = entry.user.unwrap_or_default();
    let id = problems.value("user.user_id", UserId::parse(&user.user_id));
    let patch = patch(&mut problems, mask, user);
    let mut pools = problems.each("pool_ids", &entry.pool_ids, limits.batch_items.min(MAX_POOLS), PoolId::parse);
    keep_first(&mut pools);
    let organizations = problems.each("organization_ids", &entry.organization_ids, MAX_NAMED, OrganizationId::parse);
    check_named(&mut problems, pools.len(), organizations.len());
    let blocked = match choice(&mut problems, "account_state", entry.account_state) {
        None | Some(v1::UserState::Unspecified) => None,
        Some(v1::UserState::Active) => Some(false),
        Some(v1::UserState::Blocked) => Some(true),
    };
    let named = pools.len() * organizations.len();
    let mut seats = if named > MAX_NAMED { Vec::new() } else { WantedSeat::each(&pools, &organizations) };
    add_seats(&mut problems, &mut seats, named, &entry.seats, limits);
    problems.finish(|| Some(SyncEntry { user: id?, patch, seats, blocked }))
}

/// Adds the seats of an entry that have organizations of their own. The number of organizations that all seats together
/// name is bounded.
fn add_seats(
    problems: &mut FieldViolations,
    seats: &mut Vec<WantedSeat>,
    mut named: usize,
    more: &[v1::SyncSeat],
    limits: &Limits,
) {
    let max = limits.batch_items.min(MAX_POOLS);
    if seats.len() + more.len() > max {
        return problems.add("seats", format!("must be at most {max} together with pool_ids"));
    }
    for (at, seat) in more.iter().enumerate() {
        let field = |name: &str| format!("seats[{at}].{name}");
        let pool = problems.value(&field("pool_id"), PoolId::parse(&seat.pool_id));
        let ids = &seat.organization_ids;
        let organizations = problems.each(&field("organization_ids"), ids, MAX_NAMED, OrganizationId::parse);
        named += organizations.len();
        let Some(pool) = pool else { continue };
        if seats.iter().any(|other| other.pool == pool) {
            problems.add(field("pool_id"), "must not be there twice");
        } else {
            seats.push(WantedSeat { pool, organizations });
        }
    }
    if named > MAX_NAMED {
        problems.add("seats", format!("must name at most {MAX_NAMED} organizations in all"));
    }
}

#[cfg(test)]
mod tests {
    use prost_types::FieldMask;

    use super::super::testing::{bad, list};
    use super::*;

    const LIMITS: Limits = Limits { batch_items: 3, watchers: 1, caller_rate: None, user_rate: None };

    fn first() -> v1::SyncUsersRequest {
        v1::SyncUsersRequest { tenant_id: "acme".into(), ..Default::default() }
    }

    #[test]
    fn terms_are_those_of_the_first_message() {
        let terms = sync_terms(v1::SyncUsersRequest { full: true, block_unlisted: true, ..first() }).unwrap();
        assert!(terms.full && terms.block_unlisted && !terms.dry_run && !terms.omit_unchanged);
        assert_eq!((terms.max_blocked, terms.when_full), (None, WhenFull::Block));
        let file = v1::SyncUsersRequest { max_blocked: Some(0), when_full: v1::SyncWhenFull::Refuse.into(), ..first() };
        let terms_of_file = sync_terms(file).unwrap();
        assert_eq!((terms_of_file.max_blocked, terms_of_file.when_full), (Some(0), WhenFull::Refuse));
        assert_eq!(same_sync(&terms, &first()), Ok(()));
        assert_eq!(same_sync(&terms, &v1::SyncUsersRequest::default()), Ok(()));
        for other in ["other", " "] {
            let message = v1::SyncUsersRequest { tenant_id: other.into(), ..first() };
            assert_eq!(bad(same_sync(&terms, &message)), ["tenant_id"]);
        }
    }

    #[test]
    fn terms_that_do_not_fit_together() {
        assert_eq!(bad(sync_terms(v1::SyncUsersRequest { block_unlisted: true, ..first() })), ["block_unlisted"]);
        let mask = FieldMask { paths: list(&["given_name", "user_id"]) };
        let request =
            v1::SyncUsersRequest { tenant_id: String::new(), update_mask: Some(mask), when_full: 9, ..first() };
        assert_eq!(bad(sync_terms(request)), ["tenant_id", "update_mask", "when_full"]);
    }

    #[test]
    fn an_entry() {
        let mask = FieldMask { paths: list(&["given_name", "family_name"]) };
        let terms = sync_terms(v1::SyncUsersRequest { update_mask: Some(mask), ..first() }).unwrap();
        let user =
            v1::User { user_id: "Ann".into(), given_name: "Ann".into(), administrator: true, ..Default::default() };
        let entry = v1::SyncEntry {
            user: Some(user),
            pool_ids: list(&["crm", "primary", "crm"]),
            organization_ids: list(&["north"]),
            account_state: v1::UserState::Blocked.into(),
            seats: vec![v1::SyncSeat { pool_id: "extra".into(), organization_ids: list(&["south", "west"]) }],
        };
        let parsed = sync_entry(entry.clone(), &terms.mask, &LIMITS).unwrap();
        assert_eq!(parsed.user.as_str(), "ann");
        assert_eq!(parsed.patch.given_name.as_deref(), Some("Ann"));
        assert_eq!(parsed.patch.family_name.as_deref(), Some(""), "the mask names it, and it is not set");
        assert_eq!(parsed.patch.administrator, None, "the directory does not decide it");
        let seat = |pool: &str, organizations: &[&str]| WantedSeat {
            pool: PoolId::stored(pool),
            organizations: organizations.iter().map(|id| OrganizationId::stored(id)).collect(),
        };
        let seats = [seat("crm", &["north"]), seat("primary", &["north"]), seat("extra", &["south", "west"])];
        assert_eq!((&parsed.seats[..], parsed.blocked), (&seats[..], Some(true)), "each pool once");
        let every = sync_entry(entry, &Mask::default(), &LIMITS).unwrap();
        assert_eq!((every.patch.family_name, every.patch.administrator), (None, Some(true)));
    }

    #[test]
    fn an_entry_names_every_bad_field() {
        let user = v1::User { user_id: "a b".into(), given_name: "x\n".into(), ..Default::default() };
        let entry = v1::SyncEntry {
            user: Some(user),
            pool_ids: list(&["a", "b", "c", "d"]),
            organization_ids: list(&["north", " "]),
            account_state: 9,
            seats: vec![v1::SyncSeat { pool_id: String::new(), organization_ids: list(&[""]) }],
        };
        assert_eq!(
            bad(sync_entry(entry, &Mask::default(), &LIMITS)),
            [
                "user.user_id",
                "user.given_name",
                "pool_ids",
                "organization_ids[1]",
                "account_state",
                "seats[0].pool_id",
                "seats[0].organization_ids[0]"
            ]
        );
        let seat = |pool: &str| v1::SyncSeat { pool_id: pool.into(), ..Default::default() };
        let user = v1::User { user_id: "ann".into(), ..Default::default() };
        let twice = v1::SyncEntry {
            user: Some(user.clone()),
            pool_ids: list(&["crm"]),
            seats: vec![seat("crm"), seat("extra")],
            ..Default::default()
        };
        assert_eq!(bad(sync_entry(twice, &Mask::default(), &LIMITS)), ["seats[0].pool_id"]);
        let many = v1::SyncEntry {
            user: Some(user),
            pool_ids: list(&["crm"]),
            seats: ["a", "b", "c"].map(seat).to_vec(),
            ..Default::default()
        };
        assert_eq!(bad(sync_entry(many, &Mask::default(), &LIMITS)), ["seats"]);
        assert_eq!(bad(sync_entry(v1::SyncEntry::default(), &Mask::default(), &LIMITS)), ["user.user_id"]);
    }
}
