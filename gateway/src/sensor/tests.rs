use model::time::{Millis, Timestamp};
use proptest::prelude::*;
use wire::vendor::counter::Totals;

use super::*;

const NOON: i64 = 1_790_000_000_000;

fn now(seconds: i64) -> Now {
    Now::new(Timestamp(NOON + seconds * 1_000), Millis(seconds * 1_000))
}

fn sensors(kind: SensorKind, state: Option<&[u8]>) -> Sensors {
    let id = SensorId::new("door").expect("an id");
    let sensor = Sensor::new(kind, "counter/door".into());
    Sensors::new(&BTreeMap::from([(id, sensor)]), None, state)
}

fn axis(second: i64, entered: u32, left: u32) -> Vec<u8> {
    let id = SensorId::new("door").expect("an id");
    let at = Timestamp(NOON + second * 1_000);
    counter::encode(&id, "00408CAC512B", "Door", at, Totals { entered, left }).payload
}

fn crossing(result: &Result<Option<Reading>, Refused>) -> (u32, u32) {
    match result {
        Ok(Some(Reading { kind: ReadingKind::Crossing { entered, left }, .. })) => (*entered, *left),
        Ok(_) | Err(_) => (0, 0),
    }
}

fn at_door(sensors: &mut Sensors, payload: &[u8], second: i64) -> Result<Option<Reading>, Refused> {
    let mut readings = sensors.report("counter/door", payload, false, now(second))?;
    assert!(readings.len() <= 1, "one sensor gives one reading: {readings:?}");
    Ok(readings.pop())
}

#[test]
fn totals_become_differences_and_the_first_one_counts_nobody() {
    let mut door = sensors(SensorKind::CounterCumulative, None);
    assert_eq!(at_door(&mut door, &axis(0, 100, 90), 0), Ok(None));
    assert_eq!(crossing(&at_door(&mut door, &axis(10, 103, 91), 10)), (3, 1));
    assert_eq!(at_door(&mut door, &axis(20, 103, 91), 20), Ok(None));
}

#[test]
fn a_restart_of_the_box_goes_on_where_it_ended() {
    let mut door = sensors(SensorKind::CounterCumulative, None);
    at_door(&mut door, &axis(0, 100, 90), 0).expect("a beginning");
    let state = door.take_state().expect("it changed");
    assert_eq!(door.take_state(), None);
    let mut door = sensors(SensorKind::CounterCumulative, Some(&state));
    assert_eq!(crossing(&at_door(&mut door, &axis(60, 107, 95), 60)), (7, 5));
}

#[test]
fn a_reset_at_midnight_counts_those_after_it_once() {
    let mut door = sensors(SensorKind::CounterCumulative, None);
    at_door(&mut door, &axis(0, 500, 480), 0).expect("a beginning");
    assert_eq!(crossing(&at_door(&mut door, &axis(60, 4, 1), 60)), (4, 1));
    assert_eq!(crossing(&at_door(&mut door, &axis(70, 5, 1), 70)), (1, 0));
}

#[test]
fn a_counter_that_comes_back_with_an_old_total_counts_nobody_again() {
    let mut door = sensors(SensorKind::CounterCumulative, None);
    at_door(&mut door, &axis(0, 318, 300), 0).expect("a beginning");
    assert_eq!(at_door(&mut door, &axis(15, 310, 295), 15), Err(Refused::Ignored(Ignored::Implausible)));
    assert_eq!(crossing(&at_door(&mut door, &axis(25, 311, 295), 25)), (1, 0));
}

#[test]
fn old_messages_that_come_again_count_nobody() {
    let mut door = sensors(SensorKind::CounterCumulative, None);
    for second in 0..10u32 {
        let _ = at_door(&mut door, &axis(second.into(), 100 + second, 0), second.into());
    }
    for second in 0..10u32 {
        let again = at_door(&mut door, &axis(second.into(), 100 + second, 0), 10);
        assert_eq!(crossing(&again), (0, 0), "{again:?}");
    }
    assert_eq!(crossing(&at_door(&mut door, &axis(11, 111, 0), 11)), (2, 0));
}

