//! Batches there and back, batches that can't be, and what an older or a newer end makes of them.

use model::ids::{DeviceId, SensorId};
use model::reading::ReadingKind;
use model::sighting::{RollingId, RssiSummary, Transmitter};
use model::subject::Pseudonym;
use model::units::Dbm;
use proptest::prelude::*;
use proptest::sample::Index;

use super::*;

mod older;

const SENT_AT: i64 = 1_772_355_605_000;

fn sighting() -> Sighting {
    Sighting {
        receiver: ReceiverId::new("bakery").expect("a name"),
        transmitter: Transmitter::Rolling(RollingId { prefix: [0xa7, 0x71, 0, 1], eid: [2; 8], tag: [3; 8] }),
        at: Timestamp(SENT_AT - 40),
        window: Millis(500),
        count: 3,
        rssi: RssiSummary { mean: Dbm(-70.5), min: Dbm(-74.0), max: Dbm(-68.0), variance: Some(2.5) },
        power_at_1m: Some(-59),
    }
}

fn receiver(name: &str, last_heard: Timestamp, heard: u64) -> ReceiverHealth {
    ReceiverHealth::new(ReceiverId::new(name).expect("a name"), last_heard, heard)
}

fn batch() -> Batch {
    Batch {
        gateway: GatewayId::new("shop-1").expect("a name"),
        spool: [7; 16],
        boot: BootId(99),
        seq: 12,
        oldest: 10,
        sent_at: Timestamp(SENT_AT),
        sightings: vec![sighting()],
        readings: vec![Reading {
            sensor: SensorId::new("door").expect("a name"),
            at: Timestamp(SENT_AT - 900),
            kind: ReadingKind::Crossing { entered: 2, left: 1 },
        }],
        health: Some(Health {
            spool_batches: 2,
            dropped: vec![("not-json".into(), 4)],
            receivers: vec![receiver("bakery", Timestamp(SENT_AT), 8)],
            beacons: vec![BeaconHealth {
                who: Bearer::Sensor(SensorId::new("door").expect("a name")),
                at: Timestamp(SENT_AT),
                battery_percent: Some(80),
                battery_mv: None,
                there: None,
            }],
            ..Health::default()
        }),
        live_from: 0,
        historical: false,
        clocks: None,
    }
}

fn ack() -> Ack {
    Ack { spool: [7; 16], through: 300, beyond: None, offset: None, packs: false, refused: None }
}

fn message() -> message::Batch {
    write::batch(&batch())
}

fn code_of(message: &impl prost::Message) -> &'static str {
    decode(&message.encode_to_vec()).map_or_else(|error| error.code(), |_| "accepted")
}

#[test]
fn a_batch_that_cannot_be_is_refused_with_its_code() {
    type Change = fn(&mut message::Batch);
    let changes: [(&str, &str, Change); 35] = [
        ("nothing", "accepted", |_| {}),
        ("no gateway", "bad-name", |b| b.gateway.clear()),
        ("a gateway with a slash", "bad-name", |b| b.gateway = "a/b".into()),
        ("a short spool", "out-of-range", |b| b.spool.truncate(15)),
        ("a long boot", "out-of-range", |b| b.boot.push(0)),
        ("oldest after seq", "out-of-range", |b| b.oldest = 13),
        ("a number without an oldest", "out-of-range", |b| b.oldest = 0),
        ("no number, but an oldest", "out-of-range", |b| b.seq = 0),
        ("sent before 1970", "out-of-range", |b| b.sent_at = -1),
        ("sent after the year 9999", "out-of-range", |b| b.sent_at = i64::MAX),
        ("a receiver without a name", "bad-name", |b| b.receivers[0].clear()),
        ("too many receivers", "too-many", |b| b.receivers = vec!["x".into(); RECEIVERS_MAX + 1]),
        ("too many readings", "too-many", |b| b.readings = vec![b.readings[0].clone(); READINGS_MAX + 1]),
        ("a receiver that is not listed", "missing-field", |b| b.sightings[0].receiver = 1),
        ("no transmitter", "missing-field", |b| b.sightings[0].transmitter = None),
        ("heard before 1970", "out-of-range", |b| b.sightings[0].at = -SENT_AT - 1),
        ("heard at an overflow", "out-of-range", |b| b.sightings[0].at = i64::MAX),
        ("a window of an hour", "out-of-range", |b| b.sightings[0].window_ms = 3_600_000),
        ("heard never", "out-of-range", |b| b.sightings[0].count = 0),
        ("heard too often", "out-of-range", |b| b.sightings[0].count = 65_536),
        ("a strength of nothing", "out-of-range", |b| b.sightings[0].mean = f32::NAN),
        ("an impossible strength", "out-of-range", |b| b.sightings[0].max = 21.0),
        ("a mean below the weakest", "out-of-range", |b| b.sightings[0].mean = -75.0),
        ("a negative variance", "out-of-range", |b| b.sightings[0].variance = Some(-0.5)),
        ("an impossible power", "out-of-range", |b| b.sightings[0].power_at_1m = Some(128)),
        ("a reading of nothing", "missing-field", |b| b.readings[0].kind = None),
        ("a sensor without a name", "bad-name", |b| b.readings[0].sensor.clear()),
        ("a reason that is no code", "out-of-range", |b| {
            b.health.as_mut().expect("health").dropped[0].code = "<b>".into();
        }),
        ("a receiver's time that cannot be", "out-of-range", |b| {
            b.health.as_mut().expect("health").receivers[0].last_heard = -5;
        }),
        ("a receiver's kind that is no code", "out-of-range", |b| {
            b.health.as_mut().expect("health").receivers[0].kind = "A kind".into();
        }),
        ("a battery of nothing", "missing-field", |b| b.health.as_mut().expect("health").beacons[0].who = None),
        ("a battery without a name", "bad-name", |b| {
            b.health.as_mut().expect("health").beacons[0].who = Some(message::Bearer::Sensor(String::new()));
        }),
        ("more than a full battery", "out-of-range", |b| {
            b.health.as_mut().expect("health").beacons[0].battery_percent = Some(101);
        }),
        ("an impossible voltage", "out-of-range", |b| {
            b.health.as_mut().expect("health").beacons[0].battery_mv = Some(65_536);
        }),
        ("too many batteries", "too-many", |b| {
            let health = b.health.as_mut().expect("health");
            health.beacons = vec![health.beacons[0].clone(); BEACONS_MAX + 1];
        }),
    ];
    for (what, expected, change) in changes {
        let mut message = message();
        change(&mut message);
        assert_eq!(code_of(&message), expected, "{what}");
    }
}

