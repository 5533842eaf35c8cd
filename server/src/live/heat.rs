//! How long people stand where: expected person-seconds per square metre and hour. It knows how many, never who.

use std::collections::{BTreeMap, BTreeSet};

use model::floor::Point;
use model::ids::FloorId;
use model::position::{Patch, Position};
use model::subject::{Pseudonym, Subject};
use model::time::{Millis, Timestamp};
use model::units::{Metres, Probability};

use crate::store::{Cell, HEAT_SIDE_M, HeatHour};

/// The most that one update counts, so that a device that fell silent does not go on standing there.
const STEP_MAX: Millis = Millis::seconds(2);
/// People without a name are counted in slots of this length: their pseudonyms change, so an hour can't be counted by names.
const SLOT: Millis = Millis::seconds(10);
/// A patch larger than a cell is divided into at most so many parts a side.
const PARTS_MAX: f64 = 16.0;
/// How long the crowd of an hour is remembered after its beginning.
const CROWD_KEPT: Millis = Millis::hours(3);
/// Most subjects whose presence in one hour is remembered; beyond that there are enough of them.
const KNOWN_MAX: usize = 1_000;

/// A floor during an hour, by the hour's beginning.
type Key = (FloorId, Timestamp);

/// What has been gathered of one store.
#[derive(Debug, Default)]
pub(super) struct Heat {
    /// Not yet on disk.
    pending: BTreeMap<Key, BTreeMap<Cell, f64>>,
    crowds: BTreeMap<Key, Crowd>,
}

impl Heat {
    /// Adds the time since the subject's position before, spread over where it may have been.
    pub(super) fn add(
        &mut self,
        position: &Position,
        before: Timestamp,
        hour: Timestamp,
        is_private: impl Fn(Point) -> bool,
    ) {
        let seconds = position.at.since(before).clamp(Millis::ZERO, STEP_MAX).as_seconds();
        if seconds <= 0.0 {
            return;
        }
        let key = (position.floor.clone(), hour);
        self.crowds.entry(key.clone()).or_default().see(&position.subject, position.at);
        let certain = [Patch { point: position.point, side: Metres(HEAT_SIDE_M), probability: Probability::ONE }];
        let cloud = if position.cloud.is_empty() { &certain } else { position.cloud.as_slice() };
        // What lies in patches too thin to be told is spread like the rest, so that the sum is the time.
        let mass: f64 = cloud.iter().map(|patch| patch.probability.get()).sum();
        let cells = self.pending.entry(key).or_default();
        for patch in cloud.iter().filter(|patch| mass > 0.0 && !is_private(patch.point)) {
            let share = seconds * patch.probability.get() / mass;
            parts(patch, |cell, part| *cells.entry(cell).or_default() += share * part);
        }
    }

    /// What is not on disk yet; it is forgotten here.
    pub(super) fn take(&mut self, now: Timestamp) -> Vec<HeatHour> {
        let pending = std::mem::take(&mut self.pending);
        let crowds = &mut self.crowds;
        let taken = pending.into_iter().map(|(key, cells)| {
            let people = crowds.get(&key).map_or(0, Crowd::people);
            let (floor, hour) = key;
            HeatHour { floor, hour, people, cells }
        });
        let taken = taken.collect();
        crowds.retain(|(_, hour), _| now.since(*hour) <= CROWD_KEPT);
        taken
    }

    /// Takes back what could not be written.
    pub(super) fn put_back(&mut self, hours: Vec<HeatHour>) {
        for HeatHour { floor, hour, cells, .. } in hours {
            let pending = self.pending.entry((floor, hour)).or_default();
            for (cell, seconds) in cells {
                *pending.entry(cell).or_default() += seconds;
            }
        }
    }

    /// Takes a subject's name off; that there was somebody stays.
    pub(super) fn forget(&mut self, subject: &Subject) {
        for crowd in self.crowds.values_mut() {
            if crowd.known.remove(subject) {
                crowd.forgotten += 1;
            }
        }
    }
}

/// Lays a patch over the cells it covers: each with its part of the patch.
fn parts(patch: &Patch, mut each: impl FnMut(Cell, f64)) {
    let side = patch.side.0;
    let count = (side / HEAT_SIDE_M).ceil().clamp(1.0, PARTS_MAX);
    let (step, part) = (side / count, 1.0 / (count * count));
    for index in 0..(count * count) as u32 {
        let (column, row) = (f64::from(index) % count, (f64::from(index) / count).floor());
        let x = patch.point.x - side / 2.0 + (column + 0.5) * step;
        let y = patch.point.y - side / 2.0 + (row + 0.5) * step;
        each(Cell::at(x, y), part);
    }
}

/// Who was there in an hour, as far as it takes to say how many.
#[derive(Debug, Default)]
struct Crowd {
    known: BTreeSet<Subject>,
    forgotten: usize,
    slot: i64,
    unknown: BTreeSet<Pseudonym>,
    before: usize,
    most: usize,
}

impl Crowd {
    fn see(&mut self, subject: &Subject, at: Timestamp) {
        match subject {
            Subject::Device(_) | Subject::Tag(_) => {
                if self.known.len() < KNOWN_MAX {
                    self.known.insert(subject.clone());
                }
            }
            Subject::Anonymous(pseudonym) => {
                let slot = at.0.div_euclid(SLOT.0);
                if slot > self.slot {
                    self.turn(slot);
                }
                if slot == self.slot && self.unknown.len() < KNOWN_MAX {
                    self.unknown.insert(*pseudonym);
                }
            }
        }
    }

