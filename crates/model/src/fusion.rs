//! Fusion: what receivers and sensors say together about people, by probability and never by name where there is none.

use serde::{Deserialize, Serialize};

use crate::ids::{ProductId, SensorId, ZoneId};
use crate::subject::Subject;
use crate::time::Timestamp;
use crate::units::Probability;

/// Who may have taken something from a shelf.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attribution {
    /// The shelf's sensor.
    pub sensor: SensorId,
    /// The zone that it watches.
    pub zone: ZoneId,
    /// The product on the shelf.
    pub product: Option<ProductId>,
    /// When it was taken.
    pub at: Timestamp,
    /// Items taken.
    pub items: u32,
    /// Those who may have taken it, likeliest first; at most 16, none below 1 %. Nobody with a name in a private zone.
    pub shares: Vec<(Subject, Probability)>,
    /// That it was anybody else. With the shares it sums to one.
    pub unknown: Probability,
}

/// What an occupancy rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// Who is heard.
    Radio,
    /// The counters at the entrances.
    Door,
    /// A sensor that counts who is in its field.
    Level,
    /// A sensor that says whether somebody is there.
    Presence,
}

/// How many people are in a zone or in the store, as far as it can be told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Occupancy {
    /// Which zone; none for the whole store.
    pub zone: Option<ZoneId>,
    /// Since when it is so.
    pub at: Timestamp,
    /// The expected number of people, to a tenth.
    pub people: f64,
    /// What it rests on.
    pub sources: Vec<Source>,
}
