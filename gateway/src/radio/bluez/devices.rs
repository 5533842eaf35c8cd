//! What BlueZ says of devices, made into advertisements: one change of properties is one advertisement.

use std::collections::HashMap;

use wire::ble::address::{Address, AddressKind};
use zbus::Variant;

use crate::radio::structures::{self, Uuid};

/// Most devices whose facts are remembered; further ones are heard without them.
pub(super) const DEVICES_MAX: usize = 16_384;
/// Most services of one device that are taken; more don't fit into an advertisement.
const SERVICES_MAX: usize = 32;

/// The properties of one object, as a signal or an answer brings them.
pub(super) type Properties<'a> = HashMap<&'a str, Variant<'a>>;

/// One advertisement of a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Heard {
    pub(super) address: Address,
    pub(super) rssi: i8,
    pub(super) bytes: Vec<u8>,
}

/// What stays the same from one advertisement to the next, and is therefore told once.
#[derive(Debug, Clone)]
struct Facts {
    kind: AddressKind,
    rssi: Option<i8>,
    power: Option<i8>,
    services: Vec<Uuid>,
}

/// The devices of one adapter that BlueZ knows now.
#[derive(Debug, Default)]
pub(super) struct Devices {
    known: HashMap<[u8; 6], Facts>,
}

impl Devices {
    /// A device appeared; with a strength it has just been heard, and its data came along.
    pub(super) fn appeared(&mut self, address: [u8; 6], properties: &Properties<'_>) -> Option<Heard> {
        self.remember(address, properties);
        strength(properties)?;
        self.changed(address, properties)
    }

    /// A device that was there before anybody listened: what it says is old.
    pub(super) fn remember(&mut self, address: [u8; 6], properties: &Properties<'_>) {
        if self.known.len() < DEVICES_MAX || self.known.contains_key(&address) {
            let facts = Facts { kind: kind(properties), rssi: None, power: None, services: Vec::new() };
            self.known.insert(address, facts);
        }
    }

    /// Properties of a device changed: that is one advertisement, unless nothing of it came over the air.
    pub(super) fn changed(&mut self, address: [u8; 6], properties: &Properties<'_>) -> Option<Heard> {
        let mut unknown = Facts { kind: AddressKind::Unknown, rssi: None, power: None, services: Vec::new() };
        let facts = self.known.get_mut(&address).unwrap_or(&mut unknown);
        if let Some(uuids) = properties.get("UUIDs") {
            facts.services = uuid_list(uuids);
        }
        if let Some(Variant::I16(power)) = properties.get("TxPower") {
            facts.power = i8::try_from(*power).ok();
        }
        let fresh = strength(properties);
        facts.rssi = fresh.or(facts.rssi);
        if fresh.is_none() && !properties.contains_key("ManufacturerData") && !properties.contains_key("ServiceData") {
            return None;
        }
        // BlueZ leaves the strength out when it is the same as before, if another program asked it to.
        let rssi = facts.rssi?;
        let mut bytes = Vec::with_capacity(64);
        structures::push_services(&mut bytes, &facts.services);
        if let Some(power) = facts.power {
            structures::push_tx_power(&mut bytes, power);
        }
        push_manufacturers(&mut bytes, properties.get("ManufacturerData"));
        push_service_data(&mut bytes, properties.get("ServiceData"));
        Some(Heard { address: Address { bytes: address, kind: facts.kind }, rssi, bytes })
    }

    /// A device is gone.
    pub(super) fn vanished(&mut self, address: [u8; 6]) {
        self.known.remove(&address);
    }

    /// How many are remembered.
    #[cfg(test)]
    fn len(&self) -> usize {
        self.known.len()
    }
}

/// The name of the adapter and the address in an object's path such as `/org/bluez/hci0/dev_C0_FF_EE_12_34_56`.
pub(super) fn device_path(path: &str) -> Option<(&str, [u8; 6])> {
    let (adapter, device) = path.strip_prefix("/org/bluez/")?.split_once("/dev_")?;
    let mut pairs = device.split('_');
    let mut address = [0; 6];
    for byte in &mut address {
        let pair =
            pairs.next().filter(|pair| pair.len() == 2 && pair.bytes().all(|digit| digit.is_ascii_hexdigit()))?;
        *byte = u8::from_str_radix(pair, 16).ok()?;
    }
    (pairs.next().is_none() && !adapter.contains('/')).then_some((adapter, address))
}

