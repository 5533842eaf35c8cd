//! `[sensors.NAME]`: one sensor, where it is heard, and how its numbers are to be read.

use std::collections::BTreeMap;

use model::ids::SensorId;
use serde::Deserialize;
use wire::ble::address::{Address, AddressKind};

/// How a sensor's numbers are to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SensorKind {
    /// Totals since the counter's own start.
    CounterCumulative,
    /// Differences since the last report.
    CounterDelta,
    /// People in the field now.
    CounterLevel,
    /// Items on a shelf.
    Shelf,
    /// Whether somebody is there.
    Presence,
}

/// One sensor.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sensor {
    /// How its numbers are to be read.
    pub kind: SensorKind,
    /// The topic it publishes on, no wildcard; empty for a sensor that is heard by its address alone.
    #[serde(default)]
    pub topic: String,
    /// The radio address of a BTHome sensor.
    #[serde(default)]
    pub address: Option<SensorAddress>,
    /// The key that a BTHome sensor seals with.
    #[serde(default)]
    pub key: Option<SecretKey>,
    /// Of a message that tells of several lines, logics, regions, zones or spaces: the one that this sensor stands for.
    #[serde(default)]
    pub part: Option<String>,
    /// The field that tells whether somebody is there, where it has an unusual name; `bthomesensor:200` of a Shelly device.
    #[serde(default)]
    pub field: Option<String>,
    /// The weight of one item on a shelf; by the scale's own count if none.
    #[serde(default)]
    pub item_g: Option<u32>,
    /// Of a scale that reports bare counts of its load cell: so many to a gram.
    #[serde(default)]
    pub counts_per_g: Option<u32>,
    /// Of such a scale: its counts with nothing on it.
    #[serde(default)]
    pub tare_counts: Option<i64>,
}

/// A BTHome sensor's radio address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct SensorAddress(pub [u8; 6]);

impl TryFrom<String> for SensorAddress {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let address = Address::parse(&text, AddressKind::Unknown).map(|address| Self(address.bytes));
        address.ok_or_else(|| format!("{text:?} is not an address such as \"54:48:E6:8F:80:A5\""))
    }
}

/// A key of 16 bytes: what a BTHome sensor seals with, or a device's identity resolving key. Its `Debug` does not show it.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct SecretKey(pub [u8; 16]);

impl std::fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretKey(..)")
    }
}

impl TryFrom<String> for SecretKey {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, &'static str> {
        let mut key = [0; 16];
        hex::decode_to_slice(text, &mut key).map_err(|_| "not a key of 32 hexadecimal digits")?;
        Ok(Self(key))
    }
}

impl Sensor {
    /// A sensor of a kind under a topic, with nothing else said of it.
    #[must_use]
    pub const fn new(kind: SensorKind, topic: String) -> Self {
        Self {
            kind,
            topic,
            address: None,
            key: None,
            part: None,
            field: None,
            item_g: None,
            counts_per_g: None,
            tare_counts: None,
        }
    }
}

/// Whether the sensors can be told apart; else the key, what is wrong with it, and the fix.
///
/// # Errors
/// The key, the problem and the fix.
pub(super) fn check(sensors: &BTreeMap<SensorId, Sensor>) -> Result<(), (String, String, &'static str)> {
    let mut topics = BTreeMap::new();
    for (id, sensor) in sensors {
        let key = format!("sensors.{id}.topic");
        if sensor.topic.is_empty() && sensor.address.is_none() {
            return Err((key, "nothing says where it is heard".into(), "name its topic, or a BTHome sensor's address"));
        }
        if sensor.topic.contains(['+', '#']) {
            return Err((key, format!("{:?} is not one topic", sensor.topic), "name one topic, without + and #"));
        }
        if sensor.key.is_some() && sensor.address.is_none() {
            let fix = "name the sensor's address as well";
            return Err((format!("sensors.{id}.key"), "a key opens nothing without an address".into(), fix));
        }
        if sensor.topic.is_empty() {
            continue;
        }
        if let Some(other) = topics.insert((&sensor.topic, &sensor.part, &sensor.field), id) {
            let problem = format!("{:?} belongs to {other} already", sensor.topic);
            return Err((key, problem, "give each sensor its own topic, or its own part of the message"));
        }
    }
    Ok(())
}
