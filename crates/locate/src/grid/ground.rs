//! The floors of a store as cells: where people can be, which steps between them are open, which cells make up each zone,
//! and how far and through how much a signal has to go. Built once a plan, then only read.

use std::collections::BTreeMap;

use geo::coordinate_position::{CoordPos, CoordinatePosition};
use geo::{BoundingRect, Coord, Rect};
use model::floor::{Floor, Point};
use model::ids::{FloorId, ZoneId};
use model::shop::Shop;
use model::units::Probability;
use model::zone::ZoneKind;

use super::walls::Walls;
use crate::zones::ZoneIndex;

/// Side of a cell on a floor of usual size, in metres.
pub(super) const CELL_M: f64 = 0.5;
/// Most cells of a store; larger ones get larger cells.
pub(super) const CELLS_MAX: usize = 24_000;
/// Height at which a phone or tag is carried, in metres.
const CARRIED_M: f64 = 1.3;
/// Height of a storey, in metres.
const STOREY_M: f64 = 4.0;
/// Usual loss of a signal through a ceiling, in dB.
pub(crate) const CEILING_DB: f64 = 15.0;
/// Nearest distance that the log-distance law is asked for, in metres: within it the antennas decide.
pub(crate) const NEAR_M: f64 = 0.5;
/// So far from the point that is drawn one may step onto stairs or into a lift, in metres.
const PASSAGE_M: f64 = 1.5;
/// So far from the point that is drawn there is open floor: it may lie a little beyond the outline, or within furniture.
const LANDING_M: f64 = 2.5;
/// Points per side with which a cell's share in a zone is measured.
const SAMPLES: u32 = 5;

/// The cells of one floor: a rectangle that holds its outline.
#[derive(Debug)]
pub(super) struct FloorGrid {
    pub(super) id: FloorId,
    level: i32,
    origin: Point,
    pub(super) width: usize,
    pub(super) height: usize,
    /// The place of its first cell in every table.
    pub(super) start: usize,
}

impl FloorGrid {
    /// The place so many metres right of and above the grid's corner.
    pub(super) const fn corner(&self, right: f64, up: f64) -> Point {
        Point { x: self.origin.x + right, y: self.origin.y + up }
    }
}

/// The cells that a zone covers, each with the share of it that is covered.
#[derive(Debug)]
pub(super) struct ZoneCells {
    pub(super) id: ZoneId,
    pub(super) kind: ZoneKind,
    pub(super) cells: Vec<(u32, f32)>,
}

/// A way from a floor to the next one, between two cells.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    pub(super) from: u32,
    pub(super) to: u32,
    /// Time it takes, in seconds.
    pub(super) seconds: f64,
}

/// Where a radio is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Mast {
    /// The place of its floor in the ground's list.
    pub(crate) floor: usize,
    pub(crate) point: Point,
    /// Height above its floor, in metres.
    pub(crate) z: f64,
}

/// The way of a signal.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Way {
    /// Ten times the decimal logarithm of its length in metres.
    pub(crate) slope: f64,
    /// What walls and furniture take from it, in dB.
    pub(crate) loss: f64,
    /// Ceilings that it goes through.
    pub(crate) storeys: f64,
}

/// The cells of one plan.
#[derive(Debug)]
pub struct Ground {
    pub(super) cell: f64,
    pub(super) floors: Vec<FloorGrid>,
    /// 1 where people can be, else 0.
    pub(crate) open: Vec<f32>,
    /// 1 where one can step from a cell to the next one of its row, else 0.
    pub(super) right: Vec<f32>,
    /// 1 where one can step from a cell to the one of the next row, else 0.
    pub(super) up: Vec<f32>,
    /// The same for two steps on, along the row and along the column.
    pub(super) right_two: Vec<f32>,
    pub(super) up_two: Vec<f32>,
    pub(super) steps: Vec<Step>,
    pub(super) zones: Vec<ZoneCells>,
    walls: Vec<Walls>,
    /// Share of each cell that lies in no zone.
    bare: Vec<f32>,
    /// The centres of the cells, in metres.
    pub(super) x: Vec<f32>,
    pub(super) y: Vec<f32>,
}

