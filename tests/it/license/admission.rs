//! Conditions for installing a license: its tenant, hosts, installation, and time.

use usher::ids::TenantId;
use usher::ledger::time::WallTime;
use usher::license::{HostPattern, InstallTarget, Rejection, Revoked};
use uuid::Uuid;

use super::{ISSUED, everything, least, signed, trust};

#[test]
fn host_patterns() {
    for (pattern, name, fits) in [
        ("acme.example", "acme.example", true),
        ("acme.example", "ACME.Example", true),
        ("ACME.example", "acme.EXAMPLE", true),
        ("acme.example", "acme.example.", true),
        ("acme.example", "acme.example..", false),
        ("acme.example", "acmexexample", false),
        ("acme.example", "www.acme.example", false),
        ("acme.example", "", false),
        // `*` matches any run of characters, including an empty one and dots.
        ("*", "", true),
        ("*", "anything.at.all", true),
        ("*.acme.example", "a.acme.example", true),
        ("*.acme.example", "a.b.acme.example", true),
        ("*.acme.example", ".acme.example", true),
        ("*.acme.example", "acme.example", false),
        ("*.acme.example", "a.acme.example.evil.example", false),
        ("*.acme.example", "aacme.example", false),
        ("*acme.example", "acme.example", true),
        ("*acme.example", "notacme.example", true),
        ("node-*", "node-", true),
        ("node-*", "node-17.acme.example", true),
        ("node-*", "anode-17", false),
        ("node-*.acme.example", "node-17.eu.acme.example", true),
        ("node-*.acme.example", "node-17.eu.acme.exampl", false),
        ("*.*", "a.b", true),
        ("*.*", "ab", false),
        ("**", "ab", true),
        ("a*b*c", "abc", true),
        ("a*b*c", "axbxbxc", true),
        ("a*b*c", "axbxb", false),
        ("a*b*c", "acb", false),
        ("10.0.*", "10.0.3.4", true),
        ("fe80::*", "fe80::1", true),
    ] {
        let parsed = HostPattern::parse(pattern).unwrap();
        assert_eq!(parsed.matches(name), fits, "{pattern} and {name:?}");
    }
}

/// Shows that a pattern of many stars is matched at once; a backtracking matcher would take exponential time.
#[test]
fn a_pattern_of_many_stars_is_matched_at_once() {
    let pattern = HostPattern::parse(&"a*".repeat(126)).unwrap();
    assert!(!pattern.matches(&format!("{}b", "a".repeat(125)).repeat(40).replace('a', "c")));
    assert!(!HostPattern::parse(&format!("{}b", "*a".repeat(120))).unwrap().matches(&"a".repeat(100_000)));
    assert!(pattern.matches(&"a".repeat(100_000)));
}

struct Case {
    tenant: &'static str,
    hosts: &'static [&'static str],
    instance: &'static str,
    at: WallTime,
}

const INSTANCE: &str = "7b4f6d0e-6e0f-4a51-9d7c-2f6f5f1b8c11";
const OTHER_INSTANCE: &str = "00000000-0000-4000-8000-000000000000";

/// A target that every claim of [`everything`] fits.
fn case() -> Case {
    Case { tenant: "acme", hosts: &["node-1", "db.acme.example"], instance: INSTANCE, at: ISSUED }
}

fn check(claims: &usher::license::Claims, case: &Case, expected: &str) {
    let tenant = TenantId::parse(case.tenant).unwrap();
    let host_names: Vec<_> = case.hosts.iter().map(|host| (*host).to_owned()).collect();
    let instance: Uuid = case.instance.parse().unwrap();
    let target = InstallTarget { tenant: &tenant, host_names: &host_names, instance };
    let answer = claims.admits(&target, case.at);
    assert_eq!(answer.as_ref().err().map_or("", |rejection| rejection.reason().name()), expected);
    // `admit`, which an installation calls, also checks the signature; its answer is the same.
    let admitted = trust(&[1]).admit(&signed(claims), &target, case.at);
    assert_eq!(admitted.map(|verified| assert_eq!(verified.claims, *claims)), answer);
}

