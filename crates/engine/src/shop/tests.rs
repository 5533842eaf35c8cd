mod line;
mod places;
pub(super) mod world;

use model::ids::{SensorId, ZoneId};
use model::presence::PresenceKind;
use model::reading::ReadingKind;
use model::subject::Pseudonym;
use proptest::prelude::*;

use self::world::*;
use super::*;

const LATER: Timestamp = Timestamp(START.0 + 63_000);
const STORY: [&str; 9] =
    ["a entered", "a dwelling", "a left", "b entered", "b dwelling", "b left", "c entered", "c dwelling", "c left"];

fn json(commands: &[Command]) -> String {
    serde_json::to_string(commands).expect("commands are JSON")
}

#[test]
fn a_walk_through_three_departments_is_told_as_it_was() {
    let mut shop = shop(&whole_plan());
    let commands = play(&mut shop, &phone(), &promptly(sightings(THROUGH, 500, 1)), LATER + Millis::seconds(60));
    assert_eq!(story(&commands), STORY);
    let errors: Vec<f64> = positions(&commands)
        .iter()
        .map(|position| position.point.distance(at(THROUGH, position.at.since(START).as_seconds())))
        .collect();
    let mut sorted = errors.clone();
    sorted.sort_by(f64::total_cmp);
    assert!(sorted[sorted.len() / 2] < 1.5, "median {}", sorted[sorted.len() / 2]);
    assert!(sorted[sorted.len() * 95 / 100] < 4.0, "p95 {}", sorted[sorted.len() * 95 / 100]);
    for presence in presences(&commands) {
        assert!(presence.at >= presence.since, "{presence:?}");
        assert!(!presence.reason.rule.is_empty());
        assert!(presence.reason.heard.len() <= 4);
    }
}

#[test]
fn a_zone_is_told_within_a_few_seconds_of_the_truth() {
    let mut shop = shop(&whole_plan());
    let commands = play(&mut shop, &phone(), &promptly(sightings(THROUGH, 500, 2)), LATER);
    let entered_b = presences(&commands).into_iter().find(|p| p.zone.as_str() == "b").expect("b was entered");
    // The route crosses into b 20 s after the start.
    let late = entered_b.at.since(START).as_seconds() - 20.0;
    assert!((0.0..6.0).contains(&late), "{late} s");
}

#[test]
fn positions_come_at_most_twice_a_second_and_add_up() {
    let mut shop = shop(&whole_plan());
    let commands = play(&mut shop, &phone(), &promptly(sightings(THROUGH, 100, 3)), LATER);
    let positions = positions(&commands);
    assert!(positions.len() <= 2 * 64, "{}", positions.len());
    for position in positions {
        let sum: f64 = position.zones.iter().map(|(_, p)| p.get()).sum();
        assert!((0.95..1.001).contains(&sum), "the three zones tile the floor: {sum}");
        assert!(position.zones.windows(2).all(|pair| pair[0].1.get() >= pair[1].1.get()));
        assert!(position.uncertainty.0 > 0.0 && position.uncertainty.0 < 15.0);
    }
}

#[test]
fn a_fast_device_that_falls_silent_has_left_when_it_was_last_heard() {
    let mut shop = shop(&whole_plan());
    let route = &[(0.0, 4.0, 6.0), (20.0, 4.0, 6.0)];
    let heard = promptly(sightings(route, 500, 4));
    let last = heard.last().expect("heard").0;
    let commands = play(&mut shop, &phone(), &heard, last + Millis::seconds(400));
    assert_eq!(story(&commands), ["a entered", "a dwelling", "a left"]);
    let left = presences(&commands)[2];
    assert_eq!((left.at, left.reason.rule.as_str()), (last, "silence"));
    let ended = visits(&commands).last().and_then(|visit| visit.ended);
    assert_eq!(ended, Some(last));
    assert!(shop.is_empty());
    assert_eq!(shop.poll_timeout(), None);
}

#[test]
fn who_comes_back_before_the_visit_is_over_goes_on_with_it() {
    let mut shop = shop(&whole_plan());
    let stand = |from: i64| -> Vec<Sighting> {
        let late = |mut sighting: Sighting| {
            sighting.at = sighting.at + Millis::seconds(from);
            sighting
        };
        sightings(&[(0.0, 4.0, 6.0), (10.0, 4.0, 6.0)], 500, 4).into_iter().map(late).collect()
    };
    let heard = promptly([stand(0), stand(50)].concat());
    let last = heard.last().expect("heard").0;
    let commands = play(&mut shop, &phone(), &heard, last + Millis::seconds(5));
    assert_eq!(story(&commands), ["a entered", "a dwelling", "a left", "a entered", "a dwelling"]);
    let mut ids: Vec<_> = visits(&commands).iter().map(|visit| visit.id).collect();
    ids.dedup();
    assert_eq!(ids.len(), 1, "one visit");
}

