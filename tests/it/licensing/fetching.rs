//! Fetching a license from the vendor's folder (R27): it is verified like any other, and nothing changes if it is not
//! newer.

use tonic::Code;
use tonic_types::StatusExt;
use usher::license::Terms;

use super::fixture::{HOUR, VendorAt, fetch_text, reason, shown};
use super::folder::{Has, VendorFolder};
use super::{Backend, Fixture, on_both_stores};

on_both_stores![
    r27_a_newer_license_is_fetched,
    r27_what_is_no_newer_changes_nothing,
    r27_what_lies_there_is_verified_as_always,
    what_the_vendor_answers_is_an_answer,
    a_vendor_who_is_away_is_told_of,
];

async fn fixture(backend: Backend, folder: &VendorFolder) -> Fixture {
    Fixture::open_with(backend, VendorAt { folder: Some(folder.url()), mail: None }).await
}

fn file(fixture: &Fixture) -> String {
    format!("{}/acme.lic", fixture.instance())
}

fn put(fixture: &Fixture, folder: &VendorFolder, document: &str) {
    folder.put(&file(fixture), Has::File(document.as_bytes().to_vec()));
}

/// Fetches, and returns the result as text.
async fn finds(fixture: &Fixture) -> String {
    fetch_text(&fixture.fetch().await.expect("an answer").fetch.expect("a look"))
}

fn revision(fixture: &Fixture, revision: u64, seats: &str) -> String {
    fixture.issued(&Terms { revision: Some(revision), ..fixture.terms(seats) })
}

async fn r27_a_newer_license_is_fetched(backend: Backend) {
    let folder = VendorFolder::open().await;
    let fixture = fixture(backend, &folder).await;
    fixture.installed(&fixture.terms("primary=5")).await;
    assert_eq!(fixture.last_fetch().await, "never");
    assert_eq!(finds(&fixture).await, "NOTHING at 0: there is no license for this tenant");
    // The document as in a mail, with text around it.
    put(
        &fixture,
        &folder,
        &format!("Dear customer,\n\n{}", usher::license::armored(&revision(&fixture, 2, "primary=9"))),
    );
    fixture.clock.advance(HOUR);
    let fetched = fixture.fetch().await.unwrap();
    assert_eq!(fetch_text(fetched.fetch.as_ref().unwrap()), "INSTALLED at 3600: acme revision 2 was installed");
    assert_eq!(fetched.license.map(|license| (license.revision, license.installed_by)), Some((2, "anonymous".into())));
    let pools: Vec<String> = fetched.pools.iter().map(|pool| shown(pool.after.as_ref().unwrap())).collect();
    assert_eq!((pools, fixture.usage().await.as_str()), (vec!["primary 0/9".into()], "primary 0/9"));
    assert_eq!(folder.requests(), [file(&fixture), file(&fixture)]);
    let from = folder.shown();
    assert_eq!(
        fixture.audit().await,
        [
            format!("LICENSE_FETCHED from {from}: acme revision 2 was installed"),
            "LICENSE_INSTALLED acme revision 2; primary 5 -> 9".into(),
            format!("LICENSE_FETCHED from {from}: there is no license for this tenant"),
            "LICENSE_INSTALLED acme revision 1; primary 0 -> 5".into(),
        ]
    );
    // The license page shows the result after a restart, too, and the folder without its secret.
    let now = fixture.now();
    let fixture = fixture.restart(now).await;
    assert_eq!(fixture.last_fetch().await, "INSTALLED at 3600: acme revision 2 was installed");
    assert_eq!(fixture.information().await.fetched_from, from);
}

async fn r27_what_is_no_newer_changes_nothing(backend: Backend) {
    let folder = VendorFolder::open().await;
    let fixture = fixture(backend, &folder).await;
    let [first, second, other] =
        [(1, "primary=5"), (2, "primary=7"), (2, "primary=8")].map(|(number, seats)| revision(&fixture, number, seats));
    fixture.install(&second).await.unwrap();
    let (licenses, pools) = (fixture.list().await, fixture.usage().await);
    for (document, number) in [(&second, 2), (&first, 1), (&other, 2)] {
        put(&fixture, &folder, document);
        let expected =
            format!("NOT_NEWER at 0: acme revision {number} is not newer than revision 2, which was installed");
        assert_eq!(finds(&fixture).await, expected);
        assert_eq!((fixture.list().await, fixture.usage().await), (licenses.clone(), pools.clone()));
    }
    // A license that an administrator deleted does not come back by itself, but its next revision does.
    fixture.clock.advance(HOUR);
    fixture.delete("acme").await;
    put(&fixture, &folder, &second);
    assert!(finds(&fixture).await.starts_with("NOT_NEWER"));
    assert_eq!(fixture.list().await, []);
    put(&fixture, &folder, &revision(&fixture, 3, "primary=6"));
    assert!(finds(&fixture).await.starts_with("INSTALLED"));
    assert_eq!(fixture.usage().await, "primary 0/6");
}

