//! A zone: a polygon on a floor, with a kind.

use geo::{Area, Distance, Euclidean, Polygon};
use serde::{Deserialize, Serialize};

use crate::ids::{FloorId, ZoneId};

/// What a zone is for. It decides how presence there is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ZoneKind {
    /// The way in and out; nobody dwells here, and a visit may end here.
    Entrance,
    /// A part of the sales floor.
    Department,
    /// In front of one shelf.
    Shelf,
    /// Where people pay.
    Checkout,
    /// In front of a screen or a promotion.
    Display,
    /// Counts only: no identity, no offer (staff rooms, sensitive shelves).
    Private,
}

/// A polygon on a floor. Coordinates are metres from the floor's origin.
#[derive(Debug, Clone, PartialEq)]
pub struct Zone {
    /// Its id, unique in the store.
    pub id: ZoneId,
    /// Its name, as people say it.
    pub name: String,
    /// The floor it lies on.
    pub floor: FloorId,
    /// What it is for.
    pub kind: ZoneKind,
    /// Its shape, in metres; valid: closed, at least three corners, no crossing.
    pub polygon: Polygon<f64>,
    /// How far in front of it one still counts as in it, in metres; there the nearest zone with a reach wins. 0 for the polygon alone.
    pub reach: f64,
}

impl Zone {
    /// Its size, in square metres.
    #[must_use]
    pub fn square_metres(&self) -> f64 {
        self.polygon.unsigned_area()
    }

    /// The gap between two zones of a floor, in metres; 0 where they touch. None when they lie on different floors.
    #[must_use]
    pub fn metres_to(&self, other: &Self) -> Option<f64> {
        (self.floor == other.floor).then(|| Euclidean.distance(&self.polygon, &other.polygon))
    }
}
