//! Parses requests of LicenseService.

use super::list::{Paging, paging};
use crate::error_reason::ErrorReason;
use crate::ids::{LicenseId, PoolId, TenantId, Text};
use crate::ledger::change::Limit;
use crate::ledger::command::{DeleteLicense, ListLicenses};
use crate::ledger::outcome::{PoolUsage, Refusal};
use crate::license::{LICENSE, MAX_NUMBER, Move, SeatsWanted, parse_text};
use crate::opaque_id::OpaqueIds;
use crate::proto::v1;
use crate::service::page::Shape;
use crate::status::FieldViolations;

/// Maximum number of pools that one request can name: as many as a tenant can have.
const MAX_ITEMS: usize = 1_000;

pub fn install_license(request: v1::InstallLicenseRequest) -> Result<(TenantId, String), FieldViolations> {
    let mut problems = FieldViolations::default();
    let tenant = problems.tenant(&request.tenant_id);
    if request.document.trim().is_empty() {
        problems.add("document", "must not be empty");
    } else if request.document.len() > LICENSE.max_bytes() {
        problems.add("document", format!("must be at most {} bytes long", LICENSE.max_bytes()));
    }
    problems.finish(|| Some((tenant?, request.document)))
}

pub fn list_licenses(
    opaque_ids: &OpaqueIds,
    mut request: v1::ListLicensesRequest,
) -> Result<(TenantId, ListLicenses, Shape), FieldViolations> {
    let mut problems = FieldViolations::default();
    let size = std::mem::take(&mut request.page_size);
    let token = std::mem::take(&mut request.page_token);
    let Paging { shape, after, limit } = paging(&mut problems, opaque_ids, "ListLicenses", &request, size, &token);
    let tenant = problems.tenant(&request.tenant_id);
    problems.finish(|| Some((tenant?, ListLicenses { after, limit }, shape)))
}

pub fn delete_license(request: v1::DeleteLicenseRequest) -> Result<(TenantId, DeleteLicense), FieldViolations> {
    let mut problems = FieldViolations::default();
    let tenant = problems.tenant(&request.tenant_id);
    let license = problems.value("license_id", LicenseId::parse(&request.license_id));
    problems.finish(|| Some((tenant?, DeleteLicense { license: license? })))
}

/// The changes that a license request asks for (R32).
#[derive(Debug)]
pub struct Wanted {
    pub tenant: TenantId,
    pub target_version: Option<Text>,
    pub customer_id: Option<Text>,
    pub seats: Vec<SeatsWanted>,
    pub moves: Vec<Move>,
}

pub fn create_license_request(request: v1::CreateLicenseRequestRequest) -> Result<Wanted, FieldViolations> {
    let mut problems = FieldViolations::default();
    let tenant = problems.tenant(&request.tenant_id);
    let version = Some(&*request.target_version).filter(|version| !version.is_empty());
    let target_version = version.and_then(|text| problems.value("target_version", parse_text(text)));
    let customer = Some(&*request.customer_id).filter(|id| !id.is_empty());
    let customer_id = customer.and_then(|text| problems.value("customer_id", parse_text(text)));
    for (field, items) in [("seats", request.seats.len()), ("moves", request.moves.len())] {
        if items > MAX_ITEMS {
            problems.add(field, format!("must hold at most {MAX_ITEMS} items"));
        }
    }
    let mut seats = Vec::new();
    for (at, given) in request.seats.iter().enumerate().take(MAX_ITEMS) {
        let pool = problems.value(&format!("seats[{at}].pool_id"), PoolId::parse(&given.pool_id));
        check_number(&mut problems, &format!("seats[{at}].seats"), given.seats);
        let Some(pool) = pool else { continue };
        if seats.iter().any(|wanted: &SeatsWanted| wanted.pool == pool) {
            problems.add(format!("seats[{at}].pool_id"), "must not be named twice");
        }
        seats.push(SeatsWanted { pool, seats: given.seats });
    }
    let mut moves = Vec::new();
    for (at, given) in request.moves.iter().enumerate().take(MAX_ITEMS) {
        let from = problems.value(&format!("moves[{at}].from_pool_id"), PoolId::parse(&given.from_pool_id));
        let to = problems.value(&format!("moves[{at}].to_pool_id"), PoolId::parse(&given.to_pool_id));
        check_number(&mut problems, &format!("moves[{at}].seats"), given.seats);
        let (Some(from), Some(to)) = (from, to) else { continue };
        if from == to {
            problems.add(format!("moves[{at}].to_pool_id"), "must be another pool than from_pool_id");
        }
        moves.push(Move { from, to, seats: given.seats });
    }
    problems.finish(|| Some(Wanted { tenant: tenant?, target_version, customer_id, seats, moves }))
}

