//! Births and wills that can't be.

use proptest::prelude::*;

use super::*;

const BOOT: &str = r#""boot":"0000000000000000000000000000002a""#;

#[test]
fn a_bad_state_is_refused_with_its_code() {
    let long = "x".repeat(65);
    for (payload, expected) in [
        (String::new(), "not-json"),
        (format!(r#"{{{BOOT},"state":"online","version":"1"#), "not-json"),
        (format!(r#"{{{BOOT},"state":"asleep","version":"1","started_at":1}}"#), "not-json"),
        (r#"{"boot":"2a","state":"online","version":"1","started_at":1}"#.into(), "not-json"),
        (format!(r#"{{{BOOT},"state":"online","version":"1"}}"#), "not-json"),
        (format!(r#"{{{BOOT},"state":"online","version":"1","started_at":"now"}}"#), "not-json"),
        (format!(r#"{{{BOOT},"state":"online","version":"","started_at":1}}"#), "out-of-range"),
        (format!(r#"{{{BOOT},"state":"online","version":"{long}","started_at":1}}"#), "out-of-range"),
        (format!(r#"{{{BOOT},"state":"online","version":"a\u0007","started_at":1}}"#), "out-of-range"),
        (format!(r#"{{{BOOT},"state":"online","version":"1","started_at":-1}}"#), "out-of-range"),
        (format!(r#"{{{BOOT},"state":"online","version":"1","started_at":1,"adapters":["a b"]}}"#), "out-of-range"),
        (format!(r#"{{{BOOT},"state":"online","version":"1","started_at":1,"capabilities":[""]}}"#), "out-of-range"),
        (format!(r#"{{{BOOT},"state":"online","version":"1","started_at":1,"store":"a/b"}}"#), "not-json"),
        (" ".repeat(STATE_LEN_MAX + 1), "too-large"),
    ] {
        assert_eq!(decode(payload.as_bytes()).expect_err(&payload).code(), expected, "{payload}");
    }
    assert_eq!(decode(b"{\"boot\":\"\xff\"}").expect_err("not UTF-8").code(), "not-json");
}

#[test]
fn a_newer_gateway_may_say_more() {
    let payload = format!(r#"{{{BOOT},"state":"offline","version":"0.2.0","started_at":1,"radios":2}}"#);
    let state = decode(payload.as_bytes()).expect("a state with a stranger in it");
    assert_eq!((state.boot, state.state), (BootId(42), Liveness::Offline));
}

#[test]
fn the_privacy_in_force_is_read_and_what_tomorrow_says_of_it_hurts_nobody() {
    for (said, expected) in [
        ("", None),
        (r#","privacy":"count""#, Some(PrivacyMode::Count)),
        (r#","privacy":"day""#, Some(PrivacyMode::Day)),
        (r#","privacy":"consented""#, None),
        (r#","privacy":null"#, None),
        (r#","privacy":2"#, None),
        (r#","privacy":true"#, None),
        (r#","privacy":["day"]"#, None),
        (r#","privacy":{"mode":"day","until":[1,2]}"#, None),
    ] {
        let payload = format!(r#"{{{BOOT},"state":"online","version":"1","started_at":1{said}}}"#);
        assert_eq!(decode(payload.as_bytes()).expect(&payload).privacy, expected, "{payload}");
    }
}

proptest! {
    #[test]
    fn states_survive_the_way(boot: u128, is_online: bool, version in "[0-9a-z.+-]{1,64}", at in 0i64..253_402_300_800_000) {
        let liveness = if is_online { Liveness::Online } else { Liveness::Offline };
        let state = State {
            store: Some(StoreId::new("milano").expect("an id")),
            settings: Some(7),
            privacy: is_online.then_some(PrivacyMode::Day),
            adapters: vec!["hci0".into()],
            capabilities: vec!["settings".into()],
            ..State::new(BootId(boot), liveness, version, Timestamp(at))
        };
        prop_assert_eq!(decode(&encode(&state)).expect("what was just written"), state);
    }

    #[test]
    fn any_bytes_are_taken_without_panic(payload in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = decode(&payload);
    }
}
