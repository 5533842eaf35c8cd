//! What the tests of this crate share: values of every kind.

use model::ids::ReceiverId;
use model::units::Dbm;
use proptest::prelude::*;

use crate::ble::address::{Address, AddressKind};
use crate::ble::altbeacon::AltBeacon;
use crate::ble::eddystone::{Eid, EncryptedTlm, Tlm, Uid};
use crate::ble::frame::Frame;
use crate::ble::ibeacon::IBeacon;
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

/// Frames of every kind.
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
        frame,
        rssi: Dbm(f32::from(rssi)),
        variance: None,
        power_at_1m: frame.as_ref().and_then(Frame::power_at_1m),
        at: None,
    })
}
