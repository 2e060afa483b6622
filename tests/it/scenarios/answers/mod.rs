//! Answers of the ledger, in the words in which a scenario expects them.
//!
//! The required facts of an answer come first (`yes, renewed`; `no: SEATS_EXHAUSTED`; `1/2, over 1`): a line must name
//! them. The others (`at north`, `retry 10m`, `active 1`) are compared only where a line names them.

pub mod licenses;
pub mod notifications;

use std::collections::BTreeMap;

use usher::ids::{OrganizationId, SessionId};
use usher::ledger::change::{AuditEvent, BlockCause, Limit, Plan, Reason};
use usher::ledger::command::Outcome;
use usher::ledger::notification::Topic;
use usher::ledger::outcome::{
    CheckedIn, CheckedOut, Denial, DenialReason, Done, Granted, HeartbeatResult, Lease, Notice, PoolUsage, Refusal,
    Revoked, SeatView, SessionEndReason, SessionView, TenantUsage, UserView,
};
use usher::ledger::time::{Moment, WallTime};
use usher::proto::v1;

use crate::scenarios::language::{length, sync};

/// The names of sessions in a scenario.
pub type Names = BTreeMap<SessionId, String>;

#[derive(Debug, Default)]
pub struct Answer {
    pub must: Vec<String>,
    pub may: Vec<String>,
    /// True for a "yes", which a line without `->` expects.
    pub success: bool,
}

impl Answer {
    pub fn yes(word: &str) -> Self {
        Self { must: vec![word.into()], may: Vec::new(), success: true }
    }

    pub fn no(what: String) -> Self {
        Self { must: vec![what], may: Vec::new(), success: false }
    }

    pub fn and(mut self, facts: impl IntoIterator<Item = String>) -> Self {
        self.may.extend(facts);
        self
    }

    pub fn text(&self) -> String {
        self.must.iter().chain(&self.may).map(String::as_str).collect::<Vec<_>>().join(", ")
    }

    /// Returns whether the answer has every fact that the line names, and the line names every required fact.
    pub fn fits(&self, expected: &str) -> bool {
        let expected: Vec<&str> = expected.split(',').map(str::trim).collect();
        let known = |fact: &&str| self.must.iter().chain(&self.may).any(|known| known == fact);
        let named = |fact: &String| expected.contains(&fact.as_str());
        expected.iter().all(known) && self.must.iter().all(named)
    }
}

/// The answers of a command, one for each item of a batch.
pub fn answers(outcome: &Outcome, names: &Names, now: Moment) -> Vec<Answer> {
    match outcome {
        Outcome::CheckOut(Ok(answer)) => vec![checked_out(answer, names)],
        Outcome::CheckOut(Err(refusal)) => vec![refused(refusal)],
        Outcome::CheckIn(answer) => vec![checked_in(*answer)],
        Outcome::Heartbeat(heartbeats) => heartbeats.iter().map(|answer| beat(answer, now.wall)).collect(),
        Outcome::GrantSeats(grants) => grants.iter().map(|grant| done(grant, granted)).collect(),
        Outcome::RevokeSeats(revoked) => revoked
            .iter()
            .map(|one| done(one, |one| Answer::yes("yes").and(left(one)).and(usage_facts(&one.usage))))
            .collect(),
        Outcome::CloseSession(answer) => vec![done(answer, |answer| checked_in(*answer))],
        Outcome::CloseIdle(answer) => vec![done(answer, |closed| Answer::yes(&sessions(&closed.sessions, names)))],
        Outcome::CreateUser(answer) | Outcome::UnblockUser(answer) => {
            vec![done(answer, |(user, usage)| decided(user.as_ref().map(|_| ())).and(usage.iter().flat_map(level)))]
        }
        Outcome::CreateTenant(answer) | Outcome::UpdateTenant(answer) | Outcome::SuspendTenant(answer) => {
            vec![plain(answer)]
        }
        Outcome::DeleteTenant(answer) | Outcome::DeleteUser(answer) | Outcome::DeleteOrganization(answer) => {
            vec![plain(answer)]
        }
        Outcome::UpdateUser(answer) | Outcome::RenameUser(answer) | Outcome::BlockUser(answer) => vec![plain(answer)],
        Outcome::SyncUsers(answer) => sync::synced(answer),
        Outcome::ActivateUsers(answer) => sync::activated(answer),
        Outcome::BlockUnlisted(answer) => sync::blocked(answer),
        Outcome::CreateOrganization(answer) | Outcome::UpdateOrganization(answer) => vec![plain(answer)],
        Outcome::InstallLicense(answer)
        | Outcome::DeleteLicense(answer)
        | Outcome::DeleteLicenses(answer)
        | Outcome::RevokeLicense(answer) => vec![licenses::changed(answer)],
        Outcome::BeginDelivery(answer) => vec![plain(answer)],
        Outcome::EndDelivery(answer) => vec![plain(answer)],
        Outcome::RedeliverNotification(answer) => vec![done(answer, |view| notifications::shown(view, now))],
        other => unreachable!("no scenario has a sentence for {other:?}"),
    }
}

