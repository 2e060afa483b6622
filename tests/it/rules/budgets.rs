//! Budgets bound what callers can make grow: denials with an event of their own (R21), users admitted at login (guard
//! 4), redeliveries of notifications.

use std::time::Duration;

use usher::ids::{DeviceId, LicenseId, PoolId, SessionId, TenantId, TenantNo, UserId};
use usher::ledger::change::{Action, Actor, AuditEvent, Changes, Limit, Plan, Reason};
use usher::ledger::command::{
    CheckOut, Command, CreateTenant, InstallLicense, LicenseGrant, Outcome, RedeliverNotification, Request,
};
use usher::ledger::notification::{Channels, Topic};
use usher::ledger::outcome::{CheckedOut, DenialReason, Refusal};
use usher::ledger::policy::{Policy, UnknownUsers};
use usher::ledger::rates::{Rate, RateLimits};
use usher::ledger::time::Moment;
use usher::ledger::{Config, Ledger};

use crate::support::ledger::{NOW, config, empty};

const EACH: Duration = Duration::from_secs(1);

struct Budgeted {
    ledger: Ledger,
    now: Moment,
    changes: Changes,
}

impl Budgeted {
    /// Creates two tenants. Each budget allows two at once, and then one more each second; that of a tenant's
    /// redeliveries one in four seconds.
    fn new(unknown_users: UnknownUsers, seats: u64) -> Self {
        let rate = Rate { burst: 2, each: EACH };
        let rates = RateLimits {
            denials: rate,
            admissions: rate,
            redeliveries: Rate { burst: 2, each: 4 * EACH },
            redeliveries_of_one: rate,
            ..RateLimits::DEFAULT
        };
        let channels = Channels { email: false, webhook: true };
        let ledger = empty(Config { channels, rates, ..config(2) }, NOW);
        let mut this = Self { ledger, now: NOW, changes: Changes::default() };
        for tenant in ["acme", "other"] {
            let policy = Policy { unknown_users, ..Policy::default() };
            this.submit(tenant, CreateTenant { display_name: "".into(), contact: "".into(), policy });
            let pools = vec![(PoolId::stored("primary"), Plan::Concurrent, Limit::Seats(seats)).into()];
            let grant = LicenseGrant { revision: 1, pools, ..LicenseGrant::default() };
            this.submit(tenant, InstallLicense { license: LicenseId::stored("l"), grant });
        }
        this.changes = Changes::default();
        this
    }

    fn submit(&mut self, tenant: &str, command: impl Into<Command>) -> Outcome {
        let request =
            Request { tenant: TenantId::stored(tenant), actor: Actor("login".into()), command: command.into() };
        self.ledger.apply(request, self.now, &mut self.changes)
    }

    fn sign_in(&mut self, tenant: &str, user: u32) -> Result<CheckedOut, Refusal> {
        let outcome = self.submit(
            tenant,
            CheckOut {
                pool: PoolId::stored("primary"),
                user: UserId::stored(&format!("user{user}")),
                device: DeviceId::stored("laptop"),
                organization: None,
                client: "".into(),
                check_only: false,
                fresh: SessionId::random(),
                alternatives: Vec::new(),
            },
        );
        let Outcome::CheckOut(answer) = outcome else { unreachable!("the answer to CheckOut") };
        answer
    }

    fn later(&mut self, time: Duration) {
        (self.now.tick, self.now.wall) = (self.now.tick + time, self.now.wall.plus(time));
    }

    /// Writes the open counts, and returns the denials in the audit so far: user and count of the last state of each
    /// event.
    fn denials(&mut self, tenant: u32) -> Vec<(Option<String>, u32)> {
        self.ledger.tick(self.now, true, &mut self.changes);
        let mut last = std::collections::BTreeMap::new();
        let denied = |event: &&AuditEvent| event.action == Action::CheckOutDenied && event.tenant == TenantNo(tenant);
        for event in self.changes.events.iter().filter(denied) {
            assert_eq!(event.reason, Some(Reason::Denied(DenialReason::UserNotFound)));
            last.insert(event.no, (event.user.as_ref().map(ToString::to_string), event.count));
        }
        last.into_values().collect()
    }
}

