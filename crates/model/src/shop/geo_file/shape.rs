//! Geometry of one feature, checked for itself: its type, its size and that it has a sensible shape.

use geo::{Area, Coord, Euclidean, Length, LineString, Polygon, Validation};
use geojson::{Feature, GeometryValue};

use super::error;
use crate::floor::Point;
use crate::shop::ShopError;

/// Largest coordinate, in metres: a shop is not a country.
const METRES_MAX: f64 = 2_000.0;
/// Most corners of one shape; checking a shape costs their square.
const CORNERS_MAX: usize = 1_000;
/// Most corners of all shapes.
const CORNERS_ALL_MAX: usize = 100_000;
/// Smallest area of a polygon, in square metres.
const AREA_MIN: f64 = 0.04;
/// Smallest mean width of a polygon (twice its area by its perimeter, the width of a long strip), in metres.
const WIDTH_MIN: f64 = 0.1;

/// Reads shapes, and counts their corners.
#[derive(Debug, Default)]
pub(super) struct Shapes {
    corners: usize,
}

impl Shapes {
    /// The polygon of a feature; `what` names it in what is said about it.
    pub(super) fn polygon(&mut self, key: &str, what: &str, feature: &Feature) -> Result<Polygon<f64>, ShopError> {
        let key = format!("{key}.geometry");
        let say = |problem: &str, fix: &str| Err(error(&key, &format!("{what} {problem}"), fix));
        let shape = feature.geometry.as_ref().and_then(|geometry| Polygon::<f64>::try_from(geometry.clone()).ok());
        let Some(polygon) = shape else { return say("is not a Polygon", "draw a closed polygon") };
        let rings = std::iter::once(polygon.exterior()).chain(polygon.interiors());
        self.count(&key, what, rings.clone().map(|ring| ring.0.len()).sum())?;
        if rings.flat_map(LineString::coords).any(beyond) {
            return say("has a coordinate beyond 2000 m", METRES_FIX);
        }
        if polygon.exterior().0.len() < 4 {
            return say("has fewer than three corners", "draw a closed polygon");
        }
        if !polygon.interiors().is_empty() {
            return say("has a hole", HOLE_FIX);
        }
        if !polygon.is_valid() {
            return say("crosses or touches itself", "draw it again so that no two sides cross or meet");
        }
        let area = polygon.unsigned_area();
        if area < AREA_MIN {
            return say("is a sliver: it has less than 0.04 square metres", METRES_FIX);
        }
        if 2.0 * area / Euclidean.length(polygon.exterior()) < WIDTH_MIN {
            return say("is a sliver: it is less than 0.1 m wide", "draw its true width; a thin thing is a wall");
        }
        Ok(polygon)
    }

    /// The line of a feature.
    pub(super) fn line(&mut self, key: &str, feature: &Feature) -> Result<LineString<f64>, ShopError> {
        let key = format!("{key}.geometry");
        let shape = feature.geometry.as_ref().and_then(|geometry| LineString::<f64>::try_from(geometry.clone()).ok());
        let Some(line) = shape else { return Err(error(&key, "is not a LineString", "draw a wall as a line")) };
        self.count(&key, "the wall", line.0.len())?;
        if line.0.len() < 2 || line.coords().any(beyond) {
            let problem = "the wall has fewer than two points, or one beyond 2000 m";
            return Err(error(&key, problem, METRES_FIX));
        }
        Ok(line)
    }

    /// The place of a feature.
    pub(super) fn point(&mut self, key: &str, feature: &Feature) -> Result<Point, ShopError> {
        let key = format!("{key}.geometry");
        let position = match feature.geometry.as_ref().map(|geometry| &geometry.value) {
            Some(GeometryValue::Point { coordinates }) => coordinates.as_slice(),
            Some(_) | None => &[],
        };
        let [x, y, ..] = *position else {
            return Err(error(&key, "is not a Point", "mark where one steps in and out as a point"));
        };
        self.count(&key, "the passage", 1)?;
        if beyond(&Coord { x, y }) {
            return Err(error(&key, "the passage has a coordinate beyond 2000 m", METRES_FIX));
        }
        Ok(Point { x, y })
    }

    fn count(&mut self, key: &str, what: &str, corners: usize) -> Result<(), ShopError> {
        if corners > CORNERS_MAX {
            return Err(error(key, &format!("{what} has more than 1000 corners"), "simplify the shape"));
        }
        self.corners += corners;
        if self.corners > CORNERS_ALL_MAX {
            return Err(error(key, "is beyond the 100000 corners that a plan may have", "simplify the shapes"));
        }
        Ok(())
    }
}

const METRES_FIX: &str = "coordinates are metres from the floor's origin, not degrees";
const HOLE_FIX: &str = "draw what stands in the hole as an obstacle of the floor, or divide the shape into two without holes; zones may nest";

fn beyond(corner: &Coord<f64>) -> bool {
    let within = |metres: f64| metres.abs() <= METRES_MAX;
    !(within(corner.x) && within(corner.y))
}
