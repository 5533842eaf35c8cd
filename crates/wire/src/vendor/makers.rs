//! One golden message per quirk of the makers whose messages are trees; each was got wrong by a real decoder.

use proptest::prelude::*;

use super::*;
use crate::ble::rolling::{self, AirKey};

const PREFIX: [u8; 4] = [0xa7, 0x71, 0x00, 0x01];

fn one(heard: Result<Vec<Heard>, Rejected>) -> Heard {
    let mut heard = heard.expect("a right message");
    assert_eq!(heard.len(), 1, "{heard:?}");
    heard.remove(0)
}

fn code(heard: Result<Vec<Heard>, Rejected>) -> &'static str {
    heard.map_or_else(|rejected| rejected.code(), |_| "accepted")
}

fn lower(heard: &Heard) -> String {
    heard.address.map(Address::to_lower).unwrap_or_default()
}

fn measures(heard: &Heard) -> crate::ble::bthome::Measures {
    match heard.frame() {
        Some(Frame::Measures(measures)) => measures,
        other => panic!("no measures: {other:?}"),
    }
}

/// The advertisement of a customer's phone.
fn phone() -> String {
    hex::encode_upper(rolling::to_ibeacon(rolling::rolling_id(&AirKey([5; 16]), PREFIX, 9_000), -59))
}

#[test]
fn ruuvi_times_are_texts_and_the_tag_stands_in_the_topic() {
    let payload = br#"{"gw_mac":"C8:25:2D:8E:9C:2C","rssi":-26,"aoa":[],"gwts":"1653668027","ts":"1653668027","data":"0201061BFF990405166455D5C6DD0008FFF803F0ADB60F2A92F41F0C28CBD6","coords":""}"#;
    let heard = one(ruuvi::decode_under("ruuvi/+/+", "ruuvi/C8:25:2D:8E:9C:2C/F4:1F:0C:28:CB:D6", payload));
    assert_eq!((heard.receiver.as_str(), lower(&heard).as_str()), ("C8252D8E9C2C", "f41f0c28cbd6"));
    assert_eq!((heard.at, heard.rssi), (Some(Timestamp(1_653_668_027_000)), Dbm(-26.0)));
    let number = br#"{"gw_mac":"C8:25:2D:8E:9C:2C","rssi":-26,"ts":1653668027,"data":""}"#;
    let heard = one(ruuvi::decode_under("ruuvi/+/+", "ruuvi/C8:25:2D:8E:9C:2C/F4:1F:0C:28:CB:D6", number));
    assert_eq!(heard.at, Some(Timestamp(1_653_668_027_000)));
}

#[test]
fn ruuvi_over_http_is_a_list_of_tags() {
    let payload = format!(
        r#"{{"data":{{"coordinates":"","timestamp":"1653668027","gw_mac":"C8:25:2D:8E:9C:2C","tags":{{"F4:1F:0C:28:CB:D6":{{"rssi":-26,"timestamp":"1653668026","data":"{}"}},"nobody":{{"rssi":-26,"data":""}}}}}}}}"#,
        phone()
    );
    let heard = one(ruuvi::decode_under("ruuvi", "ruuvi", payload.as_bytes()));
    assert!(heard.frame().is_some_and(|frame| frame.rolling(PREFIX).is_some()));
    assert_eq!(heard.at, Some(Timestamp(1_653_668_026_000)));
}

