//! A file that was exported is imported without a single change, whatever it contains.

use std::collections::BTreeMap;

use secrecy::SecretBox;
use usher::ids::{PoolId, TenantId};
use usher::ledger::change::{Limit, Plan};
use usher::ledger::time::WallTime;
use usher::license::{LICENSE, SigningKey, Terms, Trust, issue, sign, to_jwks};
use usher::proto::v1;
use usher::proto::v1::directory_service_client::DirectoryServiceClient;
use usher::proto::v1::license_service_client::LicenseServiceClient;
use usher::proto::v1::tenant_service_client::TenantServiceClient;

use super::Console;
use crate::license::workspace::json;
use crate::model::rng::Rng;

const USERS: usize = 10_000;
/// Fewer seats than users who want one.
const NAMED_SEATS: u64 = 1_500;
const NOW: WallTime = WallTime(1_750_000_000_000);

const IDS: [&str; 14] = ["user", "=u", "'u", "'=u", "+u", "-u", "a|b", "a;b", "a,b", "\"q\"", "\\", "o'n", "*", "ü"];
const TEXTS: [&str; 30] = [
    "",
    "Ann",
    "O'Neil",
    "=cmd()",
    "'=x",
    "'",
    "''",
    "+1",
    "-",
    "@me",
    "a,b",
    "a;b",
    "say \"hi\"",
    "\"",
    " lead",
    "trail ",
    "\u{a0}n",
    "a|b",
    "back\\slash",
    "\\",
    "\\|",
    "Zoë",
    "日本",
    "\u{202e}x",
    "\u{feff}x",
    "sep=;",
    "*",
    "x=y",
    "0012",
    "😀",
];
const LINES: [&str; 5] = ["two\nlines", "a\r\nb", "\r", "\tx", "\n"];
const POOLS: [&str; 10] = ["crm", "primary", "a|b", "x=y", "*", "\\", "=f", "p;q,r", "'+z", "\"q\""];
const ORGANIZATIONS: [&str; 13] =
    ["north", "south", "*", "a|b", "OU=x,DC=y", "crm=z", "\\", "'=1", "-", "a;b", "crm", "\"", "x=y=z"];
/// An unusual name of an attribute.
const ODD_NAME: &str = " o;d|d \"x\" ";

fn owned(texts: Vec<&str>) -> Vec<String> {
    texts.into_iter().map(str::to_owned).collect()
}

fn entry(rng: &mut Rng, no: usize) -> v1::SyncEntry {
    let groups = rng.some(&TEXTS, 0, 3).into_iter().filter(|group| !group.is_empty()).collect();
    let mut attributes = BTreeMap::new();
    if rng.percent(50) {
        attributes.insert("desk".to_owned(), (*rng.pick(&TEXTS)).to_owned());
    }
    if rng.percent(30) {
        attributes.insert(ODD_NAME.to_owned(), (*rng.pick(&LINES)).to_owned());
    }
    let user = v1::User {
        user_id: format!("{}{no}@demo.example", rng.word(&IDS)),
        given_name: rng.word(&TEXTS).to_owned(),
        family_name: rng.word(&TEXTS).to_owned(),
        groups: owned(groups),
        administrator: rng.percent(5),
        attributes,
        ..v1::User::default()
    };
    let blocked = rng.percent(5);
    let state = if blocked { v1::UserState::Blocked } else { v1::UserState::Unspecified };
    v1::SyncEntry { user: Some(user), seats: seats(rng), account_state: state.into(), ..v1::SyncEntry::default() }
}

fn seats(rng: &mut Rng) -> Vec<v1::SyncSeat> {
    let mut pools = rng.some(&POOLS, 0, 4);
    pools.sort_unstable();
    pools.dedup();
    let mut organizations = rng.some(&ORGANIZATIONS, 0, 3);
    let differ = rng.percent(50);
    let mut seat = |pool: &str| {
        if differ {
            organizations = rng.some(&ORGANIZATIONS, 0, 2);
        }
        v1::SyncSeat { pool_id: pool.to_owned(), organization_ids: owned(organizations.clone()) }
    };
    pools.into_iter().map(&mut seat).collect()
}

/// A vendor, and a running server that trusts it.
struct TestServer {
    console: Console,
    vendor: SigningKey,
}

impl TestServer {
    fn open() -> Self {
        let vendor = SigningKey::from_seed(&SecretBox::new(Box::new([7; 32])));
        let folder = tempfile::tempdir().unwrap();
        let keys = folder.path().join("vendor.jwks");
        std::fs::write(&keys, to_jwks(&[vendor.public().clone()])).unwrap();
        Self { console: Console::open_in(folder, &["--demo", "--license-keys", keys.to_str().unwrap()]), vendor }
    }

    fn directory(&self) -> DirectoryServiceClient<tonic::transport::Channel> {
        DirectoryServiceClient::new(self.console.program.channel()).max_decoding_message_size(64 * 1024 * 1024)
    }

