use model::sighting::RollingId;
use wire::ble::address::{Address, AddressKind};
use wire::ble::ibeacon::IBeacon;
use wire::ble::rolling;

use super::*;
use crate::config::TEMPLATE;
use crate::radio::port::Kind;
use crate::record::form::{self, Header};

const START: i64 = 1_795_000_000_000;
/// The same moment as a capture counts it.
const START_IN_CAPTURE: i64 = START * 1_000 + 0x00dc_ddb3_0f2f_8000;
/// An event that a real controller sent: somebody else's iBeacon-like frame.
const REAL: &str = "043E24020100018C91A0AD8F401802011A14FF4C000100000000000000020000000000000000D3";

fn config() -> Config {
    Config::parse(TEMPLATE, "template").expect("right")
}

fn replay(bytes: &[u8], each: bool) -> Result<String, Error> {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("file");
    std::fs::write(&file, bytes).expect("written");
    let mut out = Vec::new();
    print(&Args { file, speed: 0.0, each }, &config(), &mut out)?;
    Ok(String::from_utf8(out).expect("text"))
}

fn summary(bytes: &[u8]) -> serde_json::Value {
    serde_json::from_str(&replay(bytes, false).expect("replayed")).expect("JSON")
}

fn record(bytes: &mut Vec<u8>, at_ms: i64, packet: &[u8]) {
    let length = u32::try_from(packet.len()).expect("short");
    bytes.extend([length, length, 3, 0].map(u32::to_be_bytes).concat());
    bytes.extend((START_IN_CAPTURE + at_ms * 1_000).to_be_bytes());
    bytes.extend_from_slice(packet);
}

fn capture() -> Vec<u8> {
    [b"btsnoop\0".as_slice(), &1u32.to_be_bytes(), &1002u32.to_be_bytes()].concat()
}

fn recording(adverts: &[(i64, u8, Vec<u8>)]) -> String {
    let header = Header::new("gw-1", "a test", model::time::Timestamp(START), 60);
    let mut text = serde_json::to_string(&header).expect("text");
    for (at, last, bytes) in adverts {
        let raw = RawAdvertisement {
            time: Timestamp(START + at),
            adapter: "hci0".into(),
            address: Address { bytes: [0xc0, 0xff, 0xee, 0, 0, *last], kind: AddressKind::Random },
            kind: Kind::Unknown,
            rssi: -60,
            bytes: bytes.clone(),
        };
        text.push('\n');
        text.push_str(&form::write(&raw));
    }
    text
}

fn customer() -> Vec<u8> {
    rolling::to_ibeacon(RollingId { prefix: [0xa7, 0x71, 0, 1], eid: [2; 8], tag: [3; 8] }, -59)
}

#[test]
fn a_capture_goes_through_the_pipeline_at_its_own_times() {
    let mut bytes = capture();
    let event = hex::decode(REAL).expect("hex");
    for at in [0, 100, 200, 900] {
        record(&mut bytes, at, &event);
    }
    record(&mut bytes, 1_000, &[2, 1, 3, 12, 0]);
    let found = summary(&bytes);
    assert_eq!(found["form"], "btsnoop");
    assert_eq!(found["heard"]["advertisements"], 4);
    assert_eq!(found["heard"]["senders"], 1);
    assert_eq!(found["would_send"]["sightings"]["stranger"], 2, "two windows of half a second: {found}");
    assert_eq!(found["would_send"]["sent_now_or_never"], 2);
    assert_eq!((&found["sent"], &found["from"]), (&false.into(), &"2026-11-18T11:06:40Z".into()));
    let text = replay(&bytes, true).expect("replayed");
    assert_eq!(text.lines().filter(|line| line.starts_with("{\"at\":")).count(), 2);
    assert!(!text.to_uppercase().contains("408FADA0918C") && !text.to_uppercase().contains("40:8F:AD"), "{text}");
}

#[test]
fn an_extended_advertisement_in_two_reports_is_put_together() {
    let beacon = IBeacon { uuid: [0xa7; 16], major: 1, minor: 2, power: -59 }.to_advertisement();
    let (head, tail) = beacon.split_at(12);
    let report = |kind: u8, data: &[u8]| {
        let mut report = vec![0x3e, 0, 0x0d, 1, kind, 0, 1, 6, 5, 4, 3, 2, 0xc1, 1, 2, 3, 0x7f, 0xc4];
        report.extend([0; 9]);
        report.push(u8::try_from(data.len()).expect("short"));
        report.extend_from_slice(data);
        report[1] = u8::try_from(report.len() - 2).expect("short");
        [&[4][..], &report].concat()
    };
    let mut bytes = capture();
    record(&mut bytes, 0, &report(0x20, head));
    record(&mut bytes, 1, &report(0x00, tail));
    record(&mut bytes, 2, &report(0x00, &beacon)[..20]);
    bytes.truncate(bytes.len() - 1);
    let mut source = Source::open(&bytes).expect("a capture");
    let raw = source.next().expect("one");
    assert_eq!((raw.bytes, raw.rssi, raw.adapter.as_str()), (beacon, -60, "hci0"));
    assert_eq!(source.next(), None);
    assert_eq!(source.problems.get("torn-end"), Some(&1));
}

#[test]
fn a_recording_of_ours_gives_what_the_box_would_have_sent() {
    let phone = |at| (at, 1, customer());
    let text = recording(&[phone(0), phone(100), (150, 2, vec![]), phone(86_400_000), phone(50)]);
    let found = summary(text.as_bytes());
    assert_eq!(found["form"]["recording"]["why"], "a test");
    assert_eq!(found["heard"]["advertisements"], 5);
    assert_eq!(found["would_send"]["sightings"]["customer"], 2, "a day lies between: {found}");
    assert_eq!(found["would_send"]["sightings"]["stranger"], 1);
    assert_eq!(found["would_send"]["known_transmitters"], 1);
    assert_eq!(found["would_send"]["kept_until_acknowledged"], 2);
    assert_eq!(found["seconds"], 86_400);
    let broken = format!("{text}\nnot a line\n");
    assert_eq!(summary(broken.as_bytes())["of_no_use"]["broken-line"], 1);
}

#[test]
fn what_is_neither_is_refused_with_its_name() {
    for wrong in [&b""[..], b"hello", b"{\"attimo_recording\":9}", b"\xff\xfe", b"btsnoop\0\0\0\0\x09\0\0\0\0"] {
        let refused = replay(wrong, false).expect_err("refused").to_string();
        assert!(refused.contains("/file: ") && refused.len() > 30, "{refused}");
    }
}
