//! How often each receiver hears a frame at every cell: counted at the places that were learnt of, and as the level lets
//! expect where little was counted.

use super::Calibration;
use crate::grid::Ground;
use crate::grid::field::{Expectation, chance};

/// Seconds at a place beside which what is heard there is believed more than what the law lets expect.
const CHANCE_SECONDS: f64 = 1.0;
/// Most seconds of one place that count.
const SECONDS_MAX: f64 = 60.0;

/// How often receivers heard something at the places around every cell.
pub(super) struct Chances {
    /// For each place the cells around it, with the place's weight there.
    around: Vec<Vec<(u32, f32)>>,
    /// Seconds at each place that count, and as a share of all.
    seconds: Vec<(f64, f64)>,
    /// Weighted seconds per cell.
    total: Vec<f64>,
    /// The cell of each place.
    cells: Vec<Option<usize>>,
}

impl Chances {
    pub(super) fn new(ground: &Ground, learnt: &Calibration) -> Self {
        let reach = reach(learnt);
        let mut chances = Self {
            around: Vec::with_capacity(learnt.places.len()),
            seconds: Vec::new(),
            total: vec![0.0; ground.cells()],
            cells: Vec::new(),
        };
        for place in &learnt.places {
            let seconds = place.seconds.min(SECONDS_MAX);
            let mut around = Vec::new();
            for cell in ground.cells_within(&place.floor, place.point, reach * 3.7) {
                let metres = ground.centre_of(cell).distance(place.point);
                let weight = (-0.5 * (metres / reach).powi(2)).exp();
                chances.total[cell] += weight * seconds;
                around.push((cell as u32, weight as f32));
            }
            chances.around.push(around);
            chances.seconds.push((seconds, seconds / place.seconds.max(1e-3)));
            chances.cells.push(ground.cell_at(&place.floor, place.point));
        }
        chances
    }

    /// Weighted frames of a receiver per cell; finished when all receivers are known.
    pub(super) fn of(&self, places: &[(u32, f64)]) -> Vec<f32> {
        let mut frames = vec![0.0_f32; self.total.len()];
        for (place, heard) in places {
            let (Some(around), Some((_, share))) =
                (self.around.get(*place as usize), self.seconds.get(*place as usize))
            else {
                continue;
            };
            around.iter().for_each(|(cell, weight)| frames[*cell as usize] += weight * (heard * share) as f32);
        }
        frames
    }

    /// Makes chances of frames: what was heard around each cell, and what the level lets expect where little was.
    pub(super) fn finish(&self, ears: &mut [Expectation], heard: f64) {
        if heard <= 0.0 {
            ears.iter_mut().for_each(|ear| ear.chance.clear());
            return;
        }
        let at = |level: &[f32]| -> f64 {
            let places = self.cells.iter().zip(&self.seconds);
            places.filter_map(|(cell, (seconds, _))| Some(seconds * f64::from(chance(level[(*cell)?])))).sum()
        };
        let expected: f64 = ears.iter().map(|ear| at(ear.usual())).sum();
        let frames: f64 = self.frames(ears);
        // Frames a second of a receiver that hears everything.
        let rate = if expected > 0.0 { frames / expected } else { 1.0 };
        for ear in ears {
            let mut chances = std::mem::take(&mut ear.chance);
            for ((counted, total), level) in chances.iter_mut().zip(&self.total).zip(ear.usual()) {
                let usual = rate * f64::from(chance(*level));
                *counted = ((f64::from(*counted) + CHANCE_SECONDS * usual) / (total + CHANCE_SECONDS)) as f32;
            }
            ear.chance = chances;
        }
    }

    /// Frames that count, over all receivers and places.
    fn frames(&self, ears: &[Expectation]) -> f64 {
        let weight: f64 = self.around.iter().flatten().map(|(_, weight)| f64::from(*weight)).sum();
        let mean = weight / self.around.len().max(1) as f64;
        ears.iter().flat_map(|ear| &ear.chance).map(|frames| f64::from(*frames)).sum::<f64>() / mean.max(1e-6)
    }
}

/// How far what was heard at a place tells of the places around it: half as far again as to the next one, in metres.
fn reach(learnt: &Calibration) -> f64 {
    let step = learnt.places.len().div_ceil(300).max(1);
    let nearest = learnt.places.iter().step_by(step).map(|place| {
        let others = learnt.places.iter().filter(|other| other.floor == place.floor);
        let metres = others.map(|other| other.point.distance(place.point)).filter(|metres| *metres > 0.0);
        metres.fold(f64::INFINITY, f64::min)
    });
    let mut nearest: Vec<f64> = nearest.filter(|metres| metres.is_finite()).collect();
    nearest.sort_by(f64::total_cmp);
    let median = nearest.get(nearest.len() / 2).copied().unwrap_or(2.0);
    (1.5 * median).clamp(2.0, 4.0)
}
