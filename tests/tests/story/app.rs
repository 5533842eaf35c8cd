//! The moment that all is built for, with Segment's official Node SDK, pointed at the server with nothing changed but its
//! address: looked at online, walked in, stood at the shelf, got the offer, used it, paid; every step chained by ids.

use std::fs::File;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tests::house::{Consent, Database, House};
use tests::process::output;
use tests::push::PushService;
use tests::tree::root;
use tests::walker::AT_THE_WINE;

use crate::on_both_databases;

on_both_databases!(a_view_and_an_order_sent_by_segments_node_sdk_frame_the_moment);

async fn a_view_and_an_order_sent_by_segments_node_sdk_frame_the_moment(database: Database) -> anyhow::Result<()> {
    let folder = root().join("tests/sdk");
    if Command::new("npm").arg("--version").output().is_err() {
        println!("left out: Node is not installed");
        return Ok(());
    }
    install(&folder)?;
    let house = House::start(database)?;
    let pushes = PushService::start().await?;
    let browser = pushes.subscribe("carla", 11)?;
    let app = house.app();
    let phone = app.register("carla", Consent::ALL, Some(&browser)).await?;
    let say = |event: &str, properties: Value| -> anyhow::Result<()> {
        let said = output(
            Command::new("node")
                .arg("say.mjs")
                .args([&house.http, &house.write_key, "carla", event, &properties.to_string()])
                .current_dir(&folder),
        )?;
        anyhow::ensure!(said.contains("flushed 2"), "{said}");
        Ok(())
    };

    say("Product Viewed", json!({ "product_id": "SKU-WINE" }))?;
    let walking = house.receivers()?.keep_hearing(phone.air, AT_THE_WINE);
    let push = pushes.wait(&browser, Duration::from_secs(40)).await?;
    walking.abort();
    assert_eq!(push["offerId"], "barolo-today");

    let decision = push["id"].as_str().unwrap_or_default().to_owned();
    app.outcome(&phone, &decision, "opened").await?;
    app.outcome(&phone, &decision, "redeemed").await?;
    say(
        "Order Completed",
        json!({ "order_id": "o-77", "products": [{ "product_id": "SKU-WINE", "quantity": 1, "price": 27 }] }),
    )?;

    let chain = outcomes(&house, &decision, "purchased").await?;
    for step in ["opened", "redeemed", "purchased"] {
        assert_eq!(chain.iter().filter(|kind| *kind == step).count(), 1, "{step} once in {chain:?}");
    }
    let told = house.api(&format!("/api/v1/decisions/{decision}")).await?;
    assert_eq!(told["choice"], "offer");
    assert_eq!(told["offerId"], "barolo-today");
    Ok(())
}

/// Installs the SDK, once for both databases: two installations in one folder break each other, also from two processes.
fn install(folder: &Path) -> anyhow::Result<()> {
    let turn = File::create(Path::new(env!("CARGO_TARGET_TMPDIR")).join("sdk.lock"))?;
    turn.lock()?;
    // Written last, when all of it is there.
    let done = folder.join("node_modules/.package-lock.json").metadata().and_then(|file| file.modified());
    let wanted = folder.join("package-lock.json").metadata()?.modified()?;
    if !done.is_ok_and(|done| done >= wanted) {
        output(Command::new("npm").args(["ci", "--no-audit", "--no-fund", "--silent"]).current_dir(folder))?;
    }
    Ok(())
}

/// The outcomes that the log holds of a decision, once a certain one is among them.
async fn outcomes(house: &House, decision: &str, awaited: &str) -> anyhow::Result<Vec<String>> {
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        let told = house.api(&format!("/api/v1/decisions/{decision}")).await?;
        let all = told["outcomes"].as_array().cloned().unwrap_or_default();
        let kinds: Vec<String> = all.iter().filter_map(|outcome| Some(outcome["kind"].as_str()?.to_owned())).collect();
        if kinds.iter().any(|kind| kind == awaited) {
            return Ok(kinds);
        }
        anyhow::ensure!(Instant::now() < until, "no {awaited} came: {told}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
