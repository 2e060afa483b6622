//! Words for people, for what the contract has numbers for.

use prost_types::Timestamp;

use crate::proto::v1::{LicenseState, NoticeCode, Plan};

pub fn plan(plan: Plan) -> &'static str {
    match plan {
        Plan::Named => "named",
        Plan::Concurrent => "concurrent",
        Plan::Unspecified => "no plan",
    }
}

/// Of seats, or of anything else that can be without limit (R12).
pub fn limit(number: u64, unlimited: bool) -> String {
    if unlimited { "unlimited".into() } else { number.to_string() }
}

pub fn license_state(state: LicenseState) -> &'static str {
    match state {
        LicenseState::Unspecified => "not known",
        LicenseState::Demo => "none: demo mode",
        LicenseState::Valid => "in force",
        LicenseState::NotYetValid => "not yet valid",
        LicenseState::Expired => "expired",
    }
}

/// As the contract has it, without what all of its kind begin with.
pub fn notice(code: NoticeCode) -> &'static str {
    code.as_str_name().trim_start_matches("NOTICE_CODE_")
}

/// Whole seconds: `2027-12-31T23:59:59Z`.
pub fn time(at: Timestamp) -> String {
    Timestamp { nanos: 0, ..at }.to_string()
}

/// Nothing where it never was.
pub fn time_or(at: Option<Timestamp>, never: &str) -> String {
    at.map_or_else(|| never.to_owned(), time)
}

/// `1 seat`, `2 seats`.
pub fn count(number: u64, one: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {one}s") }
}
