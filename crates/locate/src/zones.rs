//! Which zones a point lies in: an R-tree over the polygons of each floor. It answers for points, not for beliefs.
//!
//! Borders are exact. A point on a border counts as lying a hair to the right of it (and, between the two, a hair of that above);
//! where no zone is there, a hair to the left, then below. So where zones tile a floor, every point of it, borders and corners
//! too, lies in exactly one of them, and a zone that is nested in them does not change that. The signs are computed exactly.
//!
//! A zone with a reach counts in front of its polygon too: there the nearest such zone wins, and one that contains the point
//! beats all that only reach it.

mod outline;

use std::collections::BTreeMap;

use geo::coordinate_position::{CoordPos, CoordinatePosition};
use geo::{BoundingRect, Coord, Distance, Euclidean};
use model::floor::Point;
use model::ids::FloorId;
use model::shop::Shop;
use model::zone::Zone;
use rstar::{AABB, PointDistance, RTree, RTreeObject};

use self::outline::{Outlines, Shape, Side};

/// The zones of a store, found by place.
#[derive(Debug, Default)]
pub struct ZoneIndex {
    zones: Vec<Zone>,
    outlines: Outlines,
    floors: BTreeMap<FloorId, Trees>,
}

#[derive(Debug, Default)]
struct Trees {
    /// Every zone of the floor.
    all: RTree<Box2>,
    /// Those with a reach, each with its reach around it.
    reaching: RTree<Box2>,
}

/// The bounding box of one zone, the zone's place in the list, and its corners.
#[derive(Debug, Clone, Copy)]
struct Box2 {
    lower: [f64; 2],
    upper: [f64; 2],
    zone: u32,
    shape: Shape,
}

impl RTreeObject for Box2 {
    type Envelope = AABB<[f64; 2]>;
    fn envelope(&self) -> Self::Envelope {
        AABB::from_corners(self.lower, self.upper)
    }
}

impl PointDistance for Box2 {
    fn distance_2(&self, point: &[f64; 2]) -> f64 {
        self.envelope().distance_2(point)
    }
}

impl ZoneIndex {
    /// Indexes zones; their order is the order of the answers. Zones beyond four milliards are left out.
    #[must_use]
    pub fn new(zones: impl IntoIterator<Item = Zone>) -> Self {
        let zones: Vec<Zone> = zones.into_iter().collect();
        let mut outlines = Outlines::default();
        let mut boxes: BTreeMap<&FloorId, (Vec<Box2>, Vec<Box2>)> = BTreeMap::new();
        for (zone, number) in zones.iter().zip(0_u32..) {
            let Some(rect) = zone.polygon.bounding_rect() else { continue };
            let Some(shape) = outlines.add(&zone.polygon) else { continue };
            let (min, max) = (rect.min(), rect.max());
            let entry = Box2 { lower: [min.x, min.y], upper: [max.x, max.y], zone: number, shape };
            let (all, reaching) = boxes.entry(&zone.floor).or_default();
            all.push(entry);
            if zone.reach > 0.0 {
                let grown = |corner: [f64; 2], by: f64| corner.map(|metres| metres + by);
                let (lower, upper) = (grown(entry.lower, -zone.reach), grown(entry.upper, zone.reach));
                reaching.push(Box2 { lower, upper, ..entry });
            }
        }
        let trees = |(floor, (all, reaching)): (&FloorId, (Vec<Box2>, Vec<Box2>))| {
            (floor.clone(), Trees { all: RTree::bulk_load(all), reaching: RTree::bulk_load(reaching) })
        };
        let floors = boxes.into_iter().map(trees).collect();
        Self { outlines, floors, zones }
    }

    /// Indexes every zone of a shop.
    #[must_use]
    pub fn of(shop: &Shop) -> Self {
        Self::new(shop.zones().cloned())
    }

    /// The zones, in the order given.
    #[must_use]
    pub fn zones(&self) -> &[Zone] {
        &self.zones
    }

    /// Every zone that the point lies in, in the order given.
    #[must_use]
    pub fn at(&self, floor: &FloorId, point: Point) -> Vec<&Zone> {
        let mut found = Vec::new();
        self.find(floor, point, &mut found);
        found.into_iter().map(|zone| &self.zones[zone as usize]).collect()
    }