#[test]
fn a_counter_whose_clock_was_set_back_is_believed_after_a_while() {
    let mut door = sensors(SensorKind::CounterCumulative, None);
    at_door(&mut door, &axis(100_000, 50, 50), 0).expect("a beginning");
    for second in [10, 40, 80] {
        let refused = at_door(&mut door, &axis(second, 50 + u32::try_from(second).expect("small"), 50), second);
        assert_eq!(refused, Err(Refused::Ignored(Ignored::Stale)));
    }
    assert_eq!(crossing(&at_door(&mut door, &axis(90, 132, 51), 90)), (2, 1));
}

#[test]
fn differences_count_once_each_and_never_from_a_kept_message() {
    let mut door = sensors(SensorKind::CounterDelta, None);
    assert_eq!(crossing(&at_door(&mut door, &axis(0, 3, 1), 0)), (3, 1));
    assert_eq!(at_door(&mut door, &axis(0, 3, 1), 1), Err(Refused::Ignored(Ignored::Repeated)));
    let kept = door.report("counter/door", &axis(9, 3, 1), true, now(9));
    assert_eq!(kept, Err(Refused::Ignored(Ignored::Retained)));
    let state = door.take_state().expect("it changed");
    let mut door = sensors(SensorKind::CounterDelta, Some(&state));
    assert_eq!(at_door(&mut door, &axis(0, 3, 1), 20), Err(Refused::Ignored(Ignored::Repeated)));
    assert_eq!(crossing(&at_door(&mut door, br#"{"in":1,"out":0}"#, 21)), (1, 0));
}

#[test]
fn a_shelf_tells_what_was_taken_also_while_the_box_was_off() {
    let id = SensorId::new("door").expect("an id");
    let report = |items: u32| shelf::encode(&id, Timestamp(NOON), items * 750, 750).payload;
    let mut door = sensors(SensorKind::Shelf, None);
    assert_eq!(at_door(&mut door, &report(6), 0), Ok(None));
    let kind = |result: Result<Option<Reading>, Refused>| result.expect("readable").map(|reading| reading.kind);
    assert_eq!(kind(at_door(&mut door, &report(5), 1)), Some(ReadingKind::ShelfDelta(-1)));
    assert_eq!(kind(at_door(&mut door, &report(5), 2)), None);
    let state = door.take_state().expect("it changed");
    let mut door = sensors(SensorKind::Shelf, Some(&state));
    assert_eq!(kind(at_door(&mut door, &report(3), 3)), Some(ReadingKind::ShelfDelta(-2)));
    assert_eq!(kind(at_door(&mut door, &report(4), 4)), Some(ReadingKind::ShelfDelta(1)));
}

#[test]
fn bad_reports_are_refused_by_code_and_change_nothing() {
    let mut door = sensors(SensorKind::CounterCumulative, Some(b"{broken"));
    at_door(&mut door, &axis(0, 10, 10), 0).expect("a beginning");
    for (payload, code) in [
        (&b"\xff\xfe"[..], "not-utf8"),
        (b"{\"in\":1", "not-json"),
        (b"{\"in\":1}", "missing-field"),
        (b"{\"in\":-1,\"out\":2}", "out-of-range"),
        (b"{\"in\":\"many\",\"out\":2}", "wrong-type"),
    ] {
        assert_eq!(at_door(&mut door, payload, 1).expect_err("refused").code(), code);
    }
    assert_eq!(door.report("else/where", b"{}", false, now(1)), Err(Refused::Undeclared));
    assert_eq!(crossing(&at_door(&mut door, &axis(5, 11, 10), 5)), (1, 0));
}

proptest! {
    #[test]
    fn with_repeats_and_restarts_in_any_place_the_sum_is_exact(
        steps in prop::collection::vec((0..5u32, 0..5u32, 0..3usize, any::<bool>()), 1..40)
    ) {
        let mut door = sensors(SensorKind::CounterCumulative, None);
        let (mut entered, mut left) = (1_000, 900);
        at_door(&mut door, &axis(0, entered, left), 0).expect("a beginning");
        let (mut sum, mut second, mut sent) = ((0, 0), 0, vec![axis(0, entered, left)]);
        for (more_in, more_out, repeats, restart) in steps {
            second += 5;
            entered += more_in;
            left += more_out;
            sent.push(axis(second, entered, left));
            let newest = sent.len() - 1;
            for payload in std::iter::once(&sent[newest]).chain(sent.iter().rev().take(repeats)) {
                let (i, o) = crossing(&at_door(&mut door, payload, second));
                sum = (sum.0 + i, sum.1 + o);
            }
            if restart {
                let state = door.take_state();
                door = sensors(SensorKind::CounterCumulative, state.as_deref());
            }
        }
        prop_assert_eq!(sum, (entered - 1_000, left - 900));
    }
}

#[test]
fn two_crossings_in_one_millisecond_are_two_readings_apart() {
    let mut door = sensors(SensorKind::CounterCumulative, None);
    at_door(&mut door, &axis(0, 100, 90), 0).expect("a beginning");
    let mut moment = |entered, second| {
        let reading = at_door(&mut door, &axis(10, entered, 90), second);
        reading.expect("totals that grow").expect("a crossing").at.0 - NOON
    };
    assert_eq!((moment(101, 10), moment(102, 10), moment(103, 11)), (10_000, 10_001, 11_000));
    assert_eq!(moment(104, 5), 5_000, "a clock that was set back is followed");
}

fn level(second: i64, count: u32) -> Vec<u8> {
    format!(r#"{{"type":"ZONE_OCCUPANCY","timestamp":{},"data":{count}}}"#, NOON + second * 1_000).into_bytes()
}

#[test]
fn a_level_that_is_told_again_corrected_or_late_is_never_added() {
    let mut door = sensors(SensorKind::CounterLevel, None);
    let kind = |result: Result<Option<Reading>, Refused>| result.map(|reading| reading.map(|reading| reading.kind));
    assert_eq!(kind(at_door(&mut door, &level(0, 4), 0)), Ok(Some(ReadingKind::Level(4))));
    assert_eq!(kind(at_door(&mut door, &level(0, 4), 1)), Err(Refused::Ignored(Ignored::Repeated)));
    assert_eq!(kind(at_door(&mut door, &level(0, 5), 2)), Ok(Some(ReadingKind::Level(5))), "corrected");
    assert_eq!(kind(at_door(&mut door, &level(60, 6), 60)), Ok(Some(ReadingKind::Level(6))));
    assert_eq!(
        kind(at_door(&mut door, &level(0, 7), 61)),
        Err(Refused::Ignored(Ignored::Stale)),
        "recomputed too late"
    );
    let state = door.take_state().expect("it changed");
    let mut door = sensors(SensorKind::CounterLevel, Some(&state));
    assert_eq!(kind(at_door(&mut door, &level(60, 6), 62)), Err(Refused::Ignored(Ignored::Repeated)), "over a restart");
    assert_eq!(kind(at_door(&mut door, &level(-7_200, 1), 63)), Ok(Some(ReadingKind::Level(1))), "a clock set back");
}

#[test]
fn a_corrected_difference_counts_by_what_it_has_more() {
    let mut door = sensors(SensorKind::CounterDelta, None);
    assert_eq!(crossing(&at_door(&mut door, &axis(0, 3, 1), 0)), (3, 1));
    assert_eq!(crossing(&at_door(&mut door, &axis(0, 5, 1), 1)), (2, 0));
    assert_eq!(at_door(&mut door, &axis(0, 2, 0), 2), Err(Refused::Ignored(Ignored::Repeated)), "nobody is taken back");
    assert_eq!(crossing(&at_door(&mut door, &axis(0, 5, 2), 3)), (0, 1));
}

#[test]
fn a_backfill_out_of_order_counts_nobody_twice() {
    let mut door = sensors(SensorKind::CounterDelta, None);
    let spans = std::iter::once(100).chain((1..=256).filter(|span| *span != 100)).chain([400]);
    for (span, n) in spans.zip(0..) {
        assert_eq!(crossing(&at_door(&mut door, &axis(span, 1, 0), n)), (1, 0), "{span}");
    }
    assert_eq!(at_door(&mut door, &axis(100, 1, 0), 300), Err(Refused::Ignored(Ignored::Repeated)));
}

#[test]
fn a_kept_presence_ends_one_and_never_begins_one() {
    let mut door = sensors(SensorKind::Presence, None);
    let kind = |result: Result<Vec<Reading>, Refused>| result.map(|all| all.iter().map(|r| r.kind).collect::<Vec<_>>());
    let mut report = |word: &str, retained| kind(door.report("counter/door", word.as_bytes(), retained, now(0)));
    assert_eq!(report("ON", true), Err(Refused::Ignored(Ignored::Retained)));
    assert_eq!(report("OFF", true), Err(Refused::Ignored(Ignored::Retained)));
    assert_eq!(report("ON", false), Ok(vec![ReadingKind::Presence(true)]));
    assert_eq!(report("ON", false), Ok(vec![]), "nothing new");
    assert_eq!(report("OFF", true), Ok(vec![ReadingKind::Presence(false)]));
    assert_eq!(report("OFF", false), Ok(vec![]));
}

#[test]
fn a_bthome_sensor_over_the_air_is_opened_once_and_never_talked_down() {
    use crate::config::{SecretKey, SensorAddress};
    use wire::ble::bthome::{self, Measures};
    let (address, key) = ([0x54, 0x48, 0xe6, 0x8f, 0x80, 0xa5], [7; 16]);
    let mut shelf = Sensor::new(SensorKind::Shelf, String::new());
    (shelf.address, shelf.key, shelf.item_g) = (Some(SensorAddress(address)), Some(SecretKey(key)), Some(500));
    let id = SensorId::new("shelf").expect("an id");
    let mut sensors = Sensors::new(&BTreeMap::from([(id, shelf)]), None, None);
    let weighs = |grams, counter| {
        let measures = Measures { mass_g: Some(grams), ..Measures::default() };
        Frame::SealedMeasures(bthome::seal(&measures, &key, address, counter).expect("it fits"))
    };
    let mut hear = |frame: &Frame| {
        let heard = sensors.hear(address, frame, now(0)).expect("a sensor of ours");
        heard
            .map(|said| said.readings.iter().map(|reading| reading.kind).collect::<Vec<_>>())
            .map_err(|refused| refused.code())
    };
    assert_eq!(hear(&weighs(1_500, 1)), Ok(vec![]), "the first weight is the beginning");
    assert_eq!(hear(&weighs(1_000, 2)), Ok(vec![ReadingKind::ShelfDelta(-1)]));
    assert_eq!(hear(&weighs(1_000, 2)), Err("repeated-report"), "relayed by a second receiver");
    assert_eq!(hear(&Frame::Measures(Measures { mass_g: Some(0), ..Measures::default() })), Err("sensor-downgraded"));
    let measures = Measures { battery: Some(41), ..Measures::default() };
    let sealed = Frame::SealedMeasures(bthome::seal(&measures, &key, address, 3).expect("it fits"));
    let said = sensors.hear(address, &sealed, now(0)).expect("a sensor of ours").expect("it is fresh");
    assert_eq!((said.battery, said.readings.len()), (Some(41), 0), "the battery stands within the seal");
    assert!(sensors.knows_address(address) && sensors.hear([0; 6], &weighs(1, 9), now(0)).is_none());
}
