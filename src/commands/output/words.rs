//! Words for people, in place of numbers and names of the contract.

use prost_types::{Duration, Timestamp};

use crate::proto::v1::{
    BlockCause, Denial, ItemError, LicenseState, NoticeCode, Plan, PoolUsage, Seat, SessionEndReason, User,
    UserIdWarning, UserState, UserStatus,
};

/// Name of a plan.
pub fn plan(plan: Plan) -> &'static str {
    match plan {
        Plan::Named => "named",
        Plan::Concurrent => "concurrent",
        Plan::Unspecified => "no plan",
    }
}

/// Formats a limit, of seats or of anything else that can be unlimited (R12).
pub fn limit(number: u64, unlimited: bool) -> String {
    if unlimited { "unlimited".into() } else { number.to_string() }
}

/// What is remarkable about the use of a pool; nothing, for most.
pub fn pool_remarks(pool: &PoolUsage) -> String {
    let over = (pool.over > 0).then(|| format!("over by {}", pool.over));
    let overdraft = (pool.overdraft > 0).then(|| format!("overdraft {} of {}", pool.overdraft_in_use, pool.overdraft));
    let demo = pool.demo.then(|| "demo".to_owned());
    [over, overdraft, demo].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// State of a tenant's licenses.
pub fn license_state(state: LicenseState) -> &'static str {
    match state {
        LicenseState::Unspecified => "not known",
        LicenseState::Demo => "none: demo mode",
        LicenseState::Valid => "in force",
        LicenseState::NotYetValid => "not yet valid",
        LicenseState::Expired => "expired",
    }
}

/// The name of the contract without its prefix.
pub fn notice(code: NoticeCode) -> &'static str {
    code.as_str_name().trim_start_matches("NOTICE_CODE_")
}

/// Formats a time to the second: `2027-12-31T23:59:59Z`.
pub fn time(at: Timestamp) -> String {
    Timestamp { nanos: 0, ..at }.to_string()
}

/// Formats a time; `never` if there is none.
pub fn time_or(at: Option<Timestamp>, never: &str) -> String {
    at.map_or_else(|| never.to_owned(), time)
}

/// Formats a duration in whole seconds, in its two largest units: `1h 30m`, `59m 59s`, `3d`.
pub fn length(duration: Duration) -> String {
    const UNITS: [(u64, &str); 4] = [(24 * 60 * 60, "d"), (60 * 60, "h"), (60, "m"), (1, "s")];
    let seconds = u64::try_from(duration.seconds).unwrap_or_default();
    let Some(first) = UNITS.iter().position(|(unit, _)| *unit <= seconds) else { return "0s".into() };
    let mut left = seconds;
    let mut parts = Vec::new();
    for (unit, name) in UNITS.iter().skip(first).take(2) {
        if left / unit > 0 {
            parts.push(format!("{}{name}", left / unit));
        }
        left %= unit;
    }
    parts.join(" ")
}

/// Formats a number with its noun: `1 seat`, `2 seats`.
pub fn count(number: u64, one: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {one}s") }
}

/// Full name of a user: `Ann Archer`.
pub fn name(user: &User) -> String {
    [&*user.given_name, &*user.family_name]
        .iter()
        .filter(|part| !part.is_empty())
        .copied()
        .collect::<Vec<_>>()
        .join(" ")
}

/// Warnings about the user's id (R2); empty for most.
pub fn user_id_warnings(user: &User) -> String {
    let words = user.user_id_warnings().filter_map(|warning| match warning {
        UserIdWarning::Unspecified => None,
        UserIdWarning::MixedScripts => Some("letters of several scripts"),
        UserIdWarning::NotFolded => Some("another user has this id after case folding"),
    });
    words.collect::<Vec<_>>().join(", ")
}

/// State of a user, and the cause of a block.
pub fn state(user: &User) -> String {
    let cause = match user.block_cause() {
        BlockCause::LicenseLimit => " (license limit)",
        BlockCause::Directory => " (directory)",
        BlockCause::Administrator | BlockCause::Unspecified => "",
    };
    match user.state() {
        UserState::Active => "active".into(),
        UserState::Blocked => format!("blocked{cause}"),
        UserState::Unspecified => String::new(),
    }
}

/// Status of a user; blank where access is off (R23).
pub fn status(status: UserStatus) -> &'static str {
    match status {
        UserStatus::Unspecified => "",
        UserStatus::Active => "active",
        UserStatus::Away => "away",
        UserStatus::Idle => "idle",
        UserStatus::Inactive => "inactive",
    }
}

/// A seat: its pool and its limitations.
pub fn seat(seat: &Seat) -> String {
    let over = if seat.over_limit { " (over the limit)" } else { "" };
    if seat.all_organizations {
        format!("{}{over}", seat.pool_id)
    } else {
        format!("{} at {}{over}", seat.pool_id, seat.organization_ids.join("+"))
    }
}

/// A denial: a sentence, and the reason as in the contract.
pub fn denial(denial: &Denial) -> String {
    let reason = denial.reason().as_str_name().trim_start_matches("DENIAL_REASON_");
    format!("{} ({reason})", denial.message)
}

/// The refusal of one item of several, like [`denial`].
pub fn refusal(no: &ItemError) -> String {
    format!("{} ({})", no.message, no.reason)
}

/// A value for `order_by`.
pub fn direction(by: &str, descending: bool) -> String {
    if descending { format!("{by} desc") } else { by.to_owned() }
}

/// Reason for the end of a session (R24).
pub fn end(reason: SessionEndReason) -> &'static str {
    match reason {
        SessionEndReason::Unspecified | SessionEndReason::Unknown => "not known",
        SessionEndReason::CheckedIn => "signed out",
        SessionEndReason::LeaseExpired => "no heartbeat",
        SessionEndReason::MaxDuration => "longest duration",
        SessionEndReason::IdleTimeout => "idle too long",
        SessionEndReason::Closed => "closed by an administrator",
        SessionEndReason::TakenOver => "signed in on another device",
        SessionEndReason::Reclaimed => "idle, and the seat was needed",
        SessionEndReason::UserDeleted => "user deleted",
        SessionEndReason::TenantRemoved => "tenant deleted",
        SessionEndReason::Moved => "moved to a pool that was preferred",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time() {
        let check = |seconds, expected| assert_eq!(length(Duration { seconds, nanos: 999 }), expected);
        check(0, "0s");
        check(-5, "0s");
        check(59, "59s");
        check(60, "1m");
        check(3_599, "59m 59s");
        check(5_400, "1h 30m");
        check(3_605, "1h");
        check(3 * 86_400 + 61, "3d");
    }
}
