//! One golden message per quirk of the nodes' firmware, and the way there and back.

use proptest::prelude::*;

use super::*;
use crate::testing::{self, bytes, hex};

const TOPIC: &str = "espresense/devices/anything/bakery";

fn one(payload: &[u8]) -> Heard {
    let mut heard = decode(TOPIC, payload).expect("a right message");
    assert_eq!(heard.len(), 1);
    heard.remove(0)
}

#[test]
fn strength_is_taken_as_filtered_and_its_variance_as_the_noise() {
    let heard = one(include_bytes!("../../../testdata/espresense/rolling-id.json"));
    assert_eq!(heard.rssi, Dbm(-71.25), "rxAdj is off it already");
    assert_eq!(heard.variance, Some(2.56));
    assert_eq!(heard.power_at_1m, Some(-61));
    assert_eq!(heard.receiver.as_str(), "bakery");
    assert_eq!(heard.at, None, "nodes do not say when");
}

#[test]
fn rolling_id_comes_out_of_an_ibeacon() {
    let heard = one(include_bytes!("../../../testdata/espresense/rolling-id.json"));
    let id = heard.frame().and_then(|frame| frame.rolling([0xa7, 0x71, 0x00, 0x01])).expect("a rolling id");
    assert_eq!(hex::encode(id.eid), "b97ef0466857531c");
    assert_eq!(hex::encode(id.tag), "0102030405060708");
}

#[test]
fn the_doubled_byte_of_an_eddystone_namespace_is_taken_out() {
    let heard = one(include_bytes!("../../../testdata/espresense/eddystone-doubled.json"));
    let expected = Uid { namespace: bytes("00010203040506070809"), instance: bytes("0a0b0c0d0e0f"), power_at_0m: -25 };
    // The fifth byte is 04; the file has it once more, as the firmware prints it.
    assert_eq!(heard.frame(), Some(Frame::Uid(expected)));
}

