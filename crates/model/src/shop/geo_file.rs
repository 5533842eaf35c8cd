//! `floor.geojson`: a FeatureCollection in metres. Each feature says what it is in `properties.feature`:
//! `floor` (the outline), `zone`, `wall`, `obstacle` or `passage`.

mod join;
mod shape;

use geojson::{Feature, FeatureCollection, JsonObject};
use serde_json::Value;

use self::join::{End, Part};
use self::shape::Shapes;
use super::{FLOOR_FILE, ShopError};
use crate::floor::{Floor, Obstacle, Passage, Wall};
use crate::ids::{FloorId, ZoneId};
use crate::zone::{Zone, ZoneKind};

/// Largest file read, in bytes.
const FILE_BYTES_MAX: usize = 4 << 20;
/// Most features in a file.
const FEATURES_MAX: usize = 5_000;
/// What a wall takes from a signal when the file does not say, in dB.
const WALL_LOSS_DB: f64 = 4.0;
/// What furniture takes from a signal on a metre of way when the file does not say, in dB.
const OBSTACLE_LOSS_DB_M: f64 = 6.0;
/// The way from one floor to the next when the file does not say, in seconds.
const PASSAGE_SECONDS: f64 = 12.0;

/// Reads the shapes. What is wrong is appended to `errors`.
pub(super) fn parse(text: &str, errors: &mut Vec<ShopError>) -> (Vec<Floor>, Vec<Passage>) {
    let collection = match collection(text) {
        Ok(collection) => collection,
        Err(cause) => {
            errors.push(cause);
            return (Vec::new(), Vec::new());
        }
    };
    let mut plan = Reader { shapes: Shapes::default(), floors: Vec::new(), parts: Vec::new(), errors };
    for (index, feature) in collection.features.iter().enumerate() {
        plan.read(index, feature);
    }
    join::join(plan.floors, plan.parts, errors)
}

fn collection(text: &str) -> Result<FeatureCollection, ShopError> {
    if text.len() > FILE_BYTES_MAX {
        return Err(error("(file)", "is larger than 4 MiB", "split the plan or simplify its shapes"));
    }
    let collection = text.parse::<FeatureCollection>().map_err(|cause| {
        let problem = format!("is not a GeoJSON FeatureCollection: {cause}");
        error("(file)", &problem, "export the plan as GeoJSON")
    })?;
    if collection.features.len() > FEATURES_MAX {
        let fix = "remove what is neither floor, zone, wall, obstacle nor passage";
        return Err(error("features", "are more than 5000", fix));
    }
    Ok(collection)
}

fn error(key: &str, problem: &str, fix: &str) -> ShopError {
    ShopError { file: FLOOR_FILE.into(), key: key.into(), problem: problem.into(), fix: fix.into() }
}

struct Reader<'a> {
    errors: &'a mut Vec<ShopError>,
    shapes: Shapes,
    floors: Vec<(String, Floor)>,
    parts: Vec<(String, Part)>,
}

