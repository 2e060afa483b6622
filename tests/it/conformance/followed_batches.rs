//! A follower gets the rows of a batch as the owner committed them.

use usher::ids::{
    Epoch, EventNo, LicenseId, OrganizationNo, OwnerToken, PoolId, PoolNo, Seq, SessionNo, TenantNo, TokenId, UserNo,
};
use usher::ledger::change::Change;
use usher::ledger::notification::Topic;
use usher::store::batch_codec::{FollowedBatch, decode, encode};
use usher::store::{Batch, Owner, Position};
use uuid::Uuid;

use super::samples::{extremes, one_of_each, variants};

fn deletions() -> Vec<Change> {
    let (no, user, pool) = (TenantNo(u32::MAX), UserNo(7), PoolNo(u16::MAX));
    vec![
        Change::DeleteTenant(no),
        Change::DeleteLicense(no, LicenseId::stored("lic ÿ"), u64::MAX),
        Change::DeleteOrganization(no, OrganizationNo(u32::MAX)),
        Change::DeleteUser(no, user),
        Change::DeleteSeat(no, user, pool),
        Change::DeleteSession(no, user, SessionNo(u16::MAX)),
        Change::DeleteNotification(no, Topic::Warning(90, PoolId::stored("a/b"))),
        Change::DeleteToken(TokenId(u64::MAX)),
    ]
}

fn encoded(rows: Vec<Change>) -> Vec<u8> {
    let owner = Owner { epoch: Epoch(i64::MAX / 2), token: OwnerToken(Uuid::nil()) };
    let (seq, last_tenant, last_event) = (Seq(300), TenantNo(u32::MAX), EventNo(u64::MAX));
    let position = Position { seq, last_tenant, last_event, ..Position::default() };
    encode(owner, &Batch { position, rows, events: Vec::new() })
}

#[test]
fn every_change_survives() {
    let rows = [one_of_each(1), extremes(), variants(), deletions()].concat();
    let decoded = decode(&encoded(rows.clone())).expect("a batch");
    let (last_tenant, last_event) = (TenantNo(u32::MAX), EventNo(u64::MAX));
    assert_eq!(decoded, FollowedBatch { epoch: Epoch(i64::MAX / 2), seq: Seq(300), last_tenant, last_event, rows });
}

#[test]
fn a_part_of_a_batch_is_refused_or_has_fewer_rows() {
    let rows = [one_of_each(1), deletions()].concat();
    let bytes = encoded(rows.clone());
    let whole = (0..bytes.len()).filter_map(|len| decode(&bytes[..len]).ok());
    // A batch may end after each row: its length is not its own concern.
    let counts: Vec<usize> = whole.map(|batch| batch.rows.len()).collect();
    assert_eq!(counts, (0..rows.len()).collect::<Vec<_>>());
}

#[test]
fn no_bytes_make_a_follower_panic() {
    let bytes = encoded([one_of_each(1), deletions()].concat());
    for at in 8..bytes.len() {
        for other in [0, 1, 0x7f, 0x80, 0xff, bytes[at] ^ 1, bytes[at] ^ 0x80] {
            let mut bytes = bytes.clone();
            bytes[at] = other;
            let _ = decode(&bytes);
        }
    }
}

#[test]
fn a_batch_with_other_columns_is_refused() {
    let mut bytes = encoded(Vec::new());
    bytes[3] ^= 1;
    assert_eq!(decode(&bytes).unwrap_err().0, "a batch of a release with other columns");
}
