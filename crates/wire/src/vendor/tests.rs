//! What every decoder must bear: messages that are cut short, oversized, of the wrong type, not text, or anything at all.

use proptest::prelude::*;

use super::*;

/// A right message of every kind, and the decoder for it, its result reduced to whether anything was taken.
type Decoder = fn(&str, &[u8]) -> Result<(), Rejected>;
const KINDS: [(&str, &str, &[u8], Decoder); 7] = [
    (
        "espresense",
        "espresense/devices/x/bakery",
        include_bytes!("../../testdata/espresense/rolling-id.json"),
        |topic, payload| espresense::decode(topic, payload).map(drop),
    ),
    (
        "espresense telemetry",
        "espresense/rooms/bakery/telemetry",
        include_bytes!("../../testdata/espresense/telemetry.json"),
        |topic, payload| espresense::decode_telemetry(topic, payload).map(drop),
    ),
    (
        "theengs",
        "home/TheengsGateway/BTtoMQTT/F35285010203",
        include_bytes!("../../testdata/theengs/ibeacon.json"),
        |topic, payload| theengs::decode(topic, payload).map(drop),
    ),
    ("minew", "minew/AC233FC001EA/status", include_bytes!("../../testdata/minew/json-long.json"), |topic, payload| {
        minew::decode(topic, payload).map(drop)
    }),
    ("counter", "counter/door", include_bytes!("../../testdata/sensor/counter.json"), |_, payload| {
        counter::read_totals(payload, None).map(drop)
    }),
    ("level", "counter/field", include_bytes!("../../testdata/sensor/milesight-level.json"), |_, payload| {
        counter::read_level(payload, None).map(drop)
    }),
    ("shelf", "tele/wine/SENSOR", include_bytes!("../../testdata/sensor/shelf-twelve.json"), |topic, payload| {
        shelf::decode(topic, payload).map(drop)
    }),
];

fn code(result: Result<(), Rejected>) -> &'static str {
    result.map_or_else(|rejected| rejected.code(), |()| "accepted")
}

#[test]
fn every_kind_of_bad_message_is_refused_with_its_code() {
    for (kind, topic, good, decode) in KINDS {
        assert_eq!(code(decode(topic, good)), "accepted", "{kind}");
        assert_eq!(code(decode(topic, &good[..good.len() - 3])), "not-json", "{kind}: cut short");
        assert_eq!(code(decode(topic, b"")), "not-json", "{kind}: empty");
        assert_eq!(code(decode(topic, &[good, b"}"].concat())), "not-json", "{kind}: something after the end");
        let oversized = [good, &vec![b' '; PAYLOAD_LEN_MAX][..]].concat();
        assert_eq!(code(decode(topic, &oversized)), "too-large", "{kind}: oversized");
        assert_eq!(code(decode(topic, b"{\"id\":\"\xff\xfe\"}")), "not-utf8", "{kind}: not UTF-8");
        assert_eq!(code(decode(topic, b"17")), "wrong-type", "{kind}: a number");
        assert_eq!(code(decode(topic, b"\"online\"")), "wrong-type", "{kind}: a text");
        let deep = format!("{{\"x\":{}1{}}}", "[".repeat(40), "]".repeat(40));
        assert_eq!(code(decode(topic, deep.as_bytes())), "too-deep", "{kind}: nested");
    }
}