pub fn send_license_request(request: v1::SendLicenseRequestRequest) -> Result<Wanted, FieldViolations> {
    let v1::SendLicenseRequestRequest { tenant_id, target_version, seats, moves, customer_id } = request;
    create_license_request(v1::CreateLicenseRequestRequest { tenant_id, target_version, seats, moves, customer_id })
}

fn check_number(problems: &mut FieldViolations, field: &str, seats: u64) {
    if !(1..=MAX_NUMBER).contains(&seats) {
        problems.add(field, format!("must be from 1 to {MAX_NUMBER}"));
    }
}

impl Wanted {
    /// Checks that at least `step` seats are added to each pool; moves have no smallest number (R32).
    ///
    /// # Errors
    /// The fields with fewer seats.
    pub fn check_step(&self, step: u32) -> Result<(), FieldViolations> {
        let mut problems = FieldViolations::default();
        for (at, wanted) in self.seats.iter().enumerate() {
            if wanted.seats < u64::from(step) {
                problems.add(
                    format!("seats[{at}].seats"),
                    format!("must be at least {step}, the smallest number that the policy's seat_request_step allows"),
                );
            }
        }
        problems.finish(|| Some(()))
    }

    /// Checks that the customer id is the one in the license, if a license says it (R32).
    ///
    /// # Errors
    /// The field `customer_id`.
    pub fn check_customer(&self, known: &str) -> Result<(), FieldViolations> {
        let mut problems = FieldViolations::default();
        if !known.is_empty() && self.customer_id.as_deref().is_some_and(|given| given != known) {
            problems.add("customer_id", format!("must be empty or {known:?}, as the installed license says"));
        }
        problems.finish(|| Some(()))
    }

