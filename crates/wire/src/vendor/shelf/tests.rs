//! What the scale leaves out, and what becomes of its weights.

use proptest::prelude::*;

use super::*;

#[test]
fn twelve_items_that_weigh_a_gram_too_little_are_eleven_to_the_device_and_twelve_to_us() {
    let (sensor, scale) = decode("tele/wine/SENSOR", include_bytes!("../../../testdata/sensor/shelf-twelve.json"))
        .expect("a right message");
    assert_eq!(sensor.as_str(), "wine");
    assert_eq!(scale, Scale { weight_kg: 3.719, count: Some(11) });
    assert_eq!(Items::new(Some(0.310)).count(scale), 12);
    assert_eq!(Items::new(None).count(scale), 11);
}

#[test]
fn the_last_item_is_seen_though_the_device_does_not_count_it() {
    let one = read(include_bytes!("../../../testdata/sensor/shelf-one.json")).expect("a right message");
    assert_eq!(one.count, None);
    for mut items in [Items::new(None), Items::new(Some(0.310))] {
        assert_eq!(items.step(Scale { weight_kg: 0.620, count: Some(2) }), None, "the first report is where it starts");
        assert_eq!(items.step(one), Some(ReadingKind::ShelfDelta(-1)));
        assert_eq!(items.step(one), None, "nothing changed");
        assert_eq!(items.step(Scale { weight_kg: 0.0, count: None }), Some(ReadingKind::ShelfDelta(-1)));
        assert_eq!(items.step(Scale { weight_kg: 0.930, count: Some(3) }), Some(ReadingKind::ShelfDelta(3)));
    }
}

#[test]
fn a_weight_that_is_none_counts_as_unknown() {
    for item in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert_eq!(Items::new(Some(item)), Items::new(None));
    }
}

#[test]
fn a_message_without_the_scale_or_with_an_impossible_one_is_refused() {
    for (payload, expected) in [
        (r#"{"Time":"2026-03-01T09:00:05"}"#, "missing-field"),
        (r#"{"HX711":{"Count":3}}"#, "missing-field"),
        (r#"{"HX711":{"Weight":"3"}}"#, "wrong-type"),
        (r#"{"HX711":7}"#, "wrong-type"),
        (r#"{"HX711":{"Weight":1e9}}"#, "out-of-range"),
        (r#"{"HX711":{"Weight":1,"Count":-3}}"#, "out-of-range"),
    ] {
        assert_eq!(read(payload.as_bytes()).expect_err(payload).code(), expected, "{payload}");
    }
}

#[test]
fn the_device_leaves_out_a_count_of_one_and_writes_its_fields_in_its_order() {
    let wine = SensorId::new("wine").expect("a name");
    let text =
        |weight_g| String::from_utf8(encode(&wine, Timestamp(1_772_355_605_000), weight_g, 310).payload).expect("text");
    assert_eq!(
        text(3_719),
        r#"{"Time":"2026-03-01T09:00:05","HX711":{"Weight":3.719,"Count":11,"WeightRaw":3719,"AbsRaw":446280}}"#
    );
    assert!(!text(310).contains("Count"));
    assert!(!text(0).contains("Count"));
}

proptest! {
    #[test]
    fn pick_ups_and_put_backs_are_found_under_noise(moves in proptest::collection::vec((0u32..40, -9i32..=9), 1..30)) {
        let wine = SensorId::new("wine").expect("a name");
        let mut items = Items::new(Some(0.310));
        let mut last = None;
        for (count, noise_g) in moves {
            let weight_g = (count * 310).saturating_add_signed(noise_g);
            let message = encode(&wine, Timestamp(0), weight_g, 310);
            let (_, scale) = decode(&message.topic, &message.payload).expect("what was just written");
            let expected = last.map(|last: u32| i64::from(count) - i64::from(last)).filter(|delta| *delta != 0);
            let found = match items.step(scale) {
                Some(ReadingKind::ShelfDelta(delta)) => Some(i64::from(delta)),
                other => { prop_assert_eq!(other, None); None }
            };
            prop_assert_eq!(found, expected);
            last = Some(count);
        }
    }
}
