//! A store in a temporary folder, an owner over it, and a shopper who stands at the wine.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use model::consent::{Consent, ConsentRecord};
use model::event::{Event, EventKind, Interest};
use model::ids::{BootId, CustomerId, DeviceId, GatewayId, MessageId, OfferId, ProductId, ReceiverId, StoreId};
use model::sighting::{RssiSummary, Sighting, Transmitter};
use model::time::{Millis, Timestamp};
use model::units::{Dbm, Probability};
use runtime::clock::{Clock as _, ManualClock};
use tokio_util::sync::CancellationToken;
use wire::ble::rolling;
use wire::uplink::Batch;

use crate::live::Live;
use crate::run::{Handle, Lane, Owner, Parts, Taken};
use crate::secret::ServerSecret;
use crate::store::{DecisionRow, Device, Store};

pub(super) const START: Timestamp = Timestamp(1_790_000_000_000);
pub(super) const LATER: Timestamp = Timestamp(1_900_000_000_000);
const PREFIX: [u8; 4] = [0xa7, 0x71, 0, 1];
const DEVICE: DeviceId = DeviceId(0x51);
/// Where the shopper stands: the middle of the wine.
const PLACE: (f64, f64) = (15.0, 12.5);
pub(super) const RECEIVERS: [(&str, f64, f64); 5] =
    [("r1", 12.0, 10.0), ("r2", 18.0, 10.0), ("r3", 12.0, 15.0), ("r4", 18.0, 15.0), ("r5", 2.0, 2.0)];

pub(super) const FLOOR: &str = r#"{"type":"FeatureCollection","features":[
 {"type":"Feature","properties":{"feature":"floor","id":"ground","name":"Ground"},"geometry":{"type":"Polygon","coordinates":[[[0,0],[20,0],[20,30],[0,30],[0,0]]]}},
 {"type":"Feature","properties":{"feature":"zone","id":"door","name":"Door","floor":"ground","kind":"entrance"},"geometry":{"type":"Polygon","coordinates":[[[8,0],[12,0],[12,2],[8,2],[8,0]]]}},
 {"type":"Feature","properties":{"feature":"zone","id":"wine","name":"Wine","floor":"ground","kind":"shelf"},"geometry":{"type":"Polygon","coordinates":[[[11,9],[19,9],[19,16],[11,16],[11,9]]]}}
]}"#;

pub(super) const SHOP: &str = r#"
[store]
id = "milano"
name = "Milano"
timezone = "Europe/Rome"
holdout = 0.0
attention = 0

[[receiver]]
id = "r1"
floor = "ground"
x = 12.0
y = 10.0
[[receiver]]
id = "r2"
floor = "ground"
x = 18.0
y = 10.0
[[receiver]]
id = "r3"
floor = "ground"
x = 12.0
y = 15.0
[[receiver]]
id = "r4"
floor = "ground"
x = 18.0
y = 15.0
[[receiver]]
id = "r5"
floor = "ground"
x = 2.0
y = 2.0

[[product]]
id = "barolo"
name = "Barolo"
category = "wine"
price = 3000
margin = 1500
zone = "wine"

[[offer]]
id = "wine-week"
product = "barolo"
discount = 200
budget = 5
intent_min = 0.05
[offer.content.en]
title = "Barolo, 2 euro less"
body = "Only here, only today."
"#;

pub(super) fn shop() -> StoreId {
    StoreId::new("milano").expect("an id")
}

pub(super) fn offer() -> OfferId {
    OfferId::new("wine-week").expect("an id")
}

/// A name that is found nowhere else in a database file.
pub(super) fn customer(name: &str) -> CustomerId {
    CustomerId::new(&format!("{name}-9f3c")).expect("an id")
}

pub(super) fn device(owner: &str) -> Device {
    Device {
        id: DEVICE,
        customer: customer(owner),
        anonymous: None,
        platform: "sim".into(),
        language: None,
        push: None,
        created_at: START,
    }
}

pub(super) fn consent(all: bool) -> ConsentRecord {
    let consent = Consent { locating: all, profiling: all, marketing_push: all };
    ConsentRecord { consent, at: START, text_version: "v1".into(), channel: "app".into() }
}

pub(super) fn viewed(id: &str) -> Event {
    let product = ProductId::new("barolo").ok();
    let what =
        EventKind::Interest { interest: Interest::Added, product, category: None, probability: Probability::ONE };
    Event { id: MessageId::new(id).expect("an id"), at: START, what }
}

/// What outlives a crash: the folder.
pub(super) struct Bench {
    folder: tempfile::TempDir,
}

/// What does not.
pub(super) struct Server {
    pub(super) run: Handle,
    pub(super) store: Store,
    pub(super) live: Live,
    clock: ManualClock,
    secret: ServerSecret,
}