impl Ground {
    /// Lays the grid over a plan.
    #[must_use]
    pub fn new(shop: &Shop) -> Self {
        let mut ground = Self {
            cell: cell_size(&shop.floors),
            floors: Vec::new(),
            open: Vec::new(),
            right: Vec::new(),
            up: Vec::new(),
            right_two: Vec::new(),
            up_two: Vec::new(),
            steps: Vec::new(),
            zones: Vec::new(),
            bare: Vec::new(),
            x: Vec::new(),
            y: Vec::new(),
            walls: shop.floors.iter().map(|floor| Walls::new(&floor.walls, &floor.obstacles)).collect(),
        };
        for (floor, walls) in shop.floors.iter().zip(std::mem::take(&mut ground.walls)) {
            ground.add_floor(floor, &walls);
            ground.walls.push(walls);
        }
        ground.add_zones(shop);
        (ground.x, ground.y) = ground.centres().map(|(_, Point { x, y })| (x as f32, y as f32)).unzip();
        for passage in &shop.passages {
            passage.ends.windows(2).for_each(|ends| ground.join(&ends[0], &ends[1], passage.seconds.max(0.5)));
        }
        ground
    }

    /// Joins two floors: whoever is about the one end of a passage may come out about the other one.
    fn join(&mut self, from: &(FloorId, Point), to: &(FloorId, Point), seconds: f64) {
        let (from, to) = (self.landing(from), self.landing(to));
        let steps = from.into_iter().zip(to).map(|(from, to)| Step { from, to, seconds });
        self.steps.extend(steps);
    }

    /// The open cells about an end of a passage, with no wall between, the nearest first; where there is none, the nearest open cell.
    fn landing(&self, (floor, end): &(FloorId, Point)) -> Vec<u32> {
        let near = self.cells_within(floor, *end, PASSAGE_M + LANDING_M).filter(|cell| self.open[*cell] > 0.0);
        let mut near: Vec<(f64, usize)> = near.map(|cell| (self.centre_of(cell).distance(*end), cell)).collect();
        near.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        // A plan may draw the end a little beyond its floor: people stand where the floor is open first.
        let Some((_, first)) = near.first().copied() else { return Vec::new() };
        let (at, walls) = (self.centre_of(first), &self.walls[self.floor_of(first)]);
        let about = near.iter().map(|(_, cell)| *cell).filter(|cell| {
            let centre = self.centre_of(*cell);
            centre.distance(at) <= PASSAGE_M && (*cell == first || !walls.cross(at, centre))
        });
        about.map(|cell| cell as u32).collect()
    }

    /// The cells of all floors, those outside the outlines too.
    #[must_use]
    pub fn cells(&self) -> usize {
        self.open.len()
    }

    /// The kind of a zone.
    pub(super) fn zone_kind(&self, id: &ZoneId) -> Option<ZoneKind> {
        self.zones.iter().find(|zone| zone.id == *id).map(|zone| zone.kind)
    }

    /// Belief that somebody is in no zone at all.
    pub(super) fn outside(&self, place: &[f32]) -> Probability {
        let outside = place.iter().zip(&self.bare).map(|(place, bare)| f64::from(place * bare)).sum();
        Probability::clamped(outside)
    }

    /// Side of a cell, in metres.
    pub(crate) const fn cell_m(&self) -> f64 {
        self.cell
    }

    /// How many floors there are.
    pub(crate) const fn floors(&self) -> usize {
        self.floors.len()
    }

    pub(crate) fn floor_id(&self, floor: usize) -> &FloorId {
        &self.floors[floor].id
    }

    /// The floor that a cell is on, by its place in the ground's list.
    pub(crate) fn floor_of(&self, cell: usize) -> usize {
        self.floors.partition_point(|floor| floor.start <= cell).saturating_sub(1)
    }

