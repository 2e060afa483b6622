//! `usher server nodes`

use clap::Args;

use crate::commands::connection::{ConnectionArgs, INSTALLATION, Usher, call_for};
use crate::commands::error::Error;
use crate::commands::output::rows::Rows;
use crate::commands::output::table::{Column, left, right};
use crate::commands::output::words::{length, time_or};
use crate::commands::output::{Printer, json};
use crate::failure::Failure;
use crate::proto::v1::{ListNodesRequest, Node, NodeFile, NodeState};

#[derive(Debug, Args)]
pub struct NodesArgs {
    #[command(flatten)]
    pub connection: ConnectionArgs,
}

/// Prints the nodes of the installation.
pub async fn run(args: &NodesArgs) -> Result<(), Failure> {
    call_for(INSTALLATION, &args.connection, list).await
}

const COLUMNS: &[Column] = &[
    left("host"),
    left("address"),
    left("state"),
    left("version"),
    left("shards"),
    right("heartbeat"),
    left("clock"),
    left("id"),
];

async fn list(usher: &Usher, printer: &mut Printer) -> Result<(), Error> {
    let answer = usher.answer(usher.server().list_nodes(usher.request(ListNodesRequest {}))).await?;
    let mut rows = Rows::new(printer, "nodes", COLUMNS);
    rows.write(&answer.nodes, |node| row(node, node.node_id == answer.answered_by), json::of)?;
    let unowned = match answer.unowned_shards.len() {
        0 => String::new(),
        _ => format!("no node owns {}\n", shards(&answer.unowned_shards)),
    };
    let members = [("answered_by", answer.answered_by.into()), ("unowned_shards", answer.unowned_shards.into())];
    rows.end(&members, &unowned)
}

fn row(node: &Node, answers: bool) -> Vec<String> {
    let state = match node.state() {
        NodeState::Unspecified => "not known",
        NodeState::Joining => "joining",
        NodeState::Active => "active",
        NodeState::Draining => "draining",
        NodeState::Dead => "dead",
    };
    vec![
        node.host.clone(),
        node.peer_address.clone(),
        state.into(),
        node.version.clone(),
        shards(&node.shards),
        format!("{} ago", length(node.heartbeat_age.unwrap_or_default())),
        time_or(node.wall_time, "not known"),
        node.node_id.clone(),
        remarks(node, answers),
    ]
}

/// What is special about a node; empty for most.
fn remarks(node: &Node, answers: bool) -> String {
    let differing = node.differing_files().filter_map(|file| match file {
        NodeFile::Unspecified => None,
        NodeFile::LicenseKeys => Some("other license keys"),
        NodeFile::Access => Some("another access file"),
    });
    answers.then_some("answers").into_iter().chain(differing).collect::<Vec<_>>().join(", ")
}

/// Formats numbers of shards, ascending: `0-3, 7`; `none`.
fn shards(numbers: &[u32]) -> String {
    let runs = numbers.chunk_by(|before, next| before.checked_add(1) == Some(*next));
    let text = |run: &[u32]| match run {
        [first, .., last] => format!("{first}-{last}"),
        only => only.iter().map(u32::to_string).collect(),
    };
    let text = runs.map(text).collect::<Vec<_>>().join(", ");
    if text.is_empty() { "none".into() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_in_a_row_are_a_range() {
        for (numbers, text) in [
            (&[][..], "none"),
            (&[0], "0"),
            (&[0, 1], "0-1"),
            (&[0, 1, 2, 3, 7, 9, 10], "0-3, 7, 9-10"),
            (&[u32::MAX], "4294967295"),
        ] {
            assert_eq!(shards(numbers), text);
        }
    }

    #[test]
    fn a_row_says_what_is_special_about_a_node() {
        let node = Node {
            node_id: "n".into(),
            host: "alpha".into(),
            peer_address: "192.0.2.1:50052".into(),
            state: NodeState::Active.into(),
            version: "1.2.3".into(),
            shards: vec![4, 5],
            heartbeat_age: Some(prost_types::Duration { seconds: 1, nanos: 500_000_000 }),
            wall_time: None,
            differing_files: vec![NodeFile::LicenseKeys.into(), NodeFile::Access.into()],
        };
        let text = ["alpha", "192.0.2.1:50052", "active", "1.2.3", "4-5", "1s ago", "not known", "n"];
        let (cells, remarks) = (row(&node, true), "answers, other license keys, another access file");
        assert_eq!(cells[..8], text);
        assert_eq!(cells[8], remarks);
        assert_eq!(row(&Node { differing_files: Vec::new(), ..node }, false)[8], "");
    }
}
