use model::ids::SensorId;
use model::units::Dbm;
use wire::ble::address::{Address, AddressKind};
use wire::ble::frame::Frame;
use wire::ble::ibeacon::IBeacon;
use wire::vendor::counter::{self, Totals};
use wire::vendor::{Heard, Message, espresense};

use super::*;
use crate::config::TEMPLATE;
use crate::radio::port::Kind;

const NOON: i64 = 1_790_000_000_000;
const DOOR: &str = "\n[sensors.door]\nkind = \"counter-cumulative\"\ntopic = \"counter/door\"\n";

/// The UUID of the store's tags.
const TAG: [u8; 16] = [0xa7, 0x71, 0, 2, 0, 0, 0x40, 0, 0x80, 0, 0, 0, 0, 0, 0, 1];

fn now(ms: i64) -> Now {
    Now::new(Timestamp(NOON + ms), Millis(ms))
}

fn pipeline(mode: &str) -> Pipeline {
    let text = TEMPLATE.replace("[privacy]", &format!("[privacy]\nmode = \"{mode}\"")) + DOOR;
    let text = text.replace("# tag_uuids", "tag_uuids");
    let config = Config::parse(&text, "test").expect("a configuration");
    Pipeline::new(&config, None, rand::random, now(0))
}

fn rolling(n: u8) -> Frame {
    let mut uuid = [n; 16];
    uuid[..4].copy_from_slice(&[0xa7, 0x71, 0x00, 0x01]);
    Frame::IBeacon(IBeacon { uuid, major: 1, minor: 2, power: -59 })
}

fn stranger(n: u8) -> Frame {
    Frame::IBeacon(IBeacon { uuid: [n; 16], major: 1, minor: 2, power: -59 })
}

fn message(frame: Frame, address: u8, rssi: f32) -> Message {
    let heard = Heard {
        receiver: ReceiverId::new("wine").expect("an id"),
        address: Some(Address { bytes: [0xc0, 0xff, 0xee, 0, 0, address], kind: AddressKind::Random }),
        frames: Some(frame).into(),
        rssi: Dbm(rssi),
        variance: None,
        power_at_1m: Some(-59),
        at: None,
    };
    espresense::encode(&heard, 500).expect("ESPresense tells of iBeacons")
}

fn hear(pipeline: &mut Pipeline, message: &Message, ms: i64) {
    pipeline.message(&message.topic, &message.payload, false, now(ms));
}

fn parcels(pipeline: &mut Pipeline) -> Vec<Parcel> {
    std::iter::from_fn(|| pipeline.poll_parcel()).collect()
}

#[test]
fn half_a_second_of_one_transmitter_becomes_one_sighting() {
    let mut pipeline = pipeline("count");
    hear(&mut pipeline, &message(rolling(5), 1, -60.0), 10);
    hear(&mut pipeline, &message(rolling(5), 1, -70.0), 200);
    assert_eq!(pipeline.poll_timeout(), Some(Millis(500)));
    pipeline.handle_timeout(now(499));
    assert_eq!(parcels(&mut pipeline), []);
    pipeline.handle_timeout(now(500));
    let all = parcels(&mut pipeline);
    let [Parcel::Durable { at, sightings, readings, state: None }] = all.as_slice() else {
        panic!("one durable parcel, not {all:?}");
    };
    assert_eq!((*at, sightings.len(), readings.len()), (Timestamp(NOON + 500), 1, 0));
    assert_eq!((sightings[0].count, sightings[0].rssi.mean), (2, Dbm(-65.0)));
    assert_eq!(pipeline.poll_timeout(), None);
}

#[test]
fn strangers_never_touch_the_disk_in_mode_count_and_do_in_mode_day() {
    for (mode, durable, volatile) in [("count", 1, 1), ("day", 2, 0)] {
        let mut pipeline = pipeline(mode);
        hear(&mut pipeline, &message(rolling(5), 1, -60.0), 10);
        hear(&mut pipeline, &message(stranger(5), 2, -60.0), 10);
        pipeline.handle_timeout(now(500));
        let mut found = (0, 0);
        for parcel in parcels(&mut pipeline) {
            match parcel {
                Parcel::Durable { sightings, .. } => found.0 += sightings.len(),
                Parcel::Volatile { sightings } => found.1 += sightings.len(),
            }
        }
        assert_eq!(found, (durable, volatile), "{mode}");
    }
}

#[test]
fn who_consented_and_the_shops_tags_are_kept_by_their_own_ids_in_both_modes() {
    let tag = Frame::IBeacon(IBeacon { uuid: TAG, major: 7, minor: 9, power: -59 });
    for mode in ["count", "day"] {
        let mut pipeline = pipeline(mode);
        hear(&mut pipeline, &message(rolling(5), 1, -60.0), 10);
        hear(&mut pipeline, &message(tag, 2, -60.0), 10);
        pipeline.handle_timeout(now(500));
        let all = parcels(&mut pipeline);
        let [Parcel::Durable { sightings, .. }] = all.as_slice() else {
            panic!("one durable parcel, not {all:?}");
        };
        let transmitters: Vec<_> = sightings.iter().map(|sighting| sighting.transmitter.clone()).collect();
        let [Transmitter::Rolling(id), Transmitter::Beacon { uuid: TAG, major: 7, minor: 9 }] = transmitters.as_slice()
        else {
            panic!("a phone and a tag, not {transmitters:?}");
        };
        assert_eq!((id.prefix, id.eid), ([0xa7, 0x71, 0x00, 0x01], [5; 8]), "{mode}");
    }
}

