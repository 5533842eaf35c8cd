//! No consent, no profile, no push: a person who did not say yes is in no table, and one who takes it back is gone.

use std::time::Duration;

use serde_json::json;
use tests::house::{Consent, Database, House, Phone};
use tests::push::PushService;
use tests::tables::places_of;
use tests::walker::AT_THE_WINE;

use crate::on_both_databases;

on_both_databases!(a_shopper_without_consent_is_in_no_table);

async fn a_shopper_without_consent_is_in_no_table(database: Database) -> anyhow::Result<()> {
    let mut house = House::start(database)?;
    let pushes = PushService::start().await?;
    let browser = pushes.subscribe("push-canary-dora", 21)?;
    let app = house.app();
    let dora = app.register("canary-dora", Consent::default(), Some(&browser)).await?;
    assert!(!dora.stored, "without consent nothing is kept");
    // A second one allows a profile but not to be located, nor to be told anything.
    let emma = app.register("canary-emma", Consent { profiling: true, ..Consent::default() }, None).await?;
    for user in ["canary-dora", "canary-emma"] {
        app.track(user, &format!("m-{user}"), "Product Viewed", json!({ "product_id": "SKU-WINE" })).await?;
    }
    let receivers = house.receivers()?;
    let walking = [receivers.keep_hearing(dora.air, AT_THE_WINE), receivers.keep_hearing(emma.air, AT_THE_WINE)];
    wait_until_counted(&house).await?;
    for walk in walking {
        walk.abort();
    }

    // What the server still holds in memory must not come to light at its end either.
    house.server.kill_9();
    for needle in ["canary-dora", dora.id.as_str()] {
        assert_eq!(places_of(&house.database_url(), needle).await?, Vec::<String>::new(), "{needle}");
    }
    for (path, bytes) in files(house.folder())? {
        for needle in ["canary-dora", dora.id.as_str()] {
            assert!(!contains(&bytes, needle.as_bytes()), "{needle} in {path}");
        }
    }
    let located = places_of(&house.database_url(), &emma.id).await?;
    assert!(located.iter().all(|place| !place.starts_with("presence") && !place.starts_with("visit")), "{located:?}");
    assert!(pushes.received().is_empty(), "nobody was told anything");
    Ok(())
}

on_both_databases!(a_shopper_who_takes_consent_back_is_gone);

async fn a_shopper_who_takes_consent_back_is_gone(database: Database) -> anyhow::Result<()> {
    let house = House::start(database)?;
    let pushes = PushService::start().await?;
    let browser = pushes.subscribe("push-canary-fabio", 23)?;
    let app = house.app();
    let fabio: Phone = app.register("canary-fabio", Consent::ALL, Some(&browser)).await?;
    app.track("canary-fabio", "m-fabio", "Product Viewed", json!({ "product_id": "SKU-WINE" })).await?;
    let walking = house.receivers()?.keep_hearing(fabio.air, AT_THE_WINE);
    pushes.wait(&browser, Duration::from_secs(40)).await?;
    assert!(
        !places_of(&house.database_url(), "canary-fabio").await?.is_empty(),
        "with consent there is something to erase"
    );

    app.set_consent(&fabio, Consent::default()).await?;
    for needle in ["canary-fabio", fabio.id.as_str()] {
        assert_eq!(
            places_of(&house.database_url(), needle).await?,
            Vec::<String>::new(),
            "{needle} right after the withdrawal"
        );
    }
    // Still in the shop, still advertising: nothing may come back.
    let told = pushes.received().len();
    wait_until_counted(&house).await?;
    walking.abort();
    for needle in ["canary-fabio", fabio.id.as_str()] {
        assert_eq!(places_of(&house.database_url(), needle).await?, Vec::<String>::new(), "{needle} later");
    }
    assert_eq!(pushes.received().len(), told, "nobody is told anything after a withdrawal");
    Ok(())
}

/// Waits until the shop has counted somebody without a name.
async fn wait_until_counted(house: &House) -> anyhow::Result<()> {
    let until = std::time::Instant::now() + Duration::from_secs(40);
    while std::time::Instant::now() < until {
        let now = house.api("/api/v1/stores/corner/now").await?;
        if now["people"]["anonymous"].as_u64().unwrap_or_default() > 0 {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    anyhow::bail!("nobody was counted; gateway:\n{}\nserver:\n{}", house.gateway.log_tail(), house.server.log_tail())
}

fn files(folder: &std::path::Path) -> anyhow::Result<Vec<(String, Vec<u8>)>> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                open.push(path);
            } else {
                // The gateway lives on and removes what was acknowledged: a file may be gone by now.
                let Ok(bytes) = std::fs::read(&path) else { continue };
                found.push((path.display().to_string(), bytes));
            }
        }
    }
    Ok(found)
}

fn contains(bytes: &[u8], needle: &[u8]) -> bool {
    bytes.windows(needle.len()).any(|window| window == needle)
}
