//! Batches around what the spool has: empty ones, and how the clock of a stored one stood.

use model::time::{Millis, Timestamp};
use runtime::clock::Clock as _;
use wire::uplink::clock::Belief;
use wire::uplink::{self, Batch};

use super::Identity;
use super::sender::PACK;
use crate::spool::Stored;
use crate::timeline::Timeline;

/// Most batches in a message.
#[expect(clippy::cast_possible_truncation, reason = "it is small")]
const PACK_MAX: usize = PACK as usize;
/// So long is a pack at most; what is longer goes alone.
const PACK_BYTES_MAX: usize = 48 * 1024;

/// A batch without content and without a number, as the volatile lane has it.
#[must_use]
pub fn empty_batch(identity: &Identity, spool: [u8; 16], clock: &Timeline) -> Batch {
    let empty = Batch::empty(identity.gateway.clone(), identity.boot, clock.now());
    Batch { spool, clocks: Some(clock.clocks()), ..empty }
}

/// How far the wall clock was ahead of the line by which a stored batch was stamped; none when nobody had set it, or when
/// the batch does not say.
#[must_use]
pub fn drift_of(stored: &[u8]) -> Option<Millis> {
    let batch = uplink::decode(stored).ok()?;
    let clocks = batch.clocks.filter(|clocks| clocks.belief != Belief::NeverSet)?;
    Some(clocks.wall.since(batch.sent_at))
}

/// What was read of the spool, in messages: packs of what follows each other and is not too long, or each batch alone.
pub(super) fn packs(found: impl Iterator<Item = Stored>, packed: bool) -> Vec<Vec<Stored>> {
    let mut packs: Vec<Vec<Stored>> = Vec::new();
    let (mut bytes, mut next) = (0, 0);
    for stored in found {
        let len = stored.batch.len();
        let has_room = packs.last().is_some_and(|pack| pack.len() < PACK_MAX) && bytes + len <= PACK_BYTES_MAX;
        let follows = stored.seq == next;
        next = stored.seq + 1;
        match packs.last_mut() {
            Some(pack) if packed && has_room && follows => {
                bytes += len;
                pack.push(stored);
            }
            Some(_) | None => {
                bytes = len;
                packs.push(vec![stored]);
            }
        }
    }
    packs
}

/// How long the oldest batch has waited.
#[must_use]
pub fn waited(oldest_at: Option<Timestamp>, now: Timestamp) -> Millis {
    oldest_at.map_or(Millis::ZERO, |at| Millis(now.since(at).0.max(0)))
}

#[cfg(test)]
mod tests {
    use model::ids::{BootId, GatewayId};
    use wire::uplink::clock::Clocks;

    use super::*;

    #[test]
    fn a_pack_holds_what_follows_each_other_and_is_not_too_long() {
        let of = |numbers: &[(u64, usize)], packed| -> Vec<Vec<u64>> {
            let stored = numbers.iter().map(|(seq, len)| Stored { seq: *seq, batch: vec![0; *len] });
            packs(stored, packed).iter().map(|pack| pack.iter().map(|stored| stored.seq).collect()).collect()
        };
        assert_eq!(of(&[(1, 9), (2, 9)], false), [[1], [2]]);
        assert_eq!(of(&[(1, 9), (2, 0), (4, 9), (5, 9)], true), [[1, 2], [4, 5]]);
        let (half, whole) = (PACK_BYTES_MAX / 2, PACK_BYTES_MAX);
        assert_eq!(
            of(&[(1, half), (2, half), (3, 1), (4, whole), (5, 1)], true),
            [vec![1, 2], vec![3], vec![4], vec![5]]
        );
        let many: Vec<(u64, usize)> = (1..=70).map(|seq| (seq, 9)).collect();
        assert_eq!(of(&many, true).iter().map(Vec::len).collect::<Vec<_>>(), [32, 32, 6]);
        assert!(of(&[], true).is_empty());
    }

    #[test]
    fn the_drift_of_a_stored_batch_is_known_when_somebody_had_set_its_clock() {
        let drift = |belief: Option<Belief>| {
            let clocks = |belief| Clocks { wall: Timestamp(5_300), monotonic: Millis(7), belief, made: None };
            let empty = Batch::empty(GatewayId::new("shop-1").expect("an id"), BootId(1), Timestamp(5_000));
            drift_of(&uplink::encode(&Batch { clocks: belief.map(clocks), ..empty }))
        };
        assert_eq!(drift(Some(Belief::Free)), Some(Millis(300)));
        assert_eq!(drift(Some(Belief::Synchronised)), Some(Millis(300)));
        assert_eq!((drift(Some(Belief::NeverSet)), drift(None), drift_of(b"rot")), (None, None, None));
    }
}
