//! The worked example of docs/LICENSE-FORMAT.md: Usher writes exactly these files, and the page's commands work as
//! written.

use std::fs;
use std::path::Path;
use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::SecretBox;
use serde_json::Value;
use usher::ids::{LicenseId, TenantId};
use usher::ledger::time::WallTime;
use usher::license::{
    Claims, Installed, LICENSE, REVOCATIONS, Request, Revocations, Revoked, SigningKey, Trust, load_trust, sign,
    to_jwks,
};

use super::requests::whole;
use super::{DAY, everything};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/license-example");
const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/LICENSE-FORMAT.md");

/// 2099-12-31, at the end of the day.
const END: WallTime = WallTime(4_102_444_800_000);

/// Returns the key of RFC 8037, appendix A. It is public, so nobody would trust it by mistake.
fn key() -> SigningKey {
    let seed = URL_SAFE_NO_PAD.decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A").unwrap();
    SigningKey::from_seed(&SecretBox::new(Box::new(seed.try_into().unwrap())))
}

fn license() -> Claims {
    let midnight = WallTime(everything().issued.0 / DAY * DAY);
    Claims { not_before: Some(midnight), expires: Some(END), ..everything() }
}

fn request(document: &str) -> Request {
    let claims = license();
    let installed = Installed { license: claims.license, revision: claims.revision, document: document.into() };
    Request { licenses: vec![installed], moves: Vec::new(), ..whole() }
}

/// Returns every file of the example, as Usher writes it.
fn files() -> Vec<(&'static str, String)> {
    let document = sign(&key(), LICENSE, &license().to_json());
    let mut list = Revocations::default();
    let revoked = Revoked { through: 2, why: Some("replaced by revision 3".into()) };
    list.add(TenantId::parse("acme").unwrap(), LicenseId::parse("acme-main").unwrap(), revoked);
    let list = sign(&key(), REVOCATIONS, &list.to_json(license().issued));
    vec![
        ("acme.lic", format!("{document}\n")),
        ("acme.tlr", format!("{:#}\n", request(&document).to_json())),
        ("vendor.jwks", to_jwks(&[key().public().clone()])),
        ("vendor.revoked", format!("{list}\n")),
    ]
}

fn page() -> String {
    fs::read_to_string(PAGE).unwrap()
}

/// Returns the page's code blocks of one language.
fn blocks(page: &str, language: &str) -> Vec<String> {
    let start = format!("```{language}\n");
    page.split(&start).skip(1).map(|rest| rest.split("```").next().unwrap_or_default().to_owned()).collect()
}

#[test]
fn the_files_are_what_usher_writes() {
    for (name, text) in files() {
        let found = fs::read_to_string(Path::new(FOLDER).join(name)).unwrap_or_default();
        assert_eq!(found, text, "docs/license-example/{name}");
    }
    assert_eq!(fs::read_dir(FOLDER).unwrap().count(), files().len(), "and there are no others");
    let trust = load_trust(Path::new(FOLDER)).unwrap();
    let verified = trust.verify(&files()[0].1).unwrap();
    assert_eq!(verified.claims, license());
    trust.not_revoked(&verified.claims).unwrap();
}

/// Shows that the page quotes the files correctly.
#[test]
fn the_page_shows_the_files() {
    let page = page();
    let shown: Vec<Value> = blocks(&page, "json")
        .iter()
        .map(|block| serde_json::from_str(block).unwrap_or_else(|error| panic!("{error}: {block}")))
        .collect();
    let documents: Vec<String> = files().into_iter().map(|(_, text)| text).collect();
    let part = |document: &str, part: usize| -> Value {
        let part = document.trim().split('.').nth(part).unwrap();
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
    };
    let mut request: Value = serde_json::from_str(&documents[1]).unwrap();
    request["licenses"][0]["document"] = "eyJhbGci…".into();
    let expected = [
        part(&documents[0], 0),
        part(&documents[0], 1),
        serde_json::from_str(&documents[2]).unwrap(),
        part(&documents[3], 0),
        part(&documents[3], 1),
        request,
    ];
    assert_eq!(shown.len(), expected.len());
    for (shown, expected) in shown.iter().zip(&expected) {
        assert_eq!(shown, expected, "{shown:#}\nshould be {expected:#}");
    }
}

/// Shows that the page has a row for every claim and member.
#[test]
fn the_page_names_everything() {
    let page = page();
    let mut names: Vec<String> = Vec::new();
    let mut gather = |value: &Value| names.extend(value.as_object().unwrap().keys().cloned());
    gather(&license().to_json());
    gather(&request("x").to_json());
    for list in ["pools", "licenses", "seats"] {
        gather(&request("x").to_json()[list][0]);
    }
    gather(&whole().to_json()["moves"][0]);
    names.extend(["tenant_id", "license_id", "through_revision", "why", "revoked"].map(String::from));
    for name in names {
        assert!(page.contains(&format!("| `{name}` |")), "docs/LICENSE-FORMAT.md has no row for {name}");
    }
}

/// Runs the page's commands in the repository, as a reader would.
fn run(program: &str, script: &str) -> String {
    let scratch = tempfile::tempdir().unwrap();
    let mut command = Command::new(program);
    let code = if program == "bash" { format!("set -euo pipefail\n{script}") } else { script.to_owned() };
    command.args(["-c", &code]).current_dir(env!("CARGO_MANIFEST_DIR")).env("TMPDIR", scratch.path());
    let output = command.output().unwrap_or_else(|error| panic!("{program}: {error}"));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{script}\n{text}{}", String::from_utf8_lossy(&output.stderr));
    text
}

#[test]
fn openssl_verifies_the_example() {
    let blocks = blocks(&page(), "sh");
    let script = blocks.iter().find(|block| block.contains("pkeyutl -verify")).expect("the commands");
    let said = run("bash", script);
    assert!(said.contains("Signature Verified Successfully"), "{said}");
    assert!(said.contains(&license().to_json().to_string()), "{said}");
    // With a changed payload, the same commands fail.
    let forged = script.replacen("$header.$payload", "$header.${payload}A", 1);
    assert_ne!(*script, forged);
    let mut command = Command::new("bash");
    let scratch = tempfile::tempdir().unwrap();
    command.args(["-c", &format!("set -euo pipefail\n{forged}")]).current_dir(env!("CARGO_MANIFEST_DIR"));
    assert!(!command.env("TMPDIR", scratch.path()).output().unwrap().status.success());
}

#[test]
fn another_library_in_another_language_verifies_the_example() {
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join(".tools/python/bin/python");
    assert!(python.exists(), "run 'make tools': no {}", python.display());
    let script = blocks(&page(), "python").join("\n");
    assert!(script.contains("jwt.decode("), "{script}");
    let said: Value = serde_json::from_str(&run(python.to_str().unwrap(), &script)).unwrap();
    assert_eq!(said, license().to_json());
}

/// Shows that a license which another library wrote in this format is accepted.
#[test]
fn a_license_of_another_library_is_verified() {
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join(".tools/python/bin/python");
    let script = format!(
        "import json, jwt\n\
         key = jwt.PyJWK({{'kty': 'OKP', 'crv': 'Ed25519', 'd': 'nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A',\n\
         'x': '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo'}})\n\
         claims = json.loads('''{}''')\n\
         print(jwt.encode(claims, key, algorithm='EdDSA', headers={{'typ': 'license+jwt', 'kid': '{}'}}))\n",
        license().to_json(),
        key().public().kid()
    );
    let document = run(python.to_str().unwrap(), &script);
    let verified = Trust::new([key().public().clone()]).verify(&document).unwrap();
    assert_eq!(verified.claims, license());
}
