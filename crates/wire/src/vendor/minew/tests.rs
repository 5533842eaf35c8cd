//! One golden message per quirk of the gateways, and the way there and back, in JSON and in binary.

use proptest::prelude::*;

use super::*;
use crate::ble::address::Address;
use crate::testing::{self, hex};

const TOPIC: &str = "minew/AC233FC001EA/status";

#[test]
fn every_kind_of_element_is_read_in_the_order_of_the_list() {
    let heard = decode(TOPIC, include_bytes!("../../../testdata/minew/json-long.json")).expect("a right message");
    let addresses: Vec<String> = heard.iter().filter_map(|h| h.address.map(Address::to_upper)).collect();
    assert_eq!(addresses, ["5A11C0FFEE07", "5A11C0FFEE08", "5A11C0FFEE09", "AC233FA018E3"]);
    assert!(heard.iter().all(|h| h.receiver.as_str() == "AC233FC001EA"));
    let id = heard[0].frame().and_then(|frame| frame.rolling([0xa7, 0x71, 0x00, 0x01])).expect("a rolling id");
    assert_eq!(hex::encode(id.eid), "b97ef0466857531c");
    assert_eq!(heard[0].power_at_1m, Some(-70));
    assert!(matches!(heard[1].frame(), Some(Frame::Eid(eid)) if hex::encode(eid.eid) == "b97ef0466857531c"));
    assert_eq!(heard[2].frame(), None, "no raw data, no frame");
    assert_eq!(heard[0].at, heard[1].at, "times are to the second");
    assert_eq!(heard[0].at, Some(Timestamp(1_772_355_605_000)));
    assert_eq!(heard[3].at, None, "a time that is none does not spoil the rest");
    assert!(heard.iter().all(|h| h.address.is_some_and(|address| address.kind == AddressKind::Unknown)));
    assert!(!format!("{heard:?}").contains("Anna"));
}

#[test]
fn a_list_without_its_gateway_belongs_to_the_gateway_of_the_topic() {
    let payload = include_bytes!("../../../testdata/minew/without-gateway.json");
    assert_eq!(
        decode("minew/ac233fc001ea/status", payload).expect("a right message")[0].receiver.as_str(),
        "AC233FC001EA"
    );
    let elements = decode_under("stores/+/ble", "stores/shop-1/ble", payload).expect("a topic that people set");
    assert_eq!(elements.heard[0].receiver.as_str(), "shop-1");
    let nameless = decode_under("minew", "minew", payload).expect("a list");
    assert_eq!(nameless.rejected, [Rejected::MissingField { field: "the Gateway element" }]);
    assert_eq!(decode_under("stores/+/ble", TOPIC, payload), Err(Rejected::UnknownTopic));
}

#[test]
fn one_bad_element_is_counted_and_the_others_are_kept() {
    let payload = include_bytes!("../../../testdata/minew/one-bad-element.json");
    let elements = decode_under(topics::MINEW, TOPIC, payload).expect("a right list");
    assert_eq!((elements.heard.len(), elements.rejected.len()), (1, 1));
    assert_eq!(elements.rejected[0].code(), "out-of-range");
    assert_eq!(decode(TOPIC, payload).map(|heard| heard.len()), Ok(1));
}

#[test]
fn a_decoded_ibeacon_is_kept_beside_raw_data_that_is_none() {
    let element = |beacon: &str| {
        format!(
            r#"[{{"type":"Gateway","mac":"AC233FC001EA"}},{{"type":"iBeacon","mac":"10C005091CD5","rssi":-50,"rawData":"020"{beacon}}}]"#
        )
    };
    let beacon = r#","ibeaconUuid":"64E2FEFF5AF34D2C97C4643B70CD82EB","ibeaconMajor":4,"ibeaconMinor":1"#;
    let heard = decode(TOPIC, element(beacon).as_bytes()).expect("a right message");
    assert!(matches!(heard[0].frame(), Some(Frame::IBeacon(beacon)) if beacon.major == 4));
    let elements = decode_under(topics::MINEW, TOPIC, element("").as_bytes()).expect("a right list");
    assert_eq!((elements.heard.len(), elements.rejected.len()), (0, 1));
}

#[test]
fn the_binary_capture_is_read() {
    let payload =
        hex("bb0100000034ac233fffffff0001fee150bada5500011a0201060303e1ff1216e1ffa1034affe7004500fa55daba50e1fe00b8dd");
    let heard = decode(TOPIC, &payload).expect("a right message");
    assert_eq!(heard.len(), 1);
    assert_eq!(heard[0].receiver.as_str(), "AC233FFFFFFF", "the gateway names itself");
    assert_eq!(
        heard[0].address,
        Some(Address { bytes: [0xfe, 0xe1, 0x50, 0xba, 0xda, 0x55], kind: AddressKind::Public })
    );
    assert_eq!(heard[0].rssi, Dbm(-72.0));
    assert_eq!(heard[0].frame(), None);
}

