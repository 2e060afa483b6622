//! C1, C5: which shards are claimed, and when.

use super::*;

/// What node `a` does after the first read of one shard, whose placement is `a`, and of another one that should be
/// `b`'s, both with the same owner.
#[test]
fn a_shard_whose_owner_is_not_alive_is_claimed_at_once_by_whose_it_should_be() {
    let nodes = ["a", "b"];
    let (mine, theirs) = (first_of("a", &nodes), first_of("b", &nodes));
    for (owner, others, claimed) in [
        ("a'", "", true),            // absent
        ("c", "c:dead", true),       // dead
        ("-", "", true),             // released to nobody in particular, or never claimed
        ("->c", "", true),           // released to who is not there
        ("->c", "c:dead", true),     // … or dead
        ("->c", "c:draining", true), // … or about to end
        ("->c", "c:joining", false), // its successor's
        ("c", "c:joining", false),
        ("c", "c", false),
        ("c", "c:draining", false),
        ("legacy", "", false),
    ] {
        let rows = all_but("b", &[(mine, owner), (theirs, owner)]);
        let wanted = if claimed { format!("claim {mine}") } else { String::new() };
        assert_eq!(Bench::new().at(0, &format!("a b {others}"), &rows), wanted, "{owner} among {others}");
    }
}

#[test]
fn who_was_declared_dead_by_this_node_owns_nothing_in_the_same_read() {
    let shard = first_of("a", &["a", "b"]);
    let rows = all_but("b", &[(shard, "c")]);
    let mut bench = Bench::new();
    assert_eq!(bench.at(0, "a b c", &rows), "");
    bench.gone = vec![node("c")];
    assert_eq!(bench.at(1_000, "a b c", &rows), format!("claim {shard}"));
}

#[test]
fn a_shard_that_was_released_is_its_successors_at_once_and_anybodys_after_two_seconds() {
    let rows = all_but("b", &[(3, "->b")]);
    let mut successor = Bench::new();
    successor.me = "b";
    successor.holdings.serving = (0..16).filter(|shard| *shard != 3).map(ShardId).collect();
    assert_eq!(successor.at(0, "a b c", &rows), "claim 3");
    for who in ["a", "c"] {
        let mut other = Bench { me: who, ..Bench::new() };
        assert_eq!(other.at(0, "a b c", &rows), "");
        assert_eq!(other.at(1_000, "a b c", &rows), "");
        assert_eq!(other.at(1_999, "a b c", &rows), "");
        assert_eq!(other.at(2_000, "a b c", &rows), "claim 3");
    }
}

#[test]
fn a_shard_that_nobody_owns_for_two_seconds_goes_to_whoever_sees_it() {
    for (owner, nodes) in [("-", "a b"), ("c", "a b"), ("c", "a b c:dead")] {
        let shard = first_of("b", &["a", "b"]);
        let rows = all_but("b", &[(shard, owner)]);
        let mut bench = Bench::new();
        assert_eq!(bench.at(0, nodes, &rows), "");
        assert_eq!(bench.at(1_000, nodes, &rows), "");
        assert_eq!(bench.at(1_999, nodes, &rows), "", "{owner}");
        assert_eq!(bench.at(2_000, nodes, &rows), format!("claim {shard}"), "{owner}");
    }
}

#[test]
fn two_seconds_are_counted_over_reads_that_follow_each_other() {
    let shard = first_of("b", &["a", "b"]);
    let unowned = all_but("b", &[(shard, "-")]);
    let mut gap = Bench::new();
    assert_eq!(gap.at(0, "a b", &unowned), "");
    assert_eq!(gap.at(1_701, "a b", &unowned), "", "this node was away: the count begins anew");
    assert_eq!(gap.at(3_400, "a b", &unowned), "");
    assert_eq!(gap.at(3_700, "a b", &unowned), "");
    assert_eq!(gap.at(3_701, "a b", &unowned), format!("claim {shard}"));

    let mut again = Bench::new();
    assert_eq!(again.at(0, "a b", &unowned), "");
    again.connection = 2;
    assert_eq!(again.at(1_500, "a b", &unowned), "", "another connection");
    assert_eq!(again.at(3_000, "a b", &unowned), "");
    assert_eq!(again.at(3_500, "a b", &unowned), format!("claim {shard}"));

    let mut owned = Bench::new();
    assert_eq!(owned.at(0, "a b", &unowned), "");
    assert_eq!(owned.at(1_000, "a b", &all_but("b", &[])), "");
    assert_eq!(owned.at(2_000, "a b", &unowned), "", "it had an owner in between");
    assert_eq!(owned.at(3_000, "a b", &all_but("b", &[(shard, "-/2")])), "", "another claim was released");
}

