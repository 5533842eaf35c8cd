//! People counters. Which of the three meanings their numbers have is set by people, never guessed.
//!
//! Totals as Axis publishes them: `{"serial","name","timestamp","in","out"}`, counted up over a day in local time.

mod makers;

use model::ids::SensorId;
use model::reading::ReadingKind;
use model::time::Timestamp;
use serde::Serialize;

use super::json::{Range, Wanted, object, to_json};
use super::{Message, Rejected};
use crate::topics::Topic;

pub use makers::{Level, Record, read_level as read_level_of, read_records, read_totals as read_totals_of};

/// Crossings since the counter's own start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Into the store.
    pub entered: u32,
    /// Out of the store.
    pub left: u32,
}

/// Reads totals under the usual topic.
///
/// # Errors
/// [`Rejected`] names what makes the message useless.
pub fn decode(topic: &str, payload: &[u8]) -> Result<(SensorId, Totals), Rejected> {
    let Some(Topic::Counter { sensor }) = Topic::parse(topic) else { return Err(Rejected::UnknownTopic) };
    let sensor = SensorId::new(sensor).map_err(|source| Rejected::BadName { field: "sensor", source })?;
    Ok((sensor, read_totals(payload)?))
}

/// Reads totals, or differences: both have the same fields.
///
/// # Errors
/// [`Rejected`] names what makes the message useless.
pub fn read_totals(payload: &[u8]) -> Result<Totals, Rejected> {
    let fields = object(payload, Wanted::flat(&["in", "out"]))?;
    let count = |key| {
        let count = fields.whole(key, &Range::U32)?.ok_or(Rejected::MissingField { field: key })?;
        u32::try_from(count).map_err(|_| Rejected::OutOfRange { field: key, range: "0 to 4294967295" })
    };
    Ok(Totals { entered: count("in")?, left: count("out")? })
}

/// Reads a counter that reports differences.
///
/// # Errors
/// [`Rejected`] names what makes the message useless.
pub fn read_delta(payload: &[u8]) -> Result<ReadingKind, Rejected> {
    let Totals { entered, left } = read_totals(payload)?;
    Ok(ReadingKind::Crossing { entered, left })
}

/// Reads a counter that reports how many people are in its field: `count`, or `current_total` as Milesight says.
///
/// # Errors
/// [`Rejected`] names what makes the message useless.
pub fn read_level(payload: &[u8]) -> Result<ReadingKind, Rejected> {
    let fields = object(payload, Wanted::flat(&["count", "current_total"]))?;
    let count = match fields.whole("count", &Range::U32)? {
        Some(count) => count,
        None => fields.whole("current_total", &Range::U32)?.ok_or(Rejected::MissingField { field: "count" })?,
    };
    let count = u32::try_from(count).map_err(|_| Rejected::OutOfRange { field: "count", range: "0 to 4294967295" })?;
    Ok(ReadingKind::Level(count))
}

/// Turns totals into differences.
///
/// A total that went down means that the counter began anew, at midnight or after a power cut; what it has counted since is the difference.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Differences {
    last: Option<Totals>,
}

impl Differences {
    /// Goes on from totals that were kept over a restart.
    #[must_use]
    pub const fn resume(last: Totals) -> Self {
        Self { last: Some(last) }
    }

    /// The totals seen last, to be kept over a restart.
    #[must_use]
    pub const fn last(&self) -> Option<Totals> {
        self.last
    }

    /// The crossings since the totals before. None for the very first totals, which may be hours old, and when nobody crossed.
    pub fn step(&mut self, totals: Totals) -> Option<ReadingKind> {
        let last = self.last.replace(totals)?;
        let began_anew = totals.entered < last.entered || totals.left < last.left;
        let last = if began_anew { Totals::default() } else { last };
        let (entered, left) = (totals.entered - last.entered, totals.left - last.left);
        (entered > 0 || left > 0).then_some(ReadingKind::Crossing { entered, left })
    }
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
