use model::floor::Point;
use model::position::Spread;
use model::presence::Witness;
use model::shop::Shop;
use model::time::Millis;
use model::units::{Dbm, Metres, Probability};
use proptest::prelude::*;

use super::*;
use crate::grid::Estimate;

const START: Timestamp = Timestamp(1_700_000_000_000);

/// A hall of 12 x 8 m with a receiver in each corner, halved into two zones.
fn shop() -> Shop {
    halves("shelf")
}

/// The same, with the kind of the right half.
fn halves(right: &str) -> Shop {
    let square = |x0: u8, x1: u8| format!("[[[{x0},0],[{x1},0],[{x1},8],[{x0},8],[{x0},0]]]");
    let feature = |properties: &str, shape: String| {
        format!(
            r#"{{"type":"Feature","properties":{properties},"geometry":{{"type":"Polygon","coordinates":{shape}}}}}"#
        )
    };
    let features = [
        feature(r#"{"feature":"floor","id":"f"}"#, square(0, 12)),
        feature(r#"{"feature":"zone","id":"left","floor":"f","kind":"shelf"}"#, square(0, 6)),
        feature(&format!(r#"{{"feature":"zone","id":"right","floor":"f","kind":"{right}"}}"#), square(6, 12)),
    ];
    let plan = format!(r#"{{"type":"FeatureCollection","features":[{}]}}"#, features.join(","));
    let mut text = String::from("[store]\nid = \"s\"\nname = \"S\"\ntimezone = \"Etc/UTC\"\n");
    for (id, x, y) in [("sw", 0.1, 0.1), ("se", 11.9, 0.1), ("nw", 0.1, 7.9), ("ne", 11.9, 7.9)] {
        text += &format!("[[receiver]]\nid = \"{id}\"\nfloor = \"f\"\nx = {x:?}\ny = {y:?}\n");
    }
    Shop::parse(&text, &plan).expect("a right shop")
}

fn zone(id: &str) -> ZoneId {
    id.parse().expect("an id")
}

/// Somebody at a place, with the belief in the left zone; every receiver hears what the plan says, but for what is added to one.
fn estimate(x: f64, y: f64, left: f64, odd: (&str, f32)) -> Estimate {
    let ears = [("sw", 0.1, 0.1), ("se", 11.9, 0.1), ("nw", 0.1, 7.9), ("ne", 11.9, 7.9)];
    let heard = ears.map(|(id, rx, ry): (&str, f64, f64)| {
        let metres = (rx - x).hypot(ry - y).hypot(1.2).hypot(0.5);
        let more = if id == odd.0 { odd.1 } else { 0.0 };
        let rssi = Dbm(-52.0 - 20.0 * metres.log10() as f32 + more);
        Witness { receiver: id.parse().expect("an id"), rssi, residual: None }
    });
    Estimate {
        at: START,
        floor: "f".parse().expect("an id"),
        point: Point { x, y },
        uncertainty: Metres(2.0),
        spread: Spread::default(),
        cloud: vec![],
        zones: vec![(zone("left"), Probability::clamped(left)), (zone("right"), Probability::clamped(1.0 - left))],
        believed: Vec::new(),
        outside: Probability::clamped(0.0),
        heard: heard.into_iter().filter(|witness| witness.rssi.0 > -120.0).collect(),
    }
}

#[test]
fn what_was_believed_while_a_zone_was_named_adds_up() {
    let mut gauge = Gauge::new(&shop());
    assert_eq!(gauge.take(), None);
    gauge.look(&estimate(2.0, 4.0, 0.8, ("", 0.0)), Some(&zone("left")), 1.0);
    gauge.look(&estimate(4.0, 4.0, 0.6, ("", 0.0)), Some(&zone("left")), 3.0);
    gauge.look(&estimate(6.0, 4.0, 0.5, ("", 0.0)), None, 2.0);
    let quality = gauge.take().expect("something was seen");
    assert_eq!((quality.seconds, quality.nowhere.seconds), (6.0, 2.0));
    // 2.6 of the 3.6 seconds that somebody is believed to have been on the left, it was said.
    assert!((quality.found(&zone("left")).expect("seen") - 2.6 / 3.6).abs() < 1e-9);
    assert_eq!(quality.found(&zone("right")), Some(0.0));
    let left = &quality.zones[&zone("left")];
    assert!((left.belief(&zone("left")).expect("seen") - 0.65).abs() < 1e-9, "{left:?}");
    assert!((left.belief(&zone("right")).expect("seen") - 0.35).abs() < 1e-9);
    assert!((left.uncertainty / left.seconds - 2.0).abs() < 1e-9);
    assert!(!quality.zones.contains_key(&zone("right")));
    let patches: Vec<(i32, i32, f64)> =
        quality.patches.iter().map(|((_, x, y), patch)| (*x, *y, patch.seconds)).collect();
    assert_eq!(patches, [(1, 2, 1.0), (2, 2, 3.0), (3, 2, 2.0)]);
    assert_eq!(gauge.take(), None, "what was told is not told again");
}

#[test]
fn of_a_private_zone_there_is_no_map() {
    let mut gauge = Gauge::new(&halves("private"));
    gauge.look(&estimate(9.0, 4.0, 0.1, ("", 0.0)), Some(&zone("right")), 1.0);
    gauge.look(&estimate(3.0, 4.0, 0.9, ("", 0.0)), Some(&zone("left")), 1.0);
    let quality = gauge.take().expect("something was seen");
    assert_eq!((quality.zones.len(), quality.patches.len()), (2, 1));
}

#[test]
fn a_receiver_that_hears_otherwise_than_the_plan_says_is_told_from_a_loud_phone() {
    let mut gauge = Gauge::new(&shop());
    for step in 0..50 {
        let (x, y) = (1.0 + f64::from(step) * 0.2, 1.0 + f64::from(step % 7));
        gauge.look(&estimate(x, y, 0.5, ("ne", -9.0)), None, 0.5);
    }
    let quality = gauge.take().expect("something was seen");
    for (id, receiver) in &quality.receivers {
        let (mean, spread) = receiver.residual().expect("compared");
        let expected = if id.as_str() == "ne" { -9.0 } else { 0.0 };
        assert!((mean - expected).abs() < 1.0 && spread < 2.0, "{id}: {mean} dB, {spread} dB");
        assert_eq!((receiver.heard, receiver.last), (50, Some(START)));
        assert!(receiver.near > 0 && receiver.near_heard == receiver.near);
    }
}

#[test]
fn a_receiver_that_is_dead_is_missed_where_it_should_have_heard() {
    let mut gauge = Gauge::new(&shop());
    for step in 0..20 {
        gauge.look(&estimate(1.0 + f64::from(step % 3), 1.0, 1.0, ("sw", -99.0)), Some(&zone("left")), 0.5);
    }
    let quality = gauge.take().expect("something was seen");
    let dead = quality.receivers[&"sw".parse::<ReceiverId>().expect("an id")];
    assert_eq!((dead.heard, dead.near, dead.near_heard, dead.last), (0, 20, 0, None));
}

#[test]
fn it_survives_as_json_and_older_rows_are_read() {
    let mut gauge = Gauge::new(&shop());
    gauge.look(&estimate(2.0, 4.0, 0.8, ("", 0.0)), Some(&zone("left")), 1.5);
    let quality = gauge.take().expect("something was seen");
    let text = serde_json::to_string(&quality).expect("json");
    assert_eq!(serde_json::from_str::<Quality>(&text).expect("the same"), quality);
    assert!(serde_json::from_str::<Quality>(r#"{"seconds":1.0,"patches":[],"later":1}"#).is_ok());
    assert!(text.len() < 1_000, "{text}");
}

#[test]
fn what_grows_has_a_bound() {
    let mut quality = Quality::default();
    for n in 0..6_000_i32 {
        let floor = FloorId::new("f").expect("an id");
        let patches = BTreeMap::from([((floor, n, 0), PatchQuality { seconds: 1.0, uncertainty: 1.0 })]);
        let id = ZoneId::new(&format!("z{n}")).expect("an id");
        let truth = BTreeMap::from([(id.clone(), 1.0)]);
        let zones = BTreeMap::from([(zone("left"), ZoneQuality { seconds: 1.0, uncertainty: 1.0, truth })]);
        quality.merge(&Quality { seconds: 1.0, patches, zones, ..Quality::default() });
        quality.merge(&Quality { zones: BTreeMap::from([(id, ZoneQuality::default())]), ..Quality::default() });
    }
    assert_eq!((quality.patches.len(), quality.zones.len()), (PATCHES_MAX, ZONES_MAX));
    assert_eq!(quality.zones[&zone("left")].truth.len(), TRUTHS_MAX);
    assert_eq!(quality.seconds, 6_000.0);
}

proptest! {
    #[test]
    fn parts_add_up_to_the_whole(
        looks in prop::collection::vec((0.0..12.0_f64, 0.0..8.0_f64, 0.0..1.0_f64, 1..20_u8), 1..40),
        cut in 0..40_usize,
    ) {
        let shop = shop();
        let gather = |looks: &[(f64, f64, f64, u8)]| {
            let mut gauge = Gauge::new(&shop);
            for (n, (x, y, left, halves)) in looks.iter().enumerate() {
                let mut seen = estimate(*x, *y, *left, ("", 0.0));
                seen.at = START + Millis(n as i64);
                let named = zone(if *left > 0.5 { "left" } else { "right" });
                gauge.look(&seen, (*left > 0.1).then_some(&named), f64::from(*halves) * 0.5);
            }
            gauge.take().unwrap_or_default()
        };
        let whole = gather(&looks);
        let cut = cut.min(looks.len());
        let mut sum = gather(&looks[..cut]);
        let last = gather(&looks[cut..]);
        sum.merge(&last);
        prop_assert!((sum.seconds - whole.seconds).abs() < 1e-9 && (sum.nowhere.seconds - whole.nowhere.seconds).abs() < 1e-9);
        prop_assert_eq!(sum.zones.keys().collect::<Vec<_>>(), whole.zones.keys().collect::<Vec<_>>());
        for (id, zone) in &whole.zones {
            for (other, belief) in &zone.truth {
                prop_assert!((sum.zones[id].truth[other] - belief).abs() < 1e-9);
            }
            let total: f64 = zone.truth.values().sum();
            prop_assert!(total <= zone.seconds * 1.001);
        }
        for (id, receiver) in &whole.receivers {
            prop_assert_eq!(sum.receivers.get(id).map_or(0, |r| r.heard), receiver.heard);
        }
    }
}
