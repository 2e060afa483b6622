//! Generates a run: requests of clients, mixed with faults.

use super::step::{Fate, Operation, OperationKind, Step, StepKind};
use super::test_data::{DEVICES, POOLS, TENANTS, USERS};
use crate::model::rng::Rng;

/// Number of steps after which all faults end, and everything must be right again.
const STORM: usize = 150;

const ASKED: [(OperationKind, u64); 20] = [
    (OperationKind::CheckOut, 34),
    (OperationKind::CheckOnly, 3),
    (OperationKind::Heartbeat, 22),
    (OperationKind::StrayHeartbeat, 1),
    (OperationKind::CheckIn, 9),
    (OperationKind::StrayCheckIn, 1),
    (OperationKind::Grant, 6),
    (OperationKind::Revoke, 3),
    (OperationKind::Block, 3),
    (OperationKind::Unblock, 4),
    (OperationKind::DeleteUser, 1),
    (OperationKind::Rename, 2),
    (OperationKind::Close, 2),
    (OperationKind::CloseIdle, 1),
    (OperationKind::License, 3),
    (OperationKind::ExtraLicense, 1),
    (OperationKind::Usage, 6),
    (OperationKind::List, 2),
    (OperationKind::CreateToken, 1),
    (OperationKind::RevokeToken, 1),
];

pub fn plan(seed: u64, count: usize) -> Vec<Step> {
    let mut rng = Rng::new(seed);
    // Some runs are fast and dense, others let leases run out.
    let pace = *rng.pick(&[20, 100, 500]);
    // Faults among a hundred steps.
    let trouble = *rng.pick(&[2, 6, 15]);
    let step = |no: usize| {
        let kind = if no % STORM == STORM - 1 || no + 1 == count {
            StepKind::Calm
        } else if rng.percent(trouble) {
            fault(&mut rng)
        } else {
            StepKind::Call(operation(&mut rng))
        };
        let after = if rng.percent(3) { rng.below(60 * pace) } else { rng.below(2 * pace) };
        Step { no, after, kind, pick: rng.below(1 << 16) as usize }
    };
    (0..count).map(step).collect()
}

fn operation(rng: &mut Rng) -> Operation {
    let mut at = rng.below(ASKED.iter().map(|(_, weight)| weight).sum());
    let what = ASKED.iter().find(|(_, weight)| {
        let found = at < *weight;
        at = at.saturating_sub(*weight);
        found
    });
    Operation {
        what: what.map_or(OperationKind::CheckOut, |(what, _)| *what),
        tenant: rng.below(TENANTS.len() as u64) as usize,
        user: rng.below(USERS.len() as u64) as usize,
        device: rng.below(DEVICES.len() as u64) as usize,
        pool: rng.below(POOLS.len() as u64) as usize,
        pick: rng.below(1 << 16) as usize,
        to: rng.below(1 << 16) as usize,
    }
}

fn fault(rng: &mut Rng) -> StepKind {
    let ms = match rng.below(3) {
        0 => rng.below(200),
        1 => rng.below(3_000),
        _ => rng.below(15_000),
    };
    match rng.below(100) {
        0..20 => StepKind::NextCommit(fate(rng, ms)),
        20..26 => StepKind::NextBeat(fate(rng, ms)),
        26..34 => StepKind::NextClaim(fate(rng, ms)),
        34..37 => StepKind::NextLoad(load_fate(rng, ms)),
        37..46 => StepKind::NextForward(fate(rng, ms)),
        46..51 => StepKind::StoreDown { ms, silent: rng.percent(50) },
        51..53 => StepKind::Join,
        53..61 => StepKind::Crash { ms },
        61..65 => StepKind::Stop { ms: rng.percent(80).then_some(ms) },
        65..66 => StepKind::RollingRestart,
        66..73 => StepKind::Freeze { ms: 3 * ms },
        73..77 => StepKind::Suspend { ms: 10 * ms },
        77..80 => StepKind::CutOff { ms: 20 * ms, silent: rng.percent(50) },
        80..83 => StepKind::NoBeats { ms: 2 * ms },
        83..85 => StepKind::OneBeat { ms: 10_000 + ms },
        85..88 => StepKind::SetWall { by_ms: jump(rng) },
        88..90 => StepKind::NoTicks { ms: 4 * ms },
        90..95 => StepKind::Partition { ms: 2 * ms, one_way: rng.percent(50) },
        95..97 => StepKind::NoMessages { ms: 2 * ms },
        _ => StepKind::GoAway,
    }
}

fn fate(rng: &mut Rng, ms: u64) -> Fate {
    match rng.below(8) {
        0 => Fate::Good,
        7 => Fate::LateAnswer { ms },
        6 => Fate::NotWritable,
        1 => Fate::Stall { ms },
        2 => Fate::LostBefore { ms },
        3 => Fate::LostAfter { ms },
        4 => Fate::LostThenDone { ms },
        _ => Fate::Refused,
    }
}

/// A load changes nothing. Of rows that are damaged a node that is alone can only say so, for five minutes (C1).
fn load_fate(rng: &mut Rng, ms: u64) -> Fate {
    match fate(rng, ms) {
        Fate::Refused | Fate::NotWritable => Fate::LostBefore { ms },
        fate => fate,
    }
}

/// A jump of up to seconds, hours or a year, forward or back.
fn jump(rng: &mut Rng) -> i64 {
    let far = *rng.pick(&[2_000, 60_000, 3_600_000, 86_400_000, 365 * 86_400_000]);
    let by = i64::try_from(rng.below(far)).expect("far from the end of time");
    if rng.percent(50) { by } else { -by }
}
