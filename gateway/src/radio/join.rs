//! Puts together again what `btleplug` takes apart: strength and data of one advertisement come as separate events.
//!
//! They come back to back and in order: first the strength, then each kind of data. Data without a strength of its own
//! belongs to the strength just before it; a strength alone says only that somebody is there.

use std::collections::{BTreeMap, HashMap, VecDeque};

use model::time::Millis;

use super::structures::{Uuid, push_manufacturer, push_service};

/// Most transmitters that are remembered; the one heard first makes room.
const DEVICES_MAX: usize = 1_024;
/// A strength that is older than this does not belong to the data any more.
const STRENGTH_LIFE: Millis = Millis(2_000);

/// One part of an advertisement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// How strong it was.
    Strength(i16),
    /// What makers put into it, by company.
    Manufacturer(BTreeMap<u16, Vec<u8>>),
    /// What services put into it, by UUID.
    Service(Vec<(Uuid, Vec<u8>)>),
}

/// A whole advertisement again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Whole {
    /// How strong it was, in dBm.
    pub rssi: i8,
    /// Its structures.
    pub bytes: Vec<u8>,
}

/// Joins parts by device.
#[derive(Debug, Default)]
pub struct Joiner {
    strengths: HashMap<String, (i8, Millis)>,
    order: VecDeque<String>,
}

impl Joiner {
    /// Takes one part of a device; gives the advertisement when it is whole.
    pub fn add(&mut self, device: &str, part: &Part, now: Millis) -> Option<Whole> {
        let mut structures = Vec::new();
        match part {
            Part::Strength(rssi) => {
                self.remember(device, *rssi, now);
                return None;
            }
            Part::Manufacturer(all) => {
                all.iter().for_each(|(company, data)| push_manufacturer(&mut structures, *company, data));
            }
            Part::Service(all) => all.iter().for_each(|(uuid, data)| push_service(&mut structures, *uuid, data)),
        }
        let (rssi, at) = *self.strengths.get(device)?;
        (now.0 - at.0 <= STRENGTH_LIFE.0 && !structures.is_empty()).then_some(Whole { rssi, bytes: structures })
    }

    fn remember(&mut self, device: &str, rssi: i16, now: Millis) {
        // 127 is how a radio says that it does not know.
        let Some(rssi) = i8::try_from(rssi).ok().filter(|rssi| *rssi < 21) else {
            return;
        };
        if let Some(strength) = self.strengths.get_mut(device) {
            *strength = (rssi, now);
            return;
        }
        if self.order.len() >= DEVICES_MAX
            && let Some(first) = self.order.pop_front()
        {
            self.strengths.remove(&first);
        }
        self.order.push_back(device.to_owned());
        self.strengths.insert(device.to_owned(), (rssi, now));
    }
}

#[cfg(test)]
mod tests {
    use wire::ble::frame::{self, Frame};
    use wire::ble::ibeacon::IBeacon;

    use super::*;

    fn manufacturer() -> (Part, Frame) {
        let beacon = IBeacon { uuid: [7; 16], major: 1, minor: 2, power: -59 };
        let whole = beacon.to_advertisement();
        let structure = wire::ble::ad::structures(&whole).find_map(|s| s.manufacturer()).expect("an iBeacon");
        (Part::Manufacturer(BTreeMap::from([(structure.0, structure.1.to_vec())])), Frame::IBeacon(beacon))
    }

    #[test]
    fn strength_and_data_of_one_device_become_one_advertisement() {
        let mut joiner = Joiner::default();
        let (data, beacon) = manufacturer();
        assert_eq!(joiner.add("a", &Part::Strength(-61), Millis(0)), None);
        assert_eq!(joiner.add("b", &Part::Strength(-80), Millis(0)), None);
        let whole = joiner.add("a", &data, Millis(1)).expect("whole");
        assert_eq!((whole.rssi, frame::decode(&whole.bytes).best()), (-61, Some(beacon)));
        assert_eq!(joiner.add("c", &data, Millis(1)), None, "without a strength it says nothing");
    }

    #[test]
    fn an_old_or_impossible_strength_is_not_used() {
        let mut joiner = Joiner::default();
        let (data, _) = manufacturer();
        joiner.add("a", &Part::Strength(-61), Millis(0));
        assert_eq!(joiner.add("a", &data, Millis(2_001)), None);
        joiner.add("b", &Part::Strength(127), Millis(0));
        assert_eq!(joiner.add("b", &data, Millis(0)), None);
        let monster = Part::Service(vec![(Uuid::Short(0xfeaa), vec![0; 300])]);
        joiner.add("b", &Part::Strength(-50), Millis(0));
        assert_eq!(joiner.add("b", &monster, Millis(0)), None);
    }

    #[test]
    fn a_flood_of_devices_does_not_grow_the_table() {
        let mut joiner = Joiner::default();
        for n in 0..10_000 {
            joiner.add(&format!("d{n}"), &Part::Strength(-60), Millis(n));
        }
        assert_eq!((joiner.order.len(), joiner.strengths.len()), (DEVICES_MAX, DEVICES_MAX));
    }
}
