//! The fleet as staff see it, and the settings that they set.

use model::ids::{BootId, GatewayId, ReceiverId, SensorId};
use model::sighting::{RssiSummary, Sighting, Transmitter};
use model::time::{Millis, Timestamp};
use model::units::Dbm;
use serde_json::{Value, json};
use wire::settings::{Outcome, Reported};
use wire::state::{Liveness, PrivacyMode, State};
use wire::uplink::{BeaconHealth, Bearer, Health, ReceiverHealth};

use crate::live::ClockNow;
use crate::testing::{API_KEY, Site};

async fn get(site: &Site, path: &str) -> Value {
    let answer = site.ask("GET", path).bearer_auth(API_KEY).send().await.expect("an answer");
    assert_eq!(answer.status(), 200, "{path}");
    answer.json().await.expect("json")
}

async fn put(site: &Site, scope: &str, body: &Value) -> (u16, Value) {
    let path = format!("/api/v1/fleet/config/{scope}");
    let answer = site.ask("PUT", &path).bearer_auth(API_KEY).json(body).send().await.expect("an answer");
    (answer.status().as_u16(), answer.json().await.expect("json"))
}

fn id(name: &str) -> GatewayId {
    GatewayId::new(name).expect("an id")
}

fn receiver(heard: u64, now: Timestamp) -> ReceiverHealth {
    let known = ReceiverHealth::new(ReceiverId::new("r1").expect("an id"), now, heard);
    ReceiverHealth { kind: "espresense".into(), forwarded: heard - 4, missed: 3, on_air: Some(900), ..known }
}

#[tokio::test]
async fn a_box_is_shown_with_all_that_is_known_of_it() {
    let site = Site::open().await;
    let (live, now) = (&site.app.live, site.app.clock.now());
    let mut birth = State::new(BootId(42), Liveness::Online, "0.1.0".into(), now);
    (birth.store, birth.adapters) = (Some("milano".parse().expect("an id")), vec!["hci0".into()]);
    birth.privacy = Some(PrivacyMode::Day);
    live.gateway_state(&id("gw-1"), &birth, now);
    let health = |heard| Health {
        receivers: vec![receiver(heard, now)],
        spool_batches: 3,
        dropped: vec![("twin".into(), 8)],
        sightings_lost: 2,
        beacons: vec![BeaconHealth {
            who: Bearer::Sensor(SensorId::new("door-1").expect("an id")),
            at: now - Millis::minutes(1),
            battery_percent: Some(9),
            battery_mv: None,
            there: Some(false),
        }],
        ..Health::default()
    };
    live.heard(&id("gw-1"), Some(&health(100)), &[], now - Millis::seconds(10));
    live.heard(&id("gw-1"), Some(&health(150)), &[cart(now)], now);
    live.gateway_taken(&id("gw-1"), 7, &[("unknown-receiver", 2)].into());
    live.gateway_clock(&id("gw-1"), ClockNow { offset: Millis(-120), believed: true });

    let fleet = get(&site, "/api/v1/fleet").await;
    let gateway = &fleet["gateways"][0];
    assert_eq!(
        (&gateway["id"], &gateway["store"], &gateway["state"]),
        (&json!("gw-1"), &json!("milano"), &json!("online"))
    );
    assert_eq!((&gateway["boot"], &gateway["adapters"]), (&json!(BootId(42).to_string()), &json!(["hci0"])));
    assert_eq!((&gateway["certificate"], &gateway["privacy"]), (&Value::Null, &json!("day")));
    assert_eq!(gateway["config"]["state"], "none");
    assert_eq!(gateway["clock"], json!({"offsetMs": -120, "believed": true}));
    let uplink = &gateway["uplink"];
    assert_eq!((&uplink["spoolBatches"], &uplink["lost"]["sightings"]), (&json!(3), &json!(2)));
    assert_eq!((&uplink["dropped"][0], &uplink["sightingsTaken"]), (&json!({"code": "twin", "count": 8}), &json!(7)));
    assert_eq!(uplink["refused"], json!([{"code": "unknown-receiver", "count": 2}]));
    let ear = &gateway["receivers"][0];
    assert_eq!(
        (&ear["store"], &ear["kind"], &ear["state"]),
        (&json!("milano"), &json!("espresense"), &json!("online"))
    );
    assert_eq!((&ear["advertsPerS"], &ear["leftOut"], &ear["missed"]), (&json!(5.0), &json!(4), &json!(3)));
    let beacon = |wanted: &str| {
        let all = fleet["beacons"].as_array().expect("beacons");
        all.iter().find(|beacon| beacon["id"] == wanted).cloned().unwrap_or_default()
    };
    assert_eq!((&beacon("cart-1")["state"], &beacon("cart-1")["kind"]), (&json!("heard"), &json!("tag")));
    assert_eq!(beacon("door-1")["battery"]["low"], true);
    assert_eq!(beacon("door-1")["state"], "offline", "the broker said goodbye for it since");
    assert_eq!(beacon("badge-1")["state"], "never");
    assert_eq!(beacon("wine-count"), Value::Null, "a sensor without a battery");
}

