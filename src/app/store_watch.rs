//! Looks once a second whether the store is still the one that was opened. While it is not, the service is not ready, and
//! nothing that has to be stored is acknowledged; it goes on by itself when the same store is back (decision 47). A store
//! that cannot be read is not taken for another one.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::MissedTickBehavior;

use crate::health::{Obstacle, Readiness};
use crate::store::{AbsenceError, Store};

const CHECK_INTERVAL: Duration = Duration::from_secs(1);
/// So many looks in a row that see nothing are an obstacle: a disk may take a moment, and a tool may have a lock.
const UNREADABLE: u32 = 5;

pub(super) async fn follow(store: Arc<dyn Store>, readiness: Arc<Readiness>) {
    let mut looks = tokio::time::interval(CHECK_INTERVAL);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut unread = 0;
    loop {
        looks.tick().await;
        let found = store.is_there().await;
        // What is closed is not missed.
        if found.is_ok() || !readiness.now().has(Obstacle::Draining) {
            tell(found, &mut unread, &readiness);
        }
    }
}

/// `unread`: how many looks in a row have seen nothing.
fn tell(found: Result<(), AbsenceError>, unread: &mut u32, readiness: &Readiness) {
    let before = readiness.now();
    *unread = if matches!(found, Err(AbsenceError::Unreadable(_))) { *unread + 1 } else { 0 };
    readiness.set(Obstacle::StoreReplaced, matches!(found, Err(AbsenceError::Replaced(_))));
    readiness.set(Obstacle::StoreUnreadable, *unread >= UNREADABLE);
    match found {
        Ok(()) if before.has(Obstacle::StoreReplaced) || before.has(Obstacle::StoreUnreadable) => {
            tracing::warn!("the store is there again");
        }
        Err(AbsenceError::Replaced(error)) if !before.has(Obstacle::StoreReplaced) => {
            tracing::error!(%error, "the store is not the one that was opened; nothing is acknowledged");
        }
        Err(AbsenceError::Unreadable(error)) if *unread == UNREADABLE => {
            tracing::error!(%error, "the store cannot be read");
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::StoreError;

    /// The obstacles after each look.
    fn told(finds: &[Result<(), AbsenceError>]) -> Vec<String> {
        let (readiness, mut unread) = (Readiness::loading(), 0);
        readiness.clear(Obstacle::Loading);
        let mut told = Vec::new();
        for found in finds {
            tell(found.clone(), &mut unread, &readiness);
            told.push(readiness.now().to_string());
        }
        told
    }

    fn replaced() -> Result<(), AbsenceError> {
        Err(AbsenceError::Replaced(StoreError("other".into())))
    }

    fn unreadable() -> Result<(), AbsenceError> {
        Err(AbsenceError::Unreadable(StoreError("busy".into())))
    }

    #[test]
    fn only_a_store_that_is_another_one_is_told_as_replaced() {
        assert_eq!(told(&[Ok(()), replaced(), replaced(), Ok(())]), ["", "store replaced", "store replaced", ""]);
        let busy: Vec<_> = (0..UNREADABLE).map(|_| unreadable()).chain([Ok(())]).collect();
        assert_eq!(told(&busy), ["", "", "", "", "store cannot be read", ""]);
        assert_eq!(told(&[unreadable(), Ok(()), unreadable()]), ["", "", ""]);
    }
}