pub fn done<T>(answer: &Done<T>, say: impl FnOnce(&T) -> Answer) -> Answer {
    match answer {
        Ok(answer) => say(answer),
        Err(refusal) => refused(refusal),
    }
}

fn plain<T>(answer: &Done<T>) -> Answer {
    done(answer, |_| Answer::yes("yes"))
}

pub fn refused(refusal: &Refusal) -> Answer {
    Answer::no(match refusal {
        Refusal::NotFound { kind, .. } => format!("refused: NOT_FOUND {kind}"),
        Refusal::AlreadyExists { kind, .. } => format!("refused: ALREADY_EXISTS {kind}"),
        Refusal::Precondition { reason, .. } => format!("refused: {reason}"),
        Refusal::Invalid { field, .. } => format!("refused: INVALID {field}"),
        Refusal::StaleEtag => "refused: STALE_ETAG".into(),
        Refusal::TooOften { .. } => "refused: TOO_OFTEN".into(),
    })
}

fn decided(decision: Result<(), &Denial>) -> Answer {
    match decision {
        Ok(()) => Answer::yes("yes"),
        Err(denial) => {
            let retry = denial.retry_after.map_or("no retry".into(), |wait| format!("retry {}", length(wait)));
            Answer::no(format!("no: {}", denied(denial.reason))).and([retry])
        }
    }
}

fn checked_out(answer: &CheckedOut, names: &Names) -> Answer {
    let said = match &answer.decision {
        Ok(lease) => {
            let mut said = Answer::yes("yes");
            said.must.extend(lease.renewed.then(|| "renewed".to_owned()));
            said.and(of_lease(lease)).and([format!("in {}", lease.pool)])
        }
        Err(denial) => {
            let own = denial.own_sessions.iter().map(|session| format!("own {}", name(session.id, names)));
            let others = denial.alternatives.iter().map(|(pool, reason)| format!("{pool} {}", denied(*reason)));
            decided(Err(denial)).and(own).and(others)
        }
    };
    said.and(notices(&answer.notices)).and(answer.usage.iter().flat_map(usage_facts))
}

fn of_lease(lease: &Lease) -> [String; 5] {
    [
        format!("at {}", lease.organization.as_ref().map_or("none", OrganizationId::as_str)),
        lease.ttl.map_or("no lease".into(), |ttl| format!("lease {}", length(ttl))),
        lease.heartbeat_interval.map_or("no heartbeat".into(), |every| format!("heartbeat {}", length(every))),
        format!("remaining {}", length(lease.remaining)),
        lease.idle_timeout.map_or("no idle end".into(), |left| format!("idle end in {}", length(left))),
    ]
}

fn checked_in(answer: CheckedIn) -> Answer {
    match (answer.ended_now, answer.reason) {
        (true, reason) => Answer::yes(&format!("ended: {}", ended(reason))),
        (false, reason) => Answer::no(format!("had ended: {}", ended(reason))),
    }
}

fn beat(answer: &HeartbeatResult, now: WallTime) -> Answer {
    match answer {
        HeartbeatResult::Kept(lease) => Answer::yes("kept").and(of_lease(lease)),
        HeartbeatResult::Ended(None) => Answer::no("ended: UNKNOWN".into()),
        HeartbeatResult::Ended(Some((reason, at))) => {
            let ago = format!("ago {}", length(now.since(*at)));
            Answer::no(format!("ended: {}", ended(Some(*reason)))).and([ago])
        }
    }
}

fn granted(answer: &Granted) -> Answer {
    let said = match &answer.decision {
        Ok(seat) => Answer::yes("yes").and([format!("at {}", access(seat))]),
        Err(denial) => decided(Err(denial)),
    };
    said.and(answer.usage.iter().flat_map(usage_facts))
}

