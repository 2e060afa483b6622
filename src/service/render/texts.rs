//! Texts for people: one sentence for each denial and each notice, for the user at the login and for the administrator.
//! Programs read the reason.

use std::time::Duration;

use crate::ledger::change::{Limit, Plan};
use crate::ledger::outcome::{DenialReason, Notice, PoolUsage};

/// Returns the text of a denial. `usage`: usage of the pool that it concerns, if known, for a text that says more.
pub fn denial(reason: DenialReason, usage: Option<&PoolUsage>) -> String {
    match (reason, usage) {
        (DenialReason::PoolNotLicensed, Some(usage)) => {
            format!("The license has no seats in \"{}\". Contact your administrator.", usage.pool)
        }
        (DenialReason::SeatOverLimit, Some(usage)) => format!(
            "More seats are assigned than the license has ({}), and yours is one of the last. \
             Contact your administrator.",
            in_use(usage)
        ),
        (DenialReason::SeatsExhausted, Some(usage)) => exhausted(usage),
        _ => reason.text().to_owned(),
    }
}

fn exhausted(usage: &PoolUsage) -> String {
    let demo = if usage.demo { " in demo mode, without a license" } else { "" };
    let (state, advice) = match usage.plan {
        Plan::Named => ("assigned", "Contact your administrator."),
        Plan::Concurrent => ("in use", "Try again later, or contact your administrator."),
    };
    format!("All seats of \"{}\" are {state} ({}){demo}. {advice}", usage.pool, in_use(usage))
}

fn in_use(usage: &PoolUsage) -> String {
    match usage.limit {
        Limit::Seats(seats) => format!("{} of {seats}", usage.in_use),
        Limit::Unlimited => format!("{} of unlimited", usage.in_use),
    }
}

/// Returns the text of a notice. `pools`: the pools that it can concern.
pub fn notice(notice: Notice, pools: &[PoolUsage]) -> String {
    let text = match notice {
        Notice::LicenseExpired => "The license has expired: only administrators can sign in until it is renewed.",
        Notice::LicenseExpiring(left) => return expiring(left),
        Notice::OverLimit => return over_limits(pools),
        Notice::Overdraft => return overdrafts(pools),
        Notice::DemoMode => "No license is installed: this is demo mode, with a small number of seats.",
        Notice::ClockSuspect => {
            "The clock of the license server was set back: nobody can sign in, administrators included, until it is \
             right."
        }
    };
    text.to_owned()
}

fn over_limits(pools: &[PoolUsage]) -> String {
    let over = named(pools, |pool| pool.over > 0);
    format!("There are fewer seats than are taken in {over}: no new one is given there until there is room.")
}

fn overdrafts(pools: &[PoolUsage]) -> String {
    let above = named(pools, |pool| pool.overdraft_in_use > 0);
    format!("More seats than the limit are taken in {above}: the license allows it, and they may have to be paid for.")
}

/// The pools of which something holds, and their use.
fn named(pools: &[PoolUsage], holds: impl Fn(&PoolUsage) -> bool) -> String {
    /// Number of pools that the text names; a tenant can have a thousand.
    const MAX_NAMED: usize = 5;
    let those: Vec<String> = pools
        .iter()
        .filter(|pool| holds(pool))
        .map(|pool| {
            let state = if pool.plan == Plan::Named { "assigned" } else { "in use" };
            format!("\"{}\" ({} {state})", pool.pool, in_use(pool))
        })
        .collect();
    match those.len() {
        0..=MAX_NAMED => those.join(", "),
        many => format!("{} and {} more", those[..MAX_NAMED].join(", "), many - MAX_NAMED),
    }
}

