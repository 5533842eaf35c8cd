use model::position::Spread;
use model::subject::Pseudonym;
use model::units::Probability;
use proptest::prelude::*;

use super::*;

const FLOOR: &str = r#"{"type":"FeatureCollection","features":[
 {"type":"Feature","properties":{"feature":"floor","id":"g"},"geometry":{"type":"Polygon","coordinates":[[[0,0],[20,0],[20,30],[0,30],[0,0]]]}},
 {"type":"Feature","properties":{"feature":"zone","id":"a","floor":"g","kind":"department"},"geometry":{"type":"Polygon","coordinates":[[[0,0],[10,0],[10,30],[0,30],[0,0]]]}},
 {"type":"Feature","properties":{"feature":"zone","id":"b","floor":"g","kind":"department"},"geometry":{"type":"Polygon","coordinates":[[[10,0],[20,0],[20,30],[10,30],[10,0]]]}}
]}"#;
const SHOP: &str = r#"
[store]
id = "s"
name = "S"
timezone = "UTC"
[[sensor]]
id = "level"
kind = "counter-level"
zone = "a"
[[sensor]]
id = "there"
kind = "presence"
zone = "b"
"#;

fn plan() -> Plan {
    Plan::parse(SHOP, FLOOR).expect("a shop")
}

fn zone(name: &str) -> ZoneId {
    ZoneId::new(name).expect("a slug")
}

fn sensor(name: &str) -> SensorId {
    SensorId::new(name).expect("a slug")
}

fn who(n: u64) -> Subject {
    Subject::Anonymous(Pseudonym(n))
}

fn seconds(s: i64) -> Timestamp {
    Timestamp(1_000_000 + s * 1_000)
}

fn belief(at: Timestamp, a: f64, b: f64) -> Estimate {
    Estimate {
        at,
        floor: FloorId::new("g").expect("a slug"),
        point: Point::default(),
        uncertainty: Metres(1.0),
        believed: Vec::new(),
        outside: Probability::ZERO,
        spread: Spread::default(),
        cloud: Vec::new(),
        zones: vec![(zone("a"), Probability::clamped(a)), (zone("b"), Probability::clamped(b))],
        heard: Vec::new(),
    }
}

/// So many people who have been in `a` for a while.
fn crowd(people: u64) -> Crowd {
    let mut crowd = Crowd::default();
    for n in 0..people {
        crowd.see(&who(n), &belief(seconds(0), 0.9, 0.1), seconds(0));
        crowd.see(&who(n), &belief(seconds(6), 0.9, 0.1), seconds(6));
    }
    crowd
}

fn people(told: &[Occupancy], zone: Option<&str>) -> Option<f64> {
    told.iter().find(|o| o.zone.as_ref().map(ZoneId::as_str) == zone).map(|o| o.people)
}

#[test]
fn without_a_counter_the_expectation_is_the_sum_of_beliefs() {
    let mut crowd = crowd(10);
    let told = crowd.work(&plan(), None, seconds(7));
    assert_eq!(
        (people(&told, Some("a")), people(&told, Some("b")), people(&told, None)),
        (Some(9.0), Some(1.0), Some(10.0))
    );
    assert!(told.iter().all(|o| o.sources == [Source::Radio]));
    assert_eq!(crowd.work(&plan(), None, seconds(9)), [], "what was said is not said again");
    assert_eq!(crowd.due(), None, "a quiet shop costs nothing");
}

#[test]
fn who_has_just_come_and_who_is_a_thing_do_not_count() {
    let mut crowd = Crowd::default();
    crowd.see(&who(1), &belief(seconds(0), 1.0, 0.0), seconds(0));
    let cart = Subject::Tag(model::ids::TagId::new("cart").expect("a slug"));
    crowd.see(&cart, &belief(seconds(0), 1.0, 0.0), seconds(0));
    crowd.see(&cart, &belief(seconds(60), 1.0, 0.0), seconds(60));
    assert_eq!(crowd.work(&plan(), None, seconds(60)), []);
    assert_eq!(crowd.heard(), 0);
}

