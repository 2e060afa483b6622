//! Changes that a license request asks for, as people write them.

use crate::proto::v1::{CreateLicenseRequestRequest, SeatMove, SeatsWanted, SendLicenseRequestRequest};

/// The requested changes. Without any, the request is for a renewal.
#[derive(Debug, Default, PartialEq)]
pub struct RequestedChanges {
    pub seats: Vec<SeatsWanted>,
    pub moves: Vec<SeatMove>,
    pub target_version: Option<String>,
    /// The vendor's id of the customer, for a first request.
    pub customer_id: Option<String>,
}

impl RequestedChanges {
    pub fn of(&self, tenant: &str) -> CreateLicenseRequestRequest {
        CreateLicenseRequestRequest {
            tenant_id: tenant.to_owned(),
            target_version: self.target_version.clone().unwrap_or_default(),
            seats: self.seats.clone(),
            moves: self.moves.clone(),
            customer_id: self.customer_id.clone().unwrap_or_default(),
        }
    }

    pub fn to_send(&self, tenant: &str) -> SendLicenseRequestRequest {
        let CreateLicenseRequestRequest { tenant_id, target_version, seats, moves, customer_id } = self.of(tenant);
        SendLicenseRequestRequest { tenant_id, target_version, seats, moves, customer_id }
    }
}

/// Parses `primary=10`: ten more seats. The service checks the number and the pool.
///
/// # Errors
/// The mistake in the text.
pub fn seats_wanted(text: &str) -> Result<SeatsWanted, String> {
    let (pool, seats) = numbered(text).ok_or("must be POOL=SEATS, such as primary=10")?;
    Ok(SeatsWanted { pool_id: pool.to_owned(), seats })
}

/// Parses `crm:primary=5`: five seats of `crm` are moved to `primary`.
///
/// # Errors
/// The mistake in the text; pool names that contain a colon are not supported.
pub fn seats_moved(text: &str) -> Result<SeatMove, String> {
    let moved = numbered(text).and_then(|(pools, seats)| Some((pools.split_once(':')?, seats)));
    let ((from, to), seats) = moved.ok_or("must be FROM:TO=SEATS, such as crm:primary=5")?;
    if to.contains(':') {
        return Err("has more than one colon, so the pools cannot be told apart".into());
    }
    Ok(SeatMove { from_pool_id: from.to_owned(), to_pool_id: to.to_owned(), seats })
}

/// Splits at the last `=`: a pool name may contain the sign, a number does not.
fn numbered(text: &str) -> Option<(&str, u64)> {
    let (name, seats) = text.rsplit_once('=')?;
    Some((name, seats.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seats_are_wanted() {
        let wanted = |pool: &str, seats| Ok(SeatsWanted { pool_id: pool.into(), seats });
        assert_eq!(seats_wanted("primary=10"), wanted("primary", 10));
        assert_eq!(seats_wanted("a=b=5"), wanted("a=b", 5));
        for text in ["", "primary", "primary=", "primary=-5", "primary=all", "primary=5 "] {
            assert!(seats_wanted(text).is_err(), "{text}");
        }
    }

    #[test]
    fn seats_are_moved() {
        let moved =
            |from: &str, to: &str, seats| Ok(SeatMove { from_pool_id: from.into(), to_pool_id: to.into(), seats });
        assert_eq!(seats_moved("crm:primary=5"), moved("crm", "primary", 5));
        assert_eq!(seats_moved("a=b:c=5"), moved("a=b", "c", 5));
        for text in ["", "crm=5", "crm:primary", "crm:primary=x", "primary=5:crm", "a:b:c=5"] {
            assert!(seats_moved(text).is_err(), "{text}");
        }
    }
}
