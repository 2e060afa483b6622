//! Delivery of notifications (R34): answers, failures, pauses, dead letters.

use super::check;

/// A scenario of a full pool with a raised notification, followed by `rest`.
fn exceeded(rest: &str) -> String {
    let full = "
        server channels email webhook
        policy responsible_person boss@acme.example
        pool crm named 1
        grant crm to ann
        grant crm to bob                            -> no: SEATS_EXHAUSTED
        ";
    format!("{full}{rest}")
}

#[test]
fn r34_answers_and_failures() {
    check(
        "R34 what a receiver answered for is not sent again; each channel on its own",
        &exceeded(
            "
            due by email                            -> exceeded/crm
            due by webhook                          -> exceeded/crm
            send exceeded/crm by email answered     -> attempt 1
            due by email                            -> nothing
            due by webhook                          -> exceeded/crm
            send exceeded/crm by email answered     -> nothing to send
            restart
            after 30d
            due by email                            -> nothing
            notification exceeded/crm               -> open, email done after 1, webhook pending
            ",
        ),
    );
    check(
        "R34 a failed attempt is repeated after pauses that double, and given up after three days",
        &exceeded(
            "
            audit
            - TenantUpdated (policy.responsible_person)
            - LicenseInstalled (crm revision 1; crm 0 -> 1)
            - UserCreated ann (created by a grant)
            - SeatGranted ann in crm (all organizations)
            - SeatGranted bob in crm: SEATS_EXHAUSTED
            - NotificationRaised in crm (exceeded/crm: a grant was refused, 1/1)
            send exceeded/crm by email failed \"no route\"   -> attempt 1
            notification exceeded/crm               -> open, email pending after 1 (no route) in 1m
            send exceeded/crm by email answered     -> nothing to send
            after 2m
            send exceeded/crm by email failed \"no route\"   -> attempt 2
            notification exceeded/crm               -> open, email pending after 2 (no route) in 2m
            after 10h
            send exceeded/crm by email failed \"\"  -> attempt 3
            notification exceeded/crm               -> open, email pending after 3 in 4m
            after 2d 13h
            send exceeded/crm by email failed \"late\"       -> attempt 4
            notification exceeded/crm               -> open, email pending after 4 (late) in 8m
            after 50m
            send exceeded/crm by email failed \"last\"       -> attempt 5
            after 1h
            send exceeded/crm by email failed \"last\"       -> nothing to send
            notification exceeded/crm               -> open, email dead after 5 (last), webhook pending
            after 1d
            send exceeded/crm by webhook answered   -> nothing to send
            notification exceeded/crm               -> open, webhook dead (not sent in time)
            list notifications dead                 -> exceeded/crm
            list notifications done                 -> nothing
            audit
            - NotificationFailed in crm (exceeded/crm: email, attempt 1 failed: no route)
            - NotificationFailed in crm (exceeded/crm: email, attempt 2 failed: no route)
            - NotificationFailed in crm (exceeded/crm: email, attempt 3 failed: )
            - NotificationFailed in crm (exceeded/crm: email, attempt 4 failed: late)
            - NotificationFailed in crm (exceeded/crm: email, attempt 5 failed and is given up: last)
            - NotificationFailed in crm (exceeded/crm: webhook, attempt 0 failed and is given up: not sent in time)
            ",
        ),
    );
}

#[test]
fn r34_dead_letters_and_newer_ones() {
    check(
        "R34 what a receiver refuses for good is a dead letter, which can be sent again",
        &exceeded(
            "
            send exceeded/crm by webhook refused \"410 Gone\" -> attempt 1
            notification exceeded/crm               -> open, webhook dead after 1 (410 Gone), email pending
            due by webhook                          -> nothing
            redeliver exceeded/crm                  -> open, webhook pending, email pending
            due by webhook                          -> exceeded/crm
            send exceeded/crm by webhook answered   -> attempt 1
            send exceeded/crm by email answered     -> attempt 1
            redeliver exceeded/crm                  -> open, webhook pending, email pending
            ",
        ),
    );
    check(
        "R34 a delivery that was begun and whose end nobody knows is sent again",
        &exceeded(
            "
            send exceeded/crm by email lost         -> attempt 1, lost
            crash
            notification exceeded/crm               -> open, email under way after 1 in 10m
            due by email                            -> nothing
            after 9m 59.999s
            due by email                            -> nothing
            after 1ms
            due by email                            -> exceeded/crm
            send exceeded/crm by email answered     -> attempt 2
            ",
        ),
    );
    check(
        "R34 what is raised anew takes the place of what was not delivered",
        &exceeded(
            "
            send exceeded/crm by email failed \"no route\"   -> attempt 1
            revoke crm from ann
            grant crm to bob
            after 1d
            grant crm to ann                        -> no: SEATS_EXHAUSTED
            notification exceeded/crm               -> open, of ann, email pending, webhook pending
            tenant acme deleted
            send exceeded/crm by email answered     -> refused: NOT_FOUND tenant
            ",
        ),
    );
    check(
        "R34 without a responsible person any more an email is given up",
        &exceeded(
            "
            policy responsible_person \"\"
            send exceeded/crm by email answered     -> nothing to send
            notification exceeded/crm               -> open, email dead (this channel has no recipient)
            redeliver exceeded/crm                  -> open, webhook pending
            ",
        ),
    );
}
