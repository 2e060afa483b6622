//! `usher token`

use std::fs;
use std::os::unix::fs::PermissionsExt;

use secrecy::ExposeSecret;
use usher::auth::token::Token;

use super::Console;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_are_made_listed_and_revoked() {
    let console = Console::open();
    assert_eq!(console.says("token list"), "no tokens\n");
    let printed = console.says("token create --name login-eu --role application --tenant acme --tenant bolt --ttl 90d");
    let first = Token::parse(printed.trim_end()).expect("nothing but the token");
    let id = first.id();

    let path = console.folder.path().join("console.token");
    let said = console.says("token create --name console --role manager,viewer --all-tenants --out console.token");
    let second = Token::parse(fs::read_to_string(&path).unwrap().trim_end()).expect("a token in the file");
    let output = format!("token {} of console: viewer,manager; all; expires never\n", second.id());
    assert_eq!((said, fs::metadata(&path).unwrap().permissions().mode() & 0o777), (output, 0o600));
    let again = "token create --name console --role viewer --all-tenants --out console.token";
    assert!(console.refuses(again, 2).contains("console.token: exists; --force overwrites it"));

    let listed = console.says("token list");
    let lines: Vec<&str> = listed.lines().collect();
    assert!(lines[0].starts_with("id                name      roles           tenants"), "{listed}");
    assert!(lines[1].contains("console   viewer,manager  all        active  never  "), "{listed}");
    assert!(lines[2].starts_with(&format!("{id}  login-eu  application     acme,bolt  active  ")), "{listed}");
    let output = console.tells("token list");
    assert_eq!(
        (&output["tokens"][1]["state"], &output["tokens"][1]["roles"][0]),
        (&"TOKEN_STATE_ACTIVE".into(), &"ROLE_APPLICATION".into())
    );

    assert!(console.says(&format!("token revoke {id}")).contains("; revoked 20"));
    assert_eq!(console.tells(&format!("token revoke {id}"))["token"]["state"], "TOKEN_STATE_REVOKED");
    assert!(console.refuses("token revoke 0123456789abcdef", 1).contains("RESOURCE_NOT_FOUND"));
    assert!(console.refuses("token revoke login-eu", 1).contains("token_id must be a token's id"));
    let third = console.tells("token create --name login-eu --role application --all-tenants");
    let third = Token::parse(third["secret"].as_str().expect("a text")).expect("a token");

    let events = console.says("audit list --installation");
    assert_eq!(events.lines().filter(|line| line.contains("token-")).count(), 4, "{events}");
    assert!(events.contains("console: viewer, manager; all tenants; never expires"), "{events}");
    assert!(!console.says("audit list").contains("token-"), "the tenant of the environment has none");

    // The text of a token is only in the answer that created it: not in the log, and not in the store.
    console.program.terminate();
    let log = console.program.ended().errors;
    let files = fs::read_dir(console.folder.path().join("data")).unwrap();
    let stored: Vec<u8> = files.flat_map(|file| fs::read(file.unwrap().path()).unwrap()).collect();
    for token in [first, second, third] {
        let text = token.text().expose_secret();
        let secret = text.split('_').nth(2).expect("the third part");
        assert!(!log.contains(secret), "{log}");
        assert!(!stored.windows(secret.len()).any(|bytes| bytes == secret.as_bytes()), "in the store");
    }
}

#[test]
fn what_makes_no_sense_is_refused_at_once() {
    let refused = |words: &str, why: &str| {
        let ran = super::ran(&mut super::command(words));
        assert!(ran.code == Some(2) && ran.printed.is_empty() && ran.errors.contains(why), "{words}: {ran:?}");
    };
    refused("token create --name a --role application", "--tenant <ID>|--all-tenants");
    refused("token create --name a --role application --tenant b --all-tenants", "cannot be used with");
    refused("token create --name a --tenant b", "--role");
    refused("token create --name a --role king --tenant b", "operator");
    refused("token create --name a --role application --tenant b --ttl soon", "is not a duration such as 90d");
    refused("token create --name a --role application --tenant b --out /no/such/folder/t --address x", "--address");
}

#[test]
fn a_token_is_generated_without_an_usher() {
    let folder = tempfile::tempdir().unwrap();
    let printed = super::ran(&mut super::command("token generate")).printed;
    let one = Token::parse(printed.trim_end()).expect("a token");
    let path = folder.path().join("admin.token");
    let ran = super::ran(super::command("token generate --out admin.token").current_dir(folder.path()));
    assert_eq!((ran.code, ran.printed.as_str()), (Some(0), ""), "{}", ran.errors);
    let other = Token::parse(fs::read_to_string(&path).unwrap().trim_end()).expect("a token");
    assert_ne!(one.id(), other.id());
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}
