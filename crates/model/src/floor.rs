//! A floor: its outline, walls and zones, in metres.

use geo::{LineString, Polygon};
use serde::{Deserialize, Serialize};

use crate::ids::FloorId;
use crate::zone::Zone;

/// A place on a floor, in metres from its origin; x to the right, y up the plan.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// Metres along the plan's width.
    pub x: f64,
    /// Metres along the plan's depth.
    pub y: f64,
}

impl Point {
    /// The straight distance to another place on the same floor, in metres.
    #[must_use]
    pub fn distance(self, other: Self) -> f64 {
        (self.x - other.x).hypot(self.y - other.y)
    }
}

/// A line that people can't cross and that weakens the signal.
#[derive(Debug, Clone, PartialEq)]
pub struct Wall {
    /// Its course, in metres.
    pub line: LineString<f64>,
    /// Loss of a signal through it, in dB; 0 to 40.
    pub loss_db: f64,
}

/// A piece of furniture: a shelf, a pillar, a counter. People walk around it, and it weakens a signal that goes through it.
#[derive(Debug, Clone, PartialEq)]
pub struct Obstacle {
    /// Its footprint, in metres.
    pub polygon: Polygon<f64>,
    /// Loss of a signal per metre of way through it, in dB; 0 to 40.
    pub loss_db_m: f64,
}

/// Stairs, a lift or an escalator: where one gets from one floor to another.
#[derive(Debug, Clone, PartialEq)]
pub struct Passage {
    /// Its name; its ends on all floors share it.
    pub id: String,
    /// Where one steps in and out, one place a floor, lowest floor first; at least two.
    pub ends: Vec<(FloorId, Point)>,
    /// Time from one floor to the next, in seconds.
    pub seconds: f64,
}

/// One floor of a store.
#[derive(Debug, Clone, PartialEq)]
pub struct Floor {
    /// Its id.
    pub id: FloorId,
    /// Its name, as people say it.
    pub name: String,
    /// Its height order: 0 is the ground floor.
    pub level: i32,
    /// Where people can be, in metres.
    pub outline: Polygon<f64>,
    /// Its walls.
    pub walls: Vec<Wall>,
    /// Shelves, pillars and other furniture.
    pub obstacles: Vec<Obstacle>,
    /// Its zones, in the order of the file.
    pub zones: Vec<Zone>,
}
