//! Which zones a point lies in: an R-tree over the polygons of each floor. It answers for points, not for beliefs.
//!
//! A zone contains its border, so a point on the line between two zones lies in both, and none falls between them.

use std::collections::BTreeMap;

use geo::coordinate_position::{CoordPos, CoordinatePosition};
use geo::{BoundingRect, Coord};
use model::floor::Point;
use model::ids::FloorId;
use model::shop::Shop;
use model::zone::Zone;
use rstar::{AABB, RTree, RTreeObject};

/// The zones of a store, found by place.
#[derive(Debug, Default)]
pub struct ZoneIndex {
    zones: Vec<Zone>,
    floors: BTreeMap<FloorId, RTree<Box2>>,
}

/// The bounding box of one zone, and the zone's place in the list.
#[derive(Debug)]
struct Box2 {
    lower: [f64; 2],
    upper: [f64; 2],
    zone: usize,
}

impl RTreeObject for Box2 {
    type Envelope = AABB<[f64; 2]>;
    fn envelope(&self) -> Self::Envelope {
        AABB::from_corners(self.lower, self.upper)
    }
}

impl ZoneIndex {
    /// Indexes zones; their order is the order of the answers.
    #[must_use]
    pub fn new(zones: impl IntoIterator<Item = Zone>) -> Self {
        let zones: Vec<Zone> = zones.into_iter().collect();
        let mut boxes: BTreeMap<FloorId, Vec<Box2>> = BTreeMap::new();
        for (index, zone) in zones.iter().enumerate() {
            if let Some(rect) = zone.polygon.bounding_rect() {
                let (min, max) = (rect.min(), rect.max());
                let entry = Box2 { lower: [min.x, min.y], upper: [max.x, max.y], zone: index };
                boxes.entry(zone.floor.clone()).or_default().push(entry);
            }
        }
        let floors = boxes.into_iter().map(|(floor, boxes)| (floor, RTree::bulk_load(boxes))).collect();
        Self { zones, floors }
    }

    /// Indexes every zone of a shop.
    #[must_use]
    pub fn of(shop: &Shop) -> Self {
        Self::new(shop.zones().cloned())
    }

    /// Every zone that contains the point, border included, in the order given.
    #[must_use]
    pub fn at(&self, floor: &FloorId, point: Point) -> Vec<&Zone> {
        let Some(tree) = self.floors.get(floor) else { return Vec::new() };
        let coord = Coord { x: point.x, y: point.y };
        let here = AABB::from_point([point.x, point.y]);
        let mut found: Vec<usize> = tree
            .locate_in_envelope_intersecting(&here)
            .map(|entry| entry.zone)
            .filter(|zone| self.zones[*zone].polygon.coordinate_position(&coord) != CoordPos::Outside)
            .collect();
        found.sort_unstable();
        found.into_iter().map(|zone| &self.zones[zone]).collect()
    }

    /// The zones, in the order given.
    #[must_use]
    pub fn zones(&self) -> &[Zone] {
        &self.zones
    }
}

#[cfg(test)]
mod tests;
