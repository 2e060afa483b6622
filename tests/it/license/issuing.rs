//! From a request to the next license: seats that are added and moved, values that the vendor sets, and refusals.

use std::collections::BTreeMap;

use usher::ids::{LicenseId, TenantId};
use usher::ledger::change::{Limit, Plan};
use usher::ledger::time::WallTime;
use usher::license::{
    Claims, Entitlement, Installed, Move, Overdraft, PoolUse, Request, SeatsWanted, Terms, Tier, issue,
};

use super::requests::{pool, whole};
use super::{DAY, ISSUED, everything, signed, trust};

const LATER: WallTime = WallTime(ISSUED.0 + 30 * DAY + 123);

/// Parses entitlements such as `primary=100 extranet=unlimited crm=3/named`.
fn entitlements(text: &str) -> Vec<Entitlement> {
    let one = |part: &str| {
        let (id, rest) = part.split_once('=').unwrap();
        let (seats, plan) = rest.split_once('/').map_or((rest, Plan::Concurrent), |(seats, _)| (seats, Plan::Named));
        let limit = if seats == "unlimited" { Limit::Unlimited } else { Limit::Seats(seats.parse().unwrap()) };
        Entitlement { pool: pool(id), plan, limit, overdraft: Overdraft::NONE }
    };
    text.split_whitespace().map(one).collect()
}

fn shown(entitlements: &[Entitlement]) -> String {
    let one = |entitlement: &Entitlement| {
        let seats = match entitlement.limit {
            Limit::Seats(seats) => seats.to_string(),
            Limit::Unlimited => "unlimited".into(),
        };
        let plan = if entitlement.plan == Plan::Named { "/named" } else { "" };
        format!("{}={seats}{plan}", entitlement.pool)
    };
    entitlements.iter().map(one).collect::<Vec<_>>().join(" ")
}

/// Returns a license with these entitlements, and a request of the customer who has it.
fn base(given: &str) -> (Claims, Request) {
    let mut claims = everything();
    claims.entitlements = entitlements(given);
    claims.entitlements.sort_by(|one, other| one.pool.cmp(&other.pool));
    let installed = Installed { license: claims.license.clone(), revision: claims.revision, document: signed(&claims) };
    let request =
        Request { licenses: vec![installed], seats: Vec::new(), moves: Vec::new(), pools: Vec::new(), ..whole() };
    (claims, request)
}

/// Adds changes to a request: `+5 primary` adds seats, `5 crm>primary` moves seats.
fn request_changes(request: &mut Request, changes: &str) {
    for change in changes.split(", ").filter(|change| !change.is_empty()) {
        let (number, what) = change.split_once(' ').unwrap();
        let seats = number.trim_start_matches('+').parse().unwrap();
        match what.split_once('>') {
            Some((from, to)) => request.moves.push(Move { from: pool(from), to: pool(to), seats }),
            None => request.seats.push(SeatsWanted { pool: pool(what), seats }),
        }
    }
}

fn terms(set: &str) -> Terms {
    let seats: BTreeMap<_, _> = entitlements(set).into_iter().map(|set| (set.pool, set.limit)).collect();
    Terms { seats, ..Terms::default() }
}

fn answer(given: &str, changes: &str, set: &str) -> Result<String, String> {
    let (claims, mut request) = base(given);
    request_changes(&mut request, changes);
    let issued = issue(&terms(set), Some(&request), &trust(&[1]), LATER).map_err(|error| error.to_string())?;
    assert_eq!((issued.license, issued.revision), (claims.license, claims.revision + 1));
    Ok(shown(&issued.entitlements))
}

