mod claims;
mod devices;
mod facing;
mod ways;

use std::fmt::Write as _;

use model::floor::Point;
use model::ids::ReceiverId;
use model::position::Spread;
use model::shop::Shop;
use model::sighting::{RssiSummary, Transmitter};
use model::subject::Pseudonym;
use model::units::Dbm;
use proptest::prelude::*;

use super::*;

const START: Timestamp = Timestamp(1_700_000_000_000);
/// Where the receivers hang.
const EARS: [(f64, f64); 5] = [(0.5, 0.5), (19.5, 0.5), (0.5, 9.5), (19.5, 9.5), (10.0, 5.0)];

/// A room of 20 x 10 m with a receiver in each corner and one in the middle, two zones side by side, and these walls.
fn field(walls: &[([f64; 4], f64)]) -> Arc<Field> {
    field_of(false, walls)
}

/// The same room; if phones hear, its fixed ends send.
fn field_of(phones: bool, walls: &[([f64; 4], f64)]) -> Arc<Field> {
    let mut shop = shop(walls);
    if phones {
        shop.beacons = std::mem::take(&mut shop.receivers);
    }
    Arc::new(Field::new(&shop))
}

fn shop(walls: &[([f64; 4], f64)]) -> Shop {
    let wall = |([x0, y0, x1, y1], loss): &([f64; 4], f64)| {
        format!(
            r#",{{"type":"Feature","properties":{{"feature":"wall","floor":"f","loss_db":{loss}}},"geometry":{{"type":"LineString","coordinates":[[{x0},{y0}],[{x1},{y1}]]}}}}"#
        )
    };
    shop_with(&walls.iter().map(wall).collect::<String>(), "")
}