    /// The centre of a cell.
    pub(crate) fn centre_of(&self, cell: usize) -> Point {
        self.centre(&self.floors[self.floor_of(cell)], cell)
    }

    /// The cells of a floor within a square around a place.
    pub(crate) fn cells_within(&self, floor: &FloorId, point: Point, reach: f64) -> impl Iterator<Item = usize> {
        let floor = self.floors.iter().find(|other| other.id == *floor);
        floor.into_iter().flat_map(move |floor| {
            let range = |from: f64, count: usize| {
                let low = ((from - reach) / self.cell).floor().max(0.0) as usize;
                let high = ((from + reach) / self.cell).ceil().max(0.0) as usize;
                low.min(count)..high.min(count)
            };
            let columns = range(point.x - floor.origin.x, floor.width);
            range(point.y - floor.origin.y, floor.height)
                .flat_map(move |row| columns.clone().map(move |column| floor.start + row * floor.width + column))
        })
    }

    /// The mast of a radio at this place of the plan; none on a floor that is not there.
    pub(crate) fn mast(&self, floor: &FloorId, point: Point, z: f64) -> Option<Mast> {
        let floor = self.floors.iter().position(|other| other.id == *floor)?;
        Some(Mast { floor, point, z })
    }

    /// The place of a floor in the ground's list.
    pub(crate) fn floor(&self, id: &FloorId) -> Option<usize> {
        self.floors.iter().position(|floor| floor.id == *id)
    }

    /// Every cell's floor and centre, in the order of the tables.
    pub(crate) fn centres(&self) -> impl Iterator<Item = (usize, Point)> {
        self.floors.iter().enumerate().flat_map(move |(number, floor)| {
            (floor.start..floor.start + floor.width * floor.height)
                .map(move |index| (number, self.centre(floor, index)))
        })
    }

    /// The way of a signal from a radio to a place.
    pub(crate) fn way(&self, mast: &Mast, floor: usize, point: Point) -> Way {
        let storeys = f64::from(self.floors[floor].level - self.floors[mast.floor].level);
        let rise = mast.z - CARRIED_M - storeys * STOREY_M;
        let distance = mast.point.distance(point).hypot(rise).hypot(NEAR_M);
        let loss = self.walls[floor].loss(mast.point, point);
        Way { slope: 10.0 * distance.log10(), loss, storeys: storeys.abs() }
    }

    /// The ways of a signal from a radio to all cells.
    pub(crate) fn ways(&self, mast: &Mast) -> Vec<Way> {
        self.centres().map(|(floor, centre)| self.way(mast, floor, centre)).collect()
    }

    pub(super) fn centre(&self, floor: &FloorGrid, index: usize) -> Point {
        let place = index - floor.start;
        let (column, row) = (place % floor.width, place / floor.width);
        Point {
            x: floor.origin.x + (column as f64 + 0.5) * self.cell,
            y: floor.origin.y + (row as f64 + 0.5) * self.cell,
        }
    }

    /// The cell of another field that holds the centre of this field's cell.
    pub(crate) fn cell_at(&self, floor: &FloorId, point: Point) -> Option<usize> {
        let floor = self.floors.iter().find(|other| other.id == *floor)?;
        let column = ((point.x - floor.origin.x) / self.cell).floor();
        let row = ((point.y - floor.origin.y) / self.cell).floor();
        let inside = column >= 0.0 && row >= 0.0 && column < floor.width as f64 && row < floor.height as f64;
        inside.then(|| floor.start + row as usize * floor.width + column as usize)
    }