#[test]
fn a_beacon_whose_numbers_do_not_fit_is_refused() {
    let mut message = message();
    let beacon = message::Beacon { uuid_high: 1, uuid_low: 2, major: 65_536, minor: 0 };
    message.sightings[0].transmitter = Some(message::Transmitter::Beacon(beacon));
    assert_eq!(code_of(&message), "out-of-range");
}

#[test]
fn too_many_sightings_and_too_many_bytes_are_refused() {
    let small = message::Sighting { count: 1, transmitter: Some(message::Transmitter::Eid(1)), ..Default::default() };
    let mut message = message();
    message.sightings = vec![small; SIGHTINGS_MAX];
    assert_eq!(code_of(&message), "accepted");
    message.sightings.push(message.sightings[0].clone());
    assert_eq!(code_of(&message), "too-many");
    assert_eq!(decode(&vec![0; BATCH_LEN_MAX + 1]).expect_err("oversized").code(), "too-large");
}

#[test]
fn a_batch_as_large_as_gateways_make_it_is_far_from_the_bound() {
    let usual = Batch { sightings: vec![sighting(); 500], ..batch() };
    let length = encode(&usual).len();
    assert!(length < BATCH_LEN_MAX / 8, "{length} bytes");
    assert_eq!(decode(&encode(&usual)).expect("what was just written").sightings.len(), 500);
}

#[test]
fn cut_short_wrong_and_foreign_bytes_are_refused() {
    let good = encode(&batch());
    assert_eq!(decode(&good[..good.len() - 1]).expect_err("cut short").code(), "not-protobuf");
    assert_eq!(decode(b"{\"gateway\":\"shop-1\"}").expect_err("JSON").code(), "not-protobuf");
    assert_eq!(decode(b"").expect_err("empty").code(), "bad-name", "an empty protobuf lacks everything");
    // Field 1 as a number, where it must be a text; and as a text that is not UTF-8.
    assert_eq!(decode(&[0x08, 0x01]).expect_err("wrong type").code(), "not-protobuf");
    assert_eq!(decode(&[0x0a, 0x02, 0xff, 0xfe]).expect_err("not UTF-8").code(), "not-protobuf");
}

#[test]
fn the_numbers_of_a_useless_batch_can_still_be_read() {
    let mut message = message();
    message.sightings[0].transmitter = None;
    let payload = message.encode_to_vec();
    assert!(decode(&payload).is_err());
    let expected = Numbers { gateway: batch().gateway, spool: [7; 16], seq: 12, oldest: 10, live_from: 0 };
    assert_eq!(decode_numbers(&payload).expect("the numbers"), expected);
    assert!(decode_numbers(b"").is_err());
}

