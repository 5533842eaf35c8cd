//! A shop as its plan tells it: the places where somebody can stand, how loud they are at each receiver, and their zones.

use geo::coordinate_position::{CoordPos, CoordinatePosition};
use geo::{Area, BoundingRect, Coord, InteriorPoint};
use model::floor::{Floor, Point};
use model::ids::{FloorId, ReceiverId};
use model::shop::{Receiver, Shop};
use model::zone::{Zone, ZoneKind};

use super::Radio;
use crate::fisher::{Ellipse, Information};
use crate::grid::walls::Walls;
use crate::zones::ZoneIndex;

/// Side of a spot in a shop of usual size, in metres.
const CELL_M: f64 = 0.5;
/// Most spots; larger shops get larger ones.
const SPOTS_MAX: f64 = 2_500.0;
/// Height of a storey, in metres.
const STOREY_M: f64 = 4.0;
/// Loss of a signal through a ceiling, in dB.
const CEILING_DB: f64 = 15.0;
/// Nearest distance that the log-distance law is asked for, in metres: within it the antennas decide.
const NEAR_M: f64 = 0.5;
/// The level from which a receiver hears somebody well, in dBm.
const WELL_DBM: f64 = -80.0;

/// A place where somebody can stand.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Spot {
    /// Which of the shop's floors.
    pub(super) floor: usize,
    pub(super) point: Point,
    /// How much floor it stands for, in square metres.
    pub(super) area: f64,
    /// The zones that it lies in.
    pub(super) zones: Vec<usize>,
}

/// What hears, or what is heard, at a fixed place.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Ear {
    pub(super) id: ReceiverId,
    pub(super) floor: usize,
    pub(super) point: Point,
    pub(super) z: f64,
}

/// The rectangle of spots that holds a floor.
#[derive(Debug)]
struct Grid {
    id: FloorId,
    origin: Point,
    step: (f64, f64),
    columns: usize,
    /// The spot of each cell; none where nobody can stand.
    spots: Vec<Option<u32>>,
}

/// The tables of a plan.
#[derive(Debug)]
pub struct Chart {
    pub(super) radio: Radio,
    pub(super) floors: Vec<Floor>,
    walls: Vec<Walls>,
    pub(super) zones: Vec<Zone>,
    pub(super) spots: Vec<Spot>,
    /// The spots of every zone.
    pub(super) zone_spots: Vec<Vec<usize>>,
    pub(super) ears: Vec<Ear>,
    /// The level of every ear at every spot, in dBm; the ears of one spot side by side.
    levels: Vec<f32>,
    grids: Vec<Grid>,
}

impl Chart {
    /// Lays spots over a plan and works out how loud each is at `ears`.
    #[must_use]
    pub fn new(shop: &Shop, ears: &[Receiver], radio: Radio) -> Self {
        let zones: Vec<Zone> = shop.zones().cloned().collect();
        let mut chart = Self {
            radio,
            floors: shop.floors.clone(),
            walls: shop.floors.iter().map(|floor| Walls::new(&floor.walls, &floor.obstacles)).collect(),
            zone_spots: vec![Vec::new(); zones.len()],
            zones,
            spots: Vec::new(),
            ears: Vec::new(),
            levels: Vec::new(),
            grids: Vec::new(),
        };
        let cell = cell(&shop.floors);
        for floor in 0..chart.floors.len() {
            chart.lay(floor, cell);
        }
        chart.name_spots();
        chart.stand_in_small_zones(cell);
        for ear in ears {
            chart.hang(ear);
        }
        chart.listen();
        chart
    }

    /// The places where somebody can stand.
    pub(crate) const fn spots(&self) -> usize {
        self.spots.len()
    }

    /// The number of a floor.
    pub(crate) fn floor_number(&self, id: &FloorId) -> Option<usize> {
        self.floors.iter().position(|floor| floor.id == *id)
    }