    fn turn(&mut self, slot: i64) {
        let now = self.unknown.len();
        self.most = self.most.max(now.min(self.before));
        self.before = if slot == self.slot + 1 { now } else { 0 };
        self.slot = slot;
        self.unknown.clear();
    }

    /// At least so many people were there: all who are known, and of the others as many as were there at once
    /// in two slots in a row. When a pseudonym changes, its owner counts twice in one slot, but not in two.
    fn people(&self) -> u32 {
        let unknown = self.most.max(self.unknown.len().min(self.before));
        u32::try_from(self.known.len() + self.forgotten + unknown).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use model::position::Spread;

    use super::*;

    const HOUR: Timestamp = Timestamp(1_790_000_400_000);

    fn at(ms: i64) -> Timestamp {
        HOUR + Millis(ms)
    }

    fn position(subject: Subject, ms: i64, cloud: Vec<Patch>) -> Position {
        Position {
            subject,
            at: at(ms),
            floor: FloorId::new("ground").expect("an id"),
            point: Point { x: 9.5, y: 1.5 },
            uncertainty: Metres(1.0),
            spread: Spread::default(),
            zone: None,
            zones: vec![],
            cloud,
        }
    }

    fn patch(x: f64, y: f64, side: f64, p: f64) -> Patch {
        Patch { point: Point { x, y }, side: Metres(side), probability: Probability::clamped(p) }
    }

    fn total(hours: &[HeatHour]) -> f64 {
        hours.iter().flat_map(|hour| hour.cells.values()).sum()
    }

    fn nobody_private(_: Point) -> bool {
        false
    }

    #[test]
    fn the_sum_over_cells_is_the_time_and_follows_the_belief() {
        let mut heat = Heat::default();
        let who = Subject::Anonymous(Pseudonym(1));
        let cloud = vec![patch(2.0, 2.0, 2.0, 0.6), patch(9.5, 1.5, 1.0, 0.2)];
        heat.add(&position(who.clone(), 500, cloud.clone()), at(0), HOUR, nobody_private);
        heat.add(&position(who, 1_000, cloud), at(500), HOUR, nobody_private);
        let hours = heat.take(HOUR);
        assert!((total(&hours) - 1.0).abs() < 1e-9);
        assert_eq!(hours[0].cells.len(), 5, "four cells of the large patch, one of the small");
        assert!((hours[0].cells[&Cell::at(9.5, 1.5)] - 0.25).abs() < 1e-9);
        assert!((hours[0].cells[&Cell::at(1.5, 1.5)] - 0.75 / 4.0).abs() < 1e-9);
        assert!(heat.take(HOUR).is_empty(), "it is given once");
        heat.put_back(hours);
        assert!((total(&heat.take(HOUR)) - 1.0).abs() < 1e-9, "and taken back when it could not be written");
    }

    #[test]
    fn a_silent_device_counts_two_seconds_and_a_clock_that_goes_back_nothing() {
        let mut heat = Heat::default();
        let who = Subject::Anonymous(Pseudonym(1));
        heat.add(&position(who.clone(), 60_000, vec![]), at(0), HOUR, nobody_private);
        assert!((total(&heat.take(HOUR)) - 2.0).abs() < 1e-9);
        heat.add(&position(who, 0, vec![]), at(60_000), HOUR, nobody_private);
        assert!(heat.take(HOUR).is_empty());
    }

    #[test]
    fn private_zones_stay_cold() {
        let mut heat = Heat::default();
        let who = Subject::Anonymous(Pseudonym(1));
        let cloud = vec![patch(2.5, 2.5, 1.0, 0.5), patch(9.5, 1.5, 1.0, 0.5)];
        heat.add(&position(who, 1_000, cloud), at(0), HOUR, |point| point.x > 5.0);
        let hours = heat.take(HOUR);
        assert_eq!(hours[0].cells.keys().copied().collect::<Vec<_>>(), [Cell::at(2.5, 2.5)]);
        assert!((total(&hours) - 0.5).abs() < 1e-9);
    }

    #[test]
    fn one_person_whose_pseudonym_changes_is_one_person() {
        let mut heat = Heat::default();
        for second in 1..=600 {
            // Every minute another name, in the middle of a slot.
            let who = Subject::Anonymous(Pseudonym(u64::try_from((second + 4) / 60).expect("positive")));
            heat.add(&position(who, second * 1_000, vec![]), at((second - 1) * 1_000), HOUR, nobody_private);
        }
        assert_eq!(heat.take(HOUR)[0].people, 1);
        for second in 601..=640 {
            for who in 0..7 {
                let who = Subject::Anonymous(Pseudonym(100 + who));
                heat.add(&position(who, second * 1_000, vec![]), at((second - 1) * 1_000), HOUR, nobody_private);
            }
        }
        assert_eq!(heat.take(HOUR)[0].people, 7);
    }

    #[test]
    fn who_is_forgotten_still_was_somebody() {
        let mut heat = Heat::default();
        let who = Subject::Device(model::ids::DeviceId(1));
        heat.add(&position(who.clone(), 1_000, vec![]), at(0), HOUR, nobody_private);
        heat.forget(&who);
        assert!(heat.crowds.values().all(|crowd| crowd.known.is_empty()));
        assert_eq!(heat.take(HOUR)[0].people, 1);
    }
}
