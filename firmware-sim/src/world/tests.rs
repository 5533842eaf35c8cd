use super::*;

const START: Timestamp = Timestamp(1_795_000_000_000);

fn demo(seed: u64) -> World {
    World::new(Scenario::demo().expect("the embedded files are right"), seed, START)
}

/// A part of the crowd, so that a test does not take long.
fn crowd(seed: u64, people: usize) -> World {
    let mut scenario = Scenario::crowd().expect("the embedded files are right");
    scenario.people = scenario.people.of(people);
    World::new(scenario, seed, START)
}

/// Runs in uneven strides, as a real-time loop does.
fn run(world: &mut World, span: Millis) -> Vec<Happening> {
    let mut happened = Vec::new();
    let mut now = START;
    while now < START + span {
        now = now + Millis(70);
        happened.extend(world.step(now));
    }
    happened
}

#[test]
fn the_same_seed_gives_the_same_day_whatever_the_strides() {
    let (mut one, mut two) = (demo(7), demo(7));
    let first = run(&mut one, Millis::minutes(2));
    let second = two.step(one.now());
    assert_eq!(first.len(), second.len());
    assert!(first == second);
    assert!(one.truth() == two.truth());
}

#[test]
fn another_seed_gives_another_day() {
    assert!(demo(7).step(START + Millis::minutes(1)) != demo(8).step(START + Millis::minutes(1)));
}

#[test]
fn the_door_counts_what_the_truth_counts() {
    let mut world = demo(1);
    let happened = run(&mut world, Millis::minutes(15));
    let count = |inwards: bool| {
        let crossed =
            happened.iter().filter(|h| matches!(h, Happening::Crossed { entered, .. } if *entered == inwards));
        crossed.count() as u64
    };
    let sums = &world.truth().sums;
    assert_eq!((count(true), count(false)), (sums.entered, sums.left));
    let inside = world.people().iter().filter(|p| world.truth().is_inside(p.id, world.now())).count() as u64;
    assert_eq!(sums.entered - sums.left, inside);
    assert!(sums.left > 40, "people come, leave and come again: {sums:?}");
    let open = world.truth().lives.iter().flat_map(|l| &l.visits).filter(|v| v.to.is_none()).count() as u64;
    assert_eq!(open, inside);
}

#[test]
fn people_walk_at_a_human_speed_and_never_through_walls_or_shelves() {
    let mut demo = demo(2);
    run(&mut demo, Millis::minutes(5));
    never_through_anything(&demo);
    let mut crowd = crowd(2, 40);
    crowd.step(START + Millis::minutes(8));
    never_through_anything(&crowd);
}

fn never_through_anything(world: &World) {
    let floor = &world.scenario().shop.floors[0];
    assert!(world.truth().lives.iter().map(|life| life.track.len()).sum::<usize>() > 10_000);
    for life in &world.truth().lives {
        let track: Vec<_> = life.track.iter().collect();
        for pair in track.windows(2) {
            let seconds = pair[1].at.since(pair[0].at).as_seconds();
            if seconds > 1.0 {
                continue;
            }
            assert!(pair[0].point.distance(pair[1].point) / seconds < 2.0);
            let step = geo::Line::new((pair[0].point.x, pair[0].point.y), (pair[1].point.x, pair[1].point.y));
            assert!(floor.walls.iter().all(|wall| !geo::Intersects::intersects(&wall.line, &step)), "{pair:?}");
            assert!(floor.obstacles.iter().all(|o| !geo::Intersects::intersects(&o.polygon, &step)), "{pair:?}");
        }
    }
}

#[test]
fn phones_rotate_address_and_id_together() {
    let mut world = demo(3);
    let happened = run(&mut world, Millis::minutes(20));
    let mut seen = std::collections::BTreeMap::new();
    for on_air in happened.iter().filter_map(on_air) {
        if let Some(id) = wire::ble::frame::decode(&on_air.bytes).best().and_then(|frame| frame.rolling(PREFIX)) {
            let ids = seen.entry((on_air.person, id)).or_insert_with(std::collections::BTreeSet::new);
            ids.insert(on_air.address);
        }
    }
    assert!(seen.values().all(|addresses| addresses.len() <= 3), "an address lives for a quarter of an hour");
    assert!(seen.values().any(|addresses| addresses.len() > 1), "the system changes it at its own time");
    let all: Vec<_> = seen.values().flatten().collect();
    let distinct: std::collections::BTreeSet<_> = all.iter().collect();
    assert_eq!(all.len(), distinct.len(), "no address outlives its id");
    let people: std::collections::BTreeSet<_> = seen.keys().map(|(person, _)| person).collect();
    assert!(seen.len() > people.len(), "a slot ended during the run");
}

