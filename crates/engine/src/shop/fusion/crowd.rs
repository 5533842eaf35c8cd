//! How many people are in each zone, from everybody who is heard and from what sensors say, with the share who carry a radio.
//!
//! It works only when something has changed, and says each zone at most every [`PAUSE`].

use std::collections::{BTreeMap, VecDeque};

use locate::grid::Estimate;
use model::floor::Point;
use model::fusion::{Occupancy, Source};
use model::ids::{FloorId, SensorId, ZoneId};
use model::reading::ReadingKind;
use model::shop::Shop as Plan;
use model::subject::Subject;
use model::time::{Millis, Timestamp};
use model::units::Metres;

/// The shortest time between two words on one zone.
const PAUSE: Millis = Millis::seconds(2);
/// Who has been there for so long is counted: what is heard once only passes by.
const SETTLED: Millis = Millis::seconds(5);
/// Belief below which somebody does not count in a zone.
const BELIEF_MIN: f64 = 0.01;
/// After so long what a sensor said does not hold any more.
const STALE: Millis = Millis::minutes(10);
/// Most subjects counted.
const SUBJECTS_MAX: usize = 20_000;

/// The shortest time between two places of a track.
const TRACK_STEP: Millis = Millis::seconds(1);
/// Most places of a track.
pub(super) const TRACK_MAX: usize = 16;

/// What was last believed of everybody, and last said of every zone.
#[derive(Debug, Default)]
pub(super) struct Crowd {
    seen: BTreeMap<Subject, Seen>,
    sensors: BTreeMap<SensorId, (Timestamp, ReadingKind)>,
    share: Share,
    told: BTreeMap<Option<ZoneId>, i64>,
    due: Option<Timestamp>,
    worked: Option<Timestamp>,
}

/// Where a subject was last believed to be.
#[derive(Debug)]
pub(super) struct Seen {
    first: Timestamp,
    at: Timestamp,
    pub(super) floor: FloorId,
    pub(super) point: Point,
    pub(super) uncertainty: Metres,
    zones: Vec<(ZoneId, f32)>,
    /// Where it was in the last seconds, oldest first.
    pub(super) track: VecDeque<(Timestamp, Point)>,
}

/// How many radios a counted person carries, learned while both are known. Above one when people carry more than one.
#[derive(Debug, Clone, Copy)]
struct Share {
    heard: f64,
    counted: f64,
}

impl Default for Share {
    /// Until more is known, everybody carries one; five minutes of one person weigh as much.
    fn default() -> Self {
        Self { heard: 300.0, counted: 300.0 }
    }
}

impl Share {
    /// What was learned halves in this time, in seconds.
    const HALF_S: f64 = 1_800.0;
    /// A longer pause teaches nothing, in seconds.
    const STEP_MAX_S: f64 = 60.0;
    /// Fewer people than this tell nothing about a share.
    const PEOPLE_MIN: f64 = 3.0;

    fn learn(&mut self, heard: f64, counted: f64, seconds: f64) {
        if counted < Self::PEOPLE_MIN || !(0.0..=Self::STEP_MAX_S).contains(&seconds) {
            return;
        }
        let kept = (-seconds / Self::HALF_S * std::f64::consts::LN_2).exp();
        self.heard = self.heard * kept + heard * seconds;
        self.counted = self.counted * kept + counted * seconds;
    }

    fn get(self) -> f64 {
        (self.heard / self.counted).clamp(0.02, 5.0)
    }
}

impl Crowd {
    /// Takes a new belief.
    pub(super) fn see(&mut self, subject: &Subject, estimate: &Estimate, now: Timestamp) {
        if !is_person(subject) || (self.seen.len() >= SUBJECTS_MAX && !self.seen.contains_key(subject)) {
            return;
        }
        let seen = match self.seen.get_mut(subject) {
            Some(seen) => seen,
            None => self.seen.entry(subject.clone()).or_insert_with(|| Seen::new(estimate)),
        };
        seen.move_to(estimate);
        self.stir(now);
    }

    /// Nobody knows any more where somebody is.
    pub(super) fn lose(&mut self, subject: &Subject, now: Timestamp) {
        if self.seen.remove(subject).is_some() {
            self.stir(now);
        }
    }

