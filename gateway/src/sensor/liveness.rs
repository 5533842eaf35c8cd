//! Which declared sensors are there: devices have a topic on which they say so, and the broker says for them when they are gone.
//!
//! A sensor whose line broke reports nothing, which looks like an empty shop to everybody who does not know.

use std::collections::BTreeMap;

use model::ids::SensorId;
use wire::vendor::{Rejected, status};

use super::Sensors;
use crate::config::Sensor;

/// What the devices of declared sensors say of themselves.
#[derive(Debug, Default)]
pub(super) struct Wills {
    by_topic: BTreeMap<String, Will>,
}

#[derive(Debug, Default)]
struct Will {
    sensors: Vec<SensorId>,
    is_there: Option<bool>,
}

impl Wills {
    /// Of the sensors whose topics are of a maker that is known to leave a will.
    pub(super) fn new(declared: &BTreeMap<SensorId, Sensor>) -> Self {
        let mut by_topic: BTreeMap<String, Will> = BTreeMap::new();
        for (id, sensor) in declared {
            if let Some(topic) = will_of(&sensor.topic) {
                by_topic.entry(topic).or_default().sensors.push(id.clone());
            }
        }
        Self { by_topic }
    }

    pub(super) fn topics(&self) -> impl Iterator<Item = &str> {
        self.by_topic.keys().map(String::as_str)
    }

    /// Takes in what a device says; nothing when the topic is none of these.
    pub(super) fn hear(&mut self, topic: &str, payload: &[u8]) -> Option<Result<(), Rejected>> {
        let will = self.by_topic.get_mut(topic)?;
        Some(status::read(payload).map(|is_there| will.is_there = Some(is_there)))
    }

    pub(super) fn are_there(&self) -> BTreeMap<SensorId, bool> {
        let said = self.by_topic.values().filter_map(|will| will.is_there.map(|is_there| (will, is_there)));
        said.flat_map(|(will, is_there)| will.sensors.iter().map(move |id| (id.clone(), is_there))).collect()
    }
}

impl Sensors {
    /// Takes in whether a sensor is there; nothing when the topic tells something else.
    pub fn hear_status(&mut self, topic: &str, payload: &[u8]) -> Option<Result<(), Rejected>> {
        if let Some(said) = self.wills.hear(topic, payload) {
            return Some(said);
        }
        let bridge = self.bridge.as_mut()?;
        match bridge.hear_status(bridge.below(topic)?.to_owned().as_str(), payload) {
            Ok(is_one) => is_one.then_some(Ok(())),
            Err(rejected) => Some(Err(rejected)),
        }
    }

    /// Which sensors are there and which are gone, of those that say so or of which the broker says it.
    #[must_use]
    pub fn are_there(&self) -> BTreeMap<SensorId, bool> {
        let mut all = self.wills.are_there();
        if let Some(bridge) = &self.bridge {
            let declared = self
                .by_topic
                .iter()
                .flat_map(|(topic, ids)| ids.iter().filter_map(|id| bridge.below(topic).map(|name| (name, id))));
            let told = declared.chain(bridge.sensors());
            all.extend(told.filter_map(|(name, id)| bridge.is_there(name).map(|is_there| (id.clone(), is_there))));
        }
        all
    }
}

/// Where the device behind a topic says whether it is there: Tasmota's `tele/DEVICE/LWT`, an ESPresense node's `status`.
fn will_of(topic: &str) -> Option<String> {
    if let Some(rest) = topic.strip_prefix("espresense/rooms/") {
        let (room, leaf) = rest.split_once('/')?;
        return (!leaf.contains('/')).then(|| format!("espresense/rooms/{room}/status"));
    }
    let device = topic.strip_prefix("stat/").and_then(|rest| rest.rsplit_once('/')).map(|(device, _)| device);
    let device = device.or_else(|| topic.strip_prefix("tele/")?.strip_suffix("/SENSOR"))?;
    Some(format!("tele/{device}/LWT"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_devices_will_lies_beside_its_reports() {
        for (topic, will) in [
            ("stat/hall/PIR1", Some("tele/hall/LWT")),
            ("tele/radar/SENSOR", Some("tele/radar/LWT")),
            ("tele/floor/1/SENSOR", Some("tele/floor/1/LWT")),
            ("espresense/rooms/shelf/raw_weight", Some("espresense/rooms/shelf/status")),
            ("espresense/devices/x/shelf", None),
            ("xovis/push", None),
            ("counter/door", None),
            ("", None),
        ] {
            assert_eq!(will_of(topic).as_deref(), will, "{topic}");
        }
    }
}