#[test]
fn seats_are_added_and_moved() {
    for (given, changes, set, result) in [
        ("primary=100", "", "", "primary=100"),
        ("primary=100", "+20 primary", "", "primary=120"),
        ("primary=100", "+20 primary, +5 primary", "", "primary=125"),
        ("primary=100", "+20 crm", "", "crm=20 primary=100"),
        ("crm=10/named primary=100", "5 crm>primary", "", "crm=5/named primary=105"),
        ("crm=10 primary=100", "10 crm>primary", "", "crm=0 primary=110"),
        ("primary=100", "30 primary>crm", "", "crm=30 primary=70"),
        ("crm=10 primary=100", "+5 crm, 15 crm>primary", "", "crm=0 primary=115"),
        // The order of moves does not matter, and moves in a circle change nothing.
        ("a=0 b=10 c=0", "5 a>c, 5 b>a", "", "a=0 b=5 c=5"),
        ("a=1 b=0", "9 a>b, 9 b>a", "", "a=1 b=0"),
        // Unlimited pools that are not mentioned stay.
        ("extranet=unlimited primary=100", "+5 primary", "", "extranet=unlimited primary=105"),
        // A value that the vendor sets overrides the request.
        ("primary=100", "+20 primary", "primary=60", "primary=60"),
        ("primary=100", "+20 primary", "primary=unlimited", "primary=unlimited"),
        ("extranet=unlimited", "+5 extranet", "extranet=unlimited", "extranet=unlimited"),
        ("crm=3 primary=100", "10 crm>primary", "crm=0", "crm=0 primary=110"),
        ("primary=100", "", "crm=7", "crm=7 primary=100"),
    ] {
        assert_eq!(answer(given, changes, set).as_deref(), Ok(result), "{given}; {changes}; {set}");
    }
}

#[test]
fn seats_that_are_not_there_are_not_moved() {
    let set = "so no seats can be added to it or moved; set it: --seats";
    for (given, changes, said) in [
        (
            "crm=3 primary=100",
            "4 crm>primary",
            "--request: 4 seats are to leave the pool crm, of which the license has 3".into(),
        ),
        (
            "primary=100",
            "1 crm>primary",
            "--request: 1 seat is to leave the pool crm, of which the license has 0".into(),
        ),
        (
            "crm=5 primary=100",
            "3 crm>primary, 3 crm>x",
            "--request: 6 seats are to leave the pool crm, of which the license has 5".into(),
        ),
        (
            "crm=unlimited primary=1",
            "5 crm>primary",
            format!("--request: the pool crm is unlimited, {set} crm=NUMBER|unlimited"),
        ),
        (
            "crm=9 primary=unlimited",
            "5 crm>primary",
            format!("--request: the pool primary is unlimited, {set} primary=NUMBER|unlimited"),
        ),
        (
            "primary=unlimited",
            "+5 primary",
            format!("--request: the pool primary is unlimited, {set} primary=NUMBER|unlimited"),
        ),
        (
            "primary=9007199254740991",
            "+1 primary",
            "--request: the pool primary would have 9007199254740992 seats, more than 9007199254740991".into(),
        ),
    ] {
        assert_eq!(answer(given, changes, ""), Err(said), "{given}; {changes}");
    }
    // Both mistakes are reported together.
    let both = answer("a=1 b=1 c=0", "2 a>c, 2 b>c", "").unwrap_err();
    assert_eq!(both.lines().count(), 2, "{both}");
}

/// Shows that a pool which is new in the license gets the plan with which the customer uses it, so that plans agree
/// (R27).
#[test]
fn a_new_pool_has_the_plan_that_it_has_there() {
    let (_, mut request) = base("primary=100");
    request_changes(&mut request, "+20 crm, +5 other");
    request.pools = vec![PoolUse { pool: pool("crm"), plan: Plan::Named, limit: Limit::Seats(0), in_use: 0 }];
    let issued = issue(&Terms::default(), Some(&request), &trust(&[1]), LATER).unwrap();
    assert_eq!(shown(&issued.entitlements), "crm=20/named other=5 primary=100");
    let terms =
        Terms { plans: [(pool("primary"), Plan::Named), (pool("crm"), Plan::Concurrent)].into(), ..Terms::default() };
    let issued = issue(&terms, Some(&request), &trust(&[1]), LATER).unwrap();
    assert_eq!(shown(&issued.entitlements), "crm=20 other=5 primary=100/named");
    let terms = Terms { plans: [(pool("x"), Plan::Named)].into(), ..Terms::default() };
    let said = issue(&terms, Some(&request), &trust(&[1]), LATER).unwrap_err().to_string();
    assert_eq!(said, "--plan x: the license has no such pool; add --seats x=NUMBER");
}

