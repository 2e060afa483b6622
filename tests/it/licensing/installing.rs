//! The effect of an installed license (R27, R28), and the license page of an administrator.

use usher::ids::LicenseId;
use usher::ledger::change::Limit;
use usher::license::{Terms, Tier};
use usher::proto::v1::{LicenseState, LicenseTier, LicenseValidity};

use super::fixture::{DAY, shown};
use super::{Backend, Fixture, on_both_stores};
use crate::support::callers::anonymous_request;

on_both_stores![
    r27_an_install_says_what_changed_per_pool,
    r27_the_same_document_again_changes_nothing,
    r27_several_licenses_add_up_and_each_ends_by_its_own_date,
    r28_the_license_page,
    applications_read_flags_and_numbers,
    r30_deleted_licenses_lead_into_demo_mode,
    r35_every_change_of_licenses_is_in_the_audit,
];

fn changes(pools: &[usher::proto::v1::PoolChange]) -> Vec<String> {
    let before = |pool: &usher::proto::v1::PoolChange| pool.before.as_ref().map_or("none".to_owned(), shown);
    pools.iter().map(|pool| format!("{} -> {}", before(pool), shown(pool.after.as_ref().unwrap()))).collect()
}

async fn r27_an_install_says_what_changed_per_pool(backend: Backend) {
    let fixture = Fixture::open(backend).await;
    // Demo mode gives two seats (R30).
    assert!(fixture.sign_in("ann", "primary").await.starts_with("yes"));
    let first = fixture.installed(&fixture.terms("primary=5 crm!=3")).await;
    assert!(first.changed);
    assert_eq!(changes(&first.pools), ["none -> crm 0/3", "primary 1/2 -> primary 1/5"]);

    let second = fixture.installed(&Terms { revision: Some(2), ..fixture.terms("primary=0 crm!=unlimited") }).await;
    assert_eq!(changes(&second.pools), ["crm 0/3 -> crm 0/unlimited", "primary 1/5 -> primary 1/0 over 1"]);
    assert_eq!(second.license.unwrap().revision, 2);
    assert_eq!(fixture.usage().await, "crm 0/unlimited, primary 1/0 over 1");
}

async fn r27_the_same_document_again_changes_nothing(backend: Backend) {
    let fixture = Fixture::open(backend).await;
    let document = fixture.issued(&fixture.terms("primary=5"));
    let first = fixture.install(&document).await.unwrap();
    fixture.clock.advance(DAY);
    let armored = usher::license::armored(&document);
    for again in [document.clone(), armored, format!("\n  {document}\r\n")] {
        let again = fixture.install(&again).await.unwrap();
        assert!(!again.changed);
        assert_eq!(again.license, first.license);
        assert_eq!(changes(&again.pools), ["primary 0/5 -> primary 0/5"]);
    }
    assert_eq!(fixture.audit().await.len(), 1);
    let fixture = fixture.restart(usher::ledger::time::WallTime(fixture_time())).await;
    assert!(!fixture.install(&document).await.unwrap().changed);
}

fn fixture_time() -> i64 {
    super::fixture::START.0 + i64::try_from(DAY.as_millis()).unwrap()
}

async fn r27_several_licenses_add_up_and_each_ends_by_its_own_date(backend: Backend) {
    let fixture = Fixture::open(backend).await;
    let named = |id: &str, seats: &str, days: u32| Terms {
        license: Some(LicenseId::parse(id).unwrap()),
        expires: Some(Some(fixture.now().plus(days * DAY))),
        ..fixture.terms(seats)
    };
    fixture.installed(&named("base", "primary=5", 300)).await;
    fixture.installed(&named("more", "primary=2 crm!=1", 100)).await;
    assert_eq!(fixture.usage().await, "crm 0/1, primary 0/7");
    fixture.clock.advance(100 * DAY);
    assert_eq!(fixture.usage().await, "crm 0/0, primary 0/5");
    let validity: Vec<_> = fixture.list().await.iter().map(|license| license.validity()).collect();
    assert_eq!(validity, [LicenseValidity::InForce, LicenseValidity::Expired]);
    fixture.clock.advance(200 * DAY);
    assert_eq!(fixture.usage().await, "crm 0/0, primary 0/0");
    assert_eq!(fixture.information().await.license_state(), LicenseState::Expired);
}

