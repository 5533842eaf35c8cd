//! The corners of all zones in one row of memory, and the exact test whether a point lies within them.

use geo::kernels::{Kernel, Orientation, RobustKernel};
use geo::{Coord, Polygon};
use model::floor::Point;

/// The corners of many polygons.
#[derive(Debug, Default)]
pub(super) struct Outlines {
    corners: Vec<Coord<f64>>,
}

/// Where the corners of one polygon are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    start: u32,
    len: u32,
}

/// To which side of a border a point on it counts: sideways by a hair, and by a hair of that up or down.
#[derive(Debug, Clone, Copy)]
pub(super) struct Side {
    right: bool,
    above: bool,
}

impl Side {
    pub(super) const RIGHT_ABOVE: Self = Self { right: true, above: true };
    pub(super) const OTHERS: [Self; 3] =
        [Self { right: false, above: true }, Self { right: true, above: false }, Self { right: false, above: false }];

    /// Whether a corner lies above a point that is moved by the hair.
    #[inline]
    fn tops(self, corner: Coord<f64>, point: Point) -> bool {
        if self.above { corner.y > point.y } else { corner.y >= point.y }
    }
}

impl Outlines {
    /// Takes up a polygon; none if there is no more room.
    pub(super) fn add(&mut self, polygon: &Polygon<f64>) -> Option<Shape> {
        let start = self.corners.len();
        self.corners.extend(polygon.exterior().coords());
        let first = self.corners.get(start).copied();
        for hole in polygon.interiors() {
            // To the hole and back again on the same line: what crosses it does so twice.
            self.corners.extend(hole.coords());
            self.corners.extend(first);
        }
        let shape = Shape { start: start.try_into().ok()?, len: (self.corners.len() - start).try_into().ok()? };
        shape.start.checked_add(shape.len)?;
        Some(shape)
    }

    /// Whether a point lies in a polygon: a ray from it to the right crosses the border an odd number of times.
    /// `touched` is set when the point may lie on the border.
    pub(super) fn contain(&self, shape: Shape, point: Point, side: Side, touched: &mut bool) -> bool {
        let [first, rest @ ..] = self.of(shape) else { return false };
        let (mut inside, mut from, mut from_tops) = (false, *first, side.tops(*first, point));
        for to in rest.iter().copied() {
            let to_tops = side.tops(to, point);
            // A level border, or a corner.
            *touched |= to.y == point.y;
            if from_tops != to_tops {
                // The two ends in the order of their height, so that both neighbours of an edge compute the same.
                let (low, high) = if to_tops { (from, to) } else { (to, from) };
                inside ^= left_of(low, high, point, side, touched);
            }
            (from, from_tops) = (to, to_tops);
        }
        inside
    }

    fn of(&self, shape: Shape) -> &[Coord<f64>] {
        &self.corners[shape.start as usize..(shape.start + shape.len) as usize]
    }
}

/// Whether a point lies to the left of a line that goes upwards past it.
#[inline]
fn left_of(low: Coord<f64>, high: Coord<f64>, point: Point, side: Side, touched: &mut bool) -> bool {
    if point.x < low.x.min(high.x) {
        return true;
    }
    if point.x > low.x.max(high.x) {
        return false;
    }
    match RobustKernel::orient2d(low, high, Coord { x: point.x, y: point.y }) {
        Orientation::CounterClockwise => true,
        Orientation::Clockwise => false,
        Orientation::Collinear => {
            *touched = true;
            !side.right
        }
    }
}
