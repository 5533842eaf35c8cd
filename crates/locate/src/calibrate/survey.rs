//! A survey as a calibration: its spots gathered into places, and the powers of its devices taken out.

use std::collections::BTreeMap;

use model::floor::Point;
use model::ids::ReceiverId;
use model::survey::{Spot, Survey};

use super::{Calibration, DEVICES_DB, Place, Reading, Source};

/// Side of the squares in which spots are one place, to begin with, in metres.
const SIDE_M: f64 = 0.4;
/// The largest such side, in metres.
const SIDE_MAX_M: f64 = 2.0;
/// Places above which larger squares are taken.
const PLACES_MAX: usize = 400;
/// Most frames of one spot and receiver that count: a long stay is still one place and one way to stand.
const FRAMES_MAX: f64 = 1_000.0;
/// A device farther than so many dB from the median of all was written down wrong: nothing of it is taken.
const DEVICE_MAX_DB: f64 = 25.0;
/// Rounds in which devices' powers and places' levels are told apart.
const ROUNDS: usize = 4;

type Key = (usize, i64, i64);

impl Calibration {
    /// What a survey says. Spots with numbers that are none, and receivers that heard impossible levels, are left out.
    #[must_use]
    pub fn of_survey(survey: &Survey) -> Self {
        Self::of_spots(survey.spots.iter().filter(|spot| sound(spot)).collect())
    }

    fn of_spots(mut spots: Vec<&Spot>) -> Self {
        let mut floors: Vec<_> = spots.iter().map(|spot| &spot.floor).collect();
        floors.sort();
        floors.dedup();
        let floor = |spot: &Spot| floors.binary_search(&&spot.floor).unwrap_or_default();
        let mut side = SIDE_M;
        let key = |spot: &Spot, side: f64| -> Key {
            (floor(spot), (spot.point.x / side).round() as i64, (spot.point.y / side).round() as i64)
        };
        let count = |side: f64| {
            let mut keys: Vec<Key> = spots.iter().map(|spot| key(spot, side)).collect();
            keys.sort_unstable();
            keys.dedup();
            keys.len()
        };
        while side < SIDE_MAX_M && count(side) > PLACES_MAX {
            side = (side * 1.25).min(SIDE_MAX_M);
        }
        let mut sums: BTreeMap<Key, (f64, f64, f64, f64)> = BTreeMap::new();
        for spot in &spots {
            let sum = sums.entry(key(spot, side)).or_default();
            *sum = (sum.0 + spot.point.x, sum.1 + spot.point.y, sum.2 + 1.0, sum.3 + spot.seconds);
        }
        let numbers: BTreeMap<Key, u32> = sums.keys().copied().zip(0_u32..).collect();
        let places = sums.iter().map(|((floor, _, _), (x, y, n, seconds))| Place {
            floor: floors[*floor].clone(),
            point: Point { x: x / n, y: y / n },
            seconds: *seconds,
        });
        let offsets = offsets(&spots, |spot| numbers[&key(spot, side)]);
        if let Some(odd) = odd(&offsets) {
            let odd = odd.to_owned();
            spots.retain(|spot| spot.device != odd);
            return Self::of_spots(spots);
        }
        let heard = heard(&spots, |spot| numbers[&key(spot, side)], &offsets);
        Self {
            places: places.collect(),
            receivers: readings(heard),
            devices_db: spread(&offsets),
            ..Self::empty(Source::Survey)
        }
    }
}

fn sound(spot: &Spot) -> bool {
    let place = [spot.point.x, spot.point.y].iter().all(|metres| metres.abs() < 1e5);
    place && spot.seconds > 0.0 && spot.seconds.is_finite()
}

/// The device that differs from the others as none can, if there is one and enough others to tell which.
fn odd<'s>(offsets: &BTreeMap<&'s str, f64>) -> Option<&'s str> {
    const DEVICES_MIN: usize = 3;
    let mut sorted: Vec<f64> = offsets.values().copied().collect();
    sorted.sort_by(f64::total_cmp);
    let median = *sorted.get(sorted.len() / 2).filter(|_| sorted.len() >= DEVICES_MIN)?;
    let apart = |offset: &f64| (offset - median).abs();
    let (device, offset) = offsets.iter().max_by(|a, b| apart(a.1).total_cmp(&apart(b.1)))?;
    (apart(offset) > DEVICE_MAX_DB).then_some(*device)
}

/// How far devices' powers lie apart, in dB: what is usual counts as much as four devices that were heard.
fn spread(offsets: &BTreeMap<&str, f64>) -> f64 {
    const USUAL_WEIGHT: f64 = 4.0;
    let squares: f64 = offsets.values().map(|offset| offset * offset).sum();
    let others = offsets.len().saturating_sub(1) as f64;
    ((USUAL_WEIGHT * DEVICES_DB * DEVICES_DB + squares) / (USUAL_WEIGHT + others)).sqrt().min(DEVICE_MAX_DB)
}

/// Level sum and frames of each receiver at each place.
type Sums<'s> = BTreeMap<&'s ReceiverId, BTreeMap<u32, (f64, f64)>>;

fn heard<'s>(spots: &[&'s Spot], place: impl Fn(&Spot) -> u32, offsets: &BTreeMap<&str, f64>) -> Sums<'s> {
    let mut sums: Sums<'s> = BTreeMap::new();
    for spot in spots {
        let offset = offsets.get(spot.device.as_str()).copied().unwrap_or_default();
        for heard in spot.heard.iter().filter(|heard| heard.level.abs() < 200.0 && heard.frames > 0) {
            let frames = f64::from(heard.frames).min(FRAMES_MAX);
            let sum = sums.entry(&heard.receiver).or_default().entry(place(spot)).or_default();
            *sum = (sum.0 + frames * (f64::from(heard.level) - offset), sum.1 + frames);
        }
    }
    sums
}

/// How much louder each device is than the mean of all: by what it and others were heard like at the same places.
fn offsets<'s>(spots: &[&'s Spot], place: impl Fn(&Spot) -> u32) -> BTreeMap<&'s str, f64> {
    let mut offsets: BTreeMap<&str, f64> = spots.iter().map(|spot| (spot.device.as_str(), 0.0)).collect();
    if offsets.len() < 2 {
        return offsets;
    }
    for _ in 0..ROUNDS {
        let means = heard(spots, &place, &offsets);
        let mut surprise: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
        for spot in spots {
            for heard in &spot.heard {
                let Some((sum, frames)) = means.get(&heard.receiver).and_then(|at| at.get(&place(spot))) else {
                    continue;
                };
                let of = surprise.entry(spot.device.as_str()).or_default();
                *of = (of.0 + f64::from(heard.level) - sum / frames, of.1 + 1.0);
            }
        }
        for (device, (sum, count)) in surprise {
            offsets.insert(device, sum / count);
        }
        let mean = offsets.values().sum::<f64>() / offsets.len() as f64;
        offsets.values_mut().for_each(|offset| *offset -= mean);
    }
    offsets
}

fn readings(sums: Sums<'_>) -> BTreeMap<ReceiverId, Vec<Reading>> {
    let of = |at: BTreeMap<u32, (f64, f64)>| {
        at.into_iter().map(|(place, (sum, frames))| Reading { place, level: sum / frames, frames }).collect()
    };
    sums.into_iter().map(|(receiver, at)| (receiver.clone(), of(at))).collect()
}