#[test]
fn brackets_in_a_text_do_not_count_as_depth() {
    let payload = format!(r#"{{"in":1,"out":2,"name":"{}\"{}"}}"#, "[".repeat(50), "{".repeat(50));
    assert!(counter::read_totals(payload.as_bytes(), None).is_ok());
}

#[test]
fn a_field_that_is_missing_impossible_or_of_the_wrong_type_is_named() {
    let phone = "espresense/devices/x/bakery";
    let theengs = "home/gw/BTtoMQTT/x";
    let minew = "minew/AC233FC001EA/status";
    for (topic, payload, expected, field) in [
        (phone, r#"{"mac":"58b1294494d3","rssi":-60}"#, "missing-field", "id"),
        (phone, r#"{"id":"phone:x","rssi":-60}"#, "missing-field", "mac"),
        (phone, r#"{"mac":"58b1294494d3","id":"phone:x"}"#, "missing-field", "rssi"),
        (phone, r#"{"mac":"58b1294494d3","id":"phone:x","rssi":null}"#, "missing-field", "rssi"),
        (phone, r#"{"mac":"58b1294494d3","id":"phone:x","rssi":"-60"}"#, "wrong-type", "rssi"),
        (phone, r#"{"mac":"58b1294494d3","id":7,"rssi":-60}"#, "wrong-type", "id"),
        (phone, r#"{"mac":"58b1294494d3","id":{"a":1},"rssi":-60}"#, "wrong-type", "id"),
        (phone, r#"{"mac":"58b1294494d3","id":"phone:x","rssi":127}"#, "out-of-range", "rssi"),
        (phone, r#"{"mac":"58b1294494d3","id":"phone:x","rssi":-60,"rssiVar":-1}"#, "out-of-range", "rssiVar"),
        (phone, r#"{"mac":"58b1294494d3","id":"phone:x","rssi":-60,"rssi@1m":-200}"#, "out-of-range", "rssi@1m"),
        (phone, r#"{"mac":"58b1294494d3","id":"phone:x","rssi":-60,"rssi@1m":-60.5}"#, "wrong-type", "rssi@1m"),
        (phone, r#"{"mac":"58b1294494","id":"phone:x","rssi":-60}"#, "malformed", "mac"),
        (theengs, r#"{"id":"60:87:57:4C:9B:C2"}"#, "missing-field", "rssi"),
        (theengs, r#"{"rssi":-60}"#, "missing-field", "id"),
        (theengs, r#"{"id":"kettle","rssi":-60}"#, "missing-field", "id"),
        (theengs, r#"{"id":"60:87:57:4C:9B:C2","rssi":-60,"manufacturerdata":"4c0"}"#, "malformed", "manufacturerdata"),
        (
            theengs,
            r#"{"id":"60:87:57:4C:9B:C2","rssi":-60,"servicedata":"30","servicedatauuid":"feaa0"}"#,
            "malformed",
            "servicedatauuid",
        ),
        (theengs, r#"{"id":"60:87:57:4C:9B:C2","rssi":-60,"uuid":"1de4","major":0,"minor":0}"#, "malformed", "uuid"),
        (
            theengs,
            r#"{"id":"60:87:57:4C:9B:C2","rssi":-60,"uuid":"1de4b189115e45f6b44e509352269977","major":70000,"minor":0}"#,
            "out-of-range",
            "major",
        ),
        (minew, r#"[{"type":"Unknown","rssi":-60}]"#, "missing-field", "mac"),
        (minew, r#"[{"type":"Unknown","mac":"5A11C0FFEE09"}]"#, "missing-field", "rssi"),
        (minew, r#"[{"type":"Unknown","mac":"5A11C0FFEE09","rssi":-60,"rawData":"0"}]"#, "malformed", "rawData"),
        (minew, r#"[{"type":"Unknown","mac":"5A11C0FFEE09","rssi":-60,"rawData":true}]"#, "wrong-type", "rawData"),
        (minew, r#"[{"type":"Gateway","mac":"a gateway"}]"#, "bad-name", "gateway"),
        (minew, r#"{"type":"Gateway","mac":"AC233FC001EA"}"#, "wrong-type", "the message"),
        (minew, r#"["x"]"#, "wrong-type", "the message"),
    ] {
        let rejected = decode(topic, payload.as_bytes()).expect_err(payload);
        assert_eq!(rejected.code(), expected, "{payload}");
        assert!(rejected.to_string().contains(field), "{rejected} does not name {field}");
    }
}

#[test]
fn a_topic_that_is_not_ours_or_names_nobody_is_refused() {
    let good = include_bytes!("../../testdata/espresense/rolling-id.json");
    for (topic, expected) in [
        ("", "unknown-topic"),
        ("espresense/devices/x", "unknown-topic"),
        ("espresense/devices//bakery", "unknown-topic"),
        ("espresense/devices/x/+", "unknown-topic"),
        ("espresense/rooms/bakery/status", "unknown-topic"),
        ("gw/shop-1/up", "unknown-topic"),
        ("counter/door", "unknown-topic"),
        ("espresense/devices/x/the bakery", "bad-name"),
        ("home/a b/BTtoMQTT/x", "bad-name"),
        ("minew/a b/status", "bad-name"),
    ] {
        assert_eq!(decode(topic, good).expect_err(topic).code(), expected, "{topic}");
    }
    let long = format!("tele/{}/SENSOR", "x".repeat(65));
    let scale = include_bytes!("../../testdata/sensor/shelf-twelve.json");
    assert_eq!(shelf::decode(&long, scale).expect_err("a name of 65 bytes").code(), "bad-name");
}

#[test]
fn of_a_field_that_stands_there_twice_the_last_counts_and_strangers_are_skipped() {
    let payload = br#"{"in":1,"zone":{"in":7,"list":[1,{"in":8}]},"out":2,"in":3,"extra":null}"#;
    let totals = counter::read_totals(payload, None).expect("totals").crossed;
    assert_eq!(totals, counter::Totals { entered: 3, left: 2 });
}

#[test]
fn every_rejection_has_a_code_of_the_list_and_says_what_to_do() {
    let all = [
        Rejected::UnknownTopic,
        Rejected::BadName { field: "room", source: IdError::Empty },
        Rejected::TooLarge { len: 2, max: 1 },
        Rejected::NotUtf8,
        Rejected::NotJson,
        Rejected::TooDeep,
        Rejected::MissingField { field: "id" },
        Rejected::WrongType { field: "id", expected: "a text" },
        Rejected::OutOfRange { field: "rssi", range: "-127 to 20 dBm" },
        Rejected::Malformed { field: "mac", expected: "12 hexadecimal digits" },
        Rejected::KnownUnread { form: "a form", instead: "another one" },
        Rejected::CutShort { field: "a packet" },
    ];
    let codes: Vec<&str> = all.iter().map(Rejected::code).collect();
    assert_eq!(codes, Rejected::CODES);
    assert!(all.iter().all(|rejected| rejected.to_string().len() > 15));
}

/// A right message with a few bytes changed: nearer to the edge than noise.
fn damaged() -> impl Strategy<Value = (usize, Vec<u8>)> {
    (0..KINDS.len(), proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)).prop_map(
        |(kind, changes)| {
            let mut payload = KINDS[kind].2.to_vec();
            for (place, byte) in changes {
                let place = place.index(payload.len());
                payload[place] = byte;
            }
            (kind, payload)
        },
    )
}

proptest! {
    #[test]
    fn any_bytes_under_any_topic_are_taken_without_panic(payload in proptest::collection::vec(any::<u8>(), 0..600), name in "\\PC{0,12}") {
        for (_, topic, _, decoder) in KINDS {
            let _ = decoder(topic, &payload);
        }
        let _ = decode(&format!("espresense/devices/{name}/{name}"), &payload);
        let _ = decode(&name, &payload);
        let _ = espresense::decode_status("espresense/rooms/bakery/status", &payload);
    }

    #[test]
    fn a_damaged_message_is_taken_or_refused_without_panic((kind, payload) in damaged()) {
        let (_, topic, _, decoder) = KINDS[kind];
        if let Err(rejected) = decoder(topic, &payload) {
            prop_assert!(Rejected::CODES.contains(&rejected.code()));
        }
    }

    #[test]
    fn whatever_is_taken_is_possible((kind, payload) in damaged()) {
        for heard in decode(KINDS[kind].1, &payload).unwrap_or_default() {
            prop_assert!((RSSI_MIN..=RSSI_MAX).contains(&f64::from(heard.rssi.0)));
            prop_assert!(heard.variance.is_none_or(|variance| variance >= 0.0));
            prop_assert!(heard.address.is_some() || heard.frame().is_some());
        }
    }
}
