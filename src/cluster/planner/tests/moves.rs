//! C6, C7: which shards are released to others.

use super::*;

/// Time in seconds of the first release by node `a`, which holds every shard, as the nodes are read in these seconds.
fn first_release(bench: &mut Bench, seconds: std::ops::Range<u64>, nodes: &str) -> Option<(u64, String)> {
    let rows = all_but("a", &[]);
    seconds.map(|second| (second, bench.at(second * 1_000, nodes, &rows))).find(|(_, plan)| !plan.is_empty())
}

#[test]
fn rebalancing_waits_until_the_members_have_been_the_same_for_ten_seconds() {
    let mut bench = Bench::serving(0..16);
    assert_eq!(first_release(&mut bench, 0..9, "a b"), None);
    let rows = all_but("a", &[]);
    assert_eq!(bench.at(9_000, "a b", &rows), "");
    assert_eq!(bench.at(9_999, "a b", &rows), "");
    let shard = first_of("b", &["a", "b"]);
    assert_eq!(bench.at(10_000, "a b", &rows), format!("release {shard} to b"));

    let mut restless = Bench::serving(0..16);
    assert_eq!(first_release(&mut restless, 0..8, "a b"), None);
    assert_eq!(first_release(&mut restless, 8..18, "a b c"), None, "another member");
    let (second, _) = first_release(&mut restless, 18..30, "a b").unwrap();
    assert_eq!(second, 28, "the set is another one again");

    let mut away = Bench::serving(0..16);
    assert_eq!(first_release(&mut away, 0..9, "a b"), None);
    let (second, _) = first_release(&mut away, 11..30, "a b").unwrap();
    assert_eq!(second, 21, "this node was away for two seconds");
}

#[test]
fn a_restart_of_a_member_makes_another_set_and_the_same_placement() {
    let rows = placed(&["a", "b"]).join(" ").replace('b', "b'");
    let mine = placed(&["a", "b"]).into_iter().zip(0..).filter(|(owner, _)| *owner == "a").map(|(_, shard)| shard);
    let mut bench = Bench::serving(mine);
    for second in 0..120 {
        assert_eq!(bench.at(second * 1_000, "a b'", &rows), "");
    }
}

#[test]
fn shards_move_only_to_active_living_members_of_this_release() {
    for nodes in ["a", "a b:joining", "a b:draining", "a b:dead", "a b:old"] {
        assert_eq!(first_release(&mut Bench::serving(0..16), 0..100, nodes), None, "{nodes}");
    }
    let mut bench = Bench::serving(0..16);
    bench.gone = vec![node("b")];
    assert_eq!(first_release(&mut bench, 0..30, "a b"), None, "declared dead");
}

#[test]
fn one_shard_moves_at_a_time_and_the_next_one_when_it_has_arrived() {
    let mut bench = Bench::serving(0..16);
    let (at, _) = first_release(&mut bench, 0..30, "a b").unwrap();
    let theirs: Vec<usize> = (0..16).filter(|shard| placed(&["a", "b"])[*shard] == "b").collect();
    let (one, two) = (theirs[0], theirs[1]);
    let shard = ShardId(u16::try_from(one).unwrap());
    bench.holdings.serving.remove(&shard);
    bench.holdings.releasing.insert(shard);
    let at = |offset: u64, row: &str, bench: &mut Bench| {
        bench.at((at + offset) * 1_000, "a b", &all_but("a", &[(one, row)]))
    };
    assert_eq!(at(1, "a", &mut bench), "", "it is being released");
    bench.holdings.releasing.clear();
    assert_eq!(at(2, "->b", &mut bench), "", "it is on its way");
    assert_eq!(at(3, "b/2", &mut bench), format!("release {two} to b"));
    bench.holdings.loading.insert(ShardId(9));
    assert_eq!(at(4, "b/2", &mut bench), "", "this node is busy");
}

#[test]
fn a_shard_that_no_one_takes_holds_up_the_others_for_a_minute() {
    let mut bench = Bench::serving(0..16);
    let (at, _) = first_release(&mut bench, 0..30, "a b").unwrap();
    let one = first_of("b", &["a", "b"]);
    let shard = ShardId(u16::try_from(one).unwrap());
    bench.holdings.serving.remove(&shard);
    bench.planner.load_failed(shard, Duration::from_secs(at));
    let rows = all_but("a", &[(one, "->b")]);
    let next = (at + 1..200).find(|second| !bench.at(second * 1_000, "a b", &rows).is_empty());
    assert_eq!(next, Some(at + 60));
}

