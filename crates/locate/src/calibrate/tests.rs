use std::fmt::Write as _;
use std::sync::Arc;

use model::ids::ReceiverId;
use model::shop::Shop;
use model::survey::{Heard, Spot, Survey};

use super::*;
use crate::grid::{Field, Ground};

/// The store of the tests: its exponent, and how weak its third receiver is.
const EXPONENT: f64 = 1.6;
const WEAK_DB: f64 = 8.0;
const EARS: [(f64, f64); 6] = [(1.0, 1.0), (19.0, 1.0), (10.0, 6.0), (1.0, 11.0), (19.0, 11.0), (5.0, 6.0)];

/// A hall of 20 x 12 m with the first so many of the receivers on its plan.
fn shop(placed: usize) -> Shop {
    let plan = r#"{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"feature":"floor","id":"f"},"geometry":{"type":"Polygon","coordinates":[[[0,0],[20,0],[20,12],[0,12],[0,0]]]}}]}"#;
    let mut text = String::from("[store]\nid = \"s\"\nname = \"S\"\ntimezone = \"Etc/UTC\"\n");
    for (n, (x, y)) in EARS.iter().enumerate().take(placed) {
        write!(text, "[[receiver]]\nid = \"r{n}\"\nfloor = \"f\"\nx = {x:?}\ny = {y:?}\n").expect("a string grows");
    }
    Shop::parse(&text, plan).expect("a right shop")
}

/// What a receiver hears at a place, with noise that is the same in every run.
fn level(ear: usize, point: Point, noise: usize) -> f64 {
    let metres = (EARS[ear].0 - point.x).hypot(EARS[ear].1 - point.y).hypot(1.2).hypot(0.5);
    let weak = if ear == 2 { WEAK_DB } else { 0.0 };
    -10.0 * EXPONENT * metres.log10() - weak + ((noise * 7 + ear * 5) % 9) as f64 * 0.5 - 2.0
}

fn spot(n: usize) -> Spot {
    let point = Point { x: 1.5 + 1.9 * (n % 10) as f64, y: 1.5 + 1.8 * (n / 10) as f64 };
    let heard = (0..EARS.len()).map(|ear| Heard {
        receiver: ReceiverId::new(&format!("r{ear}")).expect("a slug"),
        level: level(ear, point, n) as f32,
        frames: 10,
    });
    Spot { floor: "f".parse().expect("a slug"), point, device: String::from("d"), seconds: 5.0, heard: heard.collect() }
}

fn survey() -> Survey {
    Survey { spots: (0..60).map(spot).collect() }
}

/// The mean error of what a field expects of a receiver at all places of the survey, and its root mean square, in dB.
fn error(radio: &crate::grid::field::Radio, ground: &Ground, ear: usize) -> (f64, f64) {
    let id = ReceiverId::new(&format!("r{ear}")).expect("a slug");
    let levels = &radio.ears.iter().find(|other| other.id == id).expect("the receiver").usual();
    let off = |n: usize| {
        let point = spot(n).point;
        let cell = ground.cell_at(&"f".parse().expect("a slug"), point).expect("on the floor");
        // Noise and its mean are no part of what is to be found.
        f64::from(levels[cell]) - level(ear, point, n) + ((n * 7 + ear * 5) % 9) as f64 * 0.5 - 2.0
    };
    let offs: Vec<f64> = (0..60).map(off).collect();
    (offs.iter().sum::<f64>() / 60.0, (offs.iter().map(|off| off * off).sum::<f64>() / 60.0).sqrt())
}

#[test]
fn a_survey_finds_the_weak_receiver_and_the_exponent() {
    let shop = shop(EARS.len());
    let ground = Ground::new(&shop);
    let radio = fit(&ground, &shop, &Calibration::of_survey(&survey()));
    for ear in 0..EARS.len() {
        let (mean, rms) = error(&radio, &ground, ear);
        assert!(mean.abs() < 1.0 && rms < 2.0, "r{ear}: {mean} {rms}");
    }
    // Far beyond what was surveyed only the law is left: 19 m away, a factor of two in distance.
    let strength = |ear: usize, x: f64| {
        let cell = ground.cell_at(&"f".parse().expect("a slug"), Point { x, y: 6.0 }).expect("on the floor");
        f64::from(radio.ears[ear].usual()[cell])
    };
    let decade =
        (strength(5, 6.3) - strength(5, 19.3)) / ((14.3_f64.hypot(1.3)).log10() - (1.3_f64.hypot(1.3)).log10());
    assert!((decade / 10.0 - EXPONENT).abs() < 0.25, "{decade}");
    assert!((strength(2, 5.0) - strength(5, 10.0) + WEAK_DB).abs() < 2.0);
}