#[test]
fn a_reading_goes_within_a_quarter_of_a_second_with_what_the_sensor_stands_at() {
    let mut pipeline = pipeline("count");
    let door = SensorId::new("door").expect("an id");
    for (second, entered) in [(0, 10), (1, 12)] {
        let at = Timestamp(NOON + second * 1_000);
        hear(&mut pipeline, &counter::encode(&door, "1", "Door", at, Totals { entered, left: 0 }), second * 1_000);
    }
    assert_eq!(pipeline.poll_timeout(), Some(Millis(1_250)));
    pipeline.handle_timeout(now(1_250));
    let all = parcels(&mut pipeline);
    let [Parcel::Durable { sightings, readings, state: Some(_), .. }] = all.as_slice() else {
        panic!("one durable parcel, not {all:?}");
    };
    assert_eq!((sightings.len(), readings.len()), (0, 1));
}

#[test]
fn a_crowd_is_parted_into_parcels_and_nobody_is_missing() {
    let mut pipeline = pipeline("day");
    for n in 0..1_201u32 {
        let [_, _, high, low] = n.to_be_bytes();
        let raw = RawAdvertisement {
            time: Timestamp(NOON),
            adapter: "hci0".into(),
            address: Address { bytes: [0xc0, 0, 0, 0, high, low], kind: AddressKind::Random },
            kind: Kind::Unknown,
            rssi: -70,
            bytes: stranger(1).to_advertisement(),
        };
        pipeline.advertisement(&raw, now(1));
    }
    pipeline.finish(now(2));
    let sizes: Vec<usize> = parcels(&mut pipeline)
        .iter()
        .map(|parcel| match parcel {
            Parcel::Durable { sightings, .. } | Parcel::Volatile { sightings } => sightings.len(),
        })
        .collect();
    assert_eq!(sizes, [500, 500, 201]);
    assert_eq!(pipeline.counts().sightings, 1_201);
}

#[test]
fn bad_messages_of_every_kind_are_counted_and_dropped() {
    let mut pipeline = pipeline("count");
    let good = message(rolling(5), 1, -60.0);
    for len in 0..good.payload.len() {
        pipeline.message(&good.topic, &good.payload[..len], false, now(1));
    }
    pipeline.message(&good.topic, &vec![b' '; 100_000], false, now(1));
    pipeline.message(&good.topic, &[0xff, 0xfe], false, now(1));
    pipeline.message("nobody/knows", b"{}", false, now(1));
    pipeline.message(&good.topic, &good.payload, true, now(1));
    pipeline.finish(now(2));
    assert_eq!(parcels(&mut pipeline), []);
    let dropped = &pipeline.counts().dropped;
    assert_eq!(dropped.values().sum::<u64>(), good.payload.len() as u64 + 4);
    for code in ["too-large", "not-utf8", "not-json", "unknown-topic", "retained-sighting"] {
        assert!(dropped.contains_key(code), "{code} in {dropped:?}");
    }
}

#[test]
fn who_objected_is_left_out_before_anything_else() {
    let mut pipeline = pipeline("count");
    let hears = |pipeline: &mut Pipeline, ms: i64| {
        hear(pipeline, &message(stranger(9), 1, -60.0), ms);
        hear(pipeline, &message(stranger(8), 2, -60.0), ms);
        pipeline.handle_timeout(now(ms + 500));
        let count = |parcel: &Parcel| match parcel {
            Parcel::Volatile { sightings } | Parcel::Durable { sightings, .. } => sightings.len(),
        };
        parcels(pipeline).iter().map(count).sum::<usize>()
    };
    assert_eq!(hears(&mut pipeline, 0), 2);
    let key = [5; 16];
    let hash = wire::objections::hash(&key, [0xc0, 0xff, 0xee, 0, 0, 1]);
    hear(&mut pipeline, &message(stranger(9), 1, -60.0), 600);
    hear(&mut pipeline, &message(rolling(5), 3, -60.0), 600);
    pipeline.obey(Some(Arc::new(Objections::new(1, key, [hash]))), now(700));
    let all = parcels(&mut pipeline);
    assert!(matches!(all.as_slice(), [Parcel::Durable { sightings, .. }] if sightings.len() == 1), "{all:?}");
    assert_eq!(pipeline.counts().dropped["objections-changed"], 1);
    let heard = pipeline.counts().heard;
    assert_eq!(hears(&mut pipeline, 1_000), 1);
    assert_eq!((pipeline.counts().dropped["objected"], pipeline.counts().heard), (1, heard + 1));
    pipeline.obey(None, now(1_900));
    assert_eq!(hears(&mut pipeline, 2_000), 2, "and taken in again when it is taken back");
}

