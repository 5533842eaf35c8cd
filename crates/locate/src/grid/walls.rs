//! Walls as segments in an R-tree: what weakens a signal, and what one can't walk through.

use geo::line_intersection::line_intersection;
use geo::{Coord, Line};
use model::floor::{Point, Wall};
use rstar::{AABB, RTree, RTreeObject};

/// Most that walls take from a signal, in dB: beyond it the signal goes around them.
const LOSS_MAX_DB: f64 = 25.0;
/// A receiver hangs on a wall: so near to it a wall is not in the way, in metres.
const MOUNT_M: f64 = 0.05;

/// The walls of one floor.
#[derive(Debug)]
pub(super) struct Walls {
    tree: RTree<Segment>,
}

#[derive(Debug)]
struct Segment {
    line: Line<f64>,
    /// The wall it is a part of.
    wall: usize,
    loss_db: f64,
}

impl RTreeObject for Segment {
    type Envelope = AABB<[f64; 2]>;
    fn envelope(&self) -> Self::Envelope {
        envelope(self.line)
    }
}

impl Walls {
    pub(super) fn new(walls: &[Wall]) -> Self {
        let segments = walls.iter().enumerate().flat_map(|(wall, shape)| {
            shape.line.lines().map(move |line| Segment { line, wall, loss_db: shape.loss_db })
        });
        Self { tree: RTree::bulk_load(segments.collect()) }
    }

    /// Whether the straight way from one point to another is blocked.
    pub(super) fn cross(&self, from: Point, to: Point) -> bool {
        self.between(line(from, to)).next().is_some()
    }

    /// What the walls between a receiver and a point take from the signal, in dB.
    /// A wall counts once, however often its corners are touched.
    pub(super) fn loss(&self, receiver: Point, point: Point) -> f64 {
        let length = receiver.distance(point);
        if self.tree.size() == 0 || length <= MOUNT_M {
            return 0.0;
        }
        let off = MOUNT_M / length;
        let start =
            Point { x: receiver.x + (point.x - receiver.x) * off, y: receiver.y + (point.y - receiver.y) * off };
        let mut crossed: Vec<(usize, f64)> =
            self.between(line(start, point)).map(|segment| (segment.wall, segment.loss_db)).collect();
        crossed.sort_by_key(|(wall, _)| *wall);
        crossed.dedup_by_key(|(wall, _)| *wall);
        crossed.iter().map(|(_, loss)| loss).sum::<f64>().min(LOSS_MAX_DB)
    }

    fn between(&self, way: Line<f64>) -> impl Iterator<Item = &Segment> {
        self.tree
            .locate_in_envelope_intersecting(&envelope(way))
            .filter(move |segment| line_intersection(segment.line, way).is_some())
    }
}

fn line(from: Point, to: Point) -> Line<f64> {
    Line::new(Coord { x: from.x, y: from.y }, Coord { x: to.x, y: to.y })
}

fn envelope(line: Line<f64>) -> AABB<[f64; 2]> {
    AABB::from_corners([line.start.x, line.start.y], [line.end.x, line.end.y])
}
