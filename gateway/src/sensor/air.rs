//! Sensors that are heard over the air: BTHome, by their address, whoever relays them.

use std::collections::BTreeMap;

use model::ids::SensorId;
use wire::ble::bthome::{Ear, Measures, Packet};
use wire::ble::frame::Frame;

use crate::config::Sensor;

/// The ears for all sensors that have an address.
#[derive(Debug, Default)]
pub(super) struct Ears {
    by_address: BTreeMap<[u8; 6], (Ear, Vec<SensorId>)>,
}

impl Ears {
    pub(super) fn new(declared: &BTreeMap<SensorId, Sensor>) -> Self {
        let mut by_address: BTreeMap<[u8; 6], (Ear, Vec<SensorId>)> = BTreeMap::new();
        for (id, sensor) in declared {
            let Some(address) = sensor.address else { continue };
            let (ear, ids) = by_address.entry(address.0).or_default();
            if let Some(key) = sensor.key {
                *ear = Ear::new(Some(key.0));
            }
            ids.push(id.clone());
        }
        Self { by_address }
    }

    pub(super) fn knows(&self, address: [u8; 6]) -> bool {
        self.by_address.contains_key(&address)
    }

    /// The sensors of an address.
    pub(super) fn ids(&self, address: [u8; 6]) -> &[SensorId] {
        self.by_address.get(&address).map_or(&[], |(_, ids)| ids)
    }

    /// What a sensor says, and who it is; nothing when it says nothing that is measured.
    pub(super) fn hear(
        &mut self,
        address: [u8; 6],
        frame: &Frame,
    ) -> Option<Result<(Measures, Vec<SensorId>), wire::ble::bthome::Refused>> {
        let packet = match frame {
            Frame::Measures(measures) => Packet::Plain(*measures),
            Frame::SealedMeasures(sealed) => Packet::Sealed(*sealed),
            Frame::IBeacon(_)
            | Frame::AltBeacon(_)
            | Frame::Eid(_)
            | Frame::Uid(_)
            | Frame::Tlm(_)
            | Frame::EncryptedTlm(_)
            | Frame::Service(_)
            | Frame::Exposure(_)
            | Frame::Overflow(_) => return None,
        };
        let (ear, ids) = self.by_address.get_mut(&address)?;
        Some(ear.hear(&packet, address).map(|measures| (measures, ids.clone())))
    }
}
