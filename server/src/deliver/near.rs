//! Whether the customer is still where the offer makes sense: asked just before every try.

use std::collections::BTreeSet;

use geo::{Distance as _, Euclidean};
use model::delivery::Delivery;
use model::ids::{DeviceId, ZoneId};
use model::shop::Shop;
use model::time::{Millis, Timestamp};

use crate::live::{Dot, Live};

/// A position older than this says nothing about now.
const FRESH: Millis = Millis::seconds(20);
/// Further than this from the zone, beyond the position's own uncertainty, is away.
const MARGIN_M: f64 = 3.0;

/// False only when the live position says that the customer has left; without a fresh position the decision stands.
pub(super) fn still_near(live: &Live, delivery: &Delivery, devices: &[DeviceId], now: Timestamp) -> bool {
    let (Some(plan), Some(shop)) = (live.plan(&delivery.store), live.snapshot(&delivery.store, now)) else {
        return true;
    };
    let subjects: BTreeSet<String> = devices.iter().map(|device| format!("device:{device}")).collect();
    let fresh = |dot: &&Dot| subjects.contains(&dot.subject) && now.since(dot.at) <= FRESH;
    let zones = zones(&plan, delivery);
    let mut dots = shop.dots.iter().filter(fresh).peekable();
    dots.peek().is_none() || dots.any(|dot| zones.iter().any(|zone| is_at(&plan, dot, zone)))
}

/// The zone of the moment, and wherever else the offer may be said.
fn zones(plan: &Shop, delivery: &Delivery) -> Vec<ZoneId> {
    let mut zones = plan.offer(&delivery.offer).map(|offer| plan.offer_zones(offer)).unwrap_or_default();
    zones.push(delivery.zone.clone());
    zones
}

fn is_at(plan: &Shop, dot: &Dot, zone: &ZoneId) -> bool {
    if dot.zone.as_ref() == Some(zone) {
        return true;
    }
    let Some(zone) = plan.zone(zone).filter(|zone| zone.floor == dot.floor) else { return false };
    let away = Euclidean.distance(&geo::Point::new(dot.x, dot.y), &zone.polygon);
    away <= dot.uncertainty_m + MARGIN_M
}
