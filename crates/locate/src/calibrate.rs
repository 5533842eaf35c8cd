//! What a shop has learnt of its own radio, from a survey or from the traffic of every day, and the making of a radio map of it.
//!
//! Both come in one form: at these places each receiver heard devices so loud and so often. A survey knows the places; traffic
//! only believes them, so that its frames are shared out over the places by belief (the expectation step of EM; the next belief
//! rests on the map that is made of it, which is the maximisation step).

pub mod anchor;
mod chances;
mod fit;
mod geometry;
mod process;
mod refine;
mod survey;
mod traffic;

use std::collections::{BTreeMap, BTreeSet};

use model::floor::Point;
use model::ids::{FloorId, ReceiverId};
use serde::{Deserialize, Serialize};

pub use anchor::{Anchors, Links};
pub(crate) use fit::fit;
pub use traffic::Traffic;

/// What the positions of a shop rest on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// The places of the receivers, and the usual radio.
    Plan,
    /// The shop's own traffic.
    #[serde(rename = "self")]
    Traffic,
    /// A survey: somebody walked the shop and said where.
    Survey,
}

impl Source {
    /// Its name as it is written: `plan`, `self` or `survey`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::Traffic => "self",
            Self::Survey => "survey",
        }
    }
}

/// Spread of the power of devices around what they claim, where one kind of them is known, in dB.
const DEVICES_DB: f64 = 4.0;

/// What was learnt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// From what.
    pub source: Source,
    /// The places where devices were.
    pub places: Vec<Place>,
    /// What each receiver heard there.
    pub receivers: BTreeMap<ReceiverId, Vec<Reading>>,
    /// Receivers that are not where the plan says: what they heard tells where.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub moved: BTreeSet<ReceiverId>,
    /// What receivers heard of transmitters whose place is known.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub anchors: Links,
    /// Spread of the power of devices around what they claim, in dB.
    #[serde(default = "devices_db")]
    pub devices_db: f64,
}

const fn devices_db() -> f64 {
    DEVICES_DB
}

impl Calibration {
    /// Nothing learnt yet.
    #[must_use]
    pub const fn empty(source: Source) -> Self {
        Self {
            source,
            places: Vec::new(),
            receivers: BTreeMap::new(),
            moved: BTreeSet::new(),
            anchors: BTreeMap::new(),
            devices_db: DEVICES_DB,
        }
    }
}

/// The middle one of these, the upper of two; 0 of none.
pub(crate) fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

/// A place of a few steps where devices were.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Place {
    /// On which floor.
    pub floor: FloorId,
    /// The mean of where.
    pub point: Point,
    /// How long in all, in seconds.
    pub seconds: f64,
}

/// What a receiver heard at one place.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    /// The place, by its number.
    pub place: u32,
    /// Mean level above the power that the devices have at 1 m, in dB.
    pub level: f64,
    /// Frames that it is the mean of.
    pub frames: f64,
}

#[cfg(test)]
mod tests;
