//! What can be read from a belief, and how much of it is claimed.

use model::floor::Point;
use model::ids::{FloorId, ZoneId};
use model::position::{Patch, Spread};
use model::units::{Metres, Probability};

use super::belief::spread;
use super::field::Field;
use super::ground::{FloorGrid, Ground};
use crate::calibrate::Source;

/// Side of a patch of a cloud, in metres.
const PATCH_M: f64 = 1.0;
/// Smallest share that a patch is told with.
const PATCH_MIN: f32 = 0.01;
/// Most patches of a cloud.
const PATCHES_MAX: usize = 64;
/// Share that a pass of the claim's blur hands to each neighbour.
const BLUR_SHARE: f32 = 0.4;
/// Most that the blur widens a belief by, in squared cells per axis.
const BLUR_MAX: f64 = 50.0;
/// How much of a belief's variance comes on top of it for somebody who stands: bodies, hands and shadows stay as they are.
const STANDING: f64 = 1.2;

impl Field {
    /// Makes a belief as wide as it can be vouched for.
    ///
    /// What a map has wrong stays wrong however long one listens: the filter takes it for noise that averages out, and so
    /// becomes too sure.
    /// It is laid on what is told, not on what the filter goes on with; walls hold it back as they hold back people.
    /// For who stands, the noise of frames stays in part as well: what is `believed` by a survey, in m² per axis, is widened by it.
    pub(super) fn claim(&self, place: &mut [f32], believed: f64, standing: f64, flux: &mut Vec<f32>) {
        let ground = &*self.ground;
        let again = match self.source() {
            Source::Plan | Source::Traffic => 0.0,
            Source::Survey => STANDING * standing * believed,
        };
        let variance = self.blind_m * self.blind_m + again;
        let variance = (variance / (ground.cell * ground.cell)).min(BLUR_MAX);
        // A pass over two cells spreads four times as much as one over one cell, which then joins what that has left apart.
        let narrow = 2.0 * f64::from(BLUR_SHARE);
        let wide_passes = ((variance - 2.0 * narrow) / (4.0 * narrow)).max(0.0).floor();
        let narrow_passes = (variance / narrow - 4.0 * wide_passes).round();
        for _ in 0..wide_passes as u32 {
            blur(ground, place, 2, (&ground.right_two, &ground.up_two), flux);
        }
        for _ in 0..narrow_passes as u32 {
            blur(ground, place, 1, (&ground.right, &ground.up), flux);
        }
    }
}

/// Hands over to the cells so many steps on, along rows and columns.
fn blur(ground: &Ground, place: &mut [f32], steps: usize, (right, up): (&[f32], &[f32]), flux: &mut Vec<f32>) {
    spread(place, right, steps, BLUR_SHARE, flux);
    for floor in &ground.floors {
        let cells = floor.start..floor.start + floor.width * floor.height;
        spread(&mut place[cells.clone()], &up[cells], floor.width * steps, BLUR_SHARE, flux);
    }
}

impl Ground {
    /// Belief for every zone.
    pub(super) fn zones_of(&self, place: &[f32]) -> Vec<(ZoneId, Probability)> {
        let mass =
            |cells: &[(u32, f32)]| cells.iter().map(|(cell, share)| f64::from(place[*cell as usize] * share)).sum();
        self.zones.iter().map(|zone| (zone.id.clone(), Probability::clamped(mass(&zone.cells)))).collect()
    }

    /// The likeliest floor, the mean on it, and how the belief spreads there.
    pub(super) fn moments(&self, place: &[f32]) -> (FloorId, Point, Spread) {
        let floors = self.floors.iter().map(|floor| (floor, self.floor_moments(place, floor)));
        let best = floors.max_by(|(_, a), (_, b)| a.mass.total_cmp(&b.mass));
        let Some((floor, Moments { mass, point, square })) = best else {
            // The plan's checks let no shop pass without a floor.
            return (FloorId::new("none").expect("a slug"), Point::default(), Spread::default());
        };
        let mass = mass.max(f64::MIN_POSITIVE);
        let mean = Point { x: point.x / mass, y: point.y / mass };
        let spread = Spread {
            xx: (square.xx / mass - mean.x * mean.x).max(0.0),
            xy: square.xy / mass - mean.x * mean.y,
            yy: (square.yy / mass - mean.y * mean.y).max(0.0),
        };
        (floor.id.clone(), mean, spread)
    }

    /// The patches of a floor that hold the most of the belief, likeliest first.
    pub(super) fn cloud(&self, place: &[f32], floor: &FloorId) -> Vec<Patch> {
        let Some(floor) = self.floors.iter().find(|other| other.id == *floor) else { return Vec::new() };
        let block = (PATCH_M / self.cell).round().max(1.0) as usize;
        let columns = floor.width.div_ceil(block);
        let mut masses = vec![0.0_f32; columns * floor.height.div_ceil(block)];
        for cell in 0..floor.width * floor.height {
            let (column, row) = (cell % floor.width / block, cell / floor.width / block);
            masses[row * columns + column] += place[floor.start + cell];
        }
        let mut held: Vec<(usize, f32)> = masses.into_iter().enumerate().filter(|(_, p)| *p >= PATCH_MIN).collect();
        held.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        held.truncate(PATCHES_MAX);
        let side = block as f64 * self.cell;
        let patch = |(block, p): (usize, f32)| Patch {
            point: floor.corner(side * ((block % columns) as f64 + 0.5), side * ((block / columns) as f64 + 0.5)),
            side: Metres(side),
            probability: Probability::clamped(f64::from(p)),
        };
        held.into_iter().map(patch).collect()
    }

    fn floor_moments(&self, place: &[f32], floor: &FloorGrid) -> Moments {
        let mut moments = Moments::default();
        let cells = floor.start..floor.start + floor.width * floor.height;
        for (index, mass) in cells.clone().zip(&place[cells]) {
            let mass = f64::from(*mass);
            let Point { x, y } = self.centre(floor, index);
            moments.mass += mass;
            moments.point.x += mass * x;
            moments.point.y += mass * y;
            moments.square.xx += mass * x * x;
            moments.square.xy += mass * x * y;
            moments.square.yy += mass * y * y;
        }
        moments
    }
}

#[derive(Debug, Default)]
struct Moments {
    mass: f64,
    point: Point,
    square: Spread,
}
