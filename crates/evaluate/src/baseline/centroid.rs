//! The weighted centroid of the strongest receivers, all on the floor of the strongest.

use model::floor::Point;

use super::{Estimate, Ground, means};
use crate::part::Track;

const SECONDS: f64 = 5.0;
/// Receivers that count.
const STRONGEST: usize = 5;
/// A receiver counts by one over its distance to this power.
const POWER: f64 = 2.0;

pub(super) fn answer(ground: &Ground<'_>, track: &Track, t: f64) -> Option<Estimate> {
    let means = means(ground, track, t, SECONDS);
    let floor = means.first()?.0.floor.clone();
    let (mut sum, mut x, mut y) = (0.0, 0.0, 0.0);
    for (place, rssi) in means.iter().take(STRONGEST).filter(|(place, _)| place.floor == floor) {
        let weight = ground.distance(*rssi).powf(-POWER);
        (sum, x, y) = (sum + weight, x + weight * place.point.x, y + weight * place.point.y);
    }
    let point = Point { x: x / sum, y: y / sum };
    let zone = ground.zone_at(&floor, point);
    Some(Estimate { floor, point, zone })
}
