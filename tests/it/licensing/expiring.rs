//! From purchase to renewal, and clocks that are wrong (R29, R31).

use usher::ledger::time::Wall;
use usher::license::Terms;
use usher::proto::v1;

use super::office::{DAY, HOUR, START, reason};
use super::{Backend, Office, on_both_stores};

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
    let office = Office::open(backend).await;
    let request = office.request(wanted(&[("primary", 5)])).await.unwrap();
    let until = office.now().plus(60 * DAY);
    let first = office.answered(&request, &Terms { expires: Some(Some(until)), ..Terms::default() });
    office.install(&first).await.unwrap();
    assert_eq!(office.usage().await, "primary 0/5");

    let ann = office.sign_in("ann", "primary").await;
    assert!(ann.starts_with("yes") && !ann.contains(','), "{ann}");
    // To the millisecond: 30 days before its end.
    office.clock.advance(30 * DAY - std::time::Duration::from_millis(1));
    assert!(!office.sign_in("bob", "primary").await.contains("LICENSE_EXPIRING"));
    office.clock.advance(std::time::Duration::from_millis(1));
    assert!(office.sign_in("cid", "primary").await.ends_with(", LICENSE_EXPIRING"));
    office.clock.advance(30 * DAY - std::time::Duration::from_millis(1));
    assert!(office.sign_in("dee", "primary").await.starts_with("yes"));
    office.clock.advance(std::time::Duration::from_millis(1));
    assert_eq!(office.sign_in("eve", "primary").await, "LICENSE_EXPIRED");
    assert!(office.lives(&ann).await, "live sessions go on");

    // Expired, over a restart too.
    let now = office.now();
    let office = office.restart(now).await;
    assert_eq!(office.sign_in("eve", "primary").await, "LICENSE_EXPIRED");
    assert!(office.lives(&ann).await, "live sessions go on");
    assert_eq!(office.refused(&first).await, "LICENSE_EXPIRED");

    let request = office.request(wanted(&[("primary", 10)])).await.unwrap();
    let renewed = office.answered(&request, &Terms { expires: Some(None), ..Terms::default() });
    let answer = office.install(&renewed).await.unwrap();
    assert_eq!(answer.license.unwrap().revision, 2);
    assert!(office.sign_in("eve", "primary").await.starts_with("yes"));
    assert_eq!(office.usage().await, "primary 5/15");
    assert_eq!(office.refused(&first).await, "LICENSE_EXPIRED");
}

async fn r31_a_clock_set_back_a_year_revives_nothing(backend: Backend) {
    let office = Office::open(backend).await;
    let until = office.now().plus(10 * DAY);
    let document = office.issued(&Terms { expires: Some(Some(until)), ..office.terms("primary=5") });
    let other = office.issued(&Terms {
        license: Some(usher::ids::LicenseId::parse("other").unwrap()),
        expires: Some(Some(until)),
        ..office.terms("primary=5")
    });
    office.install(&document).await.unwrap();
    for _ in 0..10 {
        office.clock.advance(DAY);
        // The mark follows when something is asked.
        office.usage().await;
    }
    assert_eq!(office.sign_in("ann", "primary").await, "LICENSE_EXPIRED");
    let back = Wall(office.now().0 - 365 * i64::try_from(DAY.as_millis()).unwrap());
    office.clock.set_wall(back);
    assert_eq!(office.sign_in("ann", "primary").await, "CLOCK_SUSPECT");
    assert_eq!(office.refused(&other).await, "LICENSE_EXPIRED", "nor can another one be installed that has ended");
    let office = office.restart(back).await;
    assert_eq!(office.sign_in("ann", "primary").await, "CLOCK_SUSPECT");
    assert_eq!(office.refused(&other).await, "LICENSE_EXPIRED");
    assert_eq!(office.information().await.validity, "expired");
}

async fn r31_a_clock_that_ran_ahead_locks_nobody_out(backend: Backend) {
    let office = Office::open(backend).await;
    let until = office.now().plus(100 * DAY);
    office.installed(&Terms { expires: Some(Some(until)), ..office.terms("primary=5") }).await;
    office.clock.set_wall(START.plus(365 * DAY));
    assert_eq!(office.sign_in("ann", "primary").await, "LICENSE_EXPIRED");
    office.clock.advance(HOUR);
    assert_eq!(office.sign_in("ann", "primary").await, "LICENSE_EXPIRED");
    // Corrected, at once, and over a restart.
    office.clock.set_wall(START.plus(HOUR));
    assert!(office.sign_in("ann", "primary").await.starts_with("yes"));
    let office = office.restart(START.plus(HOUR)).await;
    assert!(office.sign_in("bob", "primary").await.starts_with("yes"));
    // The mark is at most a day ahead, so the license ends at most a day early.
    office.clock.advance(98 * DAY);
    assert!(office.sign_in("cid", "primary").await.starts_with("yes"));
    assert!(reason(&office.install("x").await.unwrap_err()).starts_with("LICENSE_"));
}
