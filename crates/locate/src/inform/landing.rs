//! Where somebody would be placed who stands at a spot: a share for every spot of the shop.
//!
//! The share falls with the distance in the space of signals, walls and ceilings included, with the best offset of the device
//! taken out. Near the spot that is the Gauss law of the Fisher information; far from it, it also finds the places that merely sound alike.

use super::chart::{Chart, Ear};

/// Receivers that are less likely to hear a frame than this say nothing.
const HEARD_MIN: f64 = 0.02;
/// Receivers used for one spot: the ones that hear it best.
const EARS_MAX: usize = 32;
/// Spots at a larger squared distance share nothing.
const FAR: f32 = 30.0;

/// Two of the three sums that a distance is made of; the third is the same for all spots.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    square: f32,
    first: f32,
}

/// One spot against all others, with what is needed to add or take away a receiver.
#[derive(Debug)]
pub(super) struct Landing {
    spot: usize,
    sums: Vec<Sums>,
    weight: f64,
}

impl Landing {
    /// Compares a spot with all spots.
    pub(super) fn new(chart: &Chart, spot: usize) -> Self {
        let here = chart.levels(spot);
        let mut used: Vec<(usize, f64)> = here
            .iter()
            .enumerate()
            .map(|(ear, level)| (ear, chart.radio.heard(f64::from(*level))))
            .filter(|(_, heard)| *heard >= HEARD_MIN)
            .collect();
        used.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        used.truncate(EARS_MAX);
        let variance = chart.radio.noise_db * chart.radio.noise_db;
        let used: Vec<(usize, f32)> = used.into_iter().map(|(ear, heard)| (ear, (heard / variance) as f32)).collect();
        let against = |other: usize| {
            let there = chart.levels(other);
            used.iter().fold(Sums::default(), |sums, (ear, weight)| {
                let difference = here[*ear] - there[*ear];
                Sums { square: sums.square + weight * difference * difference, first: sums.first + weight * difference }
            })
        };
        Self {
            spot,
            sums: (0..chart.spots.len()).map(against).collect(),
            weight: used.iter().map(|(_, weight)| f64::from(*weight)).sum(),
        }
    }

    /// How far another spot is in the space of signals, squared: below one, they sound alike.
    pub(super) fn distance(&self, chart: &Chart, other: usize) -> f64 {
        let sums = self.sums[other];
        let (square, first) = (f64::from(sums.square), f64::from(sums.first));
        (square - first * first * self.known(chart, 0.0)).max(0.0)
    }

    /// The share of every spot, into `shares`; they sum to one.
    pub(super) fn shares(&self, chart: &Chart, shares: &mut Vec<f32>) {
        self.fill(chart, None, shares);
    }

    /// The same with one more receiver, whose levels at all spots are given.
    pub(super) fn shares_with(&self, chart: &Chart, levels: &[f32], shares: &mut Vec<f32>) {
        self.fill(chart, Some((1.0, levels)), shares);
    }

    /// The same without one of the receivers.
    pub(super) fn shares_without(&self, chart: &Chart, levels: &[f32], shares: &mut Vec<f32>) {
        self.fill(chart, Some((-1.0, levels)), shares);
    }

    /// What the offset explains of the squared sum of differences; nothing when it is known.
    fn known(&self, chart: &Chart, extra: f64) -> f64 {
        let offset = chart.radio.offset_db;
        ((self.weight + extra).max(0.0) + (offset * offset).recip()).recip()
    }

    fn fill(&self, chart: &Chart, change: Option<(f64, &[f32])>, shares: &mut Vec<f32>) {
        let variance = chart.radio.noise_db * chart.radio.noise_db;
        let (mut extra, mut own, mut levels) = (0.0, 0.0, [].as_slice());
        if let Some((sign, change)) = change {
            own = change[self.spot];
            extra = sign * chart.radio.heard(f64::from(own)) / variance;
            levels = change;
        }
        let (known, extra) = (self.known(chart, extra) as f32, extra as f32);
        shares.clear();
        let distances = self.sums.iter().enumerate().map(|(other, sums)| {
            let difference = levels.get(other).map_or(0.0, |level| own - level);
            let first = sums.first + extra * difference;
            (sums.square + extra * difference * difference - first * first * known).max(0.0)
        });
        shares.extend(
            distances
                .zip(&chart.spots)
                .map(|(distance, spot)| if distance > FAR { 0.0 } else { (-0.5 * distance).exp() * spot.area as f32 }),
        );
        let total: f32 = shares.iter().sum();
        shares.iter_mut().for_each(|share| *share /= total);
    }
}

/// The levels of an ear that is not there (yet) at every spot.
pub(super) fn levels_of(chart: &Chart, ear: &Ear) -> Vec<f32> {
    chart.spots.iter().map(|spot| chart.level(ear, spot) as f32).collect()
}
