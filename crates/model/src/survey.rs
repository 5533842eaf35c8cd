//! A survey: what the receivers heard of a device at places that somebody wrote down.

use serde::{Deserialize, Serialize};

use crate::floor::Point;
use crate::ids::{FloorId, ReceiverId};

/// All that was heard at known places of one store.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Survey {
    /// The places, in the order of walking.
    pub spots: Vec<Spot>,
}

/// What was heard while a device was at one place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Spot {
    /// On which floor.
    pub floor: FloorId,
    /// Where.
    pub point: Point,
    /// Which device, by any name; devices differ in power, spots of one device share it.
    pub device: String,
    /// For how long, in seconds.
    pub seconds: f64,
    /// The receivers that heard it; the others did not.
    pub heard: Vec<Heard>,
}

/// What one receiver heard at one spot.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Heard {
    /// Which receiver. One that the plan does not place is placed by the survey.
    pub receiver: ReceiverId,
    /// Mean RSSI above the power that the frames claim at 1 m, in dB; the usual claim is -59 dBm.
    pub level: f32,
    /// Frames heard.
    pub frames: u32,
}
