//! The gathering of a [`Quality`]: sums by number while a plan is in force, told by name when they are asked for.

use std::collections::BTreeMap;

use model::ids::{ReceiverId, ZoneId};
use model::shop::{Receiver, Shop};

use super::{PATCH_M, PATCHES_MAX, PatchQuality, Quality, ReceiverQuality, TRUTHS_MAX, ZoneQuality};
use crate::grid::Estimate;
use crate::inform::{Chart, Radio, receivers};

/// Belief below which a zone is left out of the sums.
const BELIEF_MIN: f64 = 0.01;
/// Receivers that a look needs before one is compared with the others.
const COMPARED_MIN: usize = 3;
/// Most receivers of a look that are compared.
const HEARD_MAX: usize = 8;
/// A receiver that is expected below this level need not hear, in dBm.
const NEAR_DBM: f32 = -80.0;
/// Receivers that should be among the best at a place.
const NEAR: usize = 2;

/// Gathers a quality.
#[derive(Debug)]
pub struct Gauge {
    chart: Chart,
    zone_ids: Vec<ZoneId>,
    zone_numbers: BTreeMap<ZoneId, usize>,
    ear_ids: Vec<ReceiverId>,
    ear_numbers: BTreeMap<ReceiverId, usize>,
    /// The ears that should hear best at each spot.
    near: Vec<[Option<u16>; NEAR]>,
    seconds: f64,
    nowhere: ZoneSums,
    zones: Vec<ZoneSums>,
    ears: Vec<ReceiverQuality>,
    /// By floor, and by patch right of and above its origin.
    patches: BTreeMap<(usize, i32, i32), PatchQuality>,
}

#[derive(Debug, Clone, Default)]
struct ZoneSums {
    seconds: f64,
    uncertainty: f64,
    truth: BTreeMap<usize, f64>,
}

impl ZoneSums {
    fn believe(&mut self, numbers: &BTreeMap<ZoneId, usize>, estimate: &Estimate, seconds: f64) {
        self.seconds += seconds;
        self.uncertainty += estimate.uncertainty.0 * seconds;
        for (zone, belief) in estimate.zones.iter().filter(|(_, belief)| belief.get() >= BELIEF_MIN) {
            let Some(zone) = numbers.get(zone) else { continue };
            if self.truth.len() < TRUTHS_MAX || self.truth.contains_key(zone) {
                *self.truth.entry(*zone).or_default() += belief.get() * seconds;
            }
        }
    }

    /// The sums by name, and nothing left behind.
    fn take(&mut self, ids: &[ZoneId]) -> ZoneQuality {
        let Self { seconds, uncertainty, truth } = std::mem::take(self);
        let truth = truth.into_iter().map(|(zone, sum)| (ids[zone].clone(), sum)).collect();
        ZoneQuality { seconds, uncertainty, truth }
    }
}

impl Gauge {
    /// A gauge for a plan, with nothing in it yet.
    #[must_use]
    pub fn new(shop: &Shop) -> Self {
        let ends: Vec<Receiver> = shop.receivers.iter().chain(&shop.beacons).cloned().collect();
        let chart = Chart::new(shop, &ends, Radio::default());
        let (zone_ids, ear_ids): (Vec<ZoneId>, _) =
            (shop.zones().map(|zone| zone.id.clone()).collect(), receivers(&chart));
        Self {
            near: (0..chart.spots()).map(|spot| loudest(chart.levels(spot))).collect(),
            zone_numbers: zone_ids.iter().cloned().zip(0..).collect(),
            ear_numbers: ear_ids.iter().cloned().zip(0..).collect(),
            zones: vec![ZoneSums::default(); zone_ids.len()],
            ears: vec![ReceiverQuality::default(); ear_ids.len()],
            seconds: 0.0,
            nowhere: ZoneSums::default(),
            patches: BTreeMap::new(),
            zone_ids,
            ear_ids,
            chart,
        }
    }

    /// Takes a look at somebody that stands for so many seconds, with the zone that was named.
    pub fn look(&mut self, estimate: &Estimate, zone: Option<&ZoneId>, seconds: f64) {
        let uncertainty = estimate.uncertainty.0;
        if !(seconds > 0.0 && seconds.is_finite() && uncertainty.is_finite()) {
            return;
        }
        self.seconds += seconds;
        let sums = match zone.and_then(|zone| self.zone_numbers.get(zone)) {
            Some(zone) => &mut self.zones[*zone],
            None => &mut self.nowhere,
        };
        sums.believe(&self.zone_numbers, estimate, seconds);
        self.step(estimate, seconds);
        self.listen(estimate);
    }

