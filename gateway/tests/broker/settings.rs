//! Settings from afar through a real broker: those that hold, those that can't be, those that cut receivers off, and a kill while
//! they are tried.

use std::time::Duration;

use runtime::mqtt::{self, Client, Event, Events, Options, Qos};
use serde_json::{Value, json};
use tempfile::TempDir;
use wire::settings::{self, Desired, Outcome, Reported};
use wire::vendor::Message;

use crate::harness::{Broker, Gateway, PATIENCE, Publisher, Server, mosquitto_is_missing, until_healthy};

const SECTION: &str = "[settings]\nhealthy_within_s = 6\n";

/// Who looks after the box.
struct Office {
    client: Client,
    events: Events,
}

impl Office {
    async fn open(broker: &Broker) -> Self {
        let (client, events) = mqtt::connect(&Options::new(&broker.url(), "office")).expect("options");
        client.subscribe(&[("gw/gw-1/reported", Qos::AtLeastOnce)]).await.expect("a client");
        Self { client, events }
    }

    async fn set(&self, version: u64, settings: Value) {
        let Value::Object(settings) = settings else { panic!("an object") };
        let desired = Desired { version, settings, may_lose_receivers: false };
        let document = settings::encode(&desired);
        self.client.publish("gw/gw-1/desired", document, Qos::AtLeastOnce, true).await.expect("a broker");
    }

    async fn until(&mut self, version: u64, outcome: Outcome) -> Reported {
        let wait = async {
            loop {
                let Event::Message { payload, .. } = self.events.next().await.expect("a client") else { continue };
                let report = settings::decode_report(&payload).expect("a report");
                if (report.version, report.outcome) == (version, outcome) {
                    return report;
                }
            }
        };
        tokio::time::timeout(PATIENCE, wait).await.unwrap_or_else(|_| panic!("{version} is not {outcome:?} in time"))
    }
}

fn heard() -> Message {
    let payload = r#"{"id":"a","mac":"c0ffee000001","rssi":-60.0,"rssi@1m":-65,"distance":1.0,"var":1.0,"int":100}"#;
    Message { topic: "espresense/devices/a/wine".into(), payload: payload.into() }
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_that_wait_for_a_box_at_its_very_first_start_are_tried_no_less_carefully() {
    if mosquitto_is_missing() {
        return;
    }
    let folder = TempDir::new().expect("a folder");
    let broker = Broker::start().await;
    let server = Server::start(&broker).await;
    let mut office = Office::open(&broker).await;
    office.set(1, json!({"receivers": {"espresense": []}})).await;
    let vendors = Publisher::start(&broker).await;
    let node = tokio::spawn(async move {
        loop {
            vendors.publish(&heard()).await;
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    });
    let mut gateway = Gateway::start(folder.path(), &broker, &broker, SECTION).await;
    let back = office.until(1, Outcome::RolledBack).await;
    assert_eq!(back.in_force, None);
    assert!(back.reason.as_ref().is_some_and(|reason| reason.contains("wine")), "{back:?}");
    assert_eq!(gateway.stop().await, Some(0));
    node.abort();
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_box_goes_back_by_itself_from_settings_that_silence_its_receivers() {
    if mosquitto_is_missing() {
        return;
    }
    let folder = TempDir::new().expect("a folder");
    let broker = Broker::start().await;
    let mut server = Server::start(&broker).await;
    let gateway = Gateway::start(folder.path(), &broker, &broker, SECTION).await;
    until_healthy(&gateway.status).await;
    let vendors = Publisher::start(&broker).await;
    let node = tokio::spawn(async move {
        loop {
            vendors.publish(&heard()).await;
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    });
    server.until("a receiver", |c| c.health.as_ref().is_some_and(|health| !health.receivers.is_empty())).await;
    let mut office = Office::open(&broker).await;

    office.set(1, json!({"uplink": {"backlog_per_s": 200}, "log": {"filter": "debug"}})).await;
    assert_eq!(office.until(1, Outcome::Applied).await.in_force, Some(1));
    office.set(2, json!({"receivers": {"espresense": []}})).await;
    office.until(2, Outcome::Trying).await;
    let back = office.until(2, Outcome::RolledBack).await;
    assert_eq!(back.in_force, Some(1));
    assert!(back.reason.as_ref().is_some_and(|reason| reason.contains("wine")), "{back:?}");
    office.set(3, json!({"gateway": {"id": "gw-2"}})).await;
    let refused = office.until(3, Outcome::Refused).await;
    assert_eq!((refused.field.as_deref(), refused.in_force), (Some("gateway.id"), Some(1)));
    office.set(4, json!({"uplink": {"url": "mqtts://127.0.0.1:1"}})).await;
    assert_eq!(office.until(4, Outcome::Refused).await.field.as_deref(), Some("uplink.url"), "it has no certificate");

    // Killed in the middle of a trial, it still knows what held.
    office.set(5, json!({"receivers": {"espresense": []}})).await;
    let before = office.until(5, Outcome::Trying).await;
    gateway.kill().await;
    let mut gateway = Gateway::start(folder.path(), &broker, &broker, SECTION).await;
    let back = office.until(5, Outcome::RolledBack).await;
    assert_eq!(back.in_force, Some(1));
    assert_ne!(back.boot, before.boot);
    server.until("a birth with what holds", |c| c.states.last().is_some_and(|state| state.settings == Some(1))).await;
    let birth = server.committed().states.last().cloned().expect("a birth");
    assert_eq!(birth.store.map(|store| store.to_string()).as_deref(), Some("demo"));
    assert!(birth.capabilities.iter().any(|word| word == "settings") && birth.boot == back.boot);
    until_healthy(&gateway.status).await;
    assert_eq!(gateway.stop().await, Some(0));
    node.abort();
    server.stop().await;
}
