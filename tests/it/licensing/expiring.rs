//! From purchase to renewal, and wrong clocks (R29, R31).

use usher::ledger::time::WallTime;
use usher::license::Terms;
use usher::proto::v1;

use super::fixture::{DAY, HOUR, START, reason};
use super::{Backend, Fixture, on_both_stores};

on_both_stores![
    from_purchase_to_renewal,
    r31_a_clock_set_back_a_year_revives_nothing,
    r31_a_clock_that_ran_ahead_locks_nobody_out,
];

fn wanted(seats: &[(&str, u64)]) -> v1::CreateLicenseRequestRequest {
    let seats = seats.iter().map(|(pool, seats)| v1::SeatsWanted { pool_id: (*pool).into(), seats: *seats }).collect();
    v1::CreateLicenseRequestRequest { seats, ..Default::default() }
}

async fn from_purchase_to_renewal(backend: Backend) {
    let fixture = Fixture::open(backend).await;
    let request = fixture.request(wanted(&[("primary", 5)])).await.unwrap();
    let until = fixture.now().plus(60 * DAY);
    let first = fixture.answered(&request, &Terms { expires: Some(Some(until)), ..Terms::default() });
    fixture.install(&first).await.unwrap();
    assert_eq!(fixture.usage().await, "primary 0/5");

    let ann = fixture.sign_in("ann", "primary").await;
    assert!(ann.starts_with("yes") && !ann.contains(','), "{ann}");
    // The notice begins 30 days before the end, to the millisecond.
    fixture.clock.advance(30 * DAY - std::time::Duration::from_millis(1));
    assert!(!fixture.sign_in("bob", "primary").await.contains("LICENSE_EXPIRING"));
    fixture.clock.advance(std::time::Duration::from_millis(1));
    assert!(fixture.sign_in("cid", "primary").await.ends_with(", LICENSE_EXPIRING"));
    fixture.clock.advance(30 * DAY - std::time::Duration::from_millis(1));
    assert!(fixture.sign_in("dee", "primary").await.starts_with("yes"));
    fixture.clock.advance(std::time::Duration::from_millis(1));
    assert_eq!(fixture.sign_in("eve", "primary").await, "LICENSE_EXPIRED");
    assert!(fixture.lives(&ann).await, "live sessions go on");

    // The license has expired, also after a restart.
    let now = fixture.now();
    let fixture = fixture.restart(now).await;
    assert_eq!(fixture.sign_in("eve", "primary").await, "LICENSE_EXPIRED");
    assert!(fixture.lives(&ann).await, "live sessions go on");
    assert_eq!(fixture.refused(&first).await, "LICENSE_EXPIRED");

    let request = fixture.request(wanted(&[("primary", 10)])).await.unwrap();
    let renewed = fixture.answered(&request, &Terms { expires: Some(None), ..Terms::default() });
    let answer = fixture.install(&renewed).await.unwrap();
    assert_eq!(answer.license.unwrap().revision, 2);
    assert!(fixture.sign_in("eve", "primary").await.starts_with("yes"));
    assert_eq!(fixture.usage().await, "primary 5/15");
    assert_eq!(fixture.refused(&first).await, "LICENSE_EXPIRED");
}

async fn r31_a_clock_set_back_a_year_revives_nothing(backend: Backend) {
    let fixture = Fixture::open(backend).await;
    let until = fixture.now().plus(10 * DAY);
    let document = fixture.issued(&Terms { expires: Some(Some(until)), ..fixture.terms("primary=5") });
    let other = fixture.issued(&Terms {
        license: Some(usher::ids::LicenseId::parse("other").unwrap()),
        expires: Some(Some(until)),
        ..fixture.terms("primary=5")
    });
    fixture.install(&document).await.unwrap();
    for _ in 0..10 {
        fixture.clock.advance(DAY);
        // The mark follows the clock only when there is a request.
        fixture.usage().await;
    }
    assert_eq!(fixture.sign_in("ann", "primary").await, "LICENSE_EXPIRED");
    let back = WallTime(fixture.now().0 - 365 * i64::try_from(DAY.as_millis()).unwrap());
    fixture.clock.set_wall(back);
    assert_eq!(fixture.sign_in("ann", "primary").await, "CLOCK_SUSPECT");
    assert_eq!(fixture.refused(&other).await, "LICENSE_EXPIRED", "nor can another one be installed that has ended");
    let fixture = fixture.restart(back).await;
    assert_eq!(fixture.sign_in("ann", "primary").await, "CLOCK_SUSPECT");
    assert_eq!(fixture.refused(&other).await, "LICENSE_EXPIRED");
    assert_eq!(fixture.information().await.validity, "expired");
}

async fn r31_a_clock_that_ran_ahead_locks_nobody_out(backend: Backend) {
    let fixture = Fixture::open(backend).await;
    let until = fixture.now().plus(100 * DAY);
    fixture.installed(&Terms { expires: Some(Some(until)), ..fixture.terms("primary=5") }).await;
    fixture.clock.set_wall(START.plus(365 * DAY));
    assert_eq!(fixture.sign_in("ann", "primary").await, "LICENSE_EXPIRED");
    fixture.clock.advance(HOUR);
    assert_eq!(fixture.sign_in("ann", "primary").await, "LICENSE_EXPIRED");
    // After the clock is corrected, the license counts again at once, and after a restart.
    fixture.clock.set_wall(START.plus(HOUR));
    assert!(fixture.sign_in("ann", "primary").await.starts_with("yes"));
    let fixture = fixture.restart(START.plus(HOUR)).await;
    assert!(fixture.sign_in("bob", "primary").await.starts_with("yes"));
    // The mark is at most a day ahead, so the license ends at most a day early.
    fixture.clock.advance(98 * DAY);
    assert!(fixture.sign_in("cid", "primary").await.starts_with("yes"));
    assert!(reason(&fixture.install("x").await.unwrap_err()).starts_with("LICENSE_"));
}
