//! A device on the bus: `org.bluez.Device1`, with every property that scanning clients ask for.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use wire::ble::address::Address;
use zbus::{ObjectPath, OwnedObjectPath, OwnedVariant, Variant, interface};

use super::{Advertisement, Parts, colons, kind_word, lock, split};

/// What was last heard of a device, shared with its object on the bus.
#[derive(Debug, Clone, Default)]
pub(super) struct Shared {
    facts: Arc<Mutex<Facts>>,
}

#[derive(Debug, Default)]
struct Facts {
    rssi: i16,
    parts: Parts,
}

impl Shared {
    pub(super) fn set(&self, advertisement: &Advertisement) {
        *lock(&self.facts) = Facts { rssi: advertisement.rssi, parts: split(&advertisement.bytes) };
    }

    /// One advertisement's change of properties: strength and data together.
    pub(super) fn changes(&self, with_rssi: bool) -> HashMap<&'static str, Variant<'static>> {
        let facts = lock(&self.facts);
        let mut changed = HashMap::new();
        if with_rssi {
            changed.insert("RSSI", Variant::from(facts.rssi));
        }
        if !facts.parts.manufacturer.is_empty() {
            changed.insert("ManufacturerData", Variant::from(manufacturer(&facts.parts)));
        }
        if !facts.parts.service.is_empty() {
            changed.insert("ServiceData", Variant::from(service(&facts.parts)));
        }
        changed
    }
}

/// A device.
#[derive(Debug)]
pub(super) struct Device {
    address: Address,
    adapter: String,
    facts: Shared,
}

impl Device {
    pub(super) const fn new(address: Address, adapter: String, facts: Shared) -> Self {
        Self { address, adapter, facts }
    }
}

#[interface(name = "org.bluez.Device1")]
impl Device {
    #[zbus(property)]
    fn address(&self) -> String {
        colons(&self.address)
    }

    #[zbus(property)]
    fn address_type(&self) -> &'static str {
        kind_word(self.address.kind)
    }

    #[zbus(property)]
    fn alias(&self) -> String {
        colons(&self.address).replace(':', "-")
    }

    #[zbus(property)]
    fn paired(&self) -> bool {
        false
    }

    #[zbus(property)]
    fn bonded(&self) -> bool {
        false
    }

    #[zbus(property)]
    fn trusted(&self) -> bool {
        false
    }

    #[zbus(property)]
    fn blocked(&self) -> bool {
        false
    }

    #[zbus(property)]
    fn legacy_pairing(&self) -> bool {
        false
    }

    #[zbus(property)]
    fn connected(&self) -> bool {
        false
    }

    #[zbus(property)]
    fn services_resolved(&self) -> bool {
        false
    }

    #[zbus(property)]
    fn adapter(&self) -> OwnedObjectPath {
        let root = || OwnedObjectPath::from(ObjectPath::from_static_str_unchecked("/"));
        OwnedObjectPath::try_from(self.adapter.as_str()).unwrap_or_else(|_| root())
    }

    #[zbus(property, name = "RSSI")]
    fn rssi(&self) -> i16 {
        lock(&self.facts.facts).rssi
    }

    #[zbus(property, name = "UUIDs")]
    fn uuids(&self) -> Vec<String> {
        lock(&self.facts.facts).parts.uuids.clone()
    }

    #[zbus(property)]
    fn manufacturer_data(&self) -> HashMap<u16, OwnedVariant> {
        let facts = lock(&self.facts.facts);
        manufacturer(&facts.parts).into_iter().filter_map(|(k, v)| Some((k, v.try_into().ok()?))).collect()
    }

    #[zbus(property)]
    fn service_data(&self) -> HashMap<String, OwnedVariant> {
        let facts = lock(&self.facts.facts);
        service(&facts.parts).into_iter().filter_map(|(k, v)| Some((k, v.try_into().ok()?))).collect()
    }
}

fn manufacturer(parts: &Parts) -> HashMap<u16, Variant<'static>> {
    parts.manufacturer.iter().map(|(company, data)| (*company, Variant::from(data.clone()))).collect()
}

fn service(parts: &Parts) -> HashMap<String, Variant<'static>> {
    parts.service.iter().map(|(uuid, data)| (uuid.clone(), Variant::from(data.clone()))).collect()
}
