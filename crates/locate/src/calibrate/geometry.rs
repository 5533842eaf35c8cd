//! The geometry that stays open beside the map of a survey: what the plan's receivers would be heard like if all had the same
//! power and only ways and walls mattered. Each device's own frames tell which of both explains them better: the map where
//! somebody walked, the geometry where nobody did, or where the shop is no longer as it was.

use super::fit::{Law, Subject};
use crate::grid::Ground;
use crate::grid::field::{LAWS_MAX, USUAL_LAW};

/// What is believed of the map, and of three exponents without it. The map stands where the usual law does.
pub(super) const LAWS: [f32; LAWS_MAX] = [0.0875, 0.65, 0.175, 0.0875];
/// Exponents of the laws that are not the map (LOCATE 3.7: 1.5 to 2.1 in the shops measured).
const EXPONENTS: [f64; LAWS_MAX] = [1.5, f64::NAN, 2.0, 2.5];
/// Receivers that the plan places and the survey heard, below which there is no geometry to speak of.
const RECEIVERS_MIN: usize = 3;

/// The geometry of a store.
#[derive(Debug, Clone, Copy)]
pub(super) struct Geometry {
    /// The mean power of the receivers, in dB.
    power: f64,
    law: Law,
}

impl Geometry {
    /// The geometry of receivers that the plan places, where there are enough of them.
    pub(super) fn of(subjects: &[Subject], law: Law) -> Option<Self> {
        let known = || subjects.iter().filter(|subject| subject.planned && !subject.readings.is_empty());
        let count = known().count();
        (count >= RECEIVERS_MIN)
            .then(|| Self { power: known().map(|subject| subject.power).sum::<f64>() / count as f64, law })
    }

    /// The levels of a receiver under each law, the map's among them. One that the plan does not place has the map alone.
    pub(super) fn beside(&self, ground: &Ground, subject: &Subject, map: Vec<f32>) -> Vec<Vec<f32>> {
        let Some(mast) = subject.mast.as_ref().filter(|_| subject.planned) else { return vec![map] };
        let mut levels: Vec<Vec<f32>> = EXPONENTS.iter().map(|_| Vec::with_capacity(map.len())).collect();
        for (floor, point) in ground.centres() {
            let way = ground.way(mast, floor, point);
            let losses = self.law.losses * way.loss + self.law.ceiling * way.storeys;
            for (levels, exponent) in levels.iter_mut().zip(EXPONENTS) {
                levels.push((self.power - exponent * way.slope - losses) as f32);
            }
        }
        levels[USUAL_LAW] = map;
        levels
    }
}
