use super::*;
use crate::scenario::Scenario;

fn demo() -> (Radio, Scenario) {
    let demo = Scenario::demo().expect("the embedded files are right");
    (
        Radio::new(demo.radio.clone(), &demo.shop.floors[0], &demo.shop.receivers, &Chance::root(3).branch("radio", 0)),
        demo,
    )
}

fn deviation(values: &[f64]) -> f64 {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / count).sqrt()
}

#[test]
fn packets_of_a_still_sender_fade_as_the_recordings_do() {
    let (radio, _) = demo();
    let mut draws = Chance::root(4).draws();
    // Two metres from the first receiver nothing is lost to weakness, so the spread is the fading alone.
    let sender = Sender { at: Point { x: 18.0, y: 5.0 }, heading: None, offset_db: 0.0 };
    let mut levels = Vec::new();
    let mut sent = 0;
    while sent < 4_000 {
        sent += 1;
        levels.extend(radio.send(sender, &[], &mut draws).iter().filter(|r| r.receiver == 0).map(|r| r.rssi));
    }
    let fading = deviation(&levels);
    assert!((3.6..4.1).contains(&fading), "{fading}");
    let share = levels.len() as f64 / f64::from(sent);
    assert!((0.89..0.95).contains(&share), "{share} of the packets arrive; 8 % are lost whatever their level");
}

#[test]
fn shadowing_has_the_right_size_and_is_alike_nearby() {
    let (radio, _) = demo();
    for ear in &radio.ears {
        let (mut all, mut steps, mut jumps) = (Vec::new(), Vec::new(), Vec::new());
        for row in 0..120 {
            for column in 0..80 {
                let place = Point { x: f64::from(column) * 0.25, y: f64::from(row) * 0.25 };
                let here = ear.shadowing.at(place);
                all.push(here);
                steps.push(here - ear.shadowing.at(Point { x: place.x + 0.3, ..place }));
                jumps.push(here - ear.shadowing.at(Point { x: place.x + 12.0, ..place }));
            }
        }
        let size = deviation(&all);
        assert!((2.2..8.0).contains(&size), "{size}");
        assert!(deviation(&steps) < size / 3.0, "30 cm on it is nearly the same");
        assert!(deviation(&jumps) > size / 2.0, "12 m on it is another value");
    }
}

#[test]
fn receivers_share_the_sites_slope_and_differ_by_no_more_than_the_spread() {
    let (radio, demo) = demo();
    for ear in &radio.ears {
        assert!((1.5..=2.1).contains(&ear.exponent));
        assert_eq!(ear.exponent.to_bits(), radio.ears[0].exponent.to_bits());
        assert!(ear.offset_db.abs() <= demo.radio.receiver_spread_db / 2.0);
    }
}

#[test]
fn walls_bodies_and_distance_weaken() {
    let (radio, _) = demo();
    let ear = &radio.ears[3];
    let before = Sender { at: Point { x: 1.8, y: 15.5 }, heading: None, offset_db: 0.0 };
    assert!((radio.wall_loss(before.at, ear.at) - 0.0).abs() < 1e-9);
    assert!((radio.wall_loss(Point { x: 6.0, y: 15.5 }, ear.at) - 8.0).abs() < 1e-9, "two racks stand between");
    let crowd = [Point { x: 1.4, y: 15.5 }];
    assert!(radio.mean(ear, before, &crowd) < radio.mean(ear, before, &[]));
    let away = Sender { heading: Some(0.0), ..before };
    assert!(radio.mean(ear, away, &[]) < radio.mean(ear, before, &[]), "the carrier's back is to the receiver");
}
