//! Reasons of errors: the contract lists each once, in `ErrorReason`, with its status code and what to do about it; the
//! code uses every value, and no comment of the contract names another.

use std::collections::BTreeSet;

use usher::error_reason::ErrorReason;
use usher::server::CODES;

use super::{files, text};

const CONTRACT: &str = "proto/usher/v1/errors.proto";
const PREFIX: &str = "ERROR_REASON_";

fn reasons() -> Vec<ErrorReason> {
    let all: Vec<_> = (1..).map_while(|number| ErrorReason::try_from(number).ok()).collect();
    assert_eq!(all.len() + 1, text(CONTRACT).matches(&format!("  {PREFIX}")).count(), "the numbers have gaps");
    all
}

#[test]
fn every_reason_of_the_contract_is_used() {
    let sources = files(&["src"], ".rs").into_iter().filter(|file| !file.ends_with("tests.rs"));
    let code: Vec<String> =
        sources.map(|file| text(&file).split("#[cfg(test)]").next().unwrap_or_default().to_owned()).collect();
    let uses = |code: &String, name: &str| {
        let after = code.split(name).skip(1);
        after.into_iter().any(|rest| !rest.starts_with(|c: char| c.is_alphanumeric()))
    };
    let mut unused = reasons();
    unused.retain(|reason| !code.iter().any(|code| uses(code, &format!("ErrorReason::{reason:?}"))));
    assert_eq!(unused, []);
}

#[test]
fn every_reason_names_its_status_code() {
    let contract = text(CONTRACT);
    for reason in reasons() {
        let value = contract.find(&format!("  {PREFIX}{reason} = ")).expect("a value");
        let lines = contract[..value].lines().rev().take_while(|line| line.starts_with("  // "));
        let comment = lines.last().unwrap_or_default();
        let code = comment.strip_prefix("  // ").and_then(|comment| comment.split(['.', ',']).next());
        assert!(code.is_some_and(|code| CODES[1..].contains(&code)), "{reason}: {comment}");
    }
}

/// Comments that begin with "Errors" say which reasons a method can return.
#[test]
fn comments_of_the_contract_name_no_other_reason() {
    let protos = files(&["proto"], ".proto");
    let values: String = protos.iter().map(|proto| text(proto)).collect();
    let mut known: BTreeSet<String> = reasons().iter().map(ToString::to_string).collect();
    known.extend(CODES[1..].iter().map(|code| (*code).to_owned()));
    let mut named = 0;
    for proto in protos {
        for word in words_about_errors(&text(&proto)) {
            // A value of another enum, such as a policy that the reason is about.
            let value = values.contains(&format!("_{word} = "));
            assert!(known.contains(&word) || value, "{proto}: {word} is neither a reason nor a status code");
            named += 1;
        }
    }
    assert!(named > 80, "only {named} words were read");
}

/// Returns the words in capitals of the comments about errors.
fn words_about_errors(proto: &str) -> Vec<String> {
    let (mut about, mut found) = (false, Vec::new());
    for line in proto.lines() {
        let Some(comment) = line.trim_start().strip_prefix("//") else {
            about = false;
            continue;
        };
        about |= comment.starts_with(" Errors");
        if about {
            let words = comment.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            let capitals = |word: &&str| word.len() > 3 && word.bytes().all(|b| b.is_ascii_uppercase() || b == b'_');
            found.extend(words.filter(capitals).map(str::to_owned));
        }
    }
    found
}

#[test]
fn words_about_errors_are_found() {
    let proto =
        "// One of A_RULE.\n\n  // Errors: ABORTED with the reason\n  // STALE_ETAG (R1).\n  rpc X();\n  // OTHER\n";
    assert_eq!(words_about_errors(proto), ["ABORTED", "STALE_ETAG"]);
}

/// The pages of docs/ link to the contract and repeat none of it.
#[test]
fn the_page_about_the_api_links_to_the_reasons() {
    let page = text("docs/API.md");
    assert!(page.contains("](../proto/usher/v1/errors.proto)"));
    let mut listed = reasons();
    listed.retain(|reason| !CODES[1..].contains(&reason.name()) && page.contains(&format!("`{reason}`")));
    assert_eq!(listed, []);
}
