//! A text can fail: a sentence that cannot be parsed, or one that expects something else than what happens.

use super::judge;
use crate::conformance::Backend;

async fn fails(text: &str, says: &str) {
    let why = judge(text, Backend::sqlite()).await.expect_err("this text must fail");
    assert!(why.contains(says), "{why:?} does not say {says:?}");
}

#[tokio::test]
async fn a_sentence_that_is_not_understood_fails_with_its_line() {
    fails("# one\n\nann dances on ice", "line 3: ann dances on ice\n  is not understood: ").await;
    fails("the moon is full", "nothing is known about `the moon`").await;
    fails("the vendor sells 3 named seats of primary soon", "nothing is known about").await;
    fails("the vendor sells many named seats of primary", "`many` is no number of seats").await;
    fails("the vendor sells 3 rented seats of primary", "`rented` is no plan").await;
    fails("the policy says generosity 5", "the policy has no field `generosity`").await;
    fails("the policy says when_full PRAY", "`PRAY` is no value of it").await;
    fails("ann bob signs in to primary on laptop", "`signs` is said of one person").await;
    fails("p3..p1 are granted primary", "`p3..p1` are no people").await;
    fails("ann works on laptop", "ann did not sign in on laptop").await;
    fails("3 parsecs pass", "`3` is no length of time").await;
    fails("- ann", "belongs to no sentence").await;
    fails("the usage is", "an answer is asked for, and none is written here").await;
}

#[tokio::test]
async fn an_expectation_that_does_not_hold_fails_with_both() {
    let sold = "the vendor sells 1 named seat of crm -> crm 0 of 1\n";
    let expected = "line 2: ann bob are granted crm\n  expected:\n    - that it is done\n  happened:\n    - 1 of 2; no SEATS_EXHAUSTED: bob in crm";
    fails(&format!("{sold}ann bob are granted crm"), expected).await;
    fails(&format!("{sold}the usage is -> crm 1 of 1"), "- crm 1 of 1\n  happened:\n    - crm 0 of 1").await;
    fails(&format!("{sold}the users are\n- ann"), "expected:\n    - ann\n  happened:\n    - nobody").await;
    fails(&format!("{sold}the user ann is made\n  with seats in crm -> no: USER_BLOCKED"), "happened:\n    - yes")
        .await;
}
