//! Dates of licenses under a wrong wall clock (R31).

use super::check;

#[test]
fn r31_the_clock() {
    check(
        "R31 turning the clock back revives no license; only where it would have, the clock is suspect",
        "
        license short revision 1 gives crm named 5 until 2d
        license long revision 1 gives cms named 5 until 10d
        user root administrator seats crm
        grant crm cms to ann
        after 5d
        sweep
        ann signs in to crm on laptop               -> no: LICENSE_EXPIRED
        clock back 1d
        ann signs in to crm on laptop               -> no: LICENSE_EXPIRED
        root signs in to crm on desk                -> yes, notice LICENSE_EXPIRED
        clock back 2d
        ann signs in to crm on laptop               -> no: LICENSE_EXPIRED
        clock back 1ms
        ann signs in to crm on laptop               -> no: CLOCK_SUSPECT
        root signs in to crm on desk                -> no: CLOCK_SUSPECT
        grant crm to bob                            -> no: CLOCK_SUSPECT
        ann signs in to cms on laptop               -> yes
        crash
        ann signs in to crm on laptop               -> no: CLOCK_SUSPECT
        clock ahead 3d
        ann signs in to crm on laptop               -> no: LICENSE_EXPIRED
        ",
    );
    check(
        "R31 usage says what a check-out says: that nobody passes, administrators included",
        "
        pool crm named 5 until 2d
        user root administrator seats crm
        after 5d
        sweep
        usage                                       -> license expired, notice LICENSE_EXPIRED
        root signs in to crm on desk                -> yes, notice LICENSE_EXPIRED
        clock back 3d 1ms
        root signs in to crm on desk                -> no: CLOCK_SUSPECT
        usage                                       -> license expired, notice CLOCK_SUSPECT
        clock ahead 3d 1ms
        usage                                       -> license expired, notice LICENSE_EXPIRED
        ",
    );
    check(
        "R31 a clock set back gains a tenth of the time: nine tenths count, from the mark on",
        "
        pool crm named 5 until 10d
        grant crm to ann
        after 5d
        sweep
        clock back 3d
        ann signs in to crm on laptop               -> yes
        after 3d
        sweep
        crash
        after 2d 13h 19m 59.999s
        ann signs in to crm on laptop               -> yes
        after 1ms
        ann signs in to crm on laptop               -> no: CLOCK_SUSPECT
        after 2d 10h 39m 59.999s
        ann signs in to crm on laptop               -> no: CLOCK_SUSPECT
        after 1ms
        ann signs in to crm on laptop               -> no: LICENSE_EXPIRED
        ",
    );
    check(
        "R31 turning the clock back makes no license not yet valid",
        "
        pool crm named 5
        grant crm to ann
        pool crm named 5 from 2d
        ann signs in to crm on laptop               -> no: LICENSE_NOT_YET_VALID
        after 3d
        sweep
        ann signs in to crm on laptop               -> yes
        clock back 2d
        ann signs in to crm on laptop               -> yes, renewed
        ",
    );
    check(
        "R31 a clock that jumps ahead ends licenses while it lasts, not when it is corrected",
        "
        pool crm named 5 until 100d
        grant crm to ann
        after 1h
        clock ahead 200d
        sweep
        ann signs in to crm on laptop               -> no: LICENSE_EXPIRED
        usage                                       -> license expired
        after 1h
        clock back 200d
        ann signs in to crm on laptop               -> yes
        usage                                       -> license in force
        crash
        ann signs in to crm on laptop               -> yes, renewed
        ",
    );
    check(
        "R31 durations do not feel the wall clock, forward or back",
        "
        pool primary concurrent 1
        grant primary to ann bob
        ann signs in to primary on laptop
        clock ahead 30d
        sweep
        heartbeat ann/laptop                        -> kept, remaining 10h
        show ann                                    -> Active
        clock back 60d
        sweep
        heartbeat ann/laptop                        -> kept, remaining 10h
        bob signs in to primary on laptop           -> no: SEATS_EXHAUSTED, retry 10m
        clock ahead 30d
        after 6m
        show ann                                    -> Away, active 6m ago, signed in 6m ago
        after 4m
        sweep
        heartbeat ann/laptop                        -> ended: LEASE_EXPIRED
        ",
    );
    check(
        "R31 times that people read are kept as they were, whatever the clock is set to; statuses go by time itself",
        "
        policy responsible_person boss@acme.example
        license base revision 1 gives primary concurrent 1
        grant primary to ann bob cid
        ann signs in to primary on laptop
        bob signs in to primary on laptop           -> no: SEATS_EXHAUSTED
        after 4m
        clock ahead 8h
        show ann                                    -> Active, active 8h 4m ago, signed in 8h 4m ago
        license base                                -> in force, installed 8h 4m ago
        information                                 -> license in force, updated 8h 4m ago
        notification exceeded/primary               -> open, raised 8h 4m ago
        checkin ann/laptop
        crash
        after 1m
        show ann                                    -> Inactive, active 8h 5m ago, signed in 8h 5m ago
        bob signs in to primary on laptop           -> yes
        clock back 8h
        after 1m
        show ann                                    -> Inactive, active 6m ago, signed in 6m ago
        heartbeat ann/laptop                        -> ended: CHECKED_IN
        restart
        license base                                -> in force, installed 6m ago
        clock ahead 8h
        after 1m
        show bob                                    -> Active, active 2m ago, signed in 2m ago
        clock back 24h
        clock ahead 16h
        after 1m
        show ann                                    -> Inactive, active 8m ago, signed in 8m ago
        ",
    );
    check(
        "R31 a clock that ran ahead of itself for an hour leaves a day, which ten days absorb",
        "
        pool crm named 5 until 30h
        grant crm to ann
        clock ahead 400d
        after 1h
        sweep
        clock back 400d
        ann signs in to crm on laptop               -> yes, notice LICENSE_EXPIRING in 6h
        after 6h 39m 59.999s
        ann signs in to crm on laptop               -> yes
        after 1ms
        ann signs in to crm on laptop               -> no: CLOCK_SUSPECT
        pool crm named 5 until 31h                  -> yes, changed, in force, crm from 0 to 5
        ann signs in to crm on laptop               -> yes, renewed
        pool crm named 5 until 20d
        after 9d 7h 19m 59.999s
        sweep
        information                                 -> license in force, last ends 10d 9h 1ms
        after 1ms
        information                                 -> license in force, last ends 10d 9h
        after 1d
        information                                 -> license in force, last ends 9d 9h
        ",
    );
    check(
        "R31 a mark that ran ahead refuses what it has expired, and takes a later revision",
        "
        clock ahead 400d
        after 1h
        sweep
        clock back 400d
        license base revision 1 gives crm named 5 until 24h -> refused: LICENSE_EXPIRED
        license base revision 1 gives crm named 5 until 24h 1ms -> yes, in force
        after 1d
        license base                                -> expired
        license base revision 2 gives crm named 5   -> yes, in force
        ",
    );
}
