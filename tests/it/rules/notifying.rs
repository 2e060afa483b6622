//! Notifications (R34): limits exceeded, warning levels, ends of licenses; and their delivery.

use std::time::Duration;

use usher::ids::{LicenseId, PoolId, TenantId, UserId};
use usher::ledger::change::{Action, Actor, Changes, Limit, Plan};
use usher::ledger::command::{
    Command, CreateTenant, GrantSeats, Heartbeat, InstallLicense, LicenseGrant, Outcome, Request,
};
use usher::ledger::notification::Channels;
use usher::ledger::outcome::HeartbeatResult;
use usher::ledger::policy::Policy;
use usher::ledger::time::Moment;
use usher::ledger::{Config, Ledger};

use super::check;
use crate::support::ledger::{NOW, config, empty};
use crate::work::world::{login, session};

#[test]
fn r34_a_limit_that_is_exceeded() {
    check(
        "R34 a refused check-out raises one notification, until there is room again, and not more often than once a day",
        "
        server channels email webhook
        policy responsible_person boss@acme.example
        policy lease_ttl 0s
        policy max_session 100d
        pool primary concurrent 2
        grant primary to ann bob cid dee
        ann signs in to primary on laptop
        bob signs in to primary on laptop
        list notifications                          -> nothing
        audit
        - TenantUpdated (policy.responsible_person)
        - TenantUpdated (policy.lease_ttl)
        - TenantUpdated (policy.max_session)
        - LicenseInstalled (primary revision 1; primary 0 -> 2)
        - UserCreated ann (created by a grant)
        - SeatGranted ann in primary (all organizations)
        - UserCreated bob (created by a grant)
        - SeatGranted bob in primary (all organizations)
        - UserCreated cid (created by a grant)
        - SeatGranted cid in primary (all organizations)
        - UserCreated dee (created by a grant)
        - SeatGranted dee in primary (all organizations)
        - SessionStarted ann/laptop in primary
        - SessionStarted bob/laptop in primary
        cid could sign in to primary on laptop      -> no: SEATS_EXHAUSTED
        list notifications                          -> nothing
        cid signs in to primary on laptop           -> no: SEATS_EXHAUSTED
        notification exceeded/primary               -> open, 2/2, check-out, of cid, email pending, webhook pending
        dee signs in to primary on laptop           -> no: SEATS_EXHAUSTED
        after 25h
        dee signs in to primary on laptop           -> no: SEATS_EXHAUSTED
        notification exceeded/primary               -> open, raised 1d 1h ago, of cid
        checkin ann/laptop
        notification exceeded/primary               -> over, of cid
        ann signs in to primary on laptop
        dee signs in to primary on laptop           -> no: SEATS_EXHAUSTED
        notification exceeded/primary               -> open, raised 0s ago, of dee
        checkin ann/laptop
        ann signs in to primary on laptop
        after 23h 59m 59.999s
        cid signs in to primary on laptop           -> no: SEATS_EXHAUSTED
        notification exceeded/primary               -> over, of dee
        after 1ms
        cid signs in to primary on laptop           -> no: SEATS_EXHAUSTED
        notification exceeded/primary               -> open, raised 0s ago, of cid
        audit
        - CheckOutDenied cid in primary: SEATS_EXHAUSTED
        - NotificationRaised in primary (exceeded/primary: a check-out was refused, 2/2)
        - CheckOutDenied dee in primary: SEATS_EXHAUSTED
        - CheckOutDenied dee in primary: SEATS_EXHAUSTED x2
        - SessionEnded ann/laptop in primary: CHECKED_IN
        - NotificationCleared in primary (exceeded/primary: over)
        - SessionStarted ann/laptop in primary
        - NotificationRaised in primary (exceeded/primary: a check-out was refused, 2/2)
        - SessionEnded ann/laptop in primary: CHECKED_IN
        - NotificationCleared in primary (exceeded/primary: over)
        - SessionStarted ann/laptop in primary
        - CheckOutDenied cid in primary: SEATS_EXHAUSTED
        - NotificationRaised in primary (exceeded/primary: a check-out was refused, 2/2)
        ",
    );
    check(
        "R34 every refused grant raises a notification: grants, new users, unblocking",
        "
        server channels email
        policy responsible_person boss@acme.example
        pool crm named 1
        pool cms named 1
        pool web named 1
        grant crm cms web to ann
        grant crm to bob                            -> no: SEATS_EXHAUSTED
        user cid seats cms                          -> no: SEATS_EXHAUSTED
        user ann blocked
        grant web to bob
        user ann unblocked                          -> no: SEATS_EXHAUSTED
        notification exceeded/crm                   -> over, 1/1, grant, of bob, email pending
        notification exceeded/cms                   -> over, 1/1, grant, of cid
        notification exceeded/web                   -> open, 1/1, grant, of ann
        ",
    );
    check(
        "R34 a denial for another reason than want of seats raises none",
        "
        server channels email
        policy responsible_person boss@acme.example
        pool primary concurrent 1
        grant primary to ann
        bob signs in to primary on laptop           -> no: USER_NOT_FOUND
        user bob
        bob signs in to primary on laptop           -> no: SEAT_NOT_GRANTED
        ann signs in to primary on laptop
        ann signs in to primary on phone            -> no: ALREADY_SIGNED_IN
        list notifications                          -> nothing
        ",
    );
    check(
        "R34 a pool that nobody has used yet raises none: clients can make up names",
        "
        server demo_seats 0
        policy responsible_person boss@acme.example
        policy unknown_users ADMIT
        eve signs in to ghost on laptop             -> no: SEATS_EXHAUSTED
        list notifications                          -> nothing
        ",
    );
}