#[test]
fn a_sleepy_tag_is_quiet_and_has_not_left() {
    let mut shop = shop(&whole_plan());
    let route = &[(0.0, 4.0, 6.0), (600.0, 4.0, 6.0)];
    let commands = play(&mut shop, &phone(), &promptly(sightings(route, 30_000, 5)), START + Millis::seconds(600));
    assert!(!story(&commands).contains(&"a left".to_owned()), "{:?}", story(&commands));
    assert_eq!(visits(&commands).iter().filter(|visit| visit.ended.is_some()).count(), 0);
}

#[test]
fn a_known_subject_is_never_named_in_a_private_zone() {
    let mut shop = shop(&plan("private", &["a", "b", "c"]));
    let commands = play(&mut shop, &phone(), &promptly(sightings(THROUGH, 500, 6)), LATER + Millis::seconds(60));
    assert_eq!(story(&commands), STORY, "the stay is counted");
    let private = ZoneId::new("c").expect("a slug");
    let visit = visits(&commands)[0].id;
    for presence in presences(&commands) {
        let named = presence.subject == phone();
        assert_eq!(named, presence.zone != private);
        assert_eq!(presence.visit == visit, named);
        assert!(!named || presence.reason.runner_up.as_ref().is_none_or(|(zone, _)| *zone != private));
    }
    for position in positions(&commands) {
        assert!(position.zones.iter().all(|(zone, _)| *zone != private));
        assert!(position.point.x < 19.0, "{position:?}");
    }
}

#[test]
fn an_unknown_subject_is_followed_in_a_private_zone_as_everywhere() {
    let mut shop = shop(&plan("private", &["a", "b", "c"]));
    let subject = Subject::Anonymous(Pseudonym(9));
    let commands = play(&mut shop, &subject, &promptly(sightings(THROUGH, 500, 6)), LATER);
    assert!(presences(&commands).iter().all(|presence| presence.subject == subject));
}

#[test]
fn a_forgotten_subject_is_not_spoken_of_again() {
    let mut shop = shop(&whole_plan());
    let mut commands = play(&mut shop, &phone(), &promptly(sightings(THROUGH, 500, 7)), LATER);
    commands.clear();
    shop.handle(Input::Forget(phone()), LATER);
    drain(&mut shop, &mut commands);
    assert_eq!((commands.len(), shop.len()), (0, 0));
    wait(&mut shop, LATER + Millis::minutes(1), &mut commands);
    assert!(!commands.is_empty(), "fewer people are there");
    assert!(commands.iter().all(|command| matches!(command, Command::Occupancy(_))), "{commands:?}");
    assert_eq!(shop.poll_timeout(), None);
}

#[test]
fn a_full_shop_keeps_the_known_and_drops_the_newest_unknown() {
    let plan = whole_plan();
    let mut shop = Shop::new(Config { subjects_max: 2, ..Config::new(plan.store.id.clone()) }, 7);
    shop.handle(Input::Plan(plan), START);
    let mut hear = |subject: Subject| {
        shop.handle(Input::Sighting { subject, sighting: sighting("r1", START, -60.0) }, START);
    };
    let unknown = |n| Subject::Anonymous(Pseudonym(n));
    [unknown(1), unknown(2), unknown(3), phone()].into_iter().for_each(&mut hear);
    let followed = |shop: &mut Shop, subject| shop.position(&subject, START + Millis(500)).is_some();
    assert!(followed(&mut shop, unknown(1)) && followed(&mut shop, phone()));
    assert!(!followed(&mut shop, unknown(2)) && !followed(&mut shop, unknown(3)));
    assert_eq!((shop.len(), shop.dropped().subjects), (2, 2));
}

