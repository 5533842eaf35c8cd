//! Walls and furniture in R-trees: what weakens a signal, and what one can't walk through.

use geo::coordinate_position::{CoordPos, CoordinatePosition};
use geo::line_intersection::{LineIntersection, line_intersection};
use geo::{BoundingRect, Coord, Line, LineString};
use model::floor::{Obstacle, Point, Wall};
use rstar::{AABB, RTree, RTreeObject};

/// Most that walls take from a signal, in dB: beyond it the signal goes around them.
const LOSS_MAX_DB: f64 = 25.0;
/// A receiver hangs on a wall: so near to it a wall is not in the way, in metres.
const MOUNT_M: f64 = 0.05;

/// The walls and the furniture of one floor.
#[derive(Debug)]
pub(crate) struct Walls {
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
    pub(crate) fn new(walls: &[Wall], obstacles: &[Obstacle]) -> Self {
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

    /// Whether a point lies inside a piece of furniture, where nobody can stand.
    pub(crate) fn blocked(&self, point: Point) -> bool {
        let inside = |block: &Block| {
            block.obstacle.polygon.coordinate_position(&Coord { x: point.x, y: point.y }) == CoordPos::Inside
        };
        self.blocks.locate_in_envelope_intersecting(&AABB::from_point([point.x, point.y])).any(inside)
    }

    /// What the walls between a receiver and a point take from the signal, in dB.
    /// A wall counts once, however often its corners are touched.
    pub(crate) fn loss(&self, receiver: Point, point: Point) -> f64 {
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

/// How much of a straight way lies within an obstacle, in metres: it is cut at every side that it meets.
fn metres_inside(obstacle: &Obstacle, way: Line<f64>) -> f64 {
    let length = way.dx().hypot(way.dy());
    let along =
        |at: Coord<f64>| ((at.x - way.start.x) * way.dx() + (at.y - way.start.y) * way.dy()) / (length * length);
    let rings = std::iter::once(obstacle.polygon.exterior()).chain(obstacle.polygon.interiors());
    let mut cuts = vec![0.0, 1.0];
    for side in rings.flat_map(LineString::lines) {
        match line_intersection(side, way) {
            Some(LineIntersection::SinglePoint { intersection, .. }) => cuts.push(along(intersection)),
            Some(LineIntersection::Collinear { intersection }) => {
                cuts.extend([along(intersection.start), along(intersection.end)]);
            }
            None => {}
        }
    }
    cuts.sort_by(f64::total_cmp);
    let inside = |share: f64| {
        let middle = Coord { x: way.start.x + way.dx() * share, y: way.start.y + way.dy() * share };
        obstacle.polygon.coordinate_position(&middle) == CoordPos::Inside
    };
    let pieces = cuts.windows(2).filter(|cut| inside(f64::midpoint(cut[0], cut[1])));
    pieces.map(|cut| cut[1] - cut[0]).sum::<f64>() * length
}

fn line(from: Point, to: Point) -> Line<f64> {
    Line::new(Coord { x: from.x, y: from.y }, Coord { x: to.x, y: to.y })
}

fn envelope(line: Line<f64>) -> AABB<[f64; 2]> {
    AABB::from_corners([line.start.x, line.start.y], [line.end.x, line.end.y])
}

#[cfg(test)]
mod tests {
    use geo::Polygon;

    use super::*;

    #[test]
    fn walls_count_once_and_furniture_by_the_metre() {
        let corners = vec![(2.0, 6.0), (4.0, 6.0), (4.0, 9.0), (2.0, 9.0)];
        let shelf = Obstacle { polygon: Polygon::new(LineString::from(corners), vec![]), loss_db_m: 6.0 };
        let course = LineString::from(vec![(5.0, 0.0), (5.0, 4.0), (6.0, 4.0)]);
        let walls = Walls::new(&[Wall { line: course, loss_db: 7.0 }], &[shelf]);
        let at = |x: f64, y: f64| Point { x, y };
        for (from, to, expected) in [
            (at(1.0, 1.0), at(4.0, 1.0), 0.0),
            (at(1.0, 1.0), at(9.0, 1.0), 7.0),
            (at(4.0, 3.0), at(6.5, 5.0), 7.0),
            (at(0.0, 7.0), at(5.0, 7.0), 12.0),
            (at(3.0, 7.0), at(5.0, 7.0), 5.7),
            (at(3.0, 3.0), at(3.0, 8.0), 12.0),
        ] {
            let loss = walls.loss(from, to);
            assert!((loss - expected).abs() < 1e-6, "{from:?} {to:?}: {loss} dB");
        }
        assert!(walls.blocked(at(3.0, 7.0)) && !walls.blocked(at(2.0, 7.0)) && !walls.blocked(at(1.0, 7.0)));
    }
}
