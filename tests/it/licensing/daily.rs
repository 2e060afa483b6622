//! The daily look for licenses: once a day for each tenant, spread over time, and with an audit event only when the
//! result is new (R27, R35).

use std::collections::BTreeMap;
use std::time::Duration;

use usher::ids::TenantId;
use usher::ledger::license_fetch::spread;
use usher::license::Terms;

use super::fixture::{DAY, HOUR, VendorAt};
use super::folder::{Has, VendorFolder};
use super::{Backend, Fixture, on_both_stores};

const MINUTE: Duration = Duration::from_secs(60);

on_both_stores![
    r27_a_license_is_looked_for_once_a_day,
    r27_the_day_goes_on_over_a_restart,
    a_vendor_who_is_away_is_asked_again_and_told_of_once,
];

async fn fixture(backend: Backend, folder: &VendorFolder) -> Fixture {
    Fixture::open_with(backend, VendorAt { folder: Some(folder.url()), mail: None }).await
}

/// Returns the minutes within `hours` at which the server looked for a license of `acme`.
async fn looks(fixture: &Fixture, folder: &VendorFolder, hours: u32) -> Vec<u32> {
    let fetcher = fixture.fetcher();
    let mut looked = Vec::new();
    for minute in 0..hours * 60 {
        fetcher.run().await;
        looked.extend(folder.requests().iter().map(|_| minute));
        fixture.clock.advance(MINUTE);
    }
    looked
}

fn late() -> u32 {
    u32::try_from(spread(&TenantId::parse("acme").unwrap()).as_secs().div_ceil(60)).unwrap()
}

async fn r27_a_license_is_looked_for_once_a_day(backend: Backend) {
    let folder = VendorFolder::open().await;
    let fixture = fixture(backend, &folder).await;
    let looked = looks(&fixture, &folder, 50).await;
    let day = 23 * 60 + late();
    assert_eq!(looked.len(), 3, "{looked:?}");
    assert!(looked[0] == late() && looked[1] - looked[0] == day && looked[2] - looked[1] == day, "{looked:?}");
    let nothing = format!("LICENSE_FETCHED from {}: there is no license for this tenant", folder.shown());
    assert_eq!(fixture.audit().await, std::slice::from_ref(&nothing), "the same, day after day, is one event");
    // Now the folder has a license.
    let document = fixture.issued(&fixture.terms("primary=5"));
    folder.put(&format!("{}/acme.lic", fixture.instance()), Has::File(document.into_bytes()));
    looks(&fixture, &folder, 48).await;
    assert_eq!(fixture.usage().await, "primary 0/5");
    let license = fixture.list().await.remove(0);
    assert_eq!((license.revision, license.installed_by.as_str()), (1, "usher"));
    let from = folder.shown();
    let not_newer = "acme revision 1 is not newer than revision 1, which was installed";
    assert_eq!(
        fixture.audit().await,
        [
            format!("LICENSE_FETCHED from {from}: {not_newer}"),
            format!("LICENSE_FETCHED from {from}: acme revision 1 was installed"),
            "LICENSE_INSTALLED acme revision 1; primary 0 -> 5".into(),
            nothing,
        ]
    );
    assert!(fixture.last_fetch().await.ends_with(not_newer), "{}", fixture.last_fetch().await);
}

async fn r27_the_day_goes_on_over_a_restart(backend: Backend) {
    let folder = VendorFolder::open().await;
    let fixture = fixture(backend, &folder).await;
    assert_eq!(looks(&fixture, &folder, 2).await.len(), 1);
    let fetch = fixture.last_fetch().await;
    let now = fixture.now();
    let fixture = fixture.restart(now).await;
    assert_eq!(fixture.last_fetch().await, fetch);
    assert_eq!(looks(&fixture, &folder, 20).await, [0; 0], "it was looked for today");
    assert_eq!(looks(&fixture, &folder, 4).await.len(), 1);
    // The server was down for days: looks that are due then are spread over an hour.
    let later = usher::ledger::time::WallTime(fixture.now().0 + i64::try_from(DAY.as_millis()).unwrap() * 9);
    let fixture = fixture.restart(later).await;
    assert_eq!(looks(&fixture, &folder, 2).await, [late()]);
}

async fn a_vendor_who_is_away_is_asked_again_and_told_of_once(backend: Backend) {
    let folder = VendorFolder::open().await;
    let fixture = fixture(backend, &folder).await;
    folder.put(&format!("{}/acme.lic", fixture.instance()), Has::Status(503));
    let looked = looks(&fixture, &folder, 12).await;
    let again = 60 + late();
    let expected: Vec<u32> = (0..12).map(|no| late() + no * again).take_while(|at| *at < 12 * 60).collect();
    assert_eq!(looked, expected, "after an hour, and up to two");
    assert!(looked.len() > 5, "{looked:?}");
    assert_eq!(fixture.audit().await.len(), 1);
    assert!(fixture.last_fetch().await.ends_with("it answered 503 Service Unavailable"));
}

/// Shows that the looks for two hundred tenants are spread over an hour, each once, and that an unreachable vendor is
/// not called two hundred times.
#[tokio::test]
async fn tenants_are_spread_over_an_hour() {
    const TENANTS: usize = 200;
    let folder = VendorFolder::open().await;
    let fixture = fixture(Backend::sqlite(), &folder).await;
    for no in 1..TENANTS {
        fixture.create_tenant(&format!("tenant/{no}")).await;
    }
    let fetcher = fixture.fetcher();
    let mut asked: BTreeMap<String, usize> = BTreeMap::new();
    let mut most = 0;
    for _ in 0..=60 {
        fetcher.run().await;
        let now = folder.requests();
        most = most.max(now.len());
        now.into_iter().for_each(|path| *asked.entry(path).or_default() += 1);
        fixture.clock.advance(MINUTE);
    }
    assert_eq!((asked.len(), asked.values().sum::<usize>()), (TENANTS, TENANTS));
    assert!(asked.contains_key(&format!("{}/tenant%2F7.lic", fixture.instance())), "{:?}", asked.keys().next());
    assert!(most < 20, "{most} in one minute");

    // All looks are due while the vendor is unreachable: a run gives up after the looks that are in flight.
    let address = folder.address;
    drop(folder);
    fixture.clock.advance(DAY);
    fetcher.run().await;
    let folder = VendorFolder::open_at(address).await;
    fetcher.run().await;
    let later = folder.requests().len();
    assert!((TENANTS - 4..TENANTS).contains(&later), "{later} of {TENANTS} were still to be looked for");
}

/// Shows that a tenant gets no license of another tenant (R1): the documents of two tenants are swapped.
#[tokio::test]
async fn r1_a_tenant_gets_its_own_license_only() {
    let folder = VendorFolder::open().await;
    let fixture = fixture(Backend::sqlite(), &folder).await;
    fixture.create_tenant("umbrella").await;
    let ours = fixture.issued(&fixture.terms("primary=5"));
    let theirs =
        fixture.issued(&Terms { tenant: Some(TenantId::parse("umbrella").unwrap()), ..fixture.terms("primary=9") });
    for (tenant, document) in [("acme", theirs), ("umbrella", ours)] {
        folder.put(&format!("{}/{tenant}.lic", fixture.instance()), Has::File(document.into_bytes()));
    }
    let fetcher = fixture.fetcher();
    fixture.clock.advance(HOUR);
    fetcher.run().await;
    let fetch = fixture.last_fetch().await;
    assert_eq!(fetch, "REFUSED LICENSE_TENANT at 3600: the license is for another tenant");
    assert_eq!((folder.requests().len(), fixture.list().await.len()), (2, 0));
}
