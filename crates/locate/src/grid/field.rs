//! What all subjects of a store share: the cells, which steps between them are open, how far each receiver is from each cell,
//! and which cells make up each zone. Built once a plan, then only read.

use std::collections::BTreeMap;

use geo::coordinate_position::{CoordPos, CoordinatePosition};
use geo::{BoundingRect, Coord, Rect};
use model::floor::{Floor, Point};
use model::ids::{FloorId, ReceiverId, ZoneId};
use model::shop::{Receiver, Shop};
use model::zone::{Zone, ZoneKind};

use super::walls::Walls;

/// Side of a cell on a floor of usual size, in metres.
pub(super) const CELL_M: f64 = 0.5;
/// Most cells of a store; larger ones get larger cells.
pub(super) const CELLS_MAX: usize = 16_000;
/// Height at which a phone or tag is carried, in metres.
const CARRIED_M: f64 = 1.3;
/// Height of a storey, in metres.
const STOREY_M: f64 = 4.0;
/// Loss of a signal through a ceiling, in dB.
const CEILING_DB: f64 = 15.0;
/// Nearest distance that the log-distance law is asked for, in metres: within it the antennas decide.
const NEAR_M: f64 = 0.5;
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

/// How a receiver hears every cell: `power - exponent * slope - loss`.
#[derive(Debug)]
pub(super) struct Hearing {
    pub(super) id: ReceiverId,
    /// Ten times the decimal logarithm of the distance in metres.
    pub(super) slope: Vec<f32>,
    /// Loss through walls and ceilings, in dB.
    pub(super) loss: Vec<f32>,
}

/// The tables of one plan.
#[derive(Debug)]
pub struct Field {
    pub(super) cell: f64,
    pub(super) floors: Vec<FloorGrid>,
    /// 1 where people can be, else 0.
    pub(super) open: Vec<f32>,
    pub(super) open_count: f32,
    /// 1 where one can step from a cell to the next one of its row, else 0.
    pub(super) right: Vec<f32>,
    /// 1 where one can step from a cell to the one of the next row, else 0.
    pub(super) up: Vec<f32>,
    pub(super) hearing: Vec<Hearing>,
    pub(super) zones: Vec<ZoneCells>,
    receivers: BTreeMap<ReceiverId, u16>,
}

impl Field {
    /// Lays the grid over a plan.
    #[must_use]
    pub fn new(shop: &Shop) -> Self {
        let cell = cell_size(&shop.floors);
        let mut field = Self {
            cell,
            floors: Vec::new(),
            open: Vec::new(),
            open_count: 0.0,
            right: Vec::new(),
            up: Vec::new(),
            hearing: Vec::new(),
            zones: Vec::new(),
            receivers: BTreeMap::new(),
        };
        for floor in &shop.floors {
            field.add_floor(floor);
        }
        field.open_count = field.open.iter().sum::<f32>().max(1.0);
        let walls: Vec<Walls> = shop.floors.iter().map(|floor| Walls::new(&floor.walls)).collect();
        for receiver in shop.receivers.iter().chain(&shop.beacons) {
            field.add_receiver(receiver, &walls);
        }
        for zone in shop.zones() {
            field.add_zone(zone);
        }
        field
    }

    /// The cells of all floors, those outside the outlines too.
    #[must_use]
    pub fn cells(&self) -> usize {
        self.open.len()
    }

    /// The receivers on the plan.
    #[must_use]
    pub fn receivers(&self) -> usize {
        self.hearing.len()
    }

    /// The kind of a zone.
    #[must_use]
    pub fn zone_kind(&self, id: &ZoneId) -> Option<ZoneKind> {
        self.zones.iter().find(|zone| zone.id == *id).map(|zone| zone.kind)
    }

