//! Places where secrets could leak on the machine that runs the program: help, files, memory.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use super::fixture::{Fixture, text_of};
use crate::support::program::{Data, Program};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap_or_else(|error| panic!("{}: {error}", path.display())).permissions().mode() & 0o777
}

#[test]
fn no_help_shows_what_variables_hold() {
    let canary = "hooks.example.org/tooth";
    for arguments in
        [&["serve", "--help"][..], &["check-config", "--help"], &["token", "create", "--help"], &["--help"]]
    {
        let variables = [
            "USHER_WEBHOOK_URL",
            "USHER_SMTP_URL",
            "USHER_SMTP_USER",
            "USHER_ADMIN_TOKEN_FILE",
            "USHER_TOKEN_FILE",
            "USHER_ACCESS",
            "USHER_ADDRESS",
            "USHER_DATABASE_URL",
        ];
        let mut command = Command::new(env!("CARGO_BIN_EXE_usher"));
        command.args(arguments).env_clear().envs(variables.map(|name| (name, format!("https://{canary}"))));
        let help = command.output().expect("it runs");
        assert!(help.status.success(), "{help:?}");
        let text = String::from_utf8_lossy(&help.stdout);
        assert!(!text.contains(canary), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_data_of_the_demo_are_its_owners() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("made/here");
    let program = Program::start_after("umask 000", &Data::Folder(&data), &["--demo"]);
    assert_eq!((mode(&data), mode(data.parent().unwrap())), (0o700, 0o700));
    let files: Vec<_> = fs::read_dir(&data).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(files.len() >= 4, "{files:?}");
    for file in files {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
    let limits = fs::read_to_string(format!("/proc/{}/limits", program.id())).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).expect("a limit");
    assert_eq!(core.split_whitespace().nth(4), Some("0"), "no core dumps: {core}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_that_others_can_read_is_told_and_used() {
    let fixture = Fixture::new();
    let token = fixture.file("token", &fixture.admin);
    let folder = fixture.path("token").parent().unwrap().to_owned();
    // Kubernetes mounts secrets like this: through a link, in a folder that everybody can read.
    symlink("token", folder.join("linked")).unwrap();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
    for (of_file, told) in [(0o644, true), (0o640, false), (0o600, false)] {
        fs::set_permissions(&token, fs::Permissions::from_mode(of_file)).unwrap();
        let linked = text_of(&folder.join("linked"));
        let program = Program::start(&Data::Folder(&fixture.path("data")), &["--admin-token-file", &linked]);
        program.terminate();
        let log = program.ended().errors;
        assert_eq!(log.contains("--admin-token-file") && log.contains("chmod 600"), told, "{of_file:o}: {log}");
    }
}

#[test]
fn a_revocation_list_that_is_wrong_is_the_one_that_is_named() {
    let fixture = Fixture::new();
    let (pki, access) = (fixture.pki(), fixture.file("access.toml", ""));
    let server = pki.server("server");
    // Valid PEM, but not a revocation list.
    let list = fixture.file("list.pem", "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n");
    let checked = Command::new(env!("CARGO_BIN_EXE_usher"))
        .args(["check-config", "--access", &access, "--tls-cert", &text_of(&server.certificate)])
        .args(["--tls-key", &text_of(&server.key), "--tls-client-ca", &text_of(&pki.ca()), "--tls-client-crl", &list])
        .env_clear()
        .output()
        .expect("it runs");
    let told = String::from_utf8_lossy(&checked.stderr);
    assert!(!checked.status.success() && told.contains("--tls-client-crl: ") && told.contains("list.pem"), "{told}");
    assert!(!told.contains("--tls-client-ca"), "{told}");
}
