//! A day of backlog: how much disk it takes, how fast it goes up, and how long what is new takes meanwhile. Prints; asserts nothing.
//!
//! `make backlog`, or `cargo build --release -p gateway -p server && cargo run --release -p tests --example backlog -- 172800`:
//! so many windows of half a second with 25 sightings each; 172800 are a day.

use std::io::Write;
use std::time::{Duration, Instant};

use model::time::{Millis, Timestamp};
use runtime::clock::{Clock, SystemClock};
use serde_json::json;
use tests::alone::PATIENCE;
use tests::backlog::{Order, lay};
use tests::house::{Consent, Database, House};
use tests::push::PushService;
use tests::sensors::door;
use tests::tables::count;

/// What a box of the usual size hears: 50 sightings a second.
const SIGHTINGS: u64 = 25;
/// How often somebody comes in while the backlog goes up.
const COME_IN_EVERY: Duration = Duration::from_millis(500);
/// How often the server is asked whether it has counted them.
const ASK_EVERY: Duration = Duration::from_millis(20);
/// What is counted this much before it was said was said the time before.
const BEFORE: Millis = Millis(200);

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let windows = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(172_800);
    let mut out = std::io::stdout();
    let mut house = House::start(Database::Sqlite)?;
    let pushes = PushService::start().await?;
    let browser = pushes.subscribe("anna", 11)?;
    let app = house.app();
    let phone = app.register("anna", Consent::ALL, Some(&browser)).await?;
    app.track("anna", "m-anna", "Product Viewed", json!({ "product_id": "SKU-WINE" })).await?;
    house.gateway.kill_9();
    let until = Timestamp(SystemClock::new().now().0 - 60_000);
    let data = house.folder().join("gateway");
    let order = Order { until, batches: windows, sightings: SIGHTINGS, known: Some(&phone.air), bytes_max: 512 << 20 };
    let laid = lay(&data, order)?;
    writeln!(out, "{} sightings in {} batches: {} MB on disk", laid.sightings, laid.batches, laid.bytes / 1_000_000)?;

    let receivers = house.receivers()?;
    house.kill_gateway()?;
    let started = Instant::now();
    let before = count(&house.database_url(), "SELECT count(*) FROM readings").await?;
    let (mut late, mut entered) = (Vec::new(), 100);
    while house.gateway_metric("attimo_gateway_spool_batches", "").await? > 0 {
        // The box may have heard it before this program goes on, so the moment is taken before; the last one is far behind it.
        let since = SystemClock::new().now() - BEFORE;
        let said = Instant::now();
        receivers.publish("counter/door", door(entered, 0)).await?;
        let live = format!("SELECT count(*) FROM readings WHERE at > {}", since.0);
        // The first report only says where the counter stands.
        while entered > 100 && count(&house.database_url(), &live).await? == 0 {
            anyhow::ensure!(
                said.elapsed() < PATIENCE,
                "what is new does not come through:\n{}",
                house.gateway.log_tail()
            );
            tokio::time::sleep(ASK_EVERY).await;
        }
        if entered > 100 {
            late.push(said.elapsed());
        }
        entered += 1;
        tokio::time::sleep(COME_IN_EVERY).await;
    }
    let took = started.elapsed();
    late.sort();
    let at = |share: f64| late.get((late.len() as f64 * share) as usize).copied().unwrap_or_default();
    let kept = count(&house.database_url(), "SELECT count(*) FROM readings").await? - before;
    writeln!(
        out,
        "gone up in {:.0} s: {:.0} sightings a second; meanwhile {} people came in, from the door to the database p50 {:?}, p95 {:?}, \
         longest {:?}; {kept} readings for {} laid and {} new; {} offers",
        took.as_secs_f64(),
        laid.sightings as f64 / took.as_secs_f64(),
        late.len(),
        at(0.5),
        at(0.95),
        late.last(),
        laid.entered,
        entered - 101,
        count(&house.database_url(), "SELECT count(*) FROM deliveries").await?
    )?;
    Ok(())
}