fn cart(at: Timestamp) -> Sighting {
    let uuid = hex::decode("f7826da64fa24e988024bc5b71e0893e").expect("hex").try_into().expect("16 bytes");
    let rssi = RssiSummary { mean: Dbm(-60.0), min: Dbm(-61.0), max: Dbm(-59.0), variance: None };
    Sighting {
        receiver: ReceiverId::new("r1").expect("an id"),
        transmitter: Transmitter::Beacon { uuid, major: 1, minor: 1 },
        at,
        window: Millis(500),
        count: 1,
        rssi,
        power_at_1m: None,
    }
}

#[tokio::test]
async fn settings_are_set_checked_and_waited_for() {
    let site = Site::open().await;
    let now = site.app.clock.now();
    let mut birth = State::new(BootId(42), Liveness::Online, "0.1.0".into(), now);
    birth.store = Some("milano".parse().expect("an id"));
    site.app.live.gateway_state(&id("gw-1"), &birth, now);
    let config = async || get(&site, "/api/v1/fleet").await["gateways"][0]["config"].clone();
    assert_eq!(config().await["state"], "none");

    let (status, problem) = put(&site, "fleet", &json!({"settings": {"gateway": {"id": "gw-9"}}})).await;
    assert_eq!((status, &problem["field"]), (400, &json!("settings.gateway.id")));
    assert!(problem["fix"].as_str().is_some_and(|fix| fix.contains("uplink.backlog_per_s")), "{problem}");
    assert_eq!(put(&site, "shop", &json!({"settings": {}})).await.0, 400);
    assert_eq!(put(&site, "store:nowhere", &json!({"settings": {}})).await.0, 404);
    assert_eq!(put(&site, "fleet", &json!({"settings": {}, "more": 1})).await.0, 400);
    let long = json!({"settings": {"sensors": (0..200).map(|n| (format!("s-{n}"), json!({"kind": "presence",
        "topic": "t".repeat(200)}))).collect::<serde_json::Map<_, _>>()}});
    let (status, problem) = put(&site, "fleet", &long).await;
    assert_eq!((status, &problem["field"]), (400, &json!("settings")));
    assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains("at most 32768")), "{problem}");
    assert_eq!(config().await["state"], "none", "what was refused changes nothing");

    let (status, version) = put(&site, "store:milano", &json!({"settings": {"log": {"filter": "debug"}}})).await;
    assert_eq!((status, &version["version"]), (200, &json!(1)));
    assert_eq!((&config().await["state"], &config().await["desired"]), (&json!("pending"), &json!(1)));
    let report = Reported {
        boot: BootId(42),
        version: 1,
        outcome: Outcome::Refused,
        field: Some("log.filter".into()),
        reason: Some("no".into()),
        in_force: None,
        at: now,
    };
    site.app.live.gateway_reported(&id("gw-1"), &report);
    assert_eq!((&config().await["state"], &config().await["field"]), (&json!("refused"), &json!("log.filter")));
    let all = get(&site, "/api/v1/fleet/config").await;
    assert_eq!(all["scopes"][0]["settings"], json!({"log": {"filter": "debug"}}));
    assert_eq!((&all["scopes"][0]["scope"], &all["scopes"][0]["by"]), (&json!("store:milano"), &json!("key office")));
    assert!(all["keys"].as_array().is_some_and(|keys| keys.iter().any(|key| key["key"] == "log.filter")));
}