/// The same room with more features on its plan, and more in the shop's file.
fn shop_with(features: &str, more: &str) -> Shop {
    let mut all = String::new();
    let area = |properties: &str, x0: f64, x1: f64| {
        format!(
            r#"{{"type":"Feature","properties":{properties},"geometry":{{"type":"Polygon","coordinates":[[[{x0},0],[{x1},0],[{x1},10],[{x0},10],[{x0},0]]]}}}}"#
        )
    };
    all += &area(r#"{"feature":"floor","id":"f"}"#, 0.0, 20.0);
    for (name, x0, x1) in [("left", 0.0, 8.3), ("right", 8.3, 20.0)] {
        let properties = format!(r#"{{"feature":"zone","id":"{name}","floor":"f","kind":"department"}}"#);
        write!(all, ",{}", area(&properties, x0, x1)).expect("a string grows");
    }
    all += features;
    let mut shop = String::from("[store]\nid = \"s\"\nname = \"S\"\ntimezone = \"Etc/UTC\"\n");
    for (n, (x, y)) in EARS.iter().enumerate() {
        write!(shop, "[[receiver]]\nid = \"r{n}\"\nfloor = \"f\"\nx = {x:.1}\ny = {y:.1}\n").expect("a string grows");
    }
    shop += more;
    let floor = format!(r#"{{"type":"FeatureCollection","features":[{all}]}}"#);
    Shop::parse(&shop, &floor).expect("a right shop")
}

fn sighting(receiver: usize, ms: i64, rssi: f32) -> Sighting {
    let mean = Dbm(rssi);
    Sighting {
        receiver: ReceiverId::new(&format!("r{receiver}")).expect("a slug"),
        transmitter: Transmitter::Anonymous(Pseudonym(1)),
        at: START + Millis(ms),
        window: Millis::ZERO,
        count: 1,
        rssi: RssiSummary { mean, min: mean, max: mean, variance: None },
        power_at_1m: None,
    }
}

/// What the five receivers hear at (5, 5), or at its mirror image, for so many seconds; no noise.
fn heard(mirrored: bool, seconds: i64) -> Vec<Sighting> {
    let levels = if mirrored { [-84.0, -75.0, -84.0, -75.0, -73.0] } else { [-75.0, -84.0, -75.0, -84.0, -73.0] };
    let frames = (0..seconds * 2).flat_map(|n| (0_i64..5).map(move |receiver| (n * 500 + receiver * 20, receiver)));
    frames.map(|(ms, receiver)| sighting(receiver as usize, ms, levels[receiver as usize])).collect()
}

fn estimate(field: &Arc<Field>, heard: &[Sighting]) -> Estimate {
    let mut filter = Filter::new(Arc::clone(field), START);
    let mut work = Workspace::default();
    for sighting in heard {
        assert!(matches!(filter.hear(sighting), Hearing::Taken(_)));
        filter.commit(slot_of(sighting.at), &mut work);
    }
    filter.estimate(heard.last().map_or(0, |last| slot_of(last.at)), &mut work)
}

fn belief(estimate: &Estimate, zone: &str) -> f64 {
    estimate.believed.iter().find(|(id, _)| id.as_str() == zone).map_or(0.0, |(_, p)| p.get())
}

#[test]
fn somebody_heard_on_the_left_is_on_the_left() {
    let field = field(&[]);
    let left = estimate(&field, &heard(false, 5));
    assert!(left.point.distance(Point { x: 5.0, y: 5.0 }) < 1.5, "{left:?}");
    assert!(belief(&left, "left") > 0.9);
    assert!((belief(&left, "left") + belief(&left, "right") - 1.0).abs() < 1e-3, "the zones tile the floor");
    assert_eq!(left.heard.len(), 4);
    assert_eq!(left.heard[0].receiver.as_str(), "r4", "the strongest first");
    let right = estimate(&field, &heard(true, 5));
    assert!(belief(&right, "right") > 0.9);
}

#[test]
fn a_device_that_is_louder_than_it_says_is_found_in_the_same_place() {
    let field = field(&[]);
    let louder: Vec<Sighting> = heard(false, 10)
        .into_iter()
        .map(|mut sighting| {
            sighting.rssi.mean.0 += 9.0;
            sighting
        })
        .collect();
    let estimate = estimate(&field, &louder);
    assert!(estimate.point.distance(Point { x: 5.0, y: 5.0 }) < 2.0, "{estimate:?}");
}

#[test]
fn an_unknown_place_becomes_wider_in_silence_and_never_more_than_whole() {
    let field = field(&[]);
    let mut filter = Filter::new(Arc::clone(&field), START);
    heard(false, 5).iter().for_each(|sighting| assert!(matches!(filter.hear(sighting), Hearing::Taken(_))));
    let mut work = Workspace::default();
    let spread: Vec<f64> = [0, 4, 20, 100]
        .into_iter()
        .map(|slots| {
            let estimate = filter.estimate(slot_of(START) + 9 + slots, &mut work);
            assert!(belief(&estimate, "left") + belief(&estimate, "right") < 1.001);
            estimate.uncertainty.0
        })
        .collect();
    assert!(spread.windows(2).all(|pair| pair[0] < pair[1]), "{spread:?}");
}

#[test]
fn a_wall_stops_a_walk_and_weakens_a_signal() {
    let across = |loss| field(&[([10.5, -1.0, 10.5, 11.0], loss)]);
    let open = field(&[]);
    let after = |field: &Arc<Field>| {
        let mut filter = Filter::new(Arc::clone(field), START);
        heard(false, 5).iter().for_each(|sighting| assert!(matches!(filter.hear(sighting), Hearing::Taken(_))));
        filter.estimate(slot_of(START) + 9 + 60, &mut Workspace::default()).point.x
    };
    let (walled, free) = (after(&across(0.0)), after(&open));
    assert!(walled + 0.5 < free, "{walled} {free}");
    let walled = across(12.0);
    let level = |field: &Field, x: f64| {
        let cell = field.ground.cell_at(&field.ground.floors[0].id, Point { x, y: 5.0 }).expect("a cell");
        field.ears[0].levels[0][cell]
    };
    let loss = |x: f64| level(&open, x) - level(&walled, x);
    assert!(loss(5.0).abs() < 1e-3 && (loss(15.0) - 12.0).abs() < 1e-3, "{} {}", loss(5.0), loss(15.0));
}

#[test]
fn a_zone_s_border_cuts_its_cells() {
    let field = field(&[]);
    let area =
        |zone: usize| field.ground.zones[zone].cells.iter().map(|(_, share)| f64::from(*share) * 0.25).sum::<f64>();
    // The border at 8.3 m runs through a cell: 0.3 m of its 0.5 m lie on the left.
    assert!((area(0) - 83.0).abs() < 0.01 && (area(1) - 117.0).abs() < 0.01, "{} {}", area(0), area(1));
}

#[test]
fn what_came_twice_too_late_or_as_nonsense_changes_nothing() {
    let field = field(&[]);
    let mut filter = Filter::new(field, START);
    let mut work = Workspace::default();
    let frames = heard(false, 10);
    frames.iter().for_each(|sighting| assert!(matches!(filter.hear(sighting), Hearing::Taken(_))));
    let last = slot_of(START) + 19;
    filter.commit(last, &mut work);
    let before = filter.estimate(last, &mut work);
    assert_eq!(filter.hear(frames.last().expect("frames")), Hearing::Duplicate);
    assert_eq!(filter.hear(&sighting(0, 1, -40.0)), Hearing::Late);
    assert_eq!(filter.hear(&sighting(9, 9_900, -40.0)), Hearing::UnknownReceiver);
    assert_eq!(filter.hear(&sighting(0, 9_900, f32::NAN)), Hearing::Implausible);
    assert_eq!(filter.hear(&Sighting { count: 0, ..sighting(0, 9_900, -40.0) }), Hearing::Implausible);
    assert_eq!(filter.estimate(last, &mut work), before);
}

#[test]
fn a_belief_moves_onto_a_new_plan() {
    let mut filter = Filter::new(field(&[]), START);
    heard(false, 5).iter().for_each(|sighting| assert!(matches!(filter.hear(sighting), Hearing::Taken(_))));
    let mut work = Workspace::default();
    let before = filter.estimate(slot_of(START) + 9, &mut work);
    let mut moved = filter.moved(field(&[([10.5, 0.0, 10.5, 5.0], 4.0)]), &mut work);
    let after = moved.estimate(slot_of(START) + 9, &mut work);
    assert!(before.point.distance(after.point) < 0.5, "{before:?} {after:?}");
}

#[test]
fn somebody_known_to_be_in_a_zone_is_there_until_heard_elsewhere() {
    let left = ZoneId::new("left").expect("a slug");
    let mut filter = Filter::within(field(&[]), &[left], START, &mut Workspace::default());
    let estimate = filter.estimate(slot_of(START), &mut Workspace::default());
    assert!(belief(&estimate, "left") > 0.85, "{estimate:?}");
}

#[test]
fn a_window_belongs_to_the_slot_of_its_middle() {
    let mut filter = Filter::new(field(&[]), START);
    let windowed = |window| Sighting { window: Millis(window), ..sighting(0, 500, -70.0) };
    assert_eq!(filter.hear(&windowed(0)), Hearing::Taken(slot_of(START) + 1));
    assert_eq!(filter.hear(&windowed(500)), Hearing::Taken(slot_of(START)));
}

#[test]
fn somebody_heard_by_few_is_where_the_others_would_not_hear_him() {
    let walls = [([8.3, -1.0, 8.3, 11.0], 25.0)];
    let mut deaf = Field::new(&shop(&walls));
    deaf.ears.iter_mut().for_each(|ear| ear.claim.fill(0.0));
    let weak: Vec<Sighting> = (0..10)
        .flat_map(|n| [0, 2].map(|receiver| sighting(receiver, n * 500 + 20 * receiver as i64, -88.0)))
        .collect();
    let [with, without] = [field(&walls), Arc::new(deaf)].map(|field| belief(&estimate(&field, &weak), "left"));
    assert!(with > without && with > 0.9, "{with} {without}");
}

/// Everything that is open in the order of coming, each sighting looked at when it comes.
fn live(field: &Arc<Field>, coming: &[(i64, Sighting)], every: usize, last: i64) -> Estimate {
    let mut filter = Filter::new(Arc::clone(field), coming[0].1.at);
    let mut work = Workspace::default();
    for (count, (now, sighting)) in coming.iter().enumerate() {
        filter.hear(sighting);
        if count % every == 0 {
            filter.estimate(slot_of(Timestamp(*now)), &mut work);
            filter.commit(slot_of(Timestamp(*now)), &mut work);
        }
    }
    filter.estimate(last, &mut work)
}

/// A walk through the room with some noise, so many sightings of it.
fn walk(noise: &[f32]) -> Vec<Sighting> {
    let one = |(n, noise): (usize, &f32)| {
        let (receiver, x) = (n % 5, 2.0 + 16.0 * n as f64 / 200.0);
        let (rx, ry) = EARS[receiver];
        let metres = (rx - x).hypot(ry - 5.0).hypot(1.2);
        sighting(receiver, n as i64 * 97, -59.0 - 20.0 * metres.log10() as f32 + noise)
    };
    noise.iter().enumerate().map(one).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn the_order_of_coming_does_not_matter_within_two_seconds(
        keys in prop::collection::vec(0_i64..1_900, 50),
        phones in any::<bool>(),
    ) {
        let field = field_of(phones, &[]);
        let frames = heard(false, 5);
        let mut shuffled: Vec<(i64, &Sighting)> = frames.iter().zip(&keys).map(|(s, late)| (s.at.0 + late, s)).collect();
        shuffled.sort_by_key(|(coming, _)| *coming);
        let mut filter = Filter::new(Arc::clone(&field), START);
        let mut work = Workspace::default();
        for (coming, sighting) in shuffled {
            prop_assert!(matches!(filter.hear(sighting), Hearing::Taken(_)));
            filter.commit(slot_of(Timestamp(coming)), &mut work);
            filter.estimate(slot_of(Timestamp(coming)), &mut work);
        }
        prop_assert_eq!(filter.estimate(slot_of(START) + 9, &mut work), estimate(&field, &frames));
    }

    #[test]
    fn no_signal_strength_breaks_the_belief(
        levels in prop::collection::vec((0_usize..5, 0_i64..4_000, -127.0_f32..20.0), 1..200),
        phones in any::<bool>(),
    ) {
        let field = field_of(phones, &[]);
        let mut filter = Filter::new(field, START);
        let mut work = Workspace::default();
        for (receiver, ms, rssi) in levels {
            filter.hear(&sighting(receiver, ms, rssi));
        }
        let estimate = filter.estimate(slot_of(START) + 8, &mut work);
        let sum = belief(&estimate, "left") + belief(&estimate, "right");
        prop_assert!((sum - 1.0).abs() < 1e-2, "{}", sum);
        prop_assert!(estimate.point.x.is_finite() && estimate.uncertainty.0.is_finite());
    }

    #[test]
    fn shuffled_doubled_and_split_sightings_give_the_same_bits(
        noise in prop::collection::vec(-6.0_f32..6.0, 160),
        late in prop::collection::vec(0_i64..1_900, 160),
        again in prop::collection::vec(prop::bool::ANY, 160),
        every in 1_usize..40,
        phones in any::<bool>(),
    ) {
        let field = field_of(phones, &[([10.5, -1.0, 10.5, 6.0], 5.0)]);
        let frames = walk(&noise);
        let last = slot_of(frames.last().expect("frames").at);
        let mut coming: Vec<(i64, Sighting)> =
            frames.iter().zip(&late).map(|(frame, late)| (frame.at.0 + late, frame.clone())).collect();
        let doubles: Vec<(i64, Sighting)> =
            coming.iter().zip(&again).filter(|(_, again)| **again).map(|((at, frame), _)| (at + 40, frame.clone())).collect();
        coming.extend(doubles);
        coming.sort_by_key(|(at, _)| *at);
        let whole: Vec<(i64, Sighting)> = frames.iter().map(|frame| (frame.at.0, frame.clone())).collect();
        let ordered = live(&field, &whole, usize::MAX, last);
        prop_assert_eq!(&live(&field, &coming, every, last), &ordered, "shuffled");
        prop_assert_eq!(&live(&field, &whole, every, last), &ordered, "split");
    }

    #[test]
    fn no_input_makes_a_number_that_is_none(
        frames in prop::collection::vec((0_usize..6, -5_000_i64..20_000, prop::num::f32::ANY, prop::num::u16::ANY, prop::option::of(prop::num::i8::ANY), prop::num::i64::ANY), 1..60),
        levels in prop::collection::vec((prop::num::f64::ANY, prop::num::f64::ANY, prop::num::f64::ANY, prop::num::f32::ANY, prop::num::u32::ANY), 0..12),
    ) {
        let spots = levels.iter().enumerate().map(|(n, (x, y, seconds, level, frames))| model::survey::Spot {
            floor: "f".parse().expect("a slug"),
            // Wild places and sound ones by turns.
            point: if n % 2 == 0 { Point { x: *x, y: *y } } else { Point { x: n as f64, y: 3.0 } },
            device: format!("d{}", n % 3),
            seconds: if n % 3 == 0 { *seconds } else { 5.0 },
            heard: [n % 7, (n + 3) % 7]
                .map(|ear| model::survey::Heard { receiver: format!("r{ear}").parse().expect("a slug"), level: *level, frames: *frames })
                .to_vec(),
        });
        let survey = model::survey::Survey { spots: spots.collect() };
        let (shop, learnt) = (shop(&[]), crate::calibrate::Calibration::of_survey(&survey));
        let ground = Arc::new(Ground::new(&shop));
        for field in [Field::new(&shop), Field::on(&ground, &shop, Some(&learnt))] {
            let mut filter = Filter::new(Arc::new(field), START);
            let mut work = Workspace::default();
            for (receiver, ms, rssi, count, power, window) in &frames {
                let wild = Sighting { count: *count, power_at_1m: *power, window: Millis(*window), ..sighting(*receiver, *ms, *rssi) };
                filter.hear(&wild);
                filter.commit(slot_of(wild.at), &mut work);
            }
            let estimate = filter.estimate(slot_of(START) + 41, &mut work);
            let sum = belief(&estimate, "left") + belief(&estimate, "right") + estimate.outside.get();
            prop_assert!((sum - 1.0).abs() < 1e-2, "{}", sum);
            prop_assert!(work.place.iter().all(|p| p.is_finite() && *p >= 0.0));
            prop_assert!((work.place.iter().sum::<f32>() - 1.0).abs() < 1e-3);
            let numbers = [estimate.point.x, estimate.point.y, estimate.uncertainty.0, estimate.spread.xy];
            prop_assert!(numbers.iter().all(|number| number.is_finite()), "{:?}", estimate);
        }
    }

    #[test]
    fn what_is_kept_is_what_was_believed(weights in prop::collection::vec(0.0_f32..1.0, 800), sharp in 1_i32..12) {
        let field = field(&[]);
        let mut belief = belief::Belief::default();
        belief.anywhere(&field);
        prop_assert!(belief.weigh(&weights.iter().map(|weight| weight.powi(sharp)).collect::<Vec<_>>()));
        let kept = Kept::new(&belief);
        let mut taken = belief::Belief::default();
        kept.take(&field, &mut taken);
        let (mut before, mut after) = (Vec::new(), Vec::new());
        belief.place(&mut before);
        taken.place(&mut after);
        let lost = before.iter().zip(&after).map(|(a, b)| (a - b).abs()).sum::<f32>() / 2.0;
        prop_assert!(lost < 0.01, "{lost} of the belief is elsewhere");
        let walks = [&belief, &taken].map(|belief| belief.walking.iter().sum::<f32>());
        prop_assert!((walks[0] - walks[1]).abs() < 0.02, "{walks:?}");
    }
}

#[test]
fn where_the_map_says_nothing_the_geometry_places_a_device() {
    let spot = |n: usize| model::survey::Spot {
        floor: "f".parse().expect("a slug"),
        point: Point { x: 1.0 + 2.0 * (n % 10) as f64, y: 1.0 + 2.0 * (n / 10) as f64 },
        device: String::new(),
        seconds: 5.0,
        heard: (0..5)
            .map(|receiver| model::survey::Heard {
                receiver: ReceiverId::new(&format!("r{receiver}")).expect("a slug"),
                level: -10.0 - 3.0 * ((n * 7 + receiver * 5) % 9) as f32,
                frames: 10,
            })
            .collect(),
    };
    let survey = model::survey::Survey { spots: (0..50).map(spot).collect() };
    let shop = shop(&[]);
    let field =
        Field::on(&Arc::new(Ground::new(&shop)), &shop, Some(&crate::calibrate::Calibration::of_survey(&survey)));
    let estimate = estimate(&Arc::new(field), &heard(false, 20));
    assert!(estimate.point.distance(Point { x: 5.0, y: 5.0 }) < 3.0, "{:?}", estimate.point);
}
