//! What can be known in a shop before anything is heard: how exactly somebody can be placed where, from the plan alone.
//!
//! Information, not simulation: the Fisher information of signal strengths about each spot, and where the answers would land.
//! It speaks of one answer from a few seconds of frames of somebody who stands; it knows nothing of crowds and reflections.

mod advice;
mod chart;
mod landing;
mod pairs;

use std::collections::BTreeMap;

use geo::Area;
use model::floor::Point;
use model::ids::{FloorId, ReceiverId, ZoneId};
use model::shop::Shop;
use serde::Serialize;

pub use crate::fisher::Ellipse;
pub use advice::{Addition, Advice, Effect, Removal};
pub use chart::Chart;
pub use pairs::{Pair, Why};

use landing::Landing;

/// Width of the bins in which errors are counted, in metres.
const BIN_M: f64 = 0.1;
/// Errors beyond this are taken for this, in metres.
const ERROR_MAX_M: f64 = 200.0;
/// A share of answers below this is not worth a word.
const SHARE_MIN: f64 = 0.005;

/// The radio that a shop is expected to have.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Radio {
    /// How fast the level falls: the path-loss exponent.
    pub exponent: f64,
    /// Level at 1 m, in dBm.
    pub power_dbm: f64,
    /// Noise of the mean of a few seconds, in dB.
    pub noise_db: f64,
    /// How far a device is off the power that it claims, in dB; 0 is a device that is known.
    pub offset_db: f64,
    /// Height at which a phone or tag is carried, in metres.
    pub carried_m: f64,
}

/// Part of the noise that stays while one stands still, in dB.
const SHADOW_DB: f64 = 5.0;
/// Part of the noise that is new in every frame, in dB.
const FADING_DB: f64 = 3.8;
/// Frames of one receiver in a few seconds.
const FRAMES: f64 = 5.0;
/// The level at which half of the frames are heard, in dBm.
const SENSITIVITY_DBM: f64 = -90.0;
/// How much above or below it is next to certainty, in dB.
const SENSITIVITY_SLOPE: f64 = 3.0;

impl Default for Radio {
    /// What shops and offices with receivers measured: see `docs/doctor.md`, and the device's offset as the filter has it.
    fn default() -> Self {
        let noise_db = (SHADOW_DB * SHADOW_DB + FADING_DB * FADING_DB / FRAMES).sqrt();
        Self { exponent: 2.0, power_dbm: -59.0, noise_db, offset_db: 5.0, carried_m: 1.3 }
    }
}

impl Radio {
    /// The chance that a frame of this level is heard.
    fn heard(&self, level_dbm: f64) -> f64 {
        1.0 / (1.0 + ((SENSITIVITY_DBM - level_dbm) / SENSITIVITY_SLOPE).exp())
    }
}

/// What to expect of a shop.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Forecast {
    /// Mean over the zones of the share of time in which somebody there is placed there; none without zones.
    pub zone_share: Option<f64>,
    /// Median error over the whole shop, in metres.
    pub error_m: f64,
    /// Its floors, lowest first.
    pub floors: Vec<FloorForecast>,
    /// Its zones, in the order of the plan.
    pub zones: Vec<ZoneForecast>,
    /// Zones that cannot be told apart, worst first.
    pub pairs: Vec<Pair>,
    /// The spots that all this was worked out for.
    pub spots: Vec<SpotForecast>,
}

/// What to expect of a floor.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FloorForecast {
    /// Which.
    pub id: FloorId,
    /// Room to stand in, in square metres.
    pub area_m2: f64,
    /// Receivers on it.
    pub receivers: usize,
    /// Median error on it, in metres.
    pub error_m: f64,
    /// Share of answers that name the right floor.
    pub floor_share: f64,
}

/// What to expect of a zone.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ZoneForecast {
    /// Which.
    pub id: ZoneId,
    /// On which floor.
    pub floor: FloorId,
    /// Its size, in square metres.
    pub area_m2: f64,
    /// Receivers that hear somebody there well, on the mean.
    pub receivers: f64,
    /// Median error there, in metres.
    pub error_m: f64,
    /// Share of time in which somebody there is placed there.
    pub share: f64,
    /// Where else somebody there is placed, most often first; zones that overlap this one are left out.
    pub elsewhere: Vec<(ZoneId, f64)>,
    /// Share of time in which somebody there is placed in no zone at all.
    pub nowhere: f64,
    /// Whether there is any place in it to stand.
    pub standing: bool,
}

