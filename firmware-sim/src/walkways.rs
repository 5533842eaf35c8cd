//! Where people can walk: a grid over the floor, with paths around walls and shelves.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use geo::{Contains, Distance, Euclidean};
use model::floor::{Floor, Point};

/// A cell's side, in metres.
const CELL: f64 = 0.25;
/// The nearest that people come to a wall, in metres.
const CLEARANCE: f64 = 0.35;
/// The nearest that their middle comes to a shelf: they lean over it.
const SHELF_CLEARANCE: f64 = 0.25;
/// Cost of a straight step; a diagonal one costs `DIAGONAL`.
const STRAIGHT: u32 = 10;
const DIAGONAL: u32 = 14;

/// The walkable cells of one floor.
#[derive(Debug, Clone)]
pub(crate) struct Walkways {
    columns: usize,
    rows: usize,
    origin: Point,
    free: Vec<bool>,
}

impl Walkways {
    /// Finds the cells inside the outline that are far enough from every wall and shelf.
    #[must_use]
    pub(crate) fn new(floor: &Floor) -> Self {
        let (origin, columns, rows) = extent(floor);
        let mut ways = Self { columns, rows, origin, free: Vec::new() };
        ways.free = (0..columns * rows).map(|cell| is_free(floor, ways.centre(cell))).collect();
        ways
    }

    /// A path between two places, as the corners to walk to; none if no path leads there.
    #[must_use]
    pub(crate) fn path(&self, from: Point, to: Point) -> Option<VecDeque<Point>> {
        let start = self.nearest_free(from)?;
        let goal = self.nearest_free(to)?;
        let cells = self.search(start, goal)?;
        let mut corners = self.pull(&cells);
        corners.push_back(to);
        Some(corners)
    }

    /// Whether people can stand there.
    #[must_use]
    pub(crate) fn is_free(&self, place: Point) -> bool {
        self.cell(place).is_some_and(|cell| self.free[cell])
    }

    fn nearest_free(&self, place: Point) -> Option<usize> {
        if let Some(cell) = self.cell(place).filter(|cell| self.free[*cell]) {
            return Some(cell);
        }
        let distance = |cell: &usize| self.centre(*cell).distance(place);
        (0..self.free.len()).filter(|cell| self.free[*cell]).min_by(|a, b| distance(a).total_cmp(&distance(b)))
    }

    /// A* over the eight neighbours; corners are not cut.
    fn search(&self, start: usize, goal: usize) -> Option<Vec<usize>> {
        let mut cost = vec![u32::MAX; self.free.len()];
        let mut from = vec![usize::MAX; self.free.len()];
        let mut open = BinaryHeap::new();
        cost[start] = 0;
        open.push(Reverse((self.estimate(start, goal), start)));
        while let Some(Reverse((_, cell))) = open.pop() {
            if cell == goal {
                return Some(trace(&from, start, goal));
            }
            for (next, step) in self.neighbours(cell) {
                let total = cost[cell] + step;
                if total < cost[next] {
                    cost[next] = total;
                    from[next] = cell;
                    open.push(Reverse((total + self.estimate(next, goal), next)));
                }
            }
        }
        None
    }

    fn neighbours(&self, cell: usize) -> Vec<(usize, u32)> {
        let (column, row) = (cell % self.columns, cell / self.columns);
        let mut found = Vec::with_capacity(8);
        for (dx, dy) in [(-1, 0), (1, 0), (0, -1), (0, 1), (-1, -1), (-1, 1), (1, -1), (1, 1)] {
            let Some(next) = self.offset(column, row, dx, dy).filter(|next| self.free[*next]) else { continue };
            let diagonal = dx != 0 && dy != 0;
            let open = |dx, dy| self.offset(column, row, dx, dy).is_some_and(|c| self.free[c]);
            if !diagonal {
                found.push((next, STRAIGHT));
            } else if open(dx, 0) && open(0, dy) {
                found.push((next, DIAGONAL));
            }
        }
        found
    }

    fn offset(&self, column: usize, row: usize, dx: isize, dy: isize) -> Option<usize> {
        let column = column.checked_add_signed(dx).filter(|c| *c < self.columns)?;
        let row = row.checked_add_signed(dy).filter(|r| *r < self.rows)?;
        Some(row * self.columns + column)
    }

    fn estimate(&self, cell: usize, goal: usize) -> u32 {
        let across = (cell % self.columns).abs_diff(goal % self.columns);
        let along = (cell / self.columns).abs_diff(goal / self.columns);
        let (short, long) = (across.min(along), across.max(along));
        u32::try_from(short).unwrap_or(u32::MAX / 64) * DIAGONAL
            + u32::try_from(long - short).unwrap_or(u32::MAX / 64) * STRAIGHT
    }

