//! Least squares in metres by the simplex method of Nelder and Mead over place and scale, as ESPresense's companion does:
//! receivers are weighted by the rank of their distance, and one factor on all distances, 0.5 to 1.5, is free.

use model::floor::Point;

use super::{Estimate, Ground, means};
use crate::part::Track;

/// What is averaged of each receiver, in seconds.
pub(super) const SECONDS: f64 = 3.0;
/// Width of the weights over the ranks, 0 for the nearest to 1 for the farthest.
const RANK_WIDTH: f64 = 0.3;
/// Steps of the search.
const STEPS: usize = 150;
/// The search ends when its corners agree so well, in square metres.
const AGREEMENT: f64 = 1e-6;

type Corner = [f64; 3];

pub(super) fn answer(ground: &Ground<'_>, track: &Track, t: f64, seconds: f64) -> Option<Estimate> {
    let means = means(ground, track, t, seconds);
    let floor = means.first()?.0.floor.clone();
    let rows: Vec<(Point, f64)> = means
        .iter()
        .filter(|(place, _)| place.floor == floor)
        .map(|(place, rssi)| (place.point, ground.distance(*rssi).max(0.1)))
        .collect();
    if rows.len() < 3 {
        return None;
    }
    let last = f64::from(u32::try_from(rows.len() - 1).unwrap_or(u32::MAX));
    let weight = |rank: u32| (-0.5 * (f64::from(rank) / last / RANK_WIDTH).powi(2)).exp();
    let weighted: Vec<(Point, f64, f64)> =
        rows.iter().zip(0u32..).map(|((place, distance), rank)| (*place, *distance, weight(rank))).collect();
    let bounds = bounds(ground, &floor);
    let cost = |[x, y, scale]: Corner| {
        let outside =
            beyond(x, bounds[0], bounds[2]) + beyond(y, bounds[1], bounds[3]) + 100.0 * beyond(scale, 0.5, 1.5);
        let here = Point { x, y };
        let error =
            |(place, distance, weight): &(Point, f64, f64)| weight * (here.distance(*place) - scale * distance).powi(2);
        weighted.iter().map(error).sum::<f64>() + outside * outside
    };
    let [x, y, _] = minimum(cost, start(&rows));
    let point = Point { x: x.clamp(bounds[0], bounds[2]), y: y.clamp(bounds[1], bounds[3]) };
    let zone = ground.zone_at(&floor, point);
    Some(Estimate { floor, point, zone })
}

fn bounds(ground: &Ground<'_>, floor: &model::ids::FloorId) -> [f64; 4] {
    use geo::BoundingRect as _;
    let outline =
        ground.set.plan.floors.iter().find(|other| other.id == *floor).and_then(|f| f.outline.bounding_rect());
    outline.map_or([f64::MIN, f64::MIN, f64::MAX, f64::MAX], |rect| {
        [rect.min().x, rect.min().y, rect.max().x, rect.max().y]
    })
}

fn beyond(value: f64, low: f64, high: f64) -> f64 {
    (low - value).max(value - high).max(0.0)
}

/// The centroid by one over distance.
fn start(rows: &[(Point, f64)]) -> Corner {
    let sum: f64 = rows.iter().map(|(_, distance)| 1.0 / distance).sum();
    let x = rows.iter().map(|(place, distance)| place.x / distance).sum::<f64>() / sum;
    let y = rows.iter().map(|(place, distance)| place.y / distance).sum::<f64>() / sum;
    [x, y, 1.0]
}

/// The simplex search with the usual coefficients: reflect 1, expand 2, contract and shrink one half.
fn minimum(cost: impl Fn(Corner) -> f64, start: Corner) -> Corner {
    let mut corners: Vec<(f64, Corner)> = vec![(cost(start), start)];
    for (axis, step) in [1.0, 1.0, 0.2].into_iter().enumerate() {
        let mut corner = start;
        corner[axis] += step;
        corners.push((cost(corner), corner));
    }
    for _ in 0..STEPS {
        corners.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (best, worst) = (corners[0], corners[3]);
        if worst.0 - best.0 < AGREEMENT {
            break;
        }
        let middle = [0, 1, 2].map(|axis| corners[..3].iter().map(|(_, corner)| corner[axis]).sum::<f64>() / 3.0);
        let along = |factor: f64| {
            let corner = [0, 1, 2].map(|axis| middle[axis] + factor * (worst.1[axis] - middle[axis]));
            (cost(corner), corner)
        };
        let reflected = along(-1.0);
        corners[3] = if reflected.0 < best.0 {
            let expanded = along(-2.0);
            if expanded.0 < reflected.0 { expanded } else { reflected }
        } else if reflected.0 < corners[2].0 {
            reflected
        } else {
            let contracted = if reflected.0 < worst.0 { along(-0.5) } else { along(0.5) };
            if contracted.0 < worst.0.min(reflected.0) {
                contracted
            } else {
                for corner in &mut corners[1..] {
                    corner.1 = [0, 1, 2].map(|axis| (corner.1[axis] + best.1[axis]) / 2.0);
                    corner.0 = cost(corner.1);
                }
                continue;
            }
        };
    }
    corners.into_iter().min_by(|a, b| a.0.total_cmp(&b.0)).map_or(start, |(_, corner)| corner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_search_finds_the_bottom() {
        let [x, y, z] = minimum(|[x, y, z]| (x - 3.0).powi(2) + 2.0 * (y + 1.0).powi(2) + (z - 1.2).powi(2), [0.0; 3]);
        assert!((x - 3.0).abs() < 0.01 && (y + 1.0).abs() < 0.01 && (z - 1.2).abs() < 0.01, "{x} {y} {z}");
    }
}
