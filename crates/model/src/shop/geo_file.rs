//! `floor.geojson`: a FeatureCollection in metres. Each feature says what it is in `properties.feature`:
//! `floor` (the outline), `zone` or `wall`.

use std::collections::BTreeSet;

use geo::{LineString, Polygon, algorithm::Area, algorithm::Validation};
use geojson::{FeatureCollection, JsonObject};

use super::{FLOOR_FILE, ShopError};
use crate::floor::{Floor, Wall};
use crate::ids::{FloorId, ZoneId};
use crate::zone::{Zone, ZoneKind};

/// Largest file read, in bytes.
const FILE_BYTES_MAX: usize = 4 << 20;
/// Largest coordinate, in metres: a shop is not a country.
const METRES_MAX: f64 = 2_000.0;
/// Most features in a file.
const FEATURES_MAX: usize = 5_000;

/// Reads the shapes. What is wrong is appended to `errors`.
pub(super) fn parse(text: &str, errors: &mut Vec<ShopError>) -> Vec<Floor> {
    if text.len() > FILE_BYTES_MAX {
        errors.push(error("(file)", "is larger than 4 MiB", "split the plan or simplify its shapes"));
        return Vec::new();
    }
    let collection = match text.parse::<FeatureCollection>() {
        Ok(collection) => collection,
        Err(cause) => {
            errors.push(error(
                "(file)",
                &format!("is not a GeoJSON FeatureCollection: {cause}"),
                "export the plan as GeoJSON",
            ));
            return Vec::new();
        }
    };
    if collection.features.len() > FEATURES_MAX {
        errors.push(error("features", "are more than 5000", "remove what is neither floor, zone nor wall"));
        return Vec::new();
    }
    let mut plan = Plan { errors, floors: Vec::new(), parts: Vec::new() };
    for (index, feature) in collection.features.iter().enumerate() {
        plan.read(index, feature);
    }
    plan.finish()
}

fn error(key: &str, problem: &str, fix: &str) -> ShopError {
    ShopError { file: FLOOR_FILE.into(), key: key.into(), problem: problem.into(), fix: fix.into() }
}

enum Part {
    Zone(Zone),
    Wall(FloorId, Wall),
}

struct Plan<'a> {
    errors: &'a mut Vec<ShopError>,
    floors: Vec<Floor>,
    parts: Vec<(String, Part)>,
}

impl Plan<'_> {
    fn read(&mut self, index: usize, feature: &geojson::Feature) {
        let key = format!("features[{index}]");
        let empty = JsonObject::new();
        let properties = feature.properties.as_ref().unwrap_or(&empty);
        let kind = text(properties, "feature").unwrap_or_default();
        let result = match kind.as_str() {
            "floor" => self.floor(&key, feature, properties),
            "zone" => self.zone(&key, feature, properties),
            "wall" => self.wall(&key, feature, properties),
            _ => Err(error(
                &format!("{key}.properties.feature"),
                &format!("is {kind:?}"),
                "write \"floor\", \"zone\" or \"wall\"",
            )),
        };
        if let Err(cause) = result {
            self.errors.push(cause);
        }
    }

    fn floor(&mut self, key: &str, feature: &geojson::Feature, properties: &JsonObject) -> Result<(), ShopError> {
        let id = id_of::<FloorId>(key, properties, "id")?;
        let outline = polygon(key, feature)?;
        let level = properties.get("level").and_then(serde_json::Value::as_i64).unwrap_or(0);
        let level = i32::try_from(level).map_err(|_| {
            error(
                &format!("{key}.properties.level"),
                "is out of range",
                "write a small whole number, 0 for the ground floor",
            )
        })?;
        let name = text(properties, "name").unwrap_or_else(|| id.to_string());
        self.floors.push(Floor {
            id,
            name,
            level,
            outline,
            walls: Vec::new(),
            obstacles: Vec::new(),
            zones: Vec::new(),
        });
        Ok(())
    }

    fn zone(&mut self, key: &str, feature: &geojson::Feature, properties: &JsonObject) -> Result<(), ShopError> {
        let id = id_of::<ZoneId>(key, properties, "id")?;
        let floor = id_of::<FloorId>(key, properties, "floor")?;
        let kind_text = text(properties, "kind").unwrap_or_default();
        let kind: ZoneKind = serde_json::from_value(serde_json::Value::String(kind_text.clone())).map_err(|_| {
            error(
                &format!("{key}.properties.kind"),
                &format!("is {kind_text:?}"),
                "write entrance, department, shelf, checkout, display or private",
            )
        })?;
        let polygon = polygon(key, feature)?;
        let name = text(properties, "name").unwrap_or_else(|| id.to_string());
        self.parts.push((key.to_owned(), Part::Zone(Zone { id, name, floor, kind, polygon, reach: 0.0 })));
        Ok(())
    }

    fn wall(&mut self, key: &str, feature: &geojson::Feature, properties: &JsonObject) -> Result<(), ShopError> {
        let floor = id_of::<FloorId>(key, properties, "floor")?;
        let loss_db = properties.get("loss_db").and_then(serde_json::Value::as_f64).unwrap_or(4.0);
        if !(0.0..=40.0).contains(&loss_db) {
            return Err(error(
                &format!("{key}.properties.loss_db"),
                "is outside 0 to 40",
                "write the loss in dB, such as 4",
            ));
        }
        let line = line(key, feature)?;
        self.parts.push((key.to_owned(), Part::Wall(floor, Wall { line, loss_db })));
        Ok(())
    }

    fn finish(mut self) -> Vec<Floor> {
        if self.floors.is_empty() {
            self.errors.push(error(
                "features",
                "hold no floor",
                "add a polygon with \"feature\": \"floor\" and an \"id\"",
            ));
        }
        let mut zones_seen = BTreeSet::new();
        for (key, part) in std::mem::take(&mut self.parts) {
            let floor_id = match &part {
                Part::Zone(zone) => zone.floor.clone(),
                Part::Wall(floor, _) => floor.clone(),
            };
            let Some(floor) = self.floors.iter_mut().find(|floor| floor.id == floor_id) else {
                self.errors.push(error(
                    &format!("{key}.properties.floor"),
                    &format!("names the floor {:?}, which is not in the file", floor_id.as_str()),
                    "name a floor of this file or add it",
                ));
                continue;
            };
            match part {
                Part::Zone(zone) if !zones_seen.insert(zone.id.clone()) => self.errors.push(error(
                    &format!("{key}.properties.id"),
                    &format!("the zone {:?} is there twice", zone.id.as_str()),
                    "give each zone an id of its own",
                )),
                Part::Zone(zone) => floor.zones.push(zone),
                Part::Wall(_, wall) => floor.walls.push(wall),
            }
        }
        let mut floors = self.floors;
        floors.sort_by_key(|floor| floor.level);
        floors
    }
}

