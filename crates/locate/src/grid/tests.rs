use std::fmt::Write as _;

use model::shop::Shop;
use model::sighting::{RssiSummary, Transmitter};
use model::subject::Pseudonym;
use proptest::prelude::*;

use super::*;

const START: Timestamp = Timestamp(1_700_000_000_000);

/// A room of 20 x 10 m with a receiver in each corner and one in the middle, two zones side by side, and these walls.
fn field(walls: &[([f64; 4], f64)]) -> Arc<Field> {
    let area = |properties: &str, x0: f64, x1: f64| {
        format!(
            r#"{{"type":"Feature","properties":{properties},"geometry":{{"type":"Polygon","coordinates":[[[{x0},0],[{x1},0],[{x1},10],[{x0},10],[{x0},0]]]}}}}"#
        )
    };
    let mut features = area(r#"{"feature":"floor","id":"f"}"#, 0.0, 20.0);
    for (name, x0, x1) in [("left", 0.0, 8.3), ("right", 8.3, 20.0)] {
        let properties = format!(r#"{{"feature":"zone","id":"{name}","floor":"f","kind":"department"}}"#);
        write!(features, ",{}", area(&properties, x0, x1)).expect("a string grows");
    }
    for ([x0, y0, x1, y1], loss) in walls {
        write!(
            features,
            r#",{{"type":"Feature","properties":{{"feature":"wall","floor":"f","loss_db":{loss}}},"geometry":{{"type":"LineString","coordinates":[[{x0},{y0}],[{x1},{y1}]]}}}}"#
        )
        .expect("a string grows");
    }
    let mut shop = String::from("[store]\nid = \"s\"\nname = \"S\"\ntimezone = \"Etc/UTC\"\n");
    for (n, (x, y)) in [(0.5, 0.5), (19.5, 0.5), (0.5, 9.5), (19.5, 9.5), (10.0, 5.0)].iter().enumerate() {
        write!(shop, "[[receiver]]\nid = \"r{n}\"\nfloor = \"f\"\nx = {x:.1}\ny = {y:.1}\n").expect("a string grows");
    }
    let floor = format!(r#"{{"type":"FeatureCollection","features":[{features}]}}"#);
    Arc::new(Field::new(&Shop::parse(&shop, &floor).expect("a right shop")))
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
    estimate.zones.iter().find(|(id, _)| id.as_str() == zone).map_or(0.0, |(_, p)| p.get())
}

#[test]
fn somebody_heard_on_the_left_is_on_the_left() {
    let field = field(&[]);
    let left = estimate(&field, &heard(false, 5));
    assert!(left.point.distance(Point { x: 5.0, y: 5.0 }) < 1.5, "{left:?}");
    assert!(belief(&left, "left") > 0.9);
    assert!((belief(&left, "left") + belief(&left, "right") - 1.0).abs() < 1e-3, "the zones tile the floor");
    assert_eq!(left.heard.len(), 4);
    assert_eq!(left.heard[0].0.as_str(), "r4", "the strongest first");
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
    let loss = |field: &Field, x: f64| {
        let cell = field.cell_at(&field.floors[0].id, Point { x, y: 5.0 }).expect("a cell");
        field.hearing[0].loss[cell]
    };
    assert_eq!((loss(&walled, 5.0), loss(&walled, 15.0), loss(&open, 15.0)), (0.0, 12.0, 0.0));
}

#[test]
fn a_zone_s_border_cuts_its_cells() {
    let field = field(&[]);
    let area = |zone: usize| field.zones[zone].cells.iter().map(|(_, share)| f64::from(*share) * 0.25).sum::<f64>();
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
    let mut filter = Filter::within(field(&[]), &[left], START);
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
fn silence_of_a_receiver_that_heard_before_speaks_against_places_near_it_for_a_while() {
    let field = field(&[]);
    let mut unknown = belief::Belief::anywhere(&field);
    unknown.last[0] = Some(0);
    let likelihood_after = |silent: i64| {
        let mut work = Workspace::default();
        work.likelihood = vec![1.0; field.cells()];
        radio::hush(&field, -59.0, silent, &unknown, &mut work);
        work.likelihood
    };
    let told = likelihood_after(10);
    let (near, far) = (told[0], told[told.len() - 1]);
    assert!(near < far && far < 1.0 && near > 0.5, "{near} {far}");
    assert!(
        [1, 5, 120, 9_000]
            .into_iter()
            .all(|silent| likelihood_after(silent).iter().all(|cell| cell.to_bits() == 1.0_f32.to_bits()))
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn the_order_of_coming_does_not_matter_within_two_seconds(keys in prop::collection::vec(0_i64..1_900, 50)) {
        let field = field(&[]);
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
    fn no_signal_strength_breaks_the_belief(levels in prop::collection::vec((0_usize..5, 0_i64..4_000, -127.0_f32..20.0), 1..200)) {
        let field = field(&[]);
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
}
