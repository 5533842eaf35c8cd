//! Canaries: addresses that are put in at the front, and looked for in everything that is written or sent.

use model::ids::{ReceiverId, SensorId};
use model::reading::ReadingKind;
use model::sighting::Transmitter;
use model::time::Timestamp;
use model::units::Dbm;
use tempfile::TempDir;
use wire::ble::address::{Address, AddressKind};
use wire::ble::frame::Frame;
use wire::ble::ibeacon::IBeacon;
use wire::ble::{eddystone, rolling};
use wire::state::Liveness;
use wire::vendor::counter::{self, Totals};
use wire::vendor::theengs::Flavour;
use wire::vendor::{Heard, Message, espresense, minew, shelf, theengs};

use crate::harness::{Broker, Gateway, PATIENCE, Publisher, Server, mosquitto_is_missing, until_healthy};

const NOW: Timestamp = Timestamp(1_790_000_000_000);

fn address(n: u8) -> Address {
    Address { bytes: [0xc0, 0xff, 0xee, 0x5a, 0x17, n], kind: AddressKind::Random }
}

fn heard(receiver: &str, n: u8, frame: Option<Frame>) -> Heard {
    Heard {
        receiver: ReceiverId::new(receiver).expect("an id"),
        address: Some(address(n)),
        frames: frame.into(),
        rssi: Dbm(-61.0),
        variance: None,
        power_at_1m: frame.as_ref().and_then(Frame::power_at_1m),
        at: None,
    }
}

fn beacon(uuid: [u8; 16]) -> Frame {
    Frame::IBeacon(IBeacon { uuid, major: 7, minor: 9, power: -59 })
}

fn own_tag() -> Frame {
    let mut uuid = [0; 16];
    hex::decode_to_slice("a7710002000040008000000000000001", &mut uuid).expect("a UUID");
    beacon(uuid)
}

fn phone() -> (Frame, Frame) {
    let key = rolling::AirKey([7; 16]);
    let id = rolling::rolling_id(&key, [0xa7, 0x71, 0x00, 0x01], 1_790_000_000);
    let frame = wire::ble::frame::decode(&rolling::to_ibeacon(id, -59)).best().expect("an iBeacon");
    (frame, Frame::Eid(eddystone::Eid { power_at_0m: -18, eid: id.eid }))
}

/// Every form in which an address could slip out: digits in both cases and three separators, bytes both ways, base64, decimal.
fn forms(address: Address) -> Vec<Vec<u8>> {
    use std::fmt::Write as _;
    let bytes = address.bytes;
    let mut reversed = bytes;
    reversed.reverse();
    let mut forms = vec![bytes.to_vec(), reversed.to_vec()];
    for bytes in [bytes, reversed] {
        for separator in ["", ":", "-", "_"] {
            let pairs: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            let text = pairs.join(separator);
            forms.extend([text.to_uppercase().into_bytes(), text.into_bytes()]);
        }
        let number = bytes.iter().fold(0u64, |sum, byte| sum << 8 | u64::from(*byte));
        forms.extend([number.to_string().into_bytes(), number.to_be_bytes()[2..].to_vec()]);
        let mut list = String::new();
        bytes.iter().for_each(|byte| write!(list, "{byte}, ").expect("a string"));
        forms.push(list.trim_end_matches(", ").as_bytes().to_vec());
    }
    // "wP/uWhcB" and its like: six bytes are exactly eight letters of base64.
    forms.push(base64(bytes));
    forms
}

fn base64(bytes: [u8; 6]) -> Vec<u8> {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    bytes
        .chunks(3)
        .flat_map(|three| {
            let bits = three.iter().fold(0usize, |sum, byte| sum << 8 | usize::from(*byte));
            [18, 12, 6, 0].map(|shift| LETTERS[bits >> shift & 63])
        })
        .collect()
}

fn messages() -> Vec<Message> {
    let (full, short) = phone();
    let door = |entered| {
        let id = SensorId::new("door").expect("an id");
        counter::encode(&id, "1", "Door", Timestamp(NOW.0 + i64::from(entered) * 1_000), Totals { entered, left: 0 })
    };
    let scale = |items: u32| shelf::encode(&SensorId::new("shelf").expect("an id"), NOW, items * 750, 750);
    let minews = [heard("AC233FC001EA", 4, Some(beacon([9; 16]))), heard("AC233FC001EA", 5, None)];
    vec![
        espresense::encode(&heard("wine", 1, Some(full)), 500).expect("an iBeacon"),
        theengs::encode(&heard("TheengsGateway", 2, Some(short)), Flavour::Theengs).expect("an address"),
        espresense::encode(&heard("wine", 3, Some(own_tag())), 500).expect("an iBeacon"),
        minew::encode(&ReceiverId::new("AC233FC001EA").expect("an id"), NOW, &minews),
        door(1),
        door(4),
        scale(5),
        scale(4),
    ]
}

