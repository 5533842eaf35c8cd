//! One receiver under watch: what it heard, what it should have heard since, and how loud people were for it where.

use std::collections::{BTreeMap, VecDeque};

use super::Condition;

/// Frames that it should have heard, by its own measure, before its silence is one.
const EVIDENCE: f64 = 25.0;
/// The same of a receiver that never heard anybody yet, of whose measure nothing is known.
const EVIDENCE_NEVER: f64 = 100.0;
/// Places from which it must have missed them: one may stand in a shadow.
const PLACES_MIN: u32 = 3;
/// Buckets for which it must have been silent, and the same when it never heard anybody.
const BUCKETS_MIN: i64 = 3;
const BUCKETS_NEVER: i64 = 12;
/// Frames heard and frames expected that a receiver is begun with.
const PRIOR: f64 = 20.0;
/// The least part of what is expected of it that a receiver hears.
const PART_MIN: f64 = 0.02;
/// Expected frames above which older ones come to count half.
const EXPECTED_MAX: u64 = 4_000_000;
/// Most buckets; the oldest ones become one.
const BUCKETS_MAX: usize = 64;
/// Most patches whose levels are remembered.
const PATCHES_MAX: usize = 512;
/// What one frame counts, so that it can fade in whole numbers.
pub(super) const FRAME: i64 = 64;

/// Ten seconds.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    number: i64,
    heard: u64,
    /// Thousandths of frames.
    expected: u64,
    /// A bit for each place, by chance the same for two.
    places: u64,
}

/// Levels heard in one patch of floor.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Levels {
    /// Thousandths of dB times the weight.
    sum: i64,
    pub(super) weight: i64,
}

impl Levels {
    pub(super) fn mean(self) -> f64 {
        self.sum as f64 / 1_000.0 / self.weight.max(1) as f64
    }
}

/// What is known of one receiver.
#[derive(Debug, Default)]
pub(super) struct Ear {
    pub(super) condition: Condition,
    /// Looks in a row at which it seemed to be in another condition.
    pub(super) doubts: u8,
    /// For so many judgements it is not doubted.
    pub(super) spared: u32,
    /// For how many it was not, after it was doubted for nothing the last time.
    pub(super) alarms: u32,
    /// The last bucket in which it heard something.
    last: Option<i64>,
    /// In which bucket it was found silent.
    found: i64,
    buckets: VecDeque<Bucket>,
    /// Over all buckets up to the last one in which it heard something.
    heard: u64,
    expected: u64,
    pub(super) patches: BTreeMap<u32, Levels>,
}

impl Ear {
    /// The same receiver on other cells.
    pub(super) fn elsewhere(self) -> Self {
        Self { patches: BTreeMap::new(), doubts: 0, ..self }
    }

    pub(super) fn hear(&mut self, bucket: i64, frames: u32) {
        self.last = self.last.max(Some(bucket));
        if let Some(bucket) = self.bucket(bucket) {
            bucket.heard += u64::from(frames);
        }
    }

    pub(super) fn expect(&mut self, bucket: i64, thousandths: u64, place: u64) {
        if let Some(bucket) = self.bucket(bucket) {
            bucket.expected += thousandths;
            bucket.places |= 1 << (place.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 58);
        }
    }

    pub(super) fn compare(&mut self, patch: u32, level: f32, frames: u32) {
        if self.patches.len() >= PATCHES_MAX && !self.patches.contains_key(&patch) {
            return;
        }
        let levels = self.patches.entry(patch).or_default();
        let weight = FRAME * i64::from(frames);
        levels.sum += (f64::from(level) * 1_000.0).round() as i64 * weight;
        levels.weight += weight;
    }

    /// Lets what was compared count less.
    pub(super) fn fade(&mut self) {
        self.patches.retain(|_, levels| {
            *levels = Levels { sum: levels.sum / 8 * 7, weight: levels.weight / 8 * 7 };
            levels.weight > FRAME / 4
        });
    }

    /// Judges whether it is silent, when looks went on up to a bucket.
    pub(super) fn judge(&mut self, newest: i64) {
        match (self.condition, self.last) {
            (Condition::Silent, Some(last)) if last > self.found => {
                self.condition = Condition::Well;
                // What it missed while it was silent is not its measure.
                self.buckets.clear();
            }
            (Condition::Silent | Condition::Doubtful | Condition::Moved, _) => self.buckets.clear(),
            (Condition::Well, _) => {
                self.fold();
                if self.is_silent(newest) {
                    (self.condition, self.found) = (Condition::Silent, newest);
                    self.buckets.clear();
                }
            }
        }
    }

    /// Takes what it heard, and what it missed between, as its measure.
    fn fold(&mut self) {
        let Some(last) = self.last else { return };
        while let Some(first) = self.buckets.front().filter(|first| first.number <= last) {
            self.heard += first.heard;
            self.expected += first.expected;
            self.buckets.pop_front();
        }
        if self.expected > EXPECTED_MAX {
            (self.heard, self.expected) = (self.heard / 2, self.expected / 2);
        }
    }

    fn is_silent(&self, newest: i64) -> bool {
        let Some(first) = self.buckets.front() else { return false };
        let (evidence, since, long) = match self.last {
            Some(last) => (EVIDENCE, last, BUCKETS_MIN),
            None => (EVIDENCE_NEVER, first.number, BUCKETS_NEVER),
        };
        let missed = self.buckets.iter().map(|bucket| bucket.expected).sum::<u64>() as f64 / 1_000.0;
        let places = self.buckets.iter().fold(0, |places, bucket| places | bucket.places).count_ones();
        missed * self.part() >= evidence && places >= PLACES_MIN && newest - since >= long
    }

    /// The part of what is expected of it that it hears.
    fn part(&self) -> f64 {
        let expected = self.expected as f64 / 1_000.0;
        ((self.heard as f64 + PRIOR) / (expected + PRIOR)).clamp(PART_MIN, 1.0)
    }

    /// The bucket of this number; none when it is over and done with.
    fn bucket(&mut self, number: i64) -> Option<&mut Bucket> {
        let place = self.buckets.partition_point(|bucket| bucket.number < number);
        if self.buckets.get(place).is_none_or(|bucket| bucket.number != number) {
            self.buckets.insert(place, Bucket { number, heard: 0, expected: 0, places: 0 });
            if self.buckets.len() > BUCKETS_MAX
                && let Some(old) = self.buckets.pop_front()
                && let Some(next) = self.buckets.front_mut()
            {
                next.heard += old.heard;
                next.expected += old.expected;
                next.places |= old.places;
            }
        }
        self.buckets.iter_mut().find(|bucket| bucket.number >= number)
    }
}
