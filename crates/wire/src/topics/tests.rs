//! Every topic both ways, and every text that is none.

use proptest::prelude::*;

use super::*;

fn every_topic<'a>(name: &'a str, leaf: &'a str) -> [Topic<'a>; 11] {
    [
        Topic::EspresenseDevice { id: leaf, room: name },
        Topic::EspresenseStatus { room: name },
        Topic::EspresenseTelemetry { room: name },
        Topic::BtToMqtt { gateway: name, leaf },
        Topic::Minew { mac: name },
        Topic::TasmotaSensor { name },
        Topic::Counter { sensor: name },
        Topic::GatewayUp { gateway: name },
        Topic::GatewayLive { gateway: name },
        Topic::GatewayAck { gateway: name },
        Topic::GatewayState { gateway: name },
    ]
}

#[test]
fn every_filter_takes_in_its_topics_and_no_other() {
    let filters = [
        ESPRESENSE_DEVICES,
        ESPRESENSE_STATUS,
        ESPRESENSE_TELEMETRY,
        BT_TO_MQTT,
        MINEW,
        TASMOTA_SENSORS,
        COUNTERS,
        GATEWAYS_UP,
        GATEWAYS_LIVE,
        GATEWAYS_STATE,
    ];
    let topics = every_topic("shop-1", "x").map(|topic| topic.to_string());
    for (place, filter) in filters.iter().enumerate() {
        let taken: Vec<&String> = topics.iter().filter(|topic| matches(filter, topic)).collect();
        // The acknowledgements have no filter for all gateways: each gateway reads its own alone.
        let expected = if place < 9 { place } else { place + 1 };
        assert_eq!(taken, [&topics[expected]], "{filter}");
    }
}

#[test]
fn the_helpers_of_a_gateway_say_its_topics() {
    assert_eq!(gateway_up("shop-1"), "gw/shop-1/up");
    assert_eq!(gateway_live("shop-1"), "gw/shop-1/live");
    assert_eq!(gateway_past("shop-1"), "gw/shop-1/past");
    assert!(matches(GATEWAYS_PAST, &gateway_past("shop-1")));
    assert_eq!(gateway_ack("shop-1"), "gw/shop-1/ack");
    assert_eq!(gateway_state("shop-1"), "gw/shop-1/state");
}

#[test]
fn what_is_not_a_topic_of_ours_is_none() {
    for topic in [
        "",
        "/",
        "espresense",
        "espresense/devices/x",
        "espresense/rooms/x/config",
        "espresense/rooms//status",
        "home/BTtoMQTT/x",
        "home/a/b/BTtoMQTT/x",
        "home/gw/BTtoMQTT/",
        "minew/x",
        "tele/x/STATE",
        "tele//SENSOR",
        "counter/",
        "counter/a/b",
        "gw/shop-1",
        "gw/shop-1/down",
        "gw/+/up",
        "gw/#",
        "gw/shop-1/up/",
    ] {
        assert_eq!(Topic::parse(topic), None, "{topic}");
    }
    assert_eq!(Topic::parse(&format!("counter/{}", "x".repeat(TOPIC_LEN_MAX))), None, "too long");
}

#[test]
fn filters_match_as_the_standard_says() {
    for (filter, topic, expected) in [
        ("a/b", "a/b", true),
        ("a/b", "a/b/c", false),
        ("a/b/c", "a/b", false),
        ("+", "a", true),
        ("+", "a/b", false),
        ("a/+", "a/", true),
        ("a/+/c", "a/b/c", true),
        ("#", "a/b/c", true),
        ("a/#", "a", true),
        ("a/#", "a/b/c", true),
        ("a/#", "ab", false),
        ("$SYS/#", "$SYS/uptime", true),
        ("+/uptime", "$SYS/uptime", false),
    ] {
        assert_eq!(matches(filter, topic), expected, "{filter} {topic}");
    }
}

proptest! {
    #[test]
    fn topics_survive_the_way_there_and_back(name in "[A-Za-z0-9._:-]{1,64}", leaf in "[^/+#\\p{Cc}]{1,40}") {
        for topic in every_topic(&name, &leaf) {
            let text = topic.to_string();
            prop_assert_eq!(Topic::parse(&text), Some(topic));
        }
    }

    #[test]
    fn any_text_is_parsed_and_matched_without_panic(filter in "\\PC{0,40}", topic in "[a-z/+#$]{0,40}") {
        let _ = Topic::parse(&filter);
        let _ = Topic::parse(&topic);
        let _ = captured(&filter, &topic);
        let _ = captured(&topic, &filter);
    }
}
