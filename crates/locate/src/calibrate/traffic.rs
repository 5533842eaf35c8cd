//! What the traffic of every day says about a shop's radio: each sighting is shared out over the places where its device is
//! believed to have been. Bounded by the store's size, and old traffic fades, so that it follows shelves that move.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use model::ids::ReceiverId;

use super::{Calibration, Place, Reading, Source};
use crate::grid::{Field, Ground};

/// Side of a place, in metres.
const SIDE_M: f64 = 1.0;
/// A place with less belief than this learns nothing from a slot.
const SHARE_MIN: f32 = 0.01;
/// Frames of a place below which it is left out of a calibration.
const FRAMES_MIN: f32 = 2.0;
/// Device-seconds below which nothing is made of what was heard.
const SECONDS_MIN: f64 = 60.0;
/// Frames of one receiver and place above which all are made less: what is older counts less.
const FRAMES_MAX: f32 = 20_000.0;

/// Sums over the places of one store.
#[derive(Debug, Clone)]
pub struct Traffic {
    ground: Arc<Ground>,
    /// The place of every cell.
    place_of: Vec<u32>,
    /// Sum of the cells' centres, and their count.
    centres: Vec<(usize, f64, f64, f64)>,
    seconds: Vec<f32>,
    receivers: BTreeMap<ReceiverId, Vec<Sum>>,
    /// Receivers that are not where the plan says.
    moved: BTreeSet<ReceiverId>,
    total: f64,
    /// Room for the belief per place.
    shares: Vec<(u32, f32)>,
    dense: Vec<f32>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    level: f32,
    frames: f32,
}

impl Traffic {
    /// Nothing heard yet.
    #[must_use]
    pub fn new(ground: &Arc<Ground>) -> Self {
        let side = SIDE_M.max(ground.cell_m());
        let mut numbers: BTreeMap<(usize, i64, i64), u32> = BTreeMap::new();
        let mut centres: Vec<(usize, f64, f64, f64)> = Vec::new();
        let mut place_of = Vec::with_capacity(ground.cells());
        for (floor, point) in ground.centres() {
            let key = (floor, (point.x / side).floor() as i64, (point.y / side).floor() as i64);
            let place = *numbers.entry(key).or_insert_with(|| {
                centres.push((floor, 0.0, 0.0, 0.0));
                centres.len() as u32 - 1
            });
            let sum = &mut centres[place as usize];
            *sum = (floor, sum.1 + point.x, sum.2 + point.y, sum.3 + 1.0);
            place_of.push(place);
        }
        Self {
            ground: Arc::clone(ground),
            place_of,
            seconds: vec![0.0; centres.len()],
            dense: vec![0.0; centres.len()],
            centres,
            receivers: BTreeMap::new(),
            moved: BTreeSet::new(),
            total: 0.0,
            shares: Vec::new(),
        }
    }

    /// Takes a slot: where the device is believed to be, and each receiver's level above the device's power, with its frames.
    pub(crate) fn hear(
        &mut self,
        field: &Field,
        belief: &[f32],
        seconds: f64,
        heard: impl Iterator<Item = (u16, f32, u16)>,
    ) {
        if !Arc::ptr_eq(&self.ground, field.ground()) || belief.len() != self.place_of.len() {
            return;
        }
        self.dense.fill(0.0);
        for (belief, place) in belief.iter().zip(&self.place_of) {
            self.dense[*place as usize] += belief;
        }
        self.shares.clear();
        let shares = self.dense.iter().zip(0_u32..).filter(|(share, _)| **share >= SHARE_MIN);
        self.shares.extend(shares.map(|(share, place)| (place, *share)));
        self.shares.iter().for_each(|(place, share)| self.seconds[*place as usize] += share * seconds as f32);
        self.total += seconds;
        for (receiver, level, frames) in heard {
            let id = field.receiver_id(receiver);
            let room = match self.receivers.get_mut(id) {
                Some(room) => room,
                None => self.receivers.entry(id.clone()).or_insert_with(|| vec![Sum::default(); self.centres.len()]),
            };
            for (place, share) in &self.shares {
                let sum = &mut room[*place as usize];
                let frames = share * f32::from(frames);
                sum.level += frames * level;
                sum.frames += frames;
                if sum.frames > FRAMES_MAX {
                    *sum = Sum { level: sum.level * 0.5, frames: sum.frames * 0.5 };
                }
            }
        }
    }

