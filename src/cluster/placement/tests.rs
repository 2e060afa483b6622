use std::collections::BTreeMap;

use uuid::Uuid;

use super::*;
use crate::ids::NodeId;

/// A pseudo-random sequence: always the same.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mixed(self.0)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).unwrap()
    }

    /// One member on a host of its own, with a random name and a random id.
    fn member(&mut self) -> Member {
        let host = format!("host-{}", self.next());
        Member { node: self.node(), host: host.into() }
    }

    fn node(&mut self) -> NodeRef {
        let id = Uuid::from_u64_pair(self.next(), self.next());
        NodeRef { id: NodeId(id), generation: 1 }
    }
}

const SHARDS: [u16; 5] = [1, 4, 16, 64, 256];

/// Calls `check` for many random sets of members.
fn for_many(check: impl Fn(&mut Random, &[Member], u16)) {
    let mut random = Random(1);
    for round in 0..300 {
        let count = 1 + random.below(12);
        let members: Vec<Member> = (0..count).map(|_| random.member()).collect();
        check(&mut random, &members, SHARDS[round % SHARDS.len()]);
    }
}

fn moved(before: &[NodeRef], after: &[NodeRef]) -> usize {
    before.iter().zip(after).filter(|(before, after)| before != after).count()
}

fn load(owners: &[NodeRef], member: &Member) -> usize {
    owners.iter().filter(|owner| **owner == member.node).count()
}

#[test]
fn every_shard_has_an_owner_and_loads_differ_by_at_most_one() {
    for_many(|_, members, shards| {
        let owners = place(members, shards);
        assert_eq!(owners.len(), usize::from(shards));
        let share = usize::from(shards) / members.len();
        for member in members {
            assert!([share, share + 1].contains(&load(&owners, member)), "{members:?}");
        }
    });
}

#[test]
fn the_order_of_the_members_does_not_matter() {
    for_many(|random, members, shards| {
        let mut shuffled = members.to_vec();
        (1..shuffled.len()).for_each(|at| shuffled.swap(at, random.below(at + 1)));
        assert_eq!(place(&shuffled, shards), place(members, shards));
    });
}

#[test]
fn a_restart_moves_nothing() {
    for_many(|random, members, shards| {
        let (before, mut members) = (place(members, shards), members.to_vec());
        let at = random.below(members.len());
        let former = std::mem::replace(&mut members[at].node, random.node());
        let same = |owner: &NodeRef| if *owner == former { members[at].node } else { *owner };
        assert_eq!(place(&members, shards), before.iter().map(same).collect::<Vec<_>>());
    });
}

/// Without a bound on load, exactly the shards of the member that leaves would move. With it, others move too, because
/// room that they were refused becomes free: at most as many again and one for each member, and on average less than
/// that member's own share.
#[test]
fn a_member_that_leaves_or_joins_moves_few_shards() {
    let (mut own, mut others) = (BTreeMap::<u16, usize>::new(), BTreeMap::<u16, usize>::new());
    let mut random = Random(2);
    for round in 0..1_500 {
        let (shards, count) = (SHARDS[round % SHARDS.len()], 2 + random.below(11));
        let members: Vec<Member> = (0..count).map(|_| random.member()).collect();
        let (with, without) = (place(&members, shards), place(&members[1..], shards));
        let (share, moved) = (load(&with, &members[0]), moved(&with, &without));
        assert!(moved <= 2 * share + count, "{moved} of {shards} moved, {share} were its own: {members:?}");
        *own.entry(shards).or_default() += share;
        *others.entry(shards).or_default() += moved - share;
    }
    for (shards, own) in own {
        assert!(others[&shards] <= own, "of {shards} shards: {} others moved, {own} were its own", others[&shards]);
    }
}

#[test]
fn members_with_one_host_name_are_told_apart_by_their_ids() {
    for_many(|random, members, shards| {
        let twin = Member { node: random.node(), ..members[0].clone() };
        let mut both = members.to_vec();
        both.push(twin.clone());
        let owners = place(&both, shards);
        assert!(load(&owners, &twin).abs_diff(load(&owners, &both[0])) <= 1);
        both.reverse();
        assert_eq!(place(&both, shards), owners);
    });
    let names: Vec<u64> = (0..4).map(|namesake| member_hash("host", namesake)).collect();
    assert_eq!(names.iter().collect::<std::collections::BTreeSet<_>>().len(), 4);
}

#[test]
fn without_members_there_is_no_owner() {
    assert!(place(&[], 16).is_empty());
    assert!(place(&[Random(1).member()], 0).is_empty());
}

#[test]
fn a_host_prefers_the_shards_that_it_should_own() {
    let mut random = Random(3);
    let members: Vec<Member> = (0..4).map(|_| random.member()).collect();
    let owners = place(&members, 64);
    for member in &members {
        let preferred = by_preference(&member.host, 64);
        assert_eq!(preferred.len(), 64);
        let its = preferred[..16].iter().filter(|shard| owners[usize::from(shard.0)] == member.node).count();
        assert!(its >= 8, "{its} of the 16 shards that it prefers, where chance would give 4");
    }
}

/// Members of different releases must agree. If this fails, the hash was changed: restore it.
#[test]
fn the_hash_is_the_same_in_every_release() {
    let member = |id: u128, host: &str| Member {
        node: NodeRef { id: NodeId(Uuid::from_u128(id)), generation: 1 },
        host: host.into(),
    };
    let golden = |members: &[Member]| -> String {
        place(members, 16).iter().map(|owner| char::from_digit(owner.id.0.as_u128() as u32, 36).unwrap()).collect()
    };
    let (one, two, three) = (member(1, "usher-0"), member(2, "usher-1"), member(3, "usher-2"));
    assert_eq!(golden(std::slice::from_ref(&one)), "1111111111111111");
    assert_eq!(golden(&[one.clone(), two.clone()]), "2121122222111121");
    assert_eq!(golden(&[one.clone(), two.clone(), three]), "1123322322131321");
    assert_eq!(golden(&[one, two, member(3, "usher-1")]), "1133122222133321");
}
