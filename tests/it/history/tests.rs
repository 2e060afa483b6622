//! Tests of the checker: a correct history passes, and each defect that is planted in it is found and named.

use super::check::{Kind, check};
use super::text::parse;

/// A correct history: two seats in a concurrent pool, one in a named pool, and every operation of the clients.
const GOOD: &str = "
    limit acme/primary concurrent 2
    limit acme/crm named 1
    given acme/crm/root
    1-2   acme/primary/ann out desk = lease s1
    3-4   acme/primary/ann out desk = renewed s1
    5-6   acme/primary/bob out desk = lease s2
    7-8   acme/primary/cid out desk = denied SEATS_EXHAUSTED
    9-10  acme/primary/ann beat s1 = kept
    11-12 acme/primary/ann out phone = denied ALREADY_SIGNED_IN
    13-14 acme/primary/ann in s1 = ended CHECKED_IN
    15-16 acme/primary/ann beat s1 = had-ended CHECKED_IN
    17-?  acme/primary/cid out desk = ?
    21-22 acme/primary/cid out desk = renewed s3
    23-?  acme/primary/cid in s3 = ?
    25-26 acme/primary/dee out desk = lease s4
    31-32 acme/crm/root revoke = done
    33-34 acme/crm/ann grant = done
    35-36 acme/crm/bob grant = denied SEATS_EXHAUSTED
    37-?  acme/crm/ann revoke = ?
    39-40 acme/crm/ann revoke = done
    41-42 acme/crm/bob grant = done
    43-44 acme/crm/bob grant = done
    event acme/crm/root granted
    event acme/primary/ann started s1
    event acme/primary/ann renewed s1
    event acme/primary/bob started s2
    event acme/primary/cid out-denied SEATS_EXHAUSTED
    event acme/primary/ann out-denied ALREADY_SIGNED_IN
    event acme/primary/ann ended s1 CHECKED_IN
    event acme/primary/cid started s3
    event acme/primary/cid renewed s3
    event acme/primary/cid ended s3 CHECKED_IN
    event acme/primary/dee started s4
    event acme/crm/root revoked
    event acme/crm/ann granted
    event acme/crm/bob grant-denied SEATS_EXHAUSTED
    event acme/crm/ann revoked
    event acme/crm/bob granted
    row acme/primary/ann desk s1 CHECKED_IN
    row acme/primary/bob desk s2 live
    row acme/primary/cid desk s3 CHECKED_IN
    row acme/primary/dee desk s4 live
    seat acme/crm/bob
    usage acme/primary 2
    usage acme/crm 1
    listed s2
    listed s4
";

/// Returns the correct history with one line replaced, or removed if `line` is empty.
#[track_caller]
fn instead(of: &str, line: &str) -> String {
    assert_eq!(GOOD.matches(of).count(), 1, "{of}");
    GOOD.replace(of, line)
}

fn and(more: &str) -> String {
    format!("{GOOD}\n{more}")
}

/// Asserts that the checker finds a violation of this kind.
#[track_caller]
fn finds(kind: Kind, text: &str) {
    let (history, recount) = parse(text);
    let found = check(&history, &recount).expect_err("this history is not good");
    assert!(found.iter().any(|violation| violation.kind == kind), "no {kind:?} in {found:#?}");
}

#[track_caller]
fn passes(text: &str) {
    let (history, recount) = parse(text);
    check(&history, &recount).unwrap_or_else(|found| panic!("{found:#?}"));
}

#[test]
fn a_good_history_passes() {
    passes(GOOD);
    passes("");
}

#[test]
fn a_lost_check_out() {
    // Removes the session's row and its events.
    let lost = instead("event acme/primary/dee started s4", "").replace("row acme/primary/dee desk s4 live", "");
    finds(Kind::Lost, &lost.replace("usage acme/primary 2", "usage acme/primary 1").replace("listed s4", ""));
}

#[test]
fn a_lost_check_in() {
    let lost = instead("event acme/primary/ann ended s1 CHECKED_IN", "");
    finds(Kind::Lost, &lost.replace("row acme/primary/ann desk s1 CHECKED_IN", "row acme/primary/ann desk s1 live"));
}

#[test]
fn a_lost_renewal() {
    finds(Kind::Lost, &instead("event acme/primary/ann renewed s1", ""));
}

#[test]
fn a_lost_grant() {
    finds(Kind::Lost, &instead("event acme/crm/bob granted", "").replace("seat acme/crm/bob", ""));
}

