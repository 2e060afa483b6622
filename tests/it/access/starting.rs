//! A start without credentials: what is served, and what is refused.

use tempfile::TempDir;

use super::fixture::{Fixture, text_of};
use crate::support::program::{Data, Ended, Program};

const EVERYWHERE: &str = "0.0.0.0:0";

fn refused(more: &[&str]) -> Ended {
    let folder = TempDir::new().expect("a folder");
    let ended = Program::fails_on(&Data::Folder(folder.path()), EVERYWHERE, more);
    assert_eq!(ended.status.code(), Some(2), "{ended:?}");
    assert!(!folder.path().join("usher.db").exists(), "nothing was touched");
    ended
}

#[test]
fn beyond_this_machine_nothing_is_served_without_credentials() {
    let ended = refused(&[]);
    assert!(ended.errors.contains("--listen: 0.0.0.0:0 can be reached from other machines"), "{ended:?}");
    assert!(ended.errors.contains("--admin-token-file, --access or --authenticate (or --insecure"), "{ended:?}");
}

#[test]
fn insecure_is_said_on_each_start() {
    let folder = TempDir::new().expect("a folder");
    for _ in 0..2 {
        let program =
            Program::launch_on(&Data::Folder(folder.path()), EVERYWHERE, &["--insecure"], &[]).expect("it starts");
        program.says("--insecure: anybody who can reach the API, from any machine, may call everything");
        program.terminate();
        assert!(program.ended().status.success());
    }
}

#[test]
fn credentials_in_plaintext_are_warned_of() {
    let fixture = Fixture::new();
    let data = fixture.path("data");
    let variables = [("USHER_ADMIN_TOKEN", fixture.admin.as_str())];
    let program = Program::launch_on(&Data::Folder(&data), EVERYWHERE, &[], &variables).expect("it starts");
    program.says("without --tls-cert credentials are sent in plaintext");
}

/// Shows that a certificate outside its validity is reported at the start. It is served all the same, because it can be
/// renewed without a restart.
#[test]
fn a_certificate_that_clients_refuse_is_told_at_start() {
    let fixture = Fixture::new();
    for (first, last, warning) in [
        (2019, 2020, "old.pem: the certificate ended at 2020-01-01T00:00:00Z: clients refuse it"),
        (2600, 2601, "old.pem: the certificate is not valid before 2600-01-01T00:00:00Z: clients refuse it"),
        (2019, 2600, ""),
    ] {
        let pair = fixture.pki().server_from("old", first, last);
        let (cert, key) = (text_of(&pair.certificate), text_of(&pair.key));
        let tls = ["--tls-cert", &cert, "--tls-key", &key];
        let mut checked = std::process::Command::new(env!("CARGO_BIN_EXE_usher"));
        let checked = checked.arg("check-config").args(tls).output().expect("it runs");
        let errors = String::from_utf8_lossy(&checked.stderr);
        assert!(checked.status.success() && errors.contains("the certificate") != warning.is_empty(), "{errors}");
        assert!(errors.contains(warning), "{errors}");
        let program = fixture.start(&tls);
        if !warning.is_empty() {
            program.says(warning);
        }
        program.terminate();
        let ended = program.ended();
        assert!(ended.status.success() && !ended.errors.contains("the certificate"), "{}", ended.errors);
    }
}

#[test]
fn files_that_are_wrong_are_told_before_anything_is_touched() {
    let fixture = Fixture::new();
    let (one, other) = (fixture.pki().server("one"), fixture.pki().server("other"));
    let (cert, key, foreign) = (text_of(&one.certificate), text_of(&one.key), text_of(&other.key));
    let nonsense = fixture.file("nonsense", "no PEM at all\n");
    let rules = fixture.file("access.toml", "[[certificate]]\nuri = \"a:b\"\nroles = [\"king\"]\ntenants = \"all\"\n");
    let empty = fixture.file("empty.toml", "");
    let missing = text_of(&fixture.path("missing"));
    for (more, warning) in [
        (vec!["--tls-cert", &cert], "--tls-cert: --tls-key is missing"),
        (vec!["--tls-key", &key], "--tls-key: --tls-cert is missing"),
        (vec!["--tls-client-ca", &cert], "--tls-client-ca: --tls-cert is missing"),
        (vec!["--tls-cert", &missing, "--tls-key", &key], "missing: No such file"),
        (vec!["--tls-cert", &nonsense, "--tls-key", &key], "nonsense: holds no certificate in PEM"),
        (vec!["--tls-cert", &cert, "--tls-key", &nonsense], "--tls-key: "),
        (vec!["--tls-cert", &cert, "--tls-key", &foreign], "--tls-cert: "),
        (
            vec!["--tls-cert", &cert, "--tls-key", &key, "--tls-client-ca", &cert],
            "--tls-client-ca: --access is missing",
        ),
        (vec!["--access", &rules], "king"),
        (
            vec!["--tls-cert", &cert, "--tls-key", &key, "--tls-client-ca", &nonsense, "--access", &empty],
            "nonsense: holds no certificate in PEM",
        ),
        (vec!["--admin-token-file", &nonsense], "--admin-token-file: is not a token"),
        (vec!["--check-out-rate-per-user", "often"], "--check-out-rate-per-user: \"often\" is not a rate"),
    ] {
        let ended = refused(&[&["--authenticate"], &more[..]].concat());
        assert!(ended.errors.contains(warning), "{more:?}: {}", ended.errors);
        assert!(!ended.errors.contains("no PEM at all"), "what is in a file that holds secrets is not told");
    }
}
