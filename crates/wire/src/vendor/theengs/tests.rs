//! One golden message per quirk of the gateways, and the way there and back.

use proptest::prelude::*;

use super::*;
use crate::testing;

fn one(leaf: &str, payload: &[u8]) -> Heard {
    let topic = format!("home/TheengsGateway/BTtoMQTT/{leaf}");
    let mut heard = decode(&topic, payload).expect("a right message");
    assert_eq!(heard.len(), 1);
    heard.remove(0)
}

#[test]
fn rolling_id_comes_out_of_a_decoded_ibeacon() {
    let heard = one("F35285010203", include_bytes!("../../../testdata/theengs/ibeacon.json"));
    let id = heard.frame().and_then(|frame| frame.rolling([0xa7, 0x71, 0x00, 0x01])).expect("a rolling id");
    assert_eq!(hex::encode(id.eid), "b97ef0466857531c");
    assert_eq!(heard.power_at_1m, Some(-66));
    assert_eq!(heard.receiver.as_str(), "TheengsGateway");
    assert!(!format!("{heard:?}").contains("F35285"), "neither name nor address shows");
}

#[test]
fn volts_in_place_of_a_power_are_turned_back_and_not_believed() {
    let heard = one("x", include_bytes!("../../../testdata/theengs/ibeacon-volt.json"));
    assert!(matches!(heard.frame(), Some(Frame::IBeacon(beacon)) if beacon.power == 26));
    assert_eq!(heard.power_at_1m, None);
}

#[test]
fn a_decoded_ibeacon_is_kept_whatever_stands_beside_it() {
    let beacon = r#""id":"60:87:57:4C:9B:C2","rssi":-60,"uuid":"1de4b189115e45f6b44e509352269977","major":1,"minor":2,"txpower":-66"#;
    for beside in [
        r#""servicedata":"00","servicedatauuid":"6e400001-b5a3-f393-e0a9-e50e24dcca9e""#,
        r#""manufacturerdata":"4c00021""#,
    ] {
        let heard = one("x", format!("{{{beacon},{beside}}}").as_bytes());
        assert!(matches!(heard.frame(), Some(Frame::IBeacon(beacon)) if beacon.minor == 2), "{beside}");
        let alone = format!(r#"{{"id":"60:87:57:4C:9B:C2","rssi":-60,{beside}}}"#);
        let refused = decode("home/TheengsGateway/BTtoMQTT/x", alone.as_bytes()).expect_err("nothing was decoded");
        assert_eq!(refused.code(), "malformed", "{beside}");
    }
}

#[test]
fn an_ephemeral_id_passes_undecoded() {
    for leaf in ["undecoded", "5A11C0FFEE07"] {
        let heard = one(leaf, include_bytes!("../../../testdata/theengs/eid-undecoded.json"));
        assert!(matches!(heard.frame(), Some(Frame::Eid(eid)) if hex::encode(eid.eid) == "b97ef0466857531c"));
        assert_eq!(heard.address.map(|address| address.kind), Some(AddressKind::Random));
        assert_eq!(heard.power_at_1m, Some(-66));
    }
}

#[test]
fn identity_and_address_stand_in_the_payload_whatever_the_leaf_says() {
    let payload = include_bytes!("../../../testdata/theengs/by-uuid.json");
    let heard = one("a7710001b97ef0466857531c01020304", payload);
    let Some(Frame::IBeacon(beacon)) = heard.frame() else { panic!("an iBeacon") };
    assert_eq!(hex::encode(beacon.uuid), "1de4b189115e45f6b44e509352269977");
    assert_eq!(heard.address.map(Address::to_colons).as_deref(), Some("60:87:57:4C:9B:C2"));
    assert_eq!(heard.power_at_1m, None, "a power of 12 dBm at 1 m is nonsense, and so is the distance made of it");
}

#[test]
fn somebody_who_is_gone_was_not_heard() {
    let payload = include_bytes!("../../../testdata/theengs/absent.json");
    assert_eq!(decode("home/gw/BTtoMQTT/x", payload), Ok(Vec::new()));
}

#[test]
fn service_data_of_an_unsaid_service_is_not_guessed() {
    let heard = one("x", include_bytes!("../../../testdata/theengs/service-without-uuid.json"));
    assert_eq!(heard.frame(), None);
    assert!(!format!("{heard:?}").contains("Kettle"));
}

#[test]
fn a_uuid_with_dashes_or_a_prefix_is_the_same() {
    let dashed = br#"{"id":"60:87:57:4C:9B:C2","rssi":-60,"uuid":"1DE4B189-115E-45F6-B44E-509352269977","major":1,"minor":2,"txpower":-59}"#;
    assert!(matches!(one("x", dashed).frame(), Some(Frame::IBeacon(beacon)) if beacon.uuid[0] == 0x1d));
    let prefixed =
        br#"{"id":"60:87:57:4C:9B:C2","rssi":-60,"servicedata":"30e7b97ef0466857531c","servicedatauuid":"0xFEAA"}"#;
    assert!(matches!(one("x", prefixed).frame(), Some(Frame::Eid(_))));
}

#[test]
fn each_gateway_writes_its_fields_in_its_order() {
    let mut heard = one("x", include_bytes!("../../../testdata/theengs/ibeacon.json"));
    heard.address = heard.address.map(|address| Address { kind: AddressKind::Random, ..address });
    let written = |flavour| {
        let message = encode(&heard, flavour).expect("an address");
        (message.topic, String::from_utf8(message.payload).expect("text"))
    };
    let beacon = r#""brand":"GENERIC","model":"iBeacon","model_id":"IBEACON","mfid":"4c00","uuid":"a7710001b97ef0466857531c01020304","major":1286,"minor":1800,"txpower":-66"#;
    let (topic, payload) = written(Flavour::Theengs);
    assert_eq!(topic, "home/TheengsGateway/BTtoMQTT/F35285010203");
    assert_eq!(payload, format!(r#"{{"id":"F3:52:85:01:02:03","rssi":-78,{beacon}}}"#));
    let (_, payload) = written(Flavour::OpenMqttGateway);
    assert!(payload.starts_with(r#"{"id":"F3:52:85:01:02:03","mac_type":1,"rssi":-78,"distance":3."#), "{payload}");
    let (topic, payload) = written(Flavour::OpenMqttGatewayByUuid);
    assert_eq!(topic, "home/TheengsGateway/BTtoMQTT/a7710001b97ef0466857531c01020304");
    assert!(payload.ends_with(&format!(r#"{beacon},"mac":"F3:52:85:01:02:03"}}"#)), "{payload}");
}

proptest! {
    #[test]
    fn what_a_gateway_writes_is_read_back(heard in testing::heard("TheengsGateway")) {
        for flavour in [Flavour::Theengs, Flavour::OpenMqttGateway, Flavour::OpenMqttGatewayByUuid] {
            let message = encode(&heard, flavour).expect("an address");
            let mut expected = heard.clone();
            if flavour == Flavour::Theengs {
                expected.address = expected.address.map(|address| Address { kind: AddressKind::Unknown, ..address });
            }
            prop_assert_eq!(decode(&message.topic, &message.payload), Ok(vec![expected]));
        }
    }
}
