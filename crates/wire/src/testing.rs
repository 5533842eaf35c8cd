//! What the tests of this crate share: values of every kind.

use model::ids::ReceiverId;
use model::units::Dbm;
use proptest::prelude::*;

use crate::ble::address::{Address, AddressKind};
use crate::ble::altbeacon::AltBeacon;
use crate::ble::bthome::{self, Measures};
use crate::ble::eddystone::{Eid, EncryptedTlm, Tlm, Uid};
use crate::ble::exposure::Exposure;
use crate::ble::frame::Frame;
use crate::ble::ibeacon::IBeacon;
use crate::ble::overflow::Overflow;
use crate::ble::service::{self, ServiceData};
use crate::vendor::Heard;

pub(crate) fn hex(digits: &str) -> Vec<u8> {
    hex::decode(digits).expect("hexadecimal digits in a test")
}

pub(crate) fn bytes<const N: usize>(digits: &str) -> [u8; N] {
    hex(digits).try_into().expect("as many digits as the test says")
}

pub(crate) fn ibeacon() -> impl Strategy<Value = IBeacon> {
    (any::<[u8; 20]>(), any::<i8>()).prop_map(|(body, power)| IBeacon::from_body(body, power))
}

pub(crate) fn uid() -> impl Strategy<Value = Uid> {
    (any::<[u8; 10]>(), any::<[u8; 6]>(), any::<i8>()).prop_map(|(namespace, instance, power_at_0m)| Uid {
        namespace,
        instance,
        power_at_0m,
    })
}

/// What a sensor measures, in the steps that BTHome has, short enough for one advertisement.
pub(crate) fn measures() -> impl Strategy<Value = Measures> {
    use proptest::option::of;
    let first = (of(any::<u8>()), of(any::<u8>()), of(any::<i16>()), of(any::<bool>()));
    let second = (of(any::<u16>()), of(any::<u32>()), of(any::<bool>()));
    (first, second).prop_map(|((packet, battery, temperature_centi, somebody), (mass, count, open))| Measures {
        packet,
        battery,
        temperature_centi,
        somebody,
        open,
        count,
        mass_g: mass.map(|mass| u32::from(mass) * 10),
        ..Measures::default()
    })
}

/// Frames of every kind that fits 31 bytes, the ones that name nobody included.
pub(crate) fn any_frame() -> impl Strategy<Value = Frame> {
    let id = (any::<[u8; 20]>(), any::<i8>()).prop_map(|(mut body, power)| {
        body[0] = 0xa7;
        ServiceData::new(service::of_short(0xfeaa), &[&body[..], &[power.cast_unsigned()]].concat())
    });
    let short = (any::<[u8; 15]>(), proptest::collection::vec(any::<u8>(), 0..10)).prop_map(|(rest, data)| {
        let mut uuid = [1; 16];
        uuid[1..].copy_from_slice(&rest);
        ServiceData::new(uuid, &data)
    });
    let sealed = (measures(), any::<[u8; 16]>(), any::<[u8; 6]>(), any::<u32>()).prop_map(
        |(measures, key, address, counter)| {
            let measures = Measures { count: None, mass_g: None, ..measures };
            Frame::SealedMeasures(bthome::seal(&measures, &key, address, counter).expect("few measures fit"))
        },
    );
    prop_oneof![
        frame(),
        id.prop_map(Frame::Service),
        short.prop_map(Frame::Service),
        measures().prop_map(Frame::Measures),
        sealed,
        (any::<[u8; 16]>(), any::<[u8; 4]>()).prop_map(|(id, metadata)| Frame::Exposure(Exposure { id, metadata })),
        any::<[u8; 16]>().prop_map(|mask| Frame::Overflow(Overflow { mask })),
    ]
}

/// Frames of every kind that says who is there.
pub(crate) fn frame() -> impl Strategy<Value = Frame> {
    let altbeacon = (any::<u16>(), any::<[u8; 20]>(), any::<i8>(), any::<u8>())
        .prop_map(|(company, id, power, reserved)| AltBeacon { company, id, power, reserved });
    let eid = (any::<[u8; 8]>(), any::<i8>()).prop_map(|(eid, power_at_0m)| Eid { eid, power_at_0m });
    let tlm =
        (any::<u16>(), any::<i16>(), any::<u32>(), any::<u32>()).prop_map(|(mv, degrees, adverts, uptime_ds)| Tlm {
            battery_mv: (mv != 0).then_some(mv),
            temperature_256: (degrees != i16::MIN).then_some(degrees),
            adverts,
            uptime_ds,
        });
    prop_oneof![
        ibeacon().prop_map(Frame::IBeacon),
        altbeacon.prop_map(Frame::AltBeacon),
        eid.prop_map(Frame::Eid),
        uid().prop_map(Frame::Uid),
        tlm.prop_map(Frame::Tlm),
        any::<[u8; 16]>().prop_map(|sealed| Frame::EncryptedTlm(EncryptedTlm { sealed })),
    ]
}

pub(crate) fn address_kind() -> impl Strategy<Value = AddressKind> {
    prop_oneof![Just(AddressKind::Public), Just(AddressKind::Random), Just(AddressKind::Unknown)]
}

pub(crate) fn address() -> impl Strategy<Value = Address> {
    (any::<[u8; 6]>(), address_kind()).prop_map(|(bytes, kind)| Address { bytes, kind })
}

/// What a receiver that passes on raw frames hears: a whole strength, and the power that the frame claims.
pub(crate) fn heard(receiver: &'static str) -> impl Strategy<Value = Heard> {
    (address(), proptest::option::of(frame()), -127i8..=20).prop_map(move |(address, frame, rssi)| Heard {
        receiver: ReceiverId::new(receiver).expect("a receiver's name"),
        address: Some(address),
        frames: frame.into(),
        rssi: Dbm(f32::from(rssi)),
        variance: None,
        power_at_1m: frame.as_ref().and_then(Frame::power_at_1m),
        at: None,
    })
}