#[test]
fn nobody_silences_what_the_shop_itself_put_up() {
    let mut pipeline = pipeline("count");
    let key = [5; 16];
    let hashes = [1, 2].map(|last| wire::objections::hash(&key, [0xc0, 0xff, 0xee, 0, 0, last]));
    pipeline.obey(Some(Arc::new(Objections::new(1, key, hashes))), now(0));
    let node = model::anchor::Advertised::node("bakery");
    let node = Frame::IBeacon(IBeacon { uuid: node.uuid, major: node.major, minor: node.minor, power: -59 });
    hear(&mut pipeline, &message(node, 1, -60.0), 10);
    // What it says besides is left out as ever, and a phone of the same list is not heard, whatever app it has.
    hear(&mut pipeline, &message(stranger(9), 1, -60.0), 20);
    hear(&mut pipeline, &message(rolling(5), 2, -60.0), 30);
    hear(&mut pipeline, &message(stranger(9), 2, -60.0), 40);
    pipeline.handle_timeout(now(500));
    let all = parcels(&mut pipeline);
    let [Parcel::Durable { sightings, .. }] = all.as_slice() else { panic!("one parcel, not {all:?}") };
    assert!(matches!(sightings[..], [Sighting { transmitter: Transmitter::Beacon { .. }, .. }]), "{sightings:?}");
    let dropped = &pipeline.counts().dropped;
    assert_eq!((dropped["objected"], dropped["companion"]), (2, 1));
}

#[test]
fn what_a_sensor_says_of_being_there_goes_up_beside_its_battery() {
    let shelf = "\n[sensors.shelf]\nkind = \"shelf\"\ntopic = \"tele/shelf/SENSOR\"\n";
    let config = Config::parse(&format!("{TEMPLATE}{shelf}"), "test").expect("a configuration");
    let mut pipeline = Pipeline::new(&config, None, rand::random, now(0));
    assert!(pipeline.batteries(now(0)).is_empty());
    for (said, there) in [("Online", true), ("Offline", false)] {
        pipeline.message("tele/shelf/LWT", said.as_bytes(), true, now(5));
        let told = pipeline.batteries(now(10));
        assert_eq!(
            told.iter().map(|told| (told.there, told.battery_percent)).collect::<Vec<_>>(),
            [(Some(there), None)]
        );
    }
}

/// Mode `day` over a local day that has 25 hours, with a leap second in it: the wall clock says one second twice.
#[test]
fn a_day_of_25_hours_with_a_leap_second_has_one_pseudonym_and_no_moment_twice() {
    let wall = |text: &str| {
        let at: jiff::Timestamp = text.parse().expect("a time");
        Timestamp(at.as_millisecond())
    };
    let (midnight, next) = (wall("2026-10-24T22:00:00Z"), wall("2026-10-25T23:00:00Z"));
    let leap = wall("2026-10-25T12:00:00Z");
    let at = |wall_now: Timestamp| {
        let drift = if wall_now >= leap { Millis(-1_000) } else { Millis::ZERO };
        // The line that the box stamps along goes on evenly; the wall clock is behind it from the leap second on.
        Now { drift, ..Now::new(wall_now - drift, wall_now.since(midnight - Millis::hours(1))) }
    };
    let text = TEMPLATE.replace("[privacy]", "[privacy]\nmode = \"day\"\ntimezone = \"Europe/Rome\"");
    let config = Config::parse(&text, "test").expect("a configuration");
    let start = at(midnight - Millis::hours(1));
    let mut pipeline = Pipeline::new(&config, None, rand::random, start);
    let said = message(stranger(5), 2, -60.0);
    let mut days: BTreeMap<Timestamp, Vec<(Timestamp, Transmitter)>> = BTreeMap::new();
    let ten_minutes = Millis::minutes(10);
    let mut moment = midnight - Millis::minutes(30);
    while moment < next + Millis::minutes(30) {
        pipeline.message(&said.topic, &said.payload, false, at(moment));
        let due = at(moment + Millis(500));
        pipeline.handle_timeout(due);
        let day = if moment < midnight {
            Timestamp(0)
        } else if moment < next {
            midnight
        } else {
            next
        };
        for parcel in parcels(&mut pipeline) {
            let Parcel::Durable { sightings, .. } = parcel else { panic!("day mode keeps strangers") };
            days.entry(day).or_default().extend(sightings.into_iter().map(|seen| (seen.at, seen.transmitter)));
        }
        moment = moment + ten_minutes;
    }
    let lens: Vec<usize> = days.values().map(Vec::len).collect();
    assert_eq!(lens, [3, 150, 3], "25 hours, and what is around them");
    let mut names = Vec::new();
    for seen in days.values() {
        assert!(seen.iter().all(|(_, name)| *name == seen[0].1), "one pseudonym a day");
        names.push(seen[0].1.clone());
    }
    assert!(names[0] != names[1] && names[1] != names[2] && names[0] != names[2], "{names:?}");
    let times: Vec<Timestamp> = days.values().flatten().map(|(at, _)| *at).collect();
    assert!(times.windows(2).all(|two| two[1].since(two[0]) >= ten_minutes), "no time goes back or stands");
}
