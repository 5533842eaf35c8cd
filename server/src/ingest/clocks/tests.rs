//! Offsets found and stamps set right: late messages, moved clocks, boxes that begin in 1970, what earlier runs left.

use model::ids::{ReceiverId, SensorId};
use model::reading::{Reading, ReadingKind};
use proptest::prelude::*;
use wire::uplink::clock::Clocks as Told;
use wire::uplink::{Health, ReceiverHealth};

use super::*;

const NOON: Timestamp = Timestamp(1_795_000_000_000);

fn gateway() -> GatewayId {
    GatewayId::new("shop-1").expect("an id")
}

/// A batch with one reading that was stamped a second before it was sent.
fn batch(boot: u128, sent_at: Timestamp, belief: Belief, made: Option<Made>) -> Batch {
    let reading = Reading {
        sensor: SensorId::new("door").expect("an id"),
        at: Timestamp((sent_at.0 - 1_000).max(0)),
        kind: ReadingKind::Presence(true),
    };
    Batch {
        gateway: gateway(),
        spool: [1; 16],
        boot: BootId(boot),
        seq: 0,
        oldest: 0,
        sent_at,
        sightings: Vec::new(),
        readings: vec![reading],
        health: None,
        live_from: 0,
        historical: false,
        clocks: Some(Told { wall: sent_at, monotonic: Millis(0), belief, made }),
    }
}

/// Takes a batch that was sent at a moment of the box's line and came `late` after it, `offset` ahead.
fn take(clocks: &mut Clocks, sent_at: Timestamp, offset: Millis, late: i64) -> Timestamp {
    let mut batch = batch(1, sent_at, Belief::Free, None);
    clocks.take(&mut batch, sent_at + offset + Millis(late));
    batch.readings[0].at
}

#[test]
fn a_box_in_1970_is_set_right_by_its_first_message() {
    let (mut clocks, offset) = (Clocks::default(), NOON.since(Timestamp(0)));
    assert_eq!(take(&mut clocks, Timestamp(5_000), offset, 40), NOON + Millis(4_040));
    let standing = clocks.standing(&gateway(), BootId(1)).expect("a standing");
    assert!(standing.is_flagged() && !standing.is_sure);
    assert_eq!(take(&mut clocks, Timestamp(6_000), offset, 10), NOON + Millis(5_010), "the better of two ways");
}

#[test]
fn a_box_whose_wall_was_set_right_meanwhile_is_corrected_and_not_flagged() {
    let (mut clocks, offset) = (Clocks::default(), NOON.since(Timestamp(0)));
    let mut later = batch(1, Timestamp(5_000), Belief::Synchronised, None);
    later.clocks = later.clocks.map(|told| Told { wall: NOON + Millis(5_000), ..told });
    assert_eq!(clocks.take(&mut later, NOON + Millis(5_010)), Stamps::Corrected(Millis(offset.0 + 10)));
    let standing = clocks.standing(&gateway(), BootId(1)).expect("a standing");
    assert_eq!((standing.skew(), standing.is_flagged()), (Millis(10), false));
}

#[test]
fn a_lazy_clock_is_set_right_once_it_is_sure_and_a_good_one_never() {
    let (mut clocks, offset) = (Clocks::default(), Millis::seconds(-90));
    let at = |n: i64| NOON + Millis::seconds(n);
    assert_eq!(take(&mut clocks, at(1), offset, 30), at(0));
    assert_eq!(take(&mut clocks, at(2), offset, 20), at(1));
    assert_eq!(take(&mut clocks, at(3), offset, 25), at(2) + offset + Millis(20));
    assert!(!clocks.standing(&gateway(), BootId(1)).expect("a standing").is_flagged());
    let mut clocks = Clocks::default();
    for n in 0..20 {
        assert_eq!(take(&mut clocks, at(n), Millis(50), 30), at(n - 1));
    }
}

#[test]
fn what_is_late_does_not_move_an_offset_and_a_moved_clock_does() {
    let (mut clocks, at) = (Clocks::default(), |n: i64| NOON + Millis::seconds(n));
    for n in 0..30 {
        take(&mut clocks, at(n), Millis::ZERO, if n % 5 == 4 { 20 } else { 25_000 });
    }
    let offset = |clocks: &Clocks| clocks.standing(&gateway(), BootId(1)).expect("a standing").offset;
    assert_eq!(offset(&clocks), Millis(20));
    // Our clock is set an hour ahead: after five messages within a minute that is believed.
    let hour = Millis::hours(1);
    for n in 0..4 {
        take(&mut clocks, at(30 + 15 * n), hour, 10);
        assert_eq!(offset(&clocks), Millis(20));
    }
    take(&mut clocks, at(90), hour, 10);
    assert_eq!(offset(&clocks), Millis(hour.0 + 10));
    // And back again: at once.
    take(&mut clocks, at(91), Millis::ZERO, 15);
    assert_eq!(offset(&clocks), Millis(15));
}