async fn r28_the_license_page(backend: Backend) {
    let fixture = Fixture::open(backend).await;
    let demo = fixture.information().await;
    assert_eq!((demo.license_state(), demo.validity.as_str()), (LicenseState::Demo, "demo"));
    assert_eq!((demo.last_updated_at, demo.expires_in, demo.tier()), (None, None, LicenseTier::Unspecified));

    let terms = Terms {
        customer_id: Some("C-1001".into()),
        registered_to: Some("ACME Räder GmbH".into()),
        hosts: Some(vec![usher::license::HostPattern::parse("*.acme.example").unwrap()]),
        instance: Some(fixture.instance().0),
        tier: Some(Tier::Platinum),
        features: ["CRM_ALLOWED".into()].into(),
        limits: [("MAX_PUBLISH_LOCATIONS".into(), Limit::Unlimited)].into(),
        expires: Some(Some(fixture.now().plus(42 * DAY))),
        ..fixture.terms("primary=5 crm!=3")
    };
    fixture.installed(&terms).await;
    let page = fixture.information().await;
    assert_eq!((page.registered_to.as_str(), page.customer_id.as_str()), ("ACME Räder GmbH", "C-1001"));
    assert_eq!(page.instance_id, fixture.instance().to_string());
    assert_eq!(
        (page.hosts.as_slice(), page.host_names.as_slice()),
        (&["*.acme.example".to_owned()][..], &["login-1".to_owned(), "login.acme.example".to_owned()][..])
    );
    assert_eq!((page.running_version.as_str(), page.tier()), (env!("CARGO_PKG_VERSION"), LicenseTier::Platinum));
    assert_eq!(page.plan, "Named and concurrent");
    assert_eq!(page.pools.iter().map(shown).collect::<Vec<_>>(), ["crm 0/3", "primary 0/5"]);
    assert_eq!(page.features, ["CRM_ALLOWED"]);
    assert!(page.limits[0].unlimited && page.limits[0].name == "MAX_PUBLISH_LOCATIONS");
    assert_eq!((page.license_state(), page.validity.as_str()), (LicenseState::Valid, "valid"));
    assert_eq!(page.expires_in.unwrap().seconds, 42 * 24 * 60 * 60);
    assert_eq!(page.last_updated_at.unwrap().seconds, fixture.now().0 / 1_000);

    fixture.clock.advance(30 * DAY);
    assert_eq!(fixture.information().await.validity, "expires in 12 days");
    fixture.installed(&Terms { revision: Some(2), expires: Some(None), ..terms }).await;
    let page = fixture.information().await;
    assert_eq!((page.validity.as_str(), page.expires_in), ("valid, never expires", None));
    assert_eq!(page.last_updated_at.unwrap().seconds, fixture.now().0 / 1_000);
    let installed_by: Vec<_> = fixture
        .list()
        .await
        .into_iter()
        .map(|license| (license.revision, license.validity(), license.installed_by))
        .collect();
    let by = |revision, validity| (revision, validity, "anonymous".to_owned());
    assert_eq!(installed_by, [by(2, LicenseValidity::InForce), by(1, LicenseValidity::Superseded)]);
}

async fn applications_read_flags_and_numbers(backend: Backend) {
    let fixture = Fixture::open(backend).await;
    assert_eq!(fixture.entitlements().await.features, Vec::<String>::new());
    let with = |id: &str, feature: &str, locations| Terms {
        license: Some(LicenseId::parse(id).unwrap()),
        features: [feature.into()].into(),
        limits: [("MAX_PUBLISH_LOCATIONS".into(), Limit::Seats(locations))].into(),
        ..fixture.terms("primary=1")
    };
    let until = fixture.now().plus(10 * DAY);
    fixture.installed(&with("base", "CRM_ALLOWED", 50)).await;
    fixture.installed(&Terms { expires: Some(Some(until)), ..with("more", "API_ALLOWED", 10) }).await;
    let given = fixture.entitlements().await;
    assert_eq!(
        (given.license_state(), given.features),
        (LicenseState::Valid, vec!["API_ALLOWED".to_owned(), "CRM_ALLOWED".into()])
    );
    assert_eq!((given.limits[0].name.as_str(), given.limits[0].value), ("MAX_PUBLISH_LOCATIONS", 60));
    fixture.clock.advance(10 * DAY);
    let given = fixture.entitlements().await;
    assert_eq!((given.features, given.limits[0].value), (vec!["CRM_ALLOWED".to_owned()], 50));
}

async fn r30_deleted_licenses_lead_into_demo_mode(backend: Backend) {
    let fixture = Fixture::open(backend).await;
    let document = fixture.issued(&fixture.terms("primary=5"));
    fixture.install(&document).await.unwrap();
    for user in ["ann", "bob", "cid"] {
        assert!(fixture.sign_in(user, "primary").await.starts_with("yes"), "{user}");
    }
    let delete = |license_id: &str| usher::proto::v1::DeleteLicenseRequest {
        tenant_id: "acme".into(),
        license_id: license_id.into(),
    };
    use usher::proto::v1::license_service_server::LicenseService as _;
    let missing = fixture.licenses().delete_license(anonymous_request(delete("ghost"))).await.unwrap_err();
    assert_eq!(missing.code(), tonic::Code::NotFound);
    let deleted = fixture.licenses().delete_license(anonymous_request(delete("acme"))).await.unwrap().into_inner();
    assert_eq!(changes(&deleted.pools), ["primary 3/5 -> primary 3/2 over 1"]);
    assert_eq!(fixture.sign_in("dee", "primary").await, "SEATS_EXHAUSTED");
    assert_eq!(fixture.list().await, []);
    // An older document cannot be installed again; the same one can (R27).
    assert_eq!(fixture.refused(&fixture.issued(&fixture.terms("primary=9"))).await, "LICENSE_REVISION");
    assert!(fixture.install(&document).await.unwrap().changed);
    let all = || anonymous_request(usher::proto::v1::DeleteLicensesRequest { tenant_id: "acme".into() });
    assert!(fixture.licenses().delete_licenses(all()).await.unwrap().into_inner().changed);
    assert!(!fixture.licenses().delete_licenses(all()).await.unwrap().into_inner().changed);
    assert_eq!(fixture.information().await.license_state(), LicenseState::Demo);
}

async fn r35_every_change_of_licenses_is_in_the_audit(backend: Backend) {
    let fixture = Fixture::open(backend).await;
    fixture.installed(&fixture.terms("primary=5")).await;
    fixture.installed(&Terms { revision: Some(2), ..fixture.terms("primary=10") }).await;
    use usher::proto::v1::license_service_server::LicenseService as _;
    let all = anonymous_request(usher::proto::v1::DeleteLicensesRequest { tenant_id: "acme".into() });
    fixture.licenses().delete_licenses(all).await.unwrap();
    assert_eq!(
        fixture.audit().await,
        [
            "LICENSE_DELETED acme revision 2; primary 10 -> 2",
            "LICENSE_INSTALLED acme revision 2; primary 5 -> 10",
            "LICENSE_INSTALLED acme revision 1; primary 0 -> 5",
        ]
    );
}
