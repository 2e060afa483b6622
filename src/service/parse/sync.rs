//! Requests of SyncUsers.

use super::directory::{MAX_POOLS, UPDATABLE, keep_first, patch};
use super::mask::Mask;
use super::problems::Problems;
use super::seat::check_named;
use crate::ids::{OrganizationId, PoolId, TenantId, UserId};
use crate::ledger::command::SyncEntry;
use crate::proto::v1;
use crate::service::context::Limits;

/// What holds for the whole of a sync: from its first message.
#[derive(Debug)]
pub struct SyncTerms {
    pub tenant: TenantId,
    pub mask: Mask,
    pub full: bool,
    pub block_unlisted: bool,
    pub dry_run: bool,
    pub omit_unchanged: bool,
}

/// `first`: without its entries.
pub fn sync_terms(first: v1::SyncUsersRequest) -> Result<SyncTerms, Problems> {
    let mut problems = Problems::default();
    let tenant = problems.tenant(&first.tenant_id);
    let mask = Mask::parse(&mut problems, first.update_mask, &UPDATABLE, &[]);
    if first.block_unlisted && !first.full {
        problems.add("block_unlisted", "must not be set without full: the entries are not all that there are");
    }
    let v1::SyncUsersRequest { full, block_unlisted, dry_run, omit_unchanged, .. } = first;
    problems.finish(|| Some(SyncTerms { tenant: tenant?, mask, full, block_unlisted, dry_run, omit_unchanged }))
}

/// A later message: it repeats the terms, or leaves them out.
pub fn same_sync(terms: &SyncTerms, message: &v1::SyncUsersRequest) -> Result<(), Problems> {
    let mut problems = Problems::default();
    let tenant = TenantId::parse(&message.tenant_id);
    if !message.tenant_id.is_empty() && tenant.as_ref() != Ok(&terms.tenant) {
        problems.add("tenant_id", "must be that of the first message, or empty");
    }
    problems.finish(|| Some(()))
}

/// One entry; what is wrong with it stops no other one.
pub fn sync_entry(entry: v1::SyncEntry, mask: &Mask, limits: &Limits) -> Result<SyncEntry, Problems> {
    let mut problems = Problems::default();
    let user = entry.user.unwrap_or_default();
    let id = problems.value("user.user_id", UserId::parse(&user.user_id));
    let patch = patch(&mut problems, mask, user);
    let mut pools = problems.each("pool_ids", &entry.pool_ids, limits.batch_items.min(MAX_POOLS), PoolId::parse);
    keep_first(&mut pools);
    let organizations =
        problems.each("organization_ids", &entry.organization_ids, limits.batch_items, OrganizationId::parse);
    check_named(&mut problems, pools.len(), organizations.len());
    problems.finish(|| Some(SyncEntry { user: id?, patch, pools, organizations }))
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
        let request = v1::SyncUsersRequest { tenant_id: String::new(), update_mask: Some(mask), ..first() };
        assert_eq!(bad(sync_terms(request)), ["tenant_id", "update_mask"]);
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
        };
        let parsed = sync_entry(entry.clone(), &terms.mask, &LIMITS).unwrap();
        assert_eq!(parsed.user.as_str(), "ann");
        assert_eq!(parsed.patch.given_name.as_deref(), Some("Ann"));
        assert_eq!(parsed.patch.family_name.as_deref(), Some(""), "the mask names it, and it is not set");
        assert_eq!(parsed.patch.administrator, None, "the directory does not decide it");
        assert_eq!(parsed.pools, [PoolId::stored("crm"), PoolId::stored("primary")], "each pool once");
        assert_eq!(parsed.organizations, [OrganizationId::stored("north")]);
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
        };
        assert_eq!(
            bad(sync_entry(entry, &Mask::default(), &LIMITS)),
            ["user.user_id", "user.given_name", "pool_ids", "organization_ids[1]"]
        );
        assert_eq!(bad(sync_entry(v1::SyncEntry::default(), &Mask::default(), &LIMITS)), ["user.user_id"]);
    }
}