async fn r27_what_lies_there_is_verified_as_always(backend: Backend) {
    let folder = VendorFolder::open().await;
    let fixture = fixture(backend, &folder).await;
    fixture.installed(&fixture.terms("primary=5")).await;
    let (licenses, pools) = (fixture.list().await, fixture.usage().await);
    let good = revision(&fixture, 2, "primary=9");
    let stranger = usher::license::SigningKey::from_seed(&secrecy::SecretBox::new(Box::new([2; 32])));
    let claims = fixture.claims(&Terms { revision: Some(2), ..fixture.terms("primary=9") });
    let strange = usher::license::sign(&stranger, usher::license::LICENSE, &claims.to_json());
    let at = good.find('.').unwrap() + 10;
    let altered = format!("{}{}{}", &good[..at], if &good[at..=at] == "A" { "B" } else { "A" }, &good[at + 1..]);
    let other = usher::ids::TenantId::parse("umbrella").unwrap();
    let foreign = fixture.issued(&Terms { tenant: Some(other), revision: Some(2), ..fixture.terms("primary=9") });
    let past = fixture.claims(&Terms { revision: Some(2), ..fixture.terms("primary=9") });
    let ago = |seconds: i64| usher::ledger::time::WallTime(fixture.now().0 - seconds * 1_000);
    let expired = usher::license::Claims { issued: ago(20), expires: Some(ago(10)), ..past };
    let expired = fixture.signed(&expired);
    let named = fixture.issued(&Terms { revision: Some(2), license: license("more"), ..fixture.terms("primary!=9") });
    for (document, why) in [
        (altered.as_bytes(), "LICENSE_SIGNATURE"),
        (strange.as_bytes(), "LICENSE_KEY_UNKNOWN"),
        (foreign.as_bytes(), "LICENSE_TENANT"),
        (expired.as_bytes(), "LICENSE_EXPIRED"),
        (named.as_bytes(), "PLANS_DISAGREE"),
        (b"<html>Please sign in</html>", "LICENSE_MALFORMED"),
        (b"", "LICENSE_MALFORMED"),
        (b"\xff\xfe\x00", "LICENSE_MALFORMED"),
    ] {
        fixture.clock.advance(HOUR);
        folder.put(&file(&fixture), Has::File(document.to_vec()));
        let found = finds(&fixture).await;
        assert!(found.starts_with(&format!("REFUSED {why} at ")), "{found}");
        assert_eq!((fixture.list().await, fixture.usage().await), (licenses.clone(), pools.clone()), "{why}");
        assert_eq!(fixture.last_fetch().await, found);
    }
}

fn license(id: &str) -> Option<usher::ids::LicenseId> {
    Some(usher::ids::LicenseId::parse(id).unwrap())
}

async fn what_the_vendor_answers_is_an_answer(backend: Backend) {
    let folder = VendorFolder::open().await;
    let fixture = fixture(backend, &folder).await;
    let other = VendorFolder::open().await;
    let from = folder.shown();
    let failed = |why: &str| ("FAILED", format!("{from}: {why}"));
    let nothing = || ("NOTHING", "there is no license for this tenant".to_owned());
    for (seconds, (has, (outcome, text))) in (3_600..).step_by(3_600).zip([
        (Has::Status(404), nothing()),
        (Has::Status(304), nothing()),
        (Has::Status(500), failed("it answered 500 Internal Server Error")),
        (Has::Status(403), failed("it answered 403 Forbidden")),
        (Has::Redirect(other.url()), failed("it answered 302 Found, and redirections are not followed")),
        (Has::Endless, failed("it is larger than 65536 bytes")),
    ]) {
        folder.put(&file(&fixture), has);
        fixture.clock.advance(HOUR);
        assert_eq!(finds(&fixture).await, format!("{outcome} at {seconds}: {text}"));
    }
    assert_eq!(other.requests(), [""; 0]);
    assert_eq!(fixture.list().await, []);
}

async fn a_vendor_who_is_away_is_told_of(backend: Backend) {
    let folder = VendorFolder::open().await;
    let fixture = fixture(backend, &folder).await;
    let (address, from) = (folder.address, folder.shown());
    drop(folder);
    let found = finds(&fixture).await;
    assert!(found.starts_with(&format!("FAILED at 0: {from}: ")) && !found.contains("hunter2"), "{found}");
    assert_eq!(fixture.last_fetch().await, found);
    let folder = VendorFolder::open_at(address).await;
    put(&fixture, &folder, &revision(&fixture, 1, "primary=9"));
    fixture.clock.advance(HOUR);
    assert_eq!(finds(&fixture).await, "INSTALLED at 3600: acme revision 1 was installed");
}

#[tokio::test]
async fn a_vendor_who_says_nothing_is_not_waited_for() {
    let folder = VendorFolder::open().await;
    let fixture = fixture(Backend::sqlite(), &folder).await;
    folder.put(&file(&fixture), Has::Silence);
    let found = finds(&fixture).await;
    assert_eq!(found, format!("FAILED at 0: {}: no answer within 8s", folder.shown()));
}

#[tokio::test]
async fn without_a_folder_the_option_is_named() {
    let fixture = Fixture::open(Backend::sqlite()).await;
    let status = fixture.fetch().await.unwrap_err();
    assert_eq!((status.code(), reason(&status).as_str()), (Code::FailedPrecondition, "NO_LICENSE_URL"));
    assert!(status.message().contains("--license-url"), "{status:?}");
    assert_eq!((fixture.last_fetch().await.as_str(), fixture.information().await.fetched_from.as_str()), ("never", ""));
}

#[tokio::test]
async fn nobody_looks_too_often() {
    let folder = VendorFolder::open().await;
    let fixture = fixture(Backend::sqlite(), &folder).await;
    for _ in 0..5 {
        fixture.fetch().await.expect("an answer");
    }
    let status = fixture.fetch().await.unwrap_err();
    assert_eq!((status.code(), reason(&status).as_str()), (Code::ResourceExhausted, "RATE_LIMITED"));
    assert!(status.get_details_retry_info().is_some_and(|retry| retry.retry_delay.is_some()));
    assert_eq!(folder.requests().len(), 5);
    fixture.clock.advance(HOUR / 60);
    fixture.fetch().await.expect("an answer, a minute later");
}
