//! The three meanings of a counter's numbers. What becomes of totals over time is the edge box's matter.

use proptest::prelude::*;

use super::*;

const fn totals(entered: u32, left: u32) -> Totals {
    Totals { entered, left }
}

#[test]
fn the_same_numbers_are_totals_or_differences_as_people_said() {
    let payload = include_bytes!("../../../testdata/sensor/counter.json");
    let read = Record { stamp: Some(20_260_301_092_756), crossed: totals(12, 318) };
    assert_eq!(read_totals(payload, None), Ok(read));
    assert_eq!(read_records(payload, None), Ok(vec![read]));
    assert_eq!(read_level(payload, None).expect_err("it says no level").code(), "missing-field");
}

#[test]
fn a_level_is_read_by_either_name_and_pictures_are_left_alone() {
    let level = |payload: &[u8]| read_level(payload, None).map(|level| level.map(|level| level.count));
    assert_eq!(level(br#"{"event":"count_change","count":47}"#), Ok(Some(47)));
    assert_eq!(level(include_bytes!("../../../testdata/sensor/milesight-level.json")), Ok(Some(10)));
}

#[test]
fn negative_broken_and_enormous_counts_are_refused() {
    for (payload, expected) in [
        (r#"{"in":-1,"out":0}"#, "out-of-range"),
        (r#"{"in":4294967296,"out":0}"#, "out-of-range"),
        (r#"{"in":1.5,"out":0}"#, "wrong-type"),
        (r#"{"in":"one","out":0}"#, "wrong-type"),
        (r#"{"in":1}"#, "missing-field"),
    ] {
        assert_eq!(read_totals(payload.as_bytes(), None).expect_err(payload).code(), expected, "{payload}");
        assert_eq!(read_records(payload.as_bytes(), None).expect_err(payload).code(), expected, "{payload}");
    }
}

#[test]
fn every_usual_way_to_write_a_time_gives_a_growing_number() {
    let stamp =
        |time: &str| read_totals(format!(r#"{{"in":1,"out":1,{time}}}"#).as_bytes(), None).expect("totals").stamp;
    for (earlier, later) in [
        (r#""timestamp":"20170503112756""#, r#""timestamp":"20170503112757""#),
        (r#""Time":"2021-01-02T12:08:40""#, r#""Time":"2021-01-02T12:08:41""#),
        (r#""timestamp":"2024-01-01T00:00:00.9Z""#, r#""timestamp":"2024-01-01T00:00:01Z""#),
        (r#""timestamp":1727735832000"#, r#""timestamp":1727735832001"#),
    ] {
        assert!(stamp(earlier).expect("a time") < stamp(later).expect("a time"), "{earlier}");
    }
    for none in [r#""x":1"#, r#""timestamp":null"#, r#""timestamp":"soon""#] {
        assert_eq!(stamp(none), None, "{none}");
    }
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
        prop_assert_eq!(read_totals(&message.payload, None).map(|record| record.crossed), Ok(totals(entered, left)));
    }
}
