//! A recorded place as a shop: its tables become the two files that a shop declares, read by the product's own reader.
//!
//! Receivers without heights are beacons that a phone hears. A place without receivers has none until a survey places them.

mod write;

use std::collections::BTreeMap;
use std::sync::Arc;

use model::floor::Point;
use model::ids::{FloorId, ZoneId};
use model::shop::Shop as Plan;

use crate::names;
use crate::table::{Error, Table};

/// How far in front of a zone of a `zones.geojson` one still counts as in it, in metres: "the nearest unit within 10 m".
const UNIT_REACH: f64 = 10.0;
/// How far a floor goes on beyond its zones where only they are known, in metres.
const UNIT_MARGIN: f64 = 10.0;
/// Loss of a signal per metre of shelf, in dB.
const OBSTACLE_LOSS: f64 = 6.0;

/// The texts of a place's files, as far as it has them.
#[derive(Debug, Clone, Default)]
pub struct SetFiles {
    /// `receivers.csv`: rx, x, y and perhaps z.
    pub receivers: Option<String>,
    /// `zones.csv`: zone, x0, y0, x1, y1.
    pub zones_csv: Option<String>,
    /// `zones.geojson`: polygons with zone and floor.
    pub zones_geojson: Option<String>,
    /// `layout_walls.csv`: x, y, one line through all.
    pub walls_csv: Option<String>,
    /// `obstacles.csv`: id, x, y, the corners of each in turn.
    pub obstacles_csv: Option<String>,
}

/// A recorded place.
#[derive(Debug, Clone)]
pub struct Set {
    /// It as a shop.
    pub plan: Arc<Plan>,
    /// What was mended or left out on the way.
    pub notes: Vec<String>,
    /// Whether it names its floors.
    pub has_floors: bool,
    zones: BTreeMap<ZoneId, String>,
    floors: BTreeMap<FloorId, String>,
}

impl Set {
    /// Reads a place.
    ///
    /// # Errors
    /// [`Error`] names file, line and column of the first thing that is wrong.
    pub fn parse(files: &SetFiles) -> Result<Self, Error> {
        let draft = Draft::read(files)?;
        let (shop, floor) = (write::shop_file(&draft), write::floor_file(&draft));
        let plan = Plan::parse(&shop, &floor).map_err(|errors| refused(&errors))?;
        let zones = draft.zones.iter().map(|zone| (names::zone(&zone.name), zone.name.clone())).collect();
        let floors = draft.floors.iter().map(|floor| (names::floor(&floor.name), floor.name.clone())).collect();
        Ok(Self { plan: Arc::new(plan), notes: draft.notes, has_floors: files.zones_geojson.is_some(), zones, floors })
    }

    /// The name that the recording gives a zone.
    #[must_use]
    pub fn zone_name<'a>(&'a self, id: &'a ZoneId) -> &'a str {
        self.zones.get(id).map_or(id.as_str(), String::as_str)
    }

    /// The name that the recording gives a floor; empty where it names none.
    #[must_use]
    pub fn floor_name<'a>(&'a self, id: &'a FloorId) -> &'a str {
        if self.has_floors { self.floors.get(id).map_or(id.as_str(), String::as_str) } else { "" }
    }

    /// The floor with this name; the only one where the recording names none.
    ///
    /// # Errors
    /// The names that there are.
    pub fn floor(&self, name: &str) -> Result<FloorId, String> {
        let id = if self.has_floors { names::floor(name) } else { names::floor(write::ONLY_FLOOR) };
        if self.floors.contains_key(&id) {
            return Ok(id);
        }
        let known: Vec<&str> = self.floors.values().map(String::as_str).collect();
        Err(format!("{name:?} is not a floor of the plan, which has {}", known.join(", ")))
    }

    /// The middle of the lowest floor: what is said of somebody who was never heard.
    #[must_use]
    pub fn centre(&self) -> (FloorId, Point) {
        use geo::BoundingRect as _;
        let floor = self.plan.floors.first().expect("a plan has a floor");
        let middle = floor.outline.bounding_rect().map_or_else(Default::default, |rect| rect.center());
        (floor.id.clone(), Point { x: middle.x, y: middle.y })
    }
}

