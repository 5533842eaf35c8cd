use std::sync::Arc;

use model::survey::{Heard, Spot, Survey};

use super::super::tests::world::*;
use super::super::{Command, Input};
use super::*;

/// Minutes of traffic of one person that make a lesson, and some.
const MINUTES: f64 = 33.0;

/// Somebody who goes to and fro through all departments for so many minutes.
fn to_and_fro(minutes: f64) -> Vec<(f64, f64, f64)> {
    let times = (0..).map(|n| f64::from(n) * 30.0).take_while(|t| *t <= minutes * 60.0);
    times.enumerate().map(|(n, t)| (t, [2.0, 12.0, 22.0, 12.0][n % 4], [2.0, 6.0, 10.0, 4.0, 8.0][n % 5])).collect()
}

fn after_traffic(shop: &mut Shop) -> Vec<Command> {
    let heard = sightings(&to_and_fro(MINUTES), 500, 5);
    let until = heard.last().expect("frames").at;
    play(shop, &phone(), &promptly(heard), until)
}

#[test]
fn a_quiet_shop_asks_for_nothing() {
    let mut shop = shop(&whole_plan());
    wait(&mut shop, START + Millis::minutes(1), &mut Vec::new());
    assert_eq!(shop.poll_timeout(), None, "nobody came");
    after_traffic(&mut shop);
    wait(&mut shop, START + Millis::minutes(24 * 60), &mut Vec::new());
    assert_eq!(shop.poll_timeout(), None, "all have gone");
    assert!(shop.is_empty());
}

#[test]
fn a_shop_learns_from_half_an_hour_of_traffic() {
    let mut shop = shop(&whole_plan());
    assert_eq!(shop.source(), Some(Source::Plan));
    let commands = after_traffic(&mut shop);
    assert_eq!(shop.source(), Some(Source::Traffic));
    let learnt = shop.take_learnt_radio().expect("half an hour of traffic");
    assert_eq!(learnt.receivers.len(), RECEIVERS.len());
    assert_eq!(shop.take_learnt_radio(), None, "it is said once");
    // What is said around the lesson is nothing odd.
    let points: Vec<_> = positions(&commands).iter().map(|position| position.point).collect();
    assert!(points.windows(2).all(|pair| pair[0].distance(pair[1]) < 4.0));
}

#[test]
fn what_was_learnt_outlives_the_process() {
    let mut before = shop(&whole_plan());
    after_traffic(&mut before);
    let learnt = Arc::new(before.take_learnt_radio().expect("half an hour of traffic"));
    let mut after = shop(&whole_plan());
    after.handle(Input::Calibration(Arc::clone(&learnt)), START);
    assert_eq!(after.source(), Some(Source::Traffic));
    assert_eq!(after.poll_timeout(), None, "nothing new was heard");
    let again = after.calibration().expect("what was learnt before");
    assert_eq!(again.receivers.len(), learnt.receivers.len());
}

#[test]
fn traffic_never_takes_the_place_of_a_survey() {
    let mut shop = shop(&whole_plan());
    let spots = (0..20).map(|n| Spot {
        floor: "f".parse().expect("a slug"),
        point: at(&[(0.0, 1.0, 6.0), (20.0, 23.0, 6.0)], f64::from(n)),
        device: String::from("d"),
        seconds: 5.0,
        heard: vec![Heard { receiver: "r1".parse().expect("a slug"), level: -12.0 - n as f32, frames: 9 }],
    });
    shop.handle(Input::Survey(Arc::new(Survey { spots: spots.collect() })), START);
    after_traffic(&mut shop);
    assert_eq!((shop.source(), shop.take_learnt_radio()), (Some(Source::Survey), None));
}

#[test]
fn the_same_knowledge_again_moves_nobody() {
    let mut shop = shop(&whole_plan());
    after_traffic(&mut shop);
    let now = START + Millis((MINUTES * 60_000.0) as i64);
    let learnt = shop.calibration().expect("traffic");
    shop.handle(Input::Calibration(Arc::new(learnt.clone())), now);
    let before = shop.position(&phone(), now).expect("followed");
    shop.handle(Input::Calibration(Arc::new(learnt)), now);
    let after = shop.position(&phone(), now).expect("followed");
    assert!(before.point.distance(after.point) < 1.0, "{before:?} {after:?}");
}
