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
    /// Belief per zone, most likely first; zones below 1 % are left out. Nested zones may add up to more than 1.
    pub zones: Vec<(ZoneId, Probability)>,
}
