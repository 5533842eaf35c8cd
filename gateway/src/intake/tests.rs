//! Every maker's messages through the real pipeline: from the bytes on the topic to the sighting that goes out.

use model::reading::ReadingKind;
use model::sighting::{Sighting, Transmitter};
use model::time::{Millis, Timestamp};

use super::*;
use crate::config::{Config, TEMPLATE};
use crate::now::Now;
use crate::pipeline::{Parcel, Pipeline};

const MINEW: &str = r#"[{"timestamp":"2019-08-01T05:54:25Z","type":"Gateway","mac":"AC233FC001EA"},{"timestamp":"2019-08-01T05:54:25Z","type":"Unknown","mac":"AC233FA03208","rssi":-79,"rawData":"0201060303E1FF0D16E1FFA10264000832A03F23AC"}]"#;
const ESPRESENSE: &str =
    r#"{"mac":"58b1294494d3","id":"watch:darrell","name":"Darrell's Watch","rssi@1m":-64,"rssi":-86,"int":588}"#;
/// The iBeacon of a customer's phone.
const PHONE: &str = "0201061AFF4C000215A7710001B97EF0466857531C0102030405060708C5";

#[test]
fn each_vendor_is_read_under_the_topics_that_people_set() {
    let config = Receivers { minew: vec!["/gw/+/status".into()], ..Receivers::default() };
    let intake = Intake::new(&config);
    let heard = intake.read("/gw/AC233FC001EA/status", MINEW.as_bytes()).expect("readable");
    assert_eq!((heard.len(), heard[0].receiver.as_str()), (1, "AC233FC001EA"));
    let heard = intake.read("espresense/devices/watch:darrell/basement", ESPRESENSE.as_bytes()).expect("readable");
    assert_eq!((heard.len(), heard[0].receiver.as_str()), (1, "basement"));
    assert_eq!(intake.read("some/where", b"{}"), Err(Rejected::UnknownTopic));
    assert_eq!(intake.filters().count(), 10, "one for each maker but Tasmota");
}

#[test]
fn the_templates_commented_filters_are_the_ones_without_it() {
    let uncomment =
        |line: &str| line.strip_prefix("# ").filter(|rest| rest.contains(" = [\"")).unwrap_or(line).to_owned();
    let all: Vec<String> = TEMPLATE.lines().map(uncomment).collect();
    let all = Config::parse(&all.join("\n"), "template").expect("every filter of the template exists").receivers;
    let plain = Receivers { url: all.url.clone(), ..Receivers::default() };
    assert_eq!(plain, all);
}

fn now(ms: i64) -> Now {
    Now::new(Timestamp(1_790_000_000_000 + ms), Millis(ms))
}

fn pipeline(sections: &str) -> Pipeline {
    let text =
        TEMPLATE.replace("[receivers]", "[receivers]\ntasmota = [\"tele/+/SENSOR\"]\nzigbee2mqtt = \"zigbee2mqtt\"");
    let config = Config::parse(&format!("{text}{sections}"), "test").expect("a configuration");
    Pipeline::new(&config, None, || [7; 32], now(0))
}

fn outcome(pipeline: &mut Pipeline) -> (Vec<Sighting>, Vec<ReadingKind>) {
    pipeline.finish(now(2_000));
    let (mut seen, mut read) = (Vec::new(), Vec::new());
    while let Some(parcel) = pipeline.poll_parcel() {
        match parcel {
            Parcel::Durable { sightings, readings, .. } => {
                seen.extend(sightings);
                read.extend(readings.into_iter().map(|reading| reading.kind));
            }
            Parcel::Volatile { sightings } => seen.extend(sightings),
        }
    }
    (seen, read)
}

