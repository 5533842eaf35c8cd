//! How near to a zone somebody is believed to be: near enough to take something from its shelf.

use geo::{Area, Distance, Euclidean, Length};
use model::floor::Point;
use model::shop::Shop;
use model::zone::Zone;

use crate::grid::Estimate;

/// Within so many metres of a zone's border an arm reaches in, more or less.
const ARM_M: f64 = 0.75;
/// The least share of the store that a zone is taken for.
const ROOM_MIN: f64 = 0.005;

/// How much of a subject's belief lies in a zone, or so near that an arm reaches in: 0 to 1.
#[must_use]
pub fn nearness(estimate: &Estimate, zone: &Zone) -> f64 {
    let inside = estimate.zones.iter().find(|(other, _)| *other == zone.id).map_or(0.0, |(_, p)| p.get());
    if estimate.floor != zone.floor {
        return inside;
    }
    let near = estimate.cloud.iter().map(|patch| {
        let arms = (metres(patch.point, zone) - zone.reach).max(0.0) / ARM_M;
        patch.probability.get() * (-0.5 * arms * arms).exp()
    });
    inside.max(near.sum()).min(1.0)
}

/// How likely somebody who may be anywhere in the store is in the zone, or so near that an arm reaches in.
#[must_use]
pub fn room(plan: &Shop, zone: &Zone) -> f64 {
    let floors: f64 = plan.floors.iter().map(|floor| floor.outline.unsigned_area()).sum();
    let around = Euclidean.length(zone.polygon.exterior()) * (zone.reach + ARM_M);
    let share = (zone.polygon.unsigned_area() + around) / floors;
    if share.is_finite() { share.clamp(ROOM_MIN, 1.0) } else { 1.0 }
}

/// How far a place on the zone's floor is from it, in metres.
#[must_use]
pub fn metres(point: Point, zone: &Zone) -> f64 {
    Euclidean.distance(&geo::Point::new(point.x, point.y), &zone.polygon)
}

#[cfg(test)]
mod tests {
    use model::ids::FloorId;
    use model::position::{Patch, Spread};
    use model::time::Timestamp;
    use model::units::{Metres, Probability};

    use super::*;

    const SHOP: &str = "[store]\nid = \"s\"\nname = \"S\"\ntimezone = \"UTC\"\n";
    const FLOOR: &str = r#"{"type":"FeatureCollection","features":[
     {"type":"Feature","properties":{"feature":"floor","id":"g"},"geometry":{"type":"Polygon","coordinates":[[[0,0],[20,0],[20,30],[0,30],[0,0]]]}},
     {"type":"Feature","properties":{"feature":"zone","id":"wine","floor":"g","kind":"shelf"},"geometry":{"type":"Polygon","coordinates":[[[4,4],[6,4],[6,6],[4,6],[4,4]]]}}
    ]}"#;

    fn at(x: f64, y: f64) -> Estimate {
        let (point, patch) = (Point { x, y }, |p: f64, x: f64| Patch {
            point: Point { x, y },
            side: Metres(1.0),
            probability: Probability::clamped(p),
        });
        Estimate {
            at: Timestamp(0),
            floor: FloorId::new("g").expect("a slug"),
            point,
            uncertainty: Metres(1.0),
            spread: Spread::default(),
            cloud: vec![patch(0.6, x), patch(0.4, x + 1.0)],
            zones: Vec::new(),
            believed: Vec::new(),
            outside: Probability::ZERO,
            heard: Vec::new(),
        }
    }

    #[test]
    fn who_stands_within_reach_is_near_and_who_stands_far_is_not() {
        let shop = Shop::parse(SHOP, FLOOR).expect("a shop");
        let zone = shop.zones().next().expect("a zone");
        assert!((nearness(&at(4.5, 5.0), zone) - 1.0).abs() < 1e-9);
        let (arm, step) = (nearness(&at(6.5, 5.0), zone), nearness(&at(8.5, 5.0), zone));
        assert!((0.4..0.7).contains(&arm) && step < 0.05, "{arm} {step}");
        let other = Estimate { floor: FloorId::new("upper").expect("a slug"), ..at(4.5, 5.0) };
        assert!(nearness(&other, zone) < 1e-9);
        let share = room(&shop, zone);
        assert!((0.005..0.05).contains(&share), "4 of 600 square metres and an arm around: {share}");
    }
}
