//! License requests over the service (R32).

use tonic::Code;
use tonic_types::StatusExt;
use usher::ids::LicenseId;
use usher::license::{Request, Terms};
use usher::proto::v1;

use super::fixture::reason;
use super::{Backend, Fixture, on_both_stores};

on_both_stores![
    r32_a_request_says_everything,
    r32_a_first_request_says_who_the_customer_is,
    r32_requested_changes_are_checked,
    r32_seats_move_between_pools,
];

fn wanted(seats: &[(&str, u64)], moves: &[(&str, &str, u64)]) -> v1::CreateLicenseRequestRequest {
    let seats = seats.iter().map(|(pool, seats)| v1::SeatsWanted { pool_id: (*pool).into(), seats: *seats }).collect();
    let moves = moves.iter().map(|(from, to, seats)| v1::SeatMove {
        from_pool_id: (*from).into(),
        to_pool_id: (*to).into(),
        seats: *seats,
    });
    v1::CreateLicenseRequestRequest { seats, moves: moves.collect(), ..Default::default() }
}

async fn r32_a_request_says_everything(backend: Backend) {
    let fixture = Fixture::open(backend).await;
    let document = fixture.issued(&Terms { customer_id: Some("C-1".into()), ..fixture.terms("primary=20 crm!=10") });
    fixture.install(&document).await.unwrap();
    assert!(fixture.sign_in("ann", "primary").await.starts_with("yes"));
    let asked = v1::CreateLicenseRequestRequest {
        target_version: "2.0".into(),
        ..wanted(&[("primary", 5)], &[("crm", "cms", 3)])
    };
    let text = fixture.request(asked).await.unwrap();
    let request = Request::parse(text.as_bytes()).unwrap();
    assert_eq!((request.tenant.as_str(), request.customer_id.as_deref()), ("acme", Some("C-1")));
    assert_eq!((request.instance, request.created), (fixture.instance().0, fixture.now()));
    assert_eq!(request.hosts, ["login-1", "login.acme.example"]);
    assert_eq!(
        (&*request.running_version, request.target_version.as_deref()),
        (env!("CARGO_PKG_VERSION"), Some("2.0"))
    );
    let pools: Vec<_> =
        request.pools.iter().map(|pool| format!("{} {}/{}", pool.pool, pool.in_use, pool.limit)).collect();
    assert_eq!(pools, ["crm 0/10", "primary 1/20"]);
    let licenses: Vec<_> = request.licenses.iter().map(|it| (it.license.as_str(), it.revision, &it.document)).collect();
    assert_eq!(licenses, [("acme", 1, &document)]);
    let seats: Vec<_> = request.seats.iter().map(|it| (it.pool.as_str(), it.seats)).collect();
    assert_eq!(seats, [("primary", 5)]);
    let moves: Vec<_> = request.moves.iter().map(|it| (it.from.as_str(), it.to.as_str(), it.seats)).collect();
    assert_eq!(moves, [("crm", "cms", 3)]);
}

async fn r32_a_first_request_says_who_the_customer_is(backend: Backend) {
    let fixture = Fixture::open(backend).await;
    let of = |id: &str| v1::CreateLicenseRequestRequest { customer_id: id.into(), ..wanted(&[("primary", 5)], &[]) };
    let customer = |text: &str| Request::parse(text.as_bytes()).unwrap().customer_id;
    assert_eq!(customer(&fixture.request(of("")).await.unwrap()), None);
    let first = fixture.request(of("C-4711")).await.unwrap();
    assert_eq!(customer(&first).as_deref(), Some("C-4711"));
    fixture.install(&fixture.answered(&first, &Terms::default())).await.unwrap();
    assert_eq!(fixture.information().await.customer_id, "C-4711", "the vendor takes it");
    for id in ["", "C-4711"] {
        assert_eq!(customer(&fixture.request(of(id)).await.unwrap()).as_deref(), Some("C-4711"));
    }
    let bad = fixture.request(of("C-1")).await.unwrap_err();
    let fields = bad.get_details_bad_request().unwrap().field_violations;
    assert_eq!(fields.iter().map(|it| it.field.as_str()).collect::<Vec<_>>(), ["customer_id"]);
}

async fn r32_requested_changes_are_checked(backend: Backend) {
    let fixture = Fixture::open(backend).await;
    fixture.installed(&fixture.terms("primary=20")).await;
    let fields = |status: tonic::Status| -> Vec<String> {
        assert_eq!(status.code(), Code::InvalidArgument);
        let bad = status.get_details_bad_request().unwrap();
        bad.field_violations.into_iter().map(|violation| violation.field).collect()
    };
    // The policy's seat_request_step is 5.
    for (seats, good) in [(1, false), (4, false), (5, true), (6, true), (7, true), (10, true)] {
        let answer = fixture.request(wanted(&[("primary", seats)], &[])).await;
        assert_eq!(answer.is_ok(), good, "{seats}");
        if let Err(status) = answer {
            assert_eq!(fields(status), ["seats[0].seats"]);
        }
    }
    let status = fixture.request(wanted(&[], &[("primary", "crm", 21)])).await.unwrap_err();
    assert_eq!((status.code(), reason(&status).as_str()), (Code::FailedPrecondition, "NOT_ENOUGH_SEATS"));
    for moved in [1, 4, 20] {
        fixture.request(wanted(&[], &[("primary", "crm", moved)])).await.unwrap();
    }
    let status = fixture.request(wanted(&[("", 5)], &[("primary", "primary", 1)])).await.unwrap_err();
    assert_eq!(fields(status), ["seats[0].pool_id", "moves[0].to_pool_id"]);
}

async fn r32_seats_move_between_pools(backend: Backend) {
    let fixture = Fixture::open(backend).await;
    let base = LicenseId::parse("base").unwrap();
    fixture.installed(&Terms { license: Some(base), ..fixture.terms("primary=20 crm!=10") }).await;
    let request =
        fixture.request(wanted(&[("crm", 5)], &[("primary", "crm", 4), ("primary", "cms", 1)])).await.unwrap();
    let document = fixture.answered(&request, &Terms::default());
    let answer = fixture.install(&document).await.unwrap();
    let license = answer.license.unwrap();
    assert_eq!((license.license_id.as_str(), license.revision), ("base", 2));
    assert_eq!(fixture.usage().await, "cms 0/1, crm 0/19, primary 0/15");
}
