//! Sensors of zigbee2mqtt that nobody had to declare: they are found in the bridge's own list.

use std::collections::BTreeMap;

use model::ids::SensorId;
use wire::vendor::zigbee::{self, DEVICES_MAX, Found};
use wire::vendor::{Rejected, status};

/// What one bridge has.
#[derive(Debug)]
pub(super) struct Bridge {
    base: String,
    filter: String,
    by_name: BTreeMap<String, SensorId>,
    /// Whether the bridge itself is there, if it has said so.
    is_there: Option<bool>,
    /// Which devices are there, by name: a kept word may come before the list does.
    available: BTreeMap<String, bool>,
}

impl Bridge {
    pub(super) fn new(base: &str) -> Self {
        Self {
            base: base.to_owned(),
            filter: format!("{base}/#"),
            by_name: BTreeMap::new(),
            is_there: None,
            available: BTreeMap::new(),
        }
    }

    /// What to subscribe to: names may hold slashes, so that everything below the base is needed.
    pub(super) fn filter(&self) -> &str {
        &self.filter
    }

    /// What a topic says below the base; nothing when it lies elsewhere.
    pub(super) fn below<'t>(&self, topic: &'t str) -> Option<&'t str> {
        topic.strip_prefix(&self.base)?.strip_prefix('/')
    }

    /// Takes the list of devices in; sensors that are gone from it are forgotten.
    pub(super) fn learn(&mut self, payload: &[u8]) -> Result<(), Rejected> {
        let found = zigbee::decode_devices(payload)?;
        let known = self.by_name.len();
        self.by_name = found.into_iter().map(|Found { name, sensor }| (name, sensor)).collect();
        if self.by_name.len() != known {
            tracing::info!(sensors = self.by_name.len(), base = self.base, "sensors of zigbee2mqtt were found");
        }
        Ok(())
    }

    /// Takes in what the bridge says of itself, or of a device; whether it was something of the kind.
    pub(super) fn hear_status(&mut self, name: &str, payload: &[u8]) -> Result<bool, Rejected> {
        if name == "bridge/state" {
            self.is_there = Some(status::read(payload)?);
            return Ok(true);
        }
        let Some(device) = name.strip_suffix("/availability") else { return Ok(false) };
        // An empty message takes back what was kept of a device that is gone from the list.
        if payload.is_empty() {
            return Ok(self.available.remove(device).is_some());
        }
        let is_there = status::read(payload)?;
        if self.available.len() < DEVICES_MAX || self.available.contains_key(device) {
            self.available.insert(device.to_owned(), is_there);
        }
        Ok(true)
    }

    /// Whether a device is there: not while the bridge is gone, which hears for all of them.
    pub(super) fn is_there(&self, name: &str) -> Option<bool> {
        match (self.is_there, self.available.get(name)) {
            (Some(false), _) => Some(false),
            (_, Some(is_there)) => Some(*is_there),
            (is_there, None) => is_there,
        }
    }

    /// The sensors that were found, by name.
    pub(super) fn sensors(&self) -> impl Iterator<Item = (&str, &SensorId)> {
        self.by_name.iter().map(|(name, sensor)| (name.as_str(), sensor))
    }

    pub(super) fn sensor(&self, name: &str) -> Option<&SensorId> {
        self.by_name.get(name)
    }
}
