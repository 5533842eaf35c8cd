//! Beacons that go missing, come back and are carried off, by what receivers hear.

use std::sync::Arc;

use model::ids::GatewayId;
use model::sighting::RssiSummary;
use model::units::Dbm;

use super::*;
use crate::live::Live;

const FLOORS: &str = r#"{"type":"FeatureCollection","features":[
 {"type":"Feature","properties":{"feature":"floor","id":"ground","name":"Ground"},"geometry":{"type":"Polygon","coordinates":[[[0,0],[40,0],[40,30],[0,30],[0,0]]]}},
 {"type":"Feature","properties":{"feature":"zone","id":"trap","name":"Trap","floor":"ground","kind":"shelf"},"geometry":{"type":"Polygon","coordinates":[[[20,20],[24,20],[24,24],[20,24],[20,20]]]}},
 {"type":"Feature","properties":{"feature":"floor","id":"upper","name":"Upper"},"geometry":{"type":"Polygon","coordinates":[[[0,0],[40,0],[40,30],[0,30],[0,0]]]}}
]}"#;
/// One beacon, with a receiver 2 m beside it, one 28 m off, one above it, and a trolley.
const SHOP: &str = r#"
[store]
id = "s"
name = "S"
timezone = "Europe/Rome"
[[receiver]]
id = "beside"
floor = "ground"
x = 5.0
y = 5.0
[[receiver]]
id = "far"
floor = "ground"
x = 33.0
y = 5.0
[[receiver]]
id = "above"
floor = "upper"
x = 5.0
y = 5.0
[[beacon]]
id = "shelf-1"
floor = "ground"
x = 5.0
y = 7.0
advertises = "f7826da6-4fa2-4e98-8024-bc5b71e0893e-1-1"
[[tag]]
id = "cart-1"
uuid = "f7826da6-4fa2-4e98-8024-bc5b71e0893e"
major = 1
minor = 2
[[sensor]]
id = "trap-1"
kind = "presence"
zone = "trap"
"#;
const START: Timestamp = Timestamp(1_790_000_000_000);
const SHELF: u16 = 1;
const CART: u16 = 2;

/// The shop with what has been heard in it up to now.
struct Heard {
    live: Live,
    now: Timestamp,
}

impl Heard {
    fn nothing() -> Self {
        let live = Live::default();
        live.put_plan(&Arc::new(shop(SHOP)));
        Self { live, now: START }
    }

    /// For so many minutes, every 10 s, receivers hear beacons at so many dBm.
    fn minutes(&mut self, minutes: i64, sightings: &[(&str, u16, f32)]) -> &mut Self {
        for _ in 0..minutes * 6 {
            self.now = self.now + Millis::seconds(10);
            let heard: Vec<Sighting> = sightings.iter().map(|one| sighting(*one, self.now)).collect();
            self.live.heard(&GatewayId::new("g").expect("an id"), None, &heard, self.now);
        }
        self
    }

    fn state(&self, id: &str) -> Presence {
        let all = self.live.fleet(self.now).beacons;
        all.iter().find(|beacon| beacon.id == id).unwrap_or_else(|| panic!("no {id} in {all:?}")).state
    }
}

fn shop(text: &str) -> Shop {
    Shop::parse(text, FLOORS).expect("a shop")
}

fn sighting((receiver, minor, dbm): (&str, u16, f32), at: Timestamp) -> Sighting {
    let uuid = hex::decode("f7826da64fa24e988024bc5b71e0893e").expect("hex").try_into().expect("16 bytes");
    Sighting {
        receiver: ReceiverId::new(receiver).expect("an id"),
        transmitter: Transmitter::Beacon { uuid, major: 1, minor },
        at,
        window: Millis(500),
        count: 1,
        rssi: RssiSummary { mean: Dbm(dbm), min: Dbm(dbm), max: Dbm(dbm), variance: None },
        power_at_1m: None,
    }
}

#[test]
fn a_beacon_that_is_not_heard_for_ten_minutes_is_missing_until_it_is_heard_again() {
    let mut heard = Heard::nothing();
    assert_eq!(heard.state("shelf-1"), Presence::Never);
    heard.minutes(5, &[("beside", SHELF, -60.0), ("beside", CART, -60.0)]);
    assert_eq!((heard.state("shelf-1"), heard.state("cart-1")), (Presence::Heard, Presence::Heard));
    heard.minutes(10, &[("far", 9, -60.0)]);
    assert_eq!(heard.state("shelf-1"), Presence::Heard, "ten minutes are not over");
    heard.minutes(1, &[("far", 9, -60.0)]);
    assert_eq!((heard.state("shelf-1"), heard.state("cart-1")), (Presence::Missing, Presence::Away), "a tag may go");
    heard.minutes(1, &[("beside", SHELF, -60.0)]);
    assert_eq!(heard.state("shelf-1"), Presence::Heard);
}

