//! A scenario can fail: a line that cannot be parsed, or an expectation that does not hold.

use super::{in_ledger, over_grpc};

/// Checks that a scenario fails with every interpreter, with this text in its message.
fn fails(scenario: &str, says: &str) {
    fails_with(in_ledger, scenario, says);
    fails_with(over_grpc, scenario, says);
}

fn fails_with(judge: fn(&str) -> Result<(), String>, scenario: &str, says: &str) {
    let why = judge(scenario).expect_err("this scenario must fail");
    assert!(why.contains(says), "{why:?} does not say {says:?}");
}

#[test]
fn a_line_that_cannot_be_read_fails() {
    fails("pool primary concurrent", "line 1: pool primary concurrent\n  cannot be read: here the line ends");
    fails("user ann\nann dances", "line 2: ann dances\n  cannot be read: `ann` begins no line");
    fails("pool primary concurrent many", "a limit: `many` is not a number");
    fails("pool primary rented 5", "`rented` is no plan");
    fails("license base revision 1 gives primary", "here the line ends, but a plan is missing");
    fails("license base revision 1 gives nothing tier wood", "`wood` is no tier");
    fails("license base revision 1 gives nothing colors red", "a license says nothing like `colors`");
    fails("licenses lost", "`deleted` is missing");
    fails("policy lease_ttl soon", "`soon` is no length of time");
    fails("policy lease_ttl 1.5h", "`1.5h` is no length of time");
    fails("policy generosity 5", "the policy has no field `generosity`");
    fails("policy when_full PRAY", "`PRAY` is no value of it");
    fails("user ann blocked for ever", "nothing is known about [\"for\", \"ever\"]");
    fails("organization north \"North", "a quote is not closed");
    fails("show ann", "a question needs an answer");
    fails("user ann\n- UserCreated ann", "rows stand below `audit`, `sessions` and `directory`");
    fails("sessions -> nobody", "the answer stands in rows below");
    fails("grant primary to p3..p1", "`p3..p1` are no users");
    fails("heartbeat ann/laptop -> kept", "no session is called ann/laptop");
}

#[test]
fn an_expectation_that_does_not_hold_fails() {
    let live = "pool primary concurrent 1\ngrant primary to ann bob\nann signs in to primary on laptop\n";
    let expected = |line: &str, says: &str| fails(&format!("{live}{line}"), says);
    expected("bob signs in to primary on desk", "expected: that it succeeds\n  happened: no: SEATS_EXHAUSTED");
    expected("bob signs in to primary on desk -> yes", "line 4: bob signs in to primary on desk -> yes");
    expected("bob signs in to primary on desk -> no: USER_BLOCKED", "expected: no: USER_BLOCKED");
    expected(
        "bob signs in to primary on desk -> no: SEATS_EXHAUSTED, retry 9m",
        "happened: no: SEATS_EXHAUSTED, retry 10m",
    );
    // A line must name the required facts of an answer.
    expected("ann signs in to primary on laptop -> yes", "happened: yes, renewed");
    expected("pool primary concurrent 0\nusage primary -> 1/0", "happened: 1/0, over 1");
    expected("heartbeat ann/laptop, ann/laptop -> kept", "happened: kept");
    expected("list sessions first 1 -> nobody", "happened: ann/laptop");
    expected("pools -> primary 0/1", "happened: primary 1/1");
    expected("sessions", "expected:\n  happened:\n    - ann/laptop in primary: Active, idle 0s, started 0s ago");
    expected("grant primary to p1..p3 -> 2 times yes", "happened: yes, at all");
}

#[test]
fn steps_of_one_interpreter_fail_as_well() {
    let audit = "pool primary concurrent 1\naudit\n- UserCreated ann";
    fails_with(in_ledger, audit, "happened:\n    - LicenseInstalled (primary revision 1; primary 0 -> 1)");
    let directory = "pool primary concurrent 1\ndirectory lists ann with primary";
    fails_with(over_grpc, directory, "expected:\n  happened:\n    - ann created");
    fails_with(in_ledger, directory, "only the other interpreter can do this");
}