#[test]
fn r34_a_limit_that_shrank() {
    check(
        "R34 R14 a limit that shrank below its use raises a notification, whichever way it shrank",
        "
        server channels email
        policy responsible_person boss@acme.example
        policy lease_ttl 0s
        policy max_session 100d
        license base revision 1 gives primary concurrent 2, crm named 2, cms named 1, web named 1
        license more revision 1 gives primary concurrent 1 until 40d
        license cms revision 1 gives cms named 1
        license web revision 1 gives web named 1
        grant primary crm cms web to ann bob
        user cid seats primary
        ann signs in to primary on laptop
        bob signs in to primary on laptop
        cid signs in to primary on laptop
        license base revision 2 gives primary concurrent 2, crm named 1, cms named 1, web named 1
        list notifications                          -> exceeded/crm
        notification exceeded/crm                   -> open, 2/1, limit shrank
        bob signs in to crm on phone                -> no: SEAT_OVER_LIMIT
        list notifications                          -> exceeded/crm
        user dee
        after 40d
        sweep
        list notifications                          -> license-expired/more@1 exceeded/primary exceeded/crm
        notification exceeded/primary               -> open, 3/2, limit shrank
        license cms deleted
        notification exceeded/cms                   -> open, 2/1, limit shrank
        license web revoked
        notification exceeded/web                   -> open, 2/1, limit shrank
        licenses deleted
        list notifications                          -> exceeded/web exceeded/primary exceeded/cms exceeded/crm
        notification exceeded/crm                   -> over
        ",
    );
    check(
        "R34 a notification that comes too early is raised when a day is over, if it still holds",
        "
        server channels email
        policy responsible_person boss@acme.example
        pool crm named 2
        grant crm to ann bob
        pool crm named 1
        after 1h
        pool crm named 3
        notification exceeded/crm                   -> over, raised 1h ago
        after 1h
        pool crm named 1
        notification exceeded/crm                   -> over, raised 2h ago
        restart
        after 22h
        sweep
        notification exceeded/crm                   -> open, raised 0s ago, 2/1
        ",
    );
}

