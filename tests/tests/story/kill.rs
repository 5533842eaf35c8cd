//! `kill -9` of server or gateway at 20 random moments: what was acknowledged is there, no offer comes twice,
//! nobody is counted twice.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha12Rng;
use serde_json::json;
use tests::house::{App, Consent, Database, House};
use tests::push::{PushService, Subscription};
use tests::tables::count;
use tests::walker::{AT_THE_WINE, Receivers};
use tokio::task::JoinHandle;

const KILLS: u32 = 20;
const CUSTOMERS: u8 = 8;
/// One number decides every moment of a kill; a failure says it.
const SEED: u64 = 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_kills_lose_nothing_that_was_acknowledged_and_repeat_no_offer() -> anyhow::Result<()> {
    let mut house = House::start(Database::Sqlite)?;
    let pushes = PushService::start().await?;
    let app = house.app();
    let receivers = house.receivers()?;
    let mut browsers = Vec::new();
    let mut walks = Vec::new();
    for number in 1..=CUSTOMERS {
        let user = format!("user-{number}");
        let browser = pushes.subscribe(&user, number)?;
        let phone = app.register(&user, Consent::ALL, Some(&browser)).await?;
        app.track(&user, &format!("view-{number}"), "Product Viewed", json!({ "product_id": "SKU-WINE" })).await?;
        walks.push(receivers.keep_hearing(phone.air, AT_THE_WINE));
        browsers.push(browser);
    }
    house.wait_until_heard().await?;
    let door = Door::start(receivers.clone());
    let events = Events::start(app);

    let mut chance = ChaCha12Rng::seed_from_u64(SEED);
    for _ in 0..KILLS {
        tokio::time::sleep(Duration::from_millis(chance.random_range(100..1_500))).await;
        if chance.random_bool(0.5) {
            house.kill_server()?;
        } else {
            house.kill_gateway()?;
        }
    }

    let acknowledged = events.stop().await;
    let crossed = door.stop().await;
    wait_for_pushes(&pushes, &browsers).await?;
    wait_for_footfall(&house, crossed).await?;
    walks.iter().for_each(JoinHandle::abort);

    assert!(acknowledged >= 10, "too few events were acknowledged to say anything: {acknowledged}");
    let kept = count(&house.database_url(), "SELECT count(*) FROM message_ids").await?;
    assert!(kept >= i64::try_from(acknowledged + u64::from(CUSTOMERS))?, "acknowledged {acknowledged}, kept {kept}");
    offers_came_once(&house, &pushes).await
}

/// Every customer got exactly one offer: the offer's cap is one a day.
async fn offers_came_once(house: &House, pushes: &PushService) -> anyhow::Result<()> {
    let mut shown: BTreeMap<String, BTreeSet<Option<String>>> = BTreeMap::new();
    for message in pushes.received() {
        shown.entry(message.subscription).or_default().insert(message.topic);
    }
    for (subscription, topics) in &shown {
        assert_eq!(topics.len(), 1, "{subscription} was shown more than one offer (seed {SEED}): {topics:?}");
        assert!(topics.iter().all(Option::is_some), "without a topic a repeated push would be shown twice");
    }
    let offers = count(&house.database_url(), "SELECT count(*) FROM deliveries").await?;
    assert_eq!(offers, i64::from(CUSTOMERS), "one delivery a customer (seed {SEED})");
    println!("{} pushes were posted for {} offers", pushes.received().len(), shown.len());
    Ok(())
}

async fn wait_for_pushes(pushes: &PushService, browsers: &[Subscription]) -> anyhow::Result<()> {
    for browser in browsers {
        pushes.wait(browser, Duration::from_secs(60)).await?;
    }
    Ok(())
}

async fn wait_for_footfall(house: &House, crossed: u64) -> anyhow::Result<()> {
    let until = Instant::now() + Duration::from_secs(60);
    let mut seen = serde_json::Value::Null;
    while Instant::now() < until {
        seen = house.api("/api/v1/stores/corner/today").await?["footfall"]["entered"].clone();
        if seen == json!(crossed) {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    anyhow::bail!("{crossed} came in, {seen} were counted (seed {SEED})")
}

/// A counter over the door that reports its total, whoever listens.
struct Door {
    total: Arc<AtomicU64>,
    receivers: Receivers,
    task: JoinHandle<()>,
}

impl Door {
    fn start(receivers: Receivers) -> Self {
        let total = Arc::new(AtomicU64::new(0));
        let (sender, counter) = (receivers.clone(), Arc::clone(&total));
        let task = tokio::spawn(async move {
            // The first report only says where the counter stands; give it time to arrive.
            for _ in 0..10 {
                report(&sender, 0).await;
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            loop {
                let total = counter.fetch_add(1, Ordering::SeqCst) + 1;
                report(&sender, total).await;
                tokio::time::sleep(Duration::from_millis(300)).await;
            }
        });
        Self { total, receivers, task }
    }

    async fn stop(self) -> u64 {
        self.task.abort();
        let total = self.total.load(Ordering::SeqCst);
        for _ in 0..20 {
            report(&self.receivers, total).await;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        total
    }
}

async fn report(receivers: &Receivers, total: u64) {
    let payload =
        json!({ "serial": "00408CAC512B", "name": "door", "timestamp": "20261122112756", "in": total, "out": 0 });
    let _ = receivers.publish("counter/door", payload.to_string()).await;
}

/// An app that sends events without pause and notes which ones were acknowledged.
struct Events {
    acknowledged: Arc<AtomicU64>,
    task: JoinHandle<()>,
}

impl Events {
    fn start(app: App) -> Self {
        let acknowledged = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&acknowledged);
        let task = tokio::spawn(async move {
            for number in 0_u64.. {
                let user = format!("user-{}", number % u64::from(CUSTOMERS) + 1);
                let message = format!("event-{number}");
                let viewed = json!({ "product_id": "SKU-PASTA" });
                let event = app.track(&user, &message, "Product Viewed", viewed);
                if event.await.is_ok() {
                    counter.fetch_add(1, Ordering::SeqCst);
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        });
        Self { acknowledged, task }
    }

    async fn stop(self) -> u64 {
        self.task.abort();
        let _ = self.task.await;
        self.acknowledged.load(Ordering::SeqCst)
    }
}