fn expiring(left: Duration) -> String {
    match left.as_secs() / (24 * 60 * 60) {
        0 => "The license expires in less than a day.".to_owned(),
        1 => "The license expires in 1 day.".to_owned(),
        days => format!("The license expires in {days} days."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::PoolId;

    fn pool(plan: Plan, in_use: u64, seats: u64, demo: bool) -> PoolUsage {
        PoolUsage {
            in_use,
            over: in_use.saturating_sub(seats),
            granted: in_use,
            demo,
            ..PoolUsage::unused(PoolId::stored("crm"), plan, Limit::Seats(seats))
        }
    }

    #[test]
    fn a_denial_says_what_is_known_of_the_pool() {
        let check = |reason, usage: Option<PoolUsage>, text| assert_eq!(denial(reason, usage.as_ref()), text);
        check(DenialReason::UserBlocked, None, "This user is blocked. Contact your administrator.");
        check(
            DenialReason::UserBlocked,
            Some(pool(Plan::Named, 0, 0, false)),
            "This user is blocked. Contact your administrator.",
        );
        check(
            DenialReason::PoolNotLicensed,
            None,
            "The license has no seats of this kind. Contact your administrator.",
        );
        check(
            DenialReason::PoolNotLicensed,
            Some(pool(Plan::Named, 0, 0, false)),
            "The license has no seats in \"crm\". Contact your administrator.",
        );
        check(
            DenialReason::SeatOverLimit,
            Some(pool(Plan::Named, 5, 3, false)),
            "More seats are assigned than the license has (5 of 3), and yours is one of the last. \
             Contact your administrator.",
        );
    }

    #[test]
    fn exhausted_seats_are_counted_to_people() {
        let check = |usage: PoolUsage, text| assert_eq!(denial(DenialReason::SeatsExhausted, Some(&usage)), text);
        check(
            pool(Plan::Concurrent, 5, 5, false),
            "All seats of \"crm\" are in use (5 of 5). Try again later, or contact your administrator.",
        );
        check(
            pool(Plan::Named, 4, 3, false),
            "All seats of \"crm\" are assigned (4 of 3). Contact your administrator.",
        );
        check(
            pool(Plan::Concurrent, 2, 2, true),
            "All seats of \"crm\" are in use (2 of 2) in demo mode, without a license. \
             Try again later, or contact your administrator.",
        );
    }

    #[test]
    fn every_denial_is_a_text_of_its_own() {
        let texts: std::collections::BTreeSet<String> =
            DenialReason::ALL.into_iter().map(|reason| denial(reason, None)).collect();
        assert_eq!(texts.len(), DenialReason::ALL.len());
        assert!(texts.iter().all(|text| text.ends_with('.') && !text.contains("  ")), "{texts:?}");
    }

    #[test]
    fn every_notice_is_said_to_people() {
        let day = Duration::from_secs(24 * 60 * 60);
        let over = pool(Plan::Concurrent, 7, 5, false);
        let fits = PoolUsage { pool: PoolId::stored("primary"), ..pool(Plan::Named, 5, 5, false) };
        let check = |given, text| assert_eq!(notice(given, &[fits.clone(), over.clone()]), text);
        check(Notice::LicenseExpired, "The license has expired: only administrators can sign in until it is renewed.");
        check(Notice::LicenseExpiring(day / 2), "The license expires in less than a day.");
        check(Notice::LicenseExpiring(day), "The license expires in 1 day.");
        check(Notice::LicenseExpiring(day * 5 / 2), "The license expires in 2 days.");
        check(
            Notice::OverLimit,
            "There are fewer seats than are taken in \"crm\" (7 of 5 in use): no new one is given there until there is \
             room.",
        );
        let many = vec![pool(Plan::Named, 7, 5, false); 7];
        assert!(notice(Notice::OverLimit, &many).contains("\"crm\" (7 of 5 assigned) and 2 more: no new one"));
        check(Notice::DemoMode, "No license is installed: this is demo mode, with a small number of seats.");
        check(
            Notice::ClockSuspect,
            "The clock of the license server was set back: nobody can sign in, administrators included, until it is \
             right.",
        );
    }
}
