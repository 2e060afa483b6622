//! A license counts, from the vendor's key to the login; a deleted license does not.

use std::fs::File;
use std::process::{Command, Stdio};

use usher::license::{Request, SigningKey, Trust};
use usher::proto::v1::InstallLicenseRequest;
use usher::proto::v1::license_service_client::LicenseServiceClient;

use super::*;

on_both_stores![from_a_key_to_a_login, what_is_deleted_is_gone, a_long_list_is_whole];

async fn from_a_key_to_a_login(data: &Data<'_>) {
    let fixture = Fixture::open(data).await;
    assert_eq!(fixture.says("list --tenant acme"), "no license: the tenant is in demo mode\n");
    for user in [0, 1] {
        fixture.check_out(user).await.expect("two seats in demo mode");
    }
    assert_eq!(fixture.check_out(2).await, Err(DenialReason::SeatsExhausted));

    let said = fixture.says("request --tenant acme --seats primary=10 --out acme.tlr");
    assert_eq!(said, "acme.tlr: a request of the tenant acme\n  10 seats more for primary\n");
    fixture
        .workspace
        .succeeds("issue --key vendor.pem --request acme.tlr --expires 2999-12-31 --tier gold --out acme.lic");
    let said = fixture.says("install acme.lic --tenant acme");
    assert_eq!(
        said,
        "license acme, revision 1: in force, until 3000-01-01T00:00:00Z\n\
         registered to acme, gold\n\
         pool     plan        before    after  in use  over\n\
         primary  concurrent  2 (demo)  10     2       0\n"
    );
    fixture.check_out(2).await.expect("a third seat");

    // Installing the same license again changes nothing.
    let said = fixture.says("install acme.lic --tenant acme");
    assert_line(&said, "nothing changed: it was installed already");
    assert_line(&said, "primary  concurrent  10      10     3       0");

    // More seats, some of them moved; without an output file, the request goes to standard output.
    let asked = "request --tenant acme --seats primary=5,crm=10 --move primary:crm=2 --target-version 2.0";
    let document = fixture.says(asked);
    let request = Request::parse(document.as_bytes()).unwrap();
    assert_eq!(request.target_version.as_deref(), Some("2.0"));
    fixture.says(&format!("{asked} --out more.tlr"));
    fixture.workspace.succeeds("issue --key vendor.pem --request more.tlr --plan crm=named --out more.lic");
    let said = installed_from_input(&fixture, "more.lic");
    assert_line(&said, "crm      named       -       12     0       0");
    assert_line(&said, "primary  concurrent  10      13     3       0");
    let listed = words(&fixture.says("list --tenant acme"));
    assert_eq!(
        listed,
        [
            "license revision state seats expires installed at by",
            "acme 2 in force crm=12 named, primary=13 concurrent anonymous",
            "acme 1 superseded primary=10 concurrent anonymous",
        ]
    );
}

/// Installs a license from standard input (`-`).
fn installed_from_input(fixture: &Fixture, file: &str) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_usher"));
    let file = File::open(fixture.workspace.path(file)).unwrap();
    command.args(["license", "install", "-", "--tenant", "acme"]).stdin(Stdio::from(file));
    let output = command.env("USHER_ADDRESS", fixture.program.api.to_string()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

async fn what_is_deleted_is_gone(data: &Data<'_>) {
    let fixture = Fixture::open(data).await;
    for (license, seats) in [("one", "primary=5"), ("two", "primary=1,crm=unlimited")] {
        let issue = format!("issue --key vendor.pem --tenant acme --license-id {license} --seats {seats}");
        fixture.workspace.succeeds(&format!("{issue} --out {license}.lic"));
        fixture.says(&format!("install {license}.lic --tenant acme"));
    }
    for user in 0..3 {
        fixture.check_out(user).await.expect("six seats");
    }
    let said = fixture.says("delete one --tenant acme");
    assert_eq!(
        said,
        "license one: deleted\n\
         pool     plan        before  after  in use  over\n\
         primary  concurrent  6       1      3       2\n"
    );
    assert_eq!(fixture.listed(), [row("two", 1, "IN_FORCE")]);
    assert_eq!(
        fixture.refuses("delete one --tenant acme", 1),
        "There is no license \"one\". (RESOURCE_NOT_FOUND)",
        "twice"
    );
    // A deleted license can be installed again as it was (R27).
    assert_line(&fixture.says("install one.lic --tenant acme"), "primary  concurrent  1       6      3       0");

    let said = fixture.says("delete --all --tenant acme");
    assert_line(&said, "all licenses: deleted; the tenant is in demo mode");
    assert_line(&said, "primary  concurrent  6          2 (demo)  3       1");
    assert_line(&said, "crm      concurrent  unlimited  2 (demo)  0       0");
    assert_eq!(fixture.listed(), []);
    assert_eq!(fixture.says("delete --all --tenant acme"), "there was no license\n");
}

/// Shows that a list of more than one page is complete.
async fn a_long_list_is_whole(data: &Data<'_>) {
    let fixture = Fixture::open(data).await;
    let key = SigningKey::from_pem(&fixture.workspace.read("vendor.pem").into()).unwrap();
    let mut client = LicenseServiceClient::new(fixture.program.channel());
    let mut expected = Vec::new();
    for license in (10..22).map(|number| format!("license-{number}")) {
        for revision in 1..=9 {
            let document = signed(&key, &license, revision);
            let install = InstallLicenseRequest { tenant_id: "acme".into(), document };
            client.install_license(install).await.unwrap();
        }
        expected.push(row(&license, 9, "IN_FORCE"));
        expected.extend((1..9).rev().map(|revision| row(&license, revision, "SUPERSEDED")));
    }
    assert!(expected.len() > 100);
    assert_eq!(fixture.listed(), expected);
    assert_eq!(fixture.says("list --tenant acme").lines().count(), 1 + expected.len());
}

fn signed(key: &SigningKey, license: &str, revision: u64) -> String {
    use usher::ids::{LicenseId, PoolId, TenantId};
    use usher::ledger::change::Limit;
    use usher::ledger::time::WallTime;
    use usher::license::{LICENSE, Terms, issue, sign};
    let terms = Terms {
        tenant: Some(TenantId::parse("acme").unwrap()),
        license: Some(LicenseId::parse(license).unwrap()),
        revision: Some(revision),
        seats: [(PoolId::parse("primary").unwrap(), Limit::Seats(1))].into(),
        ..Terms::default()
    };
    let claims = issue(&terms, None, &Trust::default(), WallTime(1_761_998_400_000)).unwrap();
    sign(key, LICENSE, &claims.to_json())
}
