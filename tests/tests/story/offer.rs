//! The main story: looked at online, walked in, stood at the shelf, got the offer, used it.

use std::time::Duration;

use serde_json::{Value, json};
use tests::house::{Consent, Database, House};
use tests::push::PushService;
use tests::walker::AT_THE_WINE;

use crate::on_both_databases;

/// How long an offer may take in a debug build on a busy machine.
const PATIENCE: Duration = Duration::from_secs(40);

on_both_databases!(a_shopper_at_the_shelf_gets_the_offer_and_redeems_it);

async fn a_shopper_at_the_shelf_gets_the_offer_and_redeems_it(database: Database) -> anyhow::Result<()> {
    let house = House::start(database)?;
    let pushes = PushService::start().await?;
    let browser = pushes.subscribe("anna", 7)?;
    let app = house.app();
    let phone = app.register("anna", Consent::ALL, Some(&browser)).await?;
    assert!(phone.stored, "with consent the device is kept");
    app.track("anna", "m-1", "Product Viewed", json!({ "product_id": "SKU-WINE" })).await?;

    let walking = house.receivers()?.keep_hearing(phone.air, AT_THE_WINE);
    let push = pushes.wait(&browser, PATIENCE).await?;
    walking.abort();
    assert_eq!(push["offerId"], "barolo-today");
    assert_eq!(push["title"], "Barolo: 3 euro off");

    let decision = push["id"].as_str().unwrap_or_default().to_owned();
    let offers = app.offers(&phone).await?;
    assert_eq!(offers.len(), 1);
    assert_eq!(offers[0]["id"], push["id"]);
    app.outcome(&phone, &decision, "opened").await?;
    app.outcome(&phone, &decision, "redeemed").await?;
    app.outcome(&phone, &decision, "redeemed").await?;
    app.track(
        "anna",
        "m-2",
        "Order Completed",
        json!({ "order_id": "o-1", "products": [{ "product_id": "SKU-WINE", "quantity": 1, "price": 27 }] }),
    )
    .await?;

    let told = house.api(&format!("/api/v1/decisions/{decision}")).await?;
    assert_eq!(told["choice"], "offer");
    assert!(told["sentence"]["it"].as_str().is_some_and(|sentence| !sentence.is_empty()));
    assert_eq!(told["candidates"].as_array().map(Vec::len), Some(1), "every offer of the catalogue is explained");
    assert!(!told["customer"].as_str().unwrap_or_default().contains("anna"), "the page shows a label, not the id");

    let today = house.api("/api/v1/stores/corner/today").await?;
    let funnel = &today["funnel"];
    for step in ["sent", "opened", "redeemed", "purchased"] {
        assert_eq!(funnel[step], json!(1), "{step} in {funnel}");
    }
    assert_eq!(pushes.received().len(), 1, "one push, however often the outcome is said");
    Ok(())
}

on_both_databases!(a_shopper_without_interest_is_left_in_peace);

async fn a_shopper_without_interest_is_left_in_peace(database: Database) -> anyhow::Result<()> {
    let house = House::start(database)?;
    let pushes = PushService::start().await?;
    let browser = pushes.subscribe("bruno", 9)?;
    let app = house.app();
    let phone = app.register("bruno", Consent::ALL, Some(&browser)).await?;
    let walking = house.receivers()?.keep_hearing(phone.air, AT_THE_WINE);
    let decision = wait_for_decision(&house).await?;
    walking.abort();
    assert_eq!(decision["choice"], "silence");
    assert_eq!(decision["code"], "intent");
    assert!(decision["sentence"]["en"].as_str().is_some_and(|sentence| !sentence.is_empty()));
    assert!(pushes.received().is_empty());
    Ok(())
}

async fn wait_for_decision(house: &House) -> anyhow::Result<Value> {
    let until = std::time::Instant::now() + PATIENCE;
    while std::time::Instant::now() < until {
        let answer = house.api("/api/v1/stores/corner/decisions?limit=1").await?;
        if let Some(decision) = answer["decisions"].as_array().and_then(|all| all.first()) {
            return Ok(decision.clone());
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    anyhow::bail!(
        "no decision came within {PATIENCE:?}; gateway:\n{}\nserver:\n{}",
        house.gateway.log_tail(),
        house.server.log_tail()
    )
}