    /// As [`at`](Self::at), but puts the zones' places in the order given into `found`, and makes nothing else.
    pub fn find(&self, floor: &FloorId, point: Point, found: &mut Vec<u32>) {
        found.clear();
        let Some(trees) = self.floors.get(floor) else { return };
        let touched = trees.contain(&self.outlines, point, Side::RIGHT_ABOVE, found);
        if found.is_empty() && touched {
            self.find_on_border(trees, point, found);
        }
        found.sort_unstable();
    }

    /// Every zone that the point lies in or that reaches it, in the order given.
    #[must_use]
    pub fn reached(&self, floor: &FloorId, point: Point) -> Vec<&Zone> {
        let mut found = Vec::new();
        self.find(floor, point, &mut found);
        if !found.iter().any(|zone| self.zones[*zone as usize].reach > 0.0)
            && let Some(zone) = self.reaching(floor, point)
        {
            found.push(zone);
            found.sort_unstable();
        }
        found.into_iter().map(|zone| &self.zones[zone as usize]).collect()
    }

    /// The nearest zone that reaches the point; of two the first one given.
    fn reaching(&self, floor: &FloorId, point: Point) -> Option<u32> {
        let here = AABB::from_point([point.x, point.y]);
        let candidates = self.floors.get(floor)?.reaching.locate_in_envelope_intersecting(&here);
        let near = candidates.filter_map(|entry| {
            let zone = &self.zones[entry.zone as usize];
            let metres = distance(zone, point);
            (metres <= zone.reach).then_some((metres, entry.zone))
        });
        near.min_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1))).map(|(_, zone)| zone)
    }

    /// The nearest zone of a floor and how far it is, in metres; of two the first one given.
    #[must_use]
    pub fn nearest(&self, floor: &FloorId, point: Point) -> Option<(&Zone, f64)> {
        let trees = self.floors.get(floor).filter(|_| point.x.is_finite() && point.y.is_finite())?;
        let mut best: Option<(f64, u32)> = None;
        for entry in trees.all.nearest_neighbor_iter(&[point.x, point.y]) {
            // A box is never farther than what is in it.
            if best.is_some_and(|(metres, _)| entry.distance_2(&[point.x, point.y]).sqrt() > metres) {
                break;
            }
            let candidate = (distance(&self.zones[entry.zone as usize], point), entry.zone);
            if best.is_none_or(|best| candidate.0.total_cmp(&best.0).then(candidate.1.cmp(&best.1)).is_lt()) {
                best = Some(candidate);
            }
        }
        best.map(|(metres, zone)| (&self.zones[zone as usize], metres))
    }

    fn find_on_border(&self, trees: &Trees, point: Point, found: &mut Vec<u32>) {
        for side in Side::OTHERS {
            trees.contain(&self.outlines, point, side, found);
            if !found.is_empty() {
                return;
            }
        }
        // The tip of a zone with nothing on any side: the first such zone.
        let coord = Coord { x: point.x, y: point.y };
        let touches = |zone: &u32| self.zones[*zone as usize].polygon.coordinate_position(&coord) != CoordPos::Outside;
        found.extend(trees.candidates(point).map(|entry| entry.zone).filter(touches).min());
    }
}

impl Trees {
    fn candidates(&self, point: Point) -> impl Iterator<Item = &Box2> {
        self.all.locate_in_envelope_intersecting(&AABB::from_point([point.x, point.y]))
    }

    /// Adds the zones that contain the point; says whether it may lie on a border.
    fn contain(&self, outlines: &Outlines, point: Point, side: Side, found: &mut Vec<u32>) -> bool {
        let mut touched = false;
        let inside = self.candidates(point).filter(|entry| outlines.contain(entry.shape, point, side, &mut touched));
        found.extend(inside.map(|entry| entry.zone));
        touched
    }
}

fn distance(zone: &Zone, point: Point) -> f64 {
    Euclidean.distance(&geo::Point::new(point.x, point.y), &zone.polygon)
}

#[cfg(test)]
mod tests;
