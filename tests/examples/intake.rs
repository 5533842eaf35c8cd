//! What the box takes in over MQTT on one core, what that costs, and how much memory it needs. Prints; asserts nothing.
//!
//! `make intake`, or `cargo build --release -p gateway && cargo run --release -p tests --example intake -- --rate 20000`.
//! A mosquitto carries the receivers' messages, as in a shop; a server of this program acknowledges every batch.

use std::io::Write;
use std::time::{Duration, Instant};

use runtime::mqtt::{self, Client, Event, Options, Qos};
use serde_json::json;
use tests::alone::{Alone, Order};
use tests::answering;
use tests::mosquitto::Mosquitto;
use tests::usage;

/// Receivers that hear everybody in turn.
const RECEIVERS: u32 = 12;
/// How often messages are handed to the broker.
const TICK: Duration = Duration::from_millis(5);
/// So long it is waited for what is still on its way.
const LAST_WORD: Duration = Duration::from_secs(3);

/// What is asked for.
#[derive(Debug, Clone, Copy)]
struct Asked {
    rate: u64,
    seconds: u64,
    transmitters: u32,
}

impl Asked {
    fn read() -> anyhow::Result<Self> {
        let mut asked = Self { rate: 20_000, seconds: 30, transmitters: 500 };
        let mut words = std::env::args().skip(1);
        while let Some(word) = words.next() {
            let number = words.next().and_then(|text| text.parse::<u64>().ok());
            match (word.as_str(), number) {
                ("--rate", Some(number)) => asked.rate = number,
                ("--seconds", Some(number)) => asked.seconds = number,
                ("--transmitters", Some(number)) => asked.transmitters = u32::try_from(number)?,
                _ => anyhow::bail!("usage: intake [--rate N] [--seconds N] [--transmitters N]"),
            }
        }
        Ok(asked)
    }

    /// Every message that is ever said: each transmitter at each receiver, in an order in which nobody comes twice at once.
    fn messages(self) -> Vec<(String, Vec<u8>)> {
        let pairs = (0..RECEIVERS).flat_map(|room| (0..self.transmitters).map(move |number| (room, number)));
        pairs
            .map(|(room, number)| {
                let [_, a, b, c] = number.to_be_bytes();
                let mac = hex::encode([0xc3, 0x5a, 0xd7, a, b, c]);
                let payload = json!({
                    "mac": mac, "id": format!("apple:1005:{number}"), "disc": "1005", "idType": 35, "rssi@1m": -65,
                    "rssi": -60.5 - f64::from(number % 30), "rxAdj": 0, "rssiVar": 2.25, "raw": 3.1, "distance": 3.2,
                    "var": 0.5, "int": 250,
                });
                (format!("espresense/devices/{mac}/room-{room}"), payload.to_string().into_bytes())
            })
            .collect()
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let asked = Asked::read()?;
    let (shop, chain, folder) = (Mosquitto::start()?, Mosquitto::start()?, tempfile::tempdir()?);
    let _server = answering::start(&chain.url()).await?;
    // The box alone on the first core; everybody else shares the others.
    let by = ["taskset", "-c", "0"].map(str::to_owned).to_vec();
    let order = Order {
        receivers: format!("url = \"{}\"", shop.url()),
        uplink: format!("url = \"{}\"", chain.url()),
        by,
        ..Order::default()
    };
    let alone = Alone::start(folder.path(), order)?;
    alone.until_health("\"ok\"", true).await?;
    let publisher = connect(&shop.url(), "receivers").await?;
    let at_rest = usage::of(alone.running.id());

    let (offered, waiting_max, took) = publish(asked, &publisher, &alone).await?;
    let (in_time, spent) = (taken(&alone).await?, usage::of(alone.running.id()).cpu_s - at_rest.cpu_s);
    tokio::time::sleep(LAST_WORD).await;
    let all = taken(&alone).await?;
    let dropped = alone.metric("attimo_mqtt_messages_dropped_total").await?;
    let left_out = left_out(&alone).await?;
    let usage = usage::of(alone.running.id());
    let per_second = |count: u64| count as f64 / took.as_secs_f64();
    writeln!(
        std::io::stdout(),
        "{} transmitters at {RECEIVERS} receivers, {:.0} s: offered {:.0}/s, taken in time {:.0}/s, in the end {all} of {offered}; \
         dropped at the bound of the queue {dropped}, left out for other reasons: {left_out}; most waiting {waiting_max}; \
         {:.1} us of processor a sighting ({:.0} % of one core, which carries {:.0}/s); memory {:.1} MB, at most {:.1} MB",
        asked.transmitters,
        took.as_secs_f64(),
        per_second(offered),
        per_second(in_time),
        spent / in_time.max(1) as f64 * 1e6,
        spent / took.as_secs_f64() * 100.0,
        in_time.max(1) as f64 / spent,
        usage.memory_mb,
        usage.peak_mb
    )?;
    Ok(())
}

/// Says everything at its time; how much, how much waited at most, and how long it took.
async fn publish(asked: Asked, publisher: &Client, alone: &Alone) -> anyhow::Result<(u64, u64, Duration)> {
    let messages = asked.messages();
    let started = Instant::now();
    let (mut offered, mut waiting_max, mut looked) = (0u64, 0, Instant::now());
    let mut pace = tokio::time::interval(TICK);
    while started.elapsed() < Duration::from_secs(asked.seconds) {
        pace.tick().await;
        let due = u64::try_from(started.elapsed().as_millis())? * asked.rate / 1_000;
        while offered < due {
            let (topic, payload) = &messages[usize::try_from(offered)? % messages.len()];
            publisher.publish(topic, payload.clone(), Qos::AtMostOnce, false).await?;
            offered += 1;
        }
        if looked.elapsed() > Duration::from_secs(1) {
            looked = Instant::now();
            waiting_max = waiting_max.max(alone.metric("attimo_gateway_intake_waiting").await?);
        }
    }
    Ok((offered, waiting_max, started.elapsed()))
}

/// What was left out for other reasons than the queue's bound, by reason.
async fn left_out(alone: &Alone) -> anyhow::Result<String> {
    let text = alone.page("metrics").await?;
    let all = text.lines().filter_map(|line| line.strip_prefix("attimo_gateway_dropped_total{reason=\""));
    let others: Vec<String> =
        all.filter(|rest| !rest.starts_with("intake-queue-full")).map(|rest| rest.replace("\"}", "")).collect();
    Ok(if others.is_empty() { "none".into() } else { others.join(", ") })
}

async fn taken(alone: &Alone) -> anyhow::Result<u64> {
    alone.metric("attimo_gateway_adverts_heard_total").await
}

async fn connect(url: &str, name: &str) -> anyhow::Result<Client> {
    let (client, mut events) = mqtt::connect(&Options::new(url, name))?;
    while !matches!(events.next().await, Some(Event::Connected { .. }) | None) {}
    tokio::spawn(async move { while events.next().await.is_some() {} });
    Ok(client)
}