    fn add_floor(&mut self, floor: &Floor, walls: &Walls) {
        let Some(bounds) = floor.outline.bounding_rect() else { return };
        let (width, height) = size(bounds, self.cell);
        let origin = Point { x: bounds.min().x, y: bounds.min().y };
        let grid =
            FloorGrid { id: floor.id.clone(), level: floor.level, origin, width, height, start: self.open.len() };
        let cells = grid.start..grid.start + width * height;
        let centres: Vec<Point> = cells.map(|index| self.centre(&grid, index)).collect();
        let free = |point: &Point| !floor.obstacles.iter().any(|obstacle| contains(&obstacle.polygon, *point));
        let open: Vec<bool> = centres.iter().map(|point| contains(&floor.outline, *point) && free(point)).collect();
        let step =
            |from: usize, to: usize| f32::from(open[from] && open[to] && !walls.cross(centres[from], centres[to]));
        for (place, here) in open.iter().enumerate() {
            let (last_column, last_row) = (place % width + 1 == width, place / width + 1 == height);
            self.open.push(f32::from(*here));
            self.right.push(if last_column { 0.0 } else { step(place, place + 1) });
            self.up.push(if last_row { 0.0 } else { step(place, place + width) });
        }
        for cell in grid.start..self.open.len() {
            let twice = |edges: &[f32], stride: usize| edges[cell] * edges.get(cell + stride).unwrap_or(&0.0);
            self.right_two.push(twice(&self.right, 1));
            self.up_two.push(twice(&self.up, width));
        }
        self.floors.push(grid);
    }

    fn add_zones(&mut self, shop: &Shop) {
        let index = ZoneIndex::of(shop);
        let mut zones: Vec<ZoneCells> =
            shop.zones().map(|zone| ZoneCells { id: zone.id.clone(), kind: zone.kind, cells: Vec::new() }).collect();
        let numbers: BTreeMap<&ZoneId, usize> = shop.zones().enumerate().map(|(n, zone)| (&zone.id, n)).collect();
        // A large cell is larger than what is lost by asking fewer points of it.
        let side = if self.cell > CELL_M { 3 } else { SAMPLES };
        let each = 1.0 / (side * side) as f32;
        let mut shares: BTreeMap<usize, u32> = BTreeMap::new();
        for (cell, (floor, centre)) in self.centres().enumerate().filter(|(cell, _)| self.open[*cell] > 0.0) {
            shares.clear();
            for sample in 0..side * side {
                let off = |n: u32| ((f64::from(n) + 0.5) / f64::from(side) - 0.5) * self.cell;
                let point = Point { x: centre.x + off(sample % side), y: centre.y + off(sample / side) };
                for zone in index.reached(&self.floors[floor].id, point) {
                    *shares.entry(numbers[&zone.id]).or_default() += 1;
                }
            }
            shares.iter().for_each(|(zone, hits)| zones[*zone].cells.push((cell as u32, *hits as f32 * each)));
        }
        self.bare = vec![1.0; self.cells()];
        for (cell, share) in zones.iter().flat_map(|zone| &zone.cells) {
            self.bare[*cell as usize] = (self.bare[*cell as usize] - share).max(0.0);
        }
        self.zones = zones;
    }
}

fn contains(polygon: &geo::Polygon<f64>, point: Point) -> bool {
    polygon.coordinate_position(&Coord { x: point.x, y: point.y }) != CoordPos::Outside
}

fn size(bounds: Rect<f64>, cell: f64) -> (usize, usize) {
    let count = |length: f64| ((length / cell).ceil() as usize).max(1);
    (count(bounds.width()), count(bounds.height()))
}

/// The usual cell, or a larger one when the store would have more cells than the bound.
fn cell_size(floors: &[Floor]) -> f64 {
    let mut cell = CELL_M;
    loop {
        let cells: usize = floors
            .iter()
            .filter_map(|floor| floor.outline.bounding_rect())
            .map(|bounds| size(bounds, cell))
            .map(|(width, height)| width.saturating_mul(height))
            .sum();
        // A cell of 1 km holds any floor that the plan's checks let pass.
        if cells <= CELLS_MAX || cell > 1_000.0 {
            return cell;
        }
        cell *= 1.25;
    }
}