#[test]
fn who_reads_its_own_name_on_a_shard_that_it_does_not_hold_claims_it() {
    let rows = all_but("b", &[(3, "a"), (4, "a"), (5, "a"), (6, "a")]);
    let mut bench = Bench::serving([3]);
    bench.holdings.loading.insert(ShardId(4));
    bench.holdings.releasing.insert(ShardId(5));
    assert_eq!(bench.at(0, "a b", &rows), "claim 6");
}

#[test]
fn a_read_that_is_older_than_a_release_says_nothing() {
    let rows = all_but("b", &[(3, "a")]);
    let mut bench = Bench::serving([3]);
    let view = bench.view(1_000, "a b", &rows);
    assert_eq!(bench.plan(&view, 1_001), "");
    bench.holdings.serving.clear();
    assert_eq!(bench.plan(&view, 1_300), "", "released since");
    assert_eq!(bench.at(1_300, "a b", &rows), "");
    assert_eq!(bench.at(1_301, "a b", &rows), "claim 3", "the row still names this node");
}

#[test]
fn one_read_gives_one_claim_of_a_shard() {
    let mut bench = Bench::new();
    let view = bench.view(0, "a b", &all_but("b", &[(3, "a")]));
    assert_eq!(bench.plan(&view, 1), "claim 3");
    assert_eq!(bench.plan(&view, 2), "", "it failed");
    assert_eq!(bench.at(1_000, "a b", &all_but("b", &[(3, "a")])), "claim 3");
}

#[test]
fn two_shards_are_loaded_at_the_same_time_and_those_that_were_released_to_this_node_besides() {
    let mut alone = Bench::new();
    let view = alone.view(0, "a", &all_but("-", &[]));
    let mut claimed = BTreeSet::new();
    for millis in 1..=8 {
        let actions = alone.planner.plan(&view, &alone.holdings, Duration::from_millis(millis));
        assert_eq!(actions.len(), 2, "the same read is good for all of them");
        alone.holdings.loading = actions.iter().map(Action::shard).collect();
        assert_eq!(alone.plan(&view, millis), "");
        claimed.append(&mut alone.holdings.loading.clone());
        alone.holdings.serving.append(&mut alone.holdings.loading);
    }
    assert_eq!((claimed.len(), alone.plan(&view, 9)), (16, String::new()));

    let mut bench = Bench::new();
    bench.holdings.loading = [ShardId(0)].into();
    let plan = bench.at(0, "a", &all_but("-", &[(4, "->a"), (5, "->a"), (6, "->a")]));
    let plan: Vec<_> = plan.split("; ").collect();
    assert_eq!(plan.len(), 4, "{plan:?}");
    let mut first = plan[..3].to_vec();
    first.sort_unstable();
    assert_eq!(first, ["claim 4", "claim 5", "claim 6"], "the most urgent ones first");
}

#[test]
fn nodes_that_start_together_begin_with_different_shards() {
    let mut plans: Vec<String> = ["a", "b", "c"]
        .map(|me| {
            let mut bench = Bench { me, ..Bench::new() };
            bench.at(0, "a:joining b:joining c:joining", &all_but("-", &[]))
        })
        .into();
    plans.sort_unstable();
    plans.dedup();
    assert_eq!(plans.len(), 3, "{plans:?}");
}