#[test]
fn a_drained_queue_of_minutes_does_not_move_an_offset() {
    let (mut clocks, at) = (Clocks::default(), |n: i64| NOON + Millis::seconds(n));
    for n in 0..5 {
        take(&mut clocks, at(n), Millis::ZERO, 20);
    }
    // For five minutes the broker kept what was sent every ten seconds; then all of it comes at once.
    let drained = at(310);
    for n in 0..30 {
        let mut late = batch(1, at(10 + 10 * n), Belief::Free, None);
        assert_eq!(clocks.take(&mut late, drained), Stamps::Kept, "message {n}");
    }
    assert_eq!(clocks.standing(&gateway(), BootId(1)).expect("a standing").offset, Millis(20));
}

#[test]
fn a_receiver_that_was_never_heard_stays_one() {
    let receiver = ReceiverHealth::new(ReceiverId::new("bakery").expect("an id"), Timestamp(0), 0);
    let heard = ReceiverHealth { last_heard: Timestamp(4_000), ..receiver.clone() };
    let health = Health { receivers: vec![receiver, heard], ..Health::default() };
    let mut told = Batch { health: Some(health), ..batch(1, Timestamp(5_000), Belief::NeverSet, None) };
    Clocks::default().take(&mut told, NOON);
    let receivers = told.health.expect("a health").receivers;
    assert_eq!(receivers.iter().map(|of| of.last_heard).collect::<Vec<_>>(), [Timestamp(0), NOON - Millis(1_000)]);
}

#[test]
fn what_an_earlier_run_left_is_set_right_by_the_offset_of_that_run() {
    let (mut clocks, offset) = (Clocks::default(), NOON.since(Timestamp(0)));
    take(&mut clocks, Timestamp(5_000), offset, 0);
    let made = |boot, drift, belief| Some(Made { boot: BootId(boot), drift: Millis(drift), belief });
    let later = NOON + Millis::hours(1);
    let stamped = |clocks: &mut Clocks, made| {
        let mut late = batch(2, later, Belief::Synchronised, made);
        late.readings[0].at = Timestamp(4_000);
        let what = clocks.take(&mut late, later + Millis(10));
        (what, late.readings.first().map(|reading| reading.at))
    };
    let known = stamped(&mut clocks, made(1, 0, Belief::NeverSet));
    assert_eq!(known, (Stamps::Corrected(offset), Some(NOON + Millis(4_000))), "the server knew that run");
    let told = stamped(&mut clocks, made(9, offset.0 - 7, Belief::Free));
    assert_eq!(told.1, Some(NOON + Millis(3_993)), "the box was set right in that run, and nobody heard of it");
    let unknown = stamped(&mut clocks, made(9, 0, Belief::NeverSet));
    assert_eq!(unknown, (Stamps::Unknown(1), None), "nobody knows, and 1970 it was not");
    let early = |at| {
        let mut old = batch(2, later, Belief::Synchronised, made(9, 0, Belief::NeverSet));
        old.readings[0].at = at;
        Clocks::default().take(&mut old, later)
    };
    assert_eq!(early(CLOCK_SET - Millis(1)), Stamps::Unknown(1), "no box takes that for a clock that was set");
    assert_eq!(early(CLOCK_SET), Stamps::Kept);
    let mut floor = batch(2, later, Belief::Synchronised, made(9, 0, Belief::NeverSet));
    assert_eq!(clocks.take(&mut floor, later), Stamps::Kept, "it went on from where the run before it ended");
    // The run of now is not touched by any of them.
    assert_eq!(clocks.standing(&gateway(), BootId(2)).expect("a standing").offset, Millis::ZERO);
}

