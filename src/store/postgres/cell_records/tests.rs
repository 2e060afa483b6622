//! Which databases are those of one installation.

use uuid::Uuid;

use super::*;
use crate::ids::InstanceId;
use crate::opaque_id::Secret;

/// Reads databases from texts such as `a0/2`: cell 0 of 2 of installation `a`, `a0/2!`: it was claimed; `-`: empty.
fn check(texts: &str) -> Result<Option<Installation>, String> {
    let found: Vec<Found> = texts.split_whitespace().map(found).collect();
    let names: Vec<String> = (0..found.len()).map(|number| format!("db{number}")).collect();
    super::check(&names, &found).map_err(|error| error.0)
}

fn found(text: &str) -> Found {
    let claimed = text.ends_with('!');
    let record = text.trim_end_matches('!').split_once('/').map(|(name, of)| {
        let (name, number) = name.split_at(1);
        let cell = Cell { number: number.parse().unwrap(), of: of.parse().unwrap() };
        Record { installation: installation(name), cell }
    });
    Found { record, claimed }
}

fn installation(name: &str) -> Installation {
    let id = Uuid::from_u128(name.bytes().next().unwrap().into());
    Installation { shards: 4, instance: InstanceId(id), secret: Secret::stored([1; 32]) }
}

#[test]
fn a_first_start_goes_on_where_an_earlier_one_ended() {
    for new in ["-", "- -", "- a1/2", "- a1/3 a2/3", "- - a2/3"] {
        assert_eq!(check(new), Ok(None), "{new}");
    }
}

#[test]
fn all_databases_of_one_installation_in_their_order_are_served() {
    for complete in ["a0/1", "a0/1!", "a0/2 a1/2", "a0/2! a1/2!", "a0/3 a1/3 a2/3!"] {
        assert_eq!(check(complete), Ok(Some(installation("a"))), "{complete}");
    }
}

#[test]
fn any_other_databases_are_refused_and_named() {
    for (texts, cell, why) in [
        // More or fewer than at the first start.
        ("a0/1 -", 0, "is one of 1 database, fixed at the first start, and 2 given"),
        ("a0/2", 0, "is one of 2 databases, fixed at the first start, and 1 given"),
        ("a1/2", 0, "is one of 2 databases, fixed at the first start, and 1 given"),
        ("a0/2 a1/2 -", 0, "is one of 2 databases, fixed at the first start, and 3 given"),
        // In another order, or one of them twice.
        ("a1/2 a0/2", 0, "is cell 1: the order is that of the first start"),
        ("a0/2 a0/2", 1, "is cell 0: the order is that of the first start"),
        ("a0/3 a2/3 a1/3", 1, "is cell 2: the order is that of the first start"),
        // One is not there, or was not restored.
        ("a0/2 -", 1, "is empty, and the other databases belong to installation"),
        ("a0/2! -", 1, "is empty, and the other databases belong to installation"),
        ("- a1/2!", 0, "is empty, and the other databases belong to installation"),
        ("- - a2/3!", 0, "is empty, and the other databases belong to installation"),
        // Another installation.
        ("a0/2 b1/2", 1, "belongs to another installation, 00000000-0000-0000-0000-000000000062, than cell 0"),
        ("a0/2! b1/2!", 1, "belongs to another installation, 00000000-0000-0000-0000-000000000062, than cell 0"),
    ] {
        let refused = check(texts).unwrap_err();
        let expected = format!("--database-url: the database of cell {cell}, db{cell}, {why}");
        assert!(refused.starts_with(&expected), "{texts}: {refused}");
    }
}

/// A copy of a database is no second installation, but it is not the same one either once the records differ.
#[test]
fn the_whole_record_is_compared() {
    let other = |change: fn(&mut Installation)| {
        let mut found = [found("a0/2"), found("a1/2")];
        change(&mut found[1].record.as_mut().unwrap().installation);
        super::check(&["db0".into(), "db1".into()], &found)
    };
    assert!(other(|_| {}).is_ok());
    assert!(other(|installation| installation.shards = 5).is_err());
    assert!(other(|installation| installation.secret = Secret::stored([2; 32])).is_err());
}
