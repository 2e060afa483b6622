//! The seats of a line: its pools, and their organizations, for all pools or for one.

use crate::cells::{BETWEEN, EVERY, OF, halves, parts, value, values};
use crate::ids::{OrganizationId, PoolId};
use crate::proto::v1::{SyncEntry, SyncSeat};

/// The organizations of one pool, or of all pools without organizations of their own.
#[derive(Default)]
struct Named {
    /// The cell mentions the pool, even if only to say that there is no access.
    is_named: bool,
    is_every: bool,
    ids: Vec<String>,
}

/// Adds the seats of the two cells to the entry.
///
/// # Errors
/// The mistake, after the name of the column.
pub fn want_seats(entry: &mut SyncEntry, pools: &str, organizations: &str) -> Result<(), String> {
    let pools = values(pools);
    for pool in &pools {
        PoolId::parse(pool).map_err(|error| format!("pools: {pool:?} {error}"))?;
    }
    let mut common = Named::default();
    let mut own: Vec<Named> = pools.iter().map(|_| Named::default()).collect();
    for part in parts(organizations, BETWEEN).filter(|part| !part.trim().is_empty()) {
        // The name of an organization may look like a pool and an organization; it is one only if the line contains
        // that pool.
        let two = halves(part, OF).and_then(|(pool, rest)| Some((at(&pools, pool)?, rest)));
        match two {
            Some((at, rest)) => own[at].add(rest)?,
            None => common.add(part)?,
        }
    }
    let twofold = own.iter().chain([&common]).filter(|named| named.is_every).find_map(|named| named.ids.first());
    if let Some(other) = twofold {
        return Err(format!("organizations: * is all of them, and {other:?} stands beside it; one named * is \\*"));
    }
    if let Some(lost) = common.ids.first().filter(|_| !pools.is_empty() && own.iter().all(|named| named.is_named)) {
        return Err(format!("organizations: {lost:?} is of no pool: each of the line has organizations of its own"));
    }
    for (pool_id, named) in pools.into_iter().zip(own) {
        match named {
            Named { is_named: false, .. } => entry.pool_ids.push(pool_id),
            // Without access, no seat is given: in the contract, a seat without organizations has access to all of them
            // (R7).
            Named { is_every: false, ids, .. } if ids.is_empty() => {}
            Named { ids, .. } => entry.seats.push(SyncSeat { pool_id, organization_ids: ids }),
        }
    }
    entry.organization_ids = common.ids;
    Ok(())
}

fn at(pools: &[String], part: &str) -> Option<usize> {
    let pool = value(part);
    pools.iter().position(|known| *known == pool)
}

impl Named {
    fn add(&mut self, part: &str) -> Result<(), String> {
        self.is_named = true;
        if part.trim() == EVERY {
            self.is_every = true;
            return Ok(());
        }
        let id = value(part);
        if !id.is_empty() {
            OrganizationId::parse(&id).map_err(|error| format!("organizations: {id:?} {error}"))?;
            self.ids.push(id);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pools: &str, organizations: &str, common: (&[&str], &[&str]), own: &[(&str, &[&str])]) {
        let mut entry = SyncEntry::default();
        want_seats(&mut entry, pools, organizations).unwrap();
        let message = (&entry.pool_ids[..], &entry.organization_ids[..]);
        assert_eq!(message, (&owned(common.0)[..], &owned(common.1)[..]), "{pools} {organizations}");
        let seat = |(pool, ids): &(&str, &[&str])| SyncSeat { pool_id: (*pool).into(), organization_ids: owned(ids) };
        assert_eq!(entry.seats, own.iter().map(seat).collect::<Vec<_>>(), "{pools} {organizations}");
    }

    fn owned(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn organizations_of_all_pools_and_of_one() {
        check("", "", (&[], &[]), &[]);
        check("primary | crm", "north|south", (&["primary", "crm"], &["north", "south"]), &[]);
        check("crm", "*", (&["crm"], &[]), &[]);
        check("crm", "\\*", (&["crm"], &["*"]), &[]);
        check("crm|primary", "crm=*|primary=north", (&[], &[]), &[("crm", &[]), ("primary", &["north"])]);
        check("crm|primary", "crm=a|crm = b|c", (&["primary"], &["c"]), &[("crm", &["a", "b"])]);
        check("crm|primary", "crm=|primary=\\*", (&[], &[]), &[("primary", &["*"])]);
        check("crm", "OU=x|crm\\=y", (&["crm"], &["OU=x", "crm=y"]), &[]);
        check("a=b", "a\\=b=c=d", (&[], &[]), &[("a=b", &["c=d"])]);
        check("a\\|b|c", "a\\|b=x|y", (&["c"], &["y"]), &[("a|b", &["x"])]);
    }

    #[test]
    fn what_says_two_things() {
        let message =
            |pools: &str, organizations: &str| want_seats(&mut SyncEntry::default(), pools, organizations).unwrap_err();
        assert_eq!(
            message("crm", "*|north"),
            "organizations: * is all of them, and \"north\" stands beside it; one named * is \\*"
        );
        assert!(message("crm|primary", "crm=*|crm=a").contains("\"a\" stands beside it"));
        let lost = "organizations: \"crmm=x\" is of no pool: each of the line has organizations of its own";
        assert_eq!(message("crm", "crm=y|crmm=x"), lost);
        assert_eq!(message("a b|c\u{7}d", ""), "pools: \"c\\u{7}d\" must not contain control characters");
        assert!(message("", "a\u{7}").starts_with("organizations: \"a\\u{7}\" must not"));
    }
}