/// A place before it is written as a shop.
#[derive(Debug, Default)]
struct Draft {
    floors: Vec<DraftFloor>,
    zones: Vec<DraftZone>,
    receivers: Vec<(String, [f64; 2], Option<f64>)>,
    walls: Vec<[[f64; 2]; 2]>,
    obstacles: Vec<Vec<[f64; 2]>>,
    notes: Vec<String>,
}

#[derive(Debug)]
struct DraftFloor {
    name: String,
    bounds: Bounds,
}

#[derive(Debug)]
struct DraftZone {
    name: String,
    floor: String,
    corners: Vec<[f64; 2]>,
    reach: f64,
}

/// The smallest upright rectangle around some points.
#[derive(Debug, Clone, Copy)]
struct Bounds([f64; 4]);

impl Bounds {
    const NOTHING: Self = Self([f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY]);

    fn with(self, [x, y]: [f64; 2]) -> Self {
        let [x0, y0, x1, y1] = self.0;
        Self([x0.min(x), y0.min(y), x1.max(x), y1.max(y)])
    }

    fn grown(self, by: f64) -> Self {
        let [x0, y0, x1, y1] = self.0;
        Self([x0 - by, y0 - by, x1 + by, y1 + by])
    }

    fn corners(self) -> Vec<[f64; 2]> {
        let [x0, y0, x1, y1] = self.0;
        vec![[x0, y0], [x1, y0], [x1, y1], [x0, y1]]
    }
}

impl Draft {
    fn read(files: &SetFiles) -> Result<Self, Error> {
        let mut draft = Self::default();
        match (&files.zones_geojson, &files.zones_csv) {
            (Some(text), _) => draft.units(text)?,
            (None, Some(text)) => draft.boxes(text)?,
            (None, None) => {
                return Err(Error::of(
                    "zones.csv",
                    "is missing",
                    "put zones.csv or zones.geojson into the set's folder",
                ));
            }
        }
        if let Some(text) = &files.receivers {
            draft.read_receivers(text)?;
        }
        if let Some(text) = &files.walls_csv {
            draft.read_walls(text)?;
        }
        if let Some(text) = &files.obstacles_csv {
            draft.read_obstacles(text)?;
        }
        Ok(draft)
    }

    fn boxes(&mut self, text: &str) -> Result<(), Error> {
        let table = Table::parse("zones.csv", text)?;
        let name = table.column("zone")?;
        let [x0, y0, x1, y1] = [table.column("x0")?, table.column("y0")?, table.column("x1")?, table.column("y1")?];
        let mut bounds = Bounds::NOTHING;
        for row in table.rows() {
            let [x0, y0, x1, y1] = [row.number(x0)?, row.number(y0)?, row.number(x1)?, row.number(y1)?];
            let zone = Bounds::NOTHING.with([x0, y0]).with([x1, y1]);
            bounds = bounds.with([x0, y0]).with([x1, y1]);
            self.zones.push(DraftZone {
                name: row.name(name)?.to_owned(),
                floor: write::ONLY_FLOOR.into(),
                corners: zone.corners(),
                reach: 0.0,
            });
        }
        if self.zones.is_empty() {
            return Err(Error::of("zones.csv", "has no zone", "write one row for each zone"));
        }
        self.floors.push(DraftFloor { name: write::ONLY_FLOOR.into(), bounds });
        Ok(())
    }

    fn units(&mut self, text: &str) -> Result<(), Error> {
        let file = "zones.geojson";
        let collection = text.parse::<geojson::FeatureCollection>().map_err(|cause| {
            Error::of(file, format_args!("is not a GeoJSON FeatureCollection: {cause}"), "export it as GeoJSON")
        })?;
        let mut floors: BTreeMap<String, Bounds> = BTreeMap::new();
        for (index, feature) in collection.features.iter().enumerate() {
            let wrong = |column: &str, problem: String, fix: &str| Error {
                column: Some(format!("features[{index}].{column}")),
                ..Error::of(file, problem, fix)
            };
            let text = |key: &str| {
                let value = feature.property(key).and_then(|value| value.as_str());
                value.ok_or_else(|| wrong(&format!("properties.{key}"), "is missing".into(), "add it as a text"))
            };
            let (name, floor) = (text("zone")?.to_owned(), text("floor")?.to_owned());
            let shape = feature.geometry.as_ref().and_then(|shape| geo::Polygon::try_from(shape.clone()).ok());
            let shape = shape.ok_or_else(|| wrong("geometry", "is not a Polygon".into(), "draw a closed polygon"))?;
            let Some(shape) = mended(&shape) else {
                self.notes.push(format!("the zone {name} has no area and is left out"));
                continue;
            };
            if shape.1 {
                self.notes.push(format!("the zone {name} crosses itself; its largest part is taken"));
            }
            let corners = shape.0;
            let bounds = floors.entry(floor.clone()).or_insert(Bounds::NOTHING);
            *bounds = corners.iter().fold(*bounds, |bounds, corner| bounds.with(*corner));
            self.zones.push(DraftZone { name, floor, corners, reach: UNIT_REACH });
        }
        if floors.is_empty() {
            return Err(Error::of(file, "has no zone", "draw one polygon for each zone"));
        }
        let floors = floors.into_iter().map(|(name, bounds)| DraftFloor { name, bounds: bounds.grown(UNIT_MARGIN) });
        self.floors.extend(floors);
        Ok(())
    }