#[test]
fn r21_denials_beyond_the_budget_are_summed_and_none_is_forgotten() {
    let mut this = Budgeted::new(UnknownUsers::Deny, 10);
    for user in 0..1_000 {
        let denied = this.sign_in("acme", user).expect("a decision").decision.expect_err("nobody knows them");
        assert_eq!(denied.reason, DenialReason::UserNotFound, "the answer is the same");
    }
    this.sign_in("acme", 0).expect("a decision").decision.unwrap_err();
    this.sign_in("other", 0).expect("a decision").decision.unwrap_err();
    let own = |user: u32, count| (Some(format!("user{user}")), count);
    assert_eq!(this.denials(1), [own(0, 2), own(1, 1), (None, 998)]);
    assert_eq!(this.denials(2), [own(0, 1)], "another tenant has a budget of its own");

    // A minute later there is a new sum, and budget for two events with a user.
    this.later(Duration::from_secs(60));
    (2_000..2_010).for_each(|user| drop(this.sign_in("acme", user)));
    assert_eq!(this.denials(1)[3..], [own(2_000, 1), own(2_001, 1), (None, 8)]);
    let events = this.changes.events.iter().filter(|event| event.user.is_none());
    assert!(events.clone().all(|event| event.actor == Actor::service()), "a sum is of nobody in particular");
    assert!(this.changes.events.len() < 20, "{}", this.changes.events.len());
}

#[test]
fn unknown_users_are_admitted_within_a_budget_and_others_are_not_concerned() {
    let mut this = Budgeted::new(UnknownUsers::Admit, 100);
    for user in 0..2 {
        this.sign_in("acme", user).expect("a decision").decision.expect("a lease");
    }
    let before = this.changes.rows.len() + this.changes.events.len();
    let Err(Refusal::TooOften { retry, .. }) = this.sign_in("acme", 2) else { panic!("admitted beyond the budget") };
    assert_eq!(retry, EACH);
    assert_eq!(this.changes.rows.len() + this.changes.events.len(), before, "nothing is written");
    this.sign_in("acme", 0).expect("a decision").decision.expect("who is known signs in");
    this.sign_in("other", 0).expect("a decision").decision.expect("another tenant has a budget of its own");
    this.later(EACH);
    this.sign_in("acme", 2).expect("a decision").decision.expect("admitted in time");
    assert!(this.sign_in("acme", 3).is_err());
}

#[test]
fn r34_notifications_are_delivered_again_within_a_budget() {
    let mut this = Budgeted::new(UnknownUsers::Admit, 0);
    let refused = this.sign_in("acme", 0).expect("a decision").decision;
    assert_eq!(refused.expect_err("no seat").reason, DenialReason::SeatsExhausted);
    let topic = Topic::Exceeded(PoolId::stored("primary"));
    let again = |this: &mut Budgeted| {
        use usher::ledger::command::{BeginDelivery, EndDelivery};
        use usher::ledger::notification::{Attempt, Channel};
        let row = this.changes.rows.iter().rev().find_map(|change| match change {
            usher::ledger::change::Change::PutNotification(row) => Some(row.clone()),
            _ => None,
        });
        let (event, channel) = (row.expect("a notification").event, Channel::Webhook);
        let Outcome::BeginDelivery(Ok(Some(begun))) =
            this.submit("acme", BeginDelivery { topic: topic.clone(), event, channel })
        else {
            panic!("nothing to deliver")
        };
        let end =
            EndDelivery { topic: topic.clone(), event, channel, attempt: begun.attempt, result: Attempt::Answered };
        this.submit("acme", end);
        let Outcome::RedeliverNotification(answer) =
            this.submit("acme", RedeliverNotification { topic: topic.clone() })
        else {
            unreachable!("the answer to RedeliverNotification")
        };
        answer.map(drop)
    };
    assert_eq!((again(&mut this), again(&mut this)), (Ok(()), Ok(())));
    let Err(Refusal::TooOften { retry, .. }) = again(&mut this) else { panic!("delivered without end") };
    assert!(retry >= EACH, "{retry:?}");

    // Redeliveries that the tenant's budget refuses do not consume the notification's own budget; the tenant gets one
    // more in four seconds.
    this.later(4 * EACH - Duration::from_millis(1));
    let redeliver = |this: &mut Budgeted| this.submit("acme", RedeliverNotification { topic: topic.clone() });
    for _ in 0..3 {
        let refused = redeliver(&mut this);
        assert!(matches!(refused, Outcome::RedeliverNotification(Err(Refusal::TooOften { .. }))), "{refused:?}");
    }
    this.later(Duration::from_millis(1));
    let redelivered = redeliver(&mut this);
    assert!(matches!(redelivered, Outcome::RedeliverNotification(Ok(_))), "{redelivered:?}");
}