#[test]
fn a_lost_revocation() {
    finds(Kind::Lost, &instead("event acme/crm/ann revoked", ""));
}

#[test]
fn a_missing_row() {
    finds(Kind::Disagree, &instead("row acme/primary/dee desk s4 live", ""));
    finds(Kind::Disagree, &instead("seat acme/crm/bob", ""));
}

#[test]
fn a_missing_event() {
    finds(Kind::Lost, &instead("event acme/primary/dee started s4", ""));
    finds(Kind::Disagree, &instead("event acme/primary/cid ended s3 CHECKED_IN", ""));
}

#[test]
fn a_row_that_lives_after_its_end() {
    finds(Kind::Disagree, &instead("row acme/primary/ann desk s1 CHECKED_IN", "row acme/primary/ann desk s1 live"));
}

#[test]
fn a_seat_too_many_by_what_clients_know() {
    let more = and("17-18 acme/primary/eve out desk = lease s5\n19-20 acme/primary/fay out desk = lease s6");
    finds(Kind::OverLimit, &more);
    finds(Kind::OverLimit, &and("45-46 acme/crm/eve grant = done"));
}

#[test]
fn a_seat_too_many_by_the_audit() {
    finds(Kind::OverLimit, &and("event acme/primary/eve started s5"));
    finds(Kind::OverLimit, &and("event acme/crm/eve granted"));
}

#[test]
fn a_seat_too_many_by_the_rows() {
    finds(Kind::OverLimit, &and("row acme/primary/eve desk s5 live"));
    finds(Kind::OverLimit, &and("seat acme/crm/eve"));
}

#[test]
fn two_leases_that_only_may_overlap_pass() {
    // The check-out of cid was in flight while ann's session ended, so both orders are possible.
    passes(&instead("17-?  acme/primary/cid out desk = ?", "13-15 acme/primary/cid out desk = lease s3"));
}

#[test]
fn a_user_with_two_sessions_takes_one_seat() {
    let text = "
        limit acme/primary concurrent 1
        1-2 acme/primary/ann out desk = lease s1
        3-4 acme/primary/ann in s1 = ended CHECKED_IN
        5-6 acme/primary/ann out desk = lease s2
        event acme/primary/ann started s1
        event acme/primary/ann ended s1 CHECKED_IN
        event acme/primary/ann started s2
        row acme/primary/ann desk s2 live
        usage acme/primary 1
        listed s2";
    passes(text);
}

#[test]
fn a_session_that_lives_again() {
    finds(Kind::Resurrected, &and("45-46 acme/primary/ann beat s1 = kept"));
    finds(Kind::Resurrected, &and("45-46 acme/primary/ann out desk = renewed s1"));
    finds(Kind::Resurrected, &and("event acme/primary/ann renewed s1"));
    // The heartbeat was sent before the end was reported.
    passes(&and("12-46 acme/primary/ann beat s1 = kept"));
}

#[test]
fn what_was_repeated_for_a_client_without_its_knowledge() {
    let twice = |most| {
        let renewed = "event acme/primary/dee renewed s4\nevent acme/primary/bob renewed s2";
        and(&format!("{renewed}\nevent acme/primary/dee out-denied SEATS_EXHAUSTED\nrepeated {most}"))
    };
    passes(&twice(2));
    finds(Kind::Unasked, &twice(1));
    finds(Kind::Unasked, &and("event acme/primary/dee out-denied SEATS_EXHAUSTED"));
}

#[test]
fn what_nobody_asked_for() {
    finds(Kind::Unasked, &instead("17-?  acme/primary/cid out desk = ?", ""));
    finds(Kind::Unasked, &and("event acme/primary/dee renewed s4"));
    finds(Kind::Unasked, &and("event acme/primary/dee out-denied USER_BLOCKED"));
    finds(Kind::Unasked, &and("event acme/crm/bob revoked"));
    finds(Kind::Unasked, &instead("37-?  acme/crm/ann revoke = ?", "").replace("39-40 acme/crm/ann revoke = done", ""));
}

#[test]
fn a_reason_that_it_cannot_have() {
    let closed = instead("event acme/primary/cid ended s3 CHECKED_IN", "event acme/primary/cid ended s3 CLOSED");
    finds(Kind::WrongReason, &closed);
    finds(Kind::WrongReason, &instead("23-?  acme/primary/cid in s3 = ?", ""));
    let disagreement =
        instead("13-14 acme/primary/ann in s1 = ended CHECKED_IN", "13-14 acme/primary/ann in s1 = had-ended CLOSED");
    finds(Kind::Disagree, &disagreement);
}