    fn read_receivers(&mut self, text: &str) -> Result<(), Error> {
        let table = Table::parse("receivers.csv", text)?;
        let [rx, x, y] = [table.column("rx")?, table.column("x")?, table.column("y")?];
        let z = table.optional("z");
        for row in table.rows() {
            let place = [row.number(x)?, row.number(y)?];
            let height = z.map(|z| row.number(z)).transpose()?;
            self.receivers.push((row.name(rx)?.to_owned(), place, height));
            if let Some(floor) = self.floors.first_mut() {
                floor.bounds = floor.bounds.with(place);
            }
        }
        Ok(())
    }

    fn read_walls(&mut self, text: &str) -> Result<(), Error> {
        let corners = points(&Table::parse("layout_walls.csv", text)?)?;
        self.walls.extend(corners.windows(2).map(|pair| [pair[0], pair[1]]).filter(|[a, b]| a != b));
        Ok(())
    }

    fn read_obstacles(&mut self, text: &str) -> Result<(), Error> {
        let table = Table::parse("obstacles.csv", text)?;
        let [id, x, y] = [table.column("id")?, table.column("x")?, table.column("y")?];
        let mut shapes: Vec<(&str, Vec<[f64; 2]>)> = Vec::new();
        for row in table.rows() {
            let corner = [row.number(x)?, row.number(y)?];
            match shapes.last_mut() {
                Some((last, corners)) if *last == row.text(id) => corners.push(corner),
                Some(_) | None => shapes.push((row.name(id)?, vec![corner])),
            }
        }
        for (id, corners) in shapes {
            match mended(&polygon(&corners)) {
                Some((corners, _)) => self.obstacles.push(corners),
                None => self.notes.push(format!("the obstacle {id} has no area and is left out")),
            }
        }
        Ok(())
    }
}

fn points(table: &Table<'_>) -> Result<Vec<[f64; 2]>, Error> {
    let (x, y) = (table.column("x")?, table.column("y")?);
    table.rows().map(|row| Ok([row.number(x)?, row.number(y)?])).collect()
}

fn polygon(corners: &[[f64; 2]]) -> geo::Polygon<f64> {
    geo::Polygon::new(corners.iter().copied().collect(), Vec::new())
}

/// The outer corners of a shape, and whether it had to be mended; none if nothing with an area is left of it.
fn mended(shape: &geo::Polygon<f64>) -> Option<(Vec<[f64; 2]>, bool)> {
    use geo::{Area as _, BooleanOps as _, RemoveRepeatedPoints as _, Validation as _};
    let shape = shape.remove_repeated_points();
    let broken = !shape.is_valid();
    let shape = if broken {
        let parts = shape.union(&shape).0;
        parts.into_iter().max_by(|a, b| a.unsigned_area().total_cmp(&b.unsigned_area()))?
    } else {
        shape
    };
    let mut corners: Vec<[f64; 2]> = shape.exterior().coords().map(|corner| [corner.x, corner.y]).collect();
    corners.pop();
    (shape.unsigned_area() >= 0.05 && polygon(&corners).is_valid()).then_some((corners, broken))
}

fn refused(errors: &[model::shop::ShopError]) -> Error {
    let said: Vec<String> = errors.iter().take(3).map(ToString::to_string).collect();
    Error::of("the set", format_args!("makes no shop: {}", said.join("; ")), "mend its tables")
}

#[cfg(test)]
mod tests;