#[test]
fn a_newer_gateway_may_say_more() {
    let mut payload = encode(&batch()).to_vec();
    // Field 200, a text, that this version does not know.
    payload.extend_from_slice(&[0xc2, 0x0c, 0x03, b'n', b'e', b'w']);
    assert_eq!(decode(&payload).expect("a batch with a stranger in it"), batch());
}

#[test]
fn the_volatile_lane_has_no_numbers() {
    let live = Batch { seq: 0, oldest: 0, ..batch() };
    assert_eq!(decode(&encode(&live)).expect("a batch of the volatile lane"), live);
    let numbered = Batch { live_from: 3, ..live };
    assert_eq!(decode(&encode(&numbered)).expect_err("backlog has numbers").code(), "out-of-range");
}

#[test]
fn the_bytes_on_the_wire_stay_what_they_are() {
    // A change here means that gateways in the field and the server do not understand each other any more.
    let bare = Batch { readings: Vec::new(), health: None, ..batch() };
    assert_eq!(
        hex::encode(encode(&bare)),
        concat!(
            "0a0673686f702d31",
            "121007070707070707070707070707070707",
            "1a1000000000000000000000000000000063",
            "200c280a3088a481c5ca33",
            "3a0662616b657279",
            "4236104f18f40320032d00008dc235000094c23d000088c24500002040487552170d010071a7110202020202020202190303030303030303"
        )
    );
    assert_eq!(hex::encode(encode_ack(ack())), "0a100707070707070707070707070707070710ac02");
}

#[test]
fn a_bad_acknowledgement_is_refused() {
    let code = |payload: &[u8]| decode_ack(payload).expect_err("a bad acknowledgement").code();
    assert_eq!(code(b""), "out-of-range");
    assert_eq!(code(&[0; ACK_LEN_MAX + 1]), "too-large");
    assert_eq!(code(&encode_ack(ack())[..10]), "not-protobuf");
    for beyond in [(300, 400), (299, 301), (402, 401), (0, 9)] {
        let ack = Ack { beyond: Some(beyond), ..ack() };
        assert_eq!(code(&encode_ack(ack)), "out-of-range", "{beyond:?}");
    }
    for refused in [(402, 401), (0, 9)] {
        let ack = Ack { refused: Some(refused), ..ack() };
        assert_eq!(code(&encode_ack(ack)), "out-of-range", "{refused:?}");
    }
}

fn any_transmitter() -> impl Strategy<Value = Transmitter> {
    prop_oneof![
        any::<[u8; 20]>().prop_map(|body| Transmitter::Rolling(RollingId::from_bytes(&body))),
        any::<[u8; 8]>().prop_map(Transmitter::Eid),
        any::<([u8; 16], u16, u16)>().prop_map(|(uuid, major, minor)| Transmitter::Beacon { uuid, major, minor }),
        any::<u128>().prop_map(|id| Transmitter::Device(DeviceId(id))),
        any::<u64>().prop_map(|pseudonym| Transmitter::Anonymous(Pseudonym(pseudonym))),
    ]
}

fn any_time() -> impl Strategy<Value = Timestamp> {
    prop_oneof![(SENT_AT - 100_000..SENT_AT), 0..253_402_300_800_000i64].prop_map(Timestamp)
}

prop_compose! {
    fn any_sighting()(
        receiver in "[a-z0-9_]{1,12}",
        transmitter in any_transmitter(),
        at in any_time(),
        window in 0i64..=60_000,
        count in 1u16..,
        mut strengths in proptest::array::uniform3(-127.0f32..=20.0),
        variance in proptest::option::of(0.0f32..=10_000.0),
        power_at_1m: Option<i8>,
    ) -> Sighting {
        strengths.sort_by(f32::total_cmp);
        let [min, mean, max] = strengths.map(Dbm);
        Sighting {
            receiver: ReceiverId::new(&receiver).expect("a name"),
            transmitter,
            at,
            window: Millis(window),
            count,
            rssi: RssiSummary { mean, min, max, variance },
            power_at_1m,
        }
    }
}

prop_compose! {
    fn any_reading()(sensor in "[a-z0-9-]{1,12}", at in any_time(), kind in prop_oneof![
        any::<(u32, u32)>().prop_map(|(entered, left)| ReadingKind::Crossing { entered, left }),
        any::<u32>().prop_map(ReadingKind::Level),
        any::<bool>().prop_map(ReadingKind::Presence),
        any::<i32>().prop_map(ReadingKind::ShelfDelta),
    ]) -> Reading {
        Reading { sensor: SensorId::new(&sensor).expect("a name"), at, kind }
    }
}

