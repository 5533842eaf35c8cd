//! Who hears as if it hung somewhere else: levels of late, patch by patch, beside what the field lets expect, and beside
//! what a receiver at the best other place would hear.

use model::floor::Point;

use super::ear::FRAME;
use super::{COMPARED_MIN, Condition, Watch};
use crate::calibrate::{Source, median};
use crate::grid::field::USUAL_LAW;

/// Patches that a receiver must have been heard in, and frames in each.
const PATCHES_MIN: usize = 12;
const FRAMES_MIN: i64 = 3;
/// Frames of one patch above which more do not count.
const FRAMES_MAX: i64 = 20;
/// A receiver is in doubt when it is so many dB off in the root mean square over patches, and so many times the usual:
/// people are drawn towards where it is believed to be, so that it seems to be less off than it is.
const DOUBT_DB: f64 = 3.0;
const DOUBT_TIMES: f64 = 1.9;
/// Without its own word it was moved if it is off by so many dB, and another place explains so much better what it hears.
const OFF_DB: f64 = 5.0;
const BETTER: f64 = 0.5;
/// It is of no use, wherever it is, if it is off by so many dB.
const WILD_DB: f64 = 8.0;
/// Judgements for which a receiver that was in doubt for nothing is not doubted again: an hour with people, then twice that.
const SPARED: u32 = 60;
const SPARED_MAX: u32 = 60 * 64;
/// A receiver whose power was learnt is turned, or its antenna is broken, when it is off by so many dB everywhere.
const SHIFT_DB: f64 = 8.0;
/// Looks in a row for a change of condition.
const DOUBTS: u8 = 2;
/// Receivers that must be left, and the part of all that may be left out.
const LEFT_MIN: usize = 4;
const LEFT_OUT_PART: usize = 4;
/// The exponent by which other places are judged.
const EXPONENT: f64 = 2.0;
/// How far above the hand a receiver hangs, and how near a radio comes to another at all, in metres.
const RISE_M: f64 = 1.3;
/// Most other places that are tried.
const PLACES_MAX: usize = 400;

/// How far a receiver is off in one patch, and how much that counts.
#[derive(Debug, Clone, Copy)]
struct Off {
    cell: usize,
    /// Level that was heard, without what all have in common.
    level: f64,
    /// That, less what was expected.
    residual: f64,
    weight: f64,
}

/// The mean over patches and how far it spreads.
fn spread(values: impl Iterator<Item = (f64, f64)> + Clone) -> (f64, f64) {
    let weight: f64 = values.clone().map(|(_, weight)| weight).sum::<f64>().max(1e-9);
    let mean = values.clone().map(|(value, weight)| value * weight).sum::<f64>() / weight;
    let square = values.map(|(value, weight)| weight * (value - mean).powi(2)).sum::<f64>() / weight;
    (mean, square.sqrt())
}

impl Watch {
    /// Judges who was moved, and lets what was compared fade.
    pub(super) fn check_moves(&mut self) {
        // The plan leaves the law open. What was learnt is compared with itself, not with the geometry beside it.
        let laws = match self.field.source() {
            Source::Plan => 0..self.field.law_count(),
            Source::Traffic | Source::Survey => USUAL_LAW..USUAL_LAW + 1,
        };
        let laws = laws.map(|law| self.offs(law));
        let misfit = |offs: &Vec<Vec<Off>>| offs.iter().flatten().map(|off| off.weight * off.residual.powi(2)).sum();
        let best = laws.map(|offs| (misfit(&offs), offs)).min_by(|a: &(f64, _), b| a.0.total_cmp(&b.0));
        let Some((_, offs)) = best else { return };
        let known = |offs: &&Vec<Off>| offs.len() >= PATCHES_MIN;
        let residuals = |offs: &Vec<Off>| spread(offs.iter().map(|off| (off.residual, off.weight)));
        let usual = median(&mut offs.iter().filter(known).map(|offs| residuals(offs).1).collect::<Vec<_>>());
        self.ears.iter_mut().for_each(|ear| ear.spared = ear.spared.saturating_sub(1));
        for (ear, offs) in offs.iter().enumerate().filter(|(_, offs)| known(offs)) {
            let (shift, rms) = residuals(offs);
            let shifted = match self.field.source() {
                Source::Plan => false,
                Source::Traffic | Source::Survey => shift.abs() >= SHIFT_DB,
            };
            let off = rms >= WILD_DB || (rms >= OFF_DB && self.best_elsewhere(offs) <= BETTER * rms);
            let doubtful = rms >= DOUBT_DB && rms >= DOUBT_TIMES * usual && self.ears[ear].spared == 0;
            let next = match self.ears[ear].condition {
                Condition::Well if shifted || doubtful => Condition::Doubtful,
                Condition::Doubtful if shifted || off => Condition::Moved,
                Condition::Doubtful => Condition::Well,
                Condition::Moved if !shifted && !off => Condition::Well,
                same @ (Condition::Well | Condition::Silent | Condition::Moved) => same,
            };
            self.doubt(ear, next);
        }
        self.ears.iter_mut().for_each(super::ear::Ear::fade);
    }