#[test]
fn a_binary_message_that_is_cut_or_of_another_form_is_refused() {
    let good =
        hex("bb0100000034ac233fffffff0001fee150bada5500011a0201060303e1ff1216e1ffa1034affe7004500fa55daba50e1fe00b8dd");
    for length in 1..good.len() {
        assert_eq!(decode(TOPIC, &good[..length]).expect_err("cut short").code(), "cut-short", "{length}");
        let mut relabelled = good[..length].to_vec();
        if length >= 6 {
            relabelled[2..6].copy_from_slice(&u32::try_from(length).expect("short").to_be_bytes());
            assert_eq!(decode(TOPIC, &relabelled).expect_err("cut short").code(), "cut-short", "{length}, said so");
        }
    }
    let code = |payload: &[u8]| decode(TOPIC, payload).expect_err("another form").code();
    assert_eq!(code(&[&[0xbb, 0x00][..], &good[2..]].concat()), "known-unread", "the short form");
    assert_eq!(code(&[&[0xbb, 0x02][..], &good[2..]].concat()), "known-unread", "MINEW-CONNECT");
    assert_eq!(code(&[&[0xbb, 0x03][..], &good[2..]].concat()), "malformed", "a form that nobody knows");
    assert_eq!(code(&[&good[..], &[0]].concat()), "cut-short", "longer than it says");
    assert_eq!(code(&[&good[..good.len() - 1], &[0xde]].concat()), "malformed", "another end mark");
    assert_eq!(code(&[0xbb; PAYLOAD_LEN_MAX + 1]), "too-large");
}

#[test]
fn a_gateway_writes_its_fields_in_its_order() {
    let heard = decode(TOPIC, include_bytes!("../../../testdata/minew/json-long.json")).expect("a right message");
    let gateway = ReceiverId::new("AC233FC001EA").expect("a name");
    let message = encode(&gateway, Timestamp(1_772_355_605_999), &heard[..2]);
    assert_eq!(message.topic, TOPIC);
    assert_eq!(
        String::from_utf8(message.payload).expect("text"),
        concat!(
            r#"[{"timestamp":"2026-03-01T09:00:05Z","type":"Gateway","mac":"AC233FC001EA","gatewayFree":98,"gatewayLoad":0.05},"#,
            r#"{"timestamp":"2026-03-01T09:00:05Z","type":"iBeacon","mac":"5A11C0FFEE07","bleName":"","ibeaconUuid":"A7710001B97EF0466857531C01020304","ibeaconMajor":1286,"ibeaconMinor":1800,"rssi":-50,"ibeaconTxPower":-70,"battery":0},"#,
            r#"{"timestamp":"2026-03-01T09:00:05Z","type":"Unknown","mac":"5A11C0FFEE08","bleName":"","rssi":-79,"rawData":"0201060303AAFE0D16AAFE30E7B97EF0466857531C"}]"#
        )
    );
}

proptest! {
    #[test]
    fn what_a_gateway_writes_in_json_is_read_back(
        heard in proptest::collection::vec(testing::heard("AC233FC001EA"), 0..20),
        second in 0i64..4_000_000_000,
    ) {
        let gateway = ReceiverId::new("AC233FC001EA").expect("a name");
        let message = encode(&gateway, Timestamp(second * 1_000), &heard);
        let expected: Vec<Heard> = heard
            .into_iter()
            .map(|heard| Heard {
                address: heard.address.map(|address| Address { kind: AddressKind::Unknown, ..address }),
                at: Some(Timestamp(second * 1_000)),
                ..heard
            })
            .collect();
        prop_assert_eq!(decode(&message.topic, &message.payload), Ok(expected));
    }

    #[test]
    fn what_a_gateway_writes_in_binary_is_read_back(heard in proptest::collection::vec(testing::heard("AC233FC001EA"), 0..20)) {
        let gateway = Address::parse("AC233FC001EA", AddressKind::Public).expect("an address");
        let message = encode_binary(gateway, &heard);
        let known = |kind| if kind == AddressKind::Random { kind } else { AddressKind::Public };
        let expected: Vec<Heard> = heard
            .into_iter()
            .map(|heard| Heard { address: heard.address.map(|a| Address { kind: known(a.kind), ..a }), ..heard })
            .collect();
        prop_assert_eq!(decode(&message.topic, &message.payload), Ok(expected));
    }

    #[test]
    fn any_bytes_behind_the_binary_mark_are_taken_without_panic(mut payload in proptest::collection::vec(any::<u8>(), 6..400)) {
        payload[..2].copy_from_slice(&[0xbb, 0x01]);
        let _ = decode(TOPIC, &payload);
        let length = u32::try_from(payload.len()).expect("short");
        payload[2..6].copy_from_slice(&length.to_be_bytes());
        let _ = decode(TOPIC, &payload);
    }
}
