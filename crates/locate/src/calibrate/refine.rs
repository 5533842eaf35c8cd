//! A survey as the traffic since has it: receivers that grew weaker or louder, shelves that were moved, floor that nobody
//! surveyed, receivers that were moved. What was surveyed is believed more than what traffic only believes.

use std::collections::{BTreeMap, BTreeSet};

use model::floor::Point;
use model::ids::{FloorId, ReceiverId};

use super::{Calibration, Place, Reading, median};

/// Device-seconds of traffic before anything is made of them.
const SECONDS_MIN: f64 = 3_600.0;
/// A place of the survey tells of places so near to it, in metres, and half as much so far away.
const NEAR_M: f64 = 2.5;
const REACH_M: f64 = 1.0;
/// Frames at a place of traffic before it is compared, and with which it counts whole.
const FRAMES_MIN: f64 = 10.0;
const FRAMES_WHOLE: f64 = 50.0;
/// Places that must have been compared, and the weight of no change beside them.
const PLACES_MIN: usize = 12;
const SAME_WEIGHT: f64 = 4.0;
/// Smaller changes are none, larger ones are not believed, in dB.
const SHIFT_DB: (f64, f64) = (1.0, 15.0);
/// Weight of no change at a place beside what traffic says around it, and the least change that is one, in dB.
const PLACE_SAME_WEIGHT: f64 = 0.3;
const PLACE_SHIFT_MIN_DB: f64 = 2.0;
/// Side of the squares in which traffic fills floor that nobody surveyed, in metres.
const FILL_M: f64 = 3.0;
/// Device-seconds in a square before it is filled.
const FILL_SECONDS: f64 = 20.0;
/// Frames that what was heard in such a square counts at most.
const FILL_FRAMES: f64 = 2.0;

/// Places of a survey around a place, with how much each tells of it.
type Near = Vec<(u32, f64)>;

/// How traffic differs from a survey.
#[derive(Debug)]
struct Difference {
    shifts: BTreeMap<ReceiverId, Shift>,
    /// Of all, which is the devices' and not the receivers', in dB.
    common: f64,
}

/// How a receiver hears now, beside the survey.
#[derive(Debug)]
struct Shift {
    /// Everywhere, in dB.
    all: f64,
    /// At places of the survey beyond that, in dB: a shelf stands in the way that was not there, or is gone.
    places: BTreeMap<u32, f64>,
}

/// A place of the traffic beside those of the survey around it.
#[derive(Debug)]
struct Compared<'n> {
    /// By how much the receiver hears it louder, in dB.
    louder: f64,
    /// How much that counts.
    weight: f64,
    around: &'n Near,
}

/// Sets what traffic heard at a place beside what was surveyed around it, if it was.
fn compare<'n>(reading: &Reading, surveyed: &BTreeMap<u32, f64>, near: &'n [Near]) -> Option<Compared<'n>> {
    let around = near.get(reading.place as usize)?;
    let known = around.iter().filter_map(|(place, near)| Some((surveyed.get(place)?, near)));
    let (level, all) = known.fold((0.0, 0.0), |(sum, all), (level, near)| (sum + level * near, all + near));
    let weight = (reading.frames / FRAMES_WHOLE).min(1.0);
    (all > 0.0).then(|| Compared { louder: reading.level - level / all, weight, around })
}

