//! How far a subject's sightings lie behind our clock: the way to us, and the difference of the clocks.
//!
//! The least delay of late counts, since a single slow message says nothing about the next one.

use model::time::{Millis, Timestamp};

/// For so long a least delay is remembered, at most twice.
const MEMORY: Millis = Millis::seconds(30);
/// After so long without a sighting the delay is learned anew: an edge box may be sending what it had to keep.
const SILENCE: Millis = Millis::seconds(5);

/// The delay of one subject's sightings.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lag {
    current: Millis,
    previous: Millis,
    since: Timestamp,
    last: Timestamp,
}

impl Lag {
    pub(super) const fn new(now: Timestamp) -> Self {
        Self { current: Millis(i64::MAX), previous: Millis(i64::MAX), since: now, last: now }
    }

    pub(super) fn observe(&mut self, delay: Millis, now: Timestamp) {
        if now.since(self.last) > SILENCE {
            *self = Self::new(now);
        }
        if now.since(self.since) > MEMORY {
            (self.previous, self.current, self.since) = (self.current, delay, now);
        }
        self.current = self.current.min(delay);
        self.last = now;
    }

    /// The delay; nothing before the first sighting.
    pub(super) fn get(self) -> Millis {
        let least = self.current.min(self.previous);
        if least == Millis(i64::MAX) { Millis::ZERO } else { least.max(Millis::ZERO) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_delay_of_late_counts() {
        let mut lag = Lag::new(Timestamp(0));
        assert_eq!(lag.get(), Millis::ZERO);
        for (now, delay) in [(1_000, 400), (2_000, 900), (3_000, 300), (4_000, 800)] {
            lag.observe(Millis(delay), Timestamp(now));
        }
        assert_eq!(lag.get(), Millis(300));
        (0..70).for_each(|n| lag.observe(Millis(800), Timestamp(5_000 + n * 1_000)));
        assert_eq!(lag.get(), Millis(800));
    }

    #[test]
    fn what_was_kept_during_an_outage_is_read_at_its_own_pace() {
        let mut lag = Lag::new(Timestamp(0));
        lag.observe(Millis(300), Timestamp(1_000));
        lag.observe(Millis(600_000), Timestamp(601_000));
        assert_eq!(lag.get(), Millis(600_000));
    }
}
