//! C15: a load gives no second grace to the session of a client that is gone.

use super::check;

#[test]
fn c15_grace_is_given_once() {
    check(
        "C15 for a client that was silent for half of its lease, lease and grace count from its last sign",
        "
        pool primary concurrent 1
        grant primary to ann
        ann signs in to primary on laptop
        after 5m
        sweep
        after 3m
        crash
        after 2m 59.999s
        sweep
        usage primary                           -> 1/1
        after 1ms
        sweep
        usage primary                           -> 0/1
        ",
    );
    check(
        "C15 however often its shard is loaded",
        "
        pool primary concurrent 1
        grant primary to ann
        ann signs in to primary on laptop
        after 5m
        restart
        after 1m
        sweep
        restart
        after 1s
        crash
        after 4m 58.999s
        sweep
        usage primary                           -> 1/1
        after 1ms
        sweep
        usage primary                           -> 0/1
        ",
    );
    check(
        "C15 for a client that was silent for less, both begin with the load",
        "
        pool primary concurrent 1
        grant primary to ann
        ann signs in to primary on laptop
        after 4m 59.999s
        restart
        after 10m 59.999s
        sweep
        usage primary                           -> 1/1
        after 1ms
        sweep
        usage primary                           -> 0/1
        ",
    );
    check(
        "C15 for a client that was heard again, too: by a heartbeat, or by a check-out",
        "
        pool primary concurrent 2
        grant primary to ann bob
        ann signs in to primary on laptop
        bob signs in to primary on laptop
        after 6m
        sweep
        heartbeat ann/laptop                    -> kept
        bob signs in to primary on laptop       -> yes, renewed
        crash
        after 10m 59.999s
        sweep
        usage primary                           -> 2/2
        after 1ms
        sweep
        usage primary                           -> 0/2
        ",
    );
    check(
        "C15 heard after one load, it is not silent at the next one",
        "
        pool primary concurrent 1
        grant primary to ann
        ann signs in to primary on laptop
        after 6m
        restart
        after 1m
        heartbeat ann/laptop                    -> kept
        crash
        after 10m 59.999s
        sweep
        usage primary                           -> 1/1
        after 1ms
        sweep
        usage primary                           -> 0/1
        ",
    );
    check(
        "C15 where no heartbeat is needed, nobody is silent",
        "
        policy lease_ttl 0s
        pool primary concurrent 1
        grant primary to ann
        ann signs in to primary on laptop
        after 9h
        restart
        after 59m 59.999s
        sweep
        usage primary                           -> 1/1
        ",
    );
}