#[test]
fn the_share_who_carry_a_radio_is_learned_and_scales_the_zones() {
    let mut crowd = crowd(10);
    let mut last = Vec::new();
    for n in 0..1_800 {
        let told = crowd.work(&plan(), Some(20), seconds(8 + n * 2));
        if !told.is_empty() {
            last = told;
        }
    }
    let in_a = people(&last, Some("a")).expect("it changed");
    assert!((17.0..=18.0).contains(&in_a), "twice the nine that are heard: {in_a}");
    assert!((9.0..11.0).contains(&crowd.unheard(Some(20))));
    assert!(
        (8.0..10.5).contains(&crowd.unheard(None)),
        "without the door's number by the share: {}",
        crowd.unheard(None)
    );
}

#[test]
fn sensors_raise_a_zone_and_are_believed_for_ten_minutes() {
    let mut crowd = Crowd::default();
    crowd.read(&sensor("level"), seconds(0), ReadingKind::Level(4), seconds(0));
    crowd.read(&sensor("there"), seconds(0), ReadingKind::Presence(true), seconds(0));
    let told = crowd.work(&plan(), None, seconds(0));
    assert_eq!((people(&told, Some("a")), people(&told, Some("b"))), (Some(4.0), Some(1.0)));
    assert_eq!(told[0].sources, [Source::Level]);
    crowd.read(&sensor("level"), seconds(-5), ReadingKind::Level(9), seconds(3));
    assert_eq!(crowd.work(&plan(), None, seconds(5)), [], "an older word is no news");
    let due = crowd.due().expect("a sensor's word ends");
    assert!(due > seconds(600) && due < seconds(601));
    let told = crowd.work(&plan(), None, due);
    assert_eq!((people(&told, Some("a")), people(&told, Some("b"))), (Some(0.0), Some(0.0)));
    assert_eq!(crowd.due(), None);
}

#[test]
fn a_zone_is_spoken_of_at_most_every_two_seconds() {
    let mut crowd = crowd(1);
    assert_eq!(crowd.due(), Some(seconds(0)));
    crowd.work(&plan(), None, seconds(6));
    crowd.lose(&who(0), Timestamp(seconds(6).0 + 300));
    assert_eq!(crowd.due(), Some(seconds(8)));
    crowd.lose(&who(0), seconds(7));
    assert_eq!(people(&crowd.work(&plan(), None, seconds(8)), None), Some(0.0));
}

proptest! {
    #[test]
    fn expectations_are_sound_whatever_comes(
        steps in prop::collection::vec((0_u8..5, 0_u64..12, 0.0_f64..=1.0, 0_u32..9), 1..200),
        inside in prop::option::of(0_u64..40),
    ) {
        let (mut crowd, plan) = (Crowd::default(), plan());
        for (n, (what, id, p, level)) in (0_i64..).zip(steps) {
            let now = seconds(n);
            match what {
                0 => crowd.lose(&who(id), now),
                1 => crowd.read(&sensor("level"), now, ReadingKind::Level(level), now),
                2 => crowd.read(&sensor("there"), now, ReadingKind::Presence(level % 2 == 0), now),
                _ => crowd.see(&who(id), &belief(now, p, 1.0 - p), now),
            }
            if crowd.due().is_some_and(|due| due <= now) {
                for told in crowd.work(&plan, inside, now) {
                    prop_assert!(told.people.is_finite() && told.people >= 0.0);
                    let most = inside.map_or(12.0, |inside| inside as f64).max(12.0).max(f64::from(level)).max(9.0);
                    prop_assert!(told.people <= most, "{told:?}");
                    prop_assert!(told.people < 0.05 || !told.sources.is_empty(), "{told:?}");
                }
            }
        }
    }
}
