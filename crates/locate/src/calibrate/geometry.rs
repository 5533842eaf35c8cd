//! The geometry that stays open beside the map of a survey: what the plan's receivers would be heard like if all had the same
//! power and only ways and walls mattered. Each device's own frames tell which of both explains them better: the map where
//! somebody walked, the geometry where nobody did, or where the shop is no longer as it was.

use super::fit::{Law, Subject};
use crate::grid::field::{LAWS_MAX, USUAL_LAW, tables};
use crate::grid::ground::Way;

/// What is believed of the map, and of three exponents without it. The map stands where the usual law does.
pub(super) const LAWS: [f32; LAWS_MAX] = [0.125, 0.5, 0.25, 0.125];
/// Exponents of the laws that are not the map, in their order (LOCATE 3.7: 1.5 to 2.1 in the shops measured).
const EXPONENTS: [f64; LAWS_MAX - 1] = [1.5, 2.0, 2.5];
/// Of what varies over a store: the share that a map leaves open where it tells all there is to tell, and the one from which
/// on it tells no more than the geometry.
const OPEN: (f64, f64) = (0.3, 0.4);
/// Receivers that the plan places and the survey heard, below which there is no geometry to speak of.
const RECEIVERS_MIN: usize = 3;

/// The geometry of a store.
#[derive(Debug, Clone, Copy)]
pub(super) struct Geometry {
    /// The mean power of the receivers, in dB.
    power: f64,
    /// What a ceiling takes, in dB, and how much of the plan's losses counts.
    ceiling: f64,
    losses: f64,
}

impl Geometry {
    /// The geometry of receivers that the plan places, where there are enough of them.
    pub(super) fn of(subjects: &[Subject], law: Law) -> Option<Self> {
        let Law { ceiling, losses, .. } = law;
        let known = || subjects.iter().filter(|subject| subject.planned && !subject.readings.is_empty());
        let count = known().count();
        let powers: f64 = known().map(|subject| subject.power).sum();
        (count >= RECEIVERS_MIN).then(|| Self { power: powers / count as f64, ceiling, losses })
    }

    /// The levels of a receiver that the plan places over its ways to all cells under each law, the map's among them; the
    /// others heed how `open` the map leaves each cell.
    pub(super) fn beside(&self, ways: &[Way], map: Vec<f32>, open: &[f32]) -> Vec<Vec<f32>> {
        let mut levels = tables(ways, &EXPONENTS, |exponent, way| {
            (self.power - exponent * way.slope - (self.losses * way.loss + self.ceiling * way.storeys)) as f32
        });
        for law in &mut levels {
            let cells = law.iter_mut().zip(&map).zip(open);
            cells.for_each(|((level, map), open)| *level = map + open * (*level - map));
        }
        levels.insert(USUAL_LAW, map);
        levels
    }
}

/// How open a map leaves a cell: 0 where somebody surveyed close by, 1 where nobody did. `unsure` is the variance that it has
/// there, and `whole` the one far from all that was found.
pub(super) fn openness(unsure: f64, whole: f64) -> f32 {
    ((unsure / whole - OPEN.0) / (OPEN.1 - OPEN.0)).clamp(0.0, 1.0) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_somebody_surveyed_close_by_the_map_stands_alone() {
        let geometry = Geometry { power: -3.0, ceiling: 15.0, losses: 1.0 };
        let way = Way { slope: 10.0, loss: 4.0, storeys: 0.0 };
        let ways = [way, way, way];
        let levels = geometry.beside(&ways, vec![-20.0; 3], &[openness(1.0, 9.0), 0.5, openness(6.0, 9.0)]);
        assert_eq!(levels[USUAL_LAW], [-20.0; 3]);
        // Power -3, exponent 1.5, 4 dB of walls: -22.
        assert_eq!(levels[0], [-20.0, -21.0, -22.0]);
        assert_eq!(levels[LAWS_MAX - 1], [-20.0, -26.0, -32.0]);
    }
}