/// What to expect of a spot.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SpotForecast {
    /// On which floor.
    pub floor: FloorId,
    /// Its centre.
    pub point: Point,
    /// The least error that signal strengths allow.
    pub ellipse: Ellipse,
    /// Median error of the answers, in metres.
    pub error_m: f64,
}

/// Works out what to expect of a shop.
#[must_use]
pub fn forecast(chart: &Chart) -> Forecast {
    let mut tally = Tally::new(chart);
    let mut shares = Vec::new();
    for spot in 0..chart.spots.len() {
        Landing::new(chart, spot).shares(chart, &mut shares);
        tally.take(chart, spot, &shares);
    }
    tally.finish(chart)
}

/// Where one more receiver would help most, and which of those there helps least; `weights` says how much each zone matters,
/// all the same when it is empty.
#[must_use]
pub fn advise(chart: &Chart, weights: &BTreeMap<ZoneId, f64>) -> Advice {
    advice::advise(chart, weights)
}

/// Receivers of a chart, in its order.
#[must_use]
pub fn receivers(chart: &Chart) -> Vec<ReceiverId> {
    chart.ears.iter().map(|ear| ear.id.clone()).collect()
}

/// The receivers to chart: what hears, or, in a shop without any, the beacons that phones hear.
#[must_use]
pub fn ears(shop: &Shop) -> &[model::shop::Receiver] {
    if shop.receivers.is_empty() { &shop.beacons } else { &shop.receivers }
}

/// Errors by their size, each with a weight.
#[derive(Debug, Clone, Default)]
struct Errors {
    bins: Vec<f64>,
    total: f64,
}

impl Errors {
    fn add(&mut self, error_m: f64, weight: f64) {
        let bin = (error_m.min(ERROR_MAX_M) / BIN_M) as usize;
        if self.bins.len() <= bin {
            self.bins.resize(bin + 1, 0.0);
        }
        self.bins[bin] += weight;
        self.total += weight;
    }

    fn merge(&mut self, other: &Self, weight: f64) {
        if self.bins.len() < other.bins.len() {
            self.bins.resize(other.bins.len(), 0.0);
        }
        self.bins.iter_mut().zip(&other.bins).for_each(|(bin, more)| *bin += more * weight);
        self.total += other.total * weight;
    }

    fn clear(&mut self) {
        self.bins.clear();
        self.total = 0.0;
    }

    /// The middle one, between the edges of its bin by share.
    fn median(&self) -> f64 {
        let mut below = 0.0;
        for (bin, weight) in self.bins.iter().enumerate() {
            if *weight > 0.0 && below + weight >= self.total / 2.0 {
                return (bin as f64 + (self.total / 2.0 - below) / weight) * BIN_M;
            }
            below += weight;
        }
        0.0
    }
}

/// What all spots' answers add up to.
struct Tally {
    spots: Vec<SpotForecast>,
    floor_errors: Vec<Errors>,
    floor_right: Vec<(f64, f64)>,
    zone_errors: Vec<Errors>,
    /// For each zone, the share of answers in every zone, and in none under the number after the last, times the room.
    answers: Vec<BTreeMap<usize, f64>>,
    row: Vec<f64>,
    errors: Errors,
}

impl Tally {
    fn new(chart: &Chart) -> Self {
        Self {
            spots: Vec::with_capacity(chart.spots.len()),
            floor_errors: vec![Errors::default(); chart.floors.len()],
            floor_right: vec![(0.0, 0.0); chart.floors.len()],
            zone_errors: vec![Errors::default(); chart.zones.len()],
            answers: vec![BTreeMap::new(); chart.zones.len()],
            // The last place is of answers in no zone.
            row: vec![0.0; chart.zones.len() + 1],
            errors: Errors::default(),
        }
    }