#[test]
fn a_receiver_that_is_not_on_the_plan_is_placed_by_a_survey() {
    let shop = shop(5);
    let ground = Ground::new(&shop);
    let radio = fit(&ground, &shop, &Calibration::of_survey(&survey()));
    let ear = radio.ears.iter().find(|ear| ear.id.as_str() == "r5").expect("it was heard");
    let loudest = (0..ground.cells()).max_by(|a, b| ear.usual()[*a].total_cmp(&ear.usual()[*b])).expect("cells");
    let (x, y) = EARS[5];
    assert!(ground.centre_of(loudest).distance(Point { x, y }) < 2.0, "{:?}", ground.centre_of(loudest));
}

#[test]
fn spots_and_levels_that_are_none_are_left_out() {
    let mut wild = survey();
    let mut other = |change: fn(&mut Spot)| {
        let mut spot = spot(7);
        change(&mut spot);
        wild.spots.push(spot);
    };
    other(|spot| spot.point.x = f64::NAN);
    other(|spot| spot.point.y = 1e9);
    other(|spot| spot.seconds = -1.0);
    other(|spot| spot.seconds = f64::INFINITY);
    other(|spot| spot.heard.iter_mut().for_each(|heard| heard.level = f32::NAN));
    other(|spot| spot.heard.iter_mut().for_each(|heard| heard.frames = 0));
    let (clean, wild) = (Calibration::of_survey(&survey()), Calibration::of_survey(&wild));
    assert_eq!(clean.receivers, wild.receivers);
    assert_eq!(clean.places.len(), wild.places.len());
}

#[test]
fn devices_are_told_apart_by_their_power() {
    let mut mixed = survey();
    for (n, spot) in survey().spots.into_iter().enumerate().filter(|(n, _)| n % 3 == 0) {
        let mut louder = Spot { device: String::from("loud"), ..spot };
        louder.heard.iter_mut().for_each(|heard| heard.level += 6.0);
        if n % 2 == 0 {
            mixed.spots.push(louder);
        } else {
            mixed.spots[n] = louder;
        }
    }
    let (plain, mixed) = (Calibration::of_survey(&survey()), Calibration::of_survey(&mixed));
    // The level of all is that of the devices' mean; beside each other the places are as they were with one device.
    let off = |ear: &ReceiverId, n: usize| mixed.receivers[ear][n].level - plain.receivers[ear][n].level;
    for (ear, readings) in &plain.receivers {
        for n in 0..readings.len() {
            assert!((off(ear, n) - off(ear, 0)).abs() < 1.0, "{ear} {n}: {} {}", off(ear, n), off(ear, 0));
        }
    }
}

#[test]
fn traffic_finds_the_weak_receiver_and_a_better_exponent() {
    let shop = shop(EARS.len());
    let ground = Arc::new(Ground::new(&shop));
    let field = Field::on(&ground, &shop, None);
    let mut traffic = Traffic::new(&ground);
    // People are where they are believed to be, give or take a metre.
    let belief = |point: Point| -> Vec<f32> {
        let near = |(_, centre): (usize, Point)| (-centre.distance(point).powi(2) / 2.0).exp() as f32;
        let cells: Vec<f32> = ground.centres().map(near).collect();
        let total: f32 = cells.iter().sum();
        cells.into_iter().map(|cell| cell / total).collect()
    };
    assert_eq!(traffic.calibration(), None, "nothing was heard");
    for n in 0..600 {
        let point = spot(n % 60).point;
        // Receivers are numbered in the plan's order.
        let heard = (0..EARS.len()).map(|ear| (ear as u16, level(ear, point, n) as f32, 1));
        traffic.hear(&field, &belief(point), 0.5, heard);
    }
    let learnt = traffic.calibration().expect("five minutes");
    assert_eq!(learnt.source, Source::Traffic);
    let radio = fit(&ground, &shop, &learnt);
    for ear in 0..EARS.len() {
        let (mean, rms) = error(&radio, &ground, ear);
        assert!(mean.abs() < 1.0 && rms < 2.5, "r{ear}: {mean} {rms}");
    }
}

