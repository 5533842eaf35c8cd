//! What the filter finds out of somebody: whether they stand or walk, which law their radio follows, and which frame is odd.

use super::belief::Motion;
use super::*;

/// Noise of about 4 dB that is the same in every run.
fn noise(n: i64, receiver: usize) -> f64 {
    let mixed = (n * 31 + receiver as i64 * 17 + 7).unsigned_abs().wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
    (mixed % 1_000) as f64 / 1_000.0 * 14.0 - 7.0
}

/// What all receivers hear of somebody on a way, under an exponent, twice a second for so many seconds.
fn along(way: impl Fn(f64) -> Point, exponent: f64, seconds: i64) -> Vec<Sighting> {
    let frames = (0..seconds * 2).flat_map(|n| (0_usize..5).map(move |receiver| (n, receiver)));
    let frame = |(n, receiver): (i64, usize)| {
        let place = way(n as f64 / 2.0);
        let metres = (EARS[receiver].0 - place.x).hypot(EARS[receiver].1 - place.y).hypot(1.2);
        let level = -59.0 - 10.0 * exponent * metres.log10() + noise(n, receiver);
        sighting(receiver, n * 500 + receiver as i64 * 20, level as f32)
    };
    frames.map(frame).collect()
}

/// Along the room and back at a shopper's pace.
fn to_and_fro(t: f64) -> Point {
    let turn = (t * 1.2) % 32.0;
    Point { x: 2.0 + if turn < 16.0 { turn } else { 32.0 - turn }, y: 5.0 }
}

/// The place at the end of each slot, and the share of the belief that walks.
fn follow(frames: &[Sighting], motion: impl Fn(Motion) -> Motion) -> Vec<(Point, f32)> {
    let mut filter = Filter::new(field(&[]), START);
    filter.motion = motion(filter.motion);
    let mut work = Workspace::default();
    let told = frames.chunks(5).map(|slot| {
        slot.iter().for_each(|sighting| assert!(matches!(filter.hear(sighting), Hearing::Taken(_))));
        let number = slot_of(slot[0].at);
        let point = filter.estimate(number, &mut work).point;
        filter.update(number, &mut work);
        let walks = work.belief.walking.iter().sum();
        filter.commit(number, &mut work);
        (point, walks)
    });
    told.collect()
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let values: Vec<f64> = values.collect();
    values.iter().sum::<f64>() / values.len() as f64
}

/// How far the point goes from slot to slot, once it is found.
fn steps(told: &[(Point, f32)]) -> f64 {
    mean(told[20..].windows(2).map(|pair| pair[0].0.distance(pair[1].0)))
}

/// How far the point is from the truth, once it is found.
fn error(told: &[(Point, f32)], way: impl Fn(f64) -> Point) -> f64 {
    mean(told.iter().enumerate().skip(20).map(|(n, (point, _))| point.distance(way(n as f64 / 2.0))))
}

#[test]
fn who_stands_is_calmer_than_a_walker_would_be_and_who_walks_is_followed() {
    let stands = |_: f64| Point { x: 6.0, y: 4.0 };
    let (standing, walking) = (along(stands, 2.0, 60), along(to_and_fro, 2.0, 60));
    let both = |frames: &[Sighting]| follow(frames, |motion| motion);
    let calm = steps(&both(&standing));
    let restless = steps(&follow(&standing, |motion| motion.of_one_mode(true)));
    assert!(calm < 0.9 * restless, "standing: {calm} m a slot, {restless} m by a walker's law");
    let followed = error(&both(&walking), to_and_fro);
    let left_behind = error(&follow(&walking, |motion| motion.of_one_mode(false)), to_and_fro);
    assert!(followed < 0.8 * left_behind, "walking: {followed} m, {left_behind} m by the law of one who stands");
    let walks = |told: &[(Point, f32)]| mean(told[20..].iter().map(|(_, walks)| f64::from(*walks)));
    let [still, gone] = [walks(&both(&standing)), walks(&both(&walking))];
    assert!(gone > still, "the modes tell them apart: {still} {gone}");
}

#[test]
fn one_odd_frame_is_outvoted_and_many_are_believed() {
    let mut filter = Filter::new(field(&[]), START);
    let mut work = Workspace::default();
    let mut tell = |frames: &[Sighting]| {
        let mut point = Point { x: 0.0, y: 0.0 };
        for slot in frames.chunks(5) {
            slot.iter().for_each(|sighting| assert!(matches!(filter.hear(sighting), Hearing::Taken(_))));
            point = filter.estimate(slot_of(slot[0].at), &mut work).point;
            filter.commit(slot_of(slot[0].at), &mut work);
        }
        point
    };
    let usual = heard(false, 20);
    let before = tell(&usual[..100]);
    // A receiver at the far end hears 44 dB more than usual in one frame: by a normal law that is at its feet.
    let mut odd = usual[100..105].to_vec();
    assert_eq!(odd[1].receiver.as_str(), "r1");
    odd[1].rssi.mean = Dbm(-40.0);
    let after = tell(&odd);
    assert!(before.distance(after) < 0.5, "{before:?} {after:?}");
    // All hear somebody at the other end: a few seconds later that is where they are.
    let mut there = heard(true, 10);
    there.iter_mut().for_each(|sighting| sighting.at = sighting.at + Millis(10_500));
    assert!(tell(&there).distance(Point { x: 15.0, y: 5.0 }) < 2.0);
}

#[test]
fn the_laws_lean_to_the_exponent_that_is_true() {
    // What is believed of each law on the mean, once a device was heard for a minute.
    let believed = |truth: f64| {
        let mut filter = Filter::new(field(&[]), START);
        let mut work = Workspace::default();
        let mut sums = [0.0; field::LAWS_MAX];
        for (n, slot) in along(to_and_fro, truth, 180).chunks(5).enumerate() {
            slot.iter().for_each(|sighting| assert!(matches!(filter.hear(sighting), Hearing::Taken(_))));
            filter.update(slot_of(slot[0].at), &mut work);
            filter.commit(slot_of(slot[0].at), &mut work);
            if n >= 120 {
                sums.iter_mut().zip(work.belief.device.laws).for_each(|(sum, law)| *sum += f64::from(law) / 240.0);
            }
        }
        sums
    };
    let odds = |truth| {
        let [low, _, high, highest] = believed(truth);
        (high + highest) / low
    };
    let [low, usual, high] = [1.5, 2.0, 3.0].map(odds);
    assert!(low * 1.15 < usual && usual * 1.3 < high, "{low} {usual} {high}");
}
