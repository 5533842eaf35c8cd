//! Walls and furniture in R-trees: what weakens a signal, and what one can't walk through.

use geo::line_intersection::line_intersection;
use geo::{BooleanOps, BoundingRect, Coord, Euclidean, Length, Line, MultiLineString};
use model::floor::{Obstacle, Point, Wall};
use rstar::{AABB, RTree, RTreeObject};

/// Most that walls take from a signal, in dB: beyond it the signal goes around them.
const LOSS_MAX_DB: f64 = 25.0;
/// A receiver hangs on a wall: so near to it a wall is not in the way, in metres.
const MOUNT_M: f64 = 0.05;

/// The walls and the furniture of one floor.
#[derive(Debug)]
pub(super) struct Walls {
    tree: RTree<Segment>,
    blocks: RTree<Block>,
}

#[derive(Debug)]
struct Block {
    obstacle: Obstacle,
    lower: [f64; 2],
    upper: [f64; 2],
}

impl RTreeObject for Block {
    type Envelope = AABB<[f64; 2]>;
    fn envelope(&self) -> Self::Envelope {
        AABB::from_corners(self.lower, self.upper)
    }
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
    pub(super) fn new(walls: &[Wall], obstacles: &[Obstacle]) -> Self {
        let segments = walls.iter().enumerate().flat_map(|(wall, shape)| {
            shape.line.lines().map(move |line| Segment { line, wall, loss_db: shape.loss_db })
        });
        let blocks = obstacles.iter().filter_map(|obstacle| {
            let bounds = obstacle.polygon.bounding_rect()?;
            Some(Block { obstacle: obstacle.clone(), lower: bounds.min().into(), upper: bounds.max().into() })
        });
        Self { tree: RTree::bulk_load(segments.collect()), blocks: RTree::bulk_load(blocks.collect()) }
    }

    /// Whether the straight way from one point to another is blocked.
    pub(super) fn cross(&self, from: Point, to: Point) -> bool {
        let way = line(from, to);
        let through = |block: &Block| {
            block.obstacle.polygon.exterior().lines().any(|side| line_intersection(side, way).is_some())
        };
        self.between(way).next().is_some() || self.blocks.locate_in_envelope_intersecting(&envelope(way)).any(through)
    }

    /// What the walls between a receiver and a point take from the signal, in dB.
    /// A wall counts once, however often its corners are touched.
    pub(super) fn loss(&self, receiver: Point, point: Point) -> f64 {
        let length = receiver.distance(point);
        if (self.tree.size() == 0 && self.blocks.size() == 0) || length <= MOUNT_M {
            return 0.0;
        }
        let off = MOUNT_M / length;
        let start =
            Point { x: receiver.x + (point.x - receiver.x) * off, y: receiver.y + (point.y - receiver.y) * off };
        let mut crossed: Vec<(usize, f64)> =
            self.between(line(start, point)).map(|segment| (segment.wall, segment.loss_db)).collect();
        crossed.sort_by_key(|(wall, _)| *wall);
        crossed.dedup_by_key(|(wall, _)| *wall);
        let walls = crossed.iter().map(|(_, loss)| loss).sum::<f64>();
        let way = line(start, point);
        let blocks = self.blocks.locate_in_envelope_intersecting(&envelope(way));
        let through = blocks.map(|block| metres_inside(&block.obstacle, way) * block.obstacle.loss_db_m);
        (walls + through.sum::<f64>()).min(LOSS_MAX_DB)
    }

    fn between(&self, way: Line<f64>) -> impl Iterator<Item = &Segment> {
        self.tree
            .locate_in_envelope_intersecting(&envelope(way))
            .filter(move |segment| line_intersection(segment.line, way).is_some())
    }
}

/// How much of a straight way lies within an obstacle, in metres.
fn metres_inside(obstacle: &Obstacle, way: Line<f64>) -> f64 {
    let clipped = obstacle.polygon.clip(&MultiLineString::new(vec![way.into()]), false);
    clipped.iter().map(|piece| Euclidean.length(piece)).sum()
}

fn line(from: Point, to: Point) -> Line<f64> {
    Line::new(Coord { x: from.x, y: from.y }, Coord { x: to.x, y: to.y })
}

fn envelope(line: Line<f64>) -> AABB<[f64; 2]> {
    AABB::from_corners([line.start.x, line.start.y], [line.end.x, line.end.y])
}