impl Bench {
    pub(super) fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder") }
    }

    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(super) fn database(&self) -> PathBuf {
        self.folder.path().join("attimo.db")
    }

    /// Runs one life of the server, which ends without a goodbye: its runtime is dropped.
    pub(super) fn run<T>(&self, life: impl AsyncFnOnce(&Server) -> T) -> T {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let runtime = runtime.expect("a runtime");
        let answer = runtime.block_on(async { life(&self.start().await).await });
        runtime.shutdown_background();
        answer
    }

    /// The store with its shop.
    pub(super) async fn store(&self) -> Store {
        let store = Store::open(&Store::file_url(self.folder.path())).await.expect("a store");
        if store.shops().await.expect("read").is_empty() {
            store.put_shop(&shop(), SHOP, FLOOR, START).await.expect("kept");
        }
        store
    }

    /// An owner that is not started, to look into.
    pub(super) async fn owner(&self, store: &Store) -> Owner {
        let (live, secret, clock) = (Live::default(), ServerSecret::new([3; 32]), ManualClock::new(START));
        let (clock, shutdown) = (Arc::new(clock), CancellationToken::new());
        let parts = Parts { store: store.clone(), live, secret, prefix: PREFIX, clock, shutdown };
        Owner::restore(parts).await.expect("an owner")
    }

    async fn start(&self) -> Server {
        let store = self.store().await;
        let (live, secret, clock) = (Live::default(), ServerSecret::new([3; 32]), ManualClock::new(START));
        let parts = Parts {
            store: store.clone(),
            live: live.clone(),
            secret: secret.clone(),
            prefix: PREFIX,
            clock: Arc::new(clock.clone()),
            shutdown: CancellationToken::new(),
        };
        let (run, _task) = Handle::start(parts).await.expect("an owner");
        Server { run, store, live, clock, secret }
    }
}

impl Server {
    pub(super) async fn consenting(&self, name: &str) {
        assert_eq!(self.run.device(device(name), Some(consent(true))).await, Ok(Taken::Stored));
    }

    /// An empty batch.
    pub(super) async fn batch(&self, seq: u64, oldest: u64) -> Taken {
        self.send(seq, oldest, vec![]).await
    }

    /// Stands at the wine from one second to another: two batches a second, numbered by their time.
    pub(super) async fn walk(&self, from_s: i64, to_s: i64) {
        for half in from_s * 2..to_s * 2 {
            let at = START + Millis(half * 500 + 500);
            self.clock.advance(Millis((at.0 - self.clock.now().0).max(0)));
            let sightings = RECEIVERS.iter().map(|receiver| self.sighting(receiver, at)).collect();
            let seq = u64::try_from(half + 1).expect("positive");
            let taken = self.send(seq, 1, sightings).await;
            assert!(matches!(taken, Taken::Stored | Taken::Duplicate), "{taken:?}");
        }
    }

    pub(super) fn advance(&self, span: Millis) {
        self.clock.advance(span);
    }

    /// An empty new batch, while everything below `live_from` is still to come.
    pub(super) async fn fresh(&self, seq: u64, live_from: u64) -> Taken {
        self.send_with(seq, 1, vec![], (live_from, false)).await
    }

    /// A batch that was kept back: somebody stood at the wine.
    pub(super) async fn past(&self, seq: u64, live_from: u64, at: Timestamp) -> Taken {
        let sightings = RECEIVERS.iter().map(|receiver| self.sighting(receiver, at)).collect();
        self.send_with(seq, 1, sightings, (live_from, true)).await
    }

    /// What every receiver hears of somebody who stands somewhere, as one batch.
    pub(super) fn heard_at(&self, place: (f64, f64), at: Timestamp) -> Vec<Sighting> {
        RECEIVERS.iter().map(|receiver| self.sighting_of(receiver, place, at)).collect()
    }

    fn sighting(&self, receiver: &(&str, f64, f64), at: Timestamp) -> Sighting {
        self.sighting_of(receiver, PLACE, at)
    }

    fn sighting_of(&self, (id, x, y): &(&str, f64, f64), place: (f64, f64), at: Timestamp) -> Sighting {
        let metres = (x - place.0).hypot(y - place.1).max(0.5);
        #[expect(clippy::cast_possible_truncation, reason = "a signal strength fits")]
        let mean = Dbm((-59.0 - 22.0 * metres.log10()) as f32);
        let key = self.secret.air_key(DEVICE);
        Sighting {
            receiver: ReceiverId::new(id).expect("an id"),
            transmitter: Transmitter::Rolling(rolling::rolling_id(&key, PREFIX, rolling::seconds(at))),
            at,
            window: Millis(500),
            count: 5,
            rssi: RssiSummary { mean, min: mean, max: mean, variance: None },
            power_at_1m: Some(-59),
        }
    }

    async fn send(&self, seq: u64, oldest: u64, sightings: Vec<Sighting>) -> Taken {
        self.send_with(seq, oldest, sightings, (0, false)).await
    }

    pub(super) async fn send_with(
        &self,
        seq: u64,
        oldest: u64,
        sightings: Vec<Sighting>,
        (live_from, historical): (u64, bool),
    ) -> Taken {
        let gateway = GatewayId::new("shop-1").expect("an id");
        let batch = Batch {
            gateway: gateway.clone(),
            spool: [4; 16],
            boot: BootId(1),
            seq,
            oldest,
            sent_at: self.clock.now(),
            sightings,
            readings: vec![],
            health: None,
            live_from,
            historical,
            clocks: None,
        };
        let (reply, _) = self.run.batch(gateway, Lane::Durable, batch, self.clock.now()).await.expect("an owner");
        reply.await.expect("an answer")
    }

    pub(super) async fn decisions(&self) -> Vec<DecisionRow> {
        self.store.decisions(&shop(), Timestamp(0), LATER, 100).await.expect("read")
    }
}
