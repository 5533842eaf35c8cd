//! Shelf scales: a HX711 load cell on a device with Tasmota, which knows the weight of one item.
//!
//! `{"Time","HX711":{"Weight" /*kg*/,"Count","WeightRaw","AbsRaw"}}`. The device leaves `Count` out when it is 0 or 1.

use model::ids::SensorId;
use model::reading::ReadingKind;
use model::time::Timestamp;
use serde::Serialize;

use super::json::{Range, document, to_json};
use super::{Message, Rejected};
use crate::topics::Topic;

/// Raw counts per gram that the device starts with before it is calibrated.
const COUNTS_PER_GRAM: u32 = 120;

/// What a scale reports.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    /// Weight on the shelf, in kilograms.
    pub weight_kg: f64,
    /// Items by the device's own count; none when it does not say.
    pub count: Option<u32>,
}

/// Reads a scale under the usual topic.
///
/// # Errors
/// [`Rejected`] names what makes the message useless.
pub fn decode(topic: &str, payload: &[u8]) -> Result<(SensorId, Scale), Rejected> {
    let Some(Topic::TasmotaSensor { name }) = Topic::parse(topic) else { return Err(Rejected::UnknownTopic) };
    let sensor = SensorId::new(name).map_err(|source| Rejected::BadName { field: "sensor", source })?;
    Ok((sensor, read(payload)?))
}

/// Reads a scale under any topic.
///
/// # Errors
/// [`Rejected`] names what makes the message useless.
pub fn read(payload: &[u8]) -> Result<Scale, Rejected> {
    let document = document(payload)?;
    let message = document.object()?;
    // Some devices put the fields beside the time.
    let scale = match message.get("HX711") {
        scale if scale.is_object() => scale,
        scale if scale.is_nothing() => message,
        _ => return Err(Rejected::WrongType { field: "HX711", expected: "a JSON object" }),
    };
    let weight_kg = scale.get("Weight").number_only("Weight", &Range::KILOGRAMS)?;
    let weight_kg = weight_kg.ok_or(Rejected::MissingField { field: "HX711.Weight" })?;
    let count = scale.get("Count").whole_only("Count", &Range::U16)?.and_then(|count| u32::try_from(count).ok());
    Ok(Scale { weight_kg, count })
}

/// Turns a scale's reports into items picked up and put back.
///
/// With the weight of one item the count is the nearest whole number of items; the device itself rounds down, so that a little
/// noise costs it an item. Without, the device's count is taken, and an unsaid one is 1 when anything is on the shelf, else 0.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Items {
    item_kg: Option<f64>,
    last: Option<u32>,
}

impl Items {
    /// Starts with the weight of one item, if it is known; a weight that is no weight counts as unknown.
    #[must_use]
    pub fn new(item_kg: Option<f64>) -> Self {
        Self { item_kg: item_kg.filter(|kg| kg.is_finite() && *kg > 0.0), last: None }
    }

    /// Items picked up (negative) or put back since the last report. None for the first report and when nothing changed.
    pub fn step(&mut self, scale: Scale) -> Option<ReadingKind> {
        let count = self.count(scale);
        let last = self.last.replace(count)?;
        let delta = i64::from(count) - i64::from(last);
        (delta != 0).then(|| {
            ReadingKind::ShelfDelta(i32::try_from(delta).unwrap_or(if delta < 0 { i32::MIN } else { i32::MAX }))
        })
    }

    fn count(&self, scale: Scale) -> u32 {
        match (self.item_kg, scale.count) {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "cut to the range just before")]
            (Some(item_kg), _) => (scale.weight_kg / item_kg).round().clamp(0.0, f64::from(u32::MAX)) as u32,
            (None, Some(count)) => count,
            (None, None) => u32::from(scale.weight_kg > 0.0),
        }
    }
}

/// What the device publishes, in its order.
#[derive(Serialize)]
struct Report {
    #[serde(rename = "Time")]
    time: String,
    #[serde(rename = "HX711")]
    scale: ScaleReport,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ScaleReport {
    weight: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<u32>,
    weight_raw: u32,
    abs_raw: u64,
}

/// Writes what the device publishes for a weight in grams, given the weight of one item in grams. It writes local time; here that is UTC.
#[must_use]
pub fn encode(sensor: &SensorId, at: Timestamp, weight_g: u32, item_g: u32) -> Message {
    let time = jiff::Timestamp::from_millisecond(at.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    let count = weight_g.checked_div(item_g).filter(|count| *count > 1);
    let report = Report {
        time: time.strftime("%Y-%m-%dT%H:%M:%S").to_string(),
        scale: ScaleReport {
            weight: f64::from(weight_g) / 1_000.0,
            count: count.map(|count| count.min(u32::from(u16::MAX))),
            weight_raw: weight_g,
            abs_raw: u64::from(weight_g) * u64::from(COUNTS_PER_GRAM),
        },
    };
    Message { topic: Topic::TasmotaSensor { name: sensor.as_str() }.to_string(), payload: to_json(&report) }
}

#[cfg(test)]
mod tests;