#[test]
fn a_restart_does_not_tell_a_stay_twice() {
    let plan = whole_plan();
    let heard = promptly(sightings(THROUGH, 500, 8));
    let cut = START + Millis::seconds(14);
    let split = heard.partition_point(|(at, _)| *at < cut);
    let before = play(&mut shop(&plan), &phone(), &heard[..split], cut);
    let stays = presences(&before).into_iter().rev().take(1).cloned().collect();
    let visit = (*visits(&before).last().expect("a visit")).clone();

    let mut shop = shop(&plan);
    shop.handle(Input::Restore { stays, visits: vec![visit.clone()] }, cut);
    let after = play(&mut shop, &phone(), &heard[split..], LATER + Millis::seconds(60));
    assert_eq!(story(&before), STORY[..2]);
    assert_eq!(story(&after), STORY[2..]);
    assert!(visits(&after).iter().all(|other| other.id == visit.id));
}

#[test]
fn a_new_plan_takes_effect_at_once_and_ends_stays_in_zones_that_are_gone() {
    let mut shop = shop(&whole_plan());
    let heard = promptly(sightings(THROUGH, 500, 9));
    let split = heard.partition_point(|(at, _)| *at < START + Millis::seconds(14));
    let mut commands = play(&mut shop, &phone(), &heard[..split], START + Millis::seconds(14));
    shop.handle(Input::Plan(plan("department", &["b", "a"])), START + Millis::seconds(14));
    drain(&mut shop, &mut commands);
    assert_eq!(story(&commands), STORY[..2], "a is still there");
    let mut store = (*plan("department", &["a", "b"])).clone();
    store.sensors.clear();
    store.floors[0].zones.retain(|zone| zone.id.as_str() == "b");
    shop.handle(Input::Plan(Arc::new(store)), START + Millis::seconds(14));
    drain(&mut shop, &mut commands);
    assert_eq!(story(&commands), STORY[..3]);
    assert_eq!(presences(&commands)[2].reason.rule, "plan");
    commands.extend(play(&mut shop, &phone(), &heard[split..], LATER));
    assert_eq!(story(&commands), STORY[..6]);
}

#[test]
fn a_backlog_is_told_with_the_times_it_had_and_without_positions() {
    let mut shop = shop(&whole_plan());
    let heard = sightings(THROUGH, 500, 10);
    let outage = Millis::hours(1);
    let late: Vec<_> =
        heard.iter().enumerate().map(|(n, sighting)| (START + outage + Millis(n as i64), sighting.clone())).collect();
    let commands = play(&mut shop, &phone(), &late, START + outage + Millis::seconds(600));
    assert_eq!(story(&commands), STORY);
    assert!(presences(&commands).iter().all(|presence| presence.at <= LATER));
    assert_eq!(positions(&commands).len(), 0);
}

#[test]
fn a_clock_that_is_set_back_costs_seconds_and_not_hours() {
    let mut shop = shop(&whole_plan());
    let back = Millis::hours(1);
    let heard: Vec<_> = sightings(THROUGH, 500, 11)
        .into_iter()
        .map(|mut sighting| {
            let now = sighting.at;
            if now > START + Millis::seconds(30) {
                sighting.at = now - back;
            }
            (now, sighting)
        })
        .collect();
    let commands = play(&mut shop, &phone(), &heard, LATER);
    assert!(shop.dropped().late > 0);
    let last = presences(&commands).into_iter().rev().find(|p| p.kind == PresenceKind::Entered).expect("a change");
    assert_eq!(last.zone.as_str(), "c");
}

#[test]
fn what_cannot_be_used_is_counted_by_its_reason() {
    let plan = whole_plan();
    let mut shop = Shop::new(Config::new(plan.store.id.clone()), 7);
    let hear = |shop: &mut Shop, sighting: Sighting, now: Timestamp| {
        shop.handle(Input::Sighting { subject: phone(), sighting }, now);
    };
    hear(&mut shop, sighting("r1", START, -60.0), START);
    shop.handle(Input::Plan(plan), START);
    hear(&mut shop, sighting("cellar", START, -60.0), START);
    hear(&mut shop, sighting("r1", START, f64::NAN), START);
    hear(&mut shop, sighting("r1", START, 90.0), START);
    assert!(shop.is_empty(), "nobody is followed for nothing");
    hear(&mut shop, sighting("r1", START, -60.0), START);
    hear(&mut shop, sighting("r1", START, -60.0), START + Millis(300));
    for n in 0..70 {
        hear(&mut shop, sighting("r2", START + Millis(n), -60.0), START + Millis(300));
    }
    hear(&mut shop, sighting("r1", START - Millis::minutes(1), -60.0), START + Millis(400));
    let expected = Dropped {
        no_plan: 1,
        unknown_receiver: 1,
        implausible: 2,
        duplicate: 1,
        flood: 7,
        late: 1,
        ..Dropped::default()
    };
    assert_eq!(shop.dropped(), expected);
}