    /// Takes what a sensor of the plan says.
    pub(super) fn read(&mut self, sensor: &SensorId, at: Timestamp, kind: ReadingKind, now: Timestamp) {
        match kind {
            ReadingKind::Level(_) | ReadingKind::Presence(_) => {
                if self.sensors.get(sensor).is_none_or(|(before, _)| *before <= at) {
                    self.sensors.insert(sensor.clone(), (at, kind));
                }
            }
            ReadingKind::Crossing { .. } | ReadingKind::ShelfDelta(_) => {}
        }
        self.stir(now);
    }

    /// A plan has come: what is not on it any more is forgotten.
    pub(super) fn take_plan(&mut self, plan: &Plan, now: Timestamp) {
        self.sensors.retain(|id, _| plan.sensors.iter().any(|sensor| sensor.id == *id));
        self.told.retain(|zone, _| zone.as_ref().is_none_or(|zone| plan.zone(zone).is_some()));
        self.seen.values_mut().for_each(|seen| seen.zones.retain(|(zone, _)| plan.zone(zone).is_some()));
        self.stir(now);
    }

    /// When there is something to say.
    pub(super) const fn due(&self) -> Option<Timestamp> {
        self.due
    }

    /// Where somebody was last believed to be.
    pub(super) fn seen(&self, subject: &Subject) -> Option<&Seen> {
        self.seen.get(subject)
    }

    /// Everybody who counts, with where they are and were.
    pub(super) fn people(&self) -> impl Iterator<Item = (&Subject, &Seen)> {
        self.seen.iter().filter(|(_, seen)| seen.counts())
    }

    /// How many radios one person carries, as far as the doors tell; one while they tell nothing.
    pub(super) fn radios(&self) -> f64 {
        self.share.get().max(1.0)
    }

    /// How many people were last said to be in a zone, and when that was found.
    pub(super) fn told(&self, zone: &ZoneId) -> Option<(f64, Timestamp)> {
        let tenths = self.told.get(&Some(zone.clone()))?;
        Some((*tenths as f64 / 10.0, self.worked?))
    }

    /// How many are heard who count as people.
    pub(super) fn heard(&self) -> usize {
        self.seen.values().filter(|seen| seen.counts()).count()
    }

    /// How many are inside of whom nothing is heard, by the door's count or else by the share that was learned.
    pub(super) fn unheard(&self, inside: Option<u64>) -> f64 {
        let heard = self.heard() as f64;
        let people = inside.map_or(heard / self.share.get(), |inside| inside as f64);
        (people - heard).max(0.0)
    }

    /// Says what has changed; `inside` is the door's count.
    pub(super) fn work(&mut self, plan: &Plan, inside: Option<u64>, at: Timestamp) -> Vec<Occupancy> {
        self.due = None;
        let elapsed = self.worked.replace(at).map_or(0.0, |worked| at.since(worked).as_seconds());
        let heard = self.heard() as f64;
        if let Some(inside) = inside {
            self.share.learn(heard, inside as f64, elapsed);
        }
        let share = if inside.is_some() { self.share.get() } else { 1.0 };
        let mut sums: BTreeMap<&ZoneId, f64> = BTreeMap::new();
        for (zone, p) in self.seen.values().filter(|seen| seen.counts()).flat_map(|seen| &seen.zones) {
            *sums.entry(zone).or_default() += f64::from(*p);
        }
        let mut all = vec![store(heard, inside, at)];
        for zone in plan.zones() {
            let heard = sums.get(&zone.id).copied().unwrap_or_default();
            let people = (heard / share).min(inside.map_or(f64::INFINITY, |inside| (inside as f64).max(heard)));
            let sources = sources(heard > 0.0, inside.is_some() && heard > 0.0);
            let mut zone = Occupancy { zone: Some(zone.id.clone()), at, people, sources };
            self.at_least(plan, &mut zone);
            all.push(zone);
        }
        self.due = self.expiry(at);
        all.retain_mut(|occupancy| self.is_news(occupancy));
        all
    }

