//! README.md's lines about several servers are correct: three of them start as written, one is killed, and another one
//! answers for it. They are listed (C17).

use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use secrecy::ExposeSecret;

use super::readme::{section, steps};
use super::{Ran, read, repository, tools};
use crate::support::postgres;

const RUN_THREE: &str = "## Run three\n";
/// The addresses of the page: its database, and for each server the API (the default, for the first one), the operations
/// port, and the port of its peers, which is the one after the API's.
const DATABASE: &str = "postgres://usher:secret@127.0.0.1/usher";
const SERVERS: [(&str, &str); 3] = [
    ("127.0.0.1:50051", "127.0.0.1:9464"),
    ("127.0.0.1:50061", "127.0.0.1:9465"),
    ("127.0.0.1:50071", "127.0.0.1:9466"),
];
/// Attempts to make a call, each a process of its own.
const ATTEMPTS: u32 = 200;

/// Returns an API port and the one after it, both free, and a third one. They are outside the range from which the
/// system takes ports for connections.
fn ports(first: u16) -> [u16; 3] {
    let free = |port: u16| TcpListener::bind(("127.0.0.1", port)).is_ok();
    let found = (first..first + 300).step_by(3).find(|port| (0..3).all(|more| free(port + more)));
    let found = found.expect("three free ports");
    [found, found + 1, found + 2]
}

/// Runs a command again and again until it succeeds, as somebody does who reads and types. The last attempt's output
/// is the command's.
fn until_it_succeeds(line: &str) -> String {
    format!("for _ in $(seq {ATTEMPTS}); do said=$({line} 2>&1) && break; done; echo \"$said\"")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_three_servers_one_is_killed_and_another_one_answers() {
    let url = postgres::cluster().database().await;
    let mut page = section(&read("README.md"), RUN_THREE).replace(DATABASE, url.expose_secret());
    let first = 15_000 + u16::try_from(std::process::id() % 4_000).expect("small");
    let mut peers = Vec::new();
    for (at, (api, operations)) in (0..).zip(SERVERS) {
        let [port, peer, more] = ports(first + at * 300);
        page = page.replace(api, &format!("127.0.0.1:{port}")).replace(operations, &format!("127.0.0.1:{more}"));
        peers.push((format!("127.0.0.1:{port}"), format!("127.0.0.1:{more}"), format!("127.0.0.1:{peer}")));
    }
    let steps = steps(&page);
    let [database, servers @ .., nodes, kill, call] = &*steps else { panic!("{steps:#?}") };
    assert_eq!(servers.len(), SERVERS.len(), "{servers:#?}");

    let usher = Path::new(env!("CARGO_BIN_EXE_usher")).parent().expect("a folder");
    let mut lines = vec![
        format!("PATH={}:{}:$PATH", usher.display(), tools().display()),
        // Whatever this shell started ends with it.
        "trap 'kill -9 $(jobs -p) 2>/dev/null' EXIT".to_owned(),
        database.line.clone(),
    ];
    for (server, (api, operations, _)) in servers.iter().zip(&peers) {
        // The first server's addresses are the defaults, which another test may use at the same time.
        let line = server.line.strip_suffix('&').expect("in the background").trim();
        let line = if line.contains("--listen") {
            line.to_owned()
        } else {
            format!("{line} --listen {api} --ops-listen {operations}")
        };
        lines.push(format!("{line} >/dev/null 2>&1 &"));
        lines.push(until_it_succeeds(&format!("usher healthcheck --address {api}")));
    }
    // A node knows of the others with its next heartbeat: at most a second later, faster than anybody types.
    let all = peers.iter().map(|(_, _, peer)| format!(" && grep -qF {peer} <<<\"$list\"")).collect::<String>();
    lines.push(until_it_succeeds(&format!("list=$({}) && echo \"$list\"{all}", nodes.line)));
    lines.push(kill.line.clone());
    lines.push(until_it_succeeds(&call.line));
    let mut shell = Command::new("bash");
    shell.args(["-c", &lines.join("\n")]).current_dir(repository());
    shell.env_remove("DATABASE_URL").env("USHER_ADDRESS", &peers[0].0);
    let said = tokio::task::block_in_place(|| Ran::new(&mut shell).text());
    for (_, _, peer) in &peers {
        assert!(said.contains(peer.as_str()), "{peer} is not among the nodes:\n{said}");
    }
    assert!(said.contains("\"sessionId\"") && said.contains("bob@demo.example"), "{said}");
}
