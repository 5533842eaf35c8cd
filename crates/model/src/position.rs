//! A position: an estimate with its uncertainty, never a bare point.

use serde::{Deserialize, Serialize};

use crate::floor::Point;
use crate::ids::{FloorId, ZoneId};
use crate::subject::Subject;
use crate::time::Timestamp;
use crate::units::{Metres, Probability};

/// Where a subject is believed to be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Position {
    /// Who.
    pub subject: Subject,
    /// When.
    pub at: Timestamp,
    /// On which floor.
    pub floor: FloorId,
    /// The mean of the belief.
    pub point: Point,
    /// Root mean square distance of the belief from `point`.
    pub uncertainty: Metres,
    /// How the belief spreads around `point`.
    pub spread: Spread,
    /// The zone that the subject is taken to be in: the likeliest one, with a margin for the one before, so that it does not flap.
    /// None when being in no zone at all is likelier.
    pub zone: Option<ZoneId>,
    /// Belief per zone, most likely first; zones below 1 % are left out. Nested zones may add up to more than 1.
    pub zones: Vec<(ZoneId, Probability)>,
    /// Where the belief lies, likeliest first: patches of a square metre or more that hold at least 1 % of it, at most 64.
    pub cloud: Vec<Patch>,
}

/// The covariance of a belief, in square metres.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// Variance along x.
    pub xx: f64,
    /// Covariance of x and y.
    pub xy: f64,
    /// Variance along y.
    pub yy: f64,
}

/// A square piece of the floor with its share of a belief.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Patch {
    /// Its centre.
    pub point: Point,
    /// Its side.
    pub side: Metres,
    /// Its share.
    pub probability: Probability,
}