fn text(properties: &JsonObject, key: &str) -> Option<String> {
    properties.get(key).and_then(|value| value.as_str()).map(str::to_owned)
}

fn id_of<T: std::str::FromStr<Err = crate::ids::IdError>>(
    key: &str,
    properties: &JsonObject,
    name: &str,
) -> Result<T, ShopError> {
    let key = format!("{key}.properties.{name}");
    let Some(value) = text(properties, name) else {
        return Err(error(&key, "is missing", "add it as a text"));
    };
    value.parse().map_err(|cause| error(&key, &format!("{cause}"), "choose another id"))
}

fn polygon(key: &str, feature: &geojson::Feature) -> Result<Polygon<f64>, ShopError> {
    let key = format!("{key}.geometry");
    let shape = feature.geometry.as_ref().and_then(|geometry| Polygon::<f64>::try_from(geometry.clone()).ok());
    let Some(polygon) = shape else {
        return Err(error(&key, "is not a Polygon", "draw a closed polygon"));
    };
    let beyond =
        |c: &geo::Coord<f64>| !c.x.is_finite() || !c.y.is_finite() || c.x.abs() > METRES_MAX || c.y.abs() > METRES_MAX;
    if polygon.exterior().coords().any(beyond) || polygon.interiors().iter().flat_map(LineString::coords).any(beyond) {
        return Err(error(
            &key,
            "has a coordinate beyond 2000 m",
            "coordinates are metres from the floor's origin, not degrees",
        ));
    }
    if !polygon.is_valid() {
        return Err(error(&key, "crosses itself", "draw it again so that no two sides cross"));
    }
    if polygon.unsigned_area() < 0.05 {
        return Err(error(
            &key,
            "is smaller than 0.05 square metres",
            "coordinates are metres from the floor's origin",
        ));
    }
    Ok(polygon)
}

fn line(key: &str, feature: &geojson::Feature) -> Result<LineString<f64>, ShopError> {
    let key = format!("{key}.geometry");
    let shape = feature.geometry.as_ref().and_then(|geometry| LineString::<f64>::try_from(geometry.clone()).ok());
    match shape {
        Some(line)
            if line.0.len() >= 2 && line.coords().all(|c| c.x.abs() <= METRES_MAX && c.y.abs() <= METRES_MAX) =>
        {
            Ok(line)
        }
        Some(_) => Err(error(&key, "has fewer than two points, or one beyond 2000 m", "coordinates are metres")),
        None => Err(error(&key, "is not a LineString", "draw a wall as a line")),
    }
}
