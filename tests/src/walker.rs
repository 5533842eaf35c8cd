//! A person in the shop, as the shop's receivers hear them: messages written here by hand in ESPresense's form,
//! not by our own encoders, with a plain log-distance radio.

use std::time::Duration;

use model::floor::Point;
use model::time::Timestamp;
use runtime::clock::{Clock, SystemClock};
use runtime::mqtt::{Client, Options, Qos, connect};
use serde_json::json;
use wire::ble::rolling::{self, AirKey};

/// Receivers of the small shop and where they hang.
pub const RECEIVERS: [(&str, Point); 6] = [
    ("north-west", Point { x: 0.5, y: 7.5 }),
    ("south-west", Point { x: 0.5, y: 0.5 }),
    ("north-east", Point { x: 11.5, y: 7.5 }),
    ("south-east", Point { x: 11.5, y: 0.5 }),
    ("wine-shelf", Point { x: 10.0, y: 6.0 }),
    ("pasta-shelf", Point { x: 10.0, y: 2.0 }),
];

/// In front of the wine.
pub const AT_THE_WINE: Point = Point { x: 10.0, y: 6.2 };
/// At the door.
pub const AT_THE_DOOR: Point = Point { x: 1.0, y: 4.0 };

/// What a person's phone sends.
#[derive(Debug, Clone, Copy)]
pub struct Air {
    /// The chain's prefix.
    pub prefix: [u8; 4],
    /// The device's key.
    pub key: [u8; 16],
}

/// The receivers of the shop, connected to the broker.
#[derive(Debug, Clone)]
pub struct Receivers {
    client: Client,
}

impl Receivers {
    /// Connects to the broker as a receiver.
    ///
    /// # Errors
    /// When the address is wrong.
    pub fn connect(url: &str, username: &str, password: &str) -> anyhow::Result<Self> {
        let (client, mut events) = connect(&Options::new(url, "receivers").with_credentials(username, password))?;
        tokio::spawn(async move { while events.next().await.is_some() {} });
        Ok(Self { client })
    }

    /// Publishes raw bytes on any topic.
    ///
    /// # Errors
    /// When the client was stopped.
    pub async fn publish(&self, topic: &str, payload: impl Into<Vec<u8>>) -> anyhow::Result<()> {
        Ok(self.client.publish(topic, payload.into(), Qos::AtMostOnce, false).await?)
    }

    /// Every receiver hears a phone once.
    ///
    /// # Errors
    /// When the client was stopped.
    pub async fn hear(&self, air: &Air, at: Point) -> anyhow::Result<()> {
        let now = SystemClock::new().now();
        for (room, place) in RECEIVERS {
            let payload = message(air, now, place.distance(at));
            let id = payload["id"].as_str().unwrap_or_default().to_owned();
            self.publish(&format!("espresense/devices/{id}/{room}"), payload.to_string()).await?;
        }
        Ok(())
    }

    /// Keeps hearing a phone at one place, four times a second, until it is aborted.
    #[must_use]
    pub fn keep_hearing(&self, air: Air, at: Point) -> tokio::task::JoinHandle<()> {
        let receivers = self.clone();
        tokio::spawn(async move {
            while receivers.hear(&air, at).await.is_ok() {
                tokio::time::sleep(Duration::from_millis(250)).await;
            }
        })
    }
}

fn message(air: &Air, now: Timestamp, distance: f64) -> serde_json::Value {
    let body = rolling::rolling_id(&AirKey(air.key), air.prefix, rolling::seconds(now)).to_bytes();
    let hex = hex::encode(&body[..16]);
    let uuid = format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]);
    let (major, minor) = (u16::from_be_bytes([body[16], body[17]]), u16::from_be_bytes([body[18], body[19]]));
    let rssi = -59.0 - 20.0 * distance.max(0.5).log10();
    json!({
        "mac": format!("4{}", &hex::encode(&body[4..10])[1..]),
        "id": format!("iBeacon:{uuid}-{major}-{minor}"),
        "rssi@1m": -59,
        "rssi": (rssi * 100.0).round() / 100.0,
        "rxAdj": 0,
        "rssiVar": 2.0,
        "distance": (distance * 100.0).round() / 100.0,
        "var": 0.2,
        "int": 250,
    })
}
