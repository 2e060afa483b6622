//! `usher usage`

use std::net::TcpListener;

use super::{Console, command, ran};

#[test]
fn usage_is_told_pool_by_pool() {
    let console = Console::open();
    assert_eq!(
        console.says("usage"),
        "license  in force\n\
         users    8: 8 active, 0 blocked; 1 administrator\n\
         status   8 with access: 0 active, 0 idle, 8 inactive; 7 active ordinary users\n\
         \n\
         pool     plan        in use  limit  active  idle  granted\n\
         crm      named            3      3       0     0        3\n\
         primary  concurrent       0      5       0     0        8\n"
    );
    let usage = console.tells("usage");
    assert_eq!((&usage["tenant_id"], &usage["license_state"]), (&"demo".into(), &"LICENSE_STATE_VALID".into()));
    assert_eq!((&usage["users"]["total"], &usage["pools"][0]["limit"]), (&"8".into(), &"3".into()));
    console.says("license delete --all");
    let said = console.says("usage");
    assert!(said.contains("license  none: demo mode\n") && said.contains("(DEMO_MODE)\n"), "{said}");
    assert!(said.contains("crm      concurrent       0      2       0     0        3  demo\n"), "{said}");
}

#[test]
fn who_asks_wrongly_is_told_how_to_ask() {
    let console = Console::open();
    assert_eq!(console.refuses("usage --tenant ghost", 1), "There is no tenant \"ghost\". (RESOURCE_NOT_FOUND)");
    let wrong = console.refuses("usage --address nowhere --timeout soon", 2);
    assert!(wrong.starts_with("--address: \"nowhere\"") && wrong.contains("\nusher: --timeout: \"soon\""), "{wrong}");
    let nobody = console.refuses("usage --address 127.0.0.1:1", 3);
    assert!(nobody.starts_with("127.0.0.1:1 cannot be reached: "), "{nobody}");
    // A server that accepts connections and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap();
    let said = console.refuses(&format!("usage --timeout 300ms --address {address}"), 3);
    assert!(said.starts_with(&format!("{address}: no answer in time")), "{said}");
    for words in ["usage", "usage --tenant ''"] {
        assert_eq!(ran(&mut command(words)).code, Some(2), "{words}: the tenant is missing");
    }
}
