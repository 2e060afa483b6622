//! Makes up a run: what clients ask, mixed with what goes wrong.

use super::cast::{DEVICES, POOLS, TENANTS, USERS};
use super::step::{Act, Fate, Operation, OperationKind, Step};
use crate::model::dice::Dice;

/// So many steps, then everything has to come right again.
const STORM: usize = 150;

const ASKED: [(OperationKind, u64); 18] = [
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
];

pub fn plan(seed: u64, count: usize) -> Vec<Step> {
    let mut dice = Dice::new(seed);
    // Some runs are quick and dense, others let leases run out.
    let pace = *dice.pick(&[20, 100, 500]);
    // Of a hundred steps, so many are faults.
    let trouble = *dice.pick(&[2, 6, 15]);
    let step = |no: usize| {
        let act = if no % STORM == STORM - 1 || no + 1 == count {
            Act::Calm
        } else if dice.percent(trouble) {
            fault(&mut dice)
        } else {
            Act::Call(operation(&mut dice))
        };
        let after = if dice.percent(3) { dice.below(60 * pace) } else { dice.below(2 * pace) };
        Step { no, after, act }
    };
    (0..count).map(step).collect()
}

fn operation(dice: &mut Dice) -> Operation {
    let mut at = dice.below(ASKED.iter().map(|(_, weight)| weight).sum());
    let what = ASKED.iter().find(|(_, weight)| {
        let found = at < *weight;
        at = at.saturating_sub(*weight);
        found
    });
    Operation {
        what: what.map_or(OperationKind::CheckOut, |(what, _)| *what),
        tenant: dice.below(TENANTS.len() as u64) as usize,
        user: dice.below(USERS.len() as u64) as usize,
        device: dice.below(DEVICES.len() as u64) as usize,
        pool: dice.below(POOLS.len() as u64) as usize,
        pick: dice.below(1 << 16) as usize,
        to: dice.below(1 << 16) as usize,
    }
}

fn fault(dice: &mut Dice) -> Act {
    let ms = match dice.below(3) {
        0 => dice.below(200),
        1 => dice.below(3_000),
        _ => dice.below(15_000),
    };
    match dice.below(100) {
        0..28 => Act::NextCommit(fate(dice, ms)),
        28..34 => Act::NextBeat(fate(dice, ms)),
        34..44 => Act::NextClaim(fate(dice, ms)),
        44..52 => Act::StoreDown { ms, silent: dice.percent(50) },
        52..62 => Act::TakeOver,
        62..70 => Act::Crash,
        70..73 => Act::Stop,
        73..80 => Act::Freeze { ms: 3 * ms, take_over: dice.percent(70) },
        80..84 => Act::Suspend { ms: 10 * ms, take_over: dice.percent(70) },
        84..87 => Act::CutOff { ms: 20 * ms, silent: dice.percent(50), take_over: dice.percent(70) },
        87..88 => Act::NoBeats { ms: 2 * ms, take_over: dice.percent(70) },
        88..90 => Act::OneBeat { ms: 10_000 + ms },
        90..93 => Act::SetWall { by_ms: jump(dice) },
        93..96 => Act::NoTicks { ms: 4 * ms },
        _ => Act::GoAway,
    }
}

fn fate(dice: &mut Dice, ms: u64) -> Fate {
    match dice.below(7) {
        0 => Fate::Good,
        6 => Fate::NotWritable,
        1 => Fate::Stall { ms },
        2 => Fate::LostBefore { ms },
        3 => Fate::LostAfter { ms },
        4 => Fate::LostThenDone { ms },
        _ => Fate::Refused,
    }
}

/// Seconds, hours or a year, forward or back.
fn jump(dice: &mut Dice) -> i64 {
    let far = *dice.pick(&[2_000, 60_000, 3_600_000, 86_400_000, 365 * 86_400_000]);
    let by = i64::try_from(dice.below(far)).expect("far from the end of time");
    if dice.percent(50) { by } else { -by }
}