#[test]
fn a_take_over() {
    let text = "
        limit acme/primary concurrent 1
        take-over acme
        1-2 acme/primary/ann out desk = lease s1
        3-4 acme/primary/ann out phone = lease s2
        event acme/primary/ann started s1
        event acme/primary/ann ended s1 TAKEN_OVER
        event acme/primary/ann started s2
        row acme/primary/ann phone s2 live
        usage acme/primary 1
        listed s2";
    passes(text);
    finds(Kind::WrongReason, &text.replace("take-over acme\n", ""));
    finds(Kind::Lost, &text.replace("event acme/primary/ann ended s1 TAKEN_OVER", ""));
    finds(Kind::Resurrected, &format!("{text}\n5-6 acme/primary/ann beat s1 = kept"));
}

#[test]
fn a_second_session() {
    let second = instead("event acme/primary/dee started s4", "event acme/primary/bob started s4");
    finds(Kind::SecondSession, &second.replace("acme/primary/dee", "acme/primary/bob"));
}

#[test]
fn a_lease_that_runs_out_early() {
    let text = "
        limit acme/primary concurrent 1
        lease acme 1000
        1-2 acme/primary/ann out desk = lease s1
        500-501 acme/primary/ann beat s1 = kept
        event acme/primary/ann started s1
        event acme/primary/ann ended s1 LEASE_EXPIRED @1500";
    passes(text);
    finds(Kind::EndedEarly, &text.replace("@1500", "@1100"));
    let expired = |at: u64| format!("{text}\n{at}-{at} acme/primary/ann beat s1 = had-ended LEASE_EXPIRED");
    passes(&expired(1_500));
    finds(Kind::EndedEarly, &expired(1_499));
    // After the lease has run out, the next user may have the seat, but not before.
    let other = "acme/primary/bob out desk = lease s2
        event acme/primary/bob started s2
        row acme/primary/bob desk s2 live
        usage acme/primary 1
        listed s2";
    passes(&format!("{text}\n1500-1501 {other}"));
    finds(Kind::OverLimit, &format!("{text}\n1300-1301 {other}"));
}

#[test]
fn a_denial_while_a_seat_was_free() {
    let free = instead("event acme/primary/bob started s2", "").replace(
        "event acme/primary/cid out-denied SEATS_EXHAUSTED",
        "event acme/primary/cid out-denied SEATS_EXHAUSTED\nevent acme/primary/bob started s2",
    );
    finds(Kind::FreeSeatDenied, &free);
}

#[test]
fn a_display_that_is_no_recount() {
    finds(Kind::Disagree, &instead("usage acme/primary 2", "usage acme/primary 1"));
    finds(Kind::Disagree, &instead("usage acme/crm 1", ""));
    finds(Kind::Disagree, &instead("listed s2", ""));
    finds(Kind::Disagree, &instead("listed s2", "listed s2\nlisted s9"));
}

#[test]
fn an_audit_that_makes_no_sense() {
    finds(Kind::Audit, &and("event acme/primary/dee started s4"));
    finds(Kind::Audit, &and("event acme/primary/ann ended s1 CHECKED_IN"));
    finds(Kind::Audit, &and("event acme/crm/bob granted"));
}

#[test]
fn an_answer_about_somebody_else() {
    finds(Kind::Odd, &and("45-46 acme/primary/eve out desk = odd"));
    finds(Kind::Odd, &and("45-46 acme/primary/dee out desk = lease s4"));
    // The session of one user is returned to another one.
    finds(
        Kind::Lost,
        &instead("25-26 acme/primary/dee out desk = lease s4", "25-26 acme/primary/eve out desk = lease s4"),
    );
}

#[test]
fn what_has_no_answer_may_have_happened_or_not() {
    passes(&and("45-? acme/primary/dee in s4 = ?\n47-? acme/crm/bob revoke = ?\n49-? acme/primary/eve out desk = ?"));
    // A reason that was forgotten in a crash.
    passes(&and("45-46 acme/primary/ann in s1 = had-ended UNKNOWN"));
    finds(Kind::Lost, &and("45-46 acme/primary/dee in s4 = had-ended UNKNOWN"));
}
