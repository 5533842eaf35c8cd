//! Where one more receiver would help most, and which of those that hang there would be missed least.

use std::collections::BTreeMap;

use geo::BoundingRect;
use model::floor::Point;
use model::ids::{FloorId, ReceiverId, ZoneId};
use serde::Serialize;

use super::chart::{Chart, Ear};
use super::landing::{Landing, levels_of};

/// Places tried.
const CANDIDATES_MAX: f64 = 400.0;
/// Nearest that two places tried are to each other, in metres.
const STEP_M: f64 = 1.0;
/// Places of the most information that are looked at closely.
const FINALISTS: usize = 30;
/// Spots on which places are compared.
const SAMPLE: usize = 300;
/// Receivers that are looked at closely for the one that is missed least.
const SPARE: usize = 8;
/// Height of the receiver to add, in metres.
const HEIGHT_M: f64 = 2.5;
/// No nearer to a receiver that hangs there, in metres.
const APART_M: f64 = 1.0;
/// What a metre of error is worth, in shares of time in the right zone.
const METRE: f64 = 0.02;

/// What a change does to a shop, as far as a sample of its spots tells.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Effect {
    /// Mean share of time in the right zone before and after; none without zones.
    pub zone_share: Option<(f64, f64)>,
    /// Mean error before and after, in metres.
    pub error_m: (f64, f64),
}

/// One more receiver.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Addition {
    /// On which floor.
    pub floor: FloorId,
    /// Where.
    pub point: Point,
    /// How high, in metres.
    pub z: f64,
    /// What it brings.
    pub effect: Effect,
}

/// One receiver less.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Removal {
    /// Which.
    pub id: ReceiverId,
    /// What goes with it.
    pub effect: Effect,
}

/// What to add and what would be missed least.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Advice {
    /// The best place for one more receiver; none when the shop has no room at all.
    pub add: Option<Addition>,
    /// The receiver that would be missed least; none when there are fewer than two.
    pub least: Option<Removal>,
}

/// How good a shop is, on a sample of its spots.
#[derive(Debug, Clone, Copy)]
struct Score {
    zone_share: Option<f64>,
    error_m: f64,
}

impl Score {
    fn value(self) -> f64 {
        self.zone_share.unwrap_or(0.0) - METRE * self.error_m
    }

    fn to(self, after: Self) -> Effect {
        Effect { zone_share: self.zone_share.zip(after.zone_share), error_m: (self.error_m, after.error_m) }
    }
}

/// A change of the receivers, with the levels of the one concerned at all spots.
enum Change {
    None,
    With(Vec<f32>),
    Without(Vec<f32>),
}

/// A sample of the spots, each with its share in the score.
struct Sample<'a> {
    chart: &'a Chart,
    landings: Vec<(usize, f64, Landing)>,
    has_zones: bool,
}

pub(super) fn advise(chart: &Chart, weights: &BTreeMap<ZoneId, f64>) -> Advice {
    let sample = Sample::new(chart, weights);
    if sample.landings.is_empty() {
        return Advice::default();
    }
    let now = sample.score(&Change::None);
    Advice { add: sample.best(now), least: sample.least(now) }
}

impl<'a> Sample<'a> {
    fn new(chart: &'a Chart, weights: &BTreeMap<ZoneId, f64>) -> Self {
        let has_zones = chart.zone_spots.iter().any(|spots| !spots.is_empty());
        let mut shares = vec![0.0; chart.spots.len()];
        for (zone, spots) in chart.zones.iter().zip(&chart.zone_spots) {
            let weight = if weights.is_empty() { 1.0 } else { weights.get(&zone.id).copied().unwrap_or(0.0) };
            spots.iter().for_each(|spot| shares[*spot] += weight / spots.len() as f64);
        }
        if !has_zones {
            shares.fill(1.0);
        }
        // Every so many spots of the weight, so that small zones have theirs too.
        let total: f64 = shares.iter().sum();
        let step = total / SAMPLE as f64;
        let (mut landings, mut gathered, mut open) = (Vec::new(), 0.0, 0.0);
        for (spot, share) in shares.iter().enumerate() {
            gathered += share;
            open += share;
            if open > 0.0 && gathered >= (landings.len() as f64 + 0.5) * step {
                landings.push((spot, open / total, Landing::new(chart, spot)));
                open = 0.0;
            }
        }
        Self { chart, landings, has_zones }
    }

