//! Settings that can be, settings that can't, and what is read of either.

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn settings(value: Value) -> Settings {
    let Value::Object(map) = value else { panic!("an object") };
    map
}

#[test]
fn only_what_is_listed_can_be_set_and_others_are_refused_by_name() {
    for well in [
        json!({}),
        json!({"uplink": {"backlog_per_s": 1, "url": "mqtts://server:8883"}}),
        json!({"radio": {"silence_s": 30, "power_on": false}, "log": {"filter": "debug"}}),
        json!({"receivers": {"minew": [], "espresense": ["shop/+/x"], "zigbee2mqtt": "zigbee2mqtt"}}),
        json!({"privacy": {"mode": "count"}}),
        json!({"sensors": {"door": {"kind": "counter-delta", "topic": "counter/door", "item_g": 750}}}),
    ] {
        assert_eq!(check(&settings(well.clone())), Ok(()), "{well}");
    }
    for (ill, field) in [
        (json!({"gateway": {"id": "gw-2"}}), "gateway.id"),
        (json!({"gateway": {"tag_uuids": []}}), "gateway.tag_uuids"),
        (json!({"uplink": {"password": "x"}}), "uplink.password"),
        (json!({"uplink": {"url": "mqtt://server:1883"}}), "uplink.url"),
        (json!({"uplink": {"url": "mqtts://a@b"}}), "uplink.url"),
        (json!({"uplink": {"backlog_per_s": 0}}), "uplink.backlog_per_s"),
        (json!({"uplink": 3}), "uplink"),
        (json!({"receivers": {"url": "mqtt://x"}}), "receivers.url"),
        (json!({"receivers": {"minew": ["#"]}}), "receivers.minew"),
        (json!({"receivers": {"minew": vec!["a"; 17]}}), "receivers.minew"),
        (json!({"privacy": {"mode": "day"}}), "privacy.mode"),
        (json!({"privacy": {"staff_keys": []}}), "privacy.staff_keys"),
        (json!({"spool": {"bytes_max": 1_048_576}}), "spool.bytes_max"),
        (json!({"log": {"filter": "trace"}}), "log.filter"),
        (json!({"sensors": {"a/b": {}}}), "sensors.a/b"),
        (json!({"sensors": {"door": {"key": "00"}}}), "sensors.door.key"),
        (json!({"sensors": {"door": {"topic": null}}}), "sensors.door.topic"),
        (json!({"sensors": {"door": 1}}), "sensors.door"),
        (json!({"status": {"listen": "0.0.0.0:1"}}), "status.listen"),
    ] {
        assert_eq!(check(&settings(ill.clone())).expect_err("refused").field, field, "{ill}");
    }
}

#[test]
fn every_key_that_is_listed_can_be_set() {
    for (key, _) in KEYS {
        let (section, name) = key.split_once('.').expect("a section and a key");
        let names: &[&str] = if *key == "receivers.MAKER" { &MAKERS } else { &[name] };
        let value = match *key {
            "uplink.url" => json!("mqtts://server:8883"),
            "uplink.backlog_per_s" | "radio.silence_s" => json!(7),
            "radio.power_on" => json!(true),
            "receivers.MAKER" => json!(["a/+/b"]),
            "receivers.zigbee2mqtt" => json!("zigbee2mqtt"),
            "privacy.mode" => json!("count"),
            "log.filter" => json!("info"),
            "sensors.ID" => json!({"kind": "presence", "topic": "a/b"}),
            other => panic!("{other} is listed, and nothing here sets it"),
        };
        for name in names {
            let one = settings(json!({ section: { *name: value.clone() } }));
            assert_eq!(check(&one), Ok(()), "{one:?}");
        }
    }
}

#[test]
fn the_narrower_settings_win_key_by_key() {
    let mut wide = settings(json!({"uplink": {"backlog_per_s": 1, "url": "mqtts://a"}, "log": {"filter": "info"}}));
    let narrow = settings(json!({"uplink": {"backlog_per_s": 9}, "sensors": {"door": {"topic": "x"}}}));
    lay_over(&mut wide, &narrow);
    let expected = json!({
        "uplink": {"backlog_per_s": 9, "url": "mqtts://a"}, "log": {"filter": "info"}, "sensors": {"door": {"topic": "x"}},
    });
    assert_eq!(Value::Object(wide), expected);
}

#[test]
fn a_scope_is_read_as_it_is_written() {
    for text in ["fleet", "store:milano", "gateway:gw-1", "gateway:a:b"] {
        assert_eq!(text.parse::<Scope>().expect(text).to_string(), text);
    }
    for text in ["", "Fleet", "store", "store:", "gateway:a/b", "shop:x"] {
        assert!(text.parse::<Scope>().is_err(), "{text}");
    }
}

#[test]
fn documents_and_reports_survive_the_way_and_bad_ones_are_refused() {
    let desired =
        Desired { version: 7, settings: settings(json!({"log": {"filter": "warn"}})), may_lose_receivers: true };
    assert_eq!(decode(&encode(&desired)).expect("what was just written"), desired);
    assert_eq!(decode(br#"{"version":0,"settings":{}}"#).expect_err("no number").code(), "out-of-range");
    assert_eq!(decode(b"[]").expect_err("no document").code(), "not-json");
    assert_eq!(decode(&vec![b' '; DOCUMENT_LEN_MAX + 1]).expect_err("too long").code(), "too-large");

    let report = Reported {
        boot: BootId(7),
        version: 9,
        outcome: Outcome::RolledBack,
        field: None,
        reason: Some("the line\u{fc}".repeat(60)),
        in_force: Some(8),
        at: Timestamp(5),
    };
    let read = decode_report(&encode_report(&report)).expect("what was just written");
    assert_eq!((read.outcome, read.in_force), (Outcome::RolledBack, Some(8)));
    assert!(read.reason.expect("words").len() <= WORDS_LEN_MAX, "cut at a letter");
    let text =
        r#"{"boot":"00000000000000000000000000000007","version":1,"outcome":"applied","reason":"a\u0007","at":1}"#;
    assert_eq!(decode_report(text.as_bytes()).expect_err("a bell").code(), "out-of-range");
}

proptest! {
    #[test]
    fn any_bytes_are_taken_without_panic(payload in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = (decode(&payload).map(|desired| check(&desired.settings)), decode_report(&payload));
    }
}
