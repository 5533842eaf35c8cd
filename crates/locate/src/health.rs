//! How each receiver is: whether it hears at all, and whether it hears as if it were where it is believed to be.
//!
//! Judged by the people around it: others hear somebody near a receiver that says nothing, or it hears them as from another
//! place. All sums are whole numbers, so that the order of looks makes no difference.

mod ear;
mod moves;

use std::collections::BTreeMap;
use std::sync::Arc;

use model::floor::Point;
use model::ids::{FloorId, ReceiverId};
use model::time::{Millis, Timestamp};
use model::units::Metres;

use crate::grid::Field;
use crate::grid::field::USUAL_LAW;

use ear::Ear;

/// Looks of so long a time are one in the account.
const BUCKET: Millis = Millis::seconds(10);
/// Buckets between two looks at who was moved.
const MOVES_EVERY: i64 = 6;
/// Subjects that must have been heard within so many buckets before anybody is called moved, and most that are counted.
const SUBJECTS_MIN: usize = 3;
const SUBJECTS_KEPT: i64 = 90;
const SUBJECTS_MAX: usize = 32;
/// Receivers that must have heard somebody before others are asked why they did not.
const HEARD_MIN: usize = 2;
/// The same before levels are compared.
const COMPARED_MIN: usize = 4;
/// A place that is less sure than this says nothing of receivers, in metres.
const UNSURE_M: f64 = 5.0;
/// Side of the patches in which levels are gathered, in metres.
const PATCH_M: f64 = 2.0;

/// How a receiver is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Condition {
    /// As it should be, as far as is known.
    #[default]
    Well,
    /// It hears nobody, also where others do: that it does not hear says nothing.
    Silent,
    /// It hears oddly; what it hears is left out for some minutes, to see whether it is wrong or the places of people are.
    Doubtful,
    /// It hears as if it were somewhere else, or turned: what it hears says nothing until it is learnt anew.
    Moved,
}

impl Condition {
    /// Whether what it hears says where somebody is.
    #[must_use]
    pub const fn is_trusted(self) -> bool {
        match self {
            Self::Well | Self::Silent => true,
            Self::Doubtful | Self::Moved => false,
        }
    }
}

/// Somebody at a moment, as far as receivers are judged by it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Look<'l> {
    pub(crate) at: Timestamp,
    pub(crate) floor: &'l FloorId,
    pub(crate) point: Point,
    pub(crate) uncertainty: Metres,
    /// A number that tells subjects apart.
    pub(crate) who: u64,
}

/// The watch over all receivers of a store.
#[derive(Debug)]
pub struct Watch {
    /// With all receivers well.
    field: Arc<Field>,
    ears: Vec<Ear>,
    conditions: BTreeMap<ReceiverId, Condition>,
    /// The bucket of the newest look.
    newest: i64,
    /// The bucket of the last look at who was moved.
    moves: i64,
    /// The bucket in which each subject was last heard, for some of them.
    subjects: BTreeMap<u64, i64>,
    /// Room for one look: frames and levels by receiver.
    frames: Vec<u32>,
    levels: Vec<f32>,
    /// Room for what those that heard were expected to hear.
    bar: Vec<f32>,
}

impl Watch {
    /// Nothing heard yet, in a field in which all receivers are well.
    #[must_use]
    pub fn new(field: &Arc<Field>) -> Self {
        let count = field.receivers();
        Self {
            field: Arc::clone(field),
            ears: (0..count).map(|_| Ear::default()).collect(),
            conditions: BTreeMap::new(),
            newest: i64::MIN,
            moves: i64::MIN,
            subjects: BTreeMap::new(),
            frames: vec![0; count],
            levels: vec![0.0; count],
            bar: Vec::with_capacity(count),
        }
    }

    /// Goes on with another field, but for receivers of which nothing is known any more.
    #[must_use]
    pub fn onto(mut self, field: &Arc<Field>, changed: impl Fn(&ReceiverId) -> bool) -> Self {
        let mut next = Self {
            newest: self.newest,
            moves: self.moves,
            subjects: std::mem::take(&mut self.subjects),
            ..Self::new(field)
        };
        let same = Arc::ptr_eq(self.field.ground(), field.ground());
        for (number, ear) in self.ears.iter_mut().enumerate() {
            let id = self.field.receiver_id(number as u16);
            let Some(place) = field.receiver(id).filter(|_| !changed(id)) else { continue };
            let ear = std::mem::take(ear);
            next.ears[usize::from(place)] = if same { ear } else { ear.elsewhere() };
        }
        next.note();
        next
    }

    /// Receivers that are not well.
    #[must_use]
    pub const fn conditions(&self) -> &BTreeMap<ReceiverId, Condition> {
        &self.conditions
    }

    /// When what was looked at is to be judged, if it is `now`.
    #[must_use]
    pub const fn due(now: Timestamp) -> Timestamp {
        Timestamp((now.0.div_euclid(BUCKET.0) + 1) * BUCKET.0)
    }

    /// A receiver heard something that stands at a known place, and may be expected to.
    pub fn hear(&mut self, receiver: &ReceiverId, at: Timestamp) {
        if let Some(ear) = self.field.receiver(receiver) {
            let bucket = bucket(at);
            self.newest = self.newest.max(bucket);
            self.ears[usize::from(ear)].hear(bucket, 1);
        }
    }