#[test]
fn a_phone_that_keeps_its_address_changes_it_only_with_its_id() {
    let mut scenario = Scenario::crowd().expect("the embedded files are right");
    scenario.people = scenario.people.of(40);
    scenario.radio.address_s = 0;
    let mut world = World::new(scenario, 3, START);
    let mut seen = std::collections::BTreeMap::new();
    for on_air in world.step(START + Millis::minutes(16)).iter().filter_map(on_air) {
        seen.entry(on_air.person).or_insert_with(std::collections::BTreeSet::new).insert(on_air.address);
    }
    for (person, addresses) in seen {
        let slots = if world.people()[person.0].consent.locating { 2 } else { 1 };
        assert!(addresses.len() <= slots, "{person:?} has {} addresses", addresses.len());
    }
}

#[test]
fn of_a_crowd_fewer_frames_are_heard_than_of_a_few() {
    let share = |people: usize| {
        let mut world = crowd(5, people);
        world.step(START + Millis::minutes(6));
        let sums = &world.truth().sums;
        sums.heard.iter().sum::<u64>() as f64 / sums.frames as f64
    };
    let (few, many) = (share(10), share(250));
    assert!(many < few * 0.92 && many > few * 0.5, "{few} of a few and {many} of many receivers hear a frame");
}

#[test]
fn about_two_hundred_are_inside_at_a_time() {
    let mut world = crowd(1, 250);
    for minute in 1..=12 {
        world.step(START + Millis::minutes(minute));
        if minute < 9 {
            continue;
        }
        let inside = world.people().iter().filter(|p| world.truth().is_inside(p.id, world.now())).count();
        assert!((170..=230).contains(&inside), "{inside} after {minute} minutes");
    }
}

#[test]
fn who_does_not_consent_to_being_located_sends_no_rolling_id() {
    let mut world = demo(4);
    let happened = run(&mut world, Millis::minutes(6));
    let withdrawn_at = happened.iter().find_map(|h| match h {
        Happening::Acted { at, act: Act::Withdrew, .. } => Some(*at),
        Happening::Acted { .. } | Happening::OnAir(_) | Happening::Crossed { .. } | Happening::Shelf { .. } => None,
    });
    let withdrawn_at = withdrawn_at.expect("one person withdraws");
    let mut rolling = 0;
    for on_air in happened.iter().filter_map(on_air) {
        let person = &world.people()[on_air.person.0];
        let carries_id = wire::ble::frame::decode(&on_air.bytes)
            .best()
            .is_some_and(|frame| frame.rolling(PREFIX).is_some() || matches!(frame, wire::ble::frame::Frame::Eid(_)));
        let may = person.kind.consent().locating && (person.kind != Kind::AppWithdraws || on_air.at < withdrawn_at);
        assert_eq!(carries_id, may, "{:?}", person.kind);
        rolling += usize::from(carries_id);
    }
    assert!(rolling > 1_000);
}

#[test]
fn an_offer_is_answered() {
    let mut world = demo(5);
    world.step(START + Millis::seconds(70));
    let people: Vec<PersonId> = world.people().iter().map(|p| p.id).collect();
    let offer = world.scenario().shop.offers[0].id.clone();
    for id in &people {
        world.told(*id, DecisionId(id.0 as u128 + 1), &offer);
    }
    let happened = run_on(&mut world, Millis::minutes(5));
    let count = |wanted: fn(&Act) -> bool| {
        happened.iter().filter(|h| matches!(h, Happening::Acted { act, .. } if wanted(act))).count()
    };
    let opened = count(|act| matches!(act, Act::Opened(_)));
    let redeemed = count(|act| matches!(act, Act::Redeemed(_)));
    assert!(opened > 20 && redeemed > 5 && redeemed < opened, "{opened} opened, {redeemed} redeemed");
    assert!(count(|act| matches!(act, Act::Dismissed(_))) > 0);
}

fn run_on(world: &mut World, span: Millis) -> Vec<Happening> {
    world.step(world.now() + span)
}

fn on_air(happening: &Happening) -> Option<&OnAir> {
    match happening {
        Happening::OnAir(on_air) => Some(on_air),
        Happening::Crossed { .. } | Happening::Shelf { .. } | Happening::Acted { .. } => None,
    }
}