#[test]
fn a_reading_is_passed_on_once_and_only_from_a_sensor_of_the_plan() {
    let mut shop = shop(&whole_plan());
    let reading = |sensor: &str, ms: i64| Reading {
        sensor: SensorId::new(sensor).expect("a slug"),
        at: START + Millis(ms),
        kind: ReadingKind::Crossing { entered: 1, left: 0 },
    };
    for reading in [reading("door", 1), reading("door", 2), reading("door", 1), reading("attic", 1)] {
        shop.handle(Input::Reading(reading), START);
    }
    let mut commands = Vec::new();
    drain(&mut shop, &mut commands);
    assert_eq!(commands, [Command::Reading(reading("door", 1)), Command::Reading(reading("door", 2))]);
    assert_eq!((shop.dropped().readings, shop.dropped().unknown_sensor), (1, 1));
}

#[test]
fn the_same_inputs_give_the_same_commands_byte_for_byte() {
    let run = || play(&mut shop(&whole_plan()), &phone(), &promptly(sightings(THROUGH, 500, 12)), LATER);
    assert_eq!(json(&run()), json(&run()));
    let ids = |seed| {
        let plan = whole_plan();
        let mut shop = Shop::new(Config::new(plan.store.id.clone()), seed);
        shop.handle(Input::Plan(plan), START);
        visits(&play(&mut shop, &phone(), &promptly(sightings(THROUGH, 500, 12)), LATER))[0].id
    };
    assert_ne!(ids(1), ids(2), "without the seed an id can't be guessed");
}

#[test]
fn a_shop_gives_account_of_how_sure_it_was_and_names_nobody() {
    let mut shop = shop(&whole_plan());
    assert_eq!(shop.take_quality(), None);
    play(&mut shop, &phone(), &promptly(sightings(THROUGH, 500, 13)), LATER);
    let quality = shop.take_quality().expect("somebody was there");
    assert!((60.0..66.0).contains(&quality.seconds), "{} s", quality.seconds);
    for zone in ["a", "b", "c"] {
        let zone = ZoneId::new(zone).expect("a slug");
        let sums = &quality.zones[&zone];
        assert!((10.0..35.0).contains(&sums.seconds), "{zone}: {sums:?}");
        assert!(sums.belief(&zone).expect("named") > 0.6, "{zone}: {sums:?}");
    }
    assert_eq!(quality.receivers.len(), RECEIVERS.len());
    assert!(quality.receivers.values().all(|receiver| receiver.heard > 0 && receiver.last.is_some()));
    let text = serde_json::to_string(&quality).expect("json");
    assert!(!text.contains("feed"), "nothing of the phone: {text}");
    assert_eq!(shop.take_quality(), None, "what was told is not told again");
}

#[test]
fn what_was_gathered_under_one_plan_is_kept_through_the_next() {
    let mut shop = shop(&whole_plan());
    play(&mut shop, &phone(), &promptly(sightings(THROUGH, 500, 14)), LATER);
    shop.handle(Input::Plan(plan("department", &["a", "b"])), LATER);
    let quality = shop.take_quality().expect("somebody was there");
    assert!(quality.zones.contains_key(&ZoneId::new("c").expect("a slug")));
    assert_eq!(shop.unvisited().take_quality(), None);
}

/// Sightings that come between 0 and 200 ms late, a part of them twice, in the order of their coming.
fn shuffled(heard: &[Sighting], seed: u64) -> Vec<(Timestamp, Sighting)> {
    let mut chance = Chance(seed);
    let mut coming = Vec::new();
    for sighting in heard {
        let delay = |chance: &mut Chance| Millis((chance.unit() * 200.0) as i64);
        coming.push((sighting.at + delay(&mut chance), sighting.clone()));
        if chance.unit() < 0.3 {
            coming.push((sighting.at + delay(&mut chance) + Millis(300), sighting.clone()));
        }
    }
    coming.sort_by_key(|(now, _)| *now);
    coming
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn late_and_repeated_sightings_do_not_change_what_is_told(world in 0_u64..1_000, order in any::<u64>()) {
        let heard = sightings(THROUGH, 500, world);
        let until = LATER + Millis::seconds(60);
        let told = |coming: &[(Timestamp, Sighting)]| {
            let commands = play(&mut shop(&whole_plan()), &phone(), coming, until);
            serde_json::to_string(&presences(&commands)).expect("presences are JSON")
        };
        prop_assert_eq!(told(&promptly(heard.clone())), told(&shuffled(&heard, order)));
    }
}
