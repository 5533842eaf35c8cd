//! What stands in the way of a signal: shelves of metal, that weaken it by the metre until what comes around them is stronger.
//!
//! Seen from above with heights: receivers hang under the ceiling, so that a signal passes over what is far from the sender.

use geo::BoundingRect;
use model::floor::{Obstacle, Point};

/// The straight way of a signal, seen from above, with the heights of its ends.
#[derive(Debug, Clone, Copy)]
pub(super) struct Way {
    pub(super) from: Point,
    pub(super) to: Point,
    pub(super) from_height: f64,
    pub(super) to_height: f64,
}

impl Way {
    /// The part of the way that runs lower than a height, from the sender on; none if no part does.
    pub(super) fn below(self, height: f64) -> Option<Self> {
        if self.from_height >= height {
            return None;
        }
        if self.to_height <= height {
            return Some(self);
        }
        let share = (height - self.from_height) / (self.to_height - self.from_height);
        let to = Point {
            x: self.from.x + share * (self.to.x - self.from.x),
            y: self.from.y + share * (self.to.y - self.from.y),
        };
        Some(Self { to, to_height: height, ..self })
    }
}

/// All shelves of a floor.
#[derive(Debug, Clone)]
pub(super) struct Shelves {
    shelves: Vec<Shelf>,
    height: f64,
    around_db: f64,
}

#[derive(Debug, Clone)]
struct Shelf {
    sides: Vec<(Point, Point)>,
    low: Point,
    high: Point,
    loss_db_m: f64,
}

impl Shelves {
    pub(super) fn new(obstacles: &[Obstacle], height: f64, around_db: f64) -> Self {
        Self { shelves: obstacles.iter().filter_map(Shelf::new).collect(), height, around_db }
    }

    /// Loss on a way, in dB: what goes through and what goes around add up as powers, so it is never more than the detour's.
    pub(super) fn loss(&self, way: Way) -> f64 {
        let Some(way) = way.below(self.height) else { return 0.0 };
        let through: f64 = self.shelves.iter().map(|shelf| shelf.loss_db_m * shelf.metres(way.from, way.to)).sum();
        if through <= 0.0 {
            return 0.0;
        }
        let power = 10f64.powf(-through / 10.0) + 10f64.powf(-self.around_db / 10.0);
        (-10.0 * power.log10()).max(0.0)
    }
}

impl Shelf {
    fn new(obstacle: &Obstacle) -> Option<Self> {
        let bounds = obstacle.polygon.bounding_rect()?;
        let point = |c: geo::Coord<f64>| Point { x: c.x, y: c.y };
        let sides = obstacle.polygon.exterior().lines().map(|side| (point(side.start), point(side.end))).collect();
        Some(Self { sides, low: point(bounds.min()), high: point(bounds.max()), loss_db_m: obstacle.loss_db_m })
    }

    /// How many metres of the way between two places lie inside.
    fn metres(&self, from: Point, to: Point) -> f64 {
        let misses = from.x.max(to.x) < self.low.x
            || from.x.min(to.x) > self.high.x
            || from.y.max(to.y) < self.low.y
            || from.y.min(to.y) > self.high.y;
        if misses {
            return 0.0;
        }
        let mut cuts: Vec<f64> = self.sides.iter().filter_map(|side| cut((from, to), *side)).collect();
        cuts.extend([0.0, 1.0]);
        cuts.sort_by(f64::total_cmp);
        let at = |share: f64| Point { x: from.x + share * (to.x - from.x), y: from.y + share * (to.y - from.y) };
        let inside = cuts.windows(2).filter(|pair| self.contains(at(f64::midpoint(pair[0], pair[1]))));
        inside.map(|pair| pair[1] - pair[0]).sum::<f64>() * from.distance(to)
    }

    /// Whether a ray to the right leaves through an odd number of sides.
    fn contains(&self, place: Point) -> bool {
        let crosses = |(a, b): &&(Point, Point)| {
            let spans = (a.y > place.y) != (b.y > place.y);
            spans && place.x < a.x + (place.y - a.y) / (b.y - a.y) * (b.x - a.x)
        };
        self.sides.iter().filter(crosses).count() % 2 == 1
    }
}

