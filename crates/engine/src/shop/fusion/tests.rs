use std::sync::Arc;

use model::fusion::Occupancy;
use model::ids::DeviceId;
use model::shop::{Sensor, SensorKind};
use model::subject::Pseudonym;
use model::units::Probability;
use proptest::prelude::*;

use super::super::Input;
use super::super::tests::world::*;
use super::*;

/// Somebody who stands in the middle of the department `b`.
const STILL: &Route = &[(0.0, 12.0, 6.0), (30.0, 12.0, 6.0)];

/// The plan with an entrance `c` that has a counter, a shelf in `b` and a counter of heads in `a`.
fn watched(last_kind: &str) -> Arc<Plan> {
    let mut plan = (*plan(last_kind, &["a", "b", "c"])).clone();
    let mut sensor = |id: &str, kind, zone: &str, product: Option<&str>| {
        let product = product.map(|product| ProductId::new(product).expect("an id"));
        let (id, zone) = (id_of(id), ZoneId::new(zone).expect("a slug"));
        plan.sensors.push(Sensor { id, kind, zone, product });
    };
    sensor("gate", SensorKind::CounterDelta, "c", None);
    sensor("shelf", SensorKind::Shelf, "b", Some("barolo"));
    sensor("staff", SensorKind::Shelf, "c", Some("keys"));
    sensor("heads", SensorKind::CounterLevel, "a", None);
    Arc::new(plan)
}

fn id_of(sensor: &str) -> SensorId {
    SensorId::new(sensor).expect("a slug")
}

fn device(n: u128) -> Subject {
    Subject::Device(DeviceId(n))
}

fn read(shop: &mut Shop, sensor: &str, at: Timestamp, kind: ReadingKind) {
    shop.handle(Input::Reading(Reading { sensor: id_of(sensor), at, kind }), at);
}

fn after(seconds: f64) -> Timestamp {
    START + Millis((seconds * 1_000.0) as i64)
}

/// What all of them are heard of, each on the same route with noise of their own, in the order of time.
fn together(subjects: &[Subject], route: &Route) -> Vec<(Subject, Timestamp, model::sighting::Sighting)> {
    let heard = |(n, subject): (u64, &Subject)| {
        sightings(route, 500, 40 + n).into_iter().map(|s| (subject.clone(), s.at, s)).collect::<Vec<_>>()
    };
    let mut all: Vec<_> = (0..).zip(subjects).flat_map(heard).collect();
    all.sort_by_key(|(_, at, _)| *at);
    all
}

fn stand(shop: &mut Shop, subjects: &[Subject]) -> Vec<Command> {
    let mut commands = Vec::new();
    for (subject, now, sighting) in together(subjects, STILL) {
        shop.handle(Input::Sighting { subject, sighting }, now);
        drain(shop, &mut commands);
    }
    commands
}

fn pass(shop: &mut Shop, until: Timestamp) -> Vec<Command> {
    let mut commands = Vec::new();
    wait(shop, until, &mut commands);
    commands
}

fn attributions(commands: Vec<Command>) -> Vec<Attribution> {
    let is = |command| if let Command::Attribution(attribution) = command { Some(attribution) } else { None };
    commands.into_iter().filter_map(is).collect()
}

fn left(commands: &[Command]) -> Vec<(Subject, Timestamp, String)> {
    let all = presences(commands).into_iter().filter(|p| p.kind == model::presence::PresenceKind::Left);
    all.map(|p| (p.subject.clone(), p.at, p.reason.rule.clone())).collect()
}

#[test]
fn more_than_the_door_let_in_are_ghosts_and_the_longest_silent_go_first() {
    let mut shop = shop(&watched("entrance"));
    let all: Vec<Subject> = (1..=6).map(device).collect();
    read(&mut shop, "gate", after(0.0), ReadingKind::Crossing { entered: 6, left: 0 });
    stand(&mut shop, &all);
    assert_eq!(left(&pass(&mut shop, after(36.0))), [], "six came and six are there");
    read(&mut shop, "gate", after(37.0), ReadingKind::Crossing { entered: 0, left: 5 });
    let gone = left(&pass(&mut shop, after(38.0)));
    assert_eq!(gone.len(), 2, "one may be there, a tenth of it and two: {gone:?}");
    assert!(gone.iter().all(|(_, at, rule)| rule == "door-count" && *at < after(31.0)), "{gone:?}");
}