/// The adapter's name in its path.
pub(super) fn adapter_path(path: &str) -> Option<&str> {
    path.strip_prefix("/org/bluez/").filter(|name| !name.is_empty() && !name.contains('/'))
}

fn strength(properties: &Properties<'_>) -> Option<i8> {
    let Some(Variant::I16(rssi)) = properties.get("RSSI") else { return None };
    // 127 is how a radio says that it does not know.
    i8::try_from(*rssi).ok().filter(|rssi| *rssi <= 20)
}

fn kind(properties: &Properties<'_>) -> AddressKind {
    let Some(Variant::Str(kind)) = properties.get("AddressType") else { return AddressKind::Unknown };
    AddressKind::from_name(kind.as_str()).unwrap_or(AddressKind::Unknown)
}

fn uuid_list(uuids: &Variant<'_>) -> Vec<Uuid> {
    let Variant::Array(uuids) = uuids else { return Vec::new() };
    let text = |uuid: &Variant<'_>| if let Variant::Str(text) = uuid { Uuid::parse(text.as_str()) } else { None };
    let texts = uuids.iter().filter_map(text);
    texts.take(SERVICES_MAX).collect()
}

fn push_manufacturers(bytes: &mut Vec<u8>, data: Option<&Variant<'_>>) {
    let Some(Variant::Dict(data)) = data else { return };
    for (company, data) in data.iter() {
        if let (Variant::U16(company), Some(data)) = (company, octets(data)) {
            structures::push_manufacturer(bytes, *company, &data);
        }
    }
}

fn push_service_data(bytes: &mut Vec<u8>, data: Option<&Variant<'_>>) {
    let Some(Variant::Dict(data)) = data else { return };
    for (uuid, data) in data.iter() {
        if let (Variant::Str(uuid), Some(data)) = (uuid, octets(data))
            && let Some(uuid) = Uuid::parse(uuid.as_str())
        {
            structures::push_service(bytes, uuid, &data);
        }
    }
}

fn octets(value: &Variant<'_>) -> Option<Vec<u8>> {
    if let Variant::Variant(inner) = value {
        return octets(inner);
    }
    let Variant::Array(array) = value else { return None };
    array.iter().map(|one| if let Variant::U8(byte) = one { Some(*byte) } else { None }).collect()
}

#[cfg(test)]
mod tests {
    use wire::ble::frame::{self, Frame};
    use wire::ble::ibeacon::IBeacon;
    use wire::ble::{ad, eddystone};

    use super::*;

    const ADDRESS: [u8; 6] = [0x40, 1, 2, 3, 4, 5];

