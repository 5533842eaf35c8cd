//! People counters. Which of the three meanings their numbers have is set by people, never guessed.
//!
//! Totals as Axis publishes them: `{"serial","name","timestamp","in","out"}`, counted up over a day in local time.

mod makers;

use model::ids::SensorId;
use model::time::Timestamp;
use serde::Serialize;

use super::Message;
use super::json::to_json;
use crate::topics::Topic;

pub use makers::{Level, Record, read_level, read_records, read_totals};

/// Crossings since the counter's own start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Into the store.
    pub entered: u32,
    /// Out of the store.
    pub left: u32,
}

/// What an Axis counter publishes, in its order.
#[derive(Serialize)]
struct Report<'a> {
    serial: &'a str,
    name: &'a str,
    timestamp: &'a str,
    #[serde(rename = "in")]
    entered: u32,
    #[serde(rename = "out")]
    left: u32,
}

/// Writes totals as an Axis counter does. It writes local time; here that is UTC.
#[must_use]
pub fn encode(sensor: &SensorId, serial: &str, name: &str, at: Timestamp, totals: Totals) -> Message {
    let time = jiff::Timestamp::from_millisecond(at.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    let time = time.strftime("%Y%m%d%H%M%S").to_string();
    let report = Report { serial, name, timestamp: &time, entered: totals.entered, left: totals.left };
    Message { topic: Topic::Counter { sensor: sensor.as_str() }.to_string(), payload: to_json(&report) }
}

#[cfg(test)]
mod tests;
