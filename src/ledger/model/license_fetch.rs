//! Result of the last fetch of a license from the vendor's folder, and the time of the next one.

use std::time::Duration;

use super::license_floors::fingerprint;
use super::time::WallTime;
use crate::ids::TenantId;

/// Time between two fetches, without the [`spread`].
const FETCH_INTERVAL: Duration = Duration::from_secs(23 * 60 * 60);
/// Time until the next fetch, after one that did not reach the vendor.
const RETRY_DELAY: Duration = Duration::from_secs(60 * 60);
/// Time over which the fetches of a server's tenants are spread.
const FETCH_SPREAD: Duration = Duration::from_secs(60 * 60);
/// Length to which the text is cut, in characters.
const MAX_ERROR_CHARS: usize = 500;

/// Outcome of a fetch. The store contains the words: never change one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FetchOutcome {
    /// A license was found and installed.
    Installed,
    /// The license is not newer: it, or a higher revision, is or was installed.
    NotNewer,
    /// The vendor has no license for this tenant.
    Nothing,
    /// The document is no license for this tenant and installation, or installing it is refused.
    Refused,
    /// The vendor was not reached, or gave no valid answer.
    Failed,
}

impl FetchOutcome {
    pub const ALL: [FetchOutcome; 5] = [
        FetchOutcome::Installed,
        FetchOutcome::NotNewer,
        FetchOutcome::Nothing,
        FetchOutcome::Refused,
        FetchOutcome::Failed,
    ];

    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            FetchOutcome::Installed => "INSTALLED",
            FetchOutcome::NotNewer => "NOT_NEWER",
            FetchOutcome::Nothing => "NOTHING",
            FetchOutcome::Refused => "REFUSED",
            FetchOutcome::Failed => "FAILED",
        }
    }
}

/// A fetch of a license. The tenant's row has the last one, so that the license page shows it after a restart, too.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LicenseFetch {
    pub at: WallTime,
    pub outcome: FetchOutcome,
    /// Reason of a refusal, the same as of `InstallLicense`, such as `LICENSE_SIGNATURE`.
    pub reason: Box<str>,
    /// Text of the result, for people.
    pub text: Box<str>,
}

impl LicenseFetch {
    pub(in crate::ledger) fn new(at: WallTime, outcome: FetchOutcome, reason: &str, text: &str) -> Self {
        let text = text.chars().take(MAX_ERROR_CHARS).collect::<String>();
        Self { at, outcome, reason: reason.into(), text: text.into() }
    }

    /// True if the result is the same as of the fetch before.
    pub(in crate::ledger) fn repeats(&self, before: Option<&Self>) -> bool {
        before.is_some_and(|before| Self { at: self.at, ..before.clone() } == *self)
    }
}

/// True if it is time for the next fetch.
pub(in crate::ledger) fn is_due(last: Option<&LicenseFetch>, tenant: &TenantId, now: WallTime) -> bool {
    let Some(last) = last else { return true };
    let pause = if last.outcome == FetchOutcome::Failed { RETRY_DELAY } else { FETCH_INTERVAL };
    // A time in the future was recorded by a clock that has been set back since.
    last.at > now || now.since(last.at) >= pause + spread(tenant)
}

/// Delay of less than an hour, constant for a tenant, so that fetches of many tenants spread.
#[must_use]
pub fn spread(tenant: &TenantId) -> Duration {
    // Odd, with its bits spread out, so that similar hashes become very different.
    let hash = fingerprint(tenant.as_str()).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
    let max = u64::try_from(FETCH_SPREAD.as_millis()).unwrap_or(u64::MAX);
    Duration::from_millis((hash * max) >> 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: u64 = 60 * 60 * 1_000;

    #[test]
    fn a_look_is_due_once_a_day_and_again_in_an_hour_or_two_after_a_failure() {
        let acme = TenantId::stored("acme");
        let late = i64::try_from(spread(&acme).as_millis()).unwrap();
        let at = |hours: u64| WallTime(1_800_000_000_000 + (hours * HOUR).cast_signed());
        let last = |outcome| LicenseFetch::new(at(0), outcome, "", "");
        assert!(is_due(None, &acme, at(0)));
        for (outcome, pause) in [
            (FetchOutcome::Installed, 23),
            (FetchOutcome::NotNewer, 23),
            (FetchOutcome::Nothing, 23),
            (FetchOutcome::Refused, 23),
            (FetchOutcome::Failed, 1),
        ] {
            let (last, due) = (last(outcome), at(pause).0 + late);
            assert!(!is_due(Some(&last), &acme, at(0)));
            assert!(!is_due(Some(&last), &acme, WallTime(due - 1)), "{outcome:?}");
            assert!(is_due(Some(&last), &acme, WallTime(due)), "{outcome:?}");
            assert!(is_due(Some(&last), &acme, WallTime(at(0).0 - 1)), "the clock was set back");
        }
    }

    #[test]
    fn tenants_are_spread_over_an_hour() {
        let minutes: std::collections::BTreeSet<u64> =
            (0..2_000).map(|no| spread(&TenantId::stored(&format!("tenant-{no}"))).as_secs() / 60).collect();
        assert_eq!((minutes.first(), minutes.last(), minutes.len()), (Some(&0), Some(&59), 60));
    }
}
