//! The three meanings of a counter's numbers.

use proptest::prelude::*;

use super::*;

const fn totals(entered: u32, left: u32) -> Totals {
    Totals { entered, left }
}

#[test]
fn the_same_numbers_are_totals_or_differences_as_people_said() {
    let payload = include_bytes!("../../../testdata/sensor/counter.json");
    let (sensor, read) = decode("counter/door", payload).expect("a right message");
    assert_eq!((sensor.as_str(), read), ("door", totals(12, 318)));
    assert_eq!(read_delta(payload), Ok(ReadingKind::Crossing { entered: 12, left: 318 }));
    assert_eq!(read_level(payload).expect_err("it says no level").code(), "missing-field");
}

#[test]
fn a_level_is_read_by_either_name_and_pictures_are_left_alone() {
    assert_eq!(read_level(br#"{"event":"count_change","count":47}"#), Ok(ReadingKind::Level(47)));
    let milesight = include_bytes!("../../../testdata/sensor/milesight-level.json");
    assert_eq!(read_level(milesight), Ok(ReadingKind::Level(10)));
}

#[test]
fn negative_broken_and_enormous_counts_are_refused() {
    for (payload, expected) in [
        (r#"{"in":-1,"out":0}"#, "out-of-range"),
        (r#"{"in":4294967296,"out":0}"#, "out-of-range"),
        (r#"{"in":1.5,"out":0}"#, "wrong-type"),
        (r#"{"in":"1","out":0}"#, "wrong-type"),
        (r#"{"in":1}"#, "missing-field"),
    ] {
        assert_eq!(read_totals(payload.as_bytes()).expect_err(payload).code(), expected, "{payload}");
    }
}

#[test]
fn totals_become_differences_and_a_new_beginning_counts_from_nothing() {
    let mut differences = Differences::default();
    for (next, expected) in [
        (totals(100, 90), None),
        (totals(100, 90), None),
        (totals(103, 91), Some((3, 1))),
        (totals(2, 1), Some((2, 1))),
        (totals(0, 0), None),
        (totals(0, 4), Some((0, 4))),
    ] {
        let expected = expected.map(|(entered, left)| ReadingKind::Crossing { entered, left });
        assert_eq!(differences.step(next), expected, "{next:?}");
    }
    assert_eq!(differences.last(), Some(totals(0, 4)));
}

#[test]
fn what_was_kept_over_a_restart_goes_on() {
    let mut differences = Differences::resume(totals(100, 90));
    assert_eq!(differences.step(totals(101, 90)), Some(ReadingKind::Crossing { entered: 1, left: 0 }));
}

#[test]
fn a_counter_writes_as_axis_does() {
    let door = SensorId::new("door").expect("a name");
    let message = encode(&door, "00408CAC512B", "Exit south", Timestamp(1_493_810_876_000), totals(12, 318));
    assert_eq!(message.topic, "counter/door");
    assert_eq!(
        String::from_utf8(message.payload).expect("text"),
        r#"{"serial":"00408CAC512B","name":"Exit south","timestamp":"20170503112756","in":12,"out":318}"#
    );
}

proptest! {
    #[test]
    fn totals_survive_the_way(entered: u32, left: u32, at in 0i64..4_000_000_000_000, name in "\\PC{0,40}") {
        let door = SensorId::new("door").expect("a name");
        let message = encode(&door, "00408CAC512B", &name, Timestamp(at), totals(entered, left));
        prop_assert_eq!(decode(&message.topic, &message.payload), Ok((door, totals(entered, left))));
    }

    #[test]
    fn differences_add_up_to_what_was_counted(steps in proptest::collection::vec((0u32..50, 0u32..50), 1..40)) {
        let mut differences = Differences::resume(Totals::default());
        let (mut now, mut sum) = (Totals::default(), Totals::default());
        for (entered, left) in steps {
            now = totals(now.entered + entered, now.left + left);
            match differences.step(now) {
                Some(ReadingKind::Crossing { entered, left }) => sum = totals(sum.entered + entered, sum.left + left),
                None => {}
                Some(other) => prop_assert!(false, "{other:?}"),
            }
        }
        prop_assert_eq!(sum, now);
    }
}