#[test]
fn every_maker_of_receivers_brings_the_customers_phone_to_a_sighting() {
    let address = "C0:FF:EE:00:00:01";
    let beacon = r#""uuid":"a7710001b97ef0466857531c01020304","major":1286,"minor":1800,"txpower":-59"#;
    let ll = format!("42240100 00eeffc0{PHONE}").replace(' ', "");
    for (receiver, topic, payload) in [
        ("wine", "espresense/devices/x/wine", r#"{"mac":"c0ffee000001","id":"iBeacon:a7710001-b97e-f046-6857-531c01020304-1286-1800","rssi":-60}"#.to_owned()),
        ("tgw", "home/tgw/BTtoMQTT/x", format!(r#"{{"id":"{address}","rssi":-60,{beacon}}}"#)),
        ("omg", "home/presence/omg", format!(r#"{{"id":"{address}","rssi":-60,{beacon}}}"#)),
        ("AC233FC001EA", "minew/AC233FC001EA/status", format!(r#"[{{"type":"Gateway","mac":"AC233FC001EA"}},{{"type":"Unknown","mac":"C0FFEE000001","rssi":-60,"rawData":"{PHONE}"}}]"#)),
        ("C8252D8E9C2C", "ruuvi/C8:25:2D:8E:9C:2C/C0:FF:EE:00:00:01", format!(r#"{{"gw_mac":"C8:25:2D:8E:9C:2C","rssi":-60,"ts":"1653668027","data":"{PHONE}"}}"#)),
        ("112233445566", "mokosmart/112233445566", format!(r#"{{"msg_id":3004,"device_info":{{"mac":"112233445566"}},"data":[{{"type":8,"value":{{"mac":"C0FFEE000001","rssi":-60,"raw data":"{PHONE}"}}}}]}}"#)),
        ("CC1BE0E28F2C", "up/CC:1B:E0:E2:8F:2C/scan", format!(r#"{{"action":"data.scan","gateway":"CC:1B:E0:E2:8F:2C","data":[{{"bdaddrs":[{{"bdaddr":"{address}","bdaddrType":"random"}}],"rssi":-60,"adData":"{PHONE}"}}]}}"#)),
        ("pir", "tele/pir/SENSOR", r#"{"IBEACON":{"MAC":"C0FFEE000001","UID":"A7710001B97EF0466857531C01020304","MAJOR":1286,"MINOR":1800,"RSSI":-60,"STATE":"ON"}}"#.to_owned()),
        ("hall", "raddec/x", format!(r#"{{"transmitterId":"c0ffee000001","transmitterIdType":3,"rssiSignature":[{{"receiverId":"hall","rssi":-60}}],"packets":["{ll}"]}}"#)),
    ] {
        let mut pipeline = pipeline("");
        pipeline.message(topic, payload.as_bytes(), false, now(10));
        let (seen, _) = outcome(&mut pipeline);
        assert_eq!(seen.len(), 1, "{topic}: {:?}", pipeline.counts().dropped);
        assert_eq!(seen[0].receiver.as_str(), receiver, "{topic}");
        assert!(matches!(seen[0].transmitter, Transmitter::Rolling(_)), "{topic}");
    }
}

#[test]
fn relays_of_one_sensor_count_once_and_each_relays_strength_is_its_own() {
    let kontakt = r#"{"sourceId":"gw1","trackingId":"c0ffee000002","rssi":-77,"batteryLevel":90}"#;
    let mut heard = pipeline("");
    heard.message("/stream/x/all", kontakt.as_bytes(), false, now(10));
    assert_eq!(outcome(&mut heard).0.len(), 1, "a beacon of nobody's is a stranger");

    let button = "\n[sensors.pir]\nkind = \"presence\"\naddress = \"aa:bc:12:34:56:78\"\n";
    let event = |device: &str, pid: u8, motion: u8| {
        format!(
            r#"{{"src":"{device}","method":"NotifyEvent","params":{{"events":[{{"component":"script:1","event":"shelly-blu","data":{{"encryption":false,"BTHome_version":2,"pid":{pid},"motion":{motion},"rssi":-70,"address":"aa:bc:12:34:56:78"}}}}]}}}}"#
        )
    };
    let mut relayed = pipeline(button);
    for (device, pid, motion) in [("shelly-1", 1, 1), ("shelly-2", 1, 1), ("shelly-1", 2, 0), ("shelly-2", 2, 0)] {
        relayed.message(&format!("{device}/events/rpc"), event(device, pid, motion).as_bytes(), false, now(10));
    }
    assert_eq!(relayed.counts().dropped.get("repeated-report"), Some(&2));
    assert_eq!(relayed.counts().receivers().count(), 2, "both devices are heard");
    let (seen, read) = outcome(&mut relayed);
    assert_eq!(read, [ReadingKind::Presence(true), ReadingKind::Presence(false)]);
    assert_eq!(seen, [], "a sensor of ours is no person");
}

#[test]
fn what_stands_beside_another_beacon_is_heard_as_well() {
    // A stranger's iBeacon in the advertisement; a sensor's measure, or the customer's id, in the scan response.
    let stranger = "0201061AFF4C000215FDA50693A4E24FB1AFCFC6EB0764782500010002C5";
    let moko = |mac: &str, response: &str| {
        format!(
            r#"{{"msg_id":3070,"device_info":{{"mac":"112233445566"}},"data":[{{"timestamp":1609492216,"mac":"{mac}","rssi":-70,"adv_data":"{stranger}","rsp_data":"{response}"}}]}}"#
        )
    };
    let button = "\n[sensors.pir]\nkind = \"presence\"\naddress = \"aa:bc:12:34:56:78\"\n";
    let mut pipeline = pipeline(button);
    pipeline.message("mokosmart/x", moko("aabc12345678", "0616D2FC402101").as_bytes(), false, now(10));
    let customer = "1816AAFEA7710001B97EF0466857531C0102030405060708C5";
    pipeline.message("mokosmart/x", moko("c0ffee000009", customer).as_bytes(), false, now(20));
    let (seen, read) = outcome(&mut pipeline);
    assert_eq!(read, [ReadingKind::Presence(true)]);
    assert_eq!(seen.len(), 1);
    assert!(matches!(seen[0].transmitter, Transmitter::Rolling(_)), "{seen:?}");
}

#[test]
fn sensors_of_zigbee_are_found_by_themselves_and_a_kept_state_is_no_event() {
    let devices = br#"[{"friendly_name":"aisle 3/pir","definition":{"exposes":[{"property":"occupancy"}]}}]"#;
    let mut pipeline = pipeline("");
    pipeline.message("zigbee2mqtt/aisle 3/pir", br#"{"occupancy":true}"#, false, now(1));
    pipeline.message("zigbee2mqtt/bridge/devices", devices, true, now(2));
    pipeline.message("zigbee2mqtt/aisle 3/pir", br#"{"occupancy":true}"#, true, now(3));
    pipeline.message("zigbee2mqtt/aisle 3/pir", br#"{"no_occupancy_since":10}"#, false, now(4));
    pipeline.message("zigbee2mqtt/aisle 3/pir", br#"{"occupancy":true,"battery":97}"#, false, now(5));
    pipeline.message("zigbee2mqtt/aisle 3/pir", br#"{"occupancy":true,"battery":96}"#, false, now(6));
    pipeline.message("zigbee2mqtt/aisle 3/pir/availability", br#"{"state":"online"}"#, true, now(7));
    pipeline.message("zigbee2mqtt/aisle 3/pir", br#"{"occupancy":false}"#, false, now(8));
    assert_eq!(outcome(&mut pipeline).1, [ReadingKind::Presence(true), ReadingKind::Presence(false)]);
    assert_eq!(pipeline.counts().dropped.get("retained-report"), Some(&1));
}

#[test]
fn sensors_of_zigbee_are_there_as_long_as_they_and_their_bridge_say_so() {
    let devices = br#"[{"friendly_name":"aisle 3/pir","definition":{"exposes":[{"property":"occupancy"}]}}]"#;
    let mut pipeline = pipeline("\n[sensors.till]\nkind = \"presence\"\ntopic = \"zigbee2mqtt/till\"\n");
    let mut told = |topic: &str, payload: &[u8]| {
        pipeline.message(topic, payload, true, now(1));
        let all = pipeline.counts().sensors().map(|(sensor, is_there)| (sensor.to_string(), is_there));
        all.collect::<Vec<_>>()
    };
    let of = |all: &[(&str, bool)]| all.iter().map(|(id, there)| ((*id).to_owned(), *there)).collect::<Vec<_>>();
    assert_eq!(told("zigbee2mqtt/aisle 3/pir/availability", br#"{"state":"offline"}"#), [], "nobody knows it yet");
    assert_eq!(told("zigbee2mqtt/bridge/devices", devices), of(&[("aisle-3-pir", false)]));
    assert_eq!(told("zigbee2mqtt/till/availability", b"online"), of(&[("aisle-3-pir", false), ("till", true)]));
    assert_eq!(told("zigbee2mqtt/aisle 3/pir/availability", b"online"), of(&[("aisle-3-pir", true), ("till", true)]));
    assert_eq!(
        told("zigbee2mqtt/bridge/state", br#"{"state":"offline"}"#),
        of(&[("aisle-3-pir", false), ("till", false)]),
        "whoever hears for all of them is gone"
    );
    assert_eq!(told("zigbee2mqtt/bridge/state", b"online"), of(&[("aisle-3-pir", true), ("till", true)]));
    assert_eq!(
        told("zigbee2mqtt/till/availability", b""),
        of(&[("aisle-3-pir", true), ("till", true)]),
        "by the bridge"
    );
    told("zigbee2mqtt/till/availability", b"perhaps");
    assert_eq!(pipeline.counts().dropped.get("malformed"), Some(&1));
    assert_eq!(outcome(&mut pipeline).1, [], "whether a sensor is there says nothing of people");
}

#[test]
fn a_receivers_word_and_its_will_are_heard_whoever_made_it() {
    let mut pipeline = pipeline("");
    let filters: Vec<String> = pipeline.filters().map(str::to_owned).collect();
    for filter in ["espresense/rooms/+/status", "home/+/LWT", "tele/+/LWT", "ruuvi/+/gw_status", "+/online"] {
        assert_eq!(filters.iter().filter(|known| *known == filter).count(), 1, "{filter} in {filters:?}");
    }
    let mut there = |topic: &str, payload: &[u8]| {
        pipeline.message(topic, payload, true, now(1));
        let receivers = pipeline.counts().receivers();
        receivers.map(|health| (health.receiver.to_string(), health.kind, health.there)).collect::<Vec<_>>()
    };
    let of = |name: &str, kind: &str, is_there| (name.to_owned(), kind.to_owned(), Some(is_there));
    assert_eq!(there("espresense/rooms/wine/status", b"offline"), [], "a will of long ago");
    assert_eq!(
        there("espresense/rooms/wine/status", b"online"),
        [of("wine", "espresense", true)],
        "it hears nothing yet"
    );
    assert_eq!(there("espresense/rooms/wine/status", b"offline"), [of("wine", "espresense", false)]);
    assert_eq!(there("home/OMG1/LWT", b"online").first(), Some(&of("OMG1", "theengs", true)));
    assert_eq!(there("tele/till/LWT", b"Online").get(1), Some(&of("till", "tasmota", true)));
    assert_eq!(there("tele/till/LWT", b"Offline").get(1), Some(&of("till", "tasmota", false)));
    there("tele/till/LWT", b"gone");
    assert_eq!(pipeline.counts().dropped, [("malformed", 1)].into());
}

#[test]
fn the_word_of_a_receiver_names_it_as_what_it_hears_does() {
    let mut pipeline = pipeline("");
    let mut there = |topic: &str, payload: &[u8]| {
        pipeline.message(topic, payload, true, now(1));
        let receivers = pipeline.counts().receivers();
        receivers.map(|health| (health.receiver.to_string(), health.kind, health.there)).collect::<Vec<_>>()
    };
    let of = |name: &str, kind: &str, is_there| (name.to_owned(), kind.to_owned(), Some(is_there));
    let gateway = "C8:25:2D:8E:9C:2C";
    there(&format!("ruuvi/{gateway}/gw_status"), br#"{"state":"online"}"#);
    there("shellyblugwg3-aabbccddeeff/online", b"true");
    let told = there("shellyblugwg3-aabbccddeeff/online", b"false");
    assert!(told.contains(&of("shellyblugwg3-aabbccddeeff", "shelly", false)), "{told:?}");
    assert!(told.contains(&of("C8252D8E9C2C", "ruuvi", true)), "{told:?}");
    let tag = br#"{"gw_mac":"C8:25:2D:8E:9C:2C","rssi":-26,"aoa":[],"gwts":"1772355600","ts":"1772355600","data":"0201061BFF99040512FC5394C37C0004FFFC040CAC364200CDCBB8334C884F","coords":""}"#;
    pipeline.message(&format!("ruuvi/{gateway}/CB:B8:33:4C:88:4F"), tag, false, now(1));
    let named = pipeline.counts().receivers().filter(|health| health.kind == "ruuvi").count();
    assert_eq!(named, 1, "the gateway that hears is the one that said it is there");
    assert_eq!(pipeline.counts().dropped.get("malformed"), None, "{:?}", pipeline.counts().dropped);
}

#[test]
fn where_the_topic_names_no_receiver_no_word_of_one_is_asked_for() {
    let text = TEMPLATE.replace(
        "[receivers]",
        "[receivers]\nruuvi = [\"ruuvi/office/+\"]\nshelly = [\"till/events/rpc\", \"+\"]\ntheengs = [\"home/+/BTtoMQTT/+\"]",
    );
    let config = Config::parse(&text, "test").expect("a configuration");
    let intake = super::Intake::new(&config.receivers);
    assert_eq!(intake.statuses().collect::<Vec<_>>(), ["espresense/rooms/+/status", "home/+/LWT"]);
}

#[test]
fn a_device_that_hears_and_holds_a_sensor_tells_of_both_in_one_word() {
    let mut pipeline = pipeline("\n[sensors.pir]\nkind = \"presence\"\ntopic = \"stat/till/PIR1\"\n");
    pipeline.message("tele/till/LWT", b"Online", true, now(1));
    let sensors: Vec<(String, bool)> = pipeline.counts().sensors().map(|(id, there)| (id.to_string(), there)).collect();
    assert_eq!(sensors, [("pir".to_owned(), true)]);
    assert_eq!(pipeline.counts().receivers().next().and_then(|health| health.there), Some(true));
    pipeline.message("tele/till/LWT", b"gone", true, now(2));
    assert_eq!(pipeline.counts().dropped, [("malformed", 1)].into(), "a word that nobody knows is counted once");
}

#[test]
fn sensors_of_tasmota_and_counters_of_every_maker_give_readings() {
    let sections = r#"
[sensors.pir]
kind = "presence"
topic = "stat/hall/PIR1"
[sensors.radar]
kind = "presence"
topic = "tele/radar/SENSOR"
[sensors.shelf]
kind = "shelf"
topic = "espresense/rooms/shelf/raw_weight"
item_g = 500
counts_per_g = 100
tare_counts = 8000
[sensors.xovis]
kind = "counter-delta"
topic = "xovis/push"
part = "Entrance"
[sensors.hall]
kind = "counter-level"
topic = "milesight"
part = "2"
"#;
    let mut pipeline = pipeline(sections);
    let xovis = |value: u32| {
        format!(
            r#"{{"logics_data":{{"logics":[{{"name":"Entrance","records":[{{"from":"2024-05-01T09:00:00Z","counts":[{{"name":"fw","value":{value}}}]}}]}}]}}}}"#
        )
    };
    let milesight = br#"{"time_info":{"timezone":"UTC+8:00","end_time":"2022/12/20 19:15:52"},"current_total":10,"numbering_regions":[1,2],"current_counted":[4,6]}"#;
    for (topic, payload) in [
        ("stat/hall/PIR1", "ON".to_owned()),
        ("tele/radar/SENSOR", r#"{"LD2410":{"Distance":[200.0,181.0,144.0],"Energy":[13,100]}}"#.to_owned()),
        ("espresense/rooms/shelf/raw_weight", "158000".to_owned()),
        ("espresense/rooms/shelf/raw_weight", "108000".to_owned()),
        ("xovis/push", xovis(3)),
        ("xovis/push", xovis(3)),
        ("xovis/push", xovis(5)),
        ("milesight", String::from_utf8_lossy(milesight).into_owned()),
        ("milesight", String::from_utf8_lossy(milesight).into_owned()),
    ] {
        pipeline.message(topic, payload.as_bytes(), false, now(10));
    }
    let expected = [
        ReadingKind::Presence(true),
        ReadingKind::Presence(true),
        ReadingKind::ShelfDelta(-1),
        ReadingKind::Crossing { entered: 3, left: 0 },
        ReadingKind::Crossing { entered: 2, left: 0 },
        ReadingKind::Level(6),
    ];
    assert_eq!(outcome(&mut pipeline).1, expected, "{:?}", pipeline.counts().dropped);
    assert_eq!(pipeline.counts().dropped.get("repeated-report"), Some(&2));
}
