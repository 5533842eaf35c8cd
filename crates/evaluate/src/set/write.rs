//! Writes a place as the two files of a shop.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{Draft, OBSTACLE_LOSS};
use crate::names;

/// What the floor is called where a recording names none.
pub(super) const ONLY_FLOOR: &str = "f";

/// `shop.toml`.
pub(super) fn shop_file(draft: &Draft) -> String {
    let mut shop = String::from("[store]\nid = \"recorded\"\nname = \"Recorded\"\ntimezone = \"Etc/UTC\"\n");
    let floor = draft.floors.first().map_or(ONLY_FLOOR, |floor| floor.name.as_str());
    let floor = names::floor(floor);
    for (name, [x, y], z) in &draft.receivers {
        let (kind, id) = (if z.is_some() { "receiver" } else { "beacon" }, names::receiver(name));
        let _ = write!(shop, "[[{kind}]]\nid = \"{id}\"\nfloor = \"{floor}\"\nx = {x:?}\ny = {y:?}\n");
        if let Some(z) = z {
            let _ = writeln!(shop, "z = {z:?}");
        }
    }
    shop
}

/// `floor.geojson`.
pub(super) fn floor_file(draft: &Draft) -> String {
    let mut features = Vec::new();
    for (level, floor) in draft.floors.iter().enumerate() {
        let properties =
            json!({"feature": "floor", "id": names::floor(&floor.name), "name": floor.name, "level": level});
        features.push(area(&properties, &floor.bounds.corners()));
    }
    for zone in &draft.zones {
        let (id, floor) = (names::zone(&zone.name), names::floor(&zone.floor));
        let mut properties =
            json!({"feature": "zone", "id": id, "name": zone.name, "floor": floor, "kind": "department"});
        if zone.reach > 0.0 {
            properties["reach_m"] = json!(zone.reach);
        }
        features.push(area(&properties, &zone.corners));
    }
    let floor = draft.floors.first().map_or(ONLY_FLOOR, |floor| floor.name.as_str());
    let floor = names::floor(floor);
    for wall in &draft.walls {
        let properties = json!({"feature": "wall", "floor": floor});
        features.push(feature(&properties, &json!({"type": "LineString", "coordinates": wall})));
    }
    for corners in &draft.obstacles {
        let properties = json!({"feature": "obstacle", "floor": floor, "loss_db_m": OBSTACLE_LOSS});
        features.push(area(&properties, corners));
    }
    json!({"type": "FeatureCollection", "features": features}).to_string()
}

fn area(properties: &Value, corners: &[[f64; 2]]) -> Value {
    let mut ring = corners.to_vec();
    ring.extend(corners.first());
    feature(properties, &json!({"type": "Polygon", "coordinates": [ring]}))
}

fn feature(properties: &Value, geometry: &Value) -> Value {
    json!({"type": "Feature", "properties": properties, "geometry": geometry})
}