    /// Takes up what was learnt from traffic before, on top of what was heard since.
    pub fn recall(&mut self, learnt: &Calibration) {
        self.moved.extend(learnt.moved.iter().cloned());
        let cell = |place: &Place| self.ground.cell_at(&place.floor, place.point);
        let places: Vec<Option<u32>> = learnt.places.iter().map(|place| Some(self.place_of[cell(place)?])).collect();
        let sound = |number: f64| number.is_finite() && number >= 0.0;
        for (place, known) in places.iter().zip(&learnt.places) {
            if let Some(place) = place.filter(|_| sound(known.seconds)) {
                self.seconds[place as usize] += known.seconds as f32;
                self.total += known.seconds;
            }
        }
        for (id, readings) in &learnt.receivers {
            let room = self.receivers.entry(id.clone()).or_insert_with(|| vec![Sum::default(); self.centres.len()]);
            for reading in readings.iter().filter(|reading| reading.level.abs() < 200.0 && sound(reading.frames)) {
                if let Some(place) = places.get(reading.place as usize).copied().flatten() {
                    let (sum, frames) = (&mut room[place as usize], reading.frames.min(f64::from(FRAMES_MAX)) as f32);
                    *sum = Sum { level: sum.level + frames * reading.level as f32, frames: sum.frames + frames };
                }
            }
        }
    }

    /// Forgets what a receiver heard, which is somewhere else now; or, if not `moved`, again where the plan says.
    pub fn forget(&mut self, receiver: &ReceiverId, moved: bool) {
        self.receivers.remove(receiver);
        if moved {
            self.moved.insert(receiver.clone());
        } else {
            self.moved.remove(receiver);
        }
    }

    /// Whether a receiver is not where the plan says.
    #[must_use]
    pub fn has_moved(&self, receiver: &ReceiverId) -> bool {
        self.moved.contains(receiver)
    }

    /// Device-seconds heard so far.
    #[must_use]
    pub const fn seconds(&self) -> f64 {
        self.total
    }

    /// Lets what was heard count less: `keep` of 1 keeps all.
    pub fn fade(&mut self, keep: f32) {
        self.seconds.iter_mut().for_each(|seconds| *seconds *= keep);
        let sums = self.receivers.values_mut().flatten();
        sums.for_each(|sum| *sum = Sum { level: sum.level * keep, frames: sum.frames * keep });
    }

    /// What was learnt so far; none while too little was heard.
    #[must_use]
    pub fn calibration(&self) -> Option<Calibration> {
        if self.total < SECONDS_MIN {
            return None;
        }
        let places = self.centres.iter().zip(&self.seconds).map(|((floor, x, y, count), seconds)| Place {
            floor: self.ground.floor_id(*floor).clone(),
            point: model::floor::Point { x: x / count, y: y / count },
            seconds: f64::from(*seconds),
        });
        let readings = |room: &Vec<Sum>| -> Vec<Reading> {
            let sums = room.iter().zip(0_u32..).filter(|(sum, _)| sum.frames >= FRAMES_MIN);
            sums.map(|(sum, place)| Reading {
                place,
                level: f64::from(sum.level / sum.frames),
                frames: f64::from(sum.frames),
            })
            .collect()
        };
        let receivers = self.receivers.iter().map(|(id, room)| (id.clone(), readings(room)));
        let receivers = receivers.filter(|(_, readings)| !readings.is_empty()).collect();
        Some(Calibration {
            places: places.collect(),
            receivers,
            moved: self.moved.clone(),
            ..Calibration::empty(Source::Traffic)
        })
    }
}