    /// Receivers that used to hear a fixed transmitter so often, of a thousand frames of which another one heard one now.
    pub(crate) fn expect(&mut self, receiver: &ReceiverId, at: Timestamp, thousandths: u64, place: u64) {
        if let Some(ear) = self.field.receiver(receiver) {
            self.newest = self.newest.max(bucket(at));
            self.ears[usize::from(ear)].expect(bucket(at), thousandths, place);
        }
    }

    /// Takes a look: who heard, each with the level above the device's power at 1 m and the frames.
    pub(crate) fn look(&mut self, look: &Look<'_>, heard: impl Iterator<Item = (u16, f32, u16)>) {
        self.frames.fill(0);
        self.levels.fill(0.0);
        let bucket = bucket(look.at);
        self.newest = self.newest.max(bucket);
        if let Some(last) = self.subjects.get_mut(&look.who) {
            *last = bucket.max(*last);
        } else if self.subjects.len() < SUBJECTS_MAX {
            self.subjects.insert(look.who, bucket);
        }
        for (receiver, level, frames) in heard {
            let ear = usize::from(receiver);
            self.frames[ear] += u32::from(frames);
            self.levels[ear] += level * f32::from(frames);
        }
        let mut count = 0;
        for (ear, frames) in self.ears.iter_mut().zip(&self.frames).filter(|(_, frames)| **frames > 0) {
            ear.hear(bucket, *frames);
            count += usize::from(ear.condition.is_trusted());
        }
        let ground = self.field.ground();
        let Some(cell) = ground.cell_at(look.floor, look.point).filter(|_| look.uncertainty.0 <= UNSURE_M) else {
            return;
        };
        let middle = |metres: f64| ((metres / PATCH_M).floor() + 0.5) * PATCH_M;
        let patch = Point { x: middle(look.point.x), y: middle(look.point.y) };
        let Some(patch) = ground.cell_at(look.floor, patch) else { return };
        if count >= HEARD_MIN {
            self.miss(bucket, cell, patch);
        }
        if count >= COMPARED_MIN {
            let heard = self.ears.iter_mut().zip(&self.frames).zip(&self.levels);
            for ((ear, frames), level) in heard.filter(|((_, frames), _)| **frames > 0) {
                ear.compare(patch as u32, level / *frames as f32, *frames);
            }
        }
    }

    /// Notes who should have heard how many of the frames that others near here heard. Those are near that are expected to
    /// hear as loudly as the middle one of those that heard: how far receivers reach at all is not known.
    fn miss(&mut self, bucket: i64, cell: usize, patch: usize) {
        let expected = |ear: usize| self.field.expected_at(ear, USUAL_LAW, cell);
        self.bar.clear();
        self.bar.extend((0..self.ears.len()).filter(|ear| self.frames[*ear] > 0).map(|ear| expected(ear).0));
        self.bar.sort_by(|a, b| b.total_cmp(a));
        let Some(bar) = self.bar.get((self.bar.len() - 1) / 2).copied() else { return };
        let (mut chances, mut frames) = (0.0_f32, 0);
        let near = |ear: usize| self.ears[ear].condition == Condition::Well && expected(ear).0 >= bar;
        for ear in (0..self.ears.len()).filter(|ear| near(*ear)) {
            chances += expected(ear).1;
            frames += self.frames[ear];
        }
        if chances <= 0.0 {
            return;
        }
        for (number, ear) in self.ears.iter_mut().enumerate() {
            let (level, chance) = self.field.expected_at(number, USUAL_LAW, cell);
            if ear.condition == Condition::Well && level >= bar {
                ear.expect(bucket, (1_000.0 * frames as f32 * chance / chances) as u64, patch as u64);
            }
        }
    }

    /// Judges all receivers by what was looked at so far; says who is in another condition now.
    pub fn check(&mut self) -> Vec<(ReceiverId, Condition)> {
        let before: Vec<Condition> = self.ears.iter().map(|ear| ear.condition).collect();
        let newest = self.newest;
        self.ears.iter_mut().for_each(|ear| ear.judge(newest));
        if self.moves == i64::MIN {
            self.moves = newest;
        }
        if newest >= self.moves.saturating_add(MOVES_EVERY) {
            self.moves = newest;
            self.subjects.retain(|_, last| *last + SUBJECTS_KEPT >= newest);
            // One device's hand and habits are like a fault of a receiver: only several can tell.
            if self.subjects.len() >= SUBJECTS_MIN {
                self.check_moves();
            }
        }
        self.note();
        let changed = self.ears.iter().zip(before).enumerate().filter(|(_, (ear, before))| ear.condition != *before);
        changed.map(|(number, (ear, _))| (self.field.receiver_id(number as u16).clone(), ear.condition)).collect()
    }

    fn note(&mut self) {
        let ill = self.ears.iter().enumerate().filter(|(_, ear)| ear.condition != Condition::Well);
        self.conditions =
            ill.map(|(number, ear)| (self.field.receiver_id(number as u16).clone(), ear.condition)).collect();
    }
}

const fn bucket(at: Timestamp) -> i64 {
    at.0.div_euclid(BUCKET.0)
}