#[test]
fn an_eddystone_namespace_of_the_right_length_is_taken_as_it_is() {
    let heard =
        one(br#"{"mac":"c1d2e3f40506","id":"eddy:00010203040506070809-0a0b0c0d0e0f","rssi@1m":-66,"rssi":-80}"#);
    assert!(matches!(heard.frame(), Some(Frame::Uid(uid)) if uid.namespace.to_vec() == hex("00010203040506070809")));
}

#[test]
fn names_keys_and_the_old_raw_distance_are_not_taken_over() {
    let heard = one(include_bytes!("../../../testdata/espresense/named-phone.json"));
    assert_eq!(heard.frame(), None);
    assert_eq!(heard.rssi, Dbm(-86.0));
    let text = format!("{heard:?}");
    for secret in ["Anna", "anna", "5.24", "00112233445566778899aabbccddeeff", "58b1294494d3"] {
        assert!(!text.contains(secret), "{text}");
    }
}

#[test]
fn an_altbeacon_arrives_without_its_id_and_is_told_apart_by_its_address() {
    let heard = one(include_bytes!("../../../testdata/espresense/altbeacon-mislabelled.json"));
    assert_eq!(heard.frame(), None);
    assert_eq!(heard.address.map(Address::to_lower).as_deref(), Some("c0ffee000001"));
}

#[test]
fn the_nodes_own_advertisements_are_known_by_a_number_made_of_their_name() {
    let heard = one(include_bytes!("../../../testdata/espresense/own-node.json"));
    let known = heard.frame().and_then(|frame| frame.known([0; 4], &[])).expect("a node needs no setting");
    assert_eq!(model::anchor::Advertised::of(&known), model::anchor::Advertised::parse("node:bakery"));
    let unnamed = br#"{"mac":"3c71bf000001","id":"iBeacon:e5ca1ade-f007-ba11-0000-000000000000-40-23783","rssi":-70}"#;
    let known =
        one(unnamed).frame().and_then(|frame| frame.known([0; 4], &[])).expect("a node that others don't know yet");
    let numbers = "e5ca1ade-f007-ba11-0000-000000000000-40-23783";
    assert_eq!(model::anchor::Advertised::of(&known), model::anchor::Advertised::parse(numbers));
}

#[test]
fn identity_is_never_taken_from_the_topic() {
    let payload = br#"{"mac":"58b1294494d3","id":"exp:20","rssi":-80}"#;
    let topic = "espresense/devices/iBeacon:a7710001-b97e-f046-6857-531c01020304-1286-1800/bakery";
    assert_eq!(decode(topic, payload).expect("a right message")[0].frame(), None);
}

#[test]
fn ids_that_only_look_like_a_frame_are_names() {
    for id in [
        "iBeacon:",
        "iBeacon:zz-1-2",
        "iBeacon:a7710001-70000-1",
        "eddy:00-00",
        "eddy:",
        "iBeacon:é-1-2",
        "eddy:ééééééééééé-0a0b0c0d0e0f",
    ] {
        let payload = format!(r#"{{"mac":"58b1294494d3","id":"{id}","rssi":-80}}"#);
        assert_eq!(one(payload.as_bytes()).frame(), None, "{id}");
    }
}

#[test]
fn status_and_telemetry_are_read_leniently() {
    let bakery = ReceiverId::new("bakery").expect("a name");
    let topic = "espresense/rooms/bakery/status";
    assert_eq!(decode_status(topic, b"online"), Ok((bakery.clone(), true)));
    assert_eq!(decode_status(topic, b"offline"), Ok((bakery.clone(), false)));
    assert_eq!(decode_status(topic, b"ONLINE").expect_err("another word").code(), "malformed");
    assert_eq!(decode_status(TOPIC, b"online").expect_err("another topic").code(), "unknown-topic");
    let topic = "espresense/rooms/bakery/telemetry";
    let telemetry = decode_telemetry(topic, include_bytes!("../../../testdata/espresense/telemetry.json"));
    let expected = Telemetry { receiver: bakery, uptime_s: Some(3_605), adverts: Some(90_210), reported: Some(8_123) };
    assert_eq!(telemetry, Ok(expected.clone()));
    let written = encode_telemetry(&expected);
    assert_eq!(decode_telemetry(&written.topic, &written.payload), Ok(expected.clone()));
    let bare = Telemetry { uptime_s: None, adverts: None, reported: None, ..expected };
    assert_eq!(decode_telemetry(topic, b"{}"), Ok(bare));
    let gone = encode_status(&ReceiverId::new("bakery").expect("a name"), false);
    assert_eq!((gone.topic.as_str(), gone.payload.as_slice()), ("espresense/rooms/bakery/status", &b"offline"[..]));
}

#[test]
fn a_node_writes_its_fields_in_its_order() {
    let heard = one(include_bytes!("../../../testdata/espresense/rolling-id.json"));
    let message = encode(&heard, 212).expect("an iBeacon is passed on");
    assert_eq!(message.topic, "espresense/devices/iBeacon:a7710001-b97e-f046-6857-531c01020304-1286-1800/bakery");
    assert_eq!(
        String::from_utf8(message.payload).expect("text"),
        r#"{"mac":"5a11c0ffee07","id":"iBeacon:a7710001-b97e-f046-6857-531c01020304-1286-1800","rssi@1m":-61,"rssi":-71.25,"rxAdj":0,"rssiVar":2.56,"distance":2.4,"var":0.11,"int":212}"#
    );
}

#[test]
fn a_node_keeps_silent_about_ephemeral_ids_and_rotating_addresses() {
    let rotating = Address { bytes: [0x5a; 6], kind: AddressKind::Random };
    let staying = Address { bytes: [0xda; 6], kind: AddressKind::Random };
    let eid = Frame::Eid(crate::ble::eddystone::Eid { eid: [7; 8], power_at_0m: -18 });
    let mut heard = one(include_bytes!("../../../testdata/espresense/named-phone.json"));
    for (address, frame, is_told) in
        [(rotating, None, false), (rotating, Some(eid), false), (staying, None, true), (staying, Some(eid), true)]
    {
        heard.address = Some(address);
        heard.frames = frame.into();
        assert_eq!(encode(&heard, 100).is_some(), is_told, "{address:?} {frame:?}");
    }
}

/// What a node can pass on: iBeacons and fixed Eddystone ids, with strengths to two places.
fn passed_on() -> impl Strategy<Value = Heard> {
    let power = -87i8..0;
    let frame = prop_oneof![testing::ibeacon().prop_map(Frame::IBeacon), testing::uid().prop_map(Frame::Uid),];
    (any::<[u8; 6]>(), frame, power, -12_000i32..=2_000, proptest::option::of(0u32..=100_000)).prop_map(
        |(bytes, mut frame, power, rssi, variance)| {
            match &mut frame {
                Frame::IBeacon(beacon) => beacon.power = power,
                Frame::Uid(uid) => uid.power_at_0m = power + EDDYSTONE_LOSS,
                Frame::AltBeacon(_)
                | Frame::Eid(_)
                | Frame::Tlm(_)
                | Frame::EncryptedTlm(_)
                | Frame::Service(_)
                | Frame::Measures(_)
                | Frame::SealedMeasures(_)
                | Frame::Exposure(_)
                | Frame::Overflow(_) => {}
            }
            Heard {
                receiver: ReceiverId::new("bakery").expect("a name"),
                address: Some(Address { bytes, kind: AddressKind::Unknown }),
                frames: Some(frame).into(),
                rssi: Dbm(narrow(f64::from(rssi) / 100.0)),
                variance: variance.map(|variance| narrow(f64::from(variance) / 100.0)),
                power_at_1m: Some(power),
                at: None,
            }
        },
    )
}

proptest! {
    #[test]
    fn what_a_node_writes_is_read_back(heard in passed_on(), interval_ms: u32) {
        let message = encode(&heard, interval_ms).expect("both kinds are passed on");
        prop_assert_eq!(decode(&message.topic, &message.payload), Ok(vec![heard]));
    }
}
