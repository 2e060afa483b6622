//! A shard's [`Continuity`] as both stores keep it: bytes, big end first. The machine's id (16, zeros: none) and its clock
//! (8), then the tick (8) and the length (8) of each gap, oldest first. Empty: neither is known, as after an older release.

use super::StoreError;
use crate::ledger::continuity::{Boot, Continuity};
use crate::ledger::time::{Gap, Tick};

const BOOT: usize = 24;
const GAP: usize = 16;

#[must_use]
pub fn to_bytes(continuity: &Continuity) -> Vec<u8> {
    let (gaps, boot) = (continuity.gaps(), continuity.boot);
    if gaps.is_empty() && boot.is_none() {
        return Vec::new();
    }
    let mut bytes = Vec::with_capacity(BOOT + GAP * gaps.len());
    bytes.extend(boot.map_or(0, |boot| boot.id).to_be_bytes());
    bytes.extend(boot.map_or(0, |boot| boot.at).to_be_bytes());
    for gap in gaps {
        bytes.extend(gap.after.0.to_be_bytes());
        bytes.extend(gap.length.to_be_bytes());
    }
    bytes
}

/// # Errors
/// What was never written like this.
pub fn from_bytes(bytes: &[u8]) -> Result<Continuity, StoreError> {
    if bytes.is_empty() {
        return Ok(Continuity::default());
    }
    let odd = || StoreError(format!("shards.continuity: {} bytes are none that Usher wrote", bytes.len()));
    let (boot, gaps) = bytes.split_at_checked(BOOT).ok_or_else(odd)?;
    let (gaps, []) = gaps.as_chunks::<GAP>() else { return Err(odd()) };
    let id = boot[..16].iter().fold(0, |id, byte| id << 8 | u128::from(*byte));
    let boot = (id != 0).then_some(Boot { id, at: number(&boot[16..]) });
    let gap = |gap: &[u8; GAP]| Gap { after: Tick(number(&gap[..8])), length: number(&gap[8..]) };
    Ok(Continuity::new(boot, &gaps.iter().map(gap).collect::<Vec<_>>()))
}

fn number(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let gaps = [Gap { after: Tick(1), length: u64::MAX }, Gap { after: Tick(u64::MAX), length: 2 }];
        for boot in [None, Some(Boot { id: 1 << 127 | 5, at: 1 << 40 })] {
            for gaps in [&gaps[..0], &gaps[..1], &gaps] {
                let continuity = Continuity::new(boot, gaps);
                assert_eq!(from_bytes(&to_bytes(&continuity)), Ok(continuity));
            }
        }
        for wrong in [1, 23, 25, 39, 41] {
            assert!(from_bytes(&vec![1; wrong]).is_err(), "{wrong} bytes");
        }
    }
}
