//! How far positions stay off however long one listens: what a map has wrong at a place is wrong in every frame heard there.
//!
//! Of a survey it is told by the Fisher information of the levels about the place, with the map's own error for the noise;
//! without one it is a share of the way from one receiver to the next.

use super::field::{Expectation, SAMPLED, chance};
use super::ground::{FloorGrid, Ground};
use crate::calibrate::Source;
use crate::fisher::Information;

/// How far positions stay off without a survey, as a share of the way from one receiver to the next.
const PLAN_SHARE: f64 = 0.2;
const TRAFFIC_SHARE: f64 = 0.14;
/// Levels are compared so far on both sides of a place: nearer than positions are off they bend more than they tell, in metres.
const STEP_M: f64 = 2.0;
/// The least variance that is granted to a map, in dB².
const UNSURE_MIN: f64 = 0.5;

/// The root mean square error per axis, in metres.
///
/// Where it was surveyed a map takes itself for right, and recordings show that it is not: the mean over the store is taken,
/// over where somebody may be by `start`, at the cells at which it is known what the map has wrong.
/// Without a survey such a mean says more about far corners than about who stands before a receiver.
pub(super) fn blind_m(ground: &Ground, ears: &[Expectation], start: &[f32], offset_db: f32, source: Source) -> f64 {
    let open = ground.open.iter().filter(|open| **open > 0.0).count().max(1) as f64;
    let apart = (open / ears.len().max(1) as f64).sqrt() * ground.cell_m();
    match source {
        Source::Plan => PLAN_SHARE * apart,
        Source::Traffic => TRAFFIC_SHARE * apart,
        Source::Survey => {
            let sampled = |floor: &FloorGrid| {
                let cells = floor.start..floor.start + floor.width * floor.height;
                cells.filter(|cell| cell % SAMPLED == 0 && start[*cell] > 0.0)
            };
            let (mut squares, mut all) = (0.0, 0.0);
            for (floor, cell) in ground.floors.iter().flat_map(|floor| sampled(floor).map(move |cell| (floor, cell))) {
                let square = information(ground, floor, ears, offset_db, cell).ellipse().rms().powi(2) / 2.0;
                squares += f64::from(start[cell]) * square;
                all += f64::from(start[cell]);
            }
            (squares / all.max(f64::MIN_POSITIVE)).sqrt()
        }
    }
}

fn information(ground: &Ground, floor: &FloorGrid, ears: &[Expectation], offset_db: f32, cell: usize) -> Information {
    let (column, row) = ((cell - floor.start) % floor.width, (cell - floor.start) / floor.width);
    let step = (STEP_M / ground.cell_m()).round().max(1.0) as usize;
    let (left, right) = (step.min(column), step.min(floor.width - 1 - column));
    let (down, up) = (step.min(row), step.min(floor.height - 1 - row));
    let metres = |cells: usize| cells.max(1) as f64 * ground.cell_m();
    // Somebody is on the floor in any case: the variance of an even spread over it.
    let even = |cells: usize| metres(cells).powi(2) / 12.0;
    let mut information = Information::prior(even(floor.width), even(floor.height), f64::from(offset_db));
    for ear in ears {
        let levels = ear.usual();
        let weight = f64::from(chance(levels[cell])) / f64::from(ear.left[cell / SAMPLED]).max(UNSURE_MIN);
        let east = f64::from(levels[cell + right] - levels[cell - left]) / metres(left + right);
        let north = f64::from(levels[cell + up * floor.width] - levels[cell - down * floor.width]) / metres(down + up);
        information.add(weight, east, north);
    }
    information
}
