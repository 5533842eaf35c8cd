//! Sensors of zigbee2mqtt that nobody had to declare: they are found in the bridge's own list.

use std::collections::BTreeMap;

use model::ids::SensorId;
use wire::vendor::Rejected;
use wire::vendor::zigbee::{self, Found};

/// What one bridge has.
#[derive(Debug)]
pub(super) struct Bridge {
    base: String,
    filter: String,
    by_name: BTreeMap<String, SensorId>,
}

impl Bridge {
    pub(super) fn new(base: &str) -> Self {
        Self { base: base.to_owned(), filter: format!("{base}/#"), by_name: BTreeMap::new() }
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

    pub(super) fn sensor(&self, name: &str) -> Option<&SensorId> {
        self.by_name.get(name)
    }
}
