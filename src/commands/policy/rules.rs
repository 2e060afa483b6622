//! The options of `usher policy set`, each with the name of the contract's field.

use std::time::Duration;

use clap::Args;
use clap::builder::NonEmptyStringValueParser;

/// A new value, or the one that a tenant has at first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value<T> {
    Given(T),
    Default,
}

const DENY_TAKE_OVER: [&str; 3] = ["deny", "take-over", DEFAULT];
const DENY_RECLAIM: [&str; 3] = ["deny", "reclaim-idle", DEFAULT];
const REFUSE_ALLOW: [&str; 3] = ["refuse", "allow", DEFAULT];
const DENY_ADMIT: [&str; 3] = ["deny", "admit", DEFAULT];
const YES_NO: [&str; 3] = ["yes", "no", DEFAULT];

/// Stands for the value that a tenant has at first, with each option.
pub const DEFAULT: &str = "default";

#[derive(Debug, Args)]
#[command(next_help_heading = "Settings; default: as a new tenant has it")]
#[group(required = true, multiple = true)]
pub struct Rules {
    /// How long a session is held without a heartbeat; off: none is needed
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub lease_ttl: Option<Value<Duration>>,
    /// How long a session can last
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub max_session: Option<Value<Duration>>,
    /// After what time without activity a user is shown as away
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub away_after: Option<Value<Duration>>,
    /// After what time without activity a user is idle
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub idle_after: Option<Value<Duration>>,
    /// After what time without activity a session ends; off: never for that
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub idle_timeout: Option<Value<Duration>>,
    /// On how many devices a user may be signed in at once
    #[arg(long, value_name = "NUMBER", value_parser = number)]
    pub max_devices_per_user: Option<Value<u32>>,
    /// What becomes of a login on one device more
    #[arg(long, value_name = "WORD", value_parser = DENY_TAKE_OVER)]
    pub when_already_signed_in: Option<String>,
    /// What becomes of a login when a pool is full
    #[arg(long, value_name = "WORD", value_parser = DENY_RECLAIM)]
    pub when_full: Option<String>,
    /// Whether an administrator may close the session of a user who is working
    #[arg(long, value_name = "WORD", value_parser = REFUSE_ALLOW)]
    pub close_active: Option<String>,
    /// What becomes of a login of a user who is not known
    #[arg(long, value_name = "WORD", value_parser = DENY_ADMIT)]
    pub unknown_users: Option<String>,
    /// Whether administrators count in named pools
    #[arg(long, value_name = "WORD", value_parser = YES_NO)]
    pub administrators_count_in_named: Option<String>,
    /// Whether administrators count in concurrent pools
    #[arg(long, value_name = "WORD", value_parser = YES_NO)]
    pub administrators_count_in_concurrent: Option<String>,
    /// The email address that is told when a limit is exceeded, of a person or a group; default: nobody is told
    #[arg(long, value_name = "ADDRESS", value_parser = NonEmptyStringValueParser::new())]
    pub responsible_person: Option<String>,
    /// The smallest number of seats that a license request adds to a pool
    #[arg(long, value_name = "NUMBER", value_parser = number)]
    pub seat_request_step: Option<Value<u32>>,
    /// Shares of a limit at which the responsible person is warned: 75,90; default: none
    #[arg(long, value_name = "PERCENT,…", value_parser = percents)]
    pub warn_at_percent: Option<Value<Vec<u32>>>,
}

fn value<T>(text: &str, read: impl FnOnce(&str) -> Option<T>, such: &str) -> Result<Value<T>, String> {
    if text == DEFAULT {
        return Ok(Value::Default);
    }
    read(text).map(Value::Given).ok_or_else(|| format!("is not {such}, or the word {DEFAULT}"))
}

fn duration(text: &str) -> Result<Value<Duration>, String> {
    let read = |text: &str| match text {
        "0" | "off" => Some(Duration::ZERO),
        other => humantime::parse_duration(other).ok(),
    };
    value(text, read, "a duration such as 10m or 1h 30m")
}

fn number(text: &str) -> Result<Value<u32>, String> {
    value(text, |text| text.parse().ok(), "a number")
}

fn percents(text: &str) -> Result<Value<Vec<u32>>, String> {
    let read = |text: &str| text.split(',').map(|one| one.trim().parse().ok()).collect();
    value(text, read, "a list of percents such as 75,90,95")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_as_people_write_them() {
        assert_eq!(duration("1h 30m"), Ok(Value::Given(Duration::from_secs(5_400))));
        assert_eq!((duration("off"), duration("default")), (Ok(Value::Given(Duration::ZERO)), Ok(Value::Default)));
        assert_eq!((number("7"), percents("75, 90")), (Ok(Value::Given(7)), Ok(Value::Given(vec![75, 90]))));
        assert!(duration("ten").is_err() && number("-1").is_err() && percents("75,").is_err());
    }
}