#[test]
fn nobody_who_is_heard_is_a_ghost() {
    let mut shop = shop(&watched("entrance"));
    read(&mut shop, "gate", after(0.0), ReadingKind::Crossing { entered: 1, left: 0 });
    let all: Vec<Subject> = (1..=8).map(device).collect();
    let commands = stand(&mut shop, &all);
    assert_eq!(left(&commands), []);
}

#[test]
fn whom_nobody_counted_out_is_quiet_and_has_not_left_for_longer() {
    let gone = |readings: &[(f64, u32, u32)]| {
        let mut shop = shop(&watched("entrance"));
        stand(&mut shop, &[phone()]);
        let mut commands = Vec::new();
        for (seconds, entered, left) in readings {
            wait(&mut shop, after(*seconds), &mut commands);
            read(&mut shop, "gate", after(*seconds), ReadingKind::Crossing { entered: *entered, left: *left });
            drain(&mut shop, &mut commands);
        }
        while left(&commands).is_empty() {
            let due = shop.poll_timeout().expect("it leaves some day");
            shop.handle_timeout(due);
            drain(&mut shop, &mut commands);
            if !left(&commands).is_empty() {
                let quiet = commands.iter().filter(|command| matches!(command, Command::Quiet { .. })).count();
                assert_eq!(quiet, 1);
                return (due.since(after(30.0)).as_seconds(), left(&commands)[0].2.clone());
            }
        }
        panic!("it left among the readings: {commands:?}")
    };
    let (without, _) = gone(&[]);
    let (kept, rule) = gone(&[(30.0, 1, 0)]);
    let (counted_out, _) = gone(&[(30.0, 1, 0), (45.0, 0, 1)]);
    assert!((18.0..25.0).contains(&without), "{without} s");
    assert!(kept > 2.5 * without, "{kept} s");
    assert_eq!(rule, "silence");
    assert!(counted_out < 25.0, "{counted_out} s");
}

#[test]
fn who_falls_silent_at_the_way_out_has_left_by_the_door() {
    let to_the_door: &Route = &[(0.0, 12.0, 6.0), (12.0, 20.0, 6.0), (30.0, 20.0, 6.0)];
    for (route, rule) in [(to_the_door, crate::shop::DOOR), (STILL, "silence")] {
        let mut shop = shop(&watched("entrance"));
        let mut commands = Vec::new();
        for (subject, now, sighting) in together(&[phone()], route) {
            shop.handle(Input::Sighting { subject, sighting }, now);
            drain(&mut shop, &mut commands);
        }
        wait(&mut shop, after(80.0), &mut commands);
        let last = left(&commands).pop().expect("it has left");
        assert_eq!((last.2.as_str(), last.1 > after(28.0)), (rule, true), "{:?}", left(&commands));
    }
}

#[test]
fn a_pick_up_is_given_to_whoever_stands_there() {
    let mut shop = shop(&watched("entrance"));
    stand(&mut shop, &[phone()]);
    read(&mut shop, "shelf", after(30.0), ReadingKind::ShelfDelta(-2));
    let told = attributions(pass(&mut shop, after(32.0)));
    let [taken] = told.as_slice() else { panic!("one pick-up: {told:?}") };
    assert_eq!((taken.items, taken.product.as_ref().map(ProductId::as_str)), (2, Some("barolo")));
    assert_eq!(taken.shares[0].0, phone());
    assert!(taken.shares[0].1.get() > 0.7, "{taken:?}");
    let sum: f64 = taken.unknown.get() + taken.shares.iter().map(|(_, p)| p.get()).sum::<f64>();
    assert!((sum - 1.0).abs() < 1e-9);
    read(&mut shop, "shelf", after(33.0), ReadingKind::ShelfDelta(1));
    assert_eq!(attributions(pass(&mut shop, after(36.0))), [], "who puts something back takes nothing");
}

