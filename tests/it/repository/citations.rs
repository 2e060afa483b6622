//! Citations: every rule, invariant and guard that is cited is defined in `docs/DOMAIN.md`, every cited decision has a
//! page, and every defined rule and invariant is cited by a test, here or beside the code.

use std::collections::BTreeSet;

use super::{files, text};

const DOMAIN: &str = "docs/DOMAIN.md";
/// This file is left out: its examples are no citations.
const THIS: &str = "tests/it/repository/citations.rs";
/// Prefixes of rules, of invariants, and of rules for several processes.
const SERIES: [char; 3] = ['R', 'I', 'C'];

#[test]
fn every_number_that_is_cited_is_defined() {
    let mut known: BTreeSet<String> = definitions(&text(DOMAIN)).into_iter().collect();
    let decisions = files(&["docs/decisions"], ".md").into_iter().filter(|page| !page.ends_with("/README.md"));
    known.extend(decisions.map(|page| decision(&page)));
    let unknown = |file: &String| -> Vec<String> {
        let cited = citations(&text(file)).into_iter().filter(|number| !known.contains(number));
        cited.map(|number| format!("{file}: {number}")).collect()
    };
    assert_eq!(citing().iter().flat_map(unknown).collect::<Vec<_>>(), [""; 0], "cited, and not defined in {DOMAIN}");
}

#[test]
fn every_rule_and_invariant_is_cited_by_a_test() {
    let tests = files(&["tests/it"], ".rs").into_iter().chain(unit_tests()).filter(|file| file != THIS);
    let cited: BTreeSet<String> = tests.flat_map(|file| citations(&text(&file))).collect();
    let mut defined = definitions(&text(DOMAIN));
    defined.retain(|number| number.starts_with(SERIES) && !cited.contains(number));
    assert_eq!(defined, [""; 0], "defined in {DOMAIN}, and cited by no test");
}

#[test]
fn every_number_is_defined_once() {
    let defined = definitions(&text(DOMAIN));
    let each: BTreeSet<&String> = defined.iter().collect();
    assert_eq!(each.len(), defined.len(), "{defined:?}");
    for (series, least) in [("R", 35), ("I", 9), ("guard ", 10)] {
        let found = defined.iter().filter(|number| number.starts_with(series)).count();
        assert!(found >= least, "{found} of {series}");
    }
}

/// Returns the files of `src` that contain nothing but tests.
fn unit_tests() -> impl Iterator<Item = String> {
    files(&["src"], ".rs").into_iter().filter(|file| file.ends_with("/tests.rs") || file.contains("/tests/"))
}

/// Returns every file that may contain citations.
fn citing() -> Vec<String> {
    let mut all = vec!["README.md".to_owned()];
    for ending in [".rs", ".proto", ".sql", ".md"] {
        all.extend(files(&["src", "proto", "tests", "benches", "docs"], ending));
    }
    assert!(all.len() > 300, "only {} files were read", all.len());
    all
}

/// Returns the definitions of a page: rules and invariants have a heading each, `### R…: …`; guards have a row in a
/// table, `| 1 | …`.
fn definitions(page: &str) -> Vec<String> {
    let heading = |line: &str| {
        let (number, _) = line.strip_prefix("### ")?.split_once(": ")?;
        is_number(number).then(|| number.to_owned())
    };
    let row = |line: &str| {
        let (number, _) = line.strip_prefix("| ")?.split_once(" | ")?;
        number.parse::<u8>().ok().map(|number| format!("guard {number}"))
    };
    page.lines().filter_map(|line| heading(line).or_else(|| row(line))).collect()
}

fn citations(text: &str) -> BTreeSet<String> {
    let pieces = text.split(|c: char| c.is_whitespace() || "()[]/,–".contains(c));
    let words: Vec<&str> = pieces.map(|piece| piece.trim_matches(|c: char| !c.is_alphanumeric())).collect();
    let mut cited: BTreeSet<String> =
        words.iter().filter(|word| is_number(word)).map(|word| (*word).to_owned()).collect();
    for (at, word) in words.iter().enumerate() {
        let name = match word.to_lowercase().as_str() {
            "guard" | "guards" => "guard",
            "decision" | "decisions" => "decision",
            _ => continue,
        };
        // A list such as "guards 1, 2 and 5".
        let list =
            words[at + 1..].iter().take_while(|word| ["", "and", "to"].contains(word) || word.parse::<u8>().is_ok());
        cited.extend(list.filter_map(|word| Some(format!("{name} {}", word.parse::<u8>().ok()?))));
    }
    cited
}

/// Returns whether a word is a citation: a prefix, a number, and possibly a small letter for a rule that was inserted
/// between two others.
fn is_number(word: &str) -> bool {
    let number = word.strip_prefix(SERIES).unwrap_or_default();
    let number = number.strip_suffix(|c: char| c.is_ascii_lowercase()).unwrap_or(number);
    !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
}

/// Returns the decision of a page: `docs/decisions/0051-….md` is decision 51.
fn decision(page: &str) -> String {
    let name = page.rsplit('/').next().unwrap_or_default();
    let number = name.split('-').next().and_then(|number| number.parse::<u8>().ok());
    format!("decision {}", number.unwrap_or_else(|| panic!("{page} has no number")))
}

#[test]
fn citations_are_found() {
    let between = format!("R{}a", 33);
    let of = |text: &str| citations(text).into_iter().collect::<Vec<_>>();
    assert_eq!(of(&format!("(I1, R2); `R3`: {between}/C4.")), ["C4", "I1", "R2", "R3", between.as_str()]);
    assert_eq!(of("r1, R, XR1, R1-x, R_1, RR1, I/s, V::I2, s%C3%BC, 1"), [""; 0]);
    assert_eq!(of("guard 10, and Guards 1, 2 and 5. No guard"), ["guard 1", "guard 10", "guard 2", "guard 5"]);
    assert_eq!(of("see [decision 1](decisions/0001-a.md): two decisions 2.0"), ["decision 1"]);
    assert_eq!(decision("docs/decisions/0051-ids.md"), "decision 51");
    let page = "| guard | else |\n|---|---|\n| 1 | a |\n\n### R1: A\n\n### Others: b\n\n**R2** R3\n";
    assert_eq!(definitions(page), ["guard 1", "R1"]);
}