#[test]
fn a_shard_stays_for_a_minute_whatever_brought_it() {
    let shard = first_of("b", &["a", "b"]);
    for gap in ["b", "->a", "-"] {
        let mut bench = Bench::serving([u16::try_from(shard).unwrap()]);
        bench.at(0, "a b", &all_but("b", &[(shard, "b")]));
        bench.at(500, "a b", &all_but("b", &[(shard, gap)]));
        let rows = all_but("b", &[(shard, "a/2")]);
        let moved = (1..200).find(|second| !bench.at(second * 1_000, "a b", &rows).is_empty());
        assert_eq!(moved, Some(61), "{gap}: it was seen at second 1");
    }
}

#[test]
fn a_shard_that_nobody_had_before_moves_as_soon_as_the_members_have_been_the_same() {
    let shard = first_of("b", &["a", "b"]);
    let mut bench = Bench::serving([u16::try_from(shard).unwrap()]);
    bench.at(0, "a b", &all_but("b", &[(shard, "-")]));
    let rows = all_but("b", &[(shard, "a/2")]);
    let moved = (1..200).find(|second| !bench.at(second * 1_000, "a b", &rows).is_empty());
    assert_eq!(moved, Some(10));
}

#[test]
fn the_emptiest_member_is_served_first() {
    let nodes = ["a", "b", "c"];
    let mut rows = vec!["a".to_owned(); 16];
    let placed = placed(&nodes);
    let to_c = placed.iter().rposition(|owner| owner == "c").unwrap();
    // All that `b` should have it has, but for one; `c` has nothing.
    let missing = first_of("b", &nodes);
    (0..16).filter(|shard| placed[*shard] == "b" && *shard != missing).for_each(|shard| rows[shard] = "b".into());
    (0..16).filter(|shard| placed[*shard] == "c" && *shard != to_c).for_each(|shard| rows[shard] = "d".into());
    let mine = (0..16).filter(|shard| rows[usize::from(*shard)] == "a");
    let mut bench = Bench::serving(mine);
    let rows = rows.join(" ");
    let plan = (0..30).map(|second| bench.at(second * 1_000, "a b c d:joining", &rows)).find(|plan| !plan.is_empty());
    assert_eq!(plan, Some(format!("release {to_c} to c")));
}

#[test]
fn a_shard_that_its_successor_did_not_take_is_not_offered_to_it_again_for_five_minutes() {
    let shard = first_of("b", &["a", "b"]);
    let mut bench = Bench::new();
    let released = all_but("b", &[(shard, "->b")]);
    assert_eq!(bench.at(0, "a b", &released), "");
    assert_eq!(bench.at(1_000, "a b", &released), "");
    assert_eq!(bench.at(2_000, "a b", &released), format!("claim {shard}"));
    bench.holdings.serving.insert(ShardId(u16::try_from(shard).unwrap()));
    let mine = all_but("b", &[(shard, "a/2")]);
    let moved = (3..400).find(|second| !bench.at(second * 1_000, "a b", &mine).is_empty());
    assert_eq!(moved, Some(302));
}

#[test]
fn a_node_that_drains_releases_everything_to_where_it_should_be_without_it_four_at_a_time() {
    let mut bench = Bench::serving(0..16);
    bench.holdings.draining = true;
    let placed = placed(&["b", "c"]);
    let release = |shards: std::ops::Range<usize>| -> String {
        shards.map(|shard| format!("release {shard} to {}", placed[shard])).collect::<Vec<_>>().join("; ")
    };
    let view = bench.view(0, "a:draining b c", &all_but("a", &[]));
    assert_eq!(bench.plan(&view, 1), release(0..4));
    bench.holdings.releasing = (0..4).map(ShardId).collect();
    bench.holdings.serving = (4..16).map(ShardId).collect();
    assert_eq!(bench.plan(&view, 2), "");
    bench.holdings.releasing = [ShardId(3)].into();
    assert_eq!(bench.plan(&view, 3), release(4..7));
}

#[test]
fn a_node_that_drains_alone_keeps_its_shards_until_it_stops() {
    for nodes in ["a:draining", "a b:joining", "a b:draining", "a b:dead"] {
        let mut bench = Bench::serving(0..16);
        bench.holdings.draining = true;
        assert_eq!(first_release(&mut bench, 0..30, nodes), None, "{nodes}");
    }
}
