use locate::calibrate::anchor;
use locate::grid::Ground as Cells;
use model::time::Millis;

use super::super::tests::world::*;
use super::super::{Command, Input, Shop};
use super::*;

/// How much louder than usual each receiver hears.
const POWERS: [f64; 8] = [5.0, -6.0, 2.0, -3.0, 6.0, 0.0, -5.0, 1.0];

/// What receivers hear of each other for so many minutes: a frame a second of each, one of five lost.
fn each_other(minutes: i64, seed: u64) -> Vec<(ReceiverId, Sighting)> {
    let mut chance = Chance(seed);
    let mut heard = Vec::new();
    for second in 0..minutes * 60 {
        for (from, (anchor, ax, ay)) in RECEIVERS.iter().enumerate() {
            for (to, (ear, ex, ey)) in RECEIVERS.iter().enumerate().filter(|(to, _)| *to != from) {
                let metres = (ax - ex).hypot(ay - ey);
                let loud = (from as f64 - 3.5) * 1.5;
                let level = loud + POWERS[to] - 18.5 * metres.log10() + 3.0 * chance.normal();
                if chance.unit() > 0.2 {
                    let at = START + Millis(second * 1_000 + 37 * from as i64);
                    heard.push((anchor.parse().expect("a slug"), sighting(ear, at, -59.0 + level)));
                }
            }
        }
    }
    heard
}

fn listen(shop: &mut Shop, heard: &[(ReceiverId, Sighting)]) -> Vec<Command> {
    let mut commands = Vec::new();
    for (anchor, sighting) in heard {
        let now = sighting.at;
        wait(shop, now, &mut commands);
        shop.handle(Input::Anchor { anchor: anchor.clone(), sighting: sighting.clone() }, now);
        drain(shop, &mut commands);
    }
    commands
}

#[test]
fn receivers_that_hear_each_other_learn_their_powers_and_nobody_is_there() {
    let plan = whole_plan();
    let mut shop = shop(&plan);
    assert_eq!(shop.source(), Some(Source::Plan));
    let commands = listen(&mut shop, &each_other(5, 3));
    assert_eq!(commands, [], "no person, no position, no visit");
    assert!(shop.is_empty());
    assert_eq!(shop.source(), Some(Source::Traffic));
    assert_eq!(shop.source().map(Source::name), Some("self"));
    let learnt = shop.take_learnt_radio().expect("to be kept");
    let powers = anchor::powers(&Cells::new(&plan), &plan, &learnt.anchors).expect("eight anchors");
    let mean = POWERS.iter().sum::<f64>() / 8.0;
    for ((id, ..), power) in RECEIVERS.iter().zip(POWERS) {
        let found = powers.receivers[&id.parse::<ReceiverId>().expect("a slug")];
        assert!((found - (power - mean)).abs() < 1.5, "{id}: {found} {}", power - mean);
    }
}

#[test]
fn people_are_found_better_once_receivers_have_heard_each_other() {
    let route: Vec<_> = (0..60)
        .map(|n| (f64::from(n) * 10.0, [2.0, 12.0, 22.0, 17.0, 7.0][n as usize % 5], [2.0, 10.0, 6.0][n as usize % 3]))
        .collect();
    let ears: [_; 8] = std::array::from_fn(|n| {
        let (id, x, y) = RECEIVERS[n];
        (id, x, y, POWERS[n])
    });
    let mut late = heard_by(&ears, &HALL, &route, 500, 8);
    let begin = Millis::minutes(10);
    late.iter_mut().for_each(|sighting| sighting.at = sighting.at + begin);
    let errors = [0, 5].map(|minutes| {
        let mut shop = shop(&whole_plan());
        listen(&mut shop, &each_other(minutes, 3));
        let until = late.last().expect("frames").at;
        let commands = play(&mut shop, &phone(), &promptly(late.clone()), until);
        let told = positions(&commands);
        let error = |position: &&model::position::Position| {
            position.point.distance(at(&route, (position.at - begin).since(START).as_seconds()))
        };
        told.iter().map(error).sum::<f64>() / told.len() as f64
    });
    assert!(errors[1] < errors[0] * 0.9, "{errors:?}");
}

#[test]
fn what_anchors_taught_outlives_the_process_and_comes_twice_for_nothing() {
    let mut before = shop(&whole_plan());
    let heard = each_other(4, 5);
    listen(&mut before, &heard);
    let learnt = before.take_learnt_radio().expect("to be kept");
    let text = serde_json::to_string(&learnt).expect("numbers and names");
    let read: Calibration = serde_json::from_str(&text).expect("what was written");
    let mut after = shop(&whole_plan());
    after.handle(Input::Calibration(std::sync::Arc::new(read)), START);
    assert_eq!(after.source(), Some(Source::Traffic));
    assert!(after.calibration().is_some_and(|learnt| learnt.anchors.len() == RECEIVERS.len()));
    let mut twice = shop(&whole_plan());
    let doubled: Vec<_> = heard.iter().flat_map(|one| [one.clone(), one.clone()]).collect();
    listen(&mut twice, &doubled);
    assert_eq!(twice.calibration(), before.calibration());
}

#[test]
fn a_deaf_receiver_is_noticed_by_anchors_alone_and_one_that_the_plan_does_not_have_is_dropped() {
    let mut shop = shop(&whole_plan());
    let mut heard = each_other(8, 6);
    heard.retain(|(_, sighting)| sighting.receiver.as_str() != "r3" || sighting.at < START + Millis::minutes(4));
    listen(&mut shop, &heard);
    let ill: Vec<_> = shop.ill_receivers().map(|(id, condition)| (id.to_string(), condition)).collect();
    assert_eq!(ill, [("r3".to_owned(), locate::health::Condition::Silent)]);
    let stray = Input::Anchor { anchor: "nowhere".parse().expect("a slug"), sighting: heard[0].1.clone() };
    shop.handle(stray, START + Millis::minutes(9));
    assert_eq!(shop.dropped().unknown_receiver, 1);
}
