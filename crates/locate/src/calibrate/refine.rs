//! A survey as the traffic since has it: receivers that grew weaker or louder, floor that nobody surveyed, receivers that
//! were moved. What was surveyed is believed more than what traffic only believes.

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
    /// By receiver, in dB.
    shifts: BTreeMap<ReceiverId, f64>,
    /// Of all, which is the devices' and not the receivers'.
    common: f64,
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
            let shift = shifts.get(receiver).copied().unwrap_or(0.0);
            if shift.abs() >= SHIFT_DB.0 {
                readings.iter_mut().for_each(|reading| reading.level += shift);
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
        let mut found: BTreeMap<&ReceiverId, (f64, f64)> = BTreeMap::new();
        for (receiver, readings) in traffic.receivers.iter().filter(|(id, _)| !traffic.moved.contains(*id)) {
            let Some(surveyed) = self.receivers.get(receiver) else { continue };
            let surveyed: BTreeMap<u32, f64> = surveyed.iter().map(|reading| (reading.place, reading.level)).collect();
            let (mut sum, mut weight, mut count) = (0.0, 0.0, 0);
            for reading in readings.iter().filter(|reading| reading.frames >= FRAMES_MIN) {
                let Some(around) = near.get(reading.place as usize) else { continue };
                let known = around.iter().filter_map(|(place, near)| Some((surveyed.get(place)?, near)));
                let (level, all) = known.fold((0.0, 0.0), |(sum, all), (level, near)| (sum + level * near, all + near));
                if all > 0.0 {
                    let counts = (reading.frames / FRAMES_WHOLE).min(1.0);
                    sum += counts * (reading.level - level / all);
                    weight += counts;
                    count += 1;
                }
            }
            if count >= PLACES_MIN {
                found.insert(receiver, (sum / weight, weight));
            }
        }
        let mut all: Vec<f64> = found.values().map(|(mean, _)| *mean).collect();
        let common = median(&mut all);
        let shift = |(mean, weight): (f64, f64)| {
            ((mean - common) * weight / (weight + SAME_WEIGHT)).clamp(-SHIFT_DB.1, SHIFT_DB.1)
        };
        Difference { shifts: found.into_iter().map(|(id, found)| (id.clone(), shift(found))).collect(), common }
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
