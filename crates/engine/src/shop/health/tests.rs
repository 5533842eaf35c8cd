use model::floor::Point;
use model::ids::DeviceId;
use model::survey::{Heard, Spot, Survey};
use model::time::Millis;

use super::super::tests::world::*;
use super::super::{Command, Input};
use super::*;

const DEAD: &str = "r7";

/// Round the receiver in the middle of the left half, and through the shop, for so many minutes.
fn rounds(minutes: i64) -> Vec<(f64, f64, f64)> {
    let stops = [(6.5, 4.5), (8.0, 6.0), (6.5, 7.5), (5.0, 6.0), (12.0, 3.0), (20.0, 6.0), (12.0, 9.0), (2.0, 9.0)];
    let times = (0..minutes * 6).map(|n| (n as f64 * 10.0, stops[n as usize % stops.len()]));
    times.map(|(t, (x, y))| (t, x, y)).collect()
}

fn ears(of: impl Fn(&str) -> (f64, f64)) -> [(&'static str, f64, f64, f64); 8] {
    RECEIVERS.map(|(id, x, y)| {
        let (right, louder) = of(id);
        (id, x + right, y, louder)
    })
}

/// Median and 90th percentile of the errors within so many metres of a place, from some second on.
fn errors(commands: &[Command], route: &Route, near: (f64, f64, f64), from: f64) -> (f64, f64) {
    let mut errors: Vec<f64> = positions(commands)
        .iter()
        .filter_map(|position| {
            let t = position.at.since(START).as_seconds();
            let truth = at(route, t);
            let metres = truth.distance(Point { x: near.0, y: near.1 });
            (t >= from && metres <= near.2).then(|| position.point.distance(truth))
        })
        .collect();
    errors.sort_by(f64::total_cmp);
    assert!(errors.len() > 100, "{}", errors.len());
    (errors[errors.len() / 2], errors[errors.len() * 9 / 10])
}

fn ill(shop: &Shop) -> Vec<(String, Condition)> {
    shop.ill_receivers().map(|(id, condition)| (id.to_string(), condition)).collect()
}

/// Four people take turns on a route, a minute and a half each.
fn in_turns(shop: &mut Shop, heard: &[Sighting]) -> Vec<Command> {
    let turn = |sighting: &Sighting| sighting.at.since(START).0.div_euclid(90_000);
    let mut commands = Vec::new();
    for part in heard.chunk_by(|a, b| turn(a) == turn(b)) {
        let who = Subject::Device(DeviceId(u128::from(turn(&part[0]).rem_euclid(4).unsigned_abs())));
        commands.extend(play(shop, &who, &promptly(part.to_vec()), end(part)));
    }
    commands
}

fn end(heard: &[Sighting]) -> Timestamp {
    heard.last().expect("frames").at
}

/// A long hall among metal: everybody is heard by a few receivers only.
const METAL: Air = Air { exponent: 2.7, least_dbm: -91.0 };
const GRID: [(&str, f64, f64, f64); 9] = [
    ("r0", 7.0, 7.0, 0.0),
    ("r1", 21.0, 7.0, 0.0),
    ("r2", 35.0, 7.0, 0.0),
    ("r3", 7.0, 21.0, 0.0),
    ("r7", 21.0, 21.0, 0.0),
    ("r5", 35.0, 21.0, 0.0),
    ("r6", 7.0, 35.0, 0.0),
    ("r4", 21.0, 35.0, 0.0),
    ("r8", 35.0, 35.0, 0.0),
];

/// What somebody heard who stood everywhere for some seconds, all receivers being well.
fn survey() -> Survey {
    surveyed(&GRID, &METAL, (14, 14))
}

/// The same of so many places beside and above each other, three metres apart.
fn surveyed(ears: &[(&str, f64, f64, f64)], air: &Air, (beside, above): (usize, usize)) -> Survey {
    let spots = (0..beside * above).map(|n| {
        let (x, y) = ((n % beside) as f64 * 3.0 + 1.5, (n / beside) as f64 * 3.0 + 1.5);
        let mut heard: BTreeMap<ReceiverId, (f64, u32)> = BTreeMap::new();
        for sighting in heard_by(ears, air, &[(0.0, x, y), (20.0, x, y)], 500, 100 + n as u64) {
            let sum = heard.entry(sighting.receiver).or_default();
            *sum = (sum.0 + f64::from(sighting.rssi.mean.0) + 59.0, sum.1 + 1);
        }
        let heard = heard.into_iter().map(|(receiver, (sum, frames))| Heard {
            receiver,
            level: (sum / f64::from(frames)) as f32,
            frames,
        });
        let floor = "f".parse().expect("a slug");
        Spot { floor, point: Point { x, y }, device: String::from("d"), seconds: 20.0, heard: heard.collect() }
    });
    Survey { spots: spots.collect() }
}

#[test]
fn a_dead_receiver_is_noticed_stops_pushing_people_away_and_comes_back() {
    let stops = [(21.0, 21.0), (26.0, 26.0), (22.0, 20.0), (20.0, 23.0), (16.0, 17.0), (21.0, 19.0), (26.0, 18.0)];
    let route: Vec<_> =
        (0..120).map(|n| (f64::from(n) * 10.0, stops[n as usize % 7].0, stops[n as usize % 7].1)).collect();
    let (dies, alive_again) = (START + Millis::minutes(1), START + Millis::minutes(18));
    let mut heard = heard_by(&GRID, &METAL, &route, 500, 3);
    heard.retain(|sighting| sighting.receiver.as_str() != DEAD || sighting.at < dies || sighting.at >= alive_again);
    let split = heard.partition_point(|sighting| sighting.at < alive_again);
    let plan = bare(42.0, 42.0, &GRID);
    let (mut watched, mut blind) = (shop(&plan), shop(&plan));
    let survey = Arc::new(survey());
    let [with, without] = [(&mut watched, false), (&mut blind, true)].map(|(shop, blindly)| {
        shop.handle(Input::Survey(Arc::clone(&survey)), START);
        if blindly {
            shop.desk.watching.watch = None;
        }
        let commands = play(shop, &phone(), &promptly(heard[..split].to_vec()), alive_again);
        errors(&commands, &route, (21.0, 21.0, 4.0), 120.0)
    });
    assert_eq!(ill(&watched), [(DEAD.to_owned(), Condition::Silent)]);
    assert!(with.0 < without.0 * 0.9 && with.1 < without.1 * 0.87, "{with:?} {without:?}");
    play(&mut watched, &phone(), &promptly(heard[split..].to_vec()), end(&heard));
    assert_eq!(ill(&watched), []);
}

#[test]
fn a_receiver_that_was_moved_is_noticed_stops_hurting_and_comes_back() {
    let route = rounds(60);
    let (moved, back) = (START + Millis::minutes(3), START + Millis::minutes(20));
    let heard = heard_by(&ears(|_| (0.0, 0.0)), &HALL, &route, 500, 4);
    let elsewhere = heard_by(&ears(|id| if id == DEAD { (8.0, 0.0) } else { (0.0, 0.0) }), &HALL, &route, 500, 4);
    let mut told: Vec<_> = heard.iter().filter(|s| s.at < moved || s.at >= back).cloned().collect();
    told.extend(elsewhere.iter().filter(|s| s.at >= moved && s.at < back).cloned());
    told.sort_by(|a, b| a.at.cmp(&b.at).then_with(|| a.receiver.cmp(&b.receiver)));
    let split = told.partition_point(|s| s.at < back);
    let mut watched = shop(&whole_plan());
    let commands = in_turns(&mut watched, &told[..split]);
    assert_eq!(ill(&watched), [(DEAD.to_owned(), Condition::Moved)]);
    let mut blind = shop(&whole_plan());
    blind.desk.watching.watch = None;
    let without = in_turns(&mut blind, &told[..split]);
    let everywhere = (12.0, 6.0, 20.0);
    let (with, without) = (errors(&commands, &route, everywhere, 600.0), errors(&without, &route, everywhere, 600.0));
    assert!(with.0 < without.0 && with.1 < without.1 * 0.9, "{with:?} {without:?}");
    in_turns(&mut watched, &told[split..]);
    assert_eq!(ill(&watched), []);
}

#[test]
fn a_receiver_that_was_turned_is_noticed_where_its_power_is_known_and_comes_back() {
    let route = rounds(40);
    let (turned, back) = (START + Millis::minutes(3), START + Millis::minutes(20));
    // A wall or a shelf is now behind its antenna: it hears everybody 12 dB less, wherever they are.
    let [well, weak] = [0.0, -12.0]
        .map(|less| heard_by(&ears(|id| (0.0, if id == DEAD { less } else { 0.0 })), &HALL, &route, 500, 4));
    let mut told: Vec<Sighting> = well.into_iter().filter(|s| s.at < turned || s.at >= back).collect();
    told.extend(weak.into_iter().filter(|s| s.at >= turned && s.at < back));
    told.sort_by(|a, b| a.at.cmp(&b.at).then_with(|| a.receiver.cmp(&b.receiver)));
    let split = told.partition_point(|s| s.at < back);
    let (mut known, mut unknown) = (shop(&whole_plan()), shop(&whole_plan()));
    let usual = ears(|_| (0.0, 0.0));
    known.handle(Input::Survey(Arc::new(surveyed(&usual, &HALL, (8, 4)))), START);
    let begun = told.partition_point(|s| s.at < turned);
    in_turns(&mut known, &told[..begun]);
    assert_eq!(ill(&known), []);
    in_turns(&mut known, &told[begun..split]);
    assert_eq!(ill(&known), [(DEAD.to_owned(), Condition::Moved)]);
    in_turns(&mut known, &told[split..]);
    assert_eq!(ill(&known), []);
    // From the plan alone nobody knows how loud it was meant to hear: it is only another make.
    in_turns(&mut unknown, &told[..split]);
    assert_eq!(ill(&unknown), []);
}

#[test]
fn one_device_alone_gets_nobody_called_moved() {
    let route = rounds(20);
    let elsewhere = heard_by(&ears(|id| if id == DEAD { (8.0, 0.0) } else { (0.0, 0.0) }), &HALL, &route, 500, 4);
    let mut shop = shop(&whole_plan());
    play(&mut shop, &phone(), &promptly(elsewhere.clone()), end(&elsewhere));
    assert_eq!(ill(&shop), []);
}

#[test]
fn in_a_shop_where_all_is_well_nobody_is_called_ill() {
    for seed in 0..6 {
        let route = rounds(20);
        // Receivers differ by up to 12 dB, as they do.
        let ears = ears(|id| (0.0, (f64::from(id.as_bytes()[1] % 4) - 1.5) * 4.0));
        let mut shop = shop(&whole_plan());
        let heard = promptly(heard_by(&ears, &HALL, &route, 500, seed));
        for part in heard.chunks(2_000) {
            let part: Vec<Sighting> = part.iter().map(|(_, sighting)| sighting.clone()).collect();
            in_turns(&mut shop, &part);
            assert_eq!(ill(&shop), [], "{seed}");
        }
    }
}

#[test]
fn what_comes_twice_or_in_another_order_changes_no_verdict() {
    let mut heard = sightings(&rounds(4), 500, 5);
    heard.retain(|sighting| sighting.receiver.as_str() != DEAD);
    let mut other = promptly(heard.clone());
    for pair in other.chunks_exact_mut(2) {
        let (now, _) = pair[1];
        (pair[0].0, pair[1].0) = (now, now);
        pair.swap(0, 1);
    }
    other = other.into_iter().flat_map(|entry| [entry.clone(), entry]).collect();
    let verdicts = [promptly(heard), other].map(|heard| {
        let mut shop = shop(&whole_plan());
        heard
            .chunks(40)
            .map(|part| {
                play(&mut shop, &phone(), part, part[part.len() - 1].0);
                ill(&shop)
            })
            .fold(Vec::new(), |mut all: Vec<_>, verdict| {
                if all.last() != Some(&verdict) {
                    all.push(verdict);
                }
                all
            })
    });
    assert_eq!(verdicts[0], verdicts[1]);
    assert!(verdicts[0].len() > 1, "it was noticed");
}

#[test]
fn a_quiet_shop_asks_for_no_check() {
    let mut shop = shop(&whole_plan());
    let heard = sightings(&rounds(1), 500, 5);
    let until = end(&heard);
    play(&mut shop, &phone(), &promptly(heard), until + Millis::hours(2));
    assert_eq!(shop.poll_timeout(), None);
}
