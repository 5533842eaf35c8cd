//! A line that was down: what the box kept goes up behind what is new, once, through a kill in the middle of it, and
//! nobody is offered anything because of it.

use model::time::Timestamp;
use runtime::clock::{Clock, SystemClock};
use serde_json::json;
use tests::alone::PATIENCE;
use tests::backlog::{Order, lay};
use tests::house::{Consent, Database, House};
use tests::push::PushService;
use tests::tables::count;
use tests::walker::AT_THE_WINE;

/// A third of an hour of windows.
const WINDOWS: u64 = 2_400;
const SIGHTINGS: u64 = 12;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backlog_goes_up_once_through_a_kill_and_offers_nobody_anything() -> anyhow::Result<()> {
    let mut house = House::start(Database::Sqlite)?;
    let pushes = PushService::start().await?;
    let browser = pushes.subscribe("anna", 11)?;
    let app = house.app();
    let phone = app.register("anna", Consent::ALL, Some(&browser)).await?;
    app.track("anna", "m-anna", "Product Viewed", json!({ "product_id": "SKU-WINE" })).await?;
    house.gateway.kill_9();
    let now = SystemClock::new().now();
    let laid = lay(
        &house.folder().join("gateway"),
        Order {
            until: Timestamp(now.0 - 60_000),
            batches: WINDOWS,
            sightings: SIGHTINGS,
            known: Some(&phone.air),
            bytes_max: 512 << 20,
        },
    )?;

    house.kill_gateway()?;
    house
        .until_within(2 * PATIENCE, "half of it has gone", async || {
            let waits = house.gateway_metric("attimo_gateway_spool_batches", "").await?;
            Ok(waits > 0 && waits < laid.batches / 2)
        })
        .await?;
    house.kill_gateway()?;
    house
        .until_within(2 * PATIENCE, "all of it has gone", async || {
            let entered = count(&house.database_url(), "SELECT count(*) FROM readings").await?;
            Ok(entered >= i64::try_from(laid.entered)?
                && house.gateway_metric("attimo_gateway_spool_batches", "").await? == 0)
        })
        .await?;

    let database = house.database_url();
    assert_eq!(count(&database, "SELECT count(*) FROM readings").await?, i64::try_from(laid.entered)?);
    assert_eq!(count(&database, "SELECT count(*) FROM deliveries").await?, 0, "an offer because of the past");
    assert_eq!(count(&database, "SELECT count(*) FROM decisions").await?, 0, "a moment because of the past");
    let told = house.server_metric("sightings_total", "history").await?;
    let live = house.server_metric("sightings_total", "gateway").await?;
    assert_eq!((told, live), (laid.sightings, 0), "each sighting is taken once, and none as if it were of now");

    // She is really there now: then she is offered something.
    let walking = house.receivers()?.keep_hearing(phone.air, AT_THE_WINE);
    let Ok(push) = pushes.wait(&browser, PATIENCE).await else {
        let decisions = house.api("/api/v1/stores/corner/decisions").await?;
        anyhow::bail!("nothing was offered to her who is there: {decisions}\n{}", house.server.log_tail());
    };
    walking.abort();
    assert_eq!(push["offerId"], "barolo-today");
    assert_eq!(count(&database, "SELECT count(*) FROM deliveries").await?, 1);
    Ok(())
}
