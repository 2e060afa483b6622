//! The help of every command: its purpose, each of its options, and an example.

use clap::{Command, CommandFactory};
use usher::commands::Cli;

/// Returns the commands that can be run, each with its words.
fn leaves<'a>(command: &'a Command, path: &str) -> Vec<(String, &'a Command)> {
    let inner = command.get_subcommands().filter(|inner| inner.get_name() != "help");
    let inner: Vec<_> = inner.flat_map(|inner| leaves(inner, &format!("{path} {}", inner.get_name()))).collect();
    if inner.is_empty() { vec![(path.to_owned(), command)] } else { inner }
}

#[test]
fn every_command_has_an_example_and_every_option_a_text() {
    let usher = Cli::command();
    let leaves = leaves(&usher, "usher");
    assert!(leaves.len() > 20, "{}", leaves.len());
    let asking: Vec<_> =
        leaves.iter().filter(|(_, leaf)| leaf.get_opts().any(|it| it.get_long() == Some("tenant"))).collect();
    for (path, leaf) in &leaves {
        assert!(leaf.get_about().is_some(), "{path} says nothing of itself");
        for argument in
            leaf.get_arguments().filter(|argument| !["help", "version"].contains(&argument.get_id().as_str()))
        {
            assert!(argument.get_help().is_some(), "{path}: {} has no help", argument.get_id());
        }
    }
    for (path, leaf) in asking {
        let examples = leaf.get_after_help().map(ToString::to_string).unwrap_or_default();
        assert!(examples.contains(path), "{path} has no example of itself:\n{examples}");
        assert!(examples.lines().all(|line| line.chars().count() <= 80), "{path}: a line is too long");
    }
}

#[test]
fn shells_complete_every_command() {
    for shell in ["bash", "zsh", "fish"] {
        let completions = super::ran(&mut super::command(&format!("completions {shell}"))).printed;
        for word in ["never-signed-in", "close-idle", "users-file", "last-sign-in"] {
            assert!(completions.contains(word), "{shell} does not know {word}");
        }
    }
}
