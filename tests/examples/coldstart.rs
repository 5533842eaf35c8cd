//! How long a box takes from nothing to its first batch acknowledged, start after start. Prints; asserts nothing.
//!
//! `make coldstart`, or `cargo build --release -p gateway && cargo run --release -p tests --example coldstart -- 50`.
//! A mosquitto carries the receivers' messages and the uplink, and a server of this program acknowledges every batch.
//! Something is always there to be heard: by turns what a sensor told before the box was there, which the broker kept,
//! and a tag that a receiver hears ten times a second.

use std::io::Write;
use std::time::{Duration, Instant};

use anyhow::Context;
use model::ids::BootId;
use runtime::mqtt::{Client, Qos};
use serde_json::json;
use tests::alone::{Alone, Order, PATIENCE};
use tests::answering;
use tests::mosquitto::Mosquitto;
use tokio::sync::mpsc;

const TAG: &str = "a7710002-0000-4000-8000-000000000001";
const HEARD_EVERY: Duration = Duration::from_millis(100);

/// What waits to be heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Waiting {
    Sensor,
    Tag,
}

/// Times of one kind of start, from the start of the process.
#[derive(Debug, Default)]
struct Times {
    /// Until it said that it was ready.
    ready: Vec<Duration>,
    /// Until the server had its first batch and answered.
    acknowledged: Vec<Duration>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let starts: usize = std::env::args().nth(1).map_or(Ok(20), |text| text.parse())?;
    let broker = Mosquitto::start()?;
    let (server, mut answered) = answering::start(&broker.url()).await?;
    let mut rows = [(Waiting::Sensor, Times::default()), (Waiting::Tag, Times::default())];
    for _ in 0..starts {
        for (waiting, times) in &mut rows {
            start(&broker, &server, *waiting, times, &mut answered).await?;
        }
    }
    let mut out = std::io::stdout();
    writeln!(out, "{starts} starts each, times in ms from the start of the process\n")?;
    writeln!(out, "| heard | ready, median | first batch acknowledged: least | median | 95 of 100 | most |")?;
    writeln!(out, "|---|---|---|---|---|---|")?;
    for (waiting, times) in &mut rows {
        times.ready.sort();
        times.acknowledged.sort();
        let what = match waiting {
            Waiting::Sensor => "a sensor's word that the broker kept",
            Waiting::Tag => "a tag, ten times a second",
        };
        let (ready, acknowledged) = (&times.ready, &times.acknowledged);
        let at = |all: &[Duration], share: usize| all[(all.len() - 1) * share / 100].as_millis();
        writeln!(
            out,
            "| {what} | {} | {} | {} | {} | {} |",
            at(ready, 50),
            at(acknowledged, 0),
            at(acknowledged, 50),
            at(acknowledged, 95),
            at(acknowledged, 100)
        )?;
    }
    Ok(())
}

/// One box that was never there before: started, heard of, killed.
async fn start(
    broker: &Mosquitto,
    server: &Client,
    waiting: Waiting,
    times: &mut Times,
    answered: &mut mpsc::UnboundedReceiver<(BootId, Instant)>,
) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let url = format!("url = \"{}\"", broker.url());
    let order = Order {
        gateway: format!("tag_uuids = [\"{TAG}\"]"),
        receivers: url.clone(),
        uplink: url,
        sections: "[sensors.queue]\nkind = \"counter-level\"\ntopic = \"counter/queue\"\n".into(),
        ..Order::default()
    };
    // Nothing at all takes back what the broker kept.
    let kept = if waiting == Waiting::Sensor { r#"{"count":3}"# } else { "" };
    server.publish("counter/queue", kept, Qos::AtLeastOnce, true).await?;
    let talking = (waiting == Waiting::Tag).then(|| tokio::spawn(talk(server.clone())));
    while answered.try_recv().is_ok() {}
    let began = Instant::now();
    // Starting waits for the ready line, and must not hold the server of this program up.
    let at = folder.path().to_owned();
    let mut alone = tokio::task::spawn_blocking(move || Alone::start(&at, order)).await??;
    let ready = began.elapsed();
    let first = tokio::time::timeout(PATIENCE, answered.recv()).await;
    if let Some(talking) = talking {
        talking.abort();
    }
    let first = first
        .with_context(|| format!("nothing of {waiting:?} came up; the box says:\n{}", alone.running.log_tail()))?;
    let (_, at) = first.context("the server of this program has ended")?;
    times.ready.push(ready);
    times.acknowledged.push(at.duration_since(began));
    alone.kill();
    Ok(())
}

/// A receiver that hears one tag.
async fn talk(client: Client) {
    let id = format!("iBeacon:{TAG}-1-2");
    let payload = json!({ "id": id, "mac": "c35ad7000001", "idType": 3, "rssi@1m": -59, "rssi": -60.5, "raw": 3.1, "distance": 3.2, "int": 100 });
    let topic = format!("espresense/devices/{id}/room-1");
    let mut pace = tokio::time::interval(HEARD_EVERY);
    loop {
        pace.tick().await;
        let _ = client.try_publish(&topic, payload.to_string().into_bytes(), Qos::AtMostOnce, false);
    }
}