fn assert_no_address(place: &str, bytes: &[u8]) {
    for n in 1..=5 {
        for form in forms(address(n)) {
            let found = bytes.windows(form.len()).any(|window| window == form);
            assert!(!found, "address {n} stands in {place} as {:?}", String::from_utf8_lossy(&form));
        }
    }
}

async fn everything_arrives_and_no_address_does(mode: &str) {
    if mosquitto_is_missing() {
        return;
    }
    let folder = TempDir::new().expect("a folder");
    let broker = Broker::start().await;
    let mut server = Server::start(&broker).await;
    server.tell_that_nobody_objects().await;
    let extra = format!("[privacy]\nmode = \"{mode}\"\n");
    let mut gateway = Gateway::start(folder.path(), &broker, &broker, &extra).await;
    until_healthy(&gateway.status).await;
    // Of strangers nothing goes before the box knows who objects.
    let told = async || {
        while !folder.path().join("data/objections").exists() {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, told()).await.expect("the list comes");
    let vendors = Publisher::start(&broker).await;
    for message in messages() {
        vendors.publish(&message).await;
    }
    let strangers = |c: &crate::harness::Committed| if mode == "day" { c.sightings.len() - 3 } else { c.live.len() };
    server.until("all sightings", |c| c.sightings.len() >= 3 && strangers(c) == 2).await;
    server.until("both readings", |c| c.readings.len() == 2).await;
    server.until("health", |c| c.health.as_ref().is_some_and(|h| h.adverts_heard == 5)).await;

    let committed = server.committed();
    let (full, short) = phone();
    let known: Vec<Transmitter> = [full, short, own_tag()]
        .iter()
        .filter_map(|frame| frame.known([0xa7, 0x71, 0x00, 0x01], &own_uuid()))
        .collect();
    for transmitter in &known {
        assert!(committed.sightings.iter().any(|s| s.transmitter == *transmitter), "{transmitter:?}");
    }
    let lane = if mode == "day" { &committed.sightings } else { &committed.live };
    assert_eq!(lane.iter().filter(|s| matches!(s.transmitter, Transmitter::Anonymous(_))).count(), 2);
    assert_eq!(committed.crossed(), (3, 0));
    assert!(committed.readings.iter().any(|reading| reading.kind == ReadingKind::ShelfDelta(-1)));

    assert_eq!(gateway.stop().await, Some(0));
    server.until("the farewell", |c| c.states.last().is_some_and(|s| s.state == Liveness::Offline)).await;
    for payload in server.committed().payloads {
        assert_no_address("the uplink", &payload);
    }
    for (path, bytes) in gateway.written() {
        assert!(!bytes.is_empty());
        assert_no_address(&path.display().to_string(), &bytes);
    }
    server.stop().await;
}

fn own_uuid() -> [[u8; 16]; 1] {
    match own_tag() {
        Frame::IBeacon(beacon) => [beacon.uuid],
        Frame::AltBeacon(_)
        | Frame::Eid(_)
        | Frame::Uid(_)
        | Frame::Tlm(_)
        | Frame::EncryptedTlm(_)
        | Frame::Service(_)
        | Frame::Measures(_)
        | Frame::SealedMeasures(_)
        | Frame::Exposure(_)
        | Frame::Overflow(_) => [[0; 16]],
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_vendors_publish_arrives_and_no_address_does_in_mode_count() {
    everything_arrives_and_no_address_does("count").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_vendors_publish_arrives_and_no_address_does_in_mode_day() {
    everything_arrives_and_no_address_does("day").await;
}

#[test]
fn the_forms_hold_what_they_should() {
    let forms = forms(address(1));
    for form in ["c0ffee5a1701", "C0:FF:EE:5A:17:01", "wP/uWhcB", "192, 255, 238, 90, 23, 1", "01-17-5a-ee-ff-c0"] {
        assert!(forms.iter().any(|found| found == form.as_bytes()), "{form}");
    }
}