    /// Whether there is nothing to tell.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.seconds <= 0.0
    }

    /// What was gathered since the last time; none when nothing was.
    pub fn take(&mut self) -> Option<Quality> {
        if self.is_empty() {
            return None;
        }
        let zones = self.zone_ids.iter().zip(&mut self.zones).filter(|(_, sums)| sums.seconds > 0.0);
        let zones = zones.map(|(id, sums)| (id.clone(), sums.take(&self.zone_ids)));
        let floor = |number: usize| self.chart.floor_id(number).clone();
        let patches = std::mem::take(&mut self.patches).into_iter();
        Some(Quality {
            seconds: std::mem::take(&mut self.seconds),
            nowhere: self.nowhere.take(&self.zone_ids),
            zones: zones.collect(),
            patches: patches.map(|((number, x, y), patch)| ((floor(number), x, y), patch)).collect(),
            // A receiver that heard nobody has its entry too: that is how its silence is known.
            receivers: self.ear_ids.iter().cloned().zip(self.ears.iter_mut().map(std::mem::take)).collect(),
        })
    }

    fn step(&mut self, estimate: &Estimate, seconds: f64) {
        let Some(floor) = self.chart.floor_number(&estimate.floor) else { return };
        // Of a private zone there is no map.
        if self.chart.spot_at(&estimate.floor, estimate.point).is_some_and(|spot| self.chart.is_private(spot)) {
            return;
        }
        let patch = |metres: f64| (metres / PATCH_M).floor() as i32;
        let place = (floor, patch(estimate.point.x), patch(estimate.point.y));
        if self.patches.len() < PATCHES_MAX || self.patches.contains_key(&place) {
            self.patches.entry(place).or_default().add(seconds, estimate.uncertainty.0 * seconds);
        }
    }

    /// Compares what receivers heard with what the plan lets expect where the person is believed to be.
    fn listen(&mut self, estimate: &Estimate) {
        let Some(spot) = self.chart.spot_at(&estimate.floor, estimate.point) else { return };
        let expected = self.chart.levels(spot);
        let mut heard = [(0, 0.0_f64); HEARD_MAX];
        let mut count = 0;
        for witness in estimate.heard.iter().take(HEARD_MAX) {
            if let Some(ear) = self.ear_numbers.get(&witness.receiver) {
                heard[count] = (*ear, f64::from(witness.rssi.0) - f64::from(expected[*ear]));
                count += 1;
            }
        }
        let heard = &heard[..count];
        for near in self.near[spot].iter().flatten() {
            let ear = &mut self.ears[usize::from(*near)];
            ear.near += 1;
            ear.near_heard += u64::from(heard.iter().any(|(other, _)| other == &usize::from(*near)));
        }
        for (number, (ear, surprise)) in heard.iter().enumerate() {
            let sums = &mut self.ears[*ear];
            sums.heard += 1;
            sums.last = sums.last.max(Some(estimate.at));
            if count >= COMPARED_MIN {
                let residual = surprise - median_of_others(heard, number);
                sums.compared += 1;
                sums.residual += residual;
                sums.residual_square += residual * residual;
            }
        }
    }
}

/// The middle surprise of all but one: what the device's own power and its carrier explain.
fn median_of_others(heard: &[(usize, f64)], but: usize) -> f64 {
    let mut others = [0.0; HEARD_MAX];
    let mut count = 0;
    for (_, (_, surprise)) in heard.iter().enumerate().filter(|(number, _)| *number != but) {
        others[count] = *surprise;
        count += 1;
    }
    let others = &mut others[..count];
    others.sort_by(f64::total_cmp);
    f64::midpoint(others[(count - 1) / 2], others[count / 2])
}

/// The ears that should hear best, as far as they should hear well at all.
fn loudest(levels: &[f32]) -> [Option<u16>; NEAR] {
    let mut best = [None; NEAR];
    for (ear, level) in levels.iter().enumerate().filter(|(_, level)| **level >= NEAR_DBM) {
        let ear = u16::try_from(ear).ok();
        let louder = |other: Option<u16>| other.is_none_or(|other| levels[usize::from(other)] < *level);
        if louder(best[0]) {
            best = [ear, best[0]];
        } else if louder(best[1]) {
            best[1] = ear;
        }
    }
    best
}
