//! The keys that a running server trusts: read at the start, and again on SIGHUP.

use std::process::Command;

use super::*;

on_both_stores![a_new_key_and_a_revocation_are_taken_while_it_runs, a_broken_set_of_keys_is_not_taken];

async fn a_new_key_and_a_revocation_are_taken_while_it_runs(data: &Data<'_>) {
    let fixture = Fixture::open(data).await;
    let workspace = &fixture.workspace;
    workspace.succeeds("keygen --out new.pem");
    workspace.succeeds("issue --key vendor.pem --tenant acme --license-id old --seats primary=1 --out old.lic");
    workspace.succeeds("issue --key new.pem --tenant acme --license-id new --seats primary=2 --out new.lic");
    fixture.says("install old.lic --tenant acme");
    assert!(fixture.refuses("install new.lic --tenant acme", 10).ends_with("(LICENSE_KEY_UNKNOWN)"));

    std::fs::rename(workspace.path("new.jwks"), workspace.path("trust/new.jwks")).unwrap();
    let revoke = "revoke --key vendor.pem --list trust/vendor.revoked --tenant acme --license-id old --revision 1";
    workspace.succeeds(&format!("{revoke} --why refunded"));
    assert_eq!(fixture.listed(), [row("old", 1, "IN_FORCE")], "nobody has told it yet");
    fixture.program.hang_up();
    fixture.program.says("a license was revoked by its vendor");

    assert_eq!(fixture.listed(), [row("old", 1, "REVOKED")]);
    let said = fixture.refuses("install old.lic --tenant acme", 10);
    assert!(said.contains("refunded") && said.ends_with("(LICENSE_REVOKED)"), "{said}");
    assert_line(&fixture.says("install new.lic --tenant acme"), "license new, revision 1: in force");
    assert_eq!(words(&fixture.says("list --tenant acme"))[2], "old 1 revoked primary=1 concurrent never anonymous");
    for user in [0, 1] {
        fixture.check_out(user).await.expect("the seats of the new license");
    }
    assert_eq!(fixture.check_out(2).await, Err(DenialReason::SeatsExhausted), "those of the old one are gone");

    // The old key is removed: licenses that it signed stay installed, the revocation stays in force, and new licenses
    // of it are refused.
    workspace.succeeds("issue --key vendor.pem --tenant acme --license-id late --seats primary=9 --out late.lic");
    std::fs::remove_file(workspace.path("trust/vendor.revoked")).unwrap();
    std::fs::remove_file(workspace.path("trust/vendor.jwks")).unwrap();
    fixture.program.hang_up();
    fixture.program.says("license keys reloaded");
    assert!(fixture.refuses("install late.lic --tenant acme", 10).ends_with("(LICENSE_KEY_UNKNOWN)"));
    assert_eq!(fixture.listed(), [row("new", 1, "IN_FORCE"), row("old", 1, "REVOKED")]);
}

async fn a_broken_set_of_keys_is_not_taken(data: &Data<'_>) {
    let fixture = Fixture::open(data).await;
    let workspace = &fixture.workspace;
    workspace.succeeds("keygen --out new.pem --jwks trust/a-new.jwks");
    workspace.write("trust/broken.jwks", "{");
    fixture.program.hang_up();
    let said = fixture.program.says("the previous license keys stay in force");
    assert!(said.contains("broken.jwks"), "{said}");
    for (key, license) in [("vendor", "old"), ("new", "new")] {
        let issue = format!("issue --key {key}.pem --tenant acme --license-id {license} --seats primary=1");
        workspace.succeeds(&format!("{issue} --out {license}.lic"));
    }
    fixture.says("install old.lic --tenant acme");
    // A set of keys with a broken file is not used at all.
    assert!(fixture.refuses("install new.lic --tenant acme", 10).ends_with("(LICENSE_KEY_UNKNOWN)"));
    workspace.write("trust/broken.jwks", &workspace.read("trust/a-new.jwks"));
    fixture.program.hang_up();
    fixture.program.says("license keys reloaded");
    fixture.says("install new.lic --tenant acme");
}

#[test]
fn with_broken_keys_it_does_not_start() {
    let workspace = Workspace::new();
    workspace.write("broken.jwks", "{\"keys\": [{}]}");
    let keys = workspace.path("broken.jwks");
    let keys = keys.to_str().unwrap();
    let data = tempfile::tempdir().unwrap();
    let ended = Program::fails(&Data::Folder(data.path()), &["--license-keys", keys]);
    assert_eq!(ended.status.code(), Some(2), "{}", ended.errors);
    assert!(ended.errors.contains("--license-keys: ") && ended.errors.contains("broken.jwks"), "{}", ended.errors);
    assert_eq!(std::fs::read_dir(data.path()).unwrap().count(), 0, "nothing was touched");

    let mut check = Command::new(env!("CARGO_BIN_EXE_usher"));
    let checked = check.args(["check-config", "--license-keys", keys]).env_clear().output().unwrap();
    let errors = String::from_utf8(checked.stderr).unwrap();
    assert_eq!(checked.status.code(), Some(2), "{errors}");
    assert!(errors.contains("--license-keys: ") && errors.contains("broken.jwks"), "{errors}");
}