    fn manufacturer(beacon: IBeacon) -> Variant<'static> {
        let whole = beacon.to_advertisement();
        let (company, data) = ad::structures(&whole).find_map(|s| s.manufacturer()).expect("an iBeacon");
        Variant::from(HashMap::from([(company, Variant::from(data.to_vec()))]))
    }

    fn beacon() -> IBeacon {
        IBeacon { uuid: [7; 16], major: 1, minor: 2, power: -59 }
    }

    #[test]
    fn the_first_one_and_each_later_one_are_whole_advertisements() {
        let mut devices = Devices::default();
        let first = HashMap::from([
            ("AddressType", Variant::from("random")),
            ("RSSI", Variant::from(-61_i16)),
            ("ManufacturerData", manufacturer(beacon())),
        ]);
        let heard = devices.appeared(ADDRESS, &first).expect("it was heard");
        assert_eq!((heard.rssi, heard.address), (-61, Address { bytes: ADDRESS, kind: AddressKind::Random }));
        assert_eq!(frame::decode(&heard.bytes).best(), Some(Frame::IBeacon(beacon())));
        let later = HashMap::from([("RSSI", Variant::from(-70_i16)), ("ManufacturerData", manufacturer(beacon()))]);
        let heard = devices.changed(ADDRESS, &later).expect("heard again");
        assert_eq!((heard.rssi, heard.address.kind), (-70, AddressKind::Random), "what was told once is remembered");
    }

    #[test]
    fn service_data_lists_and_power_become_structures_again() {
        let mut devices = Devices::default();
        let eid = eddystone::eid_adv([9; 8], -18);
        let (uuid, data) = ad::structures(&eid).find_map(|s| s.service16()).expect("service data");
        let uuid = format!("0000{uuid:04x}-0000-1000-8000-00805f9b34fb");
        let all = HashMap::from([
            ("RSSI", Variant::from(-50_i16)),
            ("TxPower", Variant::from(4_i16)),
            ("UUIDs", Variant::from(vec![uuid.clone(), "a7710003-0000-4000-8000-000000000001".to_owned()])),
            ("ServiceData", Variant::from(HashMap::from([(uuid, Variant::from(data.to_vec()))]))),
        ]);
        let heard = devices.appeared(ADDRESS, &all).expect("heard");
        let kinds: Vec<u8> = ad::structures(&heard.bytes).map(|one| one.kind).collect();
        assert_eq!(kinds, [0x03, 0x07, 0x0a, 0x16]);
        assert!(matches!(frame::decode(&heard.bytes).best(), Some(Frame::Eid(_))), "{heard:?}");
        let strength = HashMap::from([("RSSI", Variant::from(-51_i16))]);
        let heard = devices.changed(ADDRESS, &strength).expect("a strength alone is an advertisement without data");
        assert_eq!(ad::structures(&heard.bytes).count(), 3);
    }

    #[test]
    fn what_did_not_come_over_the_air_is_no_advertisement() {
        let mut devices = Devices::default();
        let cached = HashMap::from([("AddressType", Variant::from("public"))]);
        assert_eq!(devices.appeared(ADDRESS, &cached), None, "a device from BlueZ's own memory");
        assert_eq!(devices.changed(ADDRESS, &HashMap::from([("Alias", Variant::from("x"))])), None);
        let data = HashMap::from([("ManufacturerData", manufacturer(beacon()))]);
        assert_eq!(devices.changed(ADDRESS, &data), None, "nobody ever said how strong it is");
        let unknown = HashMap::from([("RSSI", Variant::from(127_i16)), ("ManufacturerData", manufacturer(beacon()))]);
        assert_eq!(devices.changed(ADDRESS, &unknown), None);
        let good = HashMap::from([("RSSI", Variant::from(-40_i16))]);
        assert!(devices.changed(ADDRESS, &good).is_some());
        assert_eq!(devices.changed(ADDRESS, &data).map(|heard| heard.rssi), Some(-40), "the strength did not change");
    }

    #[test]
    fn paths_that_are_not_exactly_a_device_are_refused() {
        assert_eq!(
            device_path("/org/bluez/hci1/dev_C0_FF_EE_12_34_56"),
            Some(("hci1", [0xc0, 0xff, 0xee, 0x12, 0x34, 0x56]))
        );
        for wrong in [
            "/org/bluez/hci0",
            "/org/bluez/hci0/dev_C0_FF_EE_12_34",
            "/org/bluez/hci0/dev_C0_FF_EE_12_34_56/service0001",
            "/org/bluez/hci0/dev_C0_FF_EE_12_34_5",
            "/org/bluez/hci0/dev_+0_FF_EE_12_34_é",
            "/org/other/hci0/dev_C0_FF_EE_12_34_56",
        ] {
            assert_eq!(device_path(wrong), None, "{wrong}");
        }
        assert_eq!((adapter_path("/org/bluez/hci0"), adapter_path("/org/bluez/hci0/x")), (Some("hci0"), None));
    }

    #[test]
    fn a_flood_of_devices_does_not_grow_the_table() {
        let mut devices = Devices::default();
        for number in 0..40_000_u32 {
            let [a, b, c, d] = number.to_be_bytes();
            let heard = devices.appeared([1, 2, a, b, c, d], &HashMap::from([("RSSI", Variant::from(-40_i16))]));
            assert!(heard.is_some(), "it is heard all the same");
        }
        assert_eq!(devices.len(), DEVICES_MAX);
        devices.vanished([1, 2, 0, 0, 0, 1]);
        assert_eq!(devices.len(), DEVICES_MAX - 1);
    }
}
