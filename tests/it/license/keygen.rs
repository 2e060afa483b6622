//! `usher license keygen` by the real program, and where private keys go: into a file of their owner's, and nowhere else.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use usher::license::{SigningKey, Trust, to_jwks};

use super::desk::{Desk, json};

/// The parts of a private key that must be seen nowhere.
fn secrets(pem: &str) -> Vec<String> {
    let inner = pem.lines().nth(1).expect("the key").to_owned();
    let seed = inner[inner.len() - 40..].to_owned();
    vec![inner, seed]
}

#[test]
fn a_key_is_made_and_kept_secret() {
    let desk = Desk::new();
    let said = desk.succeeds("keygen --out vendor.pem");
    assert_eq!(desk.files(), ["vendor.jwks", "vendor.pem"]);
    assert_eq!((desk.mode("vendor.pem"), desk.mode("vendor.jwks") & 0o600), (0o600, 0o600));
    let (pem, jwks) = (desk.read("vendor.pem"), desk.read("vendor.jwks"));
    let key = SigningKey::from_pem(&pem.clone().into()).unwrap();
    assert_eq!(jwks, to_jwks(&[key.public().clone()]));
    assert!(said.contains(key.public().kid()), "{said}");
    for secret in secrets(&pem) {
        assert!(!said.contains(&secret) && !jwks.contains(&secret), "{said}{jwks}");
    }

    // Another one is another one, and replaces nothing by accident.
    desk.succeeds("keygen --out two.pem --jwks keys.json");
    assert_ne!(desk.read("two.pem"), pem);
    let said = desk.fails("keygen --out vendor.pem", 2);
    assert_eq!(
        said,
        ["--out: vendor.pem: exists; --force overwrites it", "--jwks: vendor.jwks: exists; --force overwrites it"]
    );
    // One of the two is there: neither is written.
    assert_eq!(desk.fails("keygen --out three.pem --jwks keys.json", 2).len(), 1);
    assert_eq!(desk.fails("keygen --out same.jwks", 2), ["--jwks: is the same file as --out"]);
    assert_eq!(desk.files(), ["keys.json", "two.pem", "vendor.jwks", "vendor.pem"]);
    assert_eq!((desk.read("vendor.pem"), desk.read("vendor.jwks")), (pem.clone(), jwks.clone()));

    // By force: the new one has its mode, whatever mode the old one had.
    fs::set_permissions(desk.path("vendor.pem"), fs::Permissions::from_mode(0o644)).unwrap();
    desk.succeeds("keygen --out vendor.pem --force");
    assert_ne!(desk.read("vendor.pem"), pem);
    assert_ne!(desk.read("vendor.jwks"), jwks);
    assert_eq!(desk.mode("vendor.pem"), 0o600);
    assert_eq!(desk.files().len(), 4, "{:?}", desk.files());
}

#[test]
fn a_key_goes_nowhere_but_into_a_file() {
    let desk = Desk::new();
    fs::create_dir(desk.path("folder")).unwrap();
    assert_eq!(desk.fails("keygen --out folder --force", 2), ["--out: folder: is not a file"]);
    let _socket = UnixListener::bind(desk.path("socket")).unwrap();
    assert_eq!(desk.fails("keygen --out socket --jwks x --force", 2), ["--out: socket: is not a file"]);
    assert!(desk.fails("keygen --out missing/vendor.pem", 2)[0].starts_with("--out: missing/vendor.pem: No such file"));
    assert_eq!(desk.files(), ["folder", "socket"]);
    // A link stays one.
    desk.write("real.pem", "");
    symlink(desk.path("real.pem"), desk.path("link.pem")).unwrap();
    desk.succeeds("keygen --out link.pem --force");
    assert!(fs::symlink_metadata(desk.path("link.pem")).unwrap().is_symlink());
    assert_eq!(desk.mode("real.pem"), 0o600);
    assert!(desk.read("real.pem").contains("PRIVATE KEY"));
}

/// No mistake with a key shows the key.
#[test]
fn nothing_secret_is_said() {
    let desk = Desk::with_key();
    let pem = desk.read("vendor.pem");
    desk.write("broken.pem", &pem.replace("PRIVATE KEY", "PRIVATE KEE"));
    desk.write("cut.pem", &format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", &secrets(&pem)[1]));
    let words = [
        "issue --key broken.pem --tenant acme --seats a=1",
        "issue --key cut.pem --tenant acme --seats a=1",
        "issue --key vendor.pem --tenant acme --seats a=1",
        "issue --key vendor.pem --tenant acme --seats a=1 --out acme.lic",
        "issue --key vendor.pem --request vendor.pem",
        "inspect vendor.pem",
        "verify vendor.pem --keys vendor.pem",
        "revoke --key vendor.pem --list x.revoked --tenant a --license-id a --revision 1",
        "revoke --key vendor.pem --list vendor.pem --tenant a --license-id a --revision 1",
    ];
    for words in words {
        let ran = desk.run(words);
        for secret in secrets(&pem) {
            assert!(!ran.printed.contains(&secret) && !ran.errors.contains(&secret), "{words}: {ran:?}");
        }
    }
    assert_eq!(desk.read("vendor.pem"), pem, "and the key is where it was");
}

/// Keys go both ways between Usher and OpenSSL.
#[test]
fn openssl_reads_our_keys_and_we_read_its_own() {
    let desk = Desk::new();
    let openssl = |words: &str| {
        let mut command = Command::new("openssl");
        let output =
            command.args(words.split(' ')).current_dir(desk.folder.path()).output().expect("openssl is installed");
        assert!(output.status.success(), "openssl {words}: {}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    };
    desk.succeeds("keygen --out ours.pem");
    let key = SigningKey::from_pem(&desk.read("ours.pem").into()).unwrap();
    let public = openssl("pkey -in ours.pem -pubout -outform DER");
    let jwks = json(&desk.read("ours.jwks"));
    let x = URL_SAFE_NO_PAD.encode(&public[public.len() - 32..]);
    assert_eq!(jwks["keys"][0]["x"], x.as_str());
    desk.write("message", "any");
    let signature = openssl("pkeyutl -sign -inkey ours.pem -rawin -in message");
    assert_eq!(signature, key.sign(b"any"));

    openssl("genpkey -algorithm ed25519 -out theirs.pem");
    let issued = desk.succeeds("issue --key theirs.pem --tenant acme --seats a=1");
    let theirs = SigningKey::from_pem(&desk.read("theirs.pem").into()).unwrap();
    Trust::new([theirs.public().clone()]).verify(&issued).unwrap();
    // A key of another kind is none.
    openssl("genpkey -algorithm x25519 -out x25519.pem");
    let said = desk.fails("issue --key x25519.pem --tenant acme --seats a=1", 2);
    assert!(said[0].starts_with("--key: x25519.pem: is no Ed25519 private key"), "{said:?}");
    openssl("pkey -in theirs.pem -aes128 -passout pass:x -out locked.pem");
    assert!(desk.fails("issue --key locked.pem --tenant acme --seats a=1", 2)[0].contains("unencrypted"));
}
