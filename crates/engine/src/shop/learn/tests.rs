use std::sync::Arc;

use locate::calibrate::Source;
use model::floor::Point;
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

/// What somebody heard who stood every two metres for some seconds.
fn survey(ears: &[(&str, f64, f64, f64)]) -> Survey {
    let spots = (0..12 * 6).map(|n| {
        let (x, y) = (f64::from(n % 12) * 2.0 + 1.0, f64::from(n / 12) * 2.0 + 1.0);
        let heard = heard_by(ears, &HALL, &[(0.0, x, y), (10.0, x, y)], 500, 50 + n as u64);
        let of = |(id, ..): &(&str, f64, f64, f64)| {
            let own: Vec<f32> =
                heard.iter().filter(|s| s.receiver.as_str() == *id).map(|s| s.rssi.mean.0 + 59.0).collect();
            let level = own.iter().sum::<f32>() / own.len() as f32;
            Heard { receiver: id.parse().expect("a slug"), level, frames: own.len() as u32 }
        };
        let (floor, device) = ("f".parse().expect("a slug"), String::from("d"));
        Spot { floor, point: Point { x, y }, device, seconds: 10.0, heard: ears.iter().map(of).collect() }
    });
    Survey { spots: spots.collect() }
}

fn ears(weak: f64) -> [(&'static str, f64, f64, f64); 8] {
    RECEIVERS.map(|(id, x, y)| (id, x, y, if id == "r7" { weak } else { 0.0 }))
}

/// The mean error over the left two thirds of the shop, from some minute to another.
fn error(commands: &[Command], route: &Route, minutes: (i64, i64)) -> f64 {
    let (from, to) = (START + Millis::minutes(minutes.0), START + Millis::minutes(minutes.1));
    let told = positions(commands);
    let near = |position: &&&model::position::Position| position.at >= from && position.at < to;
    let error = |position: &&model::position::Position| {
        let truth = at(route, position.at.since(START).as_seconds());
        (truth.x < 16.0).then(|| position.point.distance(truth))
    };
    let errors: Vec<f64> = told.iter().filter(near).filter_map(error).collect();
    errors.iter().sum::<f64>() / errors.len() as f64
}

#[test]
fn traffic_refines_a_survey_and_never_takes_its_place() {
    let mut shop = shop(&whole_plan());
    let survey = Arc::new(survey(&ears(0.0)));
    shop.handle(Input::Survey(Arc::clone(&survey)), START);
    let route = to_and_fro(200.0);
    // Since the survey one receiver has lost 6 dB.
    let heard = heard_by(&ears(-6.0), &HALL, &route, 500, 5);
    let until = heard.last().expect("frames").at;
    let commands = play(&mut shop, &phone(), &promptly(heard), until);
    let (before, after) = (error(&commands, &route, (0, 60)), error(&commands, &route, (140, 200)));
    assert!(after < before * 0.95, "{before} {after}");
    assert_eq!(shop.source(), Some(Source::Survey));
    let shift = |learnt: &Calibration| {
        let now = Calibration::of_survey(&survey).refined(learnt);
        now.receivers["r7"][0].level - Calibration::of_survey(&survey).receivers["r7"][0].level
    };
    let learnt = shop.take_learnt_radio().expect("three hours");
    assert!((shift(&learnt) + 6.0).abs() < 2.0, "{}", shift(&learnt));
    // What was learnt is kept apart from the survey, and both are there after the next start, in whatever order they come.
    let text = serde_json::to_string(&learnt).expect("numbers and names");
    let read: Calibration = serde_json::from_str(&text).expect("what was written");
    assert_eq!(read.source, Source::Traffic);
    for survey_first in [true, false] {
        let mut next = super::super::tests::world::shop(&whole_plan());
        let inputs = [Input::Survey(Arc::clone(&survey)), Input::Calibration(Arc::new(read.clone()))];
        let [first, second] = inputs;
        let order = if survey_first { [first, second] } else { [second, first] };
        order.into_iter().for_each(|input| next.handle(input, START));
        assert_eq!(next.source(), Some(Source::Survey));
        let level = |shop: &Shop| shop.desk.learnt.as_ref().expect("both").receivers["r7"][0].level;
        assert!((level(&next) - level(&shop)).abs() < 1.0, "{} {}", level(&next), level(&shop));
    }
}

/// What a metal shelf that stands across the hall at `x`, from 2 m to 10 m, takes from what a receiver hears of a place.
fn shelf(x: f64, receiver: &str, place: Point) -> f32 {
    let (_, rx, ry) = RECEIVERS.into_iter().find(|(id, ..)| *id == receiver).expect("a receiver");
    let crossing = ry + (place.y - ry) * (x - rx) / (place.x - rx);
    let is_between = (rx - x) * (place.x - x) < 0.0 && (2.0..10.0).contains(&crossing);
    if is_between { 8.0 } else { 0.0 }
}

#[test]
fn a_shelf_that_is_moved_is_learnt_from_traffic() {
    let route = to_and_fro(400.0);
    let clear = heard_by(&ears(0.0), &HALL, &route, 500, 5);
    // From the second hour on it stands at 12 m; before, it stood at 4 m the one time, and where it stands the other time.
    let errors = |before: f64| {
        let mut heard = clear.clone();
        for sighting in &mut heard {
            let t = sighting.at.since(START).as_seconds();
            let x = if t < 7_200.0 { before } else { 12.0 };
            sighting.rssi.mean.0 -= shelf(x, sighting.receiver.as_str(), at(&route, t));
        }
        let until = heard.last().expect("frames").at;
        let commands = play(&mut shop(&whole_plan()), &phone(), &promptly(heard), until);
        [(120, 150), (370, 400)].map(|minutes| error(&commands, &route, minutes))
    };
    let ([moved, later], [stayed, same]) = (errors(4.0), errors(12.0));
    assert!(moved > stayed + 0.6, "what was learnt is wrong when it was moved: {moved} {stayed}");
    assert!(later - same < 0.75 * (moved - stayed), "and ever less so: {moved} {later}, as it was {stayed} {same}");
}

#[test]
fn a_shelf_that_is_moved_after_a_survey_is_learnt_from_traffic() {
    let route = to_and_fro(400.0);
    let clear = heard_by(&ears(0.0), &HALL, &route, 500, 5);
    // It stands at 12 m all the time; the survey was made when it stood there, or before, when it stood at 4 m.
    let errors = |surveyed: f64| {
        let mut survey = survey(&ears(0.0));
        for spot in &mut survey.spots {
            let place = spot.point;
            spot.heard.iter_mut().for_each(|heard| heard.level -= shelf(surveyed, heard.receiver.as_str(), place));
        }
        let mut heard = clear.clone();
        for sighting in &mut heard {
            let place = at(&route, sighting.at.since(START).as_seconds());
            sighting.rssi.mean.0 -= shelf(12.0, sighting.receiver.as_str(), place);
        }
        let until = heard.last().expect("frames").at;
        let mut shop = shop(&whole_plan());
        shop.handle(Input::Survey(Arc::new(survey)), START);
        let commands = play(&mut shop, &phone(), &promptly(heard), until);
        [(0, 30), (370, 400)].map(|minutes| error(&commands, &route, minutes))
    };
    let ([moved, later], [stayed, same]) = (errors(4.0), errors(12.0));
    assert!(moved > stayed + 0.6, "the survey is wrong when it was moved: {moved} {stayed}");
    assert!(later - same < 0.75 * (moved - stayed), "and ever less so: {moved} {later}, as it was {stayed} {same}");
    assert!(same < stayed + 0.1, "and a survey that is right stays so: {stayed} {same}");
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