#[test]
fn the_tenant_the_hosts_the_installation_and_the_time() {
    let claims = everything();
    let end = claims.expires.unwrap();
    check(&claims, &case(), "");
    check(&claims, &Case { tenant: "acme2", ..case() }, "LICENSE_TENANT");
    check(&claims, &Case { tenant: "ACME", ..case() }, "LICENSE_TENANT");
    check(&claims, &Case { hosts: &["db.acme.example.evil.example"], ..case() }, "LICENSE_HOST");
    check(&claims, &Case { hosts: &[], ..case() }, "LICENSE_HOST");
    check(&claims, &Case { hosts: &["x", "License-1"], ..case() }, "");
    check(&claims, &Case { instance: OTHER_INSTANCE, ..case() }, "LICENSE_INSTANCE");
    check(&claims, &Case { at: WallTime(end.0 - 1), ..case() }, "");
    check(&claims, &Case { at: end, ..case() }, "LICENSE_EXPIRED");
    // A license that begins later can be installed before it begins.
    check(&claims, &Case { at: WallTime(0), ..case() }, "");
    // A claim that is missing restricts nothing.
    let anywhere = Case { hosts: &[], instance: OTHER_INSTANCE, at: WallTime(i64::MAX), ..case() };
    check(&least(), &anywhere, "");
    // Of several reasons, the first one in this order is reported.
    check(&claims, &Case { tenant: "x", ..anywhere }, "LICENSE_TENANT");
    check(&claims, &anywhere, "LICENSE_HOST");
    check(&claims, &Case { hosts: &["license-1"], ..anywhere }, "LICENSE_INSTANCE");
}

/// Shows that a refusal's message tells nothing about the license of another tenant (R1); about the tenant's own
/// license it names both the required and the actual value.
#[test]
fn a_refusal_tells_what_does_not_fit_and_nothing_of_others() {
    let tenant = TenantId::parse("secret-tenant").unwrap();
    let names = ["node-1".to_owned(), "db.acme.example".into()];
    let target = InstallTarget { tenant: &tenant, host_names: &names, instance: Uuid::nil() };
    let mut claims = everything();
    let mut said = vec![claims.admits(&target, ISSUED).unwrap_err().to_string()];
    claims.tenant = tenant.clone();
    claims.hosts.retain(|host| host.as_str() == "license-1");
    said.push(claims.admits(&target, ISSUED).unwrap_err().to_string());
    claims.hosts = (0..7).map(|number| HostPattern::parse(&format!("*.h{number}.example")).unwrap()).collect();
    said.push(claims.admits(&InstallTarget { host_names: &[], ..target }, ISSUED).unwrap_err().to_string());
    claims.hosts.clear();
    said.push(claims.admits(&target, ISSUED).unwrap_err().to_string());
    assert_eq!(
        said,
        [
            "the license is for another tenant",
            "the license is for other hosts: for license-1, and this one is node-1, db.acme.example",
            "the license is for other hosts: for *.h0.example, *.h1.example, *.h2.example, *.h3.example, *.h4.example \
             and 2 more, and this one is without a name",
            "the license is for another installation: for 7b4f6d0e-6e0f-4a51-9d7c-2f6f5f1b8c11, and this one is \
             00000000-0000-0000-0000-000000000000"
        ]
    );
    let expired = Rejection::Expired(WallTime(1_830_297_600_000)).to_string();
    assert_eq!(expired, "the license expired at 2028-01-01T00:00:00Z");
    let revoked = Rejection::Revoked(Revoked { through: 3, why: Some("paid back".into()) }).to_string();
    assert_eq!(revoked, "the license was revoked, up to revision 3: paid back");
}