    /// Takes a receiver for what it seems to be, if it seemed so before and enough others are left.
    fn doubt(&mut self, ear: usize, next: Condition) {
        let well = self.ears.iter().filter(|ear| ear.condition == Condition::Well).count();
        let left_out = self.ears.iter().filter(|ear| !ear.condition.is_trusted()).count();
        let room =
            next != Condition::Doubtful || (well > LEFT_MIN && (left_out + 1) * LEFT_OUT_PART <= self.ears.len());
        let ear = &mut self.ears[ear];
        if next == ear.condition || !room {
            ear.doubts = 0;
            return;
        }
        ear.doubts += 1;
        if ear.doubts >= DOUBTS {
            match (ear.condition, next) {
                (Condition::Doubtful, Condition::Well) => {
                    ear.alarms = (ear.alarms * 2).clamp(SPARED, SPARED_MAX);
                    ear.spared = ear.alarms;
                }
                (_, Condition::Moved) => ear.alarms = 0,
                (_, Condition::Well | Condition::Silent | Condition::Doubtful) => {}
            }
            (ear.condition, ear.doubts) = (next, 0);
            // What was heard before it was noticed is of two places.
            ear.patches.clear();
        }
    }

    /// How far every receiver is off in every patch under one law, without what all are off by there.
    fn offs(&self, law: usize) -> Vec<Vec<Off>> {
        let mut offs: Vec<Vec<Off>> = self.ears.iter().map(|_| Vec::new()).collect();
        let mut cells: Vec<u32> = self.ears.iter().flat_map(|ear| ear.patches.keys().copied()).collect();
        cells.sort_unstable();
        cells.dedup();
        for cell in cells {
            let heard = self.ears.iter().enumerate().filter_map(|(number, ear)| {
                let levels = ear.patches.get(&cell).filter(|levels| levels.weight >= FRAMES_MIN * FRAME)?;
                let expected = f64::from(self.field.expected_at(number, law, cell as usize).0);
                let weight = levels.weight.min(FRAMES_MAX * FRAME) as f64 / FRAME as f64;
                Some((number, levels.mean(), levels.mean() - expected, weight))
            });
            let heard: Vec<_> = heard.collect();
            let well = |number: usize| self.ears[number].condition.is_trusted();
            let mut common: Vec<f64> =
                heard.iter().filter(|(number, ..)| well(*number)).map(|(_, _, residual, _)| *residual).collect();
            if common.len() < COMPARED_MIN {
                continue;
            }
            let common = median(&mut common);
            for (number, level, residual, weight) in heard {
                let off = Off { cell: cell as usize, level: level - common, residual: residual - common, weight };
                offs[number].push(off);
            }
        }
        offs
    }

    /// The error, in dB, with which the best place on the floor explains what a receiver hears.
    fn best_elsewhere(&self, offs: &[Off]) -> f64 {
        let ground = self.field.ground();
        let floors: Vec<usize> = offs.iter().map(|off| ground.floor_of(off.cell)).collect();
        let count = |floor: usize| floors.iter().filter(|other| **other == floor).count();
        let Some(floor) = floors.iter().copied().max_by_key(|floor| (count(*floor), std::cmp::Reverse(*floor))) else {
            return f64::INFINITY;
        };
        let here: Vec<(Point, f64, f64)> = offs
            .iter()
            .zip(&floors)
            .filter(|(_, other)| **other == floor)
            .map(|(off, _)| (ground.centre_of(off.cell), off.level, off.weight))
            .collect();
        let cells: Vec<Point> = ground.centres().filter(|(other, _)| *other == floor).map(|(_, point)| point).collect();
        let errors = cells.iter().step_by(cells.len().div_ceil(PLACES_MAX).max(1)).map(|place| {
            let powers = here.iter().map(|(point, level, weight)| {
                (level + EXPONENT * 10.0 * place.distance(*point).hypot(RISE_M).log10(), *weight)
            });
            spread(powers).1
        });
        errors.fold(f64::INFINITY, f64::min)
    }
}
