//! Every rule is named by the title of a scenario here, except those that are tested elsewhere.

use std::collections::BTreeSet;

/// Rules that are tested elsewhere: license requests.
const NOT_HERE: [u8; 1] = [32];
const LAST: u8 = 35;
/// Rules behind the last one that hold already.
const MORE: [u8; 2] = [38, 41];

const SCENARIOS: [&str; 23] = [
    include_str!("alternatives.rs"),
    include_str!("audit.rs"),
    include_str!("clocks.rs"),
    include_str!("closing.rs"),
    include_str!("concurrent.rs"),
    include_str!("delivering.rs"),
    include_str!("devices.rs"),
    include_str!("endings.rs"),
    include_str!("guards.rs"),
    include_str!("information.rs"),
    include_str!("installing.rs"),
    include_str!("licenses.rs"),
    include_str!("notifying.rs"),
    include_str!("organizations.rs"),
    include_str!("overdraft.rs"),
    include_str!("reading.rs"),
    include_str!("reclaiming.rs"),
    include_str!("revoking.rs"),
    include_str!("seats.rs"),
    include_str!("sessions.rs"),
    include_str!("syncing.rs"),
    include_str!("tenants.rs"),
    include_str!("users.rs"),
];

/// The rules at the beginning of a scenario's title: `"R14 R5 nothing is given back"`.
fn rules_of(line: &str) -> impl Iterator<Item = u8> + '_ {
    let title = line.split('"').nth(1).unwrap_or_default();
    let rules = title.split(' ').map_while(|word| word.strip_prefix('R').and_then(|number| number.parse().ok()));
    rules.filter(|_| line.trim_start().starts_with(['"', 'c']))
}

#[test]
fn every_rule_is_named_by_a_scenario() {
    let named: BTreeSet<u8> = SCENARIOS.iter().flat_map(|text| text.lines()).flat_map(rules_of).collect();
    let owed: BTreeSet<u8> = (1..=LAST).filter(|rule| !NOT_HERE.contains(rule)).chain(MORE).collect();
    assert_eq!(named, owed, "rules that scenarios name, and rules that they must name");
}