/// The rest of a seat after a revocation.
fn left(revoked: &Revoked) -> [String; 2] {
    let left = revoked.seat.as_ref().map_or("no seat".into(), |seat| format!("at {}", access(seat)));
    [left, if revoked.revoked_now { "taken" } else { "nothing taken" }.into()]
}

/// The name of the contract, such as `SEATS_EXHAUSTED`.
pub fn denied(reason: DenialReason) -> &'static str {
    let reason = v1::DenialReason::try_from(i32::from(reason.code())).expect("a reason of the contract");
    reason.as_str_name().trim_start_matches("DENIAL_REASON_")
}

pub fn ended(reason: Option<SessionEndReason>) -> &'static str {
    match reason {
        None => "UNKNOWN",
        Some(SessionEndReason::CheckedIn) => "CHECKED_IN",
        Some(SessionEndReason::LeaseExpired) => "LEASE_EXPIRED",
        Some(SessionEndReason::MaxDuration) => "MAX_DURATION",
        Some(SessionEndReason::IdleTimeout) => "IDLE_TIMEOUT",
        Some(SessionEndReason::Closed) => "CLOSED",
        Some(SessionEndReason::TakenOver) => "TAKEN_OVER",
        Some(SessionEndReason::Reclaimed) => "RECLAIMED",
        Some(SessionEndReason::UserDeleted) => "USER_DELETED",
        Some(SessionEndReason::TenantRemoved) => "TENANT_REMOVED",
        Some(SessionEndReason::Moved) => "MOVED",
    }
}

fn notices(notices: &[Notice]) -> Vec<String> {
    if notices.is_empty() {
        return vec!["no notice".into()];
    }
    let say = |notice: &Notice| match notice {
        Notice::LicenseExpired => vec!["notice LICENSE_EXPIRED".to_owned()],
        Notice::LicenseExpiring(left) => {
            vec!["notice LICENSE_EXPIRING".to_owned(), format!("notice LICENSE_EXPIRING in {}", length(*left))]
        }
        Notice::OverLimit => vec!["notice OVER_LIMIT".to_owned()],
        Notice::Overdraft => vec!["notice OVERDRAFT".to_owned()],
        Notice::DemoMode => vec!["notice DEMO_MODE".to_owned()],
        Notice::ClockSuspect => vec!["notice CLOCK_SUSPECT".to_owned()],
    };
    let number = if notices.len() == 1 { "1 notice".to_owned() } else { format!("{} notices", notices.len()) };
    notices.iter().flat_map(say).chain([number]).collect()
}

pub fn level(usage: &PoolUsage) -> Vec<String> {
    let limit = match usage.limit {
        Limit::Seats(seats) => seats.to_string(),
        Limit::Unlimited => "unlimited".into(),
    };
    let over = (usage.over > 0).then(|| format!("over {}", usage.over));
    [Some(format!("{}/{limit}", usage.in_use)), over].into_iter().flatten().collect()
}

fn usage_facts(usage: &PoolUsage) -> Vec<String> {
    let plan = if usage.plan == Plan::Named { "named" } else { "concurrent" };
    let license = if usage.demo { "demo" } else { "licensed" };
    let counts = [
        format!("active {}", usage.active),
        format!("idle {}", usage.idle),
        format!("granted {}", usage.granted),
        format!("{} free", usage.free),
        format!("overdraft {}/{}", usage.overdraft_in_use, usage.overdraft),
        plan.into(),
        license.into(),
    ];
    [level(usage), counts.to_vec()].concat()
}

/// The use of one pool among others: `crm 4/2 over 2 demo`.
pub fn of_pool(usage: &PoolUsage) -> String {
    let demo = usage.demo.then(|| "demo".to_owned());
    let parts = [vec![usage.pool.to_string()], level(usage), demo.into_iter().collect()];
    parts.concat().join(" ")
}

/// Answer of `pools`: every pool, by name.
pub fn pools(usage: &TenantUsage) -> Answer {
    let mut pools: Vec<String> = usage.pools.iter().map(of_pool).collect();
    pools.sort_unstable();
    if pools.is_empty() {
        pools.push("none".into());
    }
    Answer { must: pools, may: Vec::new(), success: true }
}

/// Answer of `usage primary`.
pub fn pool_usage(usage: &PoolUsage) -> Answer {
    Answer { must: level(usage), may: usage_facts(usage), success: true }
}