    fn take(&mut self, chart: &Chart, number: usize, shares: &[f32]) {
        let spot = &chart.spots[number];
        self.row.iter_mut().for_each(|share| *share = 0.0);
        self.errors.clear();
        let mut right_floor = 0.0;
        for (there, share) in chart.spots.iter().zip(shares).filter(|(_, share)| **share > 0.0) {
            let share = f64::from(*share);
            self.errors.add(spot.point.distance(there.point), share);
            right_floor += if there.floor == spot.floor { share } else { 0.0 };
            there.zones.iter().for_each(|zone| self.row[*zone] += share);
            self.row[chart.zones.len()] += if there.zones.is_empty() { share } else { 0.0 };
        }
        let (right, all) = &mut self.floor_right[spot.floor];
        *right += right_floor * spot.area;
        *all += spot.area;
        self.floor_errors[spot.floor].merge(&self.errors, spot.area);
        for zone in &spot.zones {
            self.zone_errors[*zone].merge(&self.errors, spot.area);
            for (other, share) in self.row.iter().enumerate().filter(|(_, share)| **share >= SHARE_MIN / 10.0) {
                *self.answers[*zone].entry(other).or_default() += share * spot.area;
            }
        }
        self.spots.push(SpotForecast {
            floor: chart.floors[spot.floor].id.clone(),
            point: spot.point,
            ellipse: chart.ellipse(number),
            error_m: self.errors.median(),
        });
    }

    fn finish(self, chart: &Chart) -> Forecast {
        let mut all = Errors::default();
        self.floor_errors.iter().for_each(|errors| all.merge(errors, 1.0));
        let zones: Vec<ZoneForecast> = (0..chart.zones.len()).map(|zone| self.zone(chart, zone)).collect();
        let floors = (0..chart.floors.len()).map(|floor| self.floor(chart, floor)).collect();
        let shares: Vec<f64> = zones.iter().filter(|zone| zone.standing).map(|zone| zone.share).collect();
        Forecast {
            zone_share: (!shares.is_empty()).then(|| shares.iter().sum::<f64>() / shares.len() as f64),
            error_m: all.median(),
            floors,
            pairs: pairs::find(chart, &zones),
            zones,
            spots: self.spots,
        }
    }

    fn floor(&self, chart: &Chart, number: usize) -> FloorForecast {
        let (right, area_m2) = self.floor_right[number];
        FloorForecast {
            id: chart.floors[number].id.clone(),
            area_m2,
            receivers: chart.ears.iter().filter(|ear| ear.floor == number).count(),
            error_m: self.floor_errors[number].median(),
            floor_share: if area_m2 > 0.0 { right / area_m2 } else { 0.0 },
        }
    }

    fn zone(&self, chart: &Chart, number: usize) -> ZoneForecast {
        let (zone, spots) = (&chart.zones[number], &chart.zone_spots[number]);
        let area: f64 = spots.iter().map(|spot| chart.spots[*spot].area).sum();
        let share = |other: &usize| self.answers[number].get(other).map_or(0.0, |sum| sum / area);
        let mut elsewhere: Vec<(ZoneId, f64)> = self.answers[number]
            .keys()
            .filter(|other| **other != number && **other < chart.zones.len() && !pairs::overlap(chart, number, **other))
            .map(|other| (chart.zones[*other].id.clone(), share(other)))
            .filter(|(_, share)| *share >= SHARE_MIN)
            .collect();
        elsewhere.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        let heard: usize = spots.iter().map(|spot| chart.well_heard(*spot)).sum();
        ZoneForecast {
            id: zone.id.clone(),
            floor: zone.floor.clone(),
            area_m2: zone.polygon.unsigned_area(),
            receivers: heard as f64 / spots.len().max(1) as f64,
            error_m: self.zone_errors[number].median(),
            share: if spots.is_empty() { 0.0 } else { share(&number) },
            elsewhere,
            nowhere: if spots.is_empty() { 0.0 } else { share(&chart.zones.len()) },
            standing: !spots.is_empty(),
        }
    }
}

#[cfg(test)]
mod tests;