    /// How good the shop is after a change.
    fn score(&self, change: &Change) -> Score {
        let (mut right, mut error, mut weight) = (0.0, 0.0, 0.0);
        let mut shares = Vec::new();
        for (spot, share, landing) in &self.landings {
            match change {
                Change::None => landing.shares(self.chart, &mut shares),
                Change::With(levels) => landing.shares_with(self.chart, levels, &mut shares),
                Change::Without(levels) => landing.shares_without(self.chart, levels, &mut shares),
            }
            let here = &self.chart.spots[*spot];
            for (there, mass) in self.chart.spots.iter().zip(&shares).filter(|(_, mass)| **mass > 0.0) {
                let mass = f64::from(*mass) * share;
                error += mass * here.point.distance(there.point);
                if !here.zones.is_empty() && here.zones.iter().all(|zone| there.zones.contains(zone)) {
                    right += mass;
                }
            }
            weight += share;
        }
        Score { zone_share: self.has_zones.then(|| right / weight), error_m: error / weight }
    }

    fn best(&self, now: Score) -> Option<Addition> {
        let mut candidates: Vec<(f64, Ear)> =
            self.candidates().into_iter().map(|ear| (self.promise(&ear), ear)).collect();
        candidates.sort_by(|a, b| a.0.total_cmp(&b.0));
        candidates.truncate(FINALISTS);
        let scored = candidates.into_iter().map(|(_, ear)| {
            let after = self.score(&Change::With(levels_of(self.chart, &ear)));
            (after, ear)
        });
        let (after, ear) =
            scored.reduce(|best, next| if next.0.value() > best.0.value() + 1e-9 { next } else { best })?;
        let floor = self.chart.floors[ear.floor].id.clone();
        Some(Addition { floor, point: ear.point, z: ear.z, effect: now.to(after) })
    }

    fn least(&self, now: Score) -> Option<Removal> {
        let ears = &self.chart.ears;
        if ears.len() < 2 {
            return None;
        }
        let mut missed: Vec<(f64, usize)> = (0..ears.len()).map(|ear| (self.miss(ear), ear)).collect();
        missed.sort_by(|a, b| a.0.total_cmp(&b.0));
        missed.truncate(SPARE);
        let scored = missed.into_iter().map(|(_, ear)| {
            let levels = (0..self.chart.spots.len()).map(|spot| self.chart.levels(spot)[ear]).collect();
            (self.score(&Change::Without(levels)), ear)
        });
        let (after, ear) =
            scored.reduce(|best, next| if next.0.value() > best.0.value() + 1e-9 { next } else { best })?;
        Some(Removal { id: ears[ear].id.clone(), effect: now.to(after) })
    }

    /// Places on a grid over every floor.
    fn candidates(&self) -> Vec<Ear> {
        let floors = &self.chart.floors;
        let bounds = floors.iter().filter_map(|floor| floor.outline.bounding_rect());
        let area: f64 = bounds.map(|bounds| bounds.width() * bounds.height()).sum();
        let step = STEP_M.max((area / CANDIDATES_MAX).sqrt());
        let mut found = Vec::new();
        for (number, floor) in floors.iter().enumerate() {
            let Some(bounds) = floor.outline.bounding_rect() else { continue };
            let count = |length: f64| ((length / step).round() as usize).max(1);
            let (columns, rows) = (count(bounds.width()), count(bounds.height()));
            for place in 0..columns * rows {
                let along = |n: usize, of: usize, length: f64| (n as f64 + 0.5) * length / of as f64;
                let point = Point {
                    x: bounds.min().x + along(place % columns, columns, bounds.width()),
                    y: bounds.min().y + along(place / columns, rows, bounds.height()),
                };
                let near = |ear: &Ear| ear.floor == number && ear.point.distance(point) < APART_M;
                if self.chart.inside(number, point) && !self.chart.ears.iter().any(near) {
                    let id = ReceiverId::new("new").expect("a slug");
                    found.push(Ear { id, floor: number, point, z: HEIGHT_M });
                }
            }
        }
        found
    }

    /// The mean error with one more receiver by information alone, which is quick to tell.
    fn promise(&self, ear: &Ear) -> f64 {
        let error = |(spot, share, _): &(usize, f64, Landing)| {
            let place = &self.chart.spots[*spot];
            let mut information = self.chart.information(*spot);
            self.chart.inform(&mut information, place, ear, self.chart.level(ear, place));
            share * information.ellipse().rms()
        };
        self.landings.iter().map(error).sum()
    }

    /// The mean error without one of the receivers, by information alone.
    fn miss(&self, without: usize) -> f64 {
        let error =
            |(spot, share, _): &(usize, f64, Landing)| share * self.chart.without(*spot, without).ellipse().rms();
        self.landings.iter().map(error).sum()
    }
}