    /// The floor with a number.
    pub(crate) fn floor_id(&self, number: usize) -> &FloorId {
        &self.floors[number].id
    }

    /// Whether a spot lies in a private zone.
    pub(crate) fn is_private(&self, spot: usize) -> bool {
        self.spots[spot].zones.iter().any(|zone| self.zones[*zone].kind == ZoneKind::Private)
    }

    /// The levels of all ears at a spot, in dBm.
    pub(crate) fn levels(&self, spot: usize) -> &[f32] {
        &self.levels[spot * self.ears.len()..(spot + 1) * self.ears.len()]
    }

    /// The spot that stands for a place.
    pub(crate) fn spot_at(&self, floor: &FloorId, point: Point) -> Option<usize> {
        let grid = self.grids.iter().find(|grid| grid.id == *floor)?;
        let column = ((point.x - grid.origin.x) / grid.step.0).floor();
        let row = ((point.y - grid.origin.y) / grid.step.1).floor();
        if column < 0.0 || row < 0.0 || column >= grid.columns as f64 {
            return None;
        }
        let spot = grid.spots.get(row as usize * grid.columns + column as usize).copied().flatten()?;
        Some(spot as usize)
    }

    /// The level of an ear at a spot, in dBm.
    pub(super) fn level(&self, ear: &Ear, spot: &Spot) -> f64 {
        let storeys = f64::from(self.floors[spot.floor].level - self.floors[ear.floor].level);
        let rise = ear.z - self.radio.carried_m - storeys * STOREY_M;
        let distance = ear.point.distance(spot.point).hypot(rise).hypot(NEAR_M);
        let loss = self.walls[spot.floor].loss(ear.point, spot.point) + storeys.abs() * CEILING_DB;
        self.radio.power_dbm - 10.0 * self.radio.exponent * distance.log10() - loss
    }

    /// Adds to the information about a spot what an ear that hears it at a level tells.
    pub(super) fn inform(&self, information: &mut Information, spot: &Spot, ear: &Ear, level: f64) {
        let storeys = f64::from(self.floors[spot.floor].level - self.floors[ear.floor].level);
        let rise = ear.z - self.radio.carried_m - storeys * STOREY_M;
        let (dx, dy) = (spot.point.x - ear.point.x, spot.point.y - ear.point.y);
        let square = dx * dx + dy * dy + rise * rise + NEAR_M * NEAR_M;
        let slope = 10.0 * self.radio.exponent / std::f64::consts::LN_10 / square;
        let weight = self.radio.heard(level) / (self.radio.noise_db * self.radio.noise_db);
        information.add(weight, slope * dx, slope * dy);
    }

    /// All information about a spot.
    pub(super) fn information(&self, spot: usize) -> Information {
        self.without(spot, usize::MAX)
    }

    /// All information about a spot but that of one ear.
    pub(super) fn without(&self, spot: usize, without: usize) -> Information {
        let place = &self.spots[spot];
        let mut information = self.prior(place.floor);
        for (number, (ear, level)) in self.ears.iter().zip(self.levels(spot)).enumerate() {
            if number != without {
                self.inform(&mut information, place, ear, f64::from(*level));
            }
        }
        information
    }

    /// The error to expect at a spot.
    pub(super) fn ellipse(&self, spot: usize) -> Ellipse {
        self.information(spot).ellipse()
    }

    /// Somebody is on the floor: that much is known without any receiver.
    fn prior(&self, floor: usize) -> Information {
        let bounds = self.floors[floor].outline.bounding_rect();
        let variance = |length: f64| (length * length / 12.0).max(0.01);
        let (width, height) = bounds.map_or((1.0, 1.0), |bounds| (bounds.width(), bounds.height()));
        Information::prior(variance(width), variance(height), self.radio.offset_db)
    }

    /// How many receivers hear somebody at a spot well.
    pub(super) fn well_heard(&self, spot: usize) -> usize {
        self.levels(spot).iter().filter(|level| f64::from(**level) >= WELL_DBM).count()
    }

