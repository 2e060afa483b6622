//! Counts the decisions about logins, for metrics, and logs them. A check-out with `check_only` is not a decision
//! (R20).

use std::sync::atomic::{AtomicU64, Ordering};

use super::names::denial_name;
use crate::ids::{PoolId, TenantId, UserId};
use crate::ledger::command::CheckOut;
use crate::ledger::outcome::{CheckedOut, DenialReason};

/// Numbers of check-outs that were granted, renewed (R16), and denied for each reason, since the process started.
#[derive(Debug, Default)]
pub struct Decisions {
    granted: AtomicU64,
    renewed: AtomicU64,
    denied: [AtomicU64; DenialReason::ALL.len()],
}

impl Decisions {
    /// Counts a decision.
    pub(super) fn count(&self, answer: &CheckedOut) {
        let counter = match &answer.decision {
            Ok(lease) if lease.renewed => &self.renewed,
            Ok(_) => &self.granted,
            Err(denial) => &self.denied[slot(denial.reason)],
        };
        // Relaxed: the counters do not order other memory accesses.
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// Returns the name (`GRANTED`, `RENEWED`, `SEATS_EXHAUSTED`, …) and the count of every decision; the names are
    /// always the same.
    pub fn counts(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let denied = DenialReason::ALL.into_iter().map(|reason| (denial_name(reason), &self.denied[slot(reason)]));
        [("GRANTED", &self.granted), ("RENEWED", &self.renewed)]
            .into_iter()
            .chain(denied)
            .map(|(name, counter)| (name, counter.load(Ordering::Relaxed)))
    }
}

/// The parts of a check-out for its log line; made only if the log target `usher::decisions` is enabled.
pub(super) struct DecisionLog {
    tenant: TenantId,
    pool: PoolId,
    user: UserId,
}

impl DecisionLog {
    /// Returns `None` unless the target `usher::decisions` is logged at debug.
    pub fn of(tenant: &TenantId, check_out: &CheckOut) -> Option<Self> {
        let heard = tracing::enabled!(target: "usher::decisions", tracing::Level::DEBUG);
        heard.then(|| Self { tenant: tenant.clone(), pool: check_out.pool.clone(), user: check_out.user.clone() })
    }

    pub fn log(&self, answer: &CheckedOut) {
        let decision = match &answer.decision {
            Ok(lease) if lease.renewed => "RENEWED",
            Ok(_) => "GRANTED",
            Err(denial) => denial_name(denial.reason),
        };
        let Self { tenant, pool, user } = self;
        tracing::debug!(target: "usher::decisions", decision, %tenant, %pool, %user, "check-out");
    }
}

/// Index of a reason: codes begin at 1 and have no gap.
fn slot(reason: DenialReason) -> usize {
    usize::from(reason.code()) - 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::outcome::Denial;

    #[test]
    fn every_denial_has_a_counter_of_its_own() {
        let decisions = Decisions::default();
        for reason in DenialReason::ALL {
            let decision = Err(Denial::because(reason));
            decisions.count(&CheckedOut { decision, usage: None, notices: Vec::new() });
        }
        let counts: Vec<_> = decisions.counts().collect();
        assert_eq!(counts[..2], [("GRANTED", 0), ("RENEWED", 0)]);
        assert!(counts[2..].iter().all(|(_, count)| *count == 1), "{counts:?}");
        assert_eq!(counts.last(), Some(&("SEATS_EXHAUSTED", 1)));
    }
}
