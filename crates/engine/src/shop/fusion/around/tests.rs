use model::ids::DeviceId;

use super::*;
use crate::shop::tests::world::{Route, START, drain, sightings, wait, whole_plan};
use crate::shop::{Input, Shop};

/// Three stand in department a; the first two then walk to c together, at 1 m a second.
const STROLL: &Route = &[(0.0, 2.0, 6.0), (30.0, 2.0, 6.0), (49.0, 21.0, 6.0), (80.0, 21.0, 6.0)];
const BESIDE: &Route = &[(0.0, 2.0, 6.6), (30.0, 2.0, 6.6), (49.0, 21.0, 6.6), (80.0, 21.0, 6.6)];
const STAYS: &Route = &[(0.0, 3.0, 2.0), (80.0, 3.0, 2.0)];

fn subject(n: u128) -> Subject {
    Subject::Device(DeviceId(n))
}

fn zone(name: &str) -> ZoneId {
    ZoneId::new(name).expect("a slug")
}

/// The shop after so many seconds of the three.
fn after(seconds: i64) -> Shop {
    let mut shop = crate::shop::tests::world::shop(&whole_plan());
    let mut heard: Vec<_> = [STROLL, BESIDE, STAYS]
        .into_iter()
        .zip(1_u128..)
        .flat_map(|(route, n)| {
            sightings(route, 400, u64::try_from(n).expect("small")).into_iter().map(move |sighting| (n, sighting))
        })
        .collect();
    heard.sort_by_key(|(n, sighting)| (sighting.at, *n));
    let (until, mut commands) = (START + Millis::seconds(seconds), Vec::new());
    for (n, sighting) in heard.into_iter().filter(|(_, sighting)| sighting.at < until) {
        let now = sighting.at;
        wait(&mut shop, now, &mut commands);
        shop.handle(Input::Sighting { subject: subject(n), sighting }, now);
        drain(&mut shop, &mut commands);
    }
    shop
}

#[test]
fn who_walks_is_told_from_who_stands() {
    let speed = |shop: &Shop, n, name| shop.around(&subject(n), &zone(name)).speed.expect("it is followed").value;
    let standing = after(28);
    assert!(speed(&standing, 1, "a") < 0.4 && speed(&standing, 3, "a") < 0.4);
    let walking = after(45);
    assert!((0.7..1.4).contains(&speed(&walking, 1, "b")), "{}", speed(&walking, 1, "b"));
    assert!(speed(&walking, 3, "a") < 0.4, "the third still stands");
    let aged = walking.around(&subject(1), &zone("b")).speed.expect("it is followed");
    assert!((0..2_000).contains(&(START + Millis::seconds(45)).since(aged.at).0), "it says how old it is");
}

#[test]
fn who_keeps_near_is_company_and_who_stays_behind_is_not() {
    let shop = after(60);
    let company = |n| shop.around(&subject(n), &zone("c")).company.map(|aged| aged.value);
    assert_eq!((company(1), company(2), company(3)), (Some(1), Some(1), Some(0)));
    assert_eq!(after(3).around(&subject(1), &zone("a")).company, None, "three seconds are too few to say");
}

#[test]
fn a_zone_is_as_full_as_people_stand_in_it() {
    // Three on the 96 square metres of a, two of whom go over to c.
    let crowding = |shop: &Shop, name| shop.around(&subject(1), &zone(name)).crowding.expect("it was counted").value;
    let (before, later) = (after(28), after(75));
    assert!((crowding(&before, "a") - 3.0 / 9.6).abs() < 0.05, "{}", crowding(&before, "a"));
    assert!((crowding(&later, "c") - 2.0 / 9.6).abs() < 0.05, "{}", crowding(&later, "c"));
    assert!((crowding(&later, "a") - 1.0 / 9.6).abs() < 0.05);
}

#[test]
fn nothing_is_known_around_somebody_who_is_not_followed() {
    assert!(after(10).around(&subject(9), &zone("a")).is_empty());
}
