//! C6: a host on which nodes die again and again gets nothing for a while.

use super::*;

/// The rows of two nodes, one of which lives or is dead.
const ALIVE: &str = "a b";
const DEAD: &str = "a b:dead";

/// Whether `b` may get shards after these reads of `a`, at times in seconds.
fn is_barred(reads: &[(u64, &str)], at: u64) -> bool {
    let mut bench = Bench::new();
    let shard = first_of("b", &["a", "b"]);
    for (second, nodes) in reads {
        bench.at(second * 1_000, nodes, &all_but("a", &[]));
    }
    // Whoever should own a shard that was just released is a member.
    bench.at(at * 1_000, ALIVE, &all_but("b", &[(shard, "-")])) == format!("claim {shard}")
}

#[test]
fn one_death_is_an_accident() {
    assert!(!is_barred(&[(0, ALIVE), (10, DEAD)], 10));
}

#[test]
fn the_second_death_in_ten_minutes_costs_a_minute() {
    let twice = [(0, ALIVE), (10, DEAD), (20, ALIVE), (610, DEAD)];
    assert!(is_barred(&twice, 611));
    assert!(is_barred(&twice, 669));
    assert!(!is_barred(&twice, 670));
    let rare = [(0, ALIVE), (10, DEAD), (20, ALIVE), (611, DEAD)];
    assert!(!is_barred(&rare, 612), "the first one is forgotten");
}

#[test]
fn each_further_death_costs_twice_as_much() {
    let mut reads = vec![(0, ALIVE), (10, DEAD)];
    let mut time = 10;
    for minutes in [1, 2, 4, 8, 16, 32, 64, 64] {
        reads.extend([(time + 1, ALIVE), (time + 5, DEAD)]);
        time += 5;
        assert!(is_barred(&reads, time + minutes * 60 - 1), "{minutes}");
        assert!(!is_barred(&reads, time + minutes * 60), "{minutes}");
        time += minutes * 60;
    }
}

#[test]
fn what_is_forgotten_was_ten_minutes_ago_counted_from_the_end_of_the_bar() {
    let twice = [(0, ALIVE), (10, DEAD), (20, ALIVE), (30, DEAD), (40, ALIVE)];
    let then = |second| [&twice[..], &[(second, DEAD), (second + 1, ALIVE)]].concat();
    assert!(is_barred(&then(690), 690 + 119), "the third death: two minutes");
    assert!(!is_barred(&then(691), 692), "the first one again");
}

#[test]
fn a_node_that_leaves_has_not_died() {
    assert!(!is_barred(&[(0, ALIVE), (1, "a"), (2, ALIVE), (3, "a"), (4, ALIVE), (5, "a")], 6));
}

#[test]
fn a_death_is_counted_once_and_also_when_this_node_declared_it() {
    assert!(!is_barred(&[(0, ALIVE), (1, DEAD), (2, DEAD), (3, DEAD)], 4));
    let shard = first_of("b", &["a", "b"]);
    let mut bench = Bench::serving(0..16);
    bench.at(0, ALIVE, &all_but("a", &[]));
    bench.gone = vec![node("b")];
    bench.at(1_000, ALIVE, &all_but("a", &[]));
    bench.gone.clear();
    bench.at(2_000, DEAD, &all_but("a", &[]));
    bench.holdings.serving.clear();
    assert_eq!(bench.at(3_000, "a b'", &all_but("b'", &[(shard, "-")])), "", "one death");
}

/// Node `a` has been declared dead twice, at 1 s and at 2 s, and has joined anew.
fn dead_twice() -> Bench {
    let mut bench = Bench::new();
    bench.at(0, "a c", &all_but("c", &[]));
    bench.me = "a'";
    bench.at(1_000, "a' a:dead c", &all_but("c", &[]));
    bench.me = "a''";
    bench
}

#[test]
fn a_node_that_was_declared_dead_counts_its_own_deaths() {
    let shard = first_of("a", &["a", "c"]);
    let rows = all_but("c", &[(shard, "-")]);
    let mut bench = dead_twice();
    assert_eq!(bench.at(2_000, "a'' c", &rows), "", "its second death");
    assert_eq!(bench.at(61_999, "a'' c", &rows), "");
    assert_eq!(bench.at(62_000, "a'' c", &rows), format!("claim {shard}"));
}

/// Nodes may differ in whose host is barred, and a shard must be somewhere (C1).
#[test]
fn what_nobody_else_takes_and_what_is_handed_over_is_taken_although_the_host_is_barred() {
    for (owner, wait) in [("-", 4), ("->a''", 0)] {
        let mut bench = dead_twice();
        for second in 0..=4 {
            let planned = if second >= wait { "claim 3" } else { "" };
            let rows = all_but("c", &[(3, owner)]);
            assert_eq!(bench.at(2_000 + 1_000 * second, "a'' c", &rows), planned, "{owner}, second {second}");
        }
    }
}

#[test]
fn if_every_host_is_barred_none_is() {
    let mut bench = Bench::new();
    for (millis, me) in [(0, "a"), (1_000, "a'"), (2_000, "a''")] {
        bench.me = me;
        bench.at(millis, me, "");
    }
    assert_eq!(bench.at(3_000, "a''", "->a''"), "claim 0");
}