fn put_back(commands: Vec<Command>) -> Vec<Attribution> {
    let is = |command| if let Command::PutBack(attribution) = command { Some(attribution) } else { None };
    commands.into_iter().filter_map(is).collect()
}

#[test]
fn what_comes_back_is_from_somebody_who_took_it_and_a_full_shelf_from_nobody() {
    let mut shop = shop(&watched("entrance"));
    stand(&mut shop, &[phone()]);
    read(&mut shop, "shelf", after(30.0), ReadingKind::ShelfDelta(1));
    assert_eq!(put_back(pass(&mut shop, after(32.0))), [], "nothing was taken: the shelf is filled");
    read(&mut shop, "shelf", after(33.0), ReadingKind::ShelfDelta(-1));
    let took = attributions(pass(&mut shop, after(35.0)))[0].shares[0].1.get();
    read(&mut shop, "shelf", after(36.0), ReadingKind::ShelfDelta(1));
    let told = put_back(pass(&mut shop, after(38.0)));
    let [back] = told.as_slice() else { panic!("one came back: {told:?}") };
    assert_eq!((back.items, &back.shares[0].0), (1, &phone()));
    let gave = back.shares[0].1.get();
    assert!(gave > 0.5 && gave < 1.0, "who took it with {took} gave it back with {gave}");
    let sum: f64 = back.unknown.get() + back.shares.iter().map(|(_, p)| p.get()).sum::<f64>();
    assert!((sum - 1.0).abs() < 1e-9);
    shop.handle(Input::Forget(phone()), after(39.0));
    read(&mut shop, "shelf", after(40.0), ReadingKind::ShelfDelta(1));
    assert!(put_back(pass(&mut shop, after(43.0))).iter().all(|back| back.shares.is_empty()), "forgotten is forgotten");
}

#[test]
fn two_at_a_shelf_share_and_a_crowd_that_is_not_heard_has_its_part() {
    let mut pair = shop(&watched("entrance"));
    stand(&mut pair, &[device(1), device(2)]);
    read(&mut pair, "shelf", after(30.0), ReadingKind::ShelfDelta(-1));
    let told = attributions(pass(&mut pair, after(32.0)));
    assert!(told[0].shares.len() == 2 && told[0].shares.iter().all(|(_, p)| p.get() < 0.5), "{told:?}");

    let mut crowd = shop(&watched("entrance"));
    read(&mut crowd, "gate", after(0.0), ReadingKind::Crossing { entered: 40, left: 0 });
    stand(&mut crowd, &[phone()]);
    read(&mut crowd, "shelf", after(30.0), ReadingKind::ShelfDelta(-1));
    let told = attributions(pass(&mut crowd, after(32.0)));
    assert!(told[0].unknown.get() > 0.8, "39 others are not heard: {told:?}");
}

#[test]
fn an_old_pick_up_and_one_in_a_private_zone_name_nobody() {
    let mut shop = shop(&watched("private"));
    let mut commands = Vec::new();
    for (subject, now, sighting) in together(&[phone()], &[(0.0, 20.0, 6.0), (30.0, 20.0, 6.0)]) {
        shop.handle(Input::Sighting { subject, sighting }, now);
        drain(&mut shop, &mut commands);
    }
    read(&mut shop, "staff", after(30.0), ReadingKind::ShelfDelta(-1));
    let told = attributions(pass(&mut shop, after(32.0)));
    assert_eq!((told[0].shares.len(), told[0].unknown), (0, Probability::ONE));
    let reading = Reading { sensor: id_of("shelf"), at: after(2.0), kind: ReadingKind::ShelfDelta(-1) };
    shop.handle(Input::Reading(reading), after(33.0));
    assert_eq!(attributions(pass(&mut shop, after(60.0))), []);
}

