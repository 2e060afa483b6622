//! `usher server`

use super::Console;

#[test]
fn a_server_says_what_it_is_and_what_it_logs() {
    let console = Console::open();
    let said = console.says("server show");
    assert!(said.starts_with(concat!("version       ", env!("CARGO_PKG_VERSION"))), "{said}");
    for line in ["store         embedded, 1 shard\n", "log           info\n", "authenticates nobody\n"] {
        assert!(said.contains(line), "{said}");
    }
    assert_eq!(
        console.says("server log info,usher::call=debug --for 10m"),
        "info,usher::call=debug, before it was info\n"
    );
    let shown = console.tells("server show");
    assert_eq!(shown["server"]["log_filter"], "info,usher::call=debug");
    assert_eq!((&shown["server"]["store"], &shown["server"]["shards"]), (&"STORE_KIND_EMBEDDED".into(), &1.into()));
    // A filter without a duration stays, and replaces one that was set for a time.
    console.says("server log warn");
    assert_eq!(console.tells("server show")["server"]["log_filter"], "warn");
    let refused = console.refuses("server log usher=loud", 1);
    assert!(
        refused.starts_with("filter is none: \"usher=loud\"") && refused.ends_with("(INVALID_REQUEST)"),
        "{refused}"
    );
    let wrong = console.refuses("server log debug --for soon", 2);
    assert!(wrong.starts_with("--for: \"soon\""), "{wrong}");
}

/// The embedded store has one node, which owns everything.
#[test]
fn a_server_says_which_nodes_there_are() {
    let console = Console::open();
    let said = console.says("server nodes");
    let lines: Vec<&str> = said.lines().collect();
    let [head, node] = lines[..] else { panic!("{said}") };
    let columns = ["host", "address", "state", "version", "shards", "heartbeat", "clock", "id"];
    assert_eq!(head.split_whitespace().collect::<Vec<_>>(), columns, "{said}");
    assert!(node.contains(" active ") && node.ends_with("answers"), "{said}");
    let listed = console.tells("server nodes");
    let node = &listed["nodes"][0];
    assert_eq!(
        (&node["state"], &node["shards"], &node["peer_address"]),
        (&"NODE_STATE_ACTIVE".into(), &[0].into(), &"".into())
    );
    assert_eq!((&listed["answered_by"], &listed["unowned_shards"]), (&node["node_id"], &serde_json::json!([])));
    assert_eq!(listed["nodes"].as_array().unwrap().len(), 1);
}
