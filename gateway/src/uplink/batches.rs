//! Batches around what the spool has: empty ones, and which run stamped a stored one.

use model::ids::BootId;
use model::time::{Millis, Timestamp};
use runtime::clock::Clock as _;
use wire::uplink::Batch;
use wire::uplink::clock::{Belief, Made};

use super::Identity;
use crate::timeline::Timeline;

/// A batch without content and without a number, as the volatile lane has it.
#[must_use]
pub fn empty_batch(identity: &Identity, spool: [u8; 16], clock: &Timeline) -> Batch {
    let empty = Batch::empty(identity.gateway.clone(), identity.boot, clock.now());
    Batch { spool, clocks: Some(clock.clocks()), ..empty }
}

/// Says which run stamped a stored batch, when it was not this one. An older version kept no clocks with it: its wall clock
/// is taken as it stood, and what this run is off is not laid upon it.
pub(super) fn made_by_another(stored: &Batch, boot: BootId) -> Option<Made> {
    let (drift, belief) =
        stored.clocks.map_or((Millis::ZERO, Belief::Free), |clocks| (clocks.wall.since(stored.sent_at), clocks.belief));
    (stored.boot != boot).then_some(Made { boot: stored.boot, drift, belief })
}

/// How long the oldest batch has waited.
#[must_use]
pub fn waited(oldest_at: Option<Timestamp>, now: Timestamp) -> Millis {
    oldest_at.map_or(Millis::ZERO, |at| Millis(now.since(at).0.max(0)))
}

#[cfg(test)]
mod tests {
    use model::ids::GatewayId;
    use wire::uplink::clock::Clocks;

    use super::*;

    #[test]
    fn what_another_run_stamped_says_so_also_when_it_kept_no_clocks() {
        let clocks = |wall| Clocks { wall, monotonic: Millis(7), belief: Belief::NeverSet, made: None };
        let stored = |boot, clocks| Batch {
            clocks,
            ..Batch::empty(GatewayId::new("shop-1").expect("an id"), BootId(boot), Timestamp(5_000))
        };
        let made = |stored: Batch| made_by_another(&stored, BootId(2));
        let of = |drift, belief| Some(Made { boot: BootId(1), drift: Millis(drift), belief });
        assert_eq!(made(stored(1, Some(clocks(Timestamp(5_300))))), of(300, Belief::NeverSet));
        assert_eq!(made(stored(1, None)), of(0, Belief::Free), "a spool of an older version");
        assert_eq!(made(stored(2, Some(clocks(Timestamp(5_300))))), None);
        assert_eq!(made(stored(2, None)), None);
    }
}
