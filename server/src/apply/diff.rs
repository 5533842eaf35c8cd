//! What is different between two versions of a shop, in words.

use std::collections::BTreeMap;

use model::floor::{Floor, Obstacle};
use model::shop::Shop;
use model::zone::Zone;
use serde::Serialize;
use serde_json::{Value, json};

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Something is new.
    Added {
        /// What, such as `offer wine-week`.
        what: String,
    },
    /// Something is gone.
    Removed {
        /// What.
        what: String,
    },
    /// A field has another value.
    Changed {
        /// Of what.
        what: String,
        /// Which field.
        field: String,
        /// The old value, as JSON.
        from: String,
        /// The new value, as JSON.
        to: String,
    },
}

impl std::fmt::Display for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Added { what } => write!(f, "+ {what}"),
            Self::Removed { what } => write!(f, "- {what}"),
            Self::Changed { what, field, from, to } => write!(f, "~ {what}: {field} {from} -> {to}"),
        }
    }
}

/// Longest value that a line shows, in characters.
const VALUE_LEN_MAX: usize = 60;

/// Everything that is different, in the order of kinds and ids.
#[must_use]
pub fn diff(old: Option<&Shop>, new: &Shop) -> Vec<Change> {
    let old = old.map(items).unwrap_or_default();
    let new = items(new);
    let mut changes = Vec::new();
    for what in old.keys().filter(|what| !new.contains_key(*what)) {
        changes.push(Change::Removed { what: name(what) });
    }
    for (what, item) in &new {
        match old.get(what) {
            None => changes.push(Change::Added { what: name(what) }),
            Some(before) => fields(&name(what), before, item, &mut changes),
        }
    }
    changes
}

/// Kind's place in the order, kind, id.
type Key = (u8, &'static str, String);

fn name((_, kind, id): &Key) -> String {
    format!("{kind} {id}")
}

fn items(shop: &Shop) -> BTreeMap<Key, Value> {
    let mut items = BTreeMap::new();
    let mut put = |order, kind, id: &str, value: Value| {
        items.insert((order, kind, id.to_owned()), value);
    };
    put(0, "store", shop.store.id.as_str(), value(&shop.store));
    for floor in &shop.floors {
        put(1, "floor", floor.id.as_str(), floor_value(floor));
        for obstacle in &floor.obstacles {
            put(2, "obstacle", &obstacle_name(floor, obstacle), obstacle_value(obstacle));
        }
    }
    for passage in &shop.passages {
        let value = json!({"ends": passage.ends, "seconds": passage.seconds});
        put(3, "passage", &passage.id, value);
    }
    for zone in shop.zones() {
        put(4, "zone", zone.id.as_str(), zone_value(zone));
    }
    for receiver in &shop.receivers {
        put(5, "receiver", receiver.id.as_str(), value(receiver));
    }
    for beacon in &shop.beacons {
        put(6, "beacon", beacon.id.as_str(), value(beacon));
    }
    for sensor in &shop.sensors {
        put(7, "sensor", sensor.id.as_str(), value(sensor));
    }
    for tag in &shop.tags {
        put(8, "tag", tag.id.as_str(), value(tag));
    }
    for product in &shop.products {
        put(9, "product", product.id.as_str(), value(product));
    }
    for offer in &shop.offers {
        put(10, "offer", offer.id.as_str(), value(offer));
    }
    items
}

fn value<T: Serialize>(item: &T) -> Value {
    serde_json::to_value(item).expect("a shop's parts have text keys")
}

fn floor_value(floor: &Floor) -> Value {
    let walls: Vec<Value> =
        floor.walls.iter().map(|wall| json!({"line": format!("{:?}", wall.line), "loss_db": wall.loss_db})).collect();
    json!({"name": floor.name, "level": floor.level, "outline": format!("{:?}", floor.outline), "walls": walls})
}

/// An obstacle has no id: it is known by where it stands, so one that was moved is one that went and one that came.
fn obstacle_name(floor: &Floor, obstacle: &Obstacle) -> String {
    let corners: Vec<String> = obstacle.polygon.exterior().coords().map(|c| format!("({}, {})", c.x, c.y)).collect();
    let shown = if corners.len() <= 5 { corners.len().saturating_sub(1) } else { 4 };
    let more = if corners.len() > 5 { format!(" … {} corners", corners.len() - 1) } else { String::new() };
    format!("on {} at {}{more}", floor.id, corners[..shown].join(" "))
}

fn obstacle_value(obstacle: &Obstacle) -> Value {
    json!({"loss_db_m": obstacle.loss_db_m, "shape": corners(&obstacle.polygon)})
}

fn zone_value(zone: &Zone) -> Value {
    json!({"name": zone.name, "floor": zone.floor, "kind": zone.kind, "reach_m": zone.reach, "shape": corners(&zone.polygon)})
}

fn corners(polygon: &geo::Polygon<f64>) -> Vec<[f64; 2]> {
    polygon.exterior().coords().map(|corner| [corner.x, corner.y]).collect()
}

fn fields(what: &str, before: &Value, after: &Value, changes: &mut Vec<Change>) {
    let (Value::Object(before), Value::Object(after)) = (before, after) else { return };
    for (field, to) in after {
        let from = before.get(field).unwrap_or(&Value::Null);
        if from != to {
            let (what, field) = (what.to_owned(), field.clone());
            changes.push(Change::Changed { what, field, from: short(from), to: short(to) });
        }
    }
}

fn short(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= VALUE_LEN_MAX {
        return text;
    }
    text.chars().take(VALUE_LEN_MAX - 1).chain(['…']).collect()
}
