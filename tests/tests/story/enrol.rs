//! A box is let in by a one-time token, goes up by its certificate alone, and is thrown out again.

use std::time::{Duration, Instant};

use serde_json::json;
use tests::house::{Consent, Database, House};
use tests::push::PushService;
use tests::walker::AT_THE_WINE;

use crate::on_both_databases;

/// How long an offer may take in a debug build on a busy machine.
const PATIENCE: Duration = Duration::from_secs(40);

on_both_databases!(an_enrolled_box_goes_up_by_its_certificate_until_it_is_thrown_out);

async fn an_enrolled_box_goes_up_by_its_certificate_until_it_is_thrown_out(database: Database) -> anyhow::Result<()> {
    let mut house = House::start(database)?;
    let shown = house.server_cli(&["gateway", "token", "edge-1"])?;
    let token = shown.split_whitespace().last().unwrap_or_default().to_owned();
    let other = house.server_cli(&["gateway", "token", "edge-2"])?;
    let other = other.split_whitespace().last().unwrap_or_default().to_owned();
    for (wrong, why) in [(&token[1..], "the token is not whole"), (other.as_str(), "refused")] {
        let said = house.enrol(wrong).expect_err("no box is let in by this");
        assert!(format!("{said:#}").contains(why), "{said:#}");
    }
    assert!(house.enrol(&token)?.contains("edge-1 is enrolled"));
    let again = house.enrol(&token).expect_err("a token counts once");
    assert!(format!("{again:#}").contains("refused"), "{again:#}");
    assert!(house.server_cli(&["gateway", "list"])?.contains("valid until"));

    house.go_up_by_certificate()?;
    let pushes = PushService::start().await?;
    let browser = pushes.subscribe("anna", 7)?;
    let app = house.app();
    let phone = app.register("anna", Consent::ALL, Some(&browser)).await?;
    app.track("anna", "m-1", "Product Viewed", json!({ "product_id": "SKU-WINE" })).await?;
    let walking = house.receivers()?.keep_hearing(phone.air, AT_THE_WINE);
    pushes.wait(&browser, PATIENCE).await?;
    assert_eq!(health(&house).await?, "", "nothing is wrong with the way up");

    house.server_cli(&["gateway", "revoke", "edge-1"])?;
    let until = Instant::now() + PATIENCE;
    while !health(&house).await?.contains("uplink") {
        anyhow::ensure!(Instant::now() < until, "the box does not notice:\n{}", house.gateway.log_tail());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    walking.abort();
    assert!(house.server_cli(&["gateway", "list"])?.contains("revoked"));
    assert!(house.enrol(&token).is_err(), "what let it in before does not again");
    let fresh = house.server_cli(&["gateway", "token", "edge-1"])?;
    assert!(house.enrol(fresh.split_whitespace().last().unwrap_or_default())?.contains("is enrolled"));
    house.kill_gateway()?;
    let until = Instant::now() + PATIENCE;
    while health(&house).await?.contains("uplink") {
        anyhow::ensure!(Instant::now() < until, "the box does not come back:\n{}", house.gateway.log_tail());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Ok(())
}

/// What is wrong at the box, in its own words; empty while all is well.
async fn health(house: &House) -> anyhow::Result<String> {
    let answer = reqwest::get(format!("http://{}/healthz", house.gateway_status)).await?;
    let well = answer.status().is_success();
    let said = answer.text().await?;
    Ok(if well { String::new() } else { said })
}
