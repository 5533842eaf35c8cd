//! The whole server on free ports, with a real MQTT client as its gateway.

mod enrolled;

use bytes::Bytes;
use model::ids::{BootId, GatewayId};
use model::time::Timestamp;
use runtime::clock::SystemClock;
use runtime::mqtt::{self, Client, Event, Events, Options, Qos};
use wire::topics;
use wire::uplink::{self, Batch};

use super::*;
use crate::keys;
use crate::store::Role;

const NAME: &str = "shop-1";

struct Bench {
    running: Running,
    gateway: Client,
    events: Events,
    stop: CancellationToken,
}

async fn start(folder: &std::path::Path) -> Bench {
    let text =
        format!("[server]\nlisten = \"127.0.0.1:0\"\ndata_dir = {folder:?}\n[broker]\nlisten = \"127.0.0.1:0\"\n");
    let config: Config = runtime::config::parse(&text, "server.toml", "X", []).expect("a configuration");
    let url = config.database_url(None);
    let stop = CancellationToken::new();
    let running = super::start(config, &url, Arc::new(SystemClock::new()), &stop).await.expect("a server");
    let name = GatewayId::new(NAME).expect("an id");
    let password = keys::create_broker_user(&running.store, Role::Gateway, &name, Timestamp(0)).await.expect("a user");
    let broker = format!("mqtt://{}", running.mqtt.expect("a broker"));
    let options = Options::new(&broker, "test-gateway").with_credentials(NAME, &password);
    let (gateway, events) = mqtt::connect(&options).expect("good options");
    gateway.subscribe(&[(&topics::gateway_ack(NAME), Qos::AtLeastOnce)]).await.expect("queued");
    Bench { running, gateway, events, stop }
}

fn batch(seq: u64) -> Bytes {
    uplink::encode(&Batch {
        gateway: GatewayId::new(NAME).expect("an id"),
        spool: [5; 16],
        boot: BootId(1),
        seq,
        oldest: 1,
        sent_at: Timestamp(1),
        sightings: vec![],
        readings: vec![],
        health: None,
        live_from: 0,
        historical: false,
        clocks: None,
    })
}

impl Bench {
    async fn send(&self, payload: Bytes) {
        self.gateway.publish(&topics::gateway_up(NAME), payload, Qos::AtLeastOnce, false).await.expect("queued");
    }

    async fn acknowledged(&mut self) -> u64 {
        let wait = async {
            loop {
                match self.events.next().await.expect("a running client") {
                    Event::Message { payload, .. } => return uplink::decode_ack(&payload).expect("an ack").through,
                    Event::Connected { .. } | Event::Disconnected { .. } => {}
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(15), wait).await.expect("an ack in time")
    }

    async fn stop(self) {
        self.gateway.disconnect().await;
        self.stop.cancel();
        self.running.join(&self.stop).await.expect("an orderly end");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn batches_are_acknowledged_in_order_after_the_commit_and_garbage_never() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut bench = start(folder.path()).await;
    let whole = batch(1);
    bench.send(Bytes::from_static(b"\xff\xfe not a batch")).await;
    bench.send(whole.slice(..whole.len() - 3)).await;
    bench.send(Bytes::from(vec![7; 300 * 1024])).await;
    bench.send(whole).await;
    assert_eq!(bench.acknowledged().await, 1);
    bench.send(batch(1)).await;
    assert_eq!(bench.acknowledged().await, 1, "a repeat is acknowledged again");
    // 3 comes before 2: it is not taken, and not acknowledged.
    bench.send(batch(3)).await;
    bench.send(batch(2)).await;
    assert_eq!(bench.acknowledged().await, 2);
    bench.send(batch(3)).await;
    assert_eq!(bench.acknowledged().await, 3);
    bench.stop().await;

    let mut bench = start(folder.path()).await;
    bench.send(batch(2)).await;
    assert_eq!(bench.acknowledged().await, 2, "known from before the restart");
    bench.send(batch(4)).await;
    assert_eq!(bench.acknowledged().await, 4);
    bench.stop().await;
}