#[test]
fn zones_have_people_by_the_door_and_by_sensors_too() {
    let mut shop = shop(&watched("entrance"));
    read(&mut shop, "gate", after(0.0), ReadingKind::Crossing { entered: 7, left: 0 });
    read(&mut shop, "heads", after(0.0), ReadingKind::Level(3));
    let mut commands = stand(&mut shop, &[phone(), Subject::Anonymous(Pseudonym(3))]);
    commands.extend(pass(&mut shop, after(31.0)));
    let mut last: std::collections::BTreeMap<String, Vec<&Occupancy>> = std::collections::BTreeMap::new();
    for command in &commands {
        if let Command::Occupancy(occupancy) = command {
            let zone = occupancy.zone.as_ref().map_or_else(|| "store".to_owned(), ToString::to_string);
            last.entry(zone).or_default().push(occupancy);
        }
    }
    let now = |zone: &str| last[zone].last().map_or(0.0, |occupancy| occupancy.people);
    assert_eq!((now("store"), now("a")), (7.0, 3.0));
    assert!((1.5..7.0).contains(&now("b")), "two are heard, and some more are not: {}", now("b"));
    for told in last.values() {
        assert!(told.windows(2).all(|pair| pair[1].at.since(pair[0].at) >= Millis::seconds(2)), "{told:?}");
    }
}

#[test]
fn a_new_zone_works_at_once_for_those_who_stand_in_it() {
    let mut before = (*plan("department", &["a", "c"])).clone();
    before.sensors.clear();
    let mut shop = shop(&Arc::new(before));
    let heard = together(&[phone()], STILL);
    let (first, rest) = heard.split_at(heard.len() / 2);
    let mut commands = Vec::new();
    for (subject, now, sighting) in first.iter().cloned() {
        shop.handle(Input::Sighting { subject, sighting }, now);
        drain(&mut shop, &mut commands);
    }
    assert!(presences(&commands).iter().all(|p| p.zone.as_str() != "b"), "there is no such zone");
    let changed = rest[0].1;
    shop.handle(Input::Plan(whole_plan()), changed);
    for (subject, now, sighting) in rest.iter().cloned() {
        shop.handle(Input::Sighting { subject, sighting }, now);
        drain(&mut shop, &mut commands);
    }
    let entered = presences(&commands).into_iter().find(|p| p.zone.as_str() == "b").expect("it is there now");
    assert!(entered.at.since(changed) <= Millis::seconds(4), "{} s", entered.at.since(changed).as_seconds());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn readings_that_come_late_or_twice_leave_the_same_picture(
        crossings in prop::collection::vec((0_i64..60, 0_u32..3, 0_u32..3, 0_i64..8, any::<bool>()), 1..40),
    ) {
        let picture = |late: bool| {
            let mut coming: Vec<(i64, i64, u32, u32)> = Vec::new();
            for (at, entered, out, delay, twice) in &crossings {
                coming.push((at + if late { *delay } else { 0 }, *at, *entered, *out));
                if late && *twice {
                    coming.push((at + 9, *at, *entered, *out));
                }
            }
            coming.sort_unstable();
            let mut shop = shop(&watched("entrance"));
            let mut commands = Vec::new();
            for (now, at, entered, left) in coming {
                wait(&mut shop, START + Millis::seconds(now), &mut commands);
                let kind = ReadingKind::Crossing { entered, left };
                let reading = Reading { sensor: id_of("gate"), at: START + Millis::seconds(at), kind };
                shop.handle(Input::Reading(reading), START + Millis::seconds(now));
            }
            wait(&mut shop, START + Millis::seconds(90), &mut commands);
            let stores = commands.into_iter().filter_map(|command| {
                let Command::Occupancy(told) = command else { return None };
                told.zone.is_none().then_some(told.people)
            });
            // Nobody who was ever spoken of is nobody.
            stores.last().unwrap_or(0.0)
        };
        prop_assert_eq!(picture(false), picture(true));
    }
}