    /// Checks that no pool gives more seats than it has; seats of demo mode do not count (R32).
    ///
    /// # Errors
    /// A refusal with the pool that has too few seats.
    pub fn check_moves(&self, pools: &[PoolUsage]) -> Result<(), Refusal> {
        for wanted in &self.moves {
            let from = |wanted: &&Move, pool: &PoolId| wanted.from == *pool;
            let all: u64 = self.moves.iter().filter(|other| from(other, &wanted.from)).map(|other| other.seats).sum();
            let pool = pools.iter().find(|pool| pool.pool == wanted.from && !pool.demo);
            let has = match pool.map(|pool| pool.limit) {
                Some(Limit::Unlimited) => continue,
                Some(Limit::Seats(seats)) => seats,
                None => 0,
            };
            if all > has {
                let subject = wanted.from.to_string();
                let text = format!("the pool {subject} has {has} licensed seats, and {all} are to be moved from it");
                return Err(Refusal::Precondition { reason: ErrorReason::NotEnoughSeats, subject, text });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::bad;
    use super::*;
    use crate::ledger::change::Plan;

    fn request(seats: &[(&str, u64)], moves: &[(&str, &str, u64)]) -> v1::CreateLicenseRequestRequest {
        let seats = seats.iter().map(|(pool, seats)| v1::SeatsWanted { pool_id: (*pool).into(), seats: *seats });
        let moves = moves.iter().map(|(from, to, seats)| v1::SeatMove {
            from_pool_id: (*from).into(),
            to_pool_id: (*to).into(),
            seats: *seats,
        });
        let (seats, moves) = (seats.collect(), moves.collect());
        v1::CreateLicenseRequestRequest { tenant_id: "acme".into(), seats, moves, ..Default::default() }
    }

    #[test]
    fn a_document_is_needed_and_has_a_bound() {
        let install =
            |document: String| install_license(v1::InstallLicenseRequest { tenant_id: "acme".into(), document });
        assert_eq!(bad(install(" \n".into())), ["document"]);
        assert_eq!(bad(install("x".repeat(64 * 1024 + 1))), ["document"]);
        assert_eq!(install("x".into()).unwrap().1, "x");
    }

    #[test]
    fn every_wrong_change_is_named() {
        let given = request(&[("", 5), ("crm", 0), ("cms", 5), ("cms", 5)], &[("crm", "crm", 1), ("crm", "cms", 0)]);
        let fields =
            ["seats[0].pool_id", "seats[1].seats", "seats[3].pool_id", "moves[0].to_pool_id", "moves[1].seats"];
        assert_eq!(bad(create_license_request(given)), fields);
        let given = v1::CreateLicenseRequestRequest { target_version: "\n".into(), ..request(&[], &[]) };
        assert_eq!(bad(create_license_request(given)), ["target_version"]);
    }

    #[test]
    fn r32_seats_are_added_from_a_smallest_number_on_and_moved_in_any() {
        let added = request(&[("crm", 10), ("cms", 7), ("cxm", 4), ("dam", 5)], &[("crm", "cms", 1)]);
        let wanted = create_license_request(added).unwrap();
        assert_eq!(bad(wanted.check_step(5)), ["seats[2].seats"]);
        assert_eq!(bad(wanted.check_step(7)), ["seats[2].seats", "seats[3].seats"]);
        assert_eq!(wanted.check_step(4), Ok(()));
    }

    #[test]
    fn r32_a_first_request_says_who_the_customer_is() {
        let given = |id: &str| v1::CreateLicenseRequestRequest { customer_id: id.into(), ..request(&[], &[]) };
        assert_eq!(bad(create_license_request(given("a\n"))), ["customer_id"]);
        let wanted = create_license_request(given("C-4711")).unwrap();
        assert_eq!(wanted.customer_id.as_deref(), Some("C-4711"));
        assert_eq!((wanted.check_customer(""), wanted.check_customer("C-4711")), (Ok(()), Ok(())));
        assert_eq!(bad(wanted.check_customer("C-1")), ["customer_id"]);
        assert_eq!(create_license_request(given("")).unwrap().check_customer("C-1"), Ok(()));
    }

    #[test]
    fn r32_a_pool_gives_what_it_has() {
        let usage = |pool: &str, limit, demo| PoolUsage {
            demo,
            ..PoolUsage::unused(PoolId::parse(pool).unwrap(), Plan::Named, limit)
        };
        let pools = [
            usage("crm", Limit::Seats(10), false),
            usage("all", Limit::Unlimited, false),
            usage("try", Limit::Seats(2), true),
        ];
        let check = |moves: &[(&str, &str, u64)], good: bool| {
            let wanted = create_license_request(request(&[], moves)).unwrap();
            assert_eq!(wanted.check_moves(&pools).is_ok(), good, "{moves:?}");
        };
        check(&[("crm", "cms", 10)], true);
        check(&[("crm", "cms", 11)], false);
        check(&[("crm", "cms", 6), ("crm", "new", 5)], false);
        check(&[("all", "cms", 1_000)], true);
        check(&[("try", "cms", 1)], false);
        check(&[("ghost", "cms", 1)], false);
    }
}
