//! C14: a node whose clock is far from that of the others owns nothing.

use super::*;

/// Whether node `a` claims a shard that is released to it.
fn may_own(nodes: &str) -> bool {
    match &*Bench::new().at(0, nodes, &all_but("b", &[(3, "->a")])) {
        "claim 3" => true,
        "" => false,
        other => panic!("{other}"),
    }
}

#[test]
fn more_than_a_minute_from_the_median_of_three_is_too_much() {
    assert!(may_own("a:+60000 b c"));
    assert!(!may_own("a:+60001 b c"));
    assert!(may_own("a:-60000 b c"));
    assert!(!may_own("a:-60001 b c"));
    assert!(may_own("a b:+3600000 c:-3600000"), "the median is its own");
    assert!(!may_own("a b:+3600000 c:+3600000"), "it differs from the others, whoever is right");
}

#[test]
fn two_clocks_say_nothing() {
    assert!(may_own("a:+3600000 b"));
    assert!(may_own("a:+3600000 b c:dead"), "the dead are not counted");
    assert!(may_own("a:+3600000 b c:old"), "nor those that send no time");
    assert!(!may_own("a:+3600000 b c:joining"));
}

#[test]
fn of_four_clocks_two_and_two_the_earlier_ones_count() {
    assert!(may_own("a b c:+3600000 d:+3600000"));
    assert!(!may_own("a:+3600000 b c d:+3600000"));
}

#[test]
fn a_node_with_a_wrong_clock_releases_what_it_has_a_few_at_a_time() {
    let mut bench = Bench::serving(0..16);
    assert_eq!(bench.at(0, "a:+60000 b c", &all_but("a", &[])), "");
    let plan = bench.at(1_000, "a:+60001 b c", &all_but("a", &[]));
    let placed = placed(&["b", "c"]);
    let wanted: Vec<_> = (0..4).map(|shard| format!("release {shard} to {}", placed[shard])).collect();
    assert_eq!(plan, wanted.join("; "));
    bench.holdings.serving.clear();
    let rows = all_but("b", &[(3, "a")]);
    assert_eq!(bench.at(2_000, "a:+60001 b c", &rows), "", "it was just released");
    assert_eq!(bench.at(3_000, "a:+60001 b c", &rows), format!("give back 3 to {}", placed[3]));
}

#[test]
fn nothing_is_moved_to_a_node_with_a_wrong_clock() {
    let mut bench = Bench::serving(0..16);
    for second in 0..100 {
        assert_eq!(bench.at(second * 1_000, "a b:+60001 c:joining", &all_but("a", &[])), "");
    }
}
