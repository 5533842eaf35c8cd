use super::super::Source;
use super::*;

fn id(n: usize) -> ReceiverId {
    ReceiverId::new(&format!("r{n}")).expect("a slug")
}

/// What five receivers hear at places so far apart in a strip of a floor, so many dB louder each.
fn learnt(source: Source, x: (f64, f64), step: f64, louder: &[f64; 5]) -> Calibration {
    let across = ((x.1 - x.0) / step) as usize;
    let points: Vec<Point> = (0..across * 4)
        .map(|n| Point { x: x.0 + (n % across) as f64 * step, y: 1.0 + 2.0 * (n / across) as f64 })
        .collect();
    let floor: FloorId = "f".parse().expect("a slug");
    let heard = |ear: usize| {
        let level =
            |point: &Point| louder[ear] - 20.0 * point.distance(Point { x: 5.0 * ear as f64, y: 4.0 }).max(1.0).log10();
        points.iter().zip(0..).map(|(point, place)| Reading { place, level: level(point), frames: 60.0 }).collect()
    };
    Calibration {
        places: points.iter().map(|point| Place { floor: floor.clone(), point: *point, seconds: 120.0 }).collect(),
        receivers: (0..5).map(|ear| (id(ear), heard(ear))).collect(),
        ..Calibration::empty(source)
    }
}

#[test]
fn a_receiver_that_grew_weaker_is_shifted_and_the_others_are_not() {
    let survey = learnt(Source::Survey, (0.0, 20.0), 1.0, &[0.0; 5]);
    // All devices of the traffic are 4 dB louder than the surveyor's.
    let traffic = learnt(Source::Traffic, (0.0, 20.0), 1.0, &[4.0, 4.0, -2.0, 4.0, 4.0]);
    let refined = survey.refined(&traffic);
    assert_eq!((refined.source, refined.places.len()), (Source::Survey, survey.places.len()));
    for ear in 0..5 {
        let shift = refined.receivers[&id(ear)][7].level - survey.receivers[&id(ear)][7].level;
        assert!((shift - if ear == 2 { -6.0 } else { 0.0 }).abs() < 0.6, "r{ear}: {shift}");
    }
}

#[test]
fn a_shelf_that_was_moved_shifts_places_behind_it_and_not_its_receivers() {
    let survey = learnt(Source::Survey, (0.0, 20.0), 1.0, &[0.0; 5]);
    // All devices are 4 dB louder; for the leftmost receiver a shelf that takes 8 dB now stands at 14 m.
    let mut traffic = learnt(Source::Traffic, (0.0, 20.0), 1.0, &[4.0; 5]);
    let behind = |place: &Place| place.point.x > 14.0;
    for reading in traffic.receivers.get_mut(&id(0)).expect("surveyed") {
        reading.level -= if behind(&traffic.places[reading.place as usize]) { 8.0 } else { 0.0 };
    }
    let refined = survey.refined(&traffic);
    for ear in 1..5 {
        assert_eq!(refined.receivers[&id(ear)], survey.receivers[&id(ear)], "r{ear} hears as before");
    }
    for (now, before) in refined.receivers[&id(0)].iter().zip(&survey.receivers[&id(0)]) {
        let (shift, x) = (now.level - before.level, survey.places[now.place as usize].point.x);
        match x {
            _ if x <= 11.5 => assert!(shift.abs() < 0.01, "{shift} dB at {x} m"),
            _ if x >= 17.0 => assert!((shift + 8.0).abs() < 1.0, "{shift} dB at {x} m"),
            _ => assert!((-8.5..=0.01).contains(&shift), "{shift} dB at {x} m, where both are near"),
        }
    }
}

#[test]
fn little_traffic_and_the_same_traffic_change_nothing() {
    let survey = learnt(Source::Survey, (0.0, 20.0), 1.0, &[0.0; 5]);
    let mut little = learnt(Source::Traffic, (0.0, 20.0), 1.0, &[-9.0, 0.0, 0.0, 0.0, 0.0]);
    little.places.iter_mut().for_each(|place| place.seconds = 10.0);
    assert_eq!(survey.refined(&little), survey);
    assert_eq!(survey.refined(&learnt(Source::Traffic, (0.0, 20.0), 1.0, &[3.0; 5])), survey);
}

#[test]
fn floor_that_nobody_surveyed_is_filled_with_little_trust() {
    let survey = learnt(Source::Survey, (0.0, 10.0), 1.0, &[0.0; 5]);
    let traffic = learnt(Source::Traffic, (0.0, 20.0), 1.0, &[5.0; 5]);
    let refined = survey.refined(&traffic);
    let new = &refined.places[survey.places.len()..];
    assert!(new.len() >= 6 && new.iter().all(|place| place.point.x > 10.0), "{new:?}");
    for (receiver, readings) in &refined.receivers {
        for reading in &readings[survey.receivers[receiver].len()..] {
            assert!(
                reading.frames <= FILL_FRAMES && reading.level < 1.0,
                "the devices' own 5 dB are out of it: {reading:?}"
            );
        }
    }
}

#[test]
fn of_a_receiver_that_was_moved_only_traffic_counts() {
    let survey = learnt(Source::Survey, (0.0, 20.0), 1.0, &[0.0; 5]);
    let mut traffic = learnt(Source::Traffic, (0.0, 20.0), 1.0, &[0.0, 0.0, -20.0, 0.0, 0.0]);
    traffic.moved.insert(id(2));
    let refined = survey.refined(&traffic);
    assert!(refined.moved.contains(&id(2)));
    assert!(refined.receivers[&id(2)].iter().all(|reading| reading.place as usize >= survey.places.len()));
    assert_eq!(refined.receivers[&id(1)], survey.receivers[&id(1)]);
}