    /// Whether a receiver could be hung at a point of a floor.
    pub(super) fn inside(&self, floor: usize, point: Point) -> bool {
        contains(&self.floors[floor].outline, point)
    }

    fn lay(&mut self, number: usize, cell: f64) {
        let floor = &self.floors[number];
        let Some(bounds) = floor.outline.bounding_rect() else { return };
        let count = |length: f64| ((length / cell).round() as usize).max(1);
        let (columns, rows) = (count(bounds.width()), count(bounds.height()));
        let step = (bounds.width() / columns as f64, bounds.height() / rows as f64);
        let origin = Point { x: bounds.min().x, y: bounds.min().y };
        let mut spots = Vec::with_capacity(columns * rows);
        for place in 0..columns * rows {
            let (column, row) = (place % columns, place / columns);
            let point =
                Point { x: origin.x + (column as f64 + 0.5) * step.0, y: origin.y + (row as f64 + 0.5) * step.1 };
            let free = contains(&floor.outline, point) && !self.walls[number].blocked(point);
            spots.push(free.then_some(self.spots.len() as u32));
            if free {
                self.spots.push(Spot { floor: number, point, area: step.0 * step.1, zones: Vec::new() });
            }
        }
        self.grids.push(Grid { id: floor.id.clone(), origin, step, columns, spots });
    }

    fn name_spots(&mut self) {
        let index = ZoneIndex::new(self.zones.iter().cloned());
        let numbers: std::collections::BTreeMap<_, usize> =
            self.zones.iter().enumerate().map(|(number, zone)| (zone.id.clone(), number)).collect();
        for (place, spot) in self.spots.iter_mut().enumerate() {
            let found = index.at(&self.floors[spot.floor].id, spot.point);
            spot.zones = found.iter().filter_map(|zone| numbers.get(&zone.id).copied()).collect();
            spot.zones.iter().for_each(|zone| self.zone_spots[*zone].push(place));
        }
    }

    /// A zone that falls between the spots gets one of its own, with the room it takes.
    fn stand_in_small_zones(&mut self, cell: f64) {
        for number in 0..self.zones.len() {
            let zone = &self.zones[number];
            let area = zone.polygon.unsigned_area();
            let is_small = area < 2.0 * cell * cell;
            let Some(floor) = self.floors.iter().position(|floor| floor.id == zone.floor) else { continue };
            let Some(middle) = zone.polygon.interior_point() else { continue };
            let point = Point { x: middle.x(), y: middle.y() };
            if !self.zone_spots[number].is_empty() || !is_small || self.walls[floor].blocked(point) {
                continue;
            }
            self.zone_spots[number].push(self.spots.len());
            self.spots.push(Spot { floor, point, area, zones: vec![number] });
        }
    }

    fn hang(&mut self, receiver: &Receiver) {
        if let Some(floor) = self.floors.iter().position(|floor| floor.id == receiver.floor) {
            self.ears.push(Ear { id: receiver.id.clone(), floor, point: receiver.point(), z: receiver.z });
        }
    }

    fn listen(&mut self) {
        let levels = self.spots.iter().flat_map(|spot| self.ears.iter().map(move |ear| (ear, spot)));
        self.levels = levels.map(|(ear, spot)| self.level(ear, spot) as f32).collect();
    }
}

fn contains(polygon: &geo::Polygon<f64>, point: Point) -> bool {
    polygon.coordinate_position(&Coord { x: point.x, y: point.y }) != CoordPos::Outside
}

/// The usual side of a spot, or a larger one when the shop would have more spots than the bound.
fn cell(floors: &[Floor]) -> f64 {
    let area: f64 = floors.iter().map(|floor| floor.outline.unsigned_area()).sum();
    CELL_M.max((area / SPOTS_MAX).sqrt())
}
