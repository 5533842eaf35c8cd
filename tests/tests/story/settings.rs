//! Settings from afar through the whole house: one that cuts the box off comes back by itself, and the office sees all of it.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tests::house::{Database, House};

/// How long the box may take, on a busy machine, to try, to wait and to come back.
const PATIENCE: Duration = Duration::from_secs(120);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_box_that_settings_cut_off_comes_back_by_itself() -> anyhow::Result<()> {
    let within = ("ATTIMO_GATEWAY__SETTINGS__HEALTHY_WITHIN_S".to_owned(), "10".to_owned());
    let mut house = House::start_with(Database::Sqlite, vec![within])?;
    let shown = house.server_cli(&["gateway", "token", "edge-1"])?;
    house.enrol(shown.split_whitespace().last().unwrap_or_default())?;
    house.go_up_by_certificate()?;
    let online = until(&house, |gateway| gateway["state"] == "online" && gateway["store"] == "corner").await?;
    assert_eq!((&online["config"]["state"], &online["certificate"]["state"]), (&json!("none"), &json!("valid")));
    assert!(online["capabilities"].as_array().is_some_and(|can| can.contains(&json!("settings"))), "{online}");
    assert_eq!(online["privacy"], "count", "{online}");
    for (mode, is) in [("count", 1), ("day", 0)] {
        let label = format!("mode=\"{mode}\"");
        assert_eq!(house.server_metric("gateway_privacy_mode", &label).await?, is, "{mode}");
    }

    put(&house, "store:corner", json!({"log": {"filter": "debug"}, "uplink": {"backlog_per_s": 300}}), 200).await?;
    let applied = until(&house, |gateway| gateway["config"]["state"] == "applied").await?;
    assert_eq!((&applied["config"]["desired"], &applied["config"]["inForce"]), (&json!(1), &json!(1)));

    // A server that is not there: the box is gone, notices, and takes it back.
    put(&house, "gateway:edge-1", json!({"uplink": {"url": "mqtts://127.0.0.1:1"}}), 200).await?;
    let back = until(&house, |gateway| gateway["config"]["state"] == "rolled-back").await?;
    assert_eq!((&back["config"]["desired"], &back["config"]["inForce"]), (&json!(2), &json!(1)), "{back}");
    assert!(back["config"]["reason"].as_str().is_some_and(|reason| reason.contains("line")), "{back}");
    until(&house, |gateway| gateway["state"] == "online").await?;

    // Killed afterwards, it still goes by what held, and does not try the same again.
    house.kill_gateway()?;
    let again = until(&house, |gateway| gateway["state"] == "online" && gateway["boot"] != back["boot"]).await?;
    assert_eq!((&again["config"]["state"], &again["config"]["inForce"]), (&json!("rolled-back"), &json!(1)), "{again}");

    put(&house, "fleet", json!({"privacy": {"mode": "day"}}), 400).await?;
    let file = house.folder().join("settings.toml");
    std::fs::write(&file, "[uplink]\nbacklog_per_s = 200\n")?;
    let said = house.server_cli(&["gateway", "config", "set", "gateway:edge-1", &file.display().to_string()])?;
    assert!(said.contains("version 3"), "{said}");
    let applied = until(&house, |gateway| gateway["config"]["state"] == "applied").await?;
    assert_eq!(applied["config"]["inForce"], json!(3), "what one process sets, another one tells");
    assert!(house.server_cli(&["gateway", "config", "show"])?.contains("backlog_per_s = 200"));
    Ok(())
}

/// Waits until the box is as it should be, as staff see it.
async fn until(house: &House, is: impl Fn(&Value) -> bool) -> anyhow::Result<Value> {
    let end = Instant::now() + PATIENCE;
    loop {
        let fleet = house.api("/api/v1/fleet").await?;
        let gateway = fleet["gateways"].as_array().and_then(|all| all.iter().find(|one| one["id"] == "edge-1"));
        if let Some(gateway) = gateway.filter(|gateway| is(gateway)) {
            return Ok(gateway.clone());
        }
        anyhow::ensure!(Instant::now() < end, "in vain: {fleet}\n{}", house.gateway.log_tail());
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

async fn put(house: &House, scope: &str, settings: Value, status: u16) -> anyhow::Result<()> {
    let url = format!("{}/api/v1/fleet/config/{scope}", house.http);
    let body = json!({ "settings": settings });
    let answer = reqwest::Client::new().put(url).bearer_auth(&house.api_key).json(&body).send().await?;
    anyhow::ensure!(answer.status().as_u16() == status, "{}: {}", answer.status(), answer.text().await?);
    Ok(())
}