    /// Leaves out every corner that can be passed in a straight line.
    fn pull(&self, cells: &[usize]) -> VecDeque<Point> {
        let mut corners: VecDeque<Point> = cells.first().map(|cell| self.centre(*cell)).into_iter().collect();
        let mut anchor = 0;
        for index in 1..cells.len() {
            if index + 1 < cells.len() && self.sees(self.centre(cells[anchor]), self.centre(cells[index + 1])) {
                continue;
            }
            corners.push_back(self.centre(cells[index]));
            anchor = index;
        }
        corners
    }

    fn sees(&self, from: Point, to: Point) -> bool {
        let steps = (from.distance(to) / (CELL / 2.0)).ceil().max(1.0);
        let mut done = 0.0;
        while done <= steps {
            let share = done / steps;
            let place = Point { x: from.x + (to.x - from.x) * share, y: from.y + (to.y - from.y) * share };
            if !self.is_free(place) {
                return false;
            }
            done += 1.0;
        }
        true
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to lie within the grid")]
    fn cell(&self, place: Point) -> Option<usize> {
        let column = ((place.x - self.origin.x) / CELL).floor();
        let row = ((place.y - self.origin.y) / CELL).floor();
        if column < 0.0 || row < 0.0 {
            return None;
        }
        let (column, row) = (column as usize, row as usize);
        (column < self.columns && row < self.rows).then_some(row * self.columns + column)
    }

    #[expect(clippy::cast_precision_loss, reason = "a grid is far smaller than 2^53 cells")]
    fn centre(&self, cell: usize) -> Point {
        let (column, row) = ((cell % self.columns) as f64, (cell / self.columns) as f64);
        Point { x: self.origin.x + (column + 0.5) * CELL, y: self.origin.y + (row + 0.5) * CELL }
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a plan is at most 2000 m wide")]
fn extent(floor: &Floor) -> (Point, usize, usize) {
    use geo::BoundingRect;
    let Some(bounds) = floor.outline.bounding_rect() else { return (Point::default(), 1, 1) };
    let origin = Point { x: bounds.min().x, y: bounds.min().y };
    let columns = (bounds.width() / CELL).ceil().max(1.0) as usize;
    let rows = (bounds.height() / CELL).ceil().max(1.0) as usize;
    (origin, columns, rows)
}

fn is_free(floor: &Floor, place: Point) -> bool {
    let here = geo::Point::new(place.x, place.y);
    floor.outline.contains(&here)
        && floor.walls.iter().all(|wall| Euclidean.distance(&here, &wall.line) >= CLEARANCE)
        && floor.obstacles.iter().all(|shelf| Euclidean.distance(&here, &shelf.polygon) >= SHELF_CLEARANCE)
}

fn trace(from: &[usize], start: usize, goal: usize) -> Vec<usize> {
    let mut cells = vec![goal];
    let mut cell = goal;
    while cell != start {
        cell = from[cell];
        cells.push(cell);
    }
    cells.reverse();
    cells
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Scenario;

    #[test]
    fn every_product_can_be_reached_and_no_path_touches_a_wall_or_a_shelf() {
        for scenario in [Scenario::demo(), Scenario::crowd()] {
            let scenario = scenario.expect("the embedded files are right");
            let ways = Walkways::new(&scenario.shop.floors[0]);
            // A path between every pair is much; each place and the next ones tell as much.
            for (index, from) in scenario.spots.iter().enumerate() {
                assert!(ways.is_free(from.at), "{} stands in a wall", from.product);
                for to in scenario.spots.iter().cycle().skip(index).take(12) {
                    let path = ways.path(from.at, to.at).expect("a path");
                    let mut last = from.at;
                    for corner in path {
                        assert!(ways.sees(last, corner), "{} to {}: {last:?} {corner:?}", from.product, to.product);
                        last = corner;
                    }
                    assert_eq!(last, to.at);
                }
            }
        }
    }

    #[test]
    fn a_way_around_a_shelf_is_longer_than_the_straight_line() {
        let crowd = Scenario::crowd().expect("the embedded files are right");
        let ways = Walkways::new(&crowd.shop.floors[0]);
        // One gondola stands between these two, six metres long.
        let (from, to) = (Point { x: 1.5, y: 8.5 }, Point { x: 3.5, y: 8.5 });
        let mut last = from;
        let length: f64 = ways
            .path(from, to)
            .expect("a path")
            .into_iter()
            .map(|corner| {
                let leg = last.distance(corner);
                last = corner;
                leg
            })
            .sum();
        assert!((6.0..9.0).contains(&length), "{length}");
        assert!(!ways.is_free(Point { x: 2.5, y: 8.5 }), "nobody stands in a shelf");
    }
}