#[test]
fn a_shard_that_could_not_be_loaded_is_left_alone_for_five_minutes() {
    let shard = first_of("a", &["a", "b"]);
    let mut bench = Bench::new();
    let rows = all_but("b", &[(shard, "-")]);
    assert_eq!(bench.at(0, "a b", &rows), format!("claim {shard}"));
    bench.planner.load_failed(ShardId(u16::try_from(shard).unwrap()), Duration::from_secs(1));
    for (time, row) in [(2_000, "-"), (3_000, "->a"), (300_000, "->a"), (300_999, "->a")] {
        assert_eq!(bench.at(time, "a b", &all_but("b", &[(shard, row)])), "", "{time}");
    }
    assert_eq!(bench.at(301_000, "a b", &all_but("b", &[(shard, "->a")])), format!("claim {shard}"));
}

#[test]
fn what_was_not_loaded_and_could_not_be_released_is_given_back() {
    let rows = all_but("b", &[(3, "a")]);
    let mut bench = Bench::new();
    assert_eq!(bench.at(0, "a b", &rows), "claim 3");
    bench.planner.load_failed(ShardId(3), Duration::from_millis(100));
    assert_eq!(bench.at(1_000, "a b", &rows), "give back 3 to b");
    assert_eq!(bench.at(2_000, "a", "legacy legacy legacy a"), "give back 3", "to nobody in particular");
}

#[test]
fn an_owner_of_the_release_without_nodes_is_left_alone_until_it_is_silent() {
    let shard = first_of("a", &["a", "b"]);
    let rows = all_but("b", &[(shard, "legacy")]);
    let mut bench = Bench::new();
    for time in 0..60 {
        assert_eq!(bench.at(time * 1_000, "a b", &rows), "");
    }
    bench.silent = vec![ShardId(u16::try_from(shard).unwrap())];
    assert_eq!(bench.at(60_000, "a b", &rows), format!("claim {shard}"));
}

#[test]
fn nothing_is_done_without_a_heartbeat() {
    let mut bench = Bench::new();
    let view = bench.view(0, "a", &all_but("-", &[]));
    assert_eq!(bench.plan(&View { missed: 1, ..view.clone() }, 1), "");
    assert_eq!(bench.plan(&View { me: None, ..view.clone() }, 1), "", "it joins anew");
    assert_eq!(bench.plan(&View::none(), 1), "");
    assert_ne!(bench.plan(&view, 2), "");
}

#[test]
fn a_node_that_drains_claims_nothing_and_gives_back_what_names_it() {
    let mut bench = Bench::new();
    bench.holdings.draining = true;
    let rows = all_but("b", &[(3, "a"), (4, "->a"), (5, "-"), (6, "c")]);
    assert_eq!(bench.at(0, "a b", &rows), "give back 3 to b");
    assert_eq!(bench.at(1_500, "a b", &all_but("b", &[(4, "->a"), (5, "-"), (6, "c")])), "");
    assert_eq!(bench.at(3_000, "a b", &all_but("b", &[(4, "->a"), (5, "-"), (6, "c")])), "");
}

#[test]
fn rows_of_shards_that_do_not_exist_are_nobodys() {
    let mut bench = Bench { planner: Planner::new(1), ..Bench::new() };
    assert_eq!(bench.at(0, "a", "- - -"), "claim 0");
}

/// A cell has some of the shards, with numbers of their own (decision 64).
#[test]
fn the_shards_of_a_cell_are_placed_among_themselves() {
    let range = ShardRange { first: 4, end: 8 };
    let mut bench = Bench { planner: Planner::new(range), ..Bench::new() };
    // Rows of other cells, which are not there in truth, mean nothing.
    let claims = bench.at(0, "a b", "- - - - - - - -");
    let members = ["a", "b"].map(|name| Member { node: node(name), host: name.into() });
    let placed = place(&members, range);
    let mine: Vec<u16> = (4..).zip(&placed).filter(|(_, owner)| **owner == node("a")).map(|(shard, _)| shard).collect();
    assert_eq!((placed.len(), mine.len()), (4, 2));
    let mut claimed: Vec<u16> =
        claims.split("; ").map(|claim| claim.strip_prefix("claim ").unwrap().parse().unwrap()).collect();
    claimed.sort_unstable();
    assert_eq!(claimed, mine);
}