impl Reader<'_> {
    fn read(&mut self, index: usize, feature: &Feature) {
        let key = format!("features[{index}]");
        let empty = JsonObject::new();
        let properties = Properties { key: &key, values: feature.properties.as_ref().unwrap_or(&empty) };
        let kind = properties.text("feature").unwrap_or_default();
        let result = match kind.as_str() {
            "floor" => self.floor(&properties, feature),
            "zone" => self.zone(&properties, feature),
            "wall" => self.wall(&properties, feature),
            "obstacle" => self.obstacle(&properties, feature),
            "passage" => self.passage(&properties, feature),
            _ => Err(properties.error(
                "feature",
                &format!("is {kind:?}"),
                "write \"floor\", \"zone\", \"wall\", \"obstacle\" or \"passage\"",
            )),
        };
        if let Err(cause) = result {
            self.errors.push(cause);
        }
    }

    fn floor(&mut self, properties: &Properties<'_>, feature: &Feature) -> Result<(), ShopError> {
        let id = properties.id::<FloorId>("id")?;
        let outline = self.shapes.polygon(properties.key, &format!("floor {:?}", id.as_str()), feature)?;
        let level = match properties.values.get("level") {
            None => Some(0),
            Some(level) => level.as_i64().and_then(|level| i32::try_from(level).ok()),
        };
        let Some(level) = level else {
            return Err(properties.error(
                "level",
                "is not a small whole number",
                "write a small whole number, 0 for the ground floor",
            ));
        };
        let name = properties.text("name").unwrap_or_else(|| id.to_string());
        let (walls, obstacles, zones) = (Vec::new(), Vec::new(), Vec::new());
        self.floors.push((properties.key.to_owned(), Floor { id, name, level, outline, walls, obstacles, zones }));
        Ok(())
    }

    fn zone(&mut self, properties: &Properties<'_>, feature: &Feature) -> Result<(), ShopError> {
        let id = properties.id::<ZoneId>("id")?;
        let floor = properties.id::<FloorId>("floor")?;
        let kind = properties.text("kind").unwrap_or_default();
        let Ok(kind) = serde_json::from_value::<ZoneKind>(Value::String(kind.clone())) else {
            let fix = "write entrance, department, shelf, checkout, display or private";
            return Err(properties.error("kind", &format!("is {kind:?}"), fix));
        };
        let reach = properties.number("reach_m", 0.0, (0.0, 20.0), "the metres in front of the zone, such as 1.5")?;
        let polygon = self.shapes.polygon(properties.key, &format!("zone {:?}", id.as_str()), feature)?;
        let name = properties.text("name").unwrap_or_else(|| id.to_string());
        self.put(properties, Part::Zone(Zone { id, name, floor, kind, polygon, reach }));
        Ok(())
    }

    fn wall(&mut self, properties: &Properties<'_>, feature: &Feature) -> Result<(), ShopError> {
        let floor = properties.id::<FloorId>("floor")?;
        let loss_db = properties.number("loss_db", WALL_LOSS_DB, (0.0, 40.0), "the loss in dB, such as 4")?;
        let line = self.shapes.line(properties.key, feature)?;
        self.put(properties, Part::Wall(floor, Wall { line, loss_db }));
        Ok(())
    }

    fn obstacle(&mut self, properties: &Properties<'_>, feature: &Feature) -> Result<(), ShopError> {
        let floor = properties.id::<FloorId>("floor")?;
        let fix = "the loss in dB per metre through it, such as 6";
        let loss_db_m = properties.number("loss_db_m", OBSTACLE_LOSS_DB_M, (0.0, 40.0), fix)?;
        let polygon = self.shapes.polygon(properties.key, "the obstacle", feature)?;
        self.put(properties, Part::Obstacle(floor, Obstacle { polygon, loss_db_m }));
        Ok(())
    }

    fn passage(&mut self, properties: &Properties<'_>, feature: &Feature) -> Result<(), ShopError> {
        // A passage is named by people as a zone is, so the same characters are allowed.
        let id = properties.id::<ZoneId>("id")?.to_string();
        let floor = properties.id::<FloorId>("floor")?;
        let fix = "the seconds from one floor to the next, such as 12";
        let seconds = match properties.values.get("seconds") {
            None => None,
            Some(_) => Some(properties.number("seconds", PASSAGE_SECONDS, (1.0, 600.0), fix)?),
        };
        let point = self.shapes.point(properties.key, feature)?;
        self.put(properties, Part::Passage(End { id, floor, seconds, point }));
        Ok(())
    }

    fn put(&mut self, properties: &Properties<'_>, part: Part) {
        self.parts.push((properties.key.to_owned(), part));
    }
}

/// What a feature says about itself.
struct Properties<'a> {
    key: &'a str,
    values: &'a JsonObject,
}

impl Properties<'_> {
    fn error(&self, name: &str, problem: &str, fix: &str) -> ShopError {
        error(&format!("{}.properties.{name}", self.key), problem, fix)
    }

    fn text(&self, name: &str) -> Option<String> {
        self.values.get(name).and_then(Value::as_str).map(str::to_owned)
    }

    fn id<T: std::str::FromStr<Err = crate::ids::IdError>>(&self, name: &str) -> Result<T, ShopError> {
        let Some(value) = self.text(name) else {
            return Err(self.error(name, "is missing", "add it as a text"));
        };
        value.parse().map_err(|cause| self.error(name, &format!("{cause}"), "choose another id"))
    }

    fn number(&self, name: &str, usual: f64, (min, max): (f64, f64), fix: &str) -> Result<f64, ShopError> {
        match self.values.get(name).map(Value::as_f64) {
            None => Ok(usual),
            Some(Some(number)) if (min..=max).contains(&number) => Ok(number),
            Some(Some(_) | None) => {
                Err(self.error(name, &format!("is not a number from {min} to {max}"), &format!("write {fix}")))
            }
        }
    }
}

#[cfg(test)]
mod tests;