#[test]
fn moko_both_kinds_of_message_and_both_names_of_the_bytes_are_read() {
    let payload = br#"{"msg_id":3004,"device_info":{"mac":"112233445566"},"data":[{"type":8,"value":{"timestamp":"2021-01-01&17:10:16+08","mac":"ABDF01FC9E98","rssi":-78,"name":"Anna's phone","raw":"0201060303AAFE1116AAFE20000BD091181501E329"}}]}"#;
    let heard = one(moko::decode_under("mokosmart/+", "mokosmart/112233445566", payload));
    assert_eq!((heard.receiver.as_str(), lower(&heard).as_str()), ("112233445566", "abdf01fc9e98"));
    assert_eq!(heard.at, Some(Timestamp(1_609_492_216_000)), "17:10:16 eight hours east of Greenwich");
    assert!(!format!("{heard:?}").contains("Anna"));
    let spaced = payload.iter().map(|byte| *byte as char).collect::<String>().replace(r#""raw":"#, r#""raw data":"#);
    let spaced = spaced.replace("0201060303AAFE1116AAFE20000BD091181501E329", &phone());
    let heard = one(moko::decode_under("mokosmart/+", "mokosmart/x", spaced.as_bytes()));
    assert!(heard.frame().is_some_and(|frame| frame.rolling(PREFIX).is_some()));
    let newer = format!(
        r#"{{"msg_id":3070,"device_info":{{"mac":"112233445566"}},"data":[{{"timestamp":1609492216,"mac":"abdf01fc9e98","rssi":-70,"adv_data":"020106","rsp_data":"{}"}}]}}"#,
        phone()
    );
    let heard = one(moko::decode_under("mokosmart/+", "mokosmart/x", newer.as_bytes()));
    assert!(heard.frame().is_some_and(|frame| frame.rolling(PREFIX).is_some()), "also from the scan response");
    assert_eq!(heard.at, Some(Timestamp(1_609_492_216_000)));
}

#[test]
fn an_advertisement_and_its_scan_response_give_all_their_frames() {
    let measure = "0616D2FC402101";
    let payload = format!(
        r#"{{"msg_id":3070,"device_info":{{"mac":"112233445566"}},"data":[{{"mac":"abdf01fc9e98","rssi":-70,"adv_data":"{}","rsp_data":"{measure}"}}]}}"#,
        phone()
    );
    let heard = one(moko::decode_under("mokosmart/+", "mokosmart/x", payload.as_bytes()));
    let names: Vec<&str> = heard.frames.iter().map(|frame| frame.name()).collect();
    assert_eq!(names, ["ibeacon", "bthome"]);
    assert_eq!(heard.frame().map(|frame| frame.name()), Some("ibeacon"), "it says most about who is there");
}

#[test]
fn moko_other_messages_say_nothing_of_who_is_there() {
    let status = br#"{"msg_id":3003,"device_info":{"mac":"112233445566"},"data":{"net_state":1}}"#;
    assert_eq!(moko::decode_under("mokosmart/+", "mokosmart/x", status), Ok(Vec::new()));
    assert_eq!(code(moko::decode_under("mokosmart/+", "mokosmart/x", br#"{"data":[]}"#)), "missing-field");
}

#[test]
fn cassia_scan_is_read_alone_in_a_list_and_in_its_envelope() {
    let scan = format!(
        r#"{{"bdaddrs":[{{"bdaddr":"C0:00:5B:D1:B7:25","bdaddrType":"random"}}],"chipId":1,"evtType":0,"rssi":-85,"adData":"020106","scanData":"{}","name":"Anna's phone"}}"#,
        phone()
    );
    let enveloped = |data: &str| {
        format!(
            r#"{{"id":"35656","action":"data.scan","timestamp":1678698297028,"gateway":"CC:1B:E0:E2:8F:2C","data":{data}}}"#
        )
    };
    for (payload, at) in [
        (scan.clone(), None),
        (format!("[{scan}]"), None),
        (enveloped(&scan), Some(Timestamp(1_678_698_297_028))),
        (enveloped(&format!("[{scan}]")), Some(Timestamp(1_678_698_297_028))),
        (enveloped(&format!(r#"{{"dataList":[{scan}]}}"#)), Some(Timestamp(1_678_698_297_028))),
    ] {
        let heard = one(cassia::decode_under("up/+/scan", "up/CC:1B:E0:E2:8F:2C/scan", payload.as_bytes()));
        assert_eq!((heard.receiver.as_str(), lower(&heard).as_str()), ("CC1BE0E28F2C", "c0005bd1b725"), "{payload}");
        assert_eq!(heard.address.map(|address| address.kind), Some(AddressKind::Random));
        assert!(heard.frame().is_some_and(|frame| frame.rolling(PREFIX).is_some()), "from the scan response");
        assert_eq!(heard.at, at);
        assert!(!format!("{heard:?}").contains("Anna"));
    }
    let status = br#"{"action":"gateway_status","gateway":"CC:1B:E0:E2:8F:2C","data":{"model":"M2000"}}"#;
    assert_eq!(cassia::decode_under("up/+/+", "up/CC:1B:E0:E2:8F:2C/gateway_status", status), Ok(Vec::new()));
}

#[test]
fn kontakt_is_heard_by_its_source_and_a_counter_that_stays_is_no_click() {
    let payload = br#"{"companyId":"abcdef","sourceId":"gw1","trackingId":"c0005bd1b725","rssi":-77,"timestamp":"2020-06-26T13:37:00Z","beaconTimestamp":1600000000,"batteryLevel":100,"timeSinceClick":65535,"clickCounter":3,"temperature":15.75,"humidity":50}"#;
    let heard = one(kontakt::decode_under("/stream/+/all", "/stream/abc def/all", payload));
    assert_eq!((heard.receiver.as_str(), lower(&heard).as_str()), ("gw1", "c0005bd1b725"));
    let read = measures(&heard);
    assert_eq!((read.battery, read.temperature_centi, read.humidity_centi), (Some(100), Some(1_575), Some(5_000)));
    assert_eq!((read.count, read.button), (Some(3), None));
    assert_eq!(heard.at, Some(Timestamp(1_593_178_620_000)), "the cloud's time, not the beacon's");
    let listed = format!("[{}]", String::from_utf8_lossy(payload));
    assert_eq!(
        lower(&one(kontakt::decode_under("/presence/stream/+", "/presence/stream/x", listed.as_bytes()))),
        "c0005bd1b725"
    );
}

#[test]
fn shelly_script_is_read_flat_nested_and_with_lists_and_spaces() {
    let flat = br#"{"encryption":false,"BTHome_version":2,"pid":16,"battery":100,"illuminance":109,"motion":1,"button":1,"rssi":-53,"address":"aa:bc:12:34:56:78"}"#;
    let heard = one(shelly::decode_under("+", "aa:bc:12:34:56:78", flat));
    assert_eq!(
        (heard.receiver.as_str(), lower(&heard).as_str()),
        ("shelly", "aabc12345678"),
        "the sensor is no receiver"
    );
    let read = measures(&heard);
    assert_eq!((read.packet, read.battery, read.somebody, read.button), (Some(16), Some(100), Some(true), Some(1)));
    assert_eq!(read.light_centi, Some(10_900));
    let nested = br#"{"addr":"aa:bc:12:34:56:78","rssi":-60,"local_name":"Anna's button","service_data":{"encryption":false,"pid":17,"button":[0,2],"temperature":-1.1,"dew point":3.5,"window":true}}"#;
    let heard = one(shelly::decode_under("blegateway/+", "blegateway/shop-1", nested));
    let read = measures(&heard);
    assert_eq!((read.button, read.temperature_centi, read.open), (Some(2), Some(-110), Some(true)));
    assert_eq!(heard.receiver.as_str(), "shop-1");
    assert!(!format!("{heard:?}").contains("Anna"));
    let sealed = br#"{"encryption":true,"BTHome_version":2,"rssi":-53,"address":"aa:bc:12:34:56:78"}"#;
    assert_eq!(one(shelly::decode_under("+", "aa:bc:12:34:56:78", sealed)).frame(), None);
}

#[test]
fn shelly_events_of_the_third_generation_tell_who_relays() {
    let script = br#"{"src":"shellyblugwg3-aabbccddeeff","dst":"x/events","method":"NotifyEvent","params":{"ts":1700000000.5,"events":[{"component":"script:1","event":"shelly-blu","data":{"encryption":false,"BTHome_version":2,"pid":9,"motion":1,"rssi":-70,"address":"aa:bc:12:34:56:78"},"ts":1700000000.5},{"component":"wifi","event":"sta_ip"}]}}"#;
    let heard = one(shelly::decode_under("+/events/rpc", "shellyblugwg3-aabbccddeeff/events/rpc", script));
    assert_eq!((heard.receiver.as_str(), measures(&heard).somebody), ("shellyblugwg3-aabbccddeeff", Some(true)));
    let status = br#"{"src":"shelly1g3-1","method":"NotifyStatus","params":{"ts":1.0,"bthomesensor:200":{"id":200,"value":true},"bthomedevice:200":{"id":200,"rssi":-60,"battery":90}}}"#;
    assert_eq!(shelly::decode_under("+/events/rpc", "shelly1g3-1/events/rpc", status), Ok(Vec::new()));
    assert_eq!(shelly::read_component(status, "bthomesensor:200"), Ok(Some(true)));
    assert_eq!(shelly::read_component(status, "bthomesensor:201"), Ok(None));
    let push = br#"{"src":"shelly1g3-1","method":"NotifyEvent","params":{"events":[{"component":"bthomedevice:200","id":200,"event":"single_push","idx":0}]}}"#;
    assert_eq!(shelly::read_component(push, "bthomedevice:200"), Ok(Some(true)));
}

#[test]
fn tasmota_strength_of_zero_is_gone_and_not_near() {
    let read = |payload: &str| tasmota::decode_under("tele/+/SENSOR", "tele/ibeacon/SENSOR", payload.as_bytes());
    let heard = one(read(r#"{"Time":"2021-01-02T12:08:40","IBEACON":{"MAC":"A4C1387FC1E1","RSSI":-56,"STATE":"ON"}}"#));
    assert_eq!((heard.receiver.as_str(), lower(&heard).as_str(), heard.at), ("ibeacon", "a4c1387fc1e1", None));
    for gone in [
        r#"{"IBEACON":{"MAC":"A4C1387FC1E1","RSSI":0,"STATE":"ON"}}"#,
        r#"{"IBEACON":{"MAC":"A4C1387FC1E1","RSSI":-56,"STATE":"OFF"}}"#,
        r#"{"Time":"2021-01-02T12:08:40","HX711":{"Weight":1.2}}"#,
    ] {
        assert_eq!(read(gone), Ok(Vec::new()), "{gone}");
    }
    let beacon = r#"{"IBEACON":{"MAC":"A4C1387FC1E1","NAME":"x","UID":"A7710001B97EF0466857531C01020304","MAJOR":"01286","MINOR":1800,"RSSI":-56,"STATE":"ON"}}"#;
    assert!(one(read(beacon)).frame().is_some_and(|frame| frame.rolling(PREFIX).is_some()));
}

#[test]
fn openmqttgateway_is_read_under_its_presence_topic_and_never_by_its_leaf() {
    let payload = br#"{"id":"1de4b189115e45f6b44e509352269977","mac_type":1,"rssi":-78,"distance":11000000000.5,"model_id":"IBEACON","mfid":"4c00","uuid":"1de4b189115e45f6b44e509352269977","major":0,"minor":0,"txpower":12,"mac":"60:87:57:4C:9B:C2"}"#;
    for (filter, topic) in [
        ("home/presence/+", "home/presence/OMG1"),
        ("home/+/BTtoMQTT/+", "home/OMG1/BTtoMQTT/1de4b189115e45f6b44e509352269977"),
    ] {
        let heard = one(openmqttgateway::decode_under(filter, topic, payload));
        assert_eq!((heard.receiver.as_str(), lower(&heard).as_str()), ("OMG1", "6087574c9bc2"));
        assert_eq!(heard.power_at_1m, None, "a power above 0 dBm and the distance made of it are nonsense");
    }
    let old = br#"{"id":"45:e1:74:12:6e:00","rssi":-89,"distance":21.5,"servicedata":"fe0000000000000000000000000000000000000000"}"#;
    assert_eq!(one(openmqttgateway::decode_under("home/+/BTtoMQTT/+", "home/OMG1/BTtoMQTT/x", old)).frame(), None);
    assert_eq!(code(openmqttgateway::decode_under("home/presence", "home/presence", payload)), "missing-field");
}

#[test]
fn raddec_goes_in_and_out() {
    let payload = format!(
        r#"{{"transmitterId":"fee150bada55","transmitterIdType":3,"rssiSignature":[{{"receiverId":"001bc50940810000","receiverIdType":1,"rssi":-69,"numberOfDecodings":3}},{{"receiverId":"ac233fc001ea","receiverIdType":2,"rssi":-80}}],"packets":["4224 55daba50e1fe{}"],"timestamp":1420075425678}}"#,
        phone().to_lowercase()
    )
    .replace("4224 ", "4224");
    let heard = raddec::decode(payload.as_bytes()).expect("a raddec");
    let receivers: Vec<&str> = heard.iter().map(|heard| heard.receiver.as_str()).collect();
    assert_eq!(receivers, ["001bc50940810000", "AC233FC001EA"]);
    assert!(heard.iter().all(|heard| heard.frame().is_some_and(|frame| frame.rolling(PREFIX).is_some())));
    assert_eq!(heard[0].address.map(|address| address.kind), Some(AddressKind::Random));
    let written = raddec::encode(&heard).expect("an address");
    assert_eq!(raddec::decode(&written), Ok(heard), "out and in again");
    let text = String::from_utf8(written).expect("text");
    assert!(text.starts_with(r#"{"transmitterId":"fee150bada55","transmitterIdType":3,"rssiSignature":[{"#), "{text}");
    assert!(text.contains(&format!(r#""packets":["422455daba50e1fe{}"]"#, phone().to_lowercase())), "{text}");
    assert_eq!(code(raddec::decode(br#"{"transmitterId":"x","rssiSignature":[]}"#)), "malformed");
    assert_eq!(raddec::encode(&[]), None);
}

#[test]
fn zigbee_devices_that_tell_of_people_are_found_by_themselves() {
    let payload = br#"[{"friendly_name":"Coordinator","definition":null},{"friendly_name":"aisle 3/pir","definition":{"exposes":[{"property":"occupancy","type":"binary"},{"property":"battery"}]}},{"friendly_name":"radar","definition":{"exposes":[{"type":"composite","features":[{"property":"presence"}]}]}},{"friendly_name":"lamp","definition":{"exposes":[{"property":"state"}]}},{"friendly_name":"off","disabled":true,"definition":{"exposes":[{"property":"occupancy"}]}}]"#;
    let found = zigbee::decode_devices(payload).expect("a list");
    let named: Vec<(&str, &str)> = found.iter().map(|found| (found.name.as_str(), found.sensor.as_str())).collect();
    assert_eq!(named, [("aisle 3/pir", "aisle-3-pir"), ("radar", "radar")]);
    assert_eq!(zigbee::decode_devices(b"{}").expect_err("no list").code(), "wrong-type");
    let deep = format!("[{}{}]", "[".repeat(40), "]".repeat(40));
    assert_eq!(zigbee::decode_devices(deep.as_bytes()).expect_err("nested").code(), "too-deep");
}

#[test]
fn presence_is_read_from_words_objects_and_radar_and_not_guessed() {
    for (payload, expected) in [
        ("ON", Some(true)),
        ("OFF", Some(false)),
        ("1", Some(true)),
        (r#"{"occupancy":true,"illuminance":34,"battery":97,"linkquality":120}"#, Some(true)),
        (r#"{"occupancy":false,"no_occupancy_since":0}"#, Some(false)),
        (r#"{"no_occupancy_since":60,"battery":97}"#, None),
        (r#"{"presence":"none"}"#, None),
        (r#"{"PIR1":"ON"}"#, Some(true)),
        (r#"{"LD2410":{"Distance":[200.0,181.0,144.0],"Energy":[13,100]}}"#, Some(true)),
        (r#"{"LD2410":{"Distance":[0.0,0.0,0.0],"Energy":[0,0]}}"#, Some(false)),
    ] {
        assert_eq!(presence::read(payload.as_bytes(), None), Ok(expected), "{payload}");
    }
    assert_eq!(presence::read(br#"{"zone_2":"occupied"}"#, Some("zone_2")), Ok(Some(true)));
    assert_eq!(presence::read(b"perhaps", None).expect_err("no word").code(), "not-json");
}

#[test]
fn minew_angles_name_their_gateway_and_tell_strengths() {
    let payload = br#"[{"gateway":"AC233FC001EA","locator":"AC233FC001EA"},{"mac":"10C005091CD5","no":37,"rssi":-50,"timestamp":"2022-06-17T02:03:51.123Z"},{"mac":"10C005091CD6","no":38,"rssi":-51,"timestamp":1655431431123}]"#;
    let heard = minew::decode_under("#", "any/where", payload).expect("JSON-RAW").heard;
    assert_eq!(heard.len(), 2);
    assert!(heard.iter().all(|heard| heard.receiver.as_str() == "AC233FC001EA" && heard.frame().is_none()));
}

#[test]
fn a_text_of_5_kib_is_passed_over_where_nobody_asks_and_refused_where_somebody_does() {
    let long = "x".repeat(5_000);
    let snapshot = format!(r#"{{"current_total":10,"snapshot":"{long}"}}"#);
    assert!(counter::read_level(snapshot.as_bytes(), None).is_ok());
    let named = format!(r#"{{"id":"{long}","rssi":-60}}"#);
    assert_eq!(code(theengs::decode("home/gw/BTtoMQTT/x", named.as_bytes())), "out-of-range");
    let moko = format!(r#"{{"msg_id":3004,"device_info":{{"mac":"{long}"}},"data":[]}}"#);
    assert_eq!(code(moko::decode_under("m/+", "m/x", moko.as_bytes())), "out-of-range");
}

type Decoder = fn(&[u8]) -> Result<Vec<Heard>, Rejected>;
const DECODERS: [Decoder; 8] = [
    |payload| ruuvi::decode_under("r/+/+", "r/gw/F41F0C28CBD6", payload),
    |payload| moko::decode_under("m/+", "m/gw", payload),
    |payload| cassia::decode_under("c/+", "c/gw", payload),
    |payload| kontakt::decode_under("k/+", "k/gw", payload),
    |payload| shelly::decode_under("s/+", "s/gw", payload),
    |payload| tasmota::decode_under("t/+", "t/gw", payload),
    |payload| openmqttgateway::decode_under("o/+", "o/gw", payload),
    raddec::decode,
];

#[test]
fn every_maker_refuses_what_is_too_large_too_deep_and_no_json() {
    // What each says to a bare number, and to an object of fields that are hardly its own.
    let codes = [
        ("wrong-type", "accepted"),
        ("missing-field", "missing-field"),
        ("missing-field", "missing-field"),
        ("missing-field", "missing-field"),
        ("wrong-type", "out-of-range"),
        ("wrong-type", "accepted"),
        ("wrong-type", "out-of-range"),
        ("missing-field", "missing-field"),
    ];
    for (place, (decode, (number, stranger))) in DECODERS.into_iter().zip(codes).enumerate() {
        assert_eq!(code(decode(b"{")), "not-json", "{place}");
        assert_eq!(code(decode(b"\xff\xfe")), "not-utf8", "{place}");
        assert_eq!(code(decode(&vec![b' '; PAYLOAD_LEN_MAX + 1])), "too-large", "{place}");
        let deep = format!("{{\"x\":{}1{}}}", "[".repeat(40), "]".repeat(40));
        assert_eq!(code(decode(deep.as_bytes())), "too-deep", "{place}");
        assert_eq!(code(decode(b"17")), number, "{place}: a number");
        let other = br#"{"rssi":127,"address":"aabbccddeeff","id":"aabbccddeeff","data":{}}"#;
        assert_eq!(code(decode(other)), stranger, "{place}: another maker's");
    }
}

proptest! {
    #[test]
    fn any_text_is_taken_by_every_maker_without_panic(text in "[\\[\\]{}\":,a-z0-9.-]{0,200}") {
        for decode in DECODERS {
            let _ = decode(text.as_bytes());
        }
        let _ = presence::read(text.as_bytes(), None);
        let _ = zigbee::decode_devices(text.as_bytes());
        let _ = shelly::read_component(text.as_bytes(), "x");
    }
}
