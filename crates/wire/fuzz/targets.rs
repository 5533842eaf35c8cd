//! What is fuzzed: every decoder, and its corpus of right messages.

use wire::ble::address::{Address, AddressKind};
use wire::ble::bthome::{Ear, Packet};
use wire::ble::eddystone::EncryptedTlm;
use wire::ble::frame::{self, Frame};
use wire::ble::rolling::{self, AirKey};
use wire::ble::rpa::{self, Irk};
use wire::ble::{btsnoop, hci};
use wire::vendor::{
    self, cassia, counter, espresense, kontakt, minew, moko, openmqttgateway, presence, raddec, ruuvi, shelf, shelly,
    status, tasmota, theengs, zigbee,
};
use wire::{objections, settings, state, uplink};

use crate::target::Target;

const fn json(name: &'static str, corpus: &'static [&'static [u8]], run: fn(&[u8]) -> bool) -> Target {
    Target { name, corpus, is_hex: false, run }
}

/// Frames of every kind.
pub(crate) const AIR: &[&[u8]] = &[
    b"0201061AFF4C000215A7710001B97EF0466857531C0102030405060708C5",
    b"02011a1bff1801beac2f234454cf6d4a0fadf2f4911ba9ffa600010002c509",
    b"0201060303aafe1516aafe00e700010203040506070809010203040506",
    b"0201060303aafe0d16aafe30e7b97ef0466857531c",
    b"0201060303aafe1116aafe20000bb817800000303900001a85",
    b"0201060303aafe1516aafe2001f568e99960be153044a05b3ebeef4301",
    b"0201060B094449592D73656E736F720A16D2FC4002C40903BF13",
    b"0201061216D2FC41e445f3c9962b332211006c7c4519",
    b"02011a03036ffd17166ffd8be6cd371c5c891604bfbe49df84509672033874",
    b"02011a020a0c0eff4c000f05a0336aa5f110025b0c14ff4c000156fe8749000000000000000000000000",
    b"1421010000000000008000400000000071a7aabbcc",
    b"0201061816aafea7710001b97ef0466857531c0102030405060708c5",
];

/// Every decoder of the crate.
pub(crate) const TARGETS: &[Target] = &[
    Target { name: "air", corpus: AIR, is_hex: true, run: air },
    Target { name: "bthome", corpus: &[b"4002c40903bf13", b"41e445f3c9962b332211006c7c4519"], is_hex: true, run: bthome },
    Target {
        name: "minew-binary",
        corpus: &[b"bb0100000034ac233fffffff0001fee150bada5500011a0201060303e1ff1216e1ffa1034affe7004500fa55daba50e1fe00b8dd"],
        is_hex: true,
        run: |bytes| minew::decode(MINEW, bytes).is_ok(),
    },
    json("minew-json", &[include_bytes!("../testdata/minew/json-long.json"), include_bytes!("../testdata/minew/one-bad-element.json")], |bytes| minew::decode(MINEW, bytes).is_ok()),
    json("espresense", &[include_bytes!("../testdata/espresense/rolling-id.json"), include_bytes!("../testdata/espresense/eddystone-doubled.json"), include_bytes!("../testdata/espresense/own-node.json")], |bytes| {
        let told = espresense::decode_telemetry("espresense/rooms/bakery/telemetry", bytes).is_ok();
        espresense::decode("espresense/devices/x/bakery", bytes).is_ok() && told
    }),
    json("status", &[b"online", b"Offline", br#"{"state":"online"}"#], |bytes| {
        let node = espresense::decode_status("espresense/rooms/bakery/status", bytes).is_ok();
        let read = status::read(bytes);
        assert!(!node || read.is_ok(), "a node's words are everybody's");
        read.is_ok()
    }),
    json("theengs", &[include_bytes!("../testdata/theengs/ibeacon.json"), include_bytes!("../testdata/theengs/eid-undecoded.json")], |bytes| {
        theengs::decode("home/gw/BTtoMQTT/x", bytes).is_ok()
    }),
    json("openmqttgateway", &[include_bytes!("../testdata/theengs/by-uuid.json")], |bytes| {
        openmqttgateway::decode_under("home/presence/+", "home/presence/gw", bytes).is_ok()
    }),
    json("ruuvi", &[
        br#"{"gw_mac":"C8:25:2D:8E:9C:2C","rssi":-26,"aoa":[],"gwts":"1653668027","ts":"1653668027","data":"0201061BFF990405166455D5C6DD0008FFF803F0ADB60F2A92F41F0C28CBD6","coords":""}"#,
        br#"{"data":{"gw_mac":"C8:25:2D:8E:9C:2C","tags":{"F4:1F:0C:28:CB:D6":{"rssi":-26,"timestamp":"1653668026","data":"020106"}}}}"#,
    ], |bytes| ruuvi::decode_under("r/+/+", "r/C8252D8E9C2C/F41F0C28CBD6", bytes).is_ok()),
    json("moko", &[
        br#"{"msg_id":3004,"device_info":{"mac":"112233445566"},"data":[{"type":8,"value":{"timestamp":"2021-01-01&17:10:16+08","mac":"ABDF01FC9E98","rssi":-78,"name":"ABC","raw":"0201060303AAFE1116AAFE20000BD091181501E329"}}]}"#,
        br#"{"msg_id":3070,"device_info":{"mac":"112233445566"},"data":[{"timestamp":1609492216,"mac":"abdf01fc9e98","rssi":-70,"adv_data":"020106","rsp_data":"0201060B0944"}]}"#,
    ], |bytes| moko::decode_under("m/+", "m/gw", bytes).is_ok()),
    json("cassia", &[br#"{"id":"1","action":"data.scan","timestamp":1678698297028,"gateway":"CC:1B:E0:E2:8F:2C","data":[{"bdaddrs":[{"bdaddr":"C0:00:5B:D1:B7:25","bdaddrType":"random"}],"chipId":1,"rssi":-85,"adData":"020106","scanData":"020a0c"}]}"#], |bytes| {
        cassia::decode_under("up/+/scan", "up/gw/scan", bytes).is_ok()
    }),
    json("kontakt", &[br#"{"companyId":"abcdef","sourceId":"gw1","trackingId":"c0005bd1b725","rssi":-77,"timestamp":"2020-06-26T13:37:00Z","beaconTimestamp":1600000000,"batteryLevel":100,"timeSinceClick":65535,"clickCounter":3,"temperature":15.75,"humidity":50}"#], |bytes| {
        kontakt::decode_under("/stream/+/all", "/stream/x/all", bytes).is_ok()
    }),
    json("shelly", &[
        br#"{"encryption":false,"BTHome_version":2,"pid":16,"battery":100,"illuminance":109,"motion":1,"button":[0,1],"rssi":-53,"address":"aa:bc:12:34:56:78"}"#,
        br#"{"src":"s","method":"NotifyEvent","params":{"bthomesensor:1":{"value":true},"events":[{"component":"script:1","event":"single_push","data":{"pid":9,"motion":1,"rssi":-70,"address":"aa:bc:12:34:56:78"}}]}}"#,
    ], |bytes| {
        let component = shelly::read_component(bytes, "bthomesensor:1").is_ok();
        shelly::decode_under("+/events/rpc", "s/events/rpc", bytes).is_ok() || component
    }),
    json("tasmota", &[br#"{"Time":"2021-01-02T12:08:40","IBEACON":{"MAC":"A4C1387FC1E1","UID":"A7710001B97EF0466857531C01020304","MAJOR":1,"MINOR":2,"RSSI":-56,"STATE":"ON"}}"#], |bytes| {
        tasmota::decode_under("tele/+/SENSOR", "tele/ib/SENSOR", bytes).is_ok()
    }),
    json("raddec", &[br#"{"transmitterId":"fee150bada55","transmitterIdType":3,"rssiSignature":[{"receiverId":"001bc50940810000","receiverIdType":1,"rssi":-69,"numberOfDecodings":3}],"packets":["422455daba50e1fe0201061AFF4C000215A7710001B97EF0466857531C0102030405060708C5"],"timestamp":1420075425678}"#], raddec_both_ways),
    json("zigbee", &[br#"[{"friendly_name":"aisle 3/pir","definition":{"exposes":[{"property":"occupancy"},{"features":[{"property":"presence"}]}]}}]"#], |bytes| {
        zigbee::decode_devices(bytes).is_ok()
    }),
    json("presence", &[b"ON", br#"{"occupancy":true,"battery":97}"#, br#"{"LD2410":{"Distance":[200.0,181.0,144.0],"Energy":[13,100]}}"#], |bytes| {
        presence::read(bytes, None).is_ok()
    }),
    json("shelf", &[include_bytes!("../testdata/sensor/shelf-twelve.json")], |bytes| shelf::read(bytes).is_ok()),
    json("counter", &[
        include_bytes!("../testdata/sensor/counter.json"),
        include_bytes!("../testdata/sensor/milesight-level.json"),
        br#"{"logics_data":{"logics":[{"id":1,"name":"Entrance","records":[{"from":"2024-05-01T09:00:00+02:00","counts":[{"id":1,"name":"fw","value":3}]}]}]}}"#,
        br#"{"logics_data":{"logics":[{"id":1,"name":"Entrance","records":[{"from":1714546800000,"to":1714546860000,"counts":[{"id":1,"name":"fw","value":3},{"id":2,"name":"bw","value":1}]},{"from":1714546860000,"counts":[]}]},{"id":2,"name":"Tills","records":[]}]}}"#,
        br#"{"event":"count_change","space_id":"1","count":47,"direction":"in","timestamp":"2024-01-01T00:00:00Z"}"#,
        br#"{"line_1_total_in":72,"line_1_total_out":200,"line_2_total_in":5,"line_2_total_out":6}"#,
        br#"{"id":"event_1","type":"ZONE_OCCUPANCY","timestamp":1727735832000,"data":4,"zone_id":"zone_7"}"#,
    ], |bytes| {
        let mut read = false;
        for part in [None, Some("1")] {
            read |= counter::read_records(bytes, part).is_ok();
            read |= counter::read_totals(bytes, part).is_ok();
            read |= counter::read_level(bytes, part).is_ok();
        }
        read
    }),
    Target { name: "hci", corpus: &[b"043E0F020103010605040302010302011AC5"], is_hex: true, run: hci },
    Target {
        name: "btsnoop",
        corpus: &[b"6274736e6f6f700000000001000003ea0000001200000012000000030000000700dcddb30f2f8000043E0F020103010605040302010302011AC5"],
        is_hex: true,
        run: btsnoop,
    },
    Target {
        name: "uplink",
        corpus: &[b"0a0673686f702d311210070707070707070707070707070707071a1000000000000000000000000000000063200c280a3088a481c5ca333a0662616b6572794236104f18f40320032d00008dc235000094c23d000088c24500002040487552170d010071a71102020202020202021903030303030303034a0f0a04646f6f7210870e1a040802100152340802320c0a086e6f742d6a736f6e10043a110a0662616b6572791088a481c5ca3318085a0f1204646f6f721888a481c5ca332050"],
        is_hex: true,
        run: uplink,
    },
    Target {
        name: "pack",
        corpus: &[b"0a3b0a0673686f702d311210070707070707070707070707070707071a1000000000000000000000000000000002202928283080d8c1a28c34586360011248082912440a0673686f702d311210070707070707070707070707070707071a10000000000000000000000000000000023088a481c5ca334a0f0a04646f6f7210870e1a0408021001"],
        is_hex: true,
        run: |bytes| uplink::pack::decode_pack(bytes).is_ok_and(|unpacked| unpacked.unreadable.is_empty()),
    },
    Target { name: "ack", corpus: &[b"0a100707070707070707070707070707070710ac0218ae02209003"], is_hex: true, run: |bytes| uplink::decode_ack(bytes).is_ok() },
    Target {
        name: "objections",
        corpus: &[b"01000000000000000701010101010101010101010101010101000000010000000a"],
        is_hex: true,
        run: objections,
    },
    json("settings", &[br#"{"version":7,"settings":{"log":{"filter":"warn"}},"may_lose_receivers":true}"#], |bytes| {
        let report = settings::decode_report(bytes).is_ok();
        settings::decode(bytes).is_ok() || report
    }),
    json("state", &[br#"{"boot":"0000000000000000000000000000002a","state":"online","version":"1","started_at":1}"#], |bytes| {
        state::decode(bytes).is_ok_and(|state| state::decode(&state::encode(&state)).is_ok_and(|again| again == state))
    }),
    Target { name: "topic", corpus: &[b"espresense/devices/x/bakery", b"gw/shop-1/up", b"home/gw/BTtoMQTT/x"], is_hex: false, run: topic },
];

const MINEW: &str = "minew/AC233FC001EA/status";

fn air(bytes: &[u8]) -> bool {
    let frames = frame::decode(bytes);
    for frame in frames.iter() {
        let _ = (frame.power_at_1m(), frame.known([0xa7, 0x71, 0, 1], &[]), frame.name());
        assert_eq!(
            frame.rolling([0xa7, 0x71, 0, 1]).is_some(),
            frame
                .known([0xa7, 0x71, 0, 1], &[])
                .is_some_and(|known| matches!(known, model::sighting::Transmitter::Rolling(_)))
        );
        if let Frame::EncryptedTlm(sealed) = frame {
            let _: Option<_> = EncryptedTlm::open(&sealed, &[7; 16], 10, 65_279);
        }
        let _ = frame.to_advertisement();
    }
    if let Some(bytes) = bytes.first_chunk::<6>() {
        let address = Address { bytes: *bytes, kind: AddressKind::Random };
        let _ = rpa::is_of(&Irk([7; 16]), address);
    }
    if let Some(body) = bytes.first_chunk::<20>() {
        let _ = rolling::is_genuine(&AirKey([7; 16]), &model::sighting::RollingId::from_bytes(body), 7);
    }
    !frames.is_empty()
}

fn bthome(bytes: &[u8]) -> bool {
    let Some(packet) = Packet::from_service(bytes) else { return false };
    let _ = Ear::default().hear(&packet, [1; 6]);
    let _ = Ear::new(Some([7; 16])).hear(&packet, [1; 6]);
    true
}

fn hci(bytes: &[u8]) -> bool {
    let Ok(reports) = hci::reports(bytes) else { return false };
    for report in reports {
        let _ = frame::decode(report.data);
    }
    true
}

fn btsnoop(bytes: &[u8]) -> bool {
    let Ok(capture) = btsnoop::open(bytes) else { return false };
    capture.flatten().for_each(|event| drop(hci::reports(event.bytes)));
    true
}

/// What is read is written the same; a batch that can't be used may still tell its numbers.
fn uplink(bytes: &[u8]) -> bool {
    let _ = uplink::decode_numbers(bytes);
    let Ok(batch) = uplink::decode(bytes) else { return false };
    assert_eq!(uplink::decode(&uplink::encode(&batch)).as_ref().ok(), Some(&batch));
    true
}

fn objections(bytes: &[u8]) -> bool {
    objections::Objections::decode(bytes)
        .is_ok_and(|list| objections::Objections::decode(&list.encode()).ok() == Some(list))
}

fn raddec_both_ways(bytes: &[u8]) -> bool {
    let heard = raddec::decode(bytes);
    heard.is_ok_and(|heard| raddec::encode(&heard).is_some())
}

fn topic(bytes: &[u8]) -> bool {
    let topic = String::from_utf8_lossy(bytes);
    let parsed = wire::topics::Topic::parse(&topic);
    if let Some(parsed) = parsed {
        assert_eq!(parsed.to_string(), topic, "a topic that is read is written the same");
    }
    let _ = wire::topics::matches(&topic, "gw/shop-1/up");
    let _ = wire::topics::captured("a/+/b/#", &topic);
    let _ = vendor::decode(&topic, b"{}");
    parsed.is_some()
}