#[test]
fn r34_warnings() {
    check(
        "R34 warnings are off by default; switched on, each level raises one when it is reached",
        "
        server channels webhook
        pool primary concurrent 4
        grant primary to ann bob cid dee
        ann signs in to primary on laptop
        bob signs in to primary on laptop
        cid signs in to primary on laptop
        list notifications                          -> nothing
        policy warn_at_percent 75 90
        notification warning-75/primary             -> open, 3/4, level, webhook pending
        list notifications                          -> warning-75/primary
        dee signs in to primary on laptop
        notification warning-90/primary             -> open, 4/4, webhook pending
        checkin dee/laptop
        notification warning-90/primary             -> over
        notification warning-75/primary             -> open
        checkin cid/laptop
        notification warning-75/primary             -> over
        cid signs in to primary on laptop
        notification warning-75/primary             -> over
        policy lease_ttl 0s
        policy max_session 100d
        after 25h
        sweep
        cid signs in to primary on phone            -> yes
        dee signs in to primary on phone            -> yes
        ann signs in to primary on phone            -> yes
        notification warning-75/primary             -> open, raised 0s ago, 3/4
        policy warn_at_percent off
        list notifications                          -> nothing
        ",
    );
    check(
        "R34 of several levels that are reached at once, only the highest is sent",
        "
        server channels email
        policy responsible_person boss@acme.example
        policy warn_at_percent 75 90 95
        pool crm named 100
        pool crm named 1
        grant crm to ann
        notification warning-95/crm                 -> open, 1/1, email pending
        notification warning-90/crm                 -> open, 1/1, not sent
        notification warning-75/crm                 -> open, 1/1, not sent
        due by email                                -> warning-95/crm
        pool crm named unlimited
        notification warning-95/crm                 -> over
        notification warning-75/crm                 -> over
        ",
    );
    check(
        "R34 a limit of none has no levels",
        "
        server channels webhook
        policy warn_at_percent 75
        pool primary concurrent 0
        pool crm named unlimited
        grant primary crm to ann
        list notifications                          -> nothing
        ",
    );
}

#[test]
fn r34_the_end_of_a_license() {
    check(
        "R34 R31 the end of a license is notified 30, 7 and 1 day before, and when it has come",
        "
        server channels email
        policy responsible_person boss@acme.example
        license base revision 1 gives crm named 5 until 40d
        after 9d 23h 59m 59.999s
        sweep
        list notifications                          -> nothing
        after 1ms
        sweep
        notification license-expiring/base@1        -> open, 30 days before, ends in 30d, email pending
        after 22d 23h
        sweep
        notification license-expiring/base@1        -> open, raised 22d 23h ago, 30 days before
        after 1h
        sweep
        notification license-expiring/base@1        -> open, raised 0s ago, 7 days before, ends in 7d
        after 6d
        sweep
        notification license-expiring/base@1        -> open, 1 days before
        clock back 20d
        sweep
        notification license-expiring/base@1        -> open, 1 days before
        clock ahead 21d
        sweep
        list notifications                          -> license-expired/base@1
        license base revision 2 gives crm named 5 until 100d
        list notifications                          -> nothing
        audit
        - TenantUpdated (policy.responsible_person)
        - LicenseInstalled (base revision 1; crm 0 -> 5)
        - NotificationRaised (license-expiring/base@1: 30 days before its end) by usher
        - NotificationRaised (license-expiring/base@1: 7 days before its end) by usher
        - NotificationRaised (license-expiring/base@1: 1 day before its end) by usher
        - NotificationCleared (license-expiring/base@1: over) by usher
        - NotificationRaised (license-expired/base@1: it has ended) by usher
        - LicenseInstalled (base revision 2; crm 0 -> 5)
        - NotificationCleared (license-expired/base@1: over)
        ",
    );
    check(
        "R34 a license for a week raises one a day before its end: its owner knows the rest",
        "
        server channels email
        policy responsible_person boss@acme.example
        license base revision 1 gives crm named 5 until 7d
        notification license-expiring/base@1        -> open, 7 days before, not sent
        after 5d 23h 59m 59.999s
        sweep
        notification license-expiring/base@1        -> open, 7 days before, not sent
        after 1ms
        sweep
        notification license-expiring/base@1        -> open, 1 days before, email pending
        license base revoked
        list notifications                          -> nothing
        ",
    );
}

