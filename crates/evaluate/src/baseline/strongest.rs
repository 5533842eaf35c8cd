//! The nearest receiver by strength: what a proximity system does.

use super::{Estimate, Ground, means};
use crate::part::Track;

const SECONDS: f64 = 3.0;

pub(super) fn answer(ground: &Ground<'_>, track: &Track, t: f64) -> Option<Estimate> {
    let (place, _) = *means(ground, track, t, SECONDS).first()?;
    let (floor, point) = (place.floor.clone(), place.point);
    let zone = ground.zone_at(&floor, point);
    Some(Estimate { floor, point, zone })
}
