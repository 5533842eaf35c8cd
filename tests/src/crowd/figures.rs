//! What a run is judged to be worth.

use std::time::Duration;

use super::channel::Score;
use crate::edge::Unnamed;

/// Bins of a reliability table.
pub(super) const BINS: usize = 10;

/// Values, of which quantiles are asked.
#[derive(Debug, Clone, Default)]
pub struct Quantiles {
    values: Vec<f64>,
}

impl Quantiles {
    pub(super) fn push(&mut self, value: f64) {
        self.values.push(value);
    }

    /// The value below which this share lies; 0 without any value.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "an index"
    )]
    pub fn at(&self, share: f64) -> f64 {
        let mut sorted = self.values.clone();
        sorted.sort_by(f64::total_cmp);
        let place = (share * sorted.len() as f64).ceil() as usize;
        sorted.get(place.clamp(1, sorted.len().max(1)) - 1).copied().unwrap_or(0.0)
    }

    /// The share of values above a bound.
    #[must_use]
    pub fn above(&self, bound: f64) -> f64 {
        share(self.values.iter().filter(|value| **value > bound).count() as u64, self.values.len() as u64)
    }

    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.values.is_empty()
    }
}

/// Answers by how sure they were.
#[derive(Debug, Clone, Default)]
pub struct Reliability {
    /// Answers, the sum of their probabilities, and how many were right; from the least sure tenth to the surest.
    pub bins: [(u64, f64, u64); BINS],
}

impl Reliability {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a bin")]
    pub(super) fn add(&mut self, p: f64, right: bool) {
        let bin = &mut self.bins[((p * BINS as f64) as usize).min(BINS - 1)];
        *bin = (bin.0 + 1, bin.1 + p, bin.2 + u64::from(right));
    }

    /// Mean distance between what was claimed and what was right, weighted by how often it was claimed.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts are small")]
    pub fn error(&self) -> f64 {
        let all: u64 = self.bins.iter().map(|bin| bin.0).sum();
        self.bins.iter().map(|(_, claimed, right)| (claimed - *right as f64).abs()).sum::<f64>() / all.max(1) as f64
    }
}

/// What happens when people leave, and who is counted twice: of those with a name, or of strangers.
#[derive(Debug, Clone, Default)]
pub struct Counts {
    /// Person-seconds truly inside.
    pub inside_s: u64,
    /// Subject-seconds with an open presence.
    pub present_s: u64,
    /// Departures from the store.
    pub departures: u64,
    /// Of these, with a presence open more than five seconds later.
    pub ghosts: u64,
    /// Seconds beyond those five.
    pub ghost_s: u64,
    /// The same of the dots that are shown: of those who are not said to be quiet.
    pub dot_s: u64,
    /// From leaving to the end of the last presence, in seconds.
    pub lingering: Quantiles,
    /// Times that somebody began to be present as two.
    pub doubled: u64,
    /// Seconds present as two or more.
    pub doubled_s: u64,
    /// True visits that began and ended while everything was judged.
    pub visits: u64,
    /// Visits that the shop told of them.
    pub told: u64,
    /// True visits of which the shop told none.
    pub unseen: u64,
    /// True visits told as two or more.
    pub split: u64,
    /// Told visits that joined two true ones.
    pub joined: u64,
    /// Times that an id or address changed while its bearer was inside.
    pub changes: u64,
    /// Of these, with a visit that began within a minute and a half of it.
    pub split_at_change: u64,
}

impl Counts {
    /// So many of something, per hour with so many person-seconds.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts are small")]
    pub fn per_hour(&self, count: u64, judged_s: u64) -> f64 {
        count as f64 * 3_600.0 / judged_s.max(1) as f64
    }
}

/// Everything about one run.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Seconds that were judged.
    pub judged_s: u64,
    /// How many people were inside at a time, on average.
    pub inside: f64,
    /// Of them, located by name.
    pub named_inside: f64,
    /// The answer of positions: departments, entrance, checkout.
    pub position_top: Score,
    /// The answer of positions: shelves.
    pub position_shelf: Score,
    /// Open presences: departments, entrance, checkout.
    pub presence_top: Score,
    /// Open presences: shelves.
    pub presence_shelf: Score,
    /// Moments at a shelf, and of these with the right shelf.
    pub at_shelf: (u64, u64),
    /// Distances to the truth, in metres.
    pub error: Quantiles,
    /// Sums of squares of the distances, and of what was claimed.
    pub squares: (f64, f64),
    /// How sure answers of the top layer were.
    pub reliability_top: Reliability,
    /// How sure answers about shelves were.
    pub reliability_shelf: Reliability,
    /// Devices and tags.
    pub named: Counts,
    /// Strangers.
    pub strangers: Counts,
    /// People whom the shop expects inside beyond those who truly are, once a second.
    pub expected: Quantiles,
    /// Subjects behind which nobody could be found.
    pub strays: u64,
    /// In and out: truly, and as the shop counted.
    pub footfall: [(u64, u64); 2],
    /// What identity could not name.
    pub unnamed: Unnamed,
    /// Frames sent, and how many receivers heard one on average.
    pub frames: (u64, f64),
    /// Processor time of the shop machine while it was judged.
    pub cpu: Option<Duration>,
}

impl Report {
    /// Processor time of the shop machine per hour and person inside with a radio, in seconds.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts are small")]
    pub fn cpu_s_per_person_hour(&self) -> Option<f64> {
        let heard = (self.named.inside_s + self.strangers.inside_s).max(1) as f64;
        Some(self.cpu?.as_secs_f64() * 3_600.0 / heard)
    }

    /// Root mean square of the distances, and of what was claimed, in metres.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts are small")]
    pub fn rms(&self) -> (f64, f64) {
        let count = self.error.len().max(1) as f64;
        ((self.squares.0 / count).sqrt(), (self.squares.1 / count).sqrt())
    }
}

/// A share; 0 of nothing.
#[expect(clippy::cast_precision_loss, reason = "counts are small")]
pub(super) fn share(part: u64, whole: u64) -> f64 {
    part as f64 / whole.max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_values_that_were_there() {
        let mut values = Quantiles::default();
        assert!(values.at(0.5).abs() < 1e-12 && values.is_empty());
        [4.0, 1.0, 3.0, 2.0].into_iter().for_each(|value| values.push(value));
        let check = |share: f64, expect: f64| assert!((values.at(share) - expect).abs() < 1e-12, "{share}");
        check(0.0, 1.0);
        check(0.5, 2.0);
        check(0.75, 3.0);
        check(1.0, 4.0);
    }

    #[test]
    fn a_claim_that_holds_has_no_reliability_error() {
        let mut honest = Reliability::default();
        (0..10).for_each(|n| honest.add(0.8, n < 8));
        assert!(honest.error() < 1e-9);
        let mut boaster = Reliability::default();
        (0..10).for_each(|n| boaster.add(0.8, n < 5));
        assert!((boaster.error() - 0.3).abs() < 1e-9);
    }
}
