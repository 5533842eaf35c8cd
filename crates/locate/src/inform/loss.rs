//! What walls and furniture take from a signal on its straight way over a floor.

use geo::coordinate_position::{CoordPos, CoordinatePosition};
use geo::line_intersection::{LineIntersection, line_intersection};
use geo::{BoundingRect, Coord, Line};
use model::floor::{Floor, Obstacle, Point};
use rstar::{AABB, RTree, RTreeObject};

/// Most that walls and furniture take from a signal, in dB: beyond it the signal goes around them.
const LOSS_MAX_DB: f64 = 25.0;
/// A receiver hangs on a wall or on a shelf: so near to it nothing is in the way, in metres.
const MOUNT_M: f64 = 0.05;

/// What stands on one floor.
#[derive(Debug)]
pub(super) struct Losses {
    walls: RTree<Entry>,
    obstacles: Vec<Obstacle>,
    footprints: RTree<Entry>,
}

/// A piece of a wall, or the footprint of an obstacle by its bounding box.
#[derive(Debug)]
struct Entry {
    line: Line<f64>,
    /// Which wall or obstacle it is a part of.
    number: usize,
    loss_db: f64,
}

impl RTreeObject for Entry {
    type Envelope = AABB<[f64; 2]>;
    fn envelope(&self) -> Self::Envelope {
        envelope(self.line)
    }
}

impl Losses {
    pub(super) fn new(floor: &Floor) -> Self {
        let walls = floor.walls.iter().enumerate().flat_map(|(number, wall)| {
            wall.line.lines().map(move |line| Entry { line, number, loss_db: wall.loss_db })
        });
        let footprints = floor.obstacles.iter().enumerate().filter_map(|(number, obstacle)| {
            let bounds = obstacle.polygon.bounding_rect()?;
            Some(Entry { line: Line::new(bounds.min(), bounds.max()), number, loss_db: obstacle.loss_db_m })
        });
        Self {
            walls: RTree::bulk_load(walls.collect()),
            footprints: RTree::bulk_load(footprints.collect()),
            obstacles: floor.obstacles.clone(),
        }
    }

    /// Whether a point lies inside a piece of furniture, where nobody can stand.
    pub(super) fn blocked(&self, point: Point) -> bool {
        let coord = coord(point);
        self.footprints
            .locate_in_envelope_intersecting(&AABB::from_point([point.x, point.y]))
            .any(|entry| self.obstacles[entry.number].polygon.coordinate_position(&coord) == CoordPos::Inside)
    }

    /// What is lost between a receiver and a point, in dB. A wall counts once, however often its corners are touched.
    pub(super) fn between(&self, receiver: Point, point: Point) -> f64 {
        let length = receiver.distance(point);
        if length <= MOUNT_M || (self.walls.size() == 0 && self.footprints.size() == 0) {
            return 0.0;
        }
        let off = MOUNT_M / length;
        let (dx, dy) = (point.x - receiver.x, point.y - receiver.y);
        let start = Point { x: receiver.x + dx * off, y: receiver.y + dy * off };
        let way = Line::new(coord(start), coord(point));
        let around = envelope(way);
        let mut crossed: Vec<(usize, f64)> = self
            .walls
            .locate_in_envelope_intersecting(&around)
            .filter(|segment| line_intersection(segment.line, way).is_some())
            .map(|segment| (segment.number, segment.loss_db))
            .collect();
        crossed.sort_by_key(|(number, _)| *number);
        crossed.dedup_by_key(|(number, _)| *number);
        let walls: f64 = crossed.iter().map(|(_, loss)| loss).sum();
        let through = self.footprints.locate_in_envelope_intersecting(&around);
        let obstacles: f64 =
            through.map(|entry| entry.loss_db * metres_inside(&self.obstacles[entry.number], way)).sum();
        (walls + obstacles).min(LOSS_MAX_DB)
    }
}

/// The length of a way that lies inside an obstacle, in metres.
fn metres_inside(obstacle: &Obstacle, way: Line<f64>) -> f64 {
    let length = way.dx().hypot(way.dy());
    let along =
        |at: Coord<f64>| ((at.x - way.start.x) * way.dx() + (at.y - way.start.y) * way.dy()) / (length * length);
    let rings = std::iter::once(obstacle.polygon.exterior()).chain(obstacle.polygon.interiors());
    let mut cuts = vec![0.0, 1.0];
    for edge in rings.flat_map(geo::LineString::lines) {
        match line_intersection(edge, way) {
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
    cuts.windows(2).filter(|cut| inside(f64::midpoint(cut[0], cut[1]))).map(|cut| cut[1] - cut[0]).sum::<f64>() * length
}

fn coord(point: Point) -> Coord<f64> {
    Coord { x: point.x, y: point.y }
}

fn envelope(line: Line<f64>) -> AABB<[f64; 2]> {
    AABB::from_corners([line.start.x, line.start.y], [line.end.x, line.end.y])
}

#[cfg(test)]
mod tests {
    use geo::{LineString, Polygon};
    use model::floor::Wall;

    use super::*;

    fn floor() -> Floor {
        let square = |x0: f64, y0: f64, x1: f64, y1: f64| {
            Polygon::new(LineString::from(vec![(x0, y0), (x1, y0), (x1, y1), (x0, y1)]), vec![])
        };
        Floor {
            id: "f".parse().expect("an id"),
            name: "F".into(),
            level: 0,
            outline: square(0.0, 0.0, 10.0, 10.0),
            walls: vec![Wall { line: LineString::from(vec![(5.0, 0.0), (5.0, 4.0), (6.0, 4.0)]), loss_db: 7.0 }],
            obstacles: vec![Obstacle { polygon: square(2.0, 6.0, 4.0, 9.0), loss_db_m: 6.0 }],
            zones: vec![],
        }
    }

    #[test]
    fn walls_count_once_and_furniture_by_the_metre() {
        let losses = Losses::new(&floor());
        let at = |x: f64, y: f64| Point { x, y };
        for (from, to, expected) in [
            (at(1.0, 1.0), at(4.0, 1.0), 0.0),
            (at(1.0, 1.0), at(9.0, 1.0), 7.0),
            (at(4.0, 3.0), at(6.5, 5.0), 7.0),
            (at(0.0, 7.0), at(5.0, 7.0), 12.0),
            (at(3.0, 7.0), at(5.0, 7.0), 5.7),
            (at(3.0, 3.0), at(3.0, 8.0), 12.0),
        ] {
            assert!(
                (losses.between(from, to) - expected).abs() < 1e-6,
                "{from:?} {to:?}: {}",
                losses.between(from, to)
            );
        }
        assert!(losses.blocked(at(3.0, 7.0)) && !losses.blocked(at(2.0, 7.0)) && !losses.blocked(at(1.0, 7.0)));
    }
}