    pub(super) fn receiver(&self, id: &ReceiverId) -> Option<u16> {
        self.receivers.get(id).copied()
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
    pub(super) fn cell_at(&self, floor: &FloorId, point: Point) -> Option<usize> {
        let floor = self.floors.iter().find(|other| other.id == *floor)?;
        let column = ((point.x - floor.origin.x) / self.cell).floor();
        let row = ((point.y - floor.origin.y) / self.cell).floor();
        let inside = column >= 0.0 && row >= 0.0 && column < floor.width as f64 && row < floor.height as f64;
        inside.then(|| floor.start + row as usize * floor.width + column as usize)
    }

    fn add_floor(&mut self, floor: &Floor) {
        let Some(bounds) = floor.outline.bounding_rect() else { return };
        let (width, height) = size(bounds, self.cell);
        let origin = Point { x: bounds.min().x, y: bounds.min().y };
        let grid =
            FloorGrid { id: floor.id.clone(), level: floor.level, origin, width, height, start: self.open.len() };
        let walls = Walls::new(&floor.walls);
        let cells = grid.start..grid.start + width * height;
        let centres: Vec<Point> = cells.map(|index| self.centre(&grid, index)).collect();
        let open: Vec<bool> = centres.iter().map(|point| contains(&floor.outline, *point)).collect();
        let step =
            |from: usize, to: usize| f32::from(open[from] && open[to] && !walls.cross(centres[from], centres[to]));
        for (place, here) in open.iter().enumerate() {
            let (last_column, last_row) = (place % width + 1 == width, place / width + 1 == height);
            self.open.push(f32::from(*here));
            self.right.push(if last_column { 0.0 } else { step(place, place + 1) });
            self.up.push(if last_row { 0.0 } else { step(place, place + width) });
        }
        self.floors.push(grid);
    }

    fn add_receiver(&mut self, receiver: &Receiver, walls: &[Walls]) {
        let Some(home) = self.floors.iter().position(|floor| floor.id == receiver.floor) else { return };
        let Ok(number) = u16::try_from(self.hearing.len()) else { return };
        let (mut slope, mut loss) = (Vec::with_capacity(self.cells()), Vec::with_capacity(self.cells()));
        for (floor, walls) in self.floors.iter().zip(walls) {
            let storeys = f64::from(floor.level - self.floors[home].level);
            let rise = receiver.z - CARRIED_M - storeys * STOREY_M;
            for index in floor.start..floor.start + floor.width * floor.height {
                let point = self.centre(floor, index);
                let distance = receiver.point().distance(point).hypot(rise).hypot(NEAR_M);
                slope.push((10.0 * distance.log10()) as f32);
                loss.push((walls.loss(receiver.point(), point) + storeys.abs() * CEILING_DB) as f32);
            }
        }
        self.receivers.insert(receiver.id.clone(), number);
        self.hearing.push(Hearing { id: receiver.id.clone(), slope, loss });
    }

    fn add_zone(&mut self, zone: &Zone) {
        let Some(floor) = self.floors.iter().find(|floor| floor.id == zone.floor) else { return };
        let cells = (floor.start..floor.start + floor.width * floor.height)
            .filter(|index| self.open[*index] > 0.0)
            .filter_map(|index| {
                let share = self.share(self.centre(floor, index), zone);
                (share > 0.0).then_some((index as u32, share))
            })
            .collect();
        self.zones.push(ZoneCells { id: zone.id.clone(), kind: zone.kind, cells });
    }

    /// The share of a cell that lies in a zone.
    fn share(&self, centre: Point, zone: &Zone) -> f32 {
        let Some(bounds) = zone.polygon.bounding_rect() else { return 0.0 };
        let reach = self.cell / 2.0;
        let beyond = |value: f64, min: f64, max: f64| value + reach < min || value - reach > max;
        if beyond(centre.x, bounds.min().x, bounds.max().x) || beyond(centre.y, bounds.min().y, bounds.max().y) {
            return 0.0;
        }
        let sample = |n: u32| (f64::from(n) + 0.5) / f64::from(SAMPLES) - 0.5;
        let inside = (0..SAMPLES * SAMPLES)
            .filter(|n| {
                let (dx, dy) = (sample(n % SAMPLES) * self.cell, sample(n / SAMPLES) * self.cell);
                contains(&zone.polygon, Point { x: centre.x + dx, y: centre.y + dy })
            })
            .count();
        inside as f32 / (SAMPLES * SAMPLES) as f32
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
