//! A reading: what a sensor that is not a BLE receiver reports.

use serde::{Deserialize, Serialize};

use crate::ids::SensorId;
use crate::time::Timestamp;

/// What was read. Counters are always differences here: the edge box turns cumulative ones into differences.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReadingKind {
    /// People who crossed a line since the last reading.
    Crossing {
        /// Into the store.
        entered: u32,
        /// Out of the store.
        left: u32,
    },
    /// People in the sensor's field now.
    Level(u32),
    /// Somebody is, or nobody is, in the sensor's field.
    Presence(bool),
    /// Items on a shelf changed: negative is a pick-up, positive a put-back.
    ShelfDelta(i32),
}

/// One report of one sensor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// Who reports.
    pub sensor: SensorId,
    /// When it was so.
    pub at: Timestamp,
    /// What.
    pub kind: ReadingKind,
}