#[test]
fn of_a_run_that_was_set_in_its_middle_only_what_came_before_is_left_out() {
    // In 1970 without a line; after an hour its clock is set, and it goes on without a line until it is cut off.
    let began = Timestamp(0);
    let drift = NOON.since(began);
    let (made_at, later) = (|n| began + Millis::hours(n), NOON + Millis::hours(9));
    let mut clocks = Clocks::default();
    let mut sent = |n: i64, drift, belief| {
        let made = Some(Made { boot: BootId(9), drift, belief });
        let mut old = batch(2, later + Millis(n), Belief::Synchronised, made);
        old.readings[0].at = made_at(n);
        (clocks.take(&mut old, later + Millis(n + 10)), old.readings.first().map(|reading| reading.at))
    };
    assert_eq!(sent(0, Millis::ZERO, Belief::NeverSet), (Stamps::Unknown(1), None), "it did not know yet");
    assert_eq!(sent(1, drift, Belief::Free), (Stamps::Corrected(drift), Some(NOON + Millis::hours(1))));
    assert_eq!(sent(2, drift, Belief::Synchronised).1, Some(NOON + Millis::hours(2)));
    // What it learnt is not laid upon what was made before: a batch that comes again is left out again.
    assert_eq!(sent(0, Millis::ZERO, Belief::NeverSet), (Stamps::Unknown(1), None));
    assert!(clocks.standing(&gateway(), BootId(9)).is_none(), "nobody heard that run itself");
}

#[test]
fn what_was_written_down_is_known_again_and_runs_are_bounded() {
    let mut clocks = Clocks::default();
    let drift = Millis::ZERO;
    let standing = Standing { offset: Millis::hours(3), drift, is_sure: true, belief: Belief::NeverSet };
    for boot in 0..20 {
        clocks.restore(&gateway(), BootId(boot), standing);
    }
    assert_eq!(clocks.standing(&gateway(), BootId(19)), Some(standing));
    assert_eq!(clocks.standing(&gateway(), BootId(11)), None);
    assert_eq!(clocks.runs[&gateway()].len(), RUNS_MAX);
}

#[test]
fn a_box_that_says_nothing_of_its_clocks_is_left_as_it_is() {
    let mut silent = Batch { clocks: None, ..batch(1, Timestamp(5_000), Belief::Free, None) };
    assert_eq!(Clocks::default().take(&mut silent, NOON), Stamps::Kept);
    assert_eq!(silent.readings[0].at, Timestamp(4_000));
}

proptest! {
    /// Whatever the ways take, the offset lies between the true one and that plus the shortest way, and what one box
    /// stamped in order stays in order once the offset is sure.
    #[test]
    fn the_offset_is_the_true_one_and_a_little_of_the_way(
        offset in -4_000_000_000_000i64..1_000_000_000_000,
        ways in prop::collection::vec((0i64..2_000, 0i64..40_000), 3..200),
    ) {
        let (mut clocks, mut sent_at, mut shortest) = (Clocks::default(), NOON, i64::MAX);
        for (step, late) in ways {
            sent_at = sent_at + Millis(step);
            shortest = shortest.min(late);
            take(&mut clocks, sent_at, Millis(offset), late);
            let found = clocks.standing(&gateway(), BootId(1)).expect("a standing").offset.0 - offset;
            prop_assert!((0..=shortest).contains(&found), "{found} of {shortest}");
        }
    }

    /// A stamp set right is never later than its coming, and a sure one misses the truth by no more than a way.
    #[test]
    fn nothing_is_stamped_into_the_future(
        offset in -4_000_000_000_000i64..1_000_000_000_000,
        ways in prop::collection::vec((0i64..2_000, 0i64..40_000), 1..100),
    ) {
        let (mut clocks, mut sent_at) = (Clocks::default(), NOON);
        for (n, (step, late)) in ways.into_iter().enumerate() {
            sent_at = sent_at + Millis(step);
            let came = sent_at + Millis(offset + late);
            let stamp = take(&mut clocks, sent_at, Millis(offset), late);
            if n >= 2 || offset.abs() > SKEW_MAX.0 + 40_000 {
                prop_assert!(stamp <= came, "{} ms ahead", stamp.since(came).0);
            }
        }
    }

    /// The same messages give the same offsets, whatever other boxes send between them.
    #[test]
    fn boxes_do_not_touch_each_other(lates in prop::collection::vec((0u128..3, 0i64..90_000), 0..100)) {
        let (mut together, mut alone) = (Clocks::default(), Clocks::default());
        for (n, (boot, late)) in (0i64..).zip(lates) {
            let sent_at = NOON + Millis::seconds(n);
            together.take(&mut batch(boot, sent_at, Belief::Free, None), sent_at + Millis(late));
            if boot == 1 {
                alone.take(&mut batch(boot, sent_at, Belief::Free, None), sent_at + Millis(late));
            }
        }
        let of = |clocks: &Clocks| clocks.standing(&gateway(), BootId(1));
        prop_assert_eq!(of(&together), of(&alone));
    }
}