#[test]
fn a_calibration_is_the_same_after_it_was_written() {
    let learnt = Calibration::of_survey(&survey());
    let text = serde_json::to_string(&learnt).expect("numbers and names");
    assert_eq!(serde_json::from_str::<Calibration>(&text).expect("what was written"), learnt);
}

#[test]
fn a_survey_leaves_the_geometry_open_beside_its_map() {
    let shop = shop(5);
    let ground = Ground::new(&shop);
    let radio = fit(&ground, &shop, &Calibration::of_survey(&survey()));
    assert!(radio.laws.len() > 1 && (radio.laws.iter().sum::<f32>() - 1.0).abs() < 1e-6, "{:?}", radio.laws);
    let laws = |id: &str| radio.ears.iter().find(|ear| ear.id.as_str() == id).expect("it was heard").levels.len();
    assert_eq!(laws("r0"), radio.laws.len());
    assert_eq!(laws("r5"), 1, "the plan does not place it, so that there is no geometry of it");
}

#[test]
fn a_close_survey_leaves_less_open_than_a_thin_one() {
    let shop = shop(EARS.len());
    let ground = Ground::new(&shop);
    let radio = |step: f64| {
        let mut wavy = Survey { spots: Vec::new() };
        let (columns, rows) = ((17.0 / step) as usize, (9.0 / step) as usize);
        for n in 0..columns * rows {
            let (column, row) = (n % columns, n / columns);
            let point = Point { x: 1.5 + step * column as f64, y: 1.5 + step * row as f64 };
            let mut spot = Spot { point, ..spot(n % 60) };
            for (ear, heard) in spot.heard.iter_mut().enumerate() {
                heard.level = (level(ear, point, n) + 5.0 * (0.9 * point.x + 0.7 * point.y + ear as f64).sin()) as f32;
            }
            wavy.spots.push(spot);
        }
        fit(&ground, &shop, &Calibration::of_survey(&wavy))
    };
    let (close, thin) = (radio(0.7), radio(4.0));
    assert!(close.bias_db < 0.7 * thin.bias_db, "{} {}", close.bias_db, thin.bias_db);
    assert!(thin.bias_db > 0.9, "{}", thin.bias_db);
    // Cells at which another law lets expect what the map does.
    let settled = |radio: &crate::grid::field::Radio| {
        let levels = &radio.ears[0].levels;
        levels[0].iter().zip(radio.ears[0].usual()).filter(|(law, map)| law == map).count()
    };
    assert!(settled(&close) > 2 * settled(&thin), "{} {}", settled(&close), settled(&thin));
}

#[test]
fn devices_that_differ_widen_what_is_expected_of_others() {
    let beside = |louder: f32| {
        let mut two = survey();
        let mut loud = two.spots.clone();
        for spot in &mut loud {
            spot.device = String::from("loud");
            spot.heard.iter_mut().for_each(|heard| heard.level += louder);
        }
        two.spots.extend(loud);
        Calibration::of_survey(&two).devices_db
    };
    assert!((Calibration::of_survey(&survey()).devices_db - 4.0).abs() < 1e-9);
    assert!(beside(16.0) > 5.0, "{}", beside(16.0));
}

#[test]
fn a_device_that_was_written_down_wrong_is_left_out() {
    let with = |others: &[(&str, f32)]| {
        let mut all = survey();
        for (device, louder) in others {
            let mut spots = survey().spots;
            for spot in &mut spots {
                spot.device = String::from(*device);
                spot.heard.iter_mut().for_each(|heard| heard.level += louder);
            }
            all.spots.extend(spots);
        }
        Calibration::of_survey(&all)
    };
    let right = with(&[("usual", 0.0)]);
    assert_eq!(with(&[("usual", 0.0), ("wrong", 60.0)]), right, "as if it had not been there");
    let louder = with(&[("usual", 0.0), ("loud", 17.0)]);
    assert_ne!(louder, right, "what a phone can be counts");
    // Of two that differ nobody knows which one is wrong.
    assert!(with(&[("wrong", 60.0)]).devices_db > 10.0);
}