#[test]
fn r41_an_overdraft_is_set_and_stays_until_it_is_taken_away() {
    let issued = |given: &str, had: &[(&str, Overdraft)], set: &[(&str, Overdraft)]| {
        let (mut claims, mut request) = base(given);
        for entitlement in &mut claims.entitlements {
            let found = had.iter().find(|(of, _)| pool(of) == entitlement.pool);
            entitlement.overdraft = found.map_or(Overdraft::NONE, |(_, overdraft)| *overdraft);
        }
        request.licenses[0].document = signed(&claims);
        let overdrafts = set.iter().map(|(of, overdraft)| (pool(of), *overdraft)).collect();
        let terms = Terms { overdrafts, ..Terms::default() };
        let issued = issue(&terms, Some(&request), &trust(&[1]), LATER).map_err(|error| error.to_string())?;
        Ok::<_, String>(issued.entitlements.iter().map(|given| given.overdraft).collect::<Vec<_>>())
    };
    let tenth = Overdraft::Percent(10);
    assert_eq!(issued("a=5 b=7", &[], &[("a", tenth)]), Ok(vec![tenth, Overdraft::NONE]));
    assert_eq!(issued("a=5", &[("a", tenth)], &[]), Ok(vec![tenth]));
    assert_eq!(issued("a=5", &[("a", tenth)], &[("a", Overdraft::Seats(2))]), Ok(vec![Overdraft::Seats(2)]));
    assert_eq!(issued("a=5", &[("a", tenth)], &[("a", Overdraft::NONE)]), Ok(vec![Overdraft::NONE]));
    for (given, said) in [
        ("b=1", "--overdraft a: the license has no such pool; add --seats a=NUMBER"),
        ("a=1/named", "--overdraft a: the pool is named, and only a concurrent one can have overdraft"),
        ("a=unlimited", "--overdraft a: the pool is unlimited; --overdraft a=0 takes it away"),
    ] {
        assert_eq!(issued(given, &[], &[("a", tenth)]), Err(said.into()), "{given}");
    }
}

#[test]
fn what_nobody_says_stays_as_it_was() {
    let (claims, request) = base("primary=100");
    let issued = issue(&Terms::default(), Some(&request), &trust(&[1]), LATER).unwrap();
    let expected = Claims { revision: 4, issued: WallTime(LATER.0 / 1_000 * 1_000), ..claims };
    assert_eq!(issued, expected);
}

#[test]
fn what_the_vendor_says_stands() {
    let (claims, request) = base("primary=100");
    let terms = Terms {
        revision: Some(9),
        customer_id: Some("C-2".into()),
        registered_to: Some("ACME Ltd".into()),
        hosts: Some(vec![usher::license::HostPattern::parse("new").unwrap()]),
        instance: Some(uuid::Uuid::nil()),
        tier: Some(Tier::Platinum),
        features: ["NEW_FEATURE".into()].into(),
        limits: [("MAX_ARCHIVES".into(), Limit::Seats(1))].into(),
        not_before: Some(WallTime(LATER.0 / DAY * DAY)),
        expires: Some(None),
        ..Terms::default()
    };
    let issued = issue(&terms, Some(&request), &trust(&[1]), LATER).unwrap();
    assert_eq!((issued.revision, &*issued.customer_id, &*issued.registered_to), (9, "C-2", "ACME Ltd"));
    assert_eq!((issued.hosts, issued.instance, issued.tier), (terms.hosts.unwrap(), terms.instance, Tier::Platinum));
    assert_eq!((issued.not_before, issued.expires), (terms.not_before, None));
    // Added to the features that were there.
    assert_eq!(issued.features.len(), claims.features.len() + 1);
    assert_eq!(issued.limits.get("MAX_ARCHIVES"), Some(&Limit::Seats(1)));
    assert_eq!(issued.limits.get("MAX_PUBLISH_LOCATIONS"), Some(&Limit::Seats(50)));
}

#[test]
fn a_first_license_needs_a_tenant_and_something_to_give() {
    let terms = Terms { tenant: Some(TenantId::parse("acme").unwrap()), ..terms("primary=5") };
    let first = issue(&terms, None, &trust(&[]), LATER).unwrap();
    assert_eq!(
        (first.license.as_str(), first.revision, &*first.customer_id, &*first.registered_to),
        ("acme", 1, "acme", "acme")
    );
    assert_eq!((first.tier, first.expires, first.not_before, first.instance), (Tier::Bronze, None, None, None));
    assert!(first.hosts.is_empty() && first.features.is_empty() && first.limits.is_empty());

    let said = |terms: Terms| issue(&terms, None, &trust(&[]), LATER).unwrap_err().to_string();
    assert_eq!(said(self::terms("primary=5")), "--tenant: is missing; a --request would bring it");
    let nothing = said(Terms { tenant: Some(TenantId::parse("acme").unwrap()), ..Terms::default() });
    assert!(nothing.starts_with("--seats: must not be empty"), "{nothing}");

    // The first license for a tenant in demo mode.
    let (_, mut request) = base("primary=1");
    request.licenses.clear();
    request_changes(&mut request, "+25 primary");
    let first = issue(&Terms::default(), Some(&request), &trust(&[]), LATER).unwrap();
    assert_eq!((first.license.as_str(), first.revision, &*first.customer_id), ("acme", 1, "C-1001"));
    assert_eq!(shown(&first.entitlements), "primary=25");
}