prop_compose! {
    fn any_receiver()(
        name in "[a-z0-9_]{1,12}", last_heard in any_time(), kind in "[a-z-]{0,12}", counts: [u64; 6], on_air: Option<u64>,
        there: Option<bool>,
    ) -> ReceiverHealth {
        let [heard, forwarded, overflowed, gaps, gap_ms, missed] = counts;
        ReceiverHealth { kind, forwarded, overflowed, gaps, gap_ms, missed, on_air, there, ..receiver(&name, last_heard, heard) }
    }
}

prop_compose! {
    fn any_beacon()(
        sensor in proptest::option::of("[a-z0-9-]{1,12}"), numbers: ([u8; 16], u16, u16), at in any_time(),
        battery_percent in proptest::option::of(0u8..=100), battery_mv: Option<u16>, there: Option<bool>,
    ) -> BeaconHealth {
        let (uuid, major, minor) = numbers;
        let beacon = Bearer::Beacon(Advertised { uuid, major, minor });
        let who = sensor.map_or(beacon, |name| Bearer::Sensor(SensorId::new(&name).expect("a name")));
        BeaconHealth { who, at, battery_percent, battery_mv, there }
    }
}

prop_compose! {
    fn any_health()(
        numbers: [u64; 5],
        dropped in proptest::collection::vec(("[a-z0-9-]{1,64}", any::<u64>()), 0..6),
        receivers in proptest::collection::vec(any_receiver(), 0..6),
        lost: [u64; 3],
        beacons in proptest::collection::vec(any_beacon(), 0..6),
    ) -> Health {
        let [spool_batches, spool_bytes, oldest_unsent_ms, adverts_heard, sightings_sent] = numbers;
        let [sightings_lost, readings_lost, backlog] = lost;
        Health {
            spool_batches, spool_bytes, oldest_unsent_ms, adverts_heard, sightings_sent, dropped, receivers,
            sightings_lost, readings_lost, backlog, beacons,
        }
    }
}

prop_compose! {
    fn any_batch()(
        gateway in "[a-z0-9-]{1,20}",
        spool: [u8; 16],
        boot: u128,
        seq in 1u64..,
        age: Index,
        sent_at in any_time(),
        sightings in proptest::collection::vec(any_sighting(), 0..30),
        readings in proptest::collection::vec(any_reading(), 0..8),
        health in proptest::option::of(any_health()),
        live_from: u64,
        historical: bool,
    ) -> Batch {
        let oldest = seq - age.index(usize::try_from(seq).unwrap_or(usize::MAX)) as u64;
        Batch {
            gateway: GatewayId::new(&gateway).expect("a name"),
            spool, boot: BootId(boot), seq, oldest, sent_at, sightings, readings, health,
            live_from, historical, clocks: None,
        }
    }
}

proptest! {
    #[test]
    fn batches_survive_the_way(batch in any_batch()) {
        let payload = encode(&batch);
        let numbers = decode_numbers(&payload).expect("the numbers of what was just written");
        prop_assert_eq!((numbers.spool, numbers.seq, numbers.oldest), (batch.spool, batch.seq, batch.oldest));
        prop_assert_eq!(decode(&payload).expect("what was just written"), batch);
    }

    #[test]
    fn acknowledgements_survive_the_way(
        spool: [u8; 16],
        through in 0u64..1 << 60,
        beyond in proptest::option::of((1u64..1 << 20, 0u64..1 << 20)),
        offset in proptest::option::of(-253_402_300_799_999i64..253_402_300_800_000),
        refused in proptest::option::of((1u64..1_000_000, 0u64..256)),
    ) {
        let beyond = beyond.map(|(gap, len)| (through + gap, through + gap + len));
        let refused = refused.map(|(from, len)| (from, from + len));
        let ack = Ack { spool, through, beyond, offset: offset.map(Millis), packs: false, refused };
        prop_assert_eq!(decode_ack(&encode_ack(ack)).expect("what was just written"), ack);
    }

    #[test]
    fn a_damaged_batch_is_taken_or_refused_without_panic(
        batch in any_batch(),
        changes in proptest::collection::vec((any::<Index>(), any::<u8>()), 1..8),
        cut: Index,
    ) {
        let mut payload = encode(&batch).to_vec();
        for (place, byte) in changes {
            let place = place.index(payload.len());
            payload[place] = byte;
        }
        let _ = decode_numbers(&payload);
        if let Ok(read) = decode(&payload) {
            prop_assert!(read.sightings.iter().all(|s| s.count > 0 && s.rssi.min <= s.rssi.max && is_possible(s.at)));
        }
        let _ = decode(&payload[..cut.index(payload.len())]);
    }

    #[test]
    fn any_bytes_are_taken_without_panic(payload in proptest::collection::vec(any::<u8>(), 0..600)) {
        let _ = decode(&payload);
        let _ = decode_numbers(&payload);
        let _ = decode_ack(&payload);
    }
}