#[test]
fn a_sensor_whose_battery_was_told_is_missing_when_it_falls_silent() {
    let mut heard = Heard::nothing();
    let gateway = GatewayId::new("g").expect("an id");
    let who = Bearer::Sensor(model::ids::SensorId::new("trap-1").expect("an id"));
    let report = BeaconHealth { who, at: START, battery_percent: Some(80), battery_mv: None, there: None };
    let health = wire::uplink::Health { beacons: vec![report], ..wire::uplink::Health::default() };
    heard.live.heard(&gateway, Some(&health), &[], START);
    assert_eq!(heard.state("trap-1"), Presence::Heard);
    heard.minutes(11, &[]);
    assert_eq!(heard.state("trap-1"), Presence::Missing);
}

#[test]
fn a_sensor_is_there_or_not_by_its_own_word_until_it_is_heard_or_nobody_passes_the_word_on() {
    let mut heard = Heard::nothing();
    let gateway = GatewayId::new("g").expect("an id");
    let sensor = model::ids::SensorId::new("trap-1").expect("an id");
    let say = |heard: &mut Heard, there| {
        let who = Bearer::Sensor(sensor.clone());
        let report = BeaconHealth { who, at: START, battery_percent: None, battery_mv: None, there: Some(there) };
        let health = wire::uplink::Health { beacons: vec![report], ..wire::uplink::Health::default() };
        heard.live.heard(&gateway, Some(&health), &[], heard.now);
    };
    say(&mut heard, true);
    assert_eq!(heard.state("trap-1"), Presence::Heard, "it is there, though it has nothing to report");
    heard.minutes(5, &[]);
    say(&mut heard, false);
    assert_eq!(heard.state("trap-1"), Presence::Offline);
    heard.minutes(9, &[]);
    say(&mut heard, false);
    assert_eq!(heard.state("trap-1"), Presence::Offline, "as long as it is said");
    heard.minutes(11, &[]);
    assert_eq!(heard.state("trap-1"), Presence::Never, "nobody says so any more");
}

#[test]
fn a_beacon_that_is_heard_best_far_from_its_place_was_moved() {
    let mut heard = Heard::nothing();
    heard.minutes(10, &[("beside", SHELF, -60.0), ("far", SHELF, -80.0)]);
    assert_eq!(heard.state("shelf-1"), Presence::Heard);
    heard.minutes(10, &[("beside", SHELF, -68.0), ("far", SHELF, -60.0)]);
    assert_eq!(heard.state("shelf-1"), Presence::Heard, "8 dB may be a shelf that was filled");
    heard.minutes(30, &[("beside", SHELF, -80.0), ("far", SHELF, -60.0)]);
    assert_eq!(heard.state("shelf-1"), Presence::Moved);
    heard.minutes(30, &[("beside", SHELF, -60.0), ("far", SHELF, -80.0)]);
    assert_eq!(heard.state("shelf-1"), Presence::Heard, "it was put back");
    heard.minutes(30, &[("beside", SHELF, -85.0), ("above", SHELF, -60.0)]);
    assert_eq!(heard.state("shelf-1"), Presence::Moved, "another floor is far, too");
}

#[test]
fn a_beacon_that_is_not_heard_at_its_place_at_all_any_more_was_moved() {
    let mut heard = Heard::nothing();
    heard.minutes(10, &[("beside", SHELF, -60.0), ("far", SHELF, -80.0)]);
    heard.minutes(9, &[("beside", CART, -50.0), ("far", SHELF, -60.0)]);
    assert_eq!(heard.state("shelf-1"), Presence::Heard, "what was heard of it is not forgotten at once");
    heard.minutes(2, &[("beside", CART, -50.0), ("far", SHELF, -60.0)]);
    assert_eq!(heard.state("shelf-1"), Presence::Moved);
}

#[test]
fn a_receiver_that_is_not_there_says_nothing_of_the_beacon_beside_it() {
    let mut heard = Heard::nothing();
    heard.minutes(30, &[("far", SHELF, -60.0)]);
    assert_eq!(heard.state("shelf-1"), Presence::Heard, "never there");
    heard.minutes(5, &[("far", SHELF, -60.0), ("beside", CART, -50.0)]);
    assert_eq!(heard.state("shelf-1"), Presence::Heard, "not there for long enough to have heard it");
    heard.minutes(6, &[("far", SHELF, -60.0), ("beside", CART, -50.0)]);
    assert_eq!(heard.state("shelf-1"), Presence::Moved, "there for eleven minutes, and hears others");
    heard.minutes(3, &[("far", SHELF, -60.0)]);
    assert_eq!(heard.state("shelf-1"), Presence::Heard, "gone again");
}

#[test]
fn a_beacon_with_a_new_place_is_judged_by_what_is_heard_from_then_on() {
    let mut heard = Heard::nothing();
    heard.minutes(30, &[("beside", SHELF, -80.0), ("far", SHELF, -60.0)]);
    assert_eq!(heard.state("shelf-1"), Presence::Moved);
    heard.live.put_plan(&Arc::new(shop(&SHOP.replace("x = 5.0\ny = 7.0", "x = 33.0\ny = 7.0"))));
    assert_eq!(heard.state("shelf-1"), Presence::Heard, "the plan follows it");
    heard.minutes(30, &[("beside", SHELF, -80.0), ("far", SHELF, -60.0)]);
    assert_eq!(heard.state("shelf-1"), Presence::Heard);
}
