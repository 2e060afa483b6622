//! Sessions as the clients know them: the interval in which each was certainly live.

use std::collections::BTreeMap;

use super::check::{Kind, Violations};
use super::{Answer, Call, History, Name, Operation, Time, Who};

/// A session, from every answer that names it.
#[derive(Debug)]
pub struct Lease {
    pub who: Who,
    pub device: Name,
    /// When the first call that returned the session was sent; and when its first answer arrived.
    pub called: Time,
    pub known: Time,
    /// When the last call was sent whose answer said that the session is live.
    pub kept: Time,
    /// When the first answer arrived that reported the session's end.
    pub ended: Option<Time>,
    /// When the first call was sent that may have ended the session.
    pub ender: Option<Time>,
    /// Number of answers that returned it as new; and as renewed.
    pub fresh: u64,
    pub renewed: u64,
}

impl Lease {
    /// Returns the interval in which the session was certainly live: from the first answer until a call may have ended
    /// it, or its lease may have run out. An answer that the session is live proves that it was when the call was sent.
    fn certain(&self, lease: Time) -> (Time, Time) {
        let out = self.kept.saturating_add(lease);
        (self.known, self.kept.max(self.ender.unwrap_or(Time::MAX).min(out)))
    }
}

pub fn leases(history: &History) -> BTreeMap<Name, Lease> {
    let mut leases = BTreeMap::new();
    history.calls.iter().for_each(|call| starts(call, &mut leases));
    history.calls.iter().for_each(|call| goes_on(call, &mut leases));
    others_devices(history, &mut leases);
    leases
}

fn starts(call: &Call, leases: &mut BTreeMap<Name, Lease>) {
    let (Operation::CheckOut { device }, Answer::Lease { session, renewed }, Some(answered)) =
        (&call.operation, &call.answer, call.answered)
    else {
        return;
    };
    let lease = leases.entry(session.clone()).or_insert_with(|| Lease {
        who: call.who.clone(),
        device: device.clone(),
        called: call.called,
        known: answered,
        kept: call.called,
        ended: None,
        ender: None,
        fresh: 0,
        renewed: 0,
    });
    lease.called = lease.called.min(call.called);
    lease.known = lease.known.min(answered);
    lease.kept = lease.kept.max(call.called);
    lease.fresh += u64::from(!*renewed);
    lease.renewed += u64::from(*renewed);
}

fn goes_on(call: &Call, leases: &mut BTreeMap<Name, Lease>) {
    let (Operation::CheckIn { session } | Operation::Heartbeat { session }) = &call.operation else { return };
    let Some(lease) = leases.get_mut(session) else { return };
    if matches!(call.operation, Operation::CheckIn { .. }) {
        lease.ender = earliest(lease.ender, call.called);
    }
    match (&call.answer, call.answered) {
        (Answer::Kept, _) => lease.kept = lease.kept.max(call.called),
        (Answer::Ended { .. }, Some(answered)) => lease.ended = earliest(lease.ended, answered),
        _ => {}
    }
}

/// Records ends by other devices: a user has one device (R17), so a session on a new device ends the earlier ones, or
/// they had ended before.
fn others_devices(history: &History, leases: &mut BTreeMap<Name, Lease>) {
    let mut of_user: BTreeMap<(Name, Name), Vec<&mut Lease>> = BTreeMap::new();
    for lease in leases.values_mut() {
        of_user.entry((lease.who.tenant.clone(), lease.who.user.clone())).or_default().push(lease);
    }
    for call in &history.calls {
        let Operation::CheckOut { device } = &call.operation else { continue };
        let user = (call.who.tenant.clone(), call.who.user.clone());
        for lease in of_user.get_mut(&user).into_iter().flatten().filter(|lease| lease.device != *device) {
            match (&call.answer, call.answered) {
                (Answer::Unknown(_), _) => lease.ender = earliest(lease.ender, call.called),
                (Answer::Lease { .. }, Some(answered)) if answered > lease.called => {
                    lease.ender = earliest(lease.ender, call.called);
                    if lease.known <= call.called {
                        lease.ended = earliest(lease.ended, answered);
                    }
                }
                _ => {}
            }
        }
    }
}

fn earliest(known: Option<Time>, new: Time) -> Option<Time> {
    Some(known.map_or(new, |known| known.min(new)))
}

/// Start (true) or end (false) of a user's interval. At the same instant, ends are sorted first.
type Edge<'a> = (Time, bool, &'a Name);
/// Edges by tenant and pool.
pub type Pools<'a> = BTreeMap<(&'a Name, &'a Name), Vec<Edge<'a>>>;

/// Checks that at no instant more users had a certainly live session than the limit (I1).
pub fn within_limits(history: &History, leases: &BTreeMap<Name, Lease>, found: &mut Violations) {
    let mut pools = Pools::new();
    for lease in leases.values() {
        let (from, until) = lease.certain(history.tenants.get(&lease.who.tenant).map_or(0, |rules| rules.lease));
        if from < until {
            let edges = pools.entry((&lease.who.tenant, &lease.who.pool)).or_default();
            edges.extend([(from, true, &lease.who.user), (until, false, &lease.who.user)]);
        }
    }
    for ((tenant, pool), edges) in pools {
        let Some(limit) = history.limit(tenant, pool).filter(|limit| !limit.named) else { continue };
        most(edges, limit.seats, |at, users| {
            found.push(
                Kind::OverLimit,
                format!("{tenant}/{pool}: at {at} certainly live: {users:?}, of {}", limit.seats),
            );
        });
    }
}

/// Calls `over` for the first moment at which more than `limit` users are inside their intervals.
pub fn most(mut edges: Vec<Edge>, limit: u64, mut over: impl FnMut(Time, Vec<&Name>)) {
    edges.sort();
    let mut inside: BTreeMap<&Name, u32> = BTreeMap::new();
    for (at, begins, user) in edges {
        let count = inside.entry(user).or_default();
        if begins {
            *count += 1;
            if inside.len() as u64 > limit {
                return over(at, inside.into_keys().collect());
            }
        } else if *count > 1 {
            *count -= 1;
        } else {
            inside.remove(user);
        }
    }
}