/// Answer of `usage`.
pub fn tenant_usage(usage: &TenantUsage) -> Answer {
    let users = &usage.users;
    Answer::yes(licenses::state(usage.license)).and(notices(&usage.notices)).and([
        format!("users {}", users.total),
        format!("active {}", users.active),
        format!("blocked {}", users.blocked),
        format!("administrators {}", users.administrators),
        format!("ordinary {}", users.active_ordinary),
        format!("access {}", users.with_access),
        format!("Active {}", users.status_active),
        format!("Idle {}", users.status_idle),
        format!("Inactive {}", users.status_inactive),
        format!("pools {}", usage.pools.len()),
    ])
}

fn access(seat: &SeatView) -> String {
    match &seat.organizations {
        None => "all".into(),
        Some(list) => list.iter().map(OrganizationId::as_str).collect::<Vec<_>>().join(" "),
    }
}

/// Answer of `show ann`.
pub fn user(user: &UserView, now: Moment) -> Answer {
    let seat = |seat: &SeatView| {
        let blocked = if seat.active { "" } else { " inactive" };
        let over = if seat.over_limit { " over limit" } else { "" };
        format!("seat {} at {}{blocked}{over}", seat.pool, access(seat))
    };
    let ago = |what: &str, at: Option<WallTime>| match at {
        Some(at) => format!("{what} {} ago", length(now.wall.since(at))),
        None => format!("{what} never"),
    };
    let organization = user.default_organization.as_ref().map_or("none", OrganizationId::as_str);
    let status = user.status.map_or("blank".into(), |status| format!("{status:?}"));
    let mut said = Answer::yes(&status).and([
        format!("at {organization}"),
        ago("signed in", user.last_sign_in),
        ago("active", user.last_activity),
        format!("seats {}", user.seats.len()),
        if user.administrator { "administrator" } else { "no administrator" }.into(),
        format!("version {}", user.version),
    ]);
    said.must.extend(user.blocked.map(|cause| match cause {
        BlockCause::Administrator => "blocked".into(),
        BlockCause::LicenseLimit => "blocked by the limit".into(),
        BlockCause::Directory => "blocked by the directory".into(),
    }));
    said.and(user.seats.iter().map(seat))
}

/// Topics of notifications, in their order.
pub fn topics<'a>(topics: impl Iterator<Item = &'a Topic>) -> String {
    let topics: Vec<String> = topics.map(Topic::to_string).collect();
    if topics.is_empty() { "nothing".into() } else { topics.join(" ") }
}

pub fn name(id: SessionId, names: &Names) -> String {
    names.get(&id).cloned().unwrap_or_else(|| format!("a session nobody started: {id}"))
}

pub fn sessions(list: &[SessionView], names: &Names) -> String {
    let names: Vec<String> = list.iter().map(|session| name(session.id, names)).collect();
    if names.is_empty() { "nobody".into() } else { names.join(" ") }
}

/// A row of `sessions`: `ann/laptop in primary at north: Active, idle 5m, started 1h ago`.
pub fn session(session: &SessionView, names: &Names, now: Moment) -> String {
    let at = session.organization.as_ref().map_or(String::new(), |organization| format!(" at {organization}"));
    let (name, started) = (name(session.id, names), length(now.wall.since(session.started)));
    let (pool, status, idle) = (&session.pool, session.status, length(session.idle));
    format!("{name} in {pool}{at}: {status:?}, idle {idle}, started {started} ago")
}

/// One audit event: action, subject, place, reason, count, and the actor if it is not the usual one.
pub fn event(event: &AuditEvent, names: &Names, usual: &str) -> String {
    let mut text = format!("{:?}", event.action);
    let subject = event.session.map(|id| name(id, names)).or(event.user.as_ref().map(ToString::to_string));
    text.extend(subject.map(|subject| format!(" {subject}")));
    text.extend(event.pool.as_ref().map(|pool| format!(" in {pool}")));
    text.extend(event.organization.as_ref().map(|organization| format!(" at {organization}")));
    text.extend((!event.detail.is_empty()).then(|| format!(" ({})", event.detail)));
    text.extend(event.reason.map(|reason| match reason {
        Reason::Denied(reason) => format!(": {}", denied(reason)),
        Reason::Ended(reason) => format!(": {}", ended(Some(reason))),
    }));
    text.extend((event.count != 1).then(|| format!(" x{}", event.count)));
    text.extend((&*event.actor.0 != usual).then(|| format!(" by {}", event.actor.0)));
    text
}