/// By how much a receiver hears most places louder, in dB, and what that weighs. The middle one: a shelf that was moved
/// changes some places much, and the receiver not at all.
fn middle(compared: &[Compared<'_>]) -> (f64, f64) {
    let mut louder: Vec<(f64, f64)> = compared.iter().map(|one| (one.louder, one.weight)).collect();
    louder.sort_by(|a, b| a.0.total_cmp(&b.0));
    let all: f64 = louder.iter().map(|(_, weight)| weight).sum();
    let mut below = 0.0;
    let half = louder.iter().find(|(_, weight)| {
        below += weight;
        below * 2.0 >= all
    });
    (half.map_or(0.0, |(louder, _)| *louder), all)
}

/// By how much a receiver hears places of the survey louder than `everywhere`, in dB, where that is more than chance.
fn places(compared: &[Compared<'_>], everywhere: f64) -> BTreeMap<u32, f64> {
    let mut sums: BTreeMap<u32, (f64, f64)> = BTreeMap::new();
    for Compared { louder, weight, around } in compared {
        for (place, near) in *around {
            let sum = sums.entry(*place).or_default();
            *sum = (sum.0 + weight * near * (louder - everywhere), sum.1 + weight * near);
        }
    }
    let shifts = sums.into_iter().map(|(place, (sum, weight))| (place, sum / (weight + PLACE_SAME_WEIGHT)));
    shifts
        .filter(|(_, shift)| shift.abs() >= PLACE_SHIFT_MIN_DB)
        .map(|(place, shift)| (place, shift.clamp(-SHIFT_DB.1, SHIFT_DB.1)))
        .collect()
}

impl Calibration {
    /// A survey with what traffic has found since.
    #[must_use]
    pub fn refined(&self, traffic: &Self) -> Self {
        let heard: f64 = traffic.places.iter().map(|place| place.seconds).sum();
        if heard < SECONDS_MIN {
            return self.clone();
        }
        let near = self.near(traffic);
        let Difference { shifts, common } = self.difference(traffic, &near);
        let mut refined = self.clone();
        for (receiver, readings) in &mut refined.receivers {
            let Some(Shift { all, places }) = shifts.get(receiver) else { continue };
            let all = if all.abs() >= SHIFT_DB.0 { *all } else { 0.0 };
            for reading in readings {
                reading.level += all + places.get(&reading.place).copied().unwrap_or(0.0);
            }
        }
        for moved in &traffic.moved {
            refined.receivers.remove(moved);
            refined.moved.insert(moved.clone());
        }
        refined.fill(traffic, &near, common);
        refined
    }

    fn difference(&self, traffic: &Self, near: &[Near]) -> Difference {
        let mut found: BTreeMap<&ReceiverId, Vec<Compared<'_>>> = BTreeMap::new();
        for (receiver, readings) in traffic.receivers.iter().filter(|(id, _)| !traffic.moved.contains(*id)) {
            let Some(surveyed) = self.receivers.get(receiver) else { continue };
            let surveyed: BTreeMap<u32, f64> = surveyed.iter().map(|reading| (reading.place, reading.level)).collect();
            let enough = readings.iter().filter(|reading| reading.frames >= FRAMES_MIN);
            let compared: Vec<_> = enough.filter_map(|reading| compare(reading, &surveyed, near)).collect();
            if compared.len() >= PLACES_MIN {
                found.insert(receiver, compared);
            }
        }
        let mut middles: Vec<f64> = found.values().map(|compared| middle(compared).0).collect();
        let common = median(&mut middles);
        let shift = |compared: &[Compared<'_>]| {
            let (middle, weight) = middle(compared);
            let all = ((middle - common) * weight / (weight + SAME_WEIGHT)).clamp(-SHIFT_DB.1, SHIFT_DB.1);
            Shift { all, places: places(compared, common + all) }
        };
        let shifts = found.into_iter().map(|(id, compared)| (id.clone(), shift(&compared))).collect();
        Difference { shifts, common }
    }

    /// For each place of the traffic the places of the survey around it.
    fn near(&self, traffic: &Self) -> Vec<Near> {
        let near = |place: &Place| -> Near {
            let surveyed = self.places.iter().zip(0..).filter(|(other, _)| other.floor == place.floor);
            let metres = surveyed.map(|(other, number)| (number, other.point.distance(place.point)));
            metres.filter(|(_, metres)| *metres <= NEAR_M).map(|(n, metres)| (n, (-metres / REACH_M).exp2())).collect()
        };
        traffic.places.iter().map(near).collect()
    }

    /// Puts places where only traffic was, and what was heard there; receivers that were moved have no others.
    fn fill(&mut self, traffic: &Self, near: &[Near], common: f64) {
        let mut squares: BTreeMap<(&FloorId, i64, i64, bool), Vec<usize>> = BTreeMap::new();
        for (number, place) in traffic.places.iter().enumerate().filter(|(_, place)| place.seconds > 0.0) {
            let side = |metres: f64| (metres / FILL_M).floor() as i64;
            let known = !near[number].is_empty();
            if !known || !traffic.moved.is_empty() {
                let key = (&place.floor, side(place.point.x), side(place.point.y), known);
                squares.entry(key).or_default().push(number);
            }
        }
        let readings: Vec<(&ReceiverId, BTreeMap<u32, &Reading>)> = traffic
            .receivers
            .iter()
            .map(|(receiver, readings)| (receiver, readings.iter().map(|reading| (reading.place, reading)).collect()))
            .collect();
        for ((floor, _, _, known), numbers) in squares {
            let seconds: f64 = numbers.iter().map(|number| traffic.places[*number].seconds).sum();
            if seconds < FILL_SECONDS {
                continue;
            }
            let sums =
                readings.iter().filter(|(id, _)| !known || traffic.moved.contains(*id)).filter_map(|(id, of)| {
                    let here = numbers.iter().filter_map(|number| of.get(&(*number as u32)));
                    let (sum, frames) =
                        here.fold((0.0, 0.0), |(sum, frames), one| (sum + one.level * one.frames, frames + one.frames));
                    (frames > 0.0).then(|| ((*id).clone(), sum / frames - common, frames))
                });
            let sums: Vec<_> = sums.collect();
            let most = sums.iter().map(|(_, _, frames)| *frames).fold(0.0, f64::max);
            if most <= 0.0 {
                continue;
            }
            let part = (FILL_FRAMES / most).min(1.0);
            let mean = |of: fn(&Point) -> f64| {
                numbers.iter().map(|n| of(&traffic.places[*n].point) * traffic.places[*n].seconds).sum::<f64>()
                    / seconds
            };
            let point = Point { x: mean(|point| point.x), y: mean(|point| point.y) };
            let place = self.places.len() as u32;
            // Where the survey was, it has counted who hears how often.
            let seconds = if known { 0.0 } else { seconds * part };
            self.places.push(Place { floor: floor.clone(), point, seconds });
            for (receiver, level, frames) in sums {
                let readings = self.receivers.entry(receiver).or_default();
                readings.push(Reading { place, level, frames: frames * part });
            }
        }
    }

    /// Receivers whose place on the plan is not what it was when this was learnt are where the plan says.
    pub fn settle(&mut self, settled: impl Fn(&ReceiverId) -> bool) {
        let moved: BTreeSet<ReceiverId> = self.moved.iter().filter(|id| !settled(id)).cloned().collect();
        self.moved = moved;
    }
}

#[cfg(test)]
mod tests;