/// Where on a way, as its share, a side is cut.
fn cut((from, to): (Point, Point), (a, b): (Point, Point)) -> Option<f64> {
    let (way, side) = ((to.x - from.x, to.y - from.y), (b.x - a.x, b.y - a.y));
    let turn = way.0 * side.1 - way.1 * side.0;
    if turn.abs() < 1e-12 {
        return None;
    }
    let gap = (a.x - from.x, a.y - from.y);
    let along_way = (gap.0 * side.1 - gap.1 * side.0) / turn;
    let along_side = (gap.0 * way.1 - gap.1 * way.0) / turn;
    ((0.0..=1.0).contains(&along_way) && (0.0..=1.0).contains(&along_side)).then_some(along_way)
}

#[cfg(test)]
mod tests {
    use geo::polygon;

    use super::*;

    fn gondola() -> Obstacle {
        let polygon =
            polygon![(x: 2.0, y: 0.0), (x: 3.0, y: 0.0), (x: 3.0, y: 6.0), (x: 2.0, y: 6.0), (x: 2.0, y: 0.0)];
        Obstacle { polygon, loss_db_m: 10.0 }
    }

    fn flat(from: (f64, f64), to: (f64, f64)) -> Way {
        let point = |(x, y)| Point { x, y };
        Way { from: point(from), to: point(to), from_height: 1.0, to_height: 1.0 }
    }

    fn check(way: Way, expect: f64) {
        let shelves = Shelves::new(&[gondola()], 2.0, 25.0);
        let loss = shelves.loss(way);
        assert!((loss - expect).abs() < 0.15, "{way:?}: {loss} instead of {expect}");
    }

    #[test]
    fn a_shelf_costs_by_the_metre_of_way_through_it() {
        check(flat((0.0, 3.0), (5.0, 3.0)), 10.0);
        check(flat((0.0, 3.0), (2.5, 3.0)), 5.0);
        check(flat((0.0, 7.0), (5.0, 7.0)), 0.0);
        check(flat((2.5, -1.0), (2.5, 7.0)), 25.0);
        check(flat((0.0, 1.0), (5.0, 6.0)), 10.0 * 2f64.sqrt() + 0.1 - 0.45);
    }

    #[test]
    fn around_ever_so_much_metal_comes_what_the_detour_lets_through() {
        let many: Vec<Obstacle> = (0..9).map(|_| gondola()).collect();
        let loss = Shelves::new(&many, 2.0, 25.0).loss(flat((0.0, 3.0), (5.0, 3.0)));
        assert!((24.9..25.0).contains(&loss), "{loss}");
    }

    #[test]
    fn a_signal_to_the_ceiling_passes_over_a_shelf_that_is_far_from_the_sender() {
        let up = |from| Way { to_height: 3.0, ..flat(from, (10.0, 3.0)) };
        // Half of the way up is below two metres: from x = 1.9 that reaches beyond the shelf, from x = -10 it does not.
        check(up((1.9, 3.0)), 10.0);
        check(up((-10.0, 3.0)), 0.0);
        assert!(Shelves::new(&[gondola()], 0.9, 25.0).loss(up((1.9, 3.0))) < 1e-9, "a low table weakens nothing");
    }

    #[test]
    fn a_bent_shelf_is_counted_where_it_is_and_not_between_its_arms() {
        let polygon = polygon![(x: 0.0, y: 0.0), (x: 6.0, y: 0.0), (x: 6.0, y: 4.0), (x: 5.0, y: 4.0),
            (x: 5.0, y: 1.0), (x: 1.0, y: 1.0), (x: 1.0, y: 4.0), (x: 0.0, y: 4.0), (x: 0.0, y: 0.0)];
        let shelves = Shelves::new(&[Obstacle { polygon, loss_db_m: 4.0 }], f64::INFINITY, 25.0);
        let loss = shelves.loss(flat((-1.0, 3.0), (7.0, 3.0)));
        assert!((loss - 8.0).abs() < 0.1, "{loss}");
    }
}