#[test]
fn the_license_to_be_revised_is_named_where_there_are_several() {
    let (mut claims, mut request) = base("primary=100");
    claims.license = LicenseId::parse("acme-extra").unwrap();
    claims.revision = 7;
    let second = Installed { license: claims.license.clone(), revision: 7, document: signed(&claims) };
    request.licenses.push(second);
    let said = issue(&Terms::default(), Some(&request), &trust(&[1]), LATER).unwrap_err().to_string();
    assert_eq!(said, "--license-id: which one is to be revised, acme-main or acme-extra?");
    let named = |id: &str| Terms { license: Some(LicenseId::parse(id).unwrap()), ..terms("crm=1") };
    let revised = issue(&named("acme-extra"), Some(&request), &trust(&[1]), LATER).unwrap();
    assert_eq!((revised.license.as_str(), revised.revision), ("acme-extra", 8));
    // A license id that is not installed yet means a new license, without any entitlement at first.
    let new = issue(&named("acme-crm"), Some(&request), &trust(&[1]), LATER).unwrap();
    assert_eq!((new.license.as_str(), new.revision, shown(&new.entitlements)), ("acme-crm", 1, "crm=1".into()));
}

#[test]
fn a_request_is_believed_only_where_it_is_signed() {
    let refused = |change: &dyn Fn(&mut Request)| {
        let (_, mut request) = base("primary=100");
        change(&mut request);
        issue(&Terms::default(), Some(&request), &trust(&[1]), LATER).unwrap_err().to_string()
    };
    let said = refused(&|request| request.licenses[0].document.insert(100, 'A'));
    assert!(said.starts_with("--request: the license acme-main in it: "), "{said}");
    // A genuine license that is not the one that the request says: another tenant, license id or revision.
    let another = "--request: the license acme-main in it is another one than it says";
    assert_eq!(refused(&|request| request.licenses[0].revision = 4), another);
    assert_eq!(refused(&|request| request.tenant = TenantId::parse("globex").unwrap()), another);
    let said = refused(&|request| request.licenses[0].license = LicenseId::parse("x").unwrap());
    assert_eq!(said, "--request: the license x in it is another one than it says");
    // Signed with a key that the vendor no longer trusts; it is accepted if that key is named.
    let (_, request) = base("primary=100");
    let said = issue(&Terms::default(), Some(&request), &trust(&[2]), LATER).unwrap_err().to_string();
    assert!(said.contains("a key that is not trusted here"), "{said}");
    issue(&Terms::default(), Some(&request), &trust(&[1, 2]), LATER).unwrap();
}

#[test]
fn what_does_not_go_together_is_told_at_once() {
    let (claims, mut request) = base("primary=100");
    request.instance = uuid::Uuid::nil();
    let terms = Terms { tenant: Some(TenantId::parse("globex").unwrap()), revision: Some(3), ..Terms::default() };
    let at = claims.expires.unwrap();
    let said = issue(&terms, Some(&request), &trust(&[1]), at).unwrap_err().0;
    let instance = claims.instance.unwrap();
    assert_eq!(
        said,
        [
            "--tenant: the request is of acme".to_owned(),
            "--revision: must be above 3, which is installed".to_owned(),
            format!("--instance: the license is for {instance}, and the request comes from {}", request.instance),
            "--expires: 2026-11-01T12:00:00Z is in the past".to_owned(),
        ]
    );
    let terms = Terms { not_before: Some(WallTime(at.0 + DAY)), ..Terms::default() };
    let (_, request) = base("primary=100");
    let said = issue(&terms, Some(&request), &trust(&[1]), LATER).unwrap_err().to_string();
    assert_eq!(said, "--expires: must be later than nbf");
}