    /// Creates a tenant with every pool and organization, without users.
    async fn tenant(&self, name: &str) {
        let channel = self.console.program.channel();
        let tenant = v1::Tenant { tenant_id: name.into(), ..v1::Tenant::default() };
        let request = v1::CreateTenantRequest { tenant: Some(tenant) };
        TenantServiceClient::new(channel.clone()).create_tenant(request).await.unwrap();
        let mut terms = Terms { tenant: Some(TenantId::parse(name).unwrap()), ..Terms::default() };
        for pool in POOLS {
            let pool = PoolId::parse(pool).unwrap();
            let (plan, limit) = match pool.as_str() {
                "crm" => (Plan::Named, Limit::Seats(NAMED_SEATS)),
                "a|b" | "*" => (Plan::Named, Limit::Unlimited),
                _ => (Plan::Concurrent, Limit::Seats(1)),
            };
            terms.plans.insert(pool.clone(), plan);
            terms.seats.insert(pool, limit);
        }
        let claims = issue(&terms, None, &Trust::default(), NOW).expect("a license");
        let document = sign(&self.vendor, LICENSE, &claims.to_json());
        let request = v1::InstallLicenseRequest { tenant_id: name.into(), document };
        LicenseServiceClient::new(channel).install_license(request).await.unwrap();
        for id in ORGANIZATIONS {
            self.organization(name, id).await;
        }
    }

    async fn organization(&self, tenant: &str, id: &str) {
        let organization = v1::Organization { organization_id: id.into(), ..v1::Organization::default() };
        let request = v1::CreateOrganizationRequest { tenant_id: tenant.into(), organization: Some(organization) };
        self.directory().create_organization(request).await.unwrap();
    }

    async fn sync(&self, first: v1::SyncUsersRequest, entries: Vec<v1::SyncEntry>) -> v1::SyncTotals {
        let chunks: Vec<_> = entries.chunks(500).map(<[_]>::to_vec).collect();
        let chunks = chunks.into_iter().map(|entries| v1::SyncUsersRequest { entries, ..Default::default() });
        let messages: Vec<_> = std::iter::once(first).chain(chunks).collect();
        let answer = self.directory().sync_users(tokio_stream::iter(messages)).await.unwrap().into_inner();
        answer.totals.unwrap()
    }

    /// Imports a file into a tenant.
    fn imported(&self, tenant: &str, file: &str) -> String {
        self.console.write("users.csv", file);
        self.console.says(&format!("users import --tenant {tenant} users.csv"))
    }

    /// Exports, imports the file, and asserts that nothing changed and no event was written, not even a denial. Returns
    /// the file.
    fn comes_back(&self, options: &str, users: usize) -> String {
        // Reads the newest event of the audit.
        let newest =
            || json(&self.console.run("audit list --tenant odd --limit 1 --json").printed)["events"][0].clone();
        let (file, before) = (self.console.says(&format!("users export --tenant odd {options}")), newest());
        assert_eq!(self.imported("odd", &file), format!("{users} unchanged\n"), "{options}");
        assert!(before.is_object(), "{before}");
        assert_eq!(newest(), before, "{options}");
        file
    }
}

const COPIED: &str =
    "user_id,email,given_name,family_name,groups,administrator,account_state,pools,organizations,attributes.desk";

#[tokio::test]
async fn ten_thousand_odd_users_come_back_unchanged() {
    let server = TestServer::open();
    server.tenant("odd").await;
    let mut rng = Rng::new(16);
    let entries: Vec<_> = (0..USERS).map(|no| entry(&mut rng, no)).collect();
    let first = || v1::SyncUsersRequest { tenant_id: "odd".into(), ..v1::SyncUsersRequest::default() };
    let made = server.sync(first(), entries.clone()).await;
    assert!(made.created > 8_000 && made.created_blocked > 100 && made.refused == 0, "{made:?}");
    // The directory has lost some users since.
    let listed = entries.iter().enumerate().filter(|(no, _)| no % 40 > 0).map(|(_, entry)| {
        let user = v1::User { user_id: entry.user.as_ref().unwrap().user_id.clone(), ..v1::User::default() };
        v1::SyncEntry { user: Some(user), ..v1::SyncEntry::default() }
    });
    let whole = v1::SyncUsersRequest { full: true, block_unlisted: true, ..first() };
    assert!(server.sync(whole, listed.collect()).await.blocked > 100);

    server.comes_back("", USERS);
    let all = format!(
        "{COPIED},block_cause,status,default_organization_id,last_sign_in_at,last_activity_at,created_at,attributes.{ODD_NAME}"
    );
    server.comes_back(&format!("--columns '{all}'"), USERS);
    server.comes_back(&format!("--columns '{all}' --delimiter ; --bom"), USERS);
    // A file with one attribute leaves the others as they are.
    server.comes_back("--columns user_id,attributes.desk,account_state", USERS);

    // In another tenant, the file creates the same users.
    let columns = format!("--columns '{COPIED},attributes.{ODD_NAME}'");
    let file = server.comes_back(&columns, USERS);
    server.tenant("copy").await;
    assert_eq!(server.imported("copy", &file), format!("{USERS} created\n"));
    let copy = server.console.says(&format!("users export --tenant copy {columns}"));
    let differ = file.lines().zip(copy.lines()).find(|(line, copied)| line != copied);
    assert_eq!((differ, file.len()), (None, copy.len()));

    // Deleting an organization also removes a seat that was granted for it alone (R7).
    server.organization("odd", "gone").await;
    let seat = |pool: &str| v1::SyncSeat { pool_id: pool.into(), organization_ids: vec!["gone".into()] };
    let user = v1::User { user_id: "nowhere@demo.example".into(), ..v1::User::default() };
    let elsewhere = v1::SyncEntry { user: Some(user), seats: vec![seat("x=y"), seat("*")], ..Default::default() };
    server.sync(first(), vec![elsewhere]).await;
    let request = v1::DeleteOrganizationRequest { tenant_id: "odd".into(), organization_id: "gone".into() };
    server.directory().delete_organization(request).await.unwrap();
    let file = server.comes_back("--columns user_id,pools,organizations,account_state", USERS + 1);
    assert!(file.ends_with("nowhere@demo.example,,,yes\r\n"), "{:?}", file.lines().last());
}