#[test]
fn r34_nobody_to_notify() {
    check(
        "R34 without a responsible person and without a webhook none is raised, until somebody is there",
        "
        server channels email
        pool crm named 1
        grant crm to ann
        grant crm to bob                            -> no: SEATS_EXHAUSTED
        list notifications                          -> nothing
        policy responsible_person boss@acme.example
        list notifications                          -> nothing
        grant crm to bob                            -> no: SEATS_EXHAUSTED
        notification exceeded/crm                   -> open, email pending
        tenant globex
        in globex
        list notifications                          -> nothing
        send exceeded/crm by email answered         -> nothing to send
        redeliver exceeded/crm                      -> refused: NOT_FOUND notification
        ",
    );
    check(
        "R34 without any channel it stands in the list, and nothing is sent",
        "
        policy responsible_person boss@acme.example
        pool crm named 1
        grant crm to ann
        grant crm to bob                            -> no: SEATS_EXHAUSTED
        notification exceeded/crm                   -> open, not sent
        redeliver exceeded/crm                      -> refused: NO_NOTIFICATION_CHANNEL
        ",
    );
}

/// The notification events after `sessions` logins reached a warning level, and one heartbeat for all came too late.
fn notifications_of_a_late_heartbeat(sessions: u64) -> Vec<Action> {
    let mut now = NOW;
    let channels = Channels { email: false, webhook: true };
    let mut ledger = empty(Config { channels, ..config(2) }, now);
    let mut out = Changes::default();
    let mut submit = |ledger: &mut Ledger, now: Moment, command: Command| {
        let request = Request { tenant: TenantId::stored("acme"), actor: Actor("login".into()), command };
        ledger.apply(request, now, &mut out)
    };
    let pool = || PoolId::stored("primary");
    let users: Vec<_> = (0..sessions).map(|no| UserId::stored(&format!("user{no:05}"))).collect();
    let policy = Policy { warn_at_percent: Box::new([50]), ..Policy::default() };
    submit(&mut ledger, now, CreateTenant { display_name: "".into(), contact: "".into(), policy }.into());
    let pools = vec![(pool(), Plan::Concurrent, Limit::Seats(sessions)).into()];
    let grant = LicenseGrant { revision: 1, pools, ..LicenseGrant::default() };
    submit(&mut ledger, now, InstallLicense { license: LicenseId::stored("l"), grant }.into());
    let seats = GrantSeats { pools: vec![pool()], users: users.clone(), organizations: Vec::new() };
    submit(&mut ledger, now, seats.into());
    for (no, user) in (0..).zip(users) {
        submit(&mut ledger, now, login(user, pool(), 0, no).into());
    }
    now = Moment::new(now.tick + Duration::from_secs(60 * 60), now.wall.plus(Duration::from_secs(60 * 60)));
    let heartbeats = (0..sessions).map(|no| (session(no), true)).collect();
    let answer = submit(&mut ledger, now, Heartbeat { heartbeats }.into());
    let Outcome::Heartbeat(heartbeats) = answer else { panic!("beats") };
    assert!(heartbeats.iter().all(|beat| matches!(beat, HeartbeatResult::Ended(Some(_)))), "all are late");
    ledger.tick(now, false, &mut out);
    let about = |action: &Action| matches!(action, Action::NotificationRaised | Action::NotificationCleared);
    out.events.iter().map(|event| event.action).filter(about).collect()
}

#[test]
fn r34_a_long_heartbeat_notifies_as_a_short_one_does() {
    for sessions in [150, 1_500] {
        let actions = notifications_of_a_late_heartbeat(sessions);
        assert_eq!(actions, [Action::NotificationRaised, Action::NotificationCleared], "{sessions} sessions");
    }
}
