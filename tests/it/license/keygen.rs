//! `usher license keygen` with the real program: private keys are written to a file that only its owner can read, and
//! nowhere else.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use usher::license::{SigningKey, Trust, to_jwks};

use super::workspace::{Workspace, json};

/// The parts of a private key that may appear nowhere.
fn secrets(pem: &str) -> Vec<String> {
    let inner = pem.lines().nth(1).expect("the key").to_owned();
    let seed = inner[inner.len() - 40..].to_owned();
    vec![inner, seed]
}

#[test]
fn a_key_is_made_and_kept_secret() {
    let workspace = Workspace::new();
    let said = workspace.succeeds("keygen --out vendor.pem");
    assert_eq!(workspace.files(), ["vendor.jwks", "vendor.pem"]);
    assert_eq!((workspace.mode("vendor.pem"), workspace.mode("vendor.jwks") & 0o600), (0o600, 0o600));
    let (pem, jwks) = (workspace.read("vendor.pem"), workspace.read("vendor.jwks"));
    let key = SigningKey::from_pem(&pem.clone().into()).unwrap();
    assert_eq!(jwks, to_jwks(&[key.public().clone()]));
    assert!(said.contains(key.public().kid()), "{said}");
    for secret in secrets(&pem) {
        assert!(!said.contains(&secret) && !jwks.contains(&secret), "{said}{jwks}");
    }

    // A second key differs, and overwrites nothing by accident.
    workspace.succeeds("keygen --out two.pem --jwks keys.json");
    assert_ne!(workspace.read("two.pem"), pem);
    let said = workspace.fails("keygen --out vendor.pem", 2);
    assert_eq!(
        said,
        ["--out: vendor.pem: exists; --force overwrites it", "--jwks: vendor.jwks: exists; --force overwrites it"]
    );
    // If one of the two files exists, neither is written.
    assert_eq!(workspace.fails("keygen --out three.pem --jwks keys.json", 2).len(), 1);
    assert_eq!(workspace.fails("keygen --out same.jwks", 2), ["--jwks: is the same file as --out"]);
    assert_eq!(workspace.files(), ["keys.json", "two.pem", "vendor.jwks", "vendor.pem"]);
    assert_eq!((workspace.read("vendor.pem"), workspace.read("vendor.jwks")), (pem.clone(), jwks.clone()));

    // With `--force`, the new file has its own mode, not that of the old one.
    fs::set_permissions(workspace.path("vendor.pem"), fs::Permissions::from_mode(0o644)).unwrap();
    workspace.succeeds("keygen --out vendor.pem --force");
    assert_ne!(workspace.read("vendor.pem"), pem);
    assert_ne!(workspace.read("vendor.jwks"), jwks);
    assert_eq!(workspace.mode("vendor.pem"), 0o600);
    assert_eq!(workspace.files().len(), 4, "{:?}", workspace.files());
}

#[test]
fn a_key_goes_nowhere_but_into_a_file() {
    let workspace = Workspace::new();
    fs::create_dir(workspace.path("folder")).unwrap();
    assert_eq!(workspace.fails("keygen --out folder --force", 2), ["--out: folder: is not a file"]);
    let _socket = UnixListener::bind(workspace.path("socket")).unwrap();
    assert_eq!(workspace.fails("keygen --out socket --jwks x --force", 2), ["--out: socket: is not a file"]);
    assert!(
        workspace.fails("keygen --out missing/vendor.pem", 2)[0].starts_with("--out: missing/vendor.pem: No such file")
    );
    assert_eq!(workspace.files(), ["folder", "socket"]);
    // A symbolic link stays a link.
    workspace.write("real.pem", "");
    symlink(workspace.path("real.pem"), workspace.path("link.pem")).unwrap();
    workspace.succeeds("keygen --out link.pem --force");
    assert!(fs::symlink_metadata(workspace.path("link.pem")).unwrap().is_symlink());
    assert_eq!(workspace.mode("real.pem"), 0o600);
    assert!(workspace.read("real.pem").contains("PRIVATE KEY"));
}

/// Shows that no error message or output contains a private key.
#[test]
fn nothing_secret_is_said() {
    let workspace = Workspace::with_key();
    let pem = workspace.read("vendor.pem");
    workspace.write("broken.pem", &pem.replace("PRIVATE KEY", "PRIVATE KEE"));
    workspace
        .write("cut.pem", &format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", &secrets(&pem)[1]));
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
        let ran = workspace.run(words);
        for secret in secrets(&pem) {
            assert!(!ran.printed.contains(&secret) && !ran.errors.contains(&secret), "{words}: {ran:?}");
        }
    }
    assert_eq!(workspace.read("vendor.pem"), pem, "and the key is where it was");
}

/// Shows that OpenSSL reads Usher's keys, and Usher reads those of OpenSSL.
#[test]
fn openssl_reads_our_keys_and_we_read_its_own() {
    let workspace = Workspace::new();
    let openssl = |words: &str| {
        let mut command = Command::new("openssl");
        let output =
            command.args(words.split(' ')).current_dir(workspace.folder.path()).output().expect("openssl is installed");
        assert!(output.status.success(), "openssl {words}: {}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    };
    workspace.succeeds("keygen --out ours.pem");
    let key = SigningKey::from_pem(&workspace.read("ours.pem").into()).unwrap();
    let public = openssl("pkey -in ours.pem -pubout -outform DER");
    let jwks = json(&workspace.read("ours.jwks"));
    let x = URL_SAFE_NO_PAD.encode(&public[public.len() - 32..]);
    assert_eq!(jwks["keys"][0]["x"], x.as_str());
    workspace.write("message", "any");
    let signature = openssl("pkeyutl -sign -inkey ours.pem -rawin -in message");
    assert_eq!(signature, key.sign(b"any"));

    openssl("genpkey -algorithm ed25519 -out theirs.pem");
    let issued = workspace.succeeds("issue --key theirs.pem --tenant acme --seats a=1");
    let theirs = SigningKey::from_pem(&workspace.read("theirs.pem").into()).unwrap();
    Trust::new([theirs.public().clone()]).verify(&issued).unwrap();
    // A key of another type is refused.
    openssl("genpkey -algorithm x25519 -out x25519.pem");
    let said = workspace.fails("issue --key x25519.pem --tenant acme --seats a=1", 2);
    assert!(said[0].starts_with("--key: x25519.pem: is not an unencrypted Ed25519 private key"), "{said:?}");
    openssl("pkey -in theirs.pem -aes128 -passout pass:x -out locked.pem");
    assert!(workspace.fails("issue --key locked.pem --tenant acme --seats a=1", 2)[0].contains("unencrypted"));
}