    /// Raises a zone to what the sensors in it say.
    fn at_least(&self, plan: &Plan, occupancy: &mut Occupancy) {
        let mine = plan.sensors.iter().filter(|sensor| Some(&sensor.zone) == occupancy.zone.as_ref());
        for (at, kind) in mine.filter_map(|sensor| self.sensors.get(&sensor.id)) {
            let (people, source) = match kind {
                ReadingKind::Level(people) => (f64::from(*people), Source::Level),
                ReadingKind::Presence(somebody) => (f64::from(*somebody), Source::Presence),
                ReadingKind::Crossing { .. } | ReadingKind::ShelfDelta(_) => continue,
            };
            if occupancy.at.since(*at) <= STALE && people > occupancy.people {
                occupancy.people = people;
                occupancy.sources.push(source);
            }
        }
    }

    /// Whether it is another number than the last one said, to a tenth; it becomes the last one.
    fn is_news(&mut self, occupancy: &mut Occupancy) -> bool {
        let tenths = (occupancy.people * 10.0).round() as i64;
        occupancy.people = tenths as f64 / 10.0;
        self.told.insert(occupancy.zone.clone(), tenths).unwrap_or_default() != tenths
    }

    /// When the next word of a sensor stops to hold.
    fn expiry(&self, now: Timestamp) -> Option<Timestamp> {
        let says = self.sensors.values().filter(|(_, kind)| match kind {
            ReadingKind::Level(people) => *people > 0,
            ReadingKind::Presence(somebody) => *somebody,
            ReadingKind::Crossing { .. } | ReadingKind::ShelfDelta(_) => false,
        });
        says.map(|(at, _)| *at + STALE + Millis(1)).filter(|until| *until > now).min()
    }

    /// Something has changed: it is looked at after the pause.
    fn stir(&mut self, now: Timestamp) {
        let soon = self.worked.map_or(now, |worked| now.max(worked + PAUSE));
        self.due = Some(self.due.map_or(soon, |due| due.min(soon)));
    }
}

impl Seen {
    fn new(estimate: &Estimate) -> Self {
        let Estimate { at, floor, point, uncertainty, .. } = estimate;
        let (first, at, floor) = (*at, *at, floor.clone());
        let track = VecDeque::with_capacity(TRACK_MAX);
        Self { first, at, floor, point: *point, uncertainty: *uncertainty, zones: Vec::new(), track }
    }

    /// Takes a later belief into the room of the one before.
    fn move_to(&mut self, estimate: &Estimate) {
        (self.at, self.point, self.uncertainty) = (estimate.at, estimate.point, estimate.uncertainty);
        if self.floor != estimate.floor {
            self.floor.clone_from(&estimate.floor);
            self.track.clear();
        }
        self.go_on(estimate.at, estimate.point);
        self.zones.clear();
        let zones = estimate.zones.iter().filter(|(_, p)| p.get() >= BELIEF_MIN);
        self.zones.extend(zones.map(|(zone, p)| (zone.clone(), p.get() as f32)));
    }

    /// Adds to the track, at most one place a second.
    fn go_on(&mut self, at: Timestamp, point: Point) {
        if self.track.back().is_some_and(|(last, _)| at.since(*last) < TRACK_STEP) {
            return;
        }
        if self.track.len() >= TRACK_MAX {
            self.track.pop_front();
        }
        self.track.push_back((at, point));
    }

    pub(super) fn counts(&self) -> bool {
        self.at.since(self.first) >= SETTLED
    }
}

fn store(heard: f64, inside: Option<u64>, at: Timestamp) -> Occupancy {
    let people = inside.map_or(heard, |inside| inside as f64);
    Occupancy { zone: None, at, people, sources: sources(inside.is_none() && heard > 0.0, inside.is_some()) }
}

fn sources(radio: bool, door: bool) -> Vec<Source> {
    [(radio, Source::Radio), (door, Source::Door)].into_iter().filter_map(|(is, source)| is.then_some(source)).collect()
}

/// Whether somebody is behind a subject: a tag is a thing, and staff are left out of every figure.
const fn is_person(subject: &Subject) -> bool {
    match subject {
        Subject::Device(_) | Subject::Anonymous(_) => true,
        Subject::Tag(_) => false,
    }
}

#[cfg(test)]
mod tests;
